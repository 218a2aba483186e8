/**
 * Reads the settings of the server from flags, `BELLWETHER_…` variables and a configuration file. A flag goes over a variable, a variable over the file; what no row names is
 * an error. Read once at the start into a frozen Config; nothing inside checks it again.
 */

import { AppError, type InputFault } from '#base';
import { parametersWith, type Parameters } from '#coap/endpoint';

import { SETTINGS, type Setting } from './settings.js';

/** A place to listen on. */
export interface HostPort {
  readonly host: string;
  readonly port: number;
}

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
  return JSON.stringify(value);
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
  const rows = SETTINGS.filter((row) => row.kind === 'number' && row.parameter === undefined);
  return Object.fromEntries(rows.map((row) => [camel(row.flag), Number(values.get(row.flag))]));
}

function parametersOf(values: ReadonlyMap<string, unknown>): Parameters {
  const given: Partial<Record<keyof Parameters, number>> = {};
  for (const row of SETTINGS) if (row.parameter !== undefined) given[row.parameter] = Number(values.get(row.flag));
  return parametersWith(given);
}
