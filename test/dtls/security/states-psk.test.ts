/** T4 with pre-shared keys: see `support/states.ts`. */

import { describe } from '@jest/globals';

import { testStates } from './support/states.js';

describe('a server with psk', () => {
  testStates('psk');
});
