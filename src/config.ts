/**
 * The settings of the server: one table gives the flag, the `BELLWETHER_…` variable, the key in the configuration file,
 * the default, the limits and the help text. A flag goes over a variable, a variable over the file; what no row names is
 * an error. Read once at the start into a frozen Config; nothing inside checks it again.
 */

import { AppError, type InputFault } from '#base';
import { PARAMETERS, type Parameters } from '#coap/endpoint';

/** What a setting holds. `list` is given as repeated flags, as a list in the file, or with commas in a variable. */
type SettingKind = 'text' | 'number' | 'flag' | 'list' | 'choice';

/** A row of the table. */
export interface Setting {
  /** Flag without dashes: `lifetime-grace`; the variable is `BELLWETHER_LIFETIME_GRACE`, the key in the file `lifetimeGrace`. */
  readonly flag: string;
  readonly kind: SettingKind;
  readonly initial: string | number | boolean | readonly string[];
  readonly help: string;
  /** What the argument is called in the help. */
  readonly argument?: string;
  readonly min?: number;
  readonly max?: number;
  readonly choices?: readonly string[];
  /** Shown as stars by --print-config. */
  readonly secret?: 'secret';
  /** Name of the endpoint's parameter that this row sets. */
  readonly parameter?: keyof Parameters;
}

/** A place to listen on. */
export interface HostPort {
  readonly host: string;
  readonly port: number;
}

const YEAR = 31_536_000;

const SERVER_SETTINGS = [
  {
    flag: 'data',
    kind: 'text',
    initial: './data',
    argument: 'FOLDER',
    help: 'folder of the embedded store; made when missing',
  },
  {
    flag: 'http',
    kind: 'text',
    initial: '127.0.0.1:8080',
    argument: 'HOST:PORT',
    help: 'where REST listens; port 0 picks a free one',
  },
  {
    flag: 'coap',
    kind: 'list',
    initial: ['127.0.0.1:5683'],
    argument: 'HOST:PORT',
    help: 'where plain CoAP listens; repeatable; IPv6 in brackets; port 0 picks a free one',
  },
  { flag: 'coap-dual-stack', kind: 'flag', initial: false, help: 'an IPv6 wildcard listener accepts IPv4 too' },
  {
    flag: 'coap-open',
    kind: 'flag',
    initial: false,
    help: 'any name may register over plain CoAP; without it, unknown names get 4.03',
  },
  {
    flag: 'owner-token-file',
    kind: 'text',
    initial: '',
    argument: 'FILE',
    help: 'where the first start writes the owner token (mode 0600); empty: it is printed once',
  },
  {
    flag: 'objects',
    kind: 'list',
    initial: [],
    argument: 'FOLDER',
    help: 'folder of object definitions (XML) beside the built-in ones; repeatable',
  },
  {
    flag: 'log-level',
    kind: 'choice',
    initial: 'info',
    choices: ['error', 'warn', 'info', 'debug'],
    help: 'least important log line that is written (to stderr)',
  },
  {
    flag: 'lifetime-grace',
    kind: 'number',
    initial: 30,
    min: 0,
    max: YEAR,
    argument: 'SECONDS',
    help: 'added to a lifetime before the registration expires',
  },
  {
    flag: 'awake-window',
    kind: 'number',
    initial: 93,
    min: 0,
    max: YEAR,
    argument: 'SECONDS',
    help: 'how long a queue-mode device listens after a message',
  },
  {
    flag: 'operation-deadline',
    kind: 'number',
    initial: 86_400,
    min: 1,
    max: YEAR,
    argument: 'SECONDS',
    help: 'deadline of an operation whose caller names none',
  },
  {
    flag: 'operation-deadline-max',
    kind: 'number',
    initial: 2_592_000,
    min: 1,
    max: YEAR,
    argument: 'SECONDS',
    help: 'furthest deadline a caller may name',
  },
  {
    flag: 'operation-queue',
    kind: 'number',
    initial: 100,
    min: 1,
    max: 10_000,
    argument: 'N',
    help: 'operations that may wait for one device; beyond: 409 queue_full',
  },
  {
    flag: 'operation-queue-total',
    kind: 'number',
    initial: 1_000_000,
    min: 1,
    max: 100_000_000,
    argument: 'N',
    help: 'operations that may wait in all; beyond: 409 queue_full',
  },
  {
    flag: 'operation-days',
    kind: 'number',
    initial: 30,
    min: 1,
    max: 3650,
    argument: 'DAYS',
    help: 'how long finished operations are kept',
  },
  {
    flag: 'operations-per-device',
    kind: 'number',
    initial: 1000,
    min: 1,
    max: 1_000_000,
    argument: 'N',
    help: 'finished operations kept of one device',
  },
  {
    flag: 'observations-per-device',
    kind: 'number',
    initial: 500,
    min: 0,
    max: 10_000,
    argument: 'N',
    help: 'wanted observations of one device',
  },
  {
    flag: 'events-kept',
    kind: 'number',
    initial: 10_000,
    min: 1,
    max: 1_000_000,
    argument: 'N',
    help: 'events kept for readers that come back (Last-Event-ID)',
  },
  {
    flag: 'event-readers',
    kind: 'number',
    initial: 100,
    min: 1,
    max: 10_000,
    argument: 'N',
    help: 'readers of /events at once',
  },
  {
    flag: 'event-buffer',
    kind: 'number',
    initial: 1_048_576,
    min: 1024,
    max: 1_073_741_824,
    argument: 'BYTES',
    help: 'unread bytes of one event reader; beyond, it is cut off',
  },
  {
    flag: 'read-after-registration',
    kind: 'list',
    initial: ['/3/0/0', '/3/0/1', '/3/0/3'],
    argument: 'PATH',
    help: 'resources read after each registration',
  },
  {
    flag: 'unknown-parameters',
    kind: 'choice',
    initial: 'ignore',
    choices: ['ignore', 'refuse'],
    help: 'query parameters of a Register that no version defines',
  },
  {
    flag: 'store-queue-bytes',
    kind: 'number',
    initial: 67_108_864,
    min: 65_536,
    max: 17_179_869_184,
    argument: 'BYTES',
    help: 'changes that may wait for the store; beyond: 5.03 and 503',
  },
  {
    flag: 'value-bytes',
    kind: 'number',
    initial: 65_536,
    min: 256,
    max: 16_777_216,
    argument: 'BYTES',
    help: 'last values kept of one object instance',
  },
  {
    flag: 'udp-receive-buffer',
    kind: 'number',
    initial: 4_194_304,
    min: 4096,
    max: 1_073_741_824,
    argument: 'BYTES',
    help: "the kernel's receive buffer of each CoAP socket",
  },
] as const satisfies readonly Setting[];

/** All rows: the server's own and one for each parameter of the CoAP endpoint, as `--coap-…`. */
export const SETTINGS: readonly Setting[] = [
  ...SERVER_SETTINGS,
  ...PARAMETERS.map((row) => ({
    flag: `coap-${kebab(row.name)}`,
    kind: 'number' as const,
    initial: row.initial,
    min: row.min,
    max: row.max,
    argument: row.unit.toUpperCase(),
    help: row.help,
    parameter: row.name,
  })),
];

/** The settings after reading. */
export interface Config {
  readonly data: string;
  readonly http: HostPort;
  readonly coap: readonly HostPort[];
  readonly coapStack: 'single' | 'dual';
  readonly admission: 'open' | 'known';
  readonly ownerTokenFile: string | undefined;
  readonly objects: readonly string[];
  readonly logLevel: string;
  readonly unknownParameters: 'ignore' | 'refuse';
  readonly readAfterRegistration: readonly string[];
  /** All settings that are numbers, by their key in the file. */
  readonly numbers: Readonly<Record<string, number>>;
  /** Parameters of the CoAP endpoint. */
  readonly parameters: Parameters;
  /** Every setting as given, for --print-config: secrets are stars. */
  readonly shown: Readonly<Record<string, string | number | boolean | readonly string[]>>;
}

/** Where settings come from: flags by flag name, environment variables, and the parsed configuration file. */
export interface Sources {
  readonly flags: Readonly<Record<string, unknown>>;
  readonly environment: Readonly<Record<string, string | undefined>>;
  /** Content of the file (an object), and its name for messages. */
  readonly file?: { readonly name: string; readonly content: unknown };
}

/** Reads all sources into a Config. Throws AppError(`bad_configuration`) with every fault found, each naming where and what is allowed. */
export function readConfig(sources: Sources): Config {
  const faults: InputFault[] = [];
  const values = new Map<string, string | number | boolean | readonly string[]>();
  const file = fileEntries(sources.file, faults);
  refuseUnknownVariables(sources.environment, faults);
  for (const setting of SETTINGS) {
    const found = lookUp(setting, sources, file);
    const value = found === undefined ? setting.initial : convert(setting, found.value, found.where, faults);
    values.set(setting.flag, value ?? setting.initial);
  }
  const text = (flag: string): string => String(values.get(flag));
  const list = (flag: string): readonly string[] => values.get(flag) as readonly string[];
  const http = hostPort(text('http'), 'http', faults);
  const coap = list('coap').map((address) => hostPort(address, 'coap', faults));
  if (coap.length === 0) faults.push({ pointer: 'coap', detail: 'at least one listener is needed' });
  if (faults.length > 0) {
    const lines = faults.map((fault) => `  ${fault.pointer}: ${fault.detail}`);
    throw new AppError('bad_configuration', `the configuration has faults:\n${lines.join('\n')}`, { faults });
  }
  return Object.freeze({
    data: text('data'),
    http,
    coap,
    coapStack: values.get('coap-dual-stack') === true ? 'dual' : 'single',
    admission: values.get('coap-open') === true ? 'open' : 'known',
    ownerTokenFile: text('owner-token-file') === '' ? undefined : text('owner-token-file'),
    objects: list('objects'),
    logLevel: text('log-level'),
    unknownParameters: text('unknown-parameters') === 'refuse' ? 'refuse' : 'ignore',
    readAfterRegistration: list('read-after-registration'),
    numbers: numbersOf(values),
    parameters: parametersOf(values),
    shown: Object.fromEntries(
      SETTINGS.map((row) => [camel(row.flag), row.secret === undefined ? (values.get(row.flag) ?? '') : '********']),
    ),
  } satisfies Config);
}

/** `HOST:PORT` or `[IPv6]:PORT`, port 0 to 65535; undefined when it is neither. */
export function parseHostPort(text: string): HostPort | undefined {
  const match = /^(?:\[([0-9a-fA-F:.]+)\]|([^\s:[\]]+)):(\d{1,5})$/.exec(text);
  const port = Number(match?.[3]);
  if (match === null || port > 65_535) return undefined;
  return { host: (match[1] ?? match[2]) as string, port };
}

/** `lifetime-grace` as `lifetimeGrace`: the key in the configuration file. */
export function camel(flag: string): string {
  return flag.replaceAll(/-(.)/g, (_all, letter: string) => letter.toUpperCase());
}

/** `lifetime-grace` as `BELLWETHER_LIFETIME_GRACE`. */
export function variableOf(flag: string): string {
  return `BELLWETHER_${flag.toUpperCase().replaceAll('-', '_')}`;
}

/** Variables of the command line that are no settings of the server. */
const OTHER_VARIABLES: ReadonlySet<string> = new Set(['BELLWETHER_URL', 'BELLWETHER_TOKEN', 'BELLWETHER_CONFIG']);

function kebab(name: string): string {
  return name.replaceAll(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
}

function fileEntries(file: Sources['file'], faults: InputFault[]): Readonly<Record<string, unknown>> {
  if (file === undefined || file.content === undefined || file.content === null) return {};
  if (typeof file.content !== 'object' || Array.isArray(file.content)) {
    faults.push({ pointer: file.name, detail: 'must be a list of settings, one `key: value` a line' });
    return {};
  }
  const known = new Set(SETTINGS.map((setting) => camel(setting.flag)));
  for (const key of Object.keys(file.content)) {
    if (!known.has(key))
      faults.push({ pointer: `${file.name}: ${key}`, detail: `no such setting${suggestion(key, known)}` });
  }
  return file.content as Record<string, unknown>;
}

function refuseUnknownVariables(environment: Sources['environment'], faults: InputFault[]): void {
  const known = new Set(SETTINGS.map((setting) => variableOf(setting.flag)));
  for (const name of Object.keys(environment)) {
    if (!name.startsWith('BELLWETHER_') || name.startsWith('BELLWETHER_TEST_')) continue;
    if (!known.has(name) && !OTHER_VARIABLES.has(name))
      faults.push({ pointer: name, detail: `no such setting${suggestion(name, known)}` });
  }
}

function suggestion(name: string, known: ReadonlySet<string>): string {
  const close = [...known].find((other) => other.startsWith(name) || name.startsWith(other));
  return close === undefined ? '' : `; did you mean ${close}?`;
}

function lookUp(
  setting: Setting,
  sources: Sources,
  file: Readonly<Record<string, unknown>>,
): { value: unknown; where: string } | undefined {
  const flag = sources.flags[setting.flag];
  if (flag !== undefined) return { value: flag, where: `--${setting.flag}` };
  const variable = sources.environment[variableOf(setting.flag)];
  if (variable !== undefined) {
    const parts = setting.kind === 'list' ? variable.split(',').filter((part) => part !== '') : variable;
    return { value: parts, where: variableOf(setting.flag) };
  }
  const key = camel(setting.flag);
  const entry = file[key];
  return entry === undefined ? undefined : { value: entry, where: `${sources.file?.name ?? 'file'}: ${key}` };
}

function convert(
  setting: Setting,
  value: unknown,
  where: string,
  faults: InputFault[],
): string | number | boolean | readonly string[] | undefined {
  switch (setting.kind) {
    case 'text':
      if (typeof value === 'string') return value;
      break;
    case 'flag':
      if (value === true || value === 'true' || value === '1') return true;
      if (value === false || value === 'false' || value === '0') return false;
      faults.push({ pointer: where, detail: `must be true or false, not ${show(value)}` });
      return undefined;
    case 'choice':
      if (typeof value === 'string' && setting.choices?.includes(value) === true) return value;
      faults.push({
        pointer: where,
        detail: `must be one of ${(setting.choices ?? []).join(', ')}, not ${show(value)}`,
      });
      return undefined;
    case 'list':
      if (Array.isArray(value) && value.every((item) => typeof item === 'string')) return value;
      if (typeof value === 'string') return [value];
      break;
    case 'number': {
      const number = typeof value === 'string' && /^-?\d+(\.\d+)?$/.test(value) ? Number(value) : value;
      const { min = 0, max = Number.MAX_SAFE_INTEGER } = setting;
      if (typeof number === 'number' && number >= min && number <= max) return number;
      faults.push({ pointer: where, detail: `must be a number from ${min} to ${max}, not ${show(value)}` });
      return undefined;
    }
  }
  faults.push({
    pointer: where,
    detail: `must be ${setting.kind === 'list' ? 'a list of texts' : 'a text'}, not ${show(value)}`,
  });
  return undefined;
}

function show(value: unknown): string {
  return JSON.stringify(value) ?? String(value);
}

function hostPort(text: string, where: string, faults: InputFault[]): HostPort {
  const parsed = parseHostPort(text);
  if (parsed !== undefined) return parsed;
  faults.push({
    pointer: `--${where}`,
    detail: `must be HOST:PORT or [IPv6]:PORT with a port from 0 to 65535, not "${text}"`,
  });
  return { host: '', port: 0 };
}

function numbersOf(values: ReadonlyMap<string, unknown>): Readonly<Record<string, number>> {
  const rows = SERVER_SETTINGS.filter((row) => row.kind === 'number');
  return Object.fromEntries(rows.map((row) => [camel(row.flag), Number(values.get(row.flag))]));
}

function parametersOf(values: ReadonlyMap<string, unknown>): Parameters {
  const rows = SETTINGS.filter((row) => row.parameter !== undefined);
  return Object.freeze(
    Object.fromEntries(rows.map((row) => [row.parameter, Number(values.get(row.flag))])),
  ) as unknown as Parameters;
}
