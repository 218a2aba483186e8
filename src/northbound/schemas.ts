/** The shapes of the API as JSON Schemas: used to check bodies and, under their names, as components of the OpenAPI document. */

import { EVENT_TYPES, OPERATION_KINDS, OPERATION_PRIORITIES, OPERATION_STATES } from '#fleet/model';
import { ATTRIBUTE_NAMES, FORMATS, RESOURCE_TYPES } from '#lwm2m/model';

import { KEYS } from './key-schemas.js';
import { CREDENTIAL_COMPONENTS } from './credential-schemas.js';
import { AWAKE_WINDOW, DEVICE } from './device-schemas.js';
import { PROFILE } from './profile-schemas.js';
import type { Schema } from './route.js';

export { DEVICE_FIELDS, DEVICE_PATCH } from './device-schemas.js';
export { PAGING, pageOf, ref } from './schema-parts.js';

const text: Schema = { type: 'string' };
const time: Schema = { type: 'string', format: 'date-time' };

/** A path as text, `/3/0/0`. */
export const PATH: Schema = {
  type: 'string',
  minLength: 1,
  maxLength: 64,
  description: 'Path such as /3, /3/0, /3/0/9 or /3/0/6/1.',
};
/** A content format by name. */
export const FORMAT: Schema = {
  type: 'string',
  enum: Object.keys(FORMATS),
  description: 'Content format to use with the device; chosen from what the device said when absent.',
};

/** A content format of a read. */
export const READ_FORMAT: Schema = {
  ...FORMAT,
  enum: [...Object.keys(FORMATS), 'any'],
  description: `${String(FORMAT['description'])} any: the device chooses, no Accept is sent.`,
};

const ATTRIBUTES: Schema = {
  type: 'object',
  properties: Object.fromEntries(ATTRIBUTE_NAMES.map((name) => [name, { type: ['number', 'null'] }])),
  additionalProperties: false,
  minProperties: 1,
  description: 'Attributes to set; null unsets one.',
};

/** Paths that one request may name. */
const MOST_PATHS = 256;
const PATHS: Schema = {
  type: 'array',
  items: PATH,
  minItems: 1,
  maxItems: MOST_PATHS,
  description: 'Paths such as ["/3/0/9","/1/0/1"]; of a composite read / stands for everything.',
};

const VALUE = {
  description:
    'A scalar for a resource, {"0":1,"1":5} for a multiple resource, {"1":61,"6":true} by resource id for an instance; any value may be {"type","value"}. Integers beyond 2^53 are decimal strings, opaque values base64, times RFC 3339, object links "3:0".',
  type: ['string', 'number', 'boolean', 'object'],
} satisfies Schema;

/** How urgent an operation is. */
export const PRIORITY: Schema = {
  type: 'string',
  enum: [...OPERATION_PRIORITIES],
  description:
    'Of what waits for a device the more urgent is sent first, then the older; what was sent is not overtaken. normal when absent.',
};

const common = {
  format: FORMAT,
  deadline: { ...time, description: 'Not sent after this moment.' },
  priority: PRIORITY,
};

function kind(name: string, properties: Readonly<Record<string, Schema>>, required: readonly string[]): Schema {
  return {
    type: 'object',
    properties: { kind: { const: name }, ...common, ...properties },
    required: ['kind', ...required],
    additionalProperties: false,
  };
}

/** Query of what goes to a device. */
export const VALIDATE: Schema = {
  type: 'string',
  enum: ['none', 'strict'],
  default: 'none',
  description:
    'strict: refused with 422 when the device, as it is registered, is expected to refuse it by the standard and the object definitions; none: it is sent, and the device judges.',
};

/** Body of POST …/operations. */
export const OPERATION_INPUT: Schema = {
  type: 'object',
  required: ['kind'],
  discriminator: { propertyName: 'kind' },
  oneOf: [
    kind('read', { path: PATH, format: READ_FORMAT }, ['path']),
    kind('discover', { path: PATH, depth: { type: 'integer', minimum: 0, maximum: 3 } }, ['path']),
    kind('write', { path: PATH, mode: { type: 'string', enum: ['replace', 'update'] }, value: VALUE }, [
      'path',
      'mode',
      'value',
    ]),
    kind('writeAttributes', { path: PATH, attributes: ATTRIBUTES }, ['path', 'attributes']),
    kind(
      'execute',
      { path: PATH, arguments: { type: 'string', maxLength: 1024, description: "LwM2M's grammar: 0='x',1" } },
      ['path'],
    ),
    kind('create', { path: PATH, instance: { type: 'integer', minimum: 0, maximum: 65_534 }, value: VALUE }, [
      'path',
      'value',
    ]),
    kind('delete', { path: PATH }, ['path']),
    kind('readComposite', { paths: PATHS }, ['paths']),
    kind(
      'writeComposite',
      {
        value: {
          type: 'object',
          additionalProperties: { ...VALUE, type: [...VALUE.type, 'null'] },
          minProperties: 1,
          maxProperties: MOST_PATHS,
          description:
            'Values by path, such as {"/1/0/1":60,"/3303/0/5700":21.5}; all are written or none. null removes a resource instance (LwM2M 1.2).',
        },
      },
      ['value'],
    ),
  ],
};

/** Bodies of the short forms. */
export const VALUE_INPUT: Schema = {
  type: 'object',
  properties: { value: VALUE },
  required: ['value'],
  additionalProperties: false,
};
export const EXECUTE_OR_CREATE_INPUT: Schema = {
  type: 'object',
  properties: {
    arguments: { type: 'string', maxLength: 1024 },
    instance: { type: 'integer', minimum: 0, maximum: 65_534 },
    value: VALUE,
  },
  additionalProperties: false,
};

/** Body of PUT /models/{model}. */
export const MODEL_INPUT: Schema = {
  type: 'object',
  properties: {
    awakeWindow: {
      ...AWAKE_WINDOW,
      description: 'Seconds its queue-mode devices listen after a message, unless a device has a window of its own.',
    },
  },
  required: ['awakeWindow'],
  additionalProperties: false,
};

/** Body of PUT …/observations/{id}. */
export const OBSERVATION_INPUT: Schema = {
  type: 'object',
  properties: {
    paths: { ...PATHS, description: 'One path is observed by Observe, several by one Observe-Composite (LwM2M 1.1).' },
    attributes: { ...ATTRIBUTES, description: 'Written to each path first, and again after each registration.' },
    parameters: {
      ...ATTRIBUTES,
      properties: Object.fromEntries(ATTRIBUTE_NAMES.map((name) => [name, { type: 'number' }])),
      description: 'Sent with the Observe itself and good for it alone (LwM2M 1.2).',
    },
    format: FORMAT,
  },
  required: ['paths'],
  additionalProperties: false,
};

const NODE: Schema = {
  type: 'object',
  properties: {
    path: text,
    name: text,
    type: { type: 'string', enum: [...RESOURCE_TYPES] },
    units: text,
    value: { description: 'In the JSON form of its type.' },
    values: {
      type: 'object',
      additionalProperties: true,
      description: 'Of a multiple resource, by resource instance id.',
    },
    resources: { type: 'object', additionalProperties: { $ref: '#/components/schemas/Node' } },
    instances: { type: 'object', additionalProperties: { $ref: '#/components/schemas/Node' } },
    reportedAt: time,
    receivedAt: time,
    source: { type: 'string', enum: ['read', 'notify', 'send', 'write'] },
    history: {
      type: 'array',
      items: { type: 'object', properties: { value: {}, values: { type: 'object' }, reportedAt: time } },
      description: 'What the device told of it in the same message with earlier times, the latest first.',
    },
  },
  required: ['path'],
};

const OPERATION: Schema = {
  type: 'object',
  properties: {
    id: text,
    endpoint: text,
    kind: { type: 'string', enum: [...OPERATION_KINDS] },
    path: text,
    paths: { type: 'array', items: text, description: 'Of a composite read.' },
    value: { description: 'As it was asked, like the next six.' },
    mode: { type: 'string', enum: ['replace', 'update'] },
    arguments: text,
    attributes: { type: 'object', additionalProperties: { type: ['number', 'null'] } },
    instance: { type: 'integer' },
    depth: { type: 'integer' },
    format: text,
    priority: { type: 'string', enum: [...OPERATION_PRIORITIES] },
    state: { type: 'string', enum: [...OPERATION_STATES] },
    waitingFor: {
      type: 'string',
      enum: ['contact', 'queue', 'device'],
      description:
        'What a not yet finished operation waits for: contact, until the device is heard; queue, for others of the device; device, for its answer.',
    },
    nextExpectedContact: {
      ...time,
      description: 'Only when it waits for contact: when the device is to be heard at the latest, as in its view.',
    },
    createdAt: time,
    sentAt: time,
    finishedAt: time,
    deadline: time,
    result: {
      type: 'object',
      properties: {
        coapCode: text,
        format: text,
        node: { $ref: '#/components/schemas/Node' },
        nodes: {
          type: 'object',
          additionalProperties: { $ref: '#/components/schemas/Node' },
          description: 'Of a composite read, by path; a path at which nothing is, is not there.',
        },
        links: {
          type: 'array',
          items: {
            type: 'object',
            properties: { path: text, attributes: { type: 'object', additionalProperties: true } },
            required: ['path', 'attributes'],
          },
        },
        path: text,
      },
    },
    error: { type: 'object', properties: { code: text, coapCode: text, detail: text }, required: ['code', 'detail'] },
  },
  required: ['id', 'endpoint', 'kind', 'priority', 'state', 'createdAt', 'deadline'],
};

const OBSERVATION: Schema = {
  type: 'object',
  properties: {
    id: text,
    paths: { type: 'array', items: text },
    attributes: { type: 'object', additionalProperties: true },
    parameters: { type: 'object', additionalProperties: true },
    format: text,
    state: { type: 'string', enum: ['pending', 'active', 'refused', 'lost'] },
    error: { type: 'object', properties: { code: text, coapCode: text, detail: text } },
    lastValueAt: time,
  },
  required: ['id', 'paths', 'state'],
};

const OBJECT: Schema = {
  type: 'object',
  properties: {
    id: { type: 'integer' },
    version: text,
    name: text,
    urn: text,
    lwm2mVersion: text,
    multiple: { type: 'boolean' },
    mandatory: { type: 'boolean' },
    description: text,
    resources: {
      type: 'array',
      description: 'Not in lists of all objects.',
      items: {
        type: 'object',
        properties: {
          id: { type: 'integer' },
          name: text,
          operations: { type: 'string', enum: ['R', 'W', 'RW', 'E', ''] },
          multiple: { type: 'boolean' },
          mandatory: { type: 'boolean' },
          type: { type: 'string', enum: [...RESOURCE_TYPES, 'none'] },
          range: text,
          units: text,
          description: text,
        },
        required: ['id', 'name', 'operations', 'multiple', 'mandatory', 'type'],
      },
    },
  },
  required: ['id', 'version', 'name', 'urn', 'lwm2mVersion', 'multiple', 'mandatory'],
};

const MODEL: Schema = {
  type: 'object',
  properties: { model: text, awakeWindow: { type: 'number' } },
  required: ['model', 'awakeWindow'],
};

const PROBLEM: Schema = {
  type: 'object',
  properties: {
    type: { type: 'string', format: 'uri' },
    title: text,
    status: { type: 'integer' },
    code: text,
    detail: text,
    errors: {
      type: 'array',
      items: { type: 'object', properties: { pointer: text, detail: text }, required: ['pointer', 'detail'] },
    },
    requestId: text,
    coapCode: text,
  },
  additionalProperties: true,
  required: ['type', 'title', 'status', 'code', 'detail', 'requestId'],
};

/** Shapes by their name in the OpenAPI document. */
export const COMPONENTS: Readonly<Record<string, Schema>> = {
  Node: NODE,
  Operation: OPERATION,
  Device: DEVICE,
  Observation: OBSERVATION,
  ObjectDefinition: OBJECT,
  Model: MODEL,
  Profile: PROFILE,
  ...CREDENTIAL_COMPONENTS,
  Keys: KEYS,
  Problem: PROBLEM,
  Event: {
    type: 'object',
    properties: { endpoint: text, at: time },
    required: ['at'],
    additionalProperties: true,
    description: `Data of a server-sent event; its type is one of ${EVENT_TYPES.join(', ')}.`,
  },
};
