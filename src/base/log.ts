/** The logger the edges use. One line per event: a constant message, the data in fields. Cores do not log. */

/** Fields of a log line. Values from devices are escaped by the implementation. */
export type LogFields = Readonly<Record<string, string | number | boolean | undefined>>;

/** Implemented over winston in server.ts, and by a recorder in tests. */
export interface Logger {
  error(message: string, fields?: LogFields): void;
  warn(message: string, fields?: LogFields): void;
  info(message: string, fields?: LogFields): void;
  debug(message: string, fields?: LogFields): void;
}

/** Says nothing. */
export const silentLogger: Logger = { error() {}, warn() {}, info() {}, debug() {} };
