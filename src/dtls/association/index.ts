/** Associations: what stays after a handshake. */

export { Association } from './association.js';
export { CidMap, newCid } from './cid-map.js';
export { Forgeries } from './forgeries.js';
export { NewPlace } from './new-place.js';
export { placeOf } from './place.js';
export type { Revival } from './resting.js';
export { readSnapshot, writeAssociations } from './snapshot.js';
export { AssociationTable } from './table.js';
