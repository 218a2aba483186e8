/** Exit codes of the command line, and the one place where an error becomes words on stderr. */

import { AppError } from '#base';

/** What each exit code says. */
export const ExitCode = {
  OK: 0,
  /** Something could not be done: the server is not reached, there is no such device, a listener is taken, a file is missing. */
  FAILED: 1,
  /** The command line, a value in it or the configuration is wrong. */
  USAGE: 2,
  /** The device refused, or the server does not accept the token. */
  REFUSED: 3,
  /** The device did not answer in time. */
  TIMEOUT: 4,
  /** A fault of ours. */
  FAULT: 70,
  /** A second signal, or the drain took too long. */
  FORCED: 71,
} as const;

/** Says what went wrong in one sentence and gives the exit code for it. */
export function failWith(error: unknown): number {
  if (error instanceof AppError) {
    process.stderr.write(`bellwether: ${error.message}\n`);
    return EXIT_OF[error.code] ?? ExitCode.FAILED;
  }
  if (isSystemError(error)) {
    const help = error.code === 'EMFILE' ? '; this process may open more after `ulimit -n` with a larger number' : '';
    process.stderr.write(`bellwether: ${error.message}${help}\n`);
    return ExitCode.FAILED;
  }
  process.stderr.write(`bellwether: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}\n`);
  return ExitCode.FAULT;
}

/** What the operating system refused: no fault of ours, and its message says what and where. */
function isSystemError(error: unknown): error is NodeJS.ErrnoException {
  return typeof error === 'object' && error !== null && 'syscall' in error && 'code' in error;
}

const EXIT_OF: Readonly<Record<string, number>> = {
  bad_configuration: ExitCode.USAGE,
  bad_object_definition: ExitCode.USAGE,
  bad_master_key: ExitCode.USAGE,
  master_key_missing: ExitCode.USAGE,
  master_key_place: ExitCode.USAGE,
  usage: ExitCode.USAGE,
  refused: ExitCode.REFUSED,
  device_refused: ExitCode.REFUSED,
  device_timeout: ExitCode.TIMEOUT,
};
