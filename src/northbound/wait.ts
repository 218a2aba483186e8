/** Waiting for an operation as long as the caller asked (`Prefer: wait=N`, RFC 7240 §4.3), and no longer. */

import { AppError } from '#base';
import type { OperationView, Submitted } from '#fleet';
import { isFinished } from '#fleet/model';

import type { OnGone } from './route.js';

/** Seconds when the caller says nothing, and the most it may say. */
const DEFAULT_WAIT = 10;
const LONGEST_WAIT = 600;

/** Seconds to wait, from the `Prefer` header. Throws AppError(`invalid_header`). */
export function waitOf(prefer: string | readonly string[] | undefined): number {
  if (prefer === undefined) return DEFAULT_WAIT;
  for (const preference of [prefer].flat().join(',').split(',')) {
    const [name, value] = preference.trim().split('=', 2);
    if (name?.trim().toLowerCase() !== 'wait') continue;
    const digits = value?.split(';')[0]?.trim().replaceAll('"', '') ?? '';
    if (!/^\d{1,4}$/.test(digits) || Number(digits) > LONGEST_WAIT) {
      throw new AppError('invalid_header', `Prefer: wait must be 0 to ${LONGEST_WAIT} seconds, not "${digits}"`);
    }
    return Number(digits);
  }
  return DEFAULT_WAIT;
}

/** The operation when it is finished, or as it is when the wait ends first; by then its record is durable. */
export async function settle(
  submitted: Submitted,
  seconds: number,
  onGone: OnGone,
): Promise<{ done: 'yes' | 'no'; operation: OperationView }> {
  const { waitingFor } = submitted;
  // A repeated request may name what has ended long ago.
  if (waitingFor === undefined) return { done: 'yes', operation: await submitted.finished };
  if (seconds === 0 || waitingFor === 'contact') return persisted(submitted);
  const ended = await firstOf(submitted.finished, seconds, onGone);
  return ended === undefined ? persisted(submitted) : { done: 'yes', operation: ended };
}

/** The durable record; it may have ended while it was written. */
async function persisted(submitted: Submitted): Promise<{ done: 'yes' | 'no'; operation: OperationView }> {
  const operation = await submitted.persist();
  return { done: isFinished(operation.state) ? 'yes' : 'no', operation };
}

function firstOf(
  finished: Promise<OperationView>,
  seconds: number,
  onGone: OnGone,
): Promise<OperationView | undefined> {
  return new Promise((resolve, reject) => {
    const stop = (): void => {
      clearTimeout(timer);
      stopHearing();
    };
    const giveUp = (): void => {
      stop();
      resolve(undefined);
    };
    const timer = setTimeout(giveUp, seconds * 1000);
    const stopHearing = onGone(giveUp);
    finished.then(
      (operation) => {
        stop();
        resolve(operation);
      },
      (error: unknown) => {
        stop();
        reject(error instanceof Error ? error : new Error(String(error)));
      },
    );
  });
}
