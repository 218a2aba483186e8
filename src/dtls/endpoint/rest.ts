/** All associations of an endpoint as bytes, and back: what one that retires leaves to the one after it. */

import type { Instant, Peer } from '#base';

import { readSnapshot, writeAssociations } from '../association/index.js';
import type { AssociationTable, Revival } from '../association/index.js';
import type { DtlsParameters } from '../policy/index.js';
import type { Output } from './output.js';

/** Empties a table; gives the associations with peers that proved who they are. Their keys are in the bytes alone then. */
export function layDown(table: AssociationTable, now: Instant): Uint8Array {
  const snapshot = writeAssociations(table.all(), table.cidBytes, now);
  table.clear();
  return snapshot;
}

/** What associations are taken up with. */
export interface TakingUp extends Revival {
  readonly parameters: DtlsParameters;
  readonly output: Output;
  /** Whether the association with a peer is to go on. */
  readonly wanted: (peer: Peer) => boolean;
}

/** Takes up what `layDown` gave, as far as it fits in and is wanted. Throws DecodeError, and takes up nothing then. */
export function takeUp(table: AssociationTable, snapshot: Uint8Array, parts: TakingUp): void {
  const { now, output, parameters, provider, random, rested, wanted } = parts;
  const read = readSnapshot(snapshot);
  const adopted = table.rest(read, { now, provider, random, rested }, parameters.associations, wanted);
  output.count('adopted', adopted);
  output.count('adopted_not', read.peers.length - adopted);
}
