/** The shapes of a device: as it is shown, and what can be changed of it. */

import { IDENTITY, SECURED } from './credential-schemas.js';
import type { Schema } from './route.js';

const text: Schema = { type: 'string' };
const time: Schema = { type: 'string', format: 'date-time' };

/** Seconds that a queue-mode device listens after a message. */
export const AWAKE_WINDOW = {
  type: 'number',
  // A device that never listened could never be told anything.
  minimum: 1,
  maximum: 31_536_000,
} satisfies Schema;

/** Body of PATCH /devices/{endpoint} (RFC 7396). */
export const DEVICE_PATCH: Schema = {
  type: 'object',
  properties: {
    tags: {
      type: 'object',
      propertyNames: { pattern: '^[A-Za-z0-9._-]{1,64}$' },
      additionalProperties: { type: ['string', 'null'], maxLength: 256 },
      maxProperties: 100,
      description: 'Tags to set; null removes one.',
    },
    awakeWindow: {
      ...AWAKE_WINDOW,
      type: ['number', 'null'],
      description:
        'Seconds a queue-mode device listens after a message; null goes back to what is set for its model, or to the default.',
    },
  },
  additionalProperties: false,
};

const ASSOCIATION: Schema = {
  type: 'object',
  properties: {
    suite: { type: 'string', description: 'Name of the cipher suite in the registry.' },
    identity: { ...IDENTITY, description: 'What the device proved.' },
    cid: {
      type: 'string',
      description: 'Connection ID in its records (RFC 9146), in hex; absent when none was agreed on.',
    },
    address: { type: 'string', description: 'Where the device is reached now.' },
    since: { ...time, description: 'When it was made, down to the second.' },
    handshake: { type: 'string', enum: ['full', 'resumed'], description: 'resumed: a session was gone on with.' },
  },
  required: ['suite', 'identity', 'address', 'since', 'handshake'],
  description: 'The association of DTLS that the device has now; absent when it has none.',
};

/** A device. */
export const DEVICE = {
  type: 'object',
  properties: {
    endpoint: text,
    presence: { type: 'string', enum: ['online', 'asleep', 'offline', 'neverSeen'] },
    firstSeen: { ...time, description: 'Absent when it was never heard, like lastSeen.' },
    lastSeen: time,
    nextExpectedContact: {
      ...time,
      description:
        'When a registered device is to be heard at the latest: before its lifetime ends, and within the pmax of its active observations; in the past when it is late. Absent when nothing binds it.',
    },
    manufacturer: text,
    model: text,
    firmware: text,
    tags: { type: 'object', additionalProperties: text },
    awakeWindow: { type: 'number' },
    attributes: {
      type: 'object',
      additionalProperties: { type: 'object', additionalProperties: { type: 'number' } },
      description: 'Attributes that writeAttributes gave the device, by path; written again after each registration.',
    },
    secured: SECURED,
    registration: {
      type: 'object',
      properties: {
        lwm2m: text,
        lifetime: { type: 'integer' },
        binding: text,
        queueMode: { type: 'boolean' },
        sms: text,
        objects: {
          type: 'array',
          items: {
            type: 'object',
            properties: {
              id: { type: 'integer' },
              version: text,
              instances: { type: 'array', items: { type: 'integer' } },
            },
            required: ['id', 'version', 'instances'],
          },
        },
        root: { type: 'string', description: "Alternate path below which the device's objects are." },
        address: text,
        identity: IDENTITY,
        registeredAt: time,
        updatedAt: time,
        expiresAt: time,
      },
    },
    association: ASSOCIATION,
    resumptions: {
      type: 'integer',
      description: 'How often it came with a short handshake since the server started; absent: never.',
    },
  },
  required: ['endpoint'],
} satisfies Schema;

/** The members of a device. */
export const DEVICE_FIELDS: readonly string[] = Object.keys(DEVICE.properties);
