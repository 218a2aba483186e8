/** The door of people and programs: REST and the event stream. */

export { createNorthbound } from './app.js';
export type { Northbound, NorthboundDeps } from './app.js';
