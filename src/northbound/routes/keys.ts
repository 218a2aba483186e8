/** The keys that secrets are sealed with: what there is, and another master key while the server runs. */

import type { Route } from '../route.js';
import { ref } from '../schema-parts.js';

/** Rows of the table. */
export const KEY_ROUTES: readonly Route[] = [
  {
    method: 'get',
    path: '/keys',
    id: 'getKeys',
    summary: 'Ids and counts of the keys that secrets are sealed with',
    permission: 'keys:read',
    answers: { 200: { description: 'The keys, without any secret.', schema: ref('Keys') } },
    problems: [],
    handler: ({ fleet, principal }) => ({ status: 200, body: fleet.keys.get(principal) }),
  },
  {
    method: 'post',
    path: '/keys/rotate',
    id: 'rotateKeys',
    summary: 'Have a new master key wrap all data keys, and a new data key seal from now on',
    permission: 'keys:write',
    answers: {
      200: {
        description: 'The keys as they are now; the old master key is kept until it is pruned.',
        schema: ref('Keys'),
      },
    },
    problems: ['keys_from_variable', 'master_key_not_written', 'too_many_data_keys'],
    handler: async ({ fleet, principal }) => ({ status: 200, body: await fleet.keys.rotate(principal) }),
  },
  {
    method: 'post',
    path: '/keys/prune',
    id: 'pruneKeys',
    summary: 'Forget the master key before the last rotation, as the next start does',
    permission: 'keys:write',
    answers: { 200: { description: 'The keys as they are now.', schema: ref('Keys') } },
    problems: ['master_key_not_written'],
    handler: async ({ fleet, principal }) => ({ status: 200, body: await fleet.keys.prune(principal) }),
  },
];
