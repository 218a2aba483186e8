/** The Logger over winston: JSON lines on stderr; text from devices is escaped and cut, so that it cannot forge a line. */

import { createLogger, format, transports } from 'winston';

import type { LogFields, Logger } from '#base';

/** A logger that writes lines of `level` and above to stderr. */
export function processLogger(level: string): Logger {
  const winston = createLogger({
    level,
    format: format.combine(format.timestamp(), format.json()),
    transports: [new transports.Console({ stderrLevels: ['error', 'warn', 'info', 'debug'] })],
  });
  const line = (severity: string, message: string, fields: LogFields | undefined): void => {
    winston.log(severity, message, fields === undefined ? {} : clean(fields));
  };
  return {
    error: (message, fields) => {
      line('error', message, fields);
    },
    warn: (message, fields) => {
      line('warn', message, fields);
    },
    info: (message, fields) => {
      line('info', message, fields);
    },
    debug: (message, fields) => {
      line('debug', message, fields);
    },
  };
}

/** Cuts long texts and escapes what JSON leaves as it is but a terminal or a line reader would act on. */
function clean(fields: LogFields): LogFields {
  return Object.fromEntries(
    Object.entries(fields).map(([name, value]) => [name, typeof value === 'string' ? printable(value) : value]),
  );
}

/** As `escaped`, at most 256 characters. */
export function printable(text: string): string {
  return escaped(text.length > LONGEST_FIELD ? `${text.slice(0, LONGEST_FIELD)}…` : text);
}

/** Control and bidirectional characters as `\\u….`. */
export function escaped(text: string): string {
  return text.replaceAll(UNPRINTABLE, (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`);
}

const LONGEST_FIELD = 256;
// Control, line separator and bidirectional formatting characters, which a terminal or a line reader acts on.
const UNPRINTABLE = /[\p{Cc}\u2028\u2029\u200e\u200f\u202a-\u202e\u2066-\u2069]/gu;
