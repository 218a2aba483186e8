/** Tests against programs that others wrote: `npm run test:interop`. One after the other, for they share the machine. */
import base from './jest.config.mjs';

export default {
  ...base,
  roots: ['<rootDir>/test/interop'],
  testPathIgnorePatterns: [],
  maxWorkers: 1,
  testTimeout: 60_000,
};
