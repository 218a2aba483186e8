/** T4 with raw public keys: see `support/states.ts`. */

import { describe } from '@jest/globals';

import { testStates } from './support/states.js';

describe('a server with rpk', () => {
  testStates('rpk');
});
