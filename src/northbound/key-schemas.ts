/** The shape of the keys that secrets are sealed with. */

import type { Schema } from './route.js';

const ID: Schema = { type: 'string', pattern: '^[0-9a-f]{16}$' };

/** The keys as shown: ids and counts, no secrets. */
export const KEYS: Schema = {
  type: 'object',
  properties: {
    masterKey: { ...ID, description: 'The key that wraps the data keys.' },
    source: { type: 'string', enum: ['file', 'variable'], description: 'Where the master key comes from.' },
    oldMasterKey: { ...ID, description: 'The master key before the last rotation, while the server keeps it.' },
    dataKey: { ...ID, description: 'The data key that seals.' },
    dataKeys: {
      type: 'array',
      items: {
        type: 'object',
        properties: {
          id: ID,
          createdAt: { type: 'string', format: 'date-time' },
          sealedAtMost: { type: 'integer', description: 'It has sealed no more than so many secrets.' },
        },
        required: ['id', 'createdAt', 'sealedAtMost'],
      },
    },
  },
  required: ['masterKey', 'source', 'dataKey', 'dataKeys'],
};
