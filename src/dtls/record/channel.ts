/**
 * The records of one association in both directions. There is no renegotiation here, so there are two epochs and no more:
 * 0, unprotected, for the handshake, and 1, protected by the keys it made. The nonce of a record is its epoch and sequence
 * number and nothing else, and sequence numbers never go back (RFC 6347 §4.1, RFC 5288 §3, RFC 6655 §3, RFC 9146 §4-5).
 */

import { EMPTY, invariant } from '#base';

import { ContentType, DTLS_1_2, MAX_PLAINTEXT, writeRecordHeader, type RecordView } from '../codec/index.js';
import { keyBlockLength, type CryptoProvider, type Suite } from '../crypto/index.js';
import { Pages } from './pages.js';
import { ReplayWindow, type WindowState } from './replay-window.js';

/** Which side of the association we are. */
export type Role = 'client' | 'server';

/** Keys of both directions in one piece, in the order of the key block: keys and IVs of client and server (RFC 5246 §6.3). */
export type KeyBlock = Uint8Array;

/** Why a protected record was not taken; a metric label. */
export type RecordRefusal = 'record_replayed' | 'record_not_genuine' | 'record_without_type';

/** How a record goes out. */
export type Protection = 'plain' | 'sealed';

/** The epoch 1 of a channel, to go on with it. */
export interface ChannelState {
  readonly suite: Suite;
  /** Where the keys stand, and behind them the Connection ID that the peer wants to see. */
  readonly page: Uint8Array;
  readonly at: number;
  /** Length of that Connection ID; 0 for none. */
  readonly cidLength: number;
  /** Number of the next record to send. */
  readonly sequence: number;
  readonly window: WindowState;
}

/** The records of one association. */
export class Channel {
  /** Records we sent in epoch 0; the answer to a hello begins with the number of the hello's record. */
  plainSequence = 0;
  readonly #role: Role;
  readonly #provider: CryptoProvider;
  #suite: Suite | undefined;
  /** Where the keys stand, and behind them the Connection ID that the peer wants to see. */
  #page: Uint8Array = EMPTY;
  #at = 0;
  #cidLength = 0;
  #sequence = 0;
  #window: ReplayWindow | undefined;

  constructor(role: Role, provider: CryptoProvider) {
    this.#role = role;
    this.#provider = provider;
  }

  /** A channel that goes on where another was left. The keys stay where they are: that place is the channel's from now on. */
  static resume(role: Role, provider: CryptoProvider, state: ChannelState): Channel {
    const channel = new Channel(role, provider);
    channel.#suite = state.suite;
    channel.#page = state.page;
    channel.#at = state.at;
    channel.#cidLength = state.cidLength;
    channel.#window = new ReplayWindow();
    channel.#window.resume(state.window);
    channel.#sequence = state.sequence;
    return channel;
  }

  /** Whether another channel can go on where this one is: there are keys, and numbers left. */
  get goesOn(): boolean {
    return this.#page.length > 0 && !this.exhausted;
  }

  /**
   * Gives what another channel needs to go on where this one is, and forgets the keys, which are in `page` at `at` then;
   * there has to be room for LONGEST_PIECE. Only for one that goes on.
   */
  leave(page: Uint8Array, at: number): ChannelState {
    const [suite, window] = [this.#suite as Suite, this.#window as ReplayWindow];
    const cidLength = this.#cidLength;
    page.set(this.#page.subarray(this.#at, this.#at + keyBlockLength(suite) + cidLength), at);
    this.wipe();
    return { suite, page, at, cidLength, sequence: this.#sequence, window: window.state() };
  }

  /** The suite of epoch 1, once there are keys. */
  get suite(): Suite | undefined {
    return this.#suite;
  }

  /** Highest sequence number of epoch 1 that was received; −1 before the first. */
  get newest(): number {
    return this.#window?.newest ?? -1;
  }

  /** Whether no more records can be sent: the association has to end (RFC 6347 §4.1). */
  get exhausted(): boolean {
    return this.#sequence > LAST_SEQUENCE;
  }

  /** From now on there is an epoch 1. `peerCid`: empty for none. The keys are taken over, and wiped where they stood. */
  protect(suite: Suite, keys: KeyBlock, peerCid: Uint8Array): void {
    this.wipe();
    const { page, at } = PAGES.take(keys.length + peerCid.length);
    page.set(keys, at);
    page.set(peerCid, at + keys.length);
    keys.fill(0);
    this.#suite = suite;
    this.#page = page;
    this.#at = at;
    this.#cidLength = peerCid.length;
    this.#window = new ReplayWindow();
    this.#sequence = 0;
  }

  /** Bytes that a record has beside its content. */
  overhead(protection: Protection): number {
    if (protection === 'plain') return HEADER;
    const suite = this.#suite as Suite;
    const cid = this.#cidLength;
    return HEADER + EXPLICIT_NONCE + suite.tagLength + (cid === 0 ? 0 : cid + 1);
  }

  /** Writes an unprotected record at `at`; returns the offset behind it. */
  writePlain(out: Uint8Array, at: number, type: number, content: Uint8Array): number {
    const start = writeRecordHeader(out, at, type, 0, this.plainSequence, EMPTY, content.length);
    this.plainSequence += 1;
    out.set(content, start);
    return start + content.length;
  }

  /** Writes a protected record at `at`; returns the offset behind it. `content` may lie in `out` at its own place. */
  writeSealed(out: Uint8Array, at: number, type: number, content: Uint8Array): number {
    const suite = this.#suite as Suite;
    invariant(this.#page.length > 0, 'a record is sealed with keys that are there');
    const sequence = this.#sequence;
    this.#sequence += 1;
    const cid = this.#peerCid;
    const inner = cid.length === 0 ? content : withType(content, type);
    const sealed = EXPLICIT_NONCE + inner.length + suite.tagLength;
    const outer = cid.length === 0 ? type : ContentType.CID;
    const start = writeRecordHeader(out, at, outer, EPOCH, sequence, cid, sealed);
    const sent = this.#role === 'client' ? 0 : 1;
    const nonce = this.#nonce(sent);
    writeNumber(nonce, IV, sequence);
    out.set(EXPLICIT_OF_NONCE, start);
    const aad =
      cid.length === 0 ? plainAad(sequence, type, inner.length) : cidAad(sequence, cid, 0, cid.length, inner.length);
    return this.#provider.seal(suite.aead, this.#key(sent), nonce, aad, inner, out, start + EXPLICIT_NONCE);
  }

  /** A datagram with one protected record. */
  seal(type: number, content: Uint8Array): Uint8Array {
    const out = Buffer.allocUnsafe(this.overhead('sealed') + content.length);
    this.writeSealed(out, 0, type, content);
    return out;
  }

  /**
   * Opens a record of epoch 1. Gives its content, and in `view.type` the type it truly has; or why it was not taken. Only a
   * genuine record moves the window.
   */
  open(datagram: Uint8Array, view: RecordView): Uint8Array | RecordRefusal {
    const { suite, window } = { suite: this.#suite as Suite, window: this.#window as ReplayWindow };
    if (this.#page.length === 0) return 'record_not_genuine';
    if (!window.accepts(view.sequence)) return 'record_replayed';
    // What is authenticated is the version that was agreed on, so no other may stand in the header.
    if (view.version !== DTLS_1_2) return 'record_not_genuine';
    const length = view.end - view.start - EXPLICIT_NONCE - suite.tagLength;
    if (length < 0 || length > MAX_PLAINTEXT + 1) return 'record_not_genuine';
    const received = this.#role === 'client' ? 1 : 0;
    const nonce = this.#nonce(received);
    for (let index = 0; index < EXPLICIT_NONCE; index += 1) nonce[IV + index] = datagram[view.start + index] as number;
    const aad =
      view.type === ContentType.CID
        ? cidAad(view.sequence, datagram, view.cid, view.cidLength, length)
        : plainAad(view.sequence, view.type, length);
    const sealed = datagram.subarray(view.start + EXPLICIT_NONCE, view.end);
    const content = this.#provider.open(suite.aead, this.#key(received), nonce, aad, sealed);
    if (content === undefined) return 'record_not_genuine';
    window.mark(view.sequence);
    return view.type === ContentType.CID ? strip(content, view) : content;
  }

  /** Forgets the keys as far as that is possible; no protected record goes in or out any more. */
  wipe(): void {
    if (this.#page.length === 0) return;
    const length = keyBlockLength(this.#suite as Suite) + this.#cidLength;
    this.#page.fill(0, this.#at, this.#at + length);
    PAGES.give({ page: this.#page, at: this.#at }, length);
    // The next who holds the piece has keys there: whoever used them here as well would seal with the keys of another.
    this.#page = EMPTY;
    this.#at = 0;
  }

  /** Connection ID the peer wants to see; empty for none. */
  get #peerCid(): Uint8Array {
    if (this.#cidLength === 0) return EMPTY;
    const start = this.#at + keyBlockLength(this.#suite as Suite);
    return this.#page.subarray(start, start + this.#cidLength);
  }

  /** Key of the client's (0) or the server's (1) direction, in memory that the next call uses again. */
  #key(side: 0 | 1): Uint8Array {
    const length = (this.#suite as Suite).keyLength;
    const key = length === 16 ? KEY_16 : KEY_32;
    const start = this.#at + side * length;
    for (let index = 0; index < length; index += 1) key[index] = this.#page[start + index] as number;
    return key;
  }

  /** A nonce that begins with the IV of that direction. */
  #nonce(side: 0 | 1): Uint8Array {
    const start = this.#at + 2 * (this.#suite as Suite).keyLength + side * IV;
    for (let index = 0; index < IV; index += 1) NONCE[index] = this.#page[start + index] as number;
    return NONCE;
  }
}

/** Content, type, no padding (RFC 9146 §4). */
function withType(content: Uint8Array, type: number): Uint8Array {
  const inner = Buffer.allocUnsafe(content.length + 1);
  inner.set(content, 0);
  inner[content.length] = type;
  return inner;
}

/** Takes padding and type off the end. */
function strip(inner: Uint8Array, view: RecordView): Uint8Array | 'record_without_type' {
  let end = inner.length - 1;
  while (end >= 0 && inner[end] === 0) end -= 1;
  if (end < 0) return 'record_without_type';
  view.type = inner[end] as number;
  return inner.subarray(0, end);
}

/** RFC 5246 §6.2.3.3 with epoch and sequence number in one (RFC 6347 §4.1.2.1). */
function plainAad(sequence: number, type: number, length: number): Uint8Array {
  writeNumber(PLAIN_AAD, 0, sequence);
  PLAIN_AAD[8] = type;
  PLAIN_AAD[11] = length >> 8;
  PLAIN_AAD[12] = length;
  return PLAIN_AAD;
}

/** RFC 9146 §5.3. */
function cidAad(sequence: number, bytes: Uint8Array, cid: number, cidLength: number, length: number): Uint8Array {
  CID_AAD[9] = cidLength;
  writeNumber(CID_AAD, 13, sequence);
  for (let index = 0; index < cidLength; index += 1) CID_AAD[21 + index] = bytes[cid + index] as number;
  CID_AAD[21 + cidLength] = length >> 8;
  CID_AAD[22 + cidLength] = length;
  return CID_AAD.subarray(0, 23 + cidLength);
}

/** Epoch 1 and a sequence number of 48 bits, in 8 bytes. */
function writeNumber(out: Uint8Array, at: number, sequence: number): void {
  const high = Math.floor(sequence / 0x1_0000_0000);
  out[at] = 0;
  out[at + 1] = EPOCH;
  out[at + 2] = high >> 8;
  out[at + 3] = high;
  out[at + 4] = sequence >>> 24;
  out[at + 5] = sequence >>> 16;
  out[at + 6] = sequence >>> 8;
  out[at + 7] = sequence;
}

const HEADER = 13;
const EXPLICIT_NONCE = 8;
const IV = 4;
const EPOCH = 1;
/** The highest sequence number there is (RFC 6347 §4.1). */
export const LAST_SEQUENCE = 2 ** 48 - 1;
/** Most bytes that keys and the peer's Connection ID take. */
export const LONGEST_PIECE = 2 * (32 + IV) + 255;

const PAGES = new Pages();

// Used by one record at a time, within one call: nothing of them is kept.
const KEY_16 = new Uint8Array(16);
const KEY_32 = new Uint8Array(32);
const NONCE = new Uint8Array(IV + EXPLICIT_NONCE);
const EXPLICIT_OF_NONCE = NONCE.subarray(IV);
const PLAIN_AAD = Uint8Array.of(0, EPOCH, 0, 0, 0, 0, 0, 0, 0, 0xfe, 0xfd, 0, 0);
const CID_AAD = new Uint8Array(23 + 255);
CID_AAD.fill(0xff, 0, 8);
CID_AAD[8] = ContentType.CID;
CID_AAD[10] = ContentType.CID;
CID_AAD[11] = 0xfe;
CID_AAD[12] = 0xfd;
