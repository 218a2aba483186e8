/** Exit codes of the command line, and the one place where an error becomes words on stderr. */

import { AppError } from '#base';

/** What each exit code says. */
export const ExitCode = {
  OK: 0,
  /** Something could not be done: the server is not reached, a listener is taken, a file is missing. */
  FAILED: 1,
  /** The command line or the configuration is wrong. */
  USAGE: 2,
  /** The server or the device said no. */
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
  process.stderr.write(`bellwether: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}\n`);
  return ExitCode.FAULT;
}

const EXIT_OF: Readonly<Record<string, number>> = {
  bad_configuration: ExitCode.USAGE,
  usage: ExitCode.USAGE,
  refused: ExitCode.REFUSED,
  device_refused: ExitCode.REFUSED,
  device_timeout: ExitCode.TIMEOUT,
};
