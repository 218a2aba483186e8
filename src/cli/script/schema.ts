/** The JSON Schema of a script in a file, one row a thing that a step does and a row a fault; the types are those of the simulator. */

import { ATTRIBUTE_NAMES, FORMATS, RESOURCE_TYPES } from '#lwm2m/model';
import {
  FAULT_OPERATIONS,
  FIRMWARE_OUTCOMES,
  SEND_FORMATS,
  type Act,
  type DeviceEvent,
  type Fault,
  type PayloadEdit,
} from '#simulator';

type Schema = Readonly<Record<string, unknown>>;
/** Properties by name; those whose name ends in `?` may be absent. */
type Fields = Readonly<Record<string, Schema>>;

const YEAR = 31_536_000;
const text: Schema = { type: 'string' };
const span: Schema = { type: 'number', minimum: 0, maximum: YEAR };
/** Seconds from one time to the next. */
const every: Schema = { type: 'number', minimum: 0.1, maximum: YEAR };
const times: Schema = { type: 'integer', minimum: 1, maximum: 1_000_000_000 };
const chance: Schema = { type: 'number', exclusiveMinimum: 0, maximum: 1 };
const path: Schema = { type: 'string', pattern: '^(/\\d{1,5}){1,4}$', description: 'a path such as /3/0/0' };
const paths: Schema = { type: 'array', items: path, minItems: 1, maxItems: 100 };
const code: Schema = { type: ['number', 'string'], description: 'a response code such as 4.05' };
const names = Object.keys(FORMATS);
const format: Schema = {
  if: { type: 'string' },
  then: { enum: names },
  else: {
    type: 'integer',
    minimum: 0,
    maximum: 0xffff,
    description: `a number from 0 to 65535 or one of ${names.join(', ')}`,
  },
};
const json: Schema = { type: ['string', 'number', 'boolean'] };

/** A value with its type: what a wrong answer holds need not be of the type of its resource. */
const scalar: Schema = object({ type: { enum: RESOURCE_TYPES }, value: json });

const scope: Fields = {
  'operation?': { enum: FAULT_OPERATIONS },
  'path?': path,
  'under?': path,
  'accept?': format,
  'contentFormat?': format,
  'times?': times,
  'chance?': chance,
};

const edits: Readonly<Record<PayloadEdit['kind'], Fields>> = {
  without: { path },
  with: { path, value: scalar, 'over?': scalar },
  withoutAttributes: { 'path?': path, 'names?': { type: 'array', items: text, minItems: 1 } },
  withLink: { link: text },
  cut: { bytes: { type: 'integer', minimum: 0, maximum: 0xffff } },
  bytes: { bytes: { type: 'string', pattern: '^([0-9a-fA-F]{2})*$', description: 'bytes in hexadecimal' } },
};

const faults: Readonly<Record<Fault['type'], Fields>> = {
  answerCode: { code, ...scope },
  answerFormat: { format, ...scope },
  answerOption: {
    option: { type: 'integer', minimum: 1, maximum: 0xffff },
    'value?': { type: ['integer', 'string'] },
    ...scope,
  },
  payload: { edit: oneOf('kind', edits), ...scope },
  silence: scope,
  late: { seconds: span, ...scope },
  noEffect: scope,
  notObserved: scope,
  attributes: { 'under?': path, instead: object(optional(ATTRIBUTE_NAMES, { type: 'number' })) },
  registerQuery: { name: text, 'value?': text, 'on?': { enum: ['register', 'update'] } },
  noUpdate: {},
  unmuted: {},
  reboot: { after: every },
  loseAcks: { share: { type: 'number', minimum: 0, maximum: 1 }, 'times?': times },
};

const events: Readonly<Record<DeviceEvent['type'], 'event'>> = {
  ...{ registered: 'event', updated: 'event', refused: 'event', unanswered: 'event', deregistered: 'event' },
  ...{ rebooting: 'event', disabled: 'event', steppedDown: 'event' },
  ...{ sent: 'event', sendRefused: 'event', sendUnanswered: 'event' },
};
const event: Schema = { enum: Object.keys(events) };

const timing: Fields = {
  'name?': { type: 'string', minLength: 1, maxLength: 100 },
  'at?': span,
  'on?': {
    if: { type: 'string' },
    then: event,
    else: object({ 'event?': event, ...scope }),
  },
  'for?': every,
  'repeat?': object({ every, 'times?': times }),
  'jitter?': span,
  'chance?': chance,
  'devices?': { type: ['integer', 'string'], minimum: 1, minLength: 1 },
};

const acts: Readonly<Record<Act['do'], Fields>> = {
  fault: { fault: oneOf('type', faults) },
  value: {
    path,
    'value?': json,
    'values?': { type: 'array', items: json, minItems: 1, maxItems: 100_000 },
    'from?': { type: 'number' },
    'to?': { type: 'number' },
    'by?': { type: 'number', exclusiveMinimum: 0 },
    'every?': every,
  },
  sleep: { 'awake?': every, 'every?': every },
  send: { paths, 'format?': { enum: SEND_FORMATS } },
  offline: {},
  firmware: { outcome: { enum: FIRMWARE_OUTCOMES }, 'takes?': span, 'version?': { type: 'string', maxLength: 32 } },
  reboot: {},
  update: {},
};

/** A script as a file has it. */
export const SCRIPT_SCHEMA: Schema = object({
  steps: { type: 'array', minItems: 1, maxItems: 1_000, items: oneOf('do', acts, timing) },
});

/** One of several objects, told apart by the value of one property; `common` belongs to each. */
function oneOf(tag: string, rows: Readonly<Record<string, Fields>>, common: Fields = {}): Schema {
  const branches = Object.entries(rows).map(([name, fields]) =>
    object({ [tag]: { const: name }, ...fields, ...common }),
  );
  return { type: 'object', discriminator: { propertyName: tag }, required: [tag], oneOf: branches };
}

function object(fields: Fields): Schema {
  const properties = Object.fromEntries(Object.entries(fields).map(([name, schema]) => [bare(name), schema]));
  const required = Object.keys(fields).filter((name) => !name.endsWith('?'));
  return { type: 'object', properties, required, additionalProperties: false };
}

function optional(keys: readonly string[], schema: Schema): Fields {
  return Object.fromEntries(keys.map((name) => [`${name}?`, schema]));
}

function bare(name: string): string {
  return name.replace(/\?$/, '');
}
