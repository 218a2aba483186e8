/** An observation from its registration to its end (RFC 7641): notifications are shown as they come. */

import { AppError } from '#base';

import type { Plan } from './plan.js';
import { asked, judge, withSession } from './run.js';
import type { Notification } from './session.js';

/** When an observation ends, and how. */
export interface ObservePlan {
  /** Milliseconds; undefined: no limit. */
  readonly span: number | undefined;
  /** Notifications behind the response to the registration; undefined: no limit. */
  readonly count: number | undefined;
  /** Whether the server is told, by the same request with Observe 1. */
  readonly end: 'cancel' | 'abandon';
}

/**
 * Registers an observation, shows what comes until enough came, time is over, the server ends it or a signal says so, and
 * de-registers it. Rejects with AppError: `device_refused` when the server answers with an error or ends it with one,
 * `failed` when it does not take the observation.
 */
export async function observe(plan: Plan, { span, count = Infinity, end }: ObservePlan): Promise<void> {
  let number = 0;
  let last: Notification | undefined;
  let finish: (() => void) | undefined;
  const finished = new Promise<void>((resolve) => {
    finish = resolve;
  });
  await withSession(
    plan,
    (notification, report) => {
      const { message, body, fresh, confirmable, final } = notification;
      number += 1;
      report.notification(message, body, { number, fresh, confirmable, final });
      if (final) last = notification;
      if (final || number >= count) finish?.();
    },
    async ({ session, report, told }) => {
      const response = await asked(plan, session, report, undefined, 'register');
      judge(session, response);
      if (!response.observing) {
        throw new AppError('failed', `${session.server} answered without Observe: it does not let this be observed`);
      }
      const limit = span === undefined ? undefined : setTimeout(() => finish?.(), span);
      await Promise.race([finished, told]);
      clearTimeout(limit);
      if (last !== undefined) judge(session, last);
      else if (end === 'cancel') judge(session, await asked(plan, session, report, undefined, 'cancel'));
    },
  );
}
