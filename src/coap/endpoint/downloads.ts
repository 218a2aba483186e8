/**
 * Bodies of answers of ours that go out in blocks (RFC 7959 §2.4, server): kept per (peer, request) while the other side
 * fetches them, in any order. A body in memory is served at once; of a streamed body only the wanted piece is asked for,
 * passed on and forgotten.
 */

import { ChurnMap, Instant, Permit } from '#base';
import { blockOption, blockSize, bytesOption, MAX_BLOCK_NUM, OptionNumber, uintOption } from '#coap/codec';
import type { Block, Message, Option } from '#coap/codec';
import type { Core } from './core.js';
import { isStreamed } from './events.js';
import type { StreamedBody } from './events.js';
import type { Timed } from './lane.js';
import type { PeerState } from './peers.js';
import { bodyKey, transferKey } from './transfer-key.js';

/** Takes one block of a body; exactly one of these is called for each `serve`. */
export interface BlockSink {
  /** `options` are those of the answer with Block2, ETag and Size2 where they belong. */
  block(now: Instant, download: Download, options: readonly Option[], piece: Uint8Array): void;
  /** There is no such block. */
  beyondEnd(now: Instant): void;
  /** The owner of the body could not give the piece. */
  bodyFailed(now: Instant): void;
}

interface Want {
  readonly block: Block;
  readonly offset: number;
  readonly length: number;
  readonly sink: BlockSink;
  readonly until: Instant;
}

/** What a body is kept under and sent with. */
export interface DownloadParts {
  readonly key: string;
  /** Tells FETCH bodies apart. */
  readonly bodyKey: string;
  readonly code: number;
  readonly options: readonly Option[];
  readonly payload: Uint8Array | StreamedBody;
}

/** A body on its way out. */
export class Download implements Timed {
  readonly state: PeerState;
  readonly parts: DownloadParts;
  readonly size: number;
  /** The options of each block: those of the answer and an ETag. */
  readonly options: readonly Option[];
  usedAt: Instant;
  /** Pieces asked for and not yet given. */
  wants: Want[] = [];
  readonly #due: (now: Instant, download: Download) => void;

  constructor(now: Instant, state: PeerState, parts: DownloadParts, due: (now: Instant, download: Download) => void) {
    this.state = state;
    this.parts = parts;
    this.size = isStreamed(parts.payload) ? parts.payload.size : parts.payload.length;
    this.options = tagged(parts);
    this.usedAt = now;
    this.#due = due;
  }

  due(now: Instant): void {
    this.#due(now, this);
  }
}

/** All bodies on their way out, as a server. */
export class Downloads {
  readonly #core: Core;
  readonly #bytes: Permit;
  /** Least recently used first. */
  readonly #all = new Set<Download>();
  readonly #byPeer = new ChurnMap<PeerState, Download[]>();
  readonly #byBody = new ChurnMap<number, Download>();
  readonly #due = (now: Instant, download: Download): void => {
    const late = download.wants.filter((want) => want.until <= now);
    if (late.length > 0) this.#fail(now, download);
    else if (this.#deadline(download) > now) this.#arm(download);
    else {
      this.#core.counters.downloads_expired += 1;
      this.#drop(download);
    }
  };

  constructor(core: Core) {
    this.#core = core;
    this.#bytes = new Permit(core.parameters.downloadBytesTotal);
  }

  get size(): number {
    return this.#all.size;
  }

  /** Streamed bodies in use. */
  get bodies(): number {
    return this.#byBody.size;
  }

  /** Bytes of bodies in memory. */
  get bytes(): number {
    return this.#bytes.taken;
  }

  /**
   * Keeps a body for a peer, in place of an earlier one of the same key unless a block of that is awaited. Undefined when a body in memory finds no room;
   * then it is the caller's to refuse.
   */
  open(now: Instant, state: PeerState, parts: DownloadParts): Download | undefined {
    const earlier = this.#byPeer.get(state)?.findLast((one) => isSame(one.parts, parts.key, parts.bodyKey));
    if (earlier?.wants.length === 0) this.#drop(earlier);
    if (state.downloads >= this.#core.parameters.downloadsPerPeer) this.#dropOldestOf(now, state);
    const download = new Download(now, state, parts, this.#due);
    if (isStreamed(parts.payload)) this.#byBody.set(parts.payload.id, download);
    else if (!this.#makeRoom(download.size)) {
      this.#core.counters.downloads_refused += 1;
      return undefined;
    }
    this.#all.add(download);
    const list = this.#byPeer.get(state);
    if (list === undefined) this.#byPeer.set(state, [download]);
    else list.push(download);
    state.downloads += 1;
    this.#arm(download);
    return download;
  }

  /** The body a request for a later block belongs to. A FETCH without body continues the latest of its key. */
  find(state: PeerState, message: Message): Download | undefined {
    const list = this.#byPeer.get(state);
    if (list === undefined) return undefined;
    const key = transferKey(message);
    const body = bodyKey(message.code, message.payload);
    const exact = list.findLast((one) => isSame(one.parts, key, body));
    return exact ?? (body === '' ? list.findLast((one) => one.parts.key === key) : undefined);
  }

  /** Gives block `num` of size 2^(szx+4) to `sink`, now or once the owner has fed it. */
  serve(now: Instant, download: Download, num: number, szx: number, sink: BlockSink): void {
    const size = blockSize(szx);
    const offset = num * size;
    if (num > MAX_BLOCK_NUM || (offset >= download.size && num > 0)) {
      sink.beyondEnd(now);
      return;
    }
    const length = Math.min(size, download.size - offset);
    const block = { num, more: offset + length < download.size, szx };
    this.#touch(now, download);
    const { payload } = download.parts;
    if (!isStreamed(payload)) {
      this.#give(now, download, block, payload.subarray(offset, offset + length), sink);
    } else if (length === 0) {
      this.#give(now, download, block, new Uint8Array(0), sink);
    } else {
      download.wants.push({ block, offset, length, sink, until: Instant(now + this.#core.parameters.bodyWait) });
      this.#arm(download);
      this.#core.emit({ type: 'bodyWanted', body: payload.id, offset, length });
    }
  }

  /** The owner of a streamed body hands in a piece. Whether an answer wanted it. */
  feed(now: Instant, body: number, offset: number, bytes: Uint8Array): boolean {
    const download = this.#byBody.get(body);
    if (download === undefined) return false;
    const wanted = download.wants.filter((want) => want.offset === offset);
    if (wanted.some((want) => want.length > bytes.length)) {
      this.#fail(now, download);
      return true;
    }
    download.wants = download.wants.filter((want) => want.offset !== offset);
    this.#touch(now, download);
    for (const want of wanted) this.#give(now, download, want.block, bytes.subarray(0, want.length), want.sink);
    return true;
  }

  /** The owner of a streamed body cannot go on. Whether an answer used it. */
  failBody(now: Instant, body: number): boolean {
    const download = this.#byBody.get(body);
    if (download !== undefined) this.#fail(now, download);
    return download !== undefined;
  }

  /** Releases what is kept for a peer. */
  dropPeer(now: Instant, state: PeerState): void {
    for (const download of [...(this.#byPeer.get(state) ?? [])]) this.#fail(now, download);
  }

  #give(now: Instant, download: Download, block: Block, piece: Uint8Array, sink: BlockSink): void {
    const blocks = [...download.options, blockOption(OptionNumber.BLOCK2, block)];
    if (block.num === 0) blocks.push(uintOption(OptionNumber.SIZE2, download.size));
    sink.block(now, download, blocks, piece);
  }

  #touch(now: Instant, download: Download): void {
    download.usedAt = now;
    this.#all.delete(download);
    this.#all.add(download);
    this.#arm(download);
  }

  /** The owner failed: every answer that waits fails, and the body is released. */
  #fail(now: Instant, download: Download): void {
    const { wants } = download;
    download.wants = [];
    this.#drop(download);
    for (const want of wants) want.sink.bodyFailed(now);
  }

  #makeRoom(size: number): boolean {
    for (const download of this.#all) {
      if (this.#bytes.taken + size <= this.#bytes.limit) break;
      if (isStreamed(download.parts.payload)) continue;
      this.#core.counters.downloads_dropped += 1;
      this.#drop(download);
    }
    return this.#bytes.take(size);
  }

  #dropOldestOf(now: Instant, state: PeerState): void {
    const list = this.#byPeer.get(state) ?? [];
    const idle = list.filter((one) => one.wants.length === 0);
    const oldest = (idle.length > 0 ? idle : list).reduce((one, other) => (other.usedAt < one.usedAt ? other : one));
    this.#core.counters.downloads_dropped += 1;
    this.#fail(now, oldest);
  }

  #drop(download: Download): void {
    if (!this.#all.delete(download)) return;
    const { state, parts } = download;
    const list = this.#byPeer.get(state) ?? [];
    list.splice(list.indexOf(download), 1);
    if (list.length === 0) this.#byPeer.delete(state);
    this.#core.timers.clear(download);
    if (isStreamed(parts.payload)) {
      this.#byBody.delete(parts.payload.id);
      this.#core.emit({ type: 'bodyDone', body: parts.payload.id });
    } else this.#bytes.give(download.size);
    state.downloads -= 1;
    this.#core.peers.release(state);
  }

  #arm(download: Download): void {
    this.#core.timers.set(download, this.#deadline(download));
  }

  #deadline(download: Download): Instant {
    let earliest = download.usedAt + this.#core.parameters.downloadIdle;
    for (const want of download.wants) earliest = Math.min(earliest, want.until);
    return Instant(earliest);
  }
}

function isSame(parts: DownloadParts, key: string, body: string): boolean {
  return parts.key === key && parts.bodyKey === body;
}

/** The options with an ETag: a body in blocks must be told from its successor (RFC 7959 §2.4). */
function tagged(parts: DownloadParts): readonly Option[] {
  const { options, payload } = parts;
  if (options.some((option) => option.number === OptionNumber.ETAG)) return options;
  const etag = isStreamed(payload) ? (payload.etag ?? streamTag(payload)) : contentTag(payload);
  return [...options, bytesOption(OptionNumber.ETAG, etag)];
}

function streamTag(body: StreamedBody): Uint8Array {
  const tag = Buffer.alloc(8);
  tag.writeUInt32BE(body.id % 2 ** 32, 0);
  tag.writeUInt32BE(body.size % 2 ** 32, 4);
  return tag;
}

/** 32-bit FNV-1a: equal content keeps its tag when it is rebuilt. */
function contentTag(bytes: Uint8Array): Uint8Array {
  let hash = 0x811c9dc5;
  for (const byte of bytes) hash = Math.imul(hash ^ byte, 0x01000193);
  const tag = Buffer.alloc(4);
  tag.writeInt32BE(hash | 0, 0);
  return tag;
}
