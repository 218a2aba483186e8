/** All associations of an endpoint as bytes, and back: what one that retires leaves to the one after it. */

import { DecodeError, Reader, Writer, type Instant, type Peer } from '#base';

import { placeOf, readAssociation, writeAssociation } from '../association/index.js';
import type { Association, AssociationTable, Revival } from '../association/index.js';
import type { DtlsParameters } from '../policy/index.js';
import type { Output } from './output.js';

/** Empties a table; gives the associations with peers that proved who they are. Their keys are in the bytes alone then. */
export function layDown(table: AssociationTable, now: Instant): Uint8Array {
  const writer = new Writer(SNAPSHOT_BYTES).u8(FORMAT);
  for (const association of table.values()) {
    writeAssociation(writer, now, association);
    association.channel.wipe();
  }
  table.clear();
  return writer.finish();
}

/** What associations are taken up with. */
export interface TakingUp extends Revival {
  readonly parameters: DtlsParameters;
  readonly output: Output;
  /** Whether the association with a peer is to go on. */
  readonly wanted: (peer: Peer) => boolean;
}

/** Takes up what `layDown` gave, as far as it fits in and is wanted. Throws DecodeError. */
export function takeUp(table: AssociationTable, snapshot: Uint8Array, parts: TakingUp): void {
  const { output, parameters, wanted } = parts;
  const reader = new Reader(snapshot);
  if (reader.u8() !== FORMAT) throw new DecodeError('bad_format', 'associations of another version', 0);
  while (reader.remaining > 0) {
    const association = readAssociation(reader, parts);
    if (association === undefined || !fits(table, association, parameters) || !wanted(association.peer)) {
      association?.channel.wipe();
      output.count('adopted_not');
      continue;
    }
    table.add(association);
    output.count('adopted');
  }
}

/** Whether an association of before can stand beside those there are. */
function fits(
  table: AssociationTable,
  { cid, peer }: Association,
  { associations, cidBytes }: DtlsParameters,
): boolean {
  if (table.size >= associations || table.byKey(peer.key) !== undefined) return false;
  if (cid !== undefined) return cid.length === cidBytes && !table.takesCid(cid);
  return table.byPlace(placeOf(peer.listener, peer.address, peer.port)) === undefined;
}

/** Version of the form of the bytes. */
const FORMAT = 2;
const SNAPSHOT_BYTES = 65_536;
