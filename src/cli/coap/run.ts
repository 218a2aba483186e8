/** A request from its plan to its end: sent, shown, listened on for, judged. */

import { AppError, type Logger } from '#base';
import { describeCode, isSuccess, MessageType } from '#coap/codec';

import { writeTo } from '../files.js';
import { escaped } from '../logger.js';
import { Signals } from '../signals.js';
import type { Plan } from './plan.js';
import { Report } from './report.js';
import { Session, type Notification, type Response } from './session.js';

/** What is at hand while a session is open. */
export interface Running {
  readonly session: Session;
  readonly report: Report;
  /** Resolves when the person wants an end. */
  readonly told: Promise<'told'>;
}

/** Opens a session for a plan, lets it be used and closes it; the first signal interrupts what is on its way. */
export async function withSession(
  plan: Plan,
  notified: (notification: Notification, report: Report) => void,
  use: (running: Running) => Promise<void>,
): Promise<void> {
  const report = new Report(plan.report);
  const session = await Session.open({
    host: plan.host,
    port: plan.port,
    security: plan.security,
    timeout: plan.timeout,
    link: plan.link,
    seen: (direction, bytes, stranger) => {
      report.datagram(direction, bytes, stranger);
    },
    notified: (notification) => {
      notified(notification, report);
    },
    logger: onStderr,
  });
  const signals = new Signals();
  void signals.told.then(() => {
    session.interrupt();
  });
  try {
    await use({ session, report, told: signals.told });
  } finally {
    await session.close();
    signals.forget();
  }
}

/**
 * Sends a planned request and shows its response; with `output` a successful one's payload goes to that file. Rejects with
 * AppError: `device_refused` for 4.xx and 5.xx, and what `Session.request` rejects with.
 */
export async function exchange(plan: Plan, output: string | undefined): Promise<void> {
  await withSession(
    plan,
    () => undefined,
    async ({ session, report }) => {
      const response = await asked(plan, session, report, output);
      if (plan.link.withheld > 0) await session.listenOn(never, plan.timeout, plan.timeout);
      judge(session, response);
    },
  );
}

/** The response to a planned request, shown, with the answers to its copies; a failure is told to programs too. */
export async function asked(
  plan: Plan,
  session: Session,
  report: Report,
  output?: string,
  observe?: 'register' | 'cancel',
): Promise<Response> {
  try {
    const response = await session.request({ ...plan.request, ...(observe === undefined ? {} : { observe }) });
    const file = isSuccess(response.message.code) ? output : undefined;
    if (file !== undefined) writeTo('--output', file, response.body);
    report.response(response.message, response.body, file);
    await copiesAnswered(plan, session);
    return response;
  } catch (error) {
    if (error instanceof AppError) report.failure(error.code, error.message);
    // Each copy may be rejected.
    if (error instanceof AppError && error.code === 'refused') await copiesAnswered(plan, session);
    throw error;
  }
}

/** Throws AppError(`device_refused`) unless the response is a success. */
export function judge(session: Session, { message }: Response | Notification): void {
  if (isSuccess(message.code)) return;
  throw new AppError('device_refused', `${session.server} answered ${describeCode(message.code)}`);
}

/** Sends the copies that leave in turn, and listens for the answers to all copies. */
async function copiesAnswered(plan: Plan, session: Session): Promise<void> {
  const { link, repeat, copies, timeout } = plan;
  const patience = Math.min(QUIET, timeout);
  // A copy of what is not confirmable is to be ignored (RFC 7252 §4.5): only silence shows that it was.
  const answered = isConfirmable(plan) ? (): boolean => link.due === 0 : never;
  if (copies === 'at once') {
    if (repeat > 1) await session.listenOn(answered, patience, timeout);
    return;
  }
  for (let sent = 1; sent < repeat && !session.interrupted; sent += 1) {
    const bytes = link.again();
    if (bytes !== undefined) session.send(bytes);
    await session.listenOn(answered, patience, patience);
  }
}

function isConfirmable({ request }: Plan): boolean {
  return request.type === MessageType.CON;
}

function never(): boolean {
  return false;
}

function tell(message: string, fields: Readonly<Record<string, unknown>> = {}): void {
  process.stderr.write(`bellwether: ${escaped([message, ...Object.values(fields).map(String)].join(', '))}\n`);
}

/** Trouble with the socket, in words. */
const onStderr: Logger = { error: tell, warn: tell, info: () => undefined, debug: () => undefined };
/** Milliseconds without a datagram after which answers that are still due count as not sent. */
const QUIET = 2_000;
