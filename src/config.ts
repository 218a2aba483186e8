/**
 * Reads the settings of the server from flags, `BELLWETHER_…` variables and a configuration file. A flag goes over a variable, a variable over the file; what no row names is
 * an error. Read once at the start into a frozen Config; nothing inside checks it again.
 */

import { AppError, DecodeError, type InputFault, type Secret } from '#base';
import { parametersWith, type Parameters } from '#coap/endpoint';
import { parsePath } from '#lwm2m/model';
import type { DtlsParameters } from '#transport';
import { MASTER_KEY_VARIABLE } from '#vault';

import { dtlsParameters } from './dtls-parameters.js';
import { SETTINGS, type Setting } from './settings.js';

/** A place to listen on. */
export interface HostPort {
  readonly host: string;
  readonly port: number;
}

/** Where the master key is: in the file that is named, undefined: beside the data folder; or it was handed in as a variable. */
export type MasterKeyPlace =
  { readonly kind: 'file'; readonly file: string | undefined } | { readonly kind: 'variable'; readonly line: Secret };

/** The settings after reading. */
export interface Config {
  readonly data: string;
  readonly masterKey: MasterKeyPlace;
  readonly http: HostPort;
  readonly coap: readonly HostPort[];
  /** Where CoAP over DTLS listens. */
  readonly coaps: readonly HostPort[];
  /** Files of the private key and the chain of the secure listeners. */
  readonly coapsKey: string | undefined;
  readonly coapsChain: string | undefined;
  readonly dtls: DtlsParameters;
  /** File that master secrets are written to. */
  readonly dangerousKeyLog: string | undefined;
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
  readonly shown: Readonly<Record<string, SettingValue>>;
}

/** The value of one setting. */
export type SettingValue = string | number | boolean | readonly string[];

/** Where settings come from: flags by flag name, environment variables, and the parsed configuration file. */
export interface Sources {
  readonly flags: Readonly<Record<string, unknown>>;
  readonly environment: Readonly<Record<string, string | undefined>>;
  /** Content of the file (an object), and its name for messages. */
  readonly file?: { readonly name: string; readonly content: unknown };
  /** What BELLWETHER_MASTER_KEY held, which is no setting: it is taken out of the environment and shown nowhere. */
  readonly masterKey?: Secret;
}

/** Reads all sources into a Config. Throws AppError(`bad_configuration`) with every fault found, each naming where and what is allowed. */
export function readConfig(sources: Sources): Config {
  const faults: InputFault[] = [];
  const values = new Map<string, SettingValue>();
  const places = new Map<string, string>();
  const file = fileEntries(sources.file, faults);
  refuseUnknownVariables(sources.environment, faults);
  for (const setting of SETTINGS) {
    const found = lookUp(setting, sources, file);
    const value = found === undefined ? setting.initial : convert(setting, found.value, found.where, faults);
    values.set(setting.flag, value ?? setting.initial);
    places.set(setting.flag, found?.where ?? `--${setting.flag}`);
  }
  const text = (flag: string): string => String(values.get(flag));
  const list = (flag: string): readonly string[] => values.get(flag) as readonly string[];
  const where = (flag: string): string => places.get(flag) ?? flag;
  const http = hostPort(text('http'), where('http'), faults);
  const coap = list('coap').map((address) => addressPort(address, where('coap'), faults));
  if (coap.length === 0) faults.push({ pointer: where('coap'), detail: 'at least one listener is needed' });
  const coaps = isNone(list('coaps'))
    ? []
    : list('coaps').map((address) => addressPort(address, where('coaps'), faults));
  if (text('coaps-chain') !== '' && text('coaps-key') === '')
    faults.push({
      pointer: where('coaps-chain'),
      detail: 'goes with coaps-key, the private key of its first certificate',
    });
  const dtls = dtlsParameters(values, where, faults);
  for (const path of list('read-after-registration')) refuseNoPath(path, where('read-after-registration'), faults);
  refuseContradictions(values, where, faults);
  const { masterKey } = sources;
  if (masterKey !== undefined && text('master-key-file') !== '')
    faults.push({
      pointer: where('master-key-file'),
      detail: `is given beside ${MASTER_KEY_VARIABLE}: the master key has one place, take one of the two away`,
    });
  if (faults.length > 0) {
    const lines = faults.map((fault) => `  ${fault.pointer}: ${fault.detail}`);
    throw new AppError('bad_configuration', `the configuration has faults:\n${lines.join('\n')}`, { faults });
  }
  return Object.freeze({
    data: text('data'),
    masterKey:
      masterKey === undefined
        ? { kind: 'file', file: text('master-key-file') === '' ? undefined : text('master-key-file') }
        : { kind: 'variable', line: masterKey },
    http,
    coap,
    coaps,
    coapsKey: text('coaps-key') === '' ? undefined : text('coaps-key'),
    coapsChain: text('coaps-chain') === '' ? undefined : text('coaps-chain'),
    dtls,
    dangerousKeyLog: text('dangerous-key-log') === '' ? undefined : text('dangerous-key-log'),
    coapStack: values.get('coap-dual-stack') === true ? 'dual' : 'single',
    admission: values.get('coap-open') === true ? 'open' : 'known',
    ownerTokenFile: text('owner-token-file') === '' ? undefined : text('owner-token-file'),
    objects: list('objects'),
    logLevel: text('log-level'),
    unknownParameters: text('unknown-parameters') === 'refuse' ? 'refuse' : 'ignore',
    readAfterRegistration: list('read-after-registration'),
    numbers: numbersOf(values),
    parameters: parametersOf(values),
    shown: shownSettings(SETTINGS, values),
  } satisfies Config);
}

/** Every row's value by its key in the file; secrets as stars. `values` are by flag. */
export function shownSettings(
  rows: readonly Setting[],
  values: ReadonlyMap<string, SettingValue>,
): Readonly<Record<string, SettingValue>> {
  return Object.fromEntries(
    rows.map((row) => [camel(row.flag), row.secret === undefined ? (values.get(row.flag) ?? '') : '********']),
  );
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
    faults.push({ pointer: file.name, detail: 'must hold settings, one `key: value` a line' });
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
  const bare = (text: string): string => text.toLowerCase().replaceAll(/[-_]/g, '');
  const distances = [...known].map((other): [number, string] => [distance(bare(name), bare(other)), other]);
  const [nearest, other] = distances.reduce((best, next) => (next[0] < best[0] ? next : best), [Infinity, '']);
  return nearest <= 2 ? `; did you mean ${other}?` : '; `bellwether serve --help` lists all';
}

/** How many characters must be put in, taken out or changed to make `left` of `right` (Levenshtein). */
function distance(left: string, right: string): number {
  let row = Array.from({ length: right.length + 1 }, (_, index) => index);
  for (let i = 1; i <= left.length; i += 1) {
    const above = row;
    row = [i];
    for (let j = 1; j <= right.length; j += 1) {
      const changed = (above[j - 1] ?? 0) + (left[i - 1] === right[j - 1] ? 0 : 1);
      row.push(Math.min(changed, (above[j] ?? 0) + 1, (row[j - 1] ?? 0) + 1));
    }
  }
  return row[right.length] ?? 0;
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

function convert(setting: Setting, value: unknown, where: string, faults: InputFault[]): SettingValue | undefined {
  const { kind, min = 0, max = Number.MAX_SAFE_INTEGER, choices = [] } = setting;
  const refuse = (allowed: string): SettingValue | undefined => {
    faults.push({ pointer: where, detail: `must be ${allowed}, not ${show(value)}` });
    return undefined;
  };
  switch (kind) {
    case 'text':
      return typeof value === 'string' && (value !== '' || setting.initial === '') ? value : refuse('a text');
    case 'flag':
      if (value === true || value === 'true' || value === '1') return true;
      if (value === false || value === 'false' || value === '0') return false;
      return refuse('true or false');
    case 'choice':
      return typeof value === 'string' && choices.includes(value) ? value : refuse(`one of ${choices.join(', ')}`);
    case 'list': {
      const items: unknown[] = Array.isArray(value) ? value : [value];
      return items.every((item) => typeof item === 'string' && item !== '')
        ? (items as string[])
        : refuse('a list of texts');
    }
    case 'count':
    case 'number': {
      const number = typeof value === 'string' && /^-?\d+(\.\d+)?$/.test(value) ? Number(value) : value;
      const fits = kind === 'count' ? Number.isInteger(number) : Number.isFinite(number);
      if (typeof number === 'number' && fits && number >= min && number <= max) return number;
      return refuse(`a ${kind === 'count' ? 'whole ' : ''}number from ${min} to ${max}`);
    }
  }
}

function show(value: unknown): string {
  return JSON.stringify(value);
}

function hostPort(text: string, where: string, faults: InputFault[]): HostPort {
  const parsed = parseHostPort(text);
  if (parsed !== undefined) return parsed;
  faults.push({
    pointer: where,
    detail: `must be HOST:PORT or [IPv6]:PORT with a port from 0 to 65535, not "${text}"`,
  });
  return { host: '', port: 0 };
}

/** As `hostPort`, of a listener for devices: an address, since a name may stand for several. */
function addressPort(text: string, where: string, faults: InputFault[]): HostPort {
  const parsed = parseHostPort(text);
  if (parsed !== undefined && isAddress(parsed.host)) return parsed;
  faults.push({
    pointer: where,
    detail: `must be an address such as 127.0.0.1:5683, 0.0.0.0:5683 or [::]:5683, with a port from 0 to 65535, not "${text}"`,
  });
  return { host: '', port: 0 };
}

/** Whether a list says that there are no listeners. */
function isNone(addresses: readonly string[]): boolean {
  return addresses.length === 1 && addresses[0] === 'none';
}

/** Whether it is an IPv4 address in dotted form or an IPv6 address. */
function isAddress(host: string): boolean {
  if (host.includes(':')) return URL.canParse(`coap://[${host}]/`);
  const octets = host.split('.');
  return octets.length === 4 && octets.every((octet) => /^\d{1,3}$/.test(octet) && Number(octet) <= 255);
}

function refuseNoPath(text: string, where: string, faults: InputFault[]): void {
  try {
    parsePath(text);
  } catch (error) {
    if (!(error instanceof DecodeError)) throw error;
    faults.push({ pointer: where, detail: error.message });
  }
}

/** What is wrong although each setting alone is in its limits. */
function refuseContradictions(
  values: ReadonlyMap<string, SettingValue>,
  where: (flag: string) => string,
  faults: InputFault[],
): void {
  const size = Number(values.get('coap-block-size'));
  if (!Number.isInteger(Math.log2(size)))
    faults.push({
      pointer: where('coap-block-size'),
      detail: `must be 16, 32, 64, 128, 256, 512 or 1024, not ${size}`,
    });
  const [wanted, kept] = [
    Number(values.get('observations-per-device')),
    Number(values.get('coap-observations-per-peer')),
  ];
  // The endpoint would answer notifications of those above with Reset, which ends them at the device.
  if (wanted > kept)
    faults.push({
      pointer: where('observations-per-device'),
      detail: `must be at most what coap-observations-per-peer allows, which is ${kept}`,
    });
  const [usual, most] = [Number(values.get('operation-deadline')), Number(values.get('operation-deadline-max'))];
  if (usual > most)
    faults.push({
      pointer: where('operation-deadline'),
      detail: `must not be more than operation-deadline-max, which is ${most}; it is ${usual}`,
    });
}

function numbersOf(values: ReadonlyMap<string, unknown>): Readonly<Record<string, number>> {
  const rows = SETTINGS.filter(
    ({ kind, parameter }) => (kind === 'number' || kind === 'count') && parameter === undefined,
  );
  return Object.fromEntries(rows.map((row) => [camel(row.flag), Number(values.get(row.flag))]));
}

function parametersOf(values: ReadonlyMap<string, unknown>): Parameters {
  const given: Partial<Record<keyof Parameters, number>> = {};
  for (const row of SETTINGS) if (row.parameter !== undefined) given[row.parameter] = Number(values.get(row.flag));
  return parametersWith(given);
}
