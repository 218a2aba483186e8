/**
 * Associations as bytes, to go on with after an orderly restart. Whoever keeps them has to see to it that they are read once:
 * two endpoints that go on with the same association use the same nonces.
 *
 * Each: its length (2), then listener (2), kind of identity (1), name, endpoint, what revocation lists know its certificates by,
 * address (each behind its length, 2), port (2), suite (2), whether places are checked (1), the handshake it came from (1),
 * content (2), milliseconds since it was made (6) and since it was heard (6), our Connection ID and the peer's (each behind its
 * length, 1), next number to send (6), highest number received and one (6), window (4, 4), keys.
 */

import { DecodeError, EMPTY, Instant, Reader, decodeUtf8, securePeer } from '#base';
import type { IdentityKind, Milliseconds, Random, Writer } from '#base';

import { keyBlockLength, suiteOf, type CryptoProvider } from '../crypto/index.js';
import { Channel } from '../record/index.js';
import { Association } from './association.js';

/** Writes an association down; one that nobody can go on with, such as where nobody proved who is there, is left out. */
export function writeAssociation(writer: Writer, now: Instant, association: Association): void {
  const { channel, cid, content, heard, peer, routability, since } = association;
  const { address, identity, listener, port } = peer;
  const state = channel.state();
  if (identity === undefined || state === undefined || channel.exhausted) return;
  const { keys, newest, older, peerCid, recent, sequence, suite } = state;
  const { certificates = '', endpoint, kind, name } = identity;
  const own = cid ?? EMPTY;
  const texts = [name, endpoint, certificates, address];
  const bytes = texts.reduce((sum, one) => sum + Buffer.byteLength(one), 0);
  writer.u16(FIXED_BYTES + bytes + own.length + peerCid.length + keys.length);
  writer.u16(listener).u8(KINDS.indexOf(kind));
  for (const one of texts) writeText(writer, one);
  writer.u16(port).u16(suite.id).u8(ROUTABILITY.indexOf(routability)).u8(ORIGINS.indexOf(association.kind));
  writer.u16(content).uint(span(since, now), 6).uint(span(heard, now), 6);
  writer.u8(own.length).bytes(own).u8(peerCid.length).bytes(peerCid);
  writer.uint(sequence, 6).uint(newest + 1, 6);
  writer.u32(recent).u32(older).bytes(keys);
}

/** What is needed to go on with an association. */
export interface Revival {
  readonly now: Instant;
  /** How long it was nobody's. */
  readonly rested: Milliseconds;
  readonly provider: CryptoProvider;
  readonly random: Random;
}

/**
 * The next association of a snapshot, to be gone on with by us as the server. Its numbers to send go on far ahead of where
 * they were; its keys are wiped where they stood. undefined: its suite is known no more, or there are no numbers left. Throws
 * DecodeError.
 */
export function readAssociation(reader: Reader, { now, provider, random, rested }: Revival): Association | undefined {
  const length = reader.u16();
  const end = reader.offset + length;
  if (length < FIXED_BYTES || length > reader.remaining)
    throw new DecodeError('bad_length', `an association of ${length} bytes`, reader.offset);
  const listener = reader.u16();
  const kind = KINDS[reader.u8()];
  const [name, endpoint, certificates, address] = [text(reader), text(reader), text(reader), text(reader)];
  const port = reader.u16();
  const suite = suiteOf(reader.u16());
  const [routability, origin] = [ROUTABILITY[reader.u8()], ORIGINS[reader.u8()]];
  const [content, age, silent] = [reader.u16(), reader.uint(6), reader.uint(6)];
  const [cid, peerCid] = [reader.take(reader.u8()), reader.take(reader.u8())];
  const sequence = reader.uint(6) + jump(random);
  const [newest, recent, older] = [reader.uint(6) - 1, reader.u32(), reader.u32()];
  if (reader.offset > end) throw new DecodeError('bad_length', 'an association is longer than it says', end);
  const keys = reader.take(end - reader.offset);
  if (kind === undefined || routability === undefined || origin === undefined || suite === undefined) return undefined;
  if (keys.length !== keyBlockLength(suite)) throw new DecodeError('bad_length', 'keys of another length', end);
  const channel = Channel.resume('server', provider, { suite, keys, peerCid, sequence, newest, recent, older });
  if (channel.exhausted) return undefined;
  const identity = { kind, name, endpoint, ...(certificates !== '' && { certificates }) };
  const association = new Association(Instant(now - age - rested), {
    channel,
    peer: securePeer(listener, identity, address, port),
    cid: cid.length === 0 ? undefined : cid,
    routability,
    content,
    last: undefined,
    kind: origin,
  });
  association.heard = Instant(now - silent - rested);
  return association;
}

function span(from: Instant, to: Instant): number {
  return Math.min(Math.max(Math.floor(to - from), 0), LONGEST_SPAN);
}

function writeText(writer: Writer, value: string): void {
  writer.u16(Buffer.byteLength(value)).utf8(value);
}

function text(reader: Reader): string {
  return decodeUtf8(reader.take(reader.u16()));
}

/** 2^20 to 2^36, at random: beyond all that whoever has the snapshot twice would send by mistake. */
function jump(random: Random): number {
  return LEAST_JUMP + (new Reader(random.bytes(6)).uint(6) % (MOST_JUMP - LEAST_JUMP));
}

const KINDS: readonly IdentityKind[] = ['psk', 'rpk', 'x509'];
const ROUTABILITY = ['checked', 'unchecked'] as const;
const ORIGINS = ['full', 'resumed'] as const;
/** What an association has beside texts, Connection IDs and keys. */
const FIXED_BYTES = 53;
const LONGEST_SPAN = 2 ** 48 - 1;
const LEAST_JUMP = 2 ** 20;
const MOST_JUMP = 2 ** 36;
