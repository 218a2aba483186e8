/** T4 with certificates: see `support/states.ts`. */

import { describe } from '@jest/globals';

import { testStates } from './support/states.js';

describe('a server with x509', () => {
  testStates('x509');
});
