/**
 * Three kinds of error. A peer's fault is a PeerError (DecodeError when its bytes are wrong) and never leaves the layer
 * that caught it; a refusal is an AppError with a stable code that one table maps to HTTP; our own fault is an
 * InvariantError.
 */

/** What a peer sent breaks a rule. `reason` is a stable snake_case word, used as a metric label. */
export class PeerError extends Error {
  readonly reason: string;

  constructor(reason: string, message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = 'PeerError';
    this.reason = reason;
  }
}

/** Bytes or text that cannot be decoded. `offset` is where, in bytes or characters, when known. */
export class DecodeError extends PeerError {
  readonly offset: number | undefined;

  constructor(reason: string, message: string, offset?: number, options?: ErrorOptions) {
    super(reason, offset === undefined ? message : `${message} at offset ${offset}`, options);
    this.name = 'DecodeError';
    this.offset = offset;
  }
}

/** One wrong place in a caller's input: a JSON pointer and a sentence. */
export interface InputFault {
  readonly pointer: string;
  readonly detail: string;
}

/** A refusal: the caller asked for what cannot be had. `code` is stable and appears in REST problems. */
export class AppError extends Error {
  readonly code: string;
  readonly faults: readonly InputFault[];
  /** More members of the problem, such as `coapCode` or `retryAfter` (seconds). */
  readonly details: Readonly<Record<string, string | number>>;

  constructor(
    code: string,
    message: string,
    more: {
      readonly faults?: readonly InputFault[];
      readonly details?: Readonly<Record<string, string | number>>;
      readonly cause?: unknown;
    } = {},
  ) {
    super(message, more.cause === undefined ? undefined : { cause: more.cause });
    this.name = 'AppError';
    this.code = code;
    this.faults = more.faults ?? [];
    this.details = more.details ?? {};
  }
}

/** The words of whatever was thrown: of an error of any realm its message, of everything else its text. */
export function messageOf(error: unknown): string {
  return typeof error === 'object' && error !== null && 'message' in error ? String(error.message) : String(error);
}

/** A fault of this program. It is never caught to go on. */
export class InvariantError extends Error {
  constructor(message: string) {
    super(message);
    this.name = 'InvariantError';
  }
}

/** Throws an InvariantError unless `condition` holds. */
export function invariant(condition: unknown, message: string): asserts condition {
  if (!condition) throw new InvariantError(message);
}

/** For the default branch of a switch that must be exhaustive. */
export function unreachable(value: never): never {
  throw new InvariantError(`unexpected case: ${String(value)}`);
}
