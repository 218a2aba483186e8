/**
 * A script from a file (YAML or JSON) as the simulator takes it: judged by its schema, then paths, codes, formats and bytes are
 * read. What is wrong is said with its place and with what is allowed.
 */

import { Ajv2020, type ErrorObject, type ValidateFunction } from 'ajv/dist/2020.js';

import { AppError, fromHex } from '#base';
import { isResponse, parseCode } from '#coap/codec';
import { FORMATS, MAX_ID, scalarFromJson, tryParsePath, type FormatName, type ResourceType } from '#lwm2m/model';
import type { Script } from '#simulator';

import { readYaml } from '../yaml.js';
import { SCRIPT_SCHEMA } from './schema.js';

/** Reads a script file. Throws AppError(`usage`) that names the file and every wrong place. */
export function readScript(name: string): Script {
  const content = readYaml(name, 'the script', (message, cause) => new AppError('usage', message, { cause }));
  const faults = faultsIn(content);
  if (faults.length > 0) throw refusal(name, faults);
  const wrong: string[] = [];
  const { steps } = content as { readonly steps: readonly Fields[] };
  const read = steps.map((step, index) => readStep(step, `/steps/${index}`, wrong));
  if (wrong.length > 0) throw refusal(name, wrong);
  return { steps: read } as unknown as Script;
}

type Fields = Readonly<Record<string, unknown>>;

function faultsIn(content: unknown): string[] {
  validate ??= compiled();
  return validate(content) ? [] : (validate.errors ?? []).filter(({ keyword }) => keyword !== 'if').map(sentence);
}

function refusal(name: string, faults: readonly string[]): AppError {
  const [shown, more] = [faults.slice(0, MOST_SHOWN), faults.length - MOST_SHOWN];
  return new AppError('usage', `--script ${name}: ${shown.join('; ')}${more > 0 ? `; and ${more} more` : ''}`);
}

/** What is wrong where, and what is allowed. */
function sentence({ instancePath: at, keyword, params, parentSchema = {}, message }: ErrorObject): string {
  const given = params as Fields;
  switch (keyword) {
    case 'additionalProperties':
      return `${at}/${String(given['additionalProperty'])} is not known here: allowed are ${list(Object.keys(parentSchema['properties'] as Fields))}`;
    case 'required':
      return `${at}/${String(given['missingProperty'])} is missing`;
    case 'enum':
      return `${at} must be one of ${list(given['allowedValues'] as unknown[])}`;
    case 'discriminator': {
      const tag = String(given['tag']);
      const branches = parentSchema['oneOf'] as readonly { readonly properties: Readonly<Record<string, Fields>> }[];
      return `${at}/${tag} must be one of ${list(branches.map(({ properties }) => properties[tag]?.['const']))}`;
    }
    default: {
      const { description } = parentSchema;
      return `${at === '' ? 'the script' : at} ${typeof description === 'string' ? `must be ${description}` : (message ?? 'does not fit')}`;
    }
  }
}

function list(values: readonly unknown[]): string {
  return values.map(String).join(', ');
}

/** A step with what it holds read; adds to `wrong` what cannot be. */
function readStep(step: Fields, at: string, wrong: string[]): Fields {
  const { on, fault } = step;
  if (step['do'] === 'value') wrong.push(...courseFaults(step, at));
  return {
    ...readFields(step, at, wrong),
    ...(on === undefined
      ? {}
      : { on: typeof on === 'string' ? { event: on } : readTrigger(on as Fields, `${at}/on`, wrong) }),
    ...(fault === undefined ? {} : { fault: readFault(fault as Fields, `${at}/fault`, wrong) }),
  };
}

/** An event has no request to be about. */
function readTrigger(on: Fields, at: string, wrong: string[]): Fields {
  const stray = on['event'] === undefined ? undefined : Object.keys(on).find((name) => !OF_EVENTS.has(name));
  if (stray !== undefined) wrong.push(`${at}/${stray} is of requests: beside event only times and chance are allowed`);
  return readFields(on, at, wrong, FORMAT_FIELDS);
}

function readFault(fault: Fields, at: string, wrong: string[]): Fields {
  const { edit } = fault;
  const read = readFields(fault, at, wrong, FORMAT_FIELDS);
  return edit === undefined ? read : { ...read, edit: readFields(edit as Fields, `${at}/edit`, wrong, EDIT_FIELDS) };
}

/** The fields of an object, each read by its name. */
function readFields(
  fields: Fields,
  at: string,
  wrong: string[],
  more: Readonly<Record<string, Reader>> = {},
): Record<string, unknown> {
  const readers = { ...PATH_FIELDS, ...more };
  return Object.fromEntries(
    Object.entries(fields).map(([name, value]) => {
      const read = readers[name]?.(value);
      if (read !== undefined && 'fault' in read) wrong.push(`${at}/${name} ${read.fault}`);
      return [name, read === undefined || 'fault' in read ? value : read.value];
    }),
  );
}

/** Values are given in one of three ways. */
function courseFaults(step: Fields, at: string): string[] {
  const given = COURSE_FIELDS.filter((name) => name in step).join(', ');
  return COURSES.includes(given)
    ? []
    : [`${at} must have ${COURSES.join(' or ')} beside path${given === '' ? '' : `, not ${given}`}`];
}

/** What a field holds; undefined when it is taken as it stands. */
type Reader = (value: unknown) => { readonly value: unknown } | { readonly fault: string } | undefined;

const readPath: Reader = (text) => {
  const value = tryParsePath(String(text));
  return value === undefined ? { fault: `must be a path of ids 0 to ${MAX_ID} without leading zeros` } : { value };
};

/** YAML takes 4.05 for a number. */
const readCode: Reader = (given) => {
  const value = parseCode(typeof given === 'number' ? given.toFixed(2) : String(given));
  return value === undefined || !isResponse(value)
    ? { fault: 'must be a response code such as 2.05 or 4.05' }
    : { value };
};

const readFormat: Reader = (given) => ({ value: typeof given === 'string' ? FORMATS[given as FormatName] : given });

const PATH_FIELDS: Readonly<Record<string, Reader>> = {
  path: readPath,
  under: readPath,
  paths: (given) => {
    const read = (given as readonly unknown[]).map(readPath);
    const wrong = read.find((one) => one !== undefined && 'fault' in one);
    return wrong ?? { value: read.map((one) => (one !== undefined && 'value' in one ? one.value : undefined)) };
  },
};
const FORMAT_FIELDS: Readonly<Record<string, Reader>> = {
  accept: readFormat,
  contentFormat: readFormat,
  format: readFormat,
  code: readCode,
};
const readScalar: Reader = (given) => {
  const { type, value } = given as { readonly type: ResourceType; readonly value: unknown };
  const scalar = scalarFromJson(type, value);
  return 'fault' in scalar ? { fault: `is no such value: ${scalar.fault}` } : { value: scalar };
};

const EDIT_FIELDS: Readonly<Record<string, Reader>> = {
  bytes: (given) => (typeof given === 'string' ? { value: fromHex(given) } : undefined),
  value: readScalar,
  over: readScalar,
};

const OF_EVENTS: ReadonlySet<string> = new Set(['event', 'times', 'chance']);
const COURSE_FIELDS = ['value', 'values', 'from', 'to', 'by', 'every'];
const COURSES = ['value', 'values, every', 'from, to, every', 'from, to, by, every'];
/** Wrong places that are named. */
const MOST_SHOWN = 5;

/** Made for the first script: it takes half a second, and most starts of the program read none. */
let validate: ValidateFunction | undefined;

function compiled(): ValidateFunction {
  const rules = {
    ...{ allErrors: true, verbose: true, discriminator: true, strict: true },
    ...{ strictRequired: false, strictTypes: false, allowUnionTypes: true },
  };
  return new Ajv2020(rules).compile(SCRIPT_SCHEMA);
}
