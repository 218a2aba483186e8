/** Associations: what stays after a handshake. */

export { Association } from './association.js';
export { Forgeries } from './forgeries.js';
export { NewPlace } from './new-place.js';
export { readAssociation, writeAssociation } from './snapshot.js';
export type { Revival } from './snapshot.js';
export { AssociationTable, CidMap, newCid, placeOf } from './table.js';
