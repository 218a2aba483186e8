/** Tests run from the sources through swc, as native ES modules; `npm test` builds first, because worker threads load the built files. */
import { availableParallelism } from 'node:os';

export default {
  testEnvironment: 'node',
  roots: ['<rootDir>/test'],
  testMatch: ['**/*.test.ts'],
  testPathIgnorePatterns: ['<rootDir>/test/interop/'],
  // A busy machine of two cores may take long for what takes a second: a test that hangs ends all the same.
  testTimeout: 30_000,
  // Many tests wait for processes, disks and timers: two at once keep two cores busy.
  maxWorkers: Math.max(2, availableParallelism() - 1),
  // The modules of test files stay in their process: one that has grown is replaced, so that memory can be measured in it.
  workerIdleMemoryLimit: '512MB',
  extensionsToTreatAsEsm: ['.ts'],
  transform: {
    '^.+\\.ts$': [
      '@swc/jest',
      { jsc: { target: 'es2022', parser: { syntax: 'typescript' } }, module: { type: 'es6' }, sourceMaps: 'inline' },
    ],
  },
  moduleNameMapper: {
    '^#((?:base|vault|coap|dtls|trust|lwm2m|transport|fleet|store|southbound|northbound|simulator|conformance)(?:/.+)?)$':
      '<rootDir>/src/$1/index.ts',
    '^(\\.{1,2}/.*)\\.js$': '$1',
  },
};
