/** What is remembered: the embedded FleetStore, behind the port of the fleet. Start at sqlite/store.ts. */

export { openStore } from './open.js';
export type { StoreOptions } from './open.js';
export { SqliteStore } from './sqlite/store.js';
export type { SqliteOptions } from './sqlite/store.js';
export type { SqliteParameters } from './sqlite/parameters.js';
