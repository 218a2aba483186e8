/** `--fault NAME[=ARGUMENT][@PATH]` of `simulate`: what devices are told to do wrong, one row a name. */

import { InvalidArgumentError } from 'commander';

import { isResponse, parseCode } from '#coap/codec';
import { tryParsePath, type Path } from '#lwm2m/model';
import type { Fault } from '#simulator';

/** One fault as a person names it. */
interface Row {
  readonly name: string;
  /** What the argument is; absent: there is none. */
  readonly argument?: string;
  readonly path: 'needed' | 'allowed' | 'none';
  readonly help: string;
  /** The fault; undefined when the argument is not of that kind. */
  make(argument: string, path: Path | undefined): Fault | undefined;
}

/** Reads one `--fault`. Throws InvalidArgumentError, which says what is allowed. */
export function parseFault(text: string): Fault {
  const match = /^([a-z-]+)(?:=([^@]*))?(?:@(.*))?$/.exec(text);
  const row = ROWS.find(({ name }) => name === match?.[1]);
  if (match === null || row === undefined) {
    throw new InvalidArgumentError(`"${text}" is no fault. Faults are ${ROWS.map(shape).join(', ')}.`);
  }
  const [, , argument, at] = match as unknown as [string, string, string?, string?];
  const path = at === undefined ? undefined : tryParsePath(at);
  const misplaced =
    (at !== undefined && (path === undefined || path.length === 0 || row.path === 'none')) ||
    (at === undefined && row.path === 'needed') ||
    (argument === undefined) !== (row.argument === undefined);
  const fault = misplaced ? undefined : row.make(argument ?? '', path);
  if (fault !== undefined) return fault;
  const where = row.path === 'none' ? '' : ', where the path is like /3/0/0';
  throw new InvalidArgumentError(
    `"${text}" must be ${shape(row)}${row.argument === undefined ? '' : ` (${row.argument})`}${where}.`,
  );
}

/** All faults with what they do, for the help. */
export function faultsHelp(): string {
  const lines = ROWS.map((row) => `  ${shape(row).padEnd(30)}${row.help}`);
  return ['', 'Faults (PATH befalls what is at or below it; without one, everything):', ...lines].join('\n');
}

function shape({ name, argument, path }: Row): string {
  const value = argument === undefined ? '' : `=${argument.toUpperCase().split(' ')[0] ?? ''}`;
  if (path === 'none') return name + value;
  return name + value + (path === 'needed' ? '@PATH' : '[@PATH]');
}

function scope(path: Path | undefined): { readonly under?: Path } {
  return path === undefined ? {} : { under: path };
}

/** A whole number from `low` to `high`; undefined for anything else. */
function whole(text: string, low: number, high: number): number | undefined {
  const value = /^\d{1,10}$/.test(text) ? Number(text) : NaN;
  return value >= low && value <= high ? value : undefined;
}

const SECONDS = 'seconds from 1 to 86400';
const DAY = 86_400;

const ROWS: readonly Row[] = [
  {
    name: 'late',
    argument: SECONDS,
    path: 'allowed',
    help: 'answers that much later, by a separate response',
    make: (argument, path) => {
      const seconds = whole(argument, 1, DAY);
      return seconds === undefined ? undefined : { type: 'late', seconds, ...scope(path) };
    },
  },
  {
    name: 'silent',
    path: 'allowed',
    help: 'neither answers nor notifies',
    make: (_argument, path) => ({ type: 'silence', ...scope(path) }),
  },
  {
    name: 'no-notify',
    path: 'allowed',
    help: 'observes, and never notifies',
    make: (_argument, path) => ({ type: 'silence', operation: 'notify', ...scope(path) }),
  },
  {
    name: 'notify-every',
    argument: SECONDS,
    path: 'allowed',
    help: 'notifies that often, whatever pmin and pmax say',
    make: (argument, path) => {
      const pmax = whole(argument, 1, DAY);
      return pmax === undefined ? undefined : { type: 'attributes', instead: { pmin: 0, pmax }, ...scope(path) };
    },
  },
  {
    name: 'code',
    argument: 'code such as 4.05',
    path: 'allowed',
    help: 'answers and notifies with another code; an error does nothing else',
    make: (argument, path) => {
      const code = parseCode(argument);
      return code === undefined || !isResponse(code) ? undefined : { type: 'answerCode', code, ...scope(path) };
    },
  },
  {
    name: 'format',
    argument: 'number of a content format, 0 to 65535',
    path: 'allowed',
    help: 'answers and notifies in this content format, whatever was asked for',
    make: (argument, path) => {
      const format = whole(argument, 0, 0xffff);
      return format === undefined ? undefined : { type: 'answerFormat', format, ...scope(path) };
    },
  },
  {
    name: 'missing',
    path: 'needed',
    help: 'leaves out what is there, of values and of links',
    make: (_argument, path) => (path === undefined ? undefined : { type: 'payload', edit: { kind: 'without', path } }),
  },
  {
    name: 'no-effect',
    path: 'allowed',
    help: 'answers writes, executes, creates and deletes as done, and does nothing',
    make: (_argument, path) => ({ type: 'noEffect', ...scope(path) }),
  },
  {
    name: 'no-update',
    path: 'none',
    help: 'announces a changed lifetime, binding or list of instances with the next Update only',
    make: () => ({ type: 'noUpdate' }),
  },
  {
    name: 'reboot',
    argument: SECONDS,
    path: 'none',
    help: 'reboots that long after each registration',
    make: (argument) => {
      const span = whole(argument, 1, DAY);
      return span === undefined ? undefined : { type: 'reboot', after: span };
    },
  },
  {
    name: 'lost-acks',
    argument: 'percent from 0 to 100',
    path: 'none',
    help: 'loses that share of its acknowledgements, with the answers in them',
    make: (argument) => {
      const percent = whole(argument, 0, 100);
      return percent === undefined ? undefined : { type: 'loseAcks', share: percent / 100 };
    },
  },
];
