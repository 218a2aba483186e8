/** The shapes of profiles. */

import type { Schema } from './route.js';

const PROFILE_OBJECTS: Schema = {
  type: 'array',
  minItems: 1,
  maxItems: 1000,
  items: {
    type: 'object',
    properties: {
      id: { type: 'integer', minimum: 0, maximum: 65_534 },
      version: {
        type: 'string',
        pattern: '^[0-9]{1,5}[.][0-9]{1,5}$',
        description: 'That of the enabler when absent.',
      },
      instances: { type: 'array', items: { type: 'integer', minimum: 0, maximum: 65_534 }, maxItems: 1000 },
    },
    required: ['id', 'instances'],
    additionalProperties: false,
  },
};

/** Body of PUT /profiles/{id}. */
export const PROFILE_INPUT: Schema = {
  type: 'object',
  properties: { objects: PROFILE_OBJECTS },
  required: ['objects'],
  additionalProperties: false,
};

/** A profile as shown. */
export const PROFILE: Schema = {
  type: 'object',
  properties: { id: { type: 'string' }, objects: PROFILE_OBJECTS },
  required: ['id', 'objects'],
};
