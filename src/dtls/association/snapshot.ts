/**
 * Associations as bytes, to go on with after an orderly restart. Whoever keeps them has to see to it that they are read once:
 * two endpoints that go on with the same association use the same nonces.
 *
 * A restart does this once, in a process that has compiled nothing of it yet, so there are few steps and large ones: what is
 * of one kind stands together and is copied as a whole. Numbers are in the byte order of the machine; in another order the
 * version is none that is known.
 *
 * Head (4 bytes each): version, associations, bytes of each Connection ID of ours, of all keys, of all texts. Then, one column
 * after the other, the numbers of 8, of 4 and of 2 bytes (`Columns`, in their order); our Connection IDs; keys, each with the
 * peer's Connection ID behind them; and texts, each with a line feed behind it: key of the peer, name of its
 * identity (empty when that is its endpoint), what revocation lists know its certificates by, address.
 */

import { DecodeError, Reader, decodeUtf8, encodeUtf8, peerOfKey, secureKey } from '#base';
import type { IdentityKind, Instant, Peer, PeerIdentity } from '#base';

import { keyBlockLength, suiteOf, type Suite } from '../crypto/index.js';
import { LAST_SEQUENCE, LONGEST_PIECE } from '../record/index.js';
import type { Association } from './association.js';

/** A number of each association, column by column. */
interface Columns {
  /** Number of the next record to send, and the highest that was received. */
  readonly sequence: Float64Array;
  readonly newest: Float64Array;
  /** Milliseconds since it was made, and since it was heard. */
  readonly age: Float64Array;
  readonly silence: Float64Array;
  /** The replay window. */
  readonly recent: Uint32Array;
  readonly older: Uint32Array;
  readonly listener: Uint16Array;
  readonly port: Uint16Array;
  readonly suite: Uint16Array;
  readonly content: Uint16Array;
  /** Length of the keys and the peer's Connection ID. */
  readonly piece: Uint16Array;
  /** What `Mark` says. */
  readonly marks: Uint16Array;
}

/** A snapshot as it was read. */
export interface Snapshot extends Columns {
  /** Who is at the other ends; undefined where nobody can go on: the suite is known no more, or no numbers are left. */
  readonly peers: readonly (Peer | undefined)[];
  /** Our Connection IDs, and the length of each. */
  readonly cids: Uint8Array;
  readonly cidBytes: number;
  /** All keys, and where those of each association begin. */
  readonly pieces: Uint8Array;
  readonly starts: Uint32Array;
}

/**
 * What the marks are made of: the kind of identity, three that may be set, and, from bit 8 on, the length of
 * the peer's Connection ID.
 */
export const Mark = { KIND: 3, CHECKED: 4, RESUMED: 8, OWN_CID: 16, CID_LENGTH: 8 } as const;

/** A snapshot goes on with numbers to send that are further by less than this. */
export const MOST_JUMP = 2 ** 36;

/**
 * Writes associations down and wipes their keys where they stood; `cidBytes`: length of our own Connection IDs. One that
 * nobody can go on with, such as where nobody proved who is there, is left out.
 */
export function writeAssociations(associations: readonly Association[], cidBytes: number, now: Instant): Uint8Array {
  const kept: Association[] = [];
  for (const association of associations)
    if (association.channel.goesOn && isSayable(association.peer)) kept.push(association);
    else association.channel.wipe();
  const numbers = room(kept.length);
  const { age, content, listener, marks, newest, older, piece, port, recent, sequence, silence, suite } =
    columns(numbers);
  const [cids, texts]: [string[], string[]] = [[], []];
  const noCid = '\0'.repeat(cidBytes);
  let pieces = new Uint8Array(USUAL_PIECE * kept.length);
  let [index, end] = [0, 0];
  for (const association of kept) {
    if (pieces.length - end < LONGEST_PIECE) pieces = enlarged(pieces);
    const { channel, cidText, peer } = association;
    const state = channel.leave(pieces, end);
    const { certificates = '', kind, name, endpoint } = peer.identity as PeerIdentity;
    const { cidLength, window } = state;
    const length = keyBlockLength(state.suite) + cidLength;
    sequence[index] = state.sequence;
    newest[index] = window.newest;
    age[index] = span(association.since, now);
    silence[index] = span(association.heard, now);
    recent[index] = window.recent;
    older[index] = window.older;
    listener[index] = peer.listener;
    port[index] = peer.port;
    suite[index] = state.suite.id;
    content[index] = association.content;
    piece[index] = length;
    marks[index] =
      KINDS.indexOf(kind) |
      (association.routability === 'checked' ? Mark.CHECKED : 0) |
      (association.kind === 'resumed' ? Mark.RESUMED : 0) |
      (cidText === undefined ? 0 : Mark.OWN_CID) |
      (cidLength << Mark.CID_LENGTH);
    cids.push(cidText ?? noCid);
    texts.push(peer.key, name === endpoint ? '' : name, certificates, peer.address);
    end += length;
    index += 1;
  }
  const text = encodeUtf8([...texts, ''].join(BETWEEN));
  const snapshot = Buffer.concat([
    bytesOf(Uint32Array.of(VERSION, kept.length, cidBytes, end, text.length)),
    ...[bytesOf(numbers.longs), bytesOf(numbers.words), bytesOf(numbers.shorts)],
    ...[Buffer.from(cids.join(''), 'latin1'), pieces.subarray(0, end), text],
  ]);
  pieces.fill(0);
  return snapshot;
}

/** What a snapshot holds. Its keys are wiped where they stood. Throws DecodeError. */
export function readSnapshot(bytes: Uint8Array): Snapshot {
  const reader = new Reader(bytes);
  const head = new Uint32Array(copied(reader.take(HEAD_BYTES)));
  const [version, count, cidBytes, pieceBytes, textBytes] = head as unknown as [number, number, number, number, number];
  if (version !== VERSION) throw new DecodeError('bad_format', 'associations of another version', 0);
  const numbers = {
    longs: new Float64Array(copied(reader.take(Float64Array.BYTES_PER_ELEMENT * LONGS * count))),
    words: new Uint32Array(copied(reader.take(Uint32Array.BYTES_PER_ELEMENT * WORDS * count))),
    shorts: new Uint16Array(copied(reader.take(Uint16Array.BYTES_PER_ELEMENT * SHORTS * count))),
  };
  const cids = new Uint8Array(copied(reader.take(cidBytes * count)));
  const left = reader.take(pieceBytes);
  const texts = decodeUtf8(reader.take(textBytes)).split(BETWEEN);
  reader.end();
  if (!numbers.longs.every(Number.isSafeInteger)) throw new DecodeError('bad_number', 'a number that is not whole');
  if (texts.length !== TEXTS * count + 1) throw new DecodeError('bad_length', `not ${TEXTS * count} texts`);
  const pieces = new Uint8Array(copied(left));
  left.fill(0);
  const read = columns(numbers);
  const starts = new Uint32Array(count);
  try {
    return { ...read, peers: peersOf(read, pieces, starts, texts), cids, cidBytes, pieces, starts };
  } catch (error) {
    pieces.fill(0);
    throw error;
  }
}

/** Who is at the other ends; fills in where the keys of each begin. */
function peersOf(
  read: Columns,
  pieces: Uint8Array,
  starts: Uint32Array,
  texts: readonly string[],
): (Peer | undefined)[] {
  const { listener, marks, piece, port, sequence, suite } = read;
  const count = starts.length;
  const peers = new Array<Peer | undefined>(count);
  let [id, heard, keyBytes]: [number, number, number] = [-1, -1, 0];
  let [known, prefix]: [Suite | undefined, string] = [undefined, ''];
  let [keys, text] = [0, 0];
  for (let index = 0; index < count; index += 1) {
    const mark = marks[index] as number;
    const length = piece[index] as number;
    // Nearly all are of one suite and one listener.
    if (id !== suite[index]) {
      id = suite[index] as number;
      known = suiteOf(id);
      keyBytes = known === undefined ? 0 : keyBlockLength(known);
    }
    if (heard !== listener[index]) {
      heard = listener[index] as number;
      prefix = secureKey(heard, '');
    }
    if (known !== undefined && length !== keyBytes + (mark >> Mark.CID_LENGTH))
      throw new DecodeError('bad_length', 'keys of another length');
    starts[index] = keys;
    keys += length;
    const kind = KINDS[mark & Mark.KIND];
    const next = sequence[index] as number;
    if (known !== undefined && kind !== undefined && next >= 0 && next <= LAST_TO_JUMP) {
      const key = texts[text] as string;
      if (!key.startsWith(prefix)) throw new DecodeError('bad_key', 'a key of another listener');
      const identity = identityOf(kind, key.slice(prefix.length), texts[text + 1] as string, texts[text + 2] as string);
      peers[index] = peerOfKey(key, heard, identity, texts[text + 3] as string, port[index] as number);
    }
    text += TEXTS;
  }
  if (keys !== pieces.length) throw new DecodeError('bad_length', `${pieces.length} bytes of keys, and not ${keys}`);
  return peers;
}

/** Without a name of its own its endpoint is one. */
function identityOf(kind: IdentityKind, endpoint: string, own: string, certificates: string): PeerIdentity {
  const name = own === '' ? endpoint : own;
  return certificates === '' ? { kind, name, endpoint } : { kind, name, endpoint, certificates };
}

/** Whether a peer proved who it is, and its texts can be told apart from the others. */
function isSayable({ identity, key }: Peer): boolean {
  return identity !== undefined && !key.includes(BETWEEN) && !identity.name.includes(BETWEEN);
}

/** Whole milliseconds. */
function span(from: Instant, to: Instant): number {
  return Math.max(Math.floor(to - from), 0);
}

/** Numbers by how wide they are. */
interface Numbers {
  readonly longs: Float64Array;
  readonly words: Uint32Array;
  readonly shorts: Uint16Array;
}

function room(count: number): Numbers {
  return {
    longs: new Float64Array(LONGS * count),
    words: new Uint32Array(WORDS * count),
    shorts: new Uint16Array(SHORTS * count),
  };
}

function columns({ longs, shorts, words }: Numbers): Columns {
  const count = words.length / WORDS;
  const long = (column: number): Float64Array => longs.subarray(column * count, (column + 1) * count);
  const word = (column: number): Uint32Array => words.subarray(column * count, (column + 1) * count);
  const short = (column: number): Uint16Array => shorts.subarray(column * count, (column + 1) * count);
  return {
    ...{ sequence: long(0), newest: long(1), age: long(2), silence: long(3) },
    ...{ recent: word(0), older: word(1) },
    ...{ listener: short(0), port: short(1), suite: short(2), content: short(3), piece: short(4), marks: short(5) },
  };
}

/** The same bytes in memory of their own, where numbers of every width may stand. */
function copied(bytes: Uint8Array): ArrayBuffer {
  const copy = new Uint8Array(bytes.length);
  copy.set(bytes);
  return copy.buffer;
}

function bytesOf({ buffer, byteLength, byteOffset }: ArrayBufferView): Uint8Array {
  return new Uint8Array(buffer, byteOffset, byteLength);
}

/** Twice the memory for keys; they are wiped where they stood. */
function enlarged(pieces: Uint8Array<ArrayBuffer>): Uint8Array<ArrayBuffer> {
  const larger = new Uint8Array(2 * pieces.length + LONGEST_PIECE);
  larger.set(pieces);
  pieces.fill(0);
  return larger;
}

const KINDS: readonly IdentityKind[] = ['psk', 'rpk', 'x509'];
/** Version of the form of the bytes. */
const VERSION = 2;
/** What stands behind each text; there is no such character in a name. */
const BETWEEN = '\n';
const HEAD_BYTES = 20;
/** From a higher number on there may be none left after the jump. */
const LAST_TO_JUMP = LAST_SEQUENCE - MOST_JUMP;
/** Columns of numbers of 8, of 4 and of 2 bytes, and of texts. */
const [LONGS, WORDS, SHORTS, TEXTS] = [4, 2, 6, 4];
/** What the keys of most associations take. */
const USUAL_PIECE = 48;
