/**
 * Bodies of received requests that come in blocks (RFC 7959 §2.5, server): joined per (peer, request, Request-Tag), under
 * caps in count, bytes and time. A body is acted on once it is whole; what breaks the order is answered 4.08, what is too
 * large 4.13.
 */

import { ChurnMap, EMPTY, Instant } from '#base';
import type { Permit } from '#base';
import { blockOption, blockSize, Code, OptionNumber, szxFor, uintOption } from '#coap/codec';
import type { Block, Message, Option } from '#coap/codec';
import { BodyBuffer } from './body-buffer.js';
import { transferKey } from './transfer-key.js';
import type { Core } from './core.js';
import type { Timed } from './lane.js';
import type { PeerState } from './peers.js';

/** What became of a block: an answer that leaves at once, or the whole body. */
export type UploadOutcome =
  | { readonly kind: 'answer'; readonly code: number; readonly options: readonly Option[] }
  | { readonly kind: 'whole'; readonly first: Message; readonly body: Uint8Array; readonly received: number };

/** A body on its way in. */
class Assembly implements Timed {
  readonly state: PeerState;
  readonly key: string;
  readonly first: Message;
  readonly buffer: BodyBuffer;
  readonly startedAt: Instant;
  usedAt: Instant;
  /** Bytes of all datagrams so far, less a third of the answers to them. */
  received = 0;
  readonly #expire: (now: Instant, assembly: Assembly) => void;

  constructor(
    now: Instant,
    state: PeerState,
    key: string,
    first: Message,
    buffer: BodyBuffer,
    expire: (now: Instant, assembly: Assembly) => void,
  ) {
    this.state = state;
    this.key = key;
    this.first = first;
    this.buffer = buffer;
    this.startedAt = now;
    this.usedAt = now;
    this.#expire = expire;
  }

  due(now: Instant): void {
    this.#expire(now, this);
  }
}

/** All bodies on their way in, as a server. */
export class Uploads {
  readonly #core: Core;
  readonly #buffered: Permit;
  readonly #assemblies = new ChurnMap<PeerState, Assembly[]>();
  #count = 0;
  readonly #expire = (now: Instant, assembly: Assembly): void => {
    const deadline = this.#deadline(assembly);
    if (deadline > now) {
      this.#core.timers.set(assembly, deadline);
      return;
    }
    this.#core.counters.assemblies_expired += 1;
    this.#drop(assembly);
  };

  /** `buffered` counts the bytes of half received bodies. */
  constructor(core: Core, buffered: Permit) {
    this.#core = core;
    this.#buffered = buffered;
  }

  /** Bodies begun and not whole. */
  get size(): number {
    return this.#count;
  }

  /** Takes in a request that carries `block` of its body; `size` is the length of its datagram. */
  receive(now: Instant, state: PeerState, message: Message, block: Block): UploadOutcome {
    const payload = message.payload;
    const size = blockSize(block.szx);
    if (block.more ? payload.length !== size : payload.length > size) return answer(Code.BAD_REQUEST);
    const key = transferKey(message);
    const known = this.#assemblies.get(state)?.find((assembly) => assembly.key === key);
    if (block.num === 0) return this.#start(now, state, key, message, block, known);
    if (known === undefined) return answer(Code.REQUEST_ENTITY_INCOMPLETE);
    known.received += message.bytes.length - (block.more ? CONTINUE_SHARE : 0);
    const offset = block.num * size;
    if (block.more && offset + payload.length === known.buffer.length && known.buffer.endsWith(payload)) {
      return this.#proceed(now, known, block);
    }
    if (offset !== known.buffer.length) return answer(Code.REQUEST_ENTITY_INCOMPLETE);
    return this.#add(now, known, message, block);
  }

  /** Drops what a peer has half sent. */
  dropPeer(state: PeerState): void {
    for (const assembly of [...(this.#assemblies.get(state) ?? [])]) this.#drop(assembly);
  }

  #start(
    now: Instant,
    state: PeerState,
    key: string,
    message: Message,
    block: Block,
    known: Assembly | undefined,
  ): UploadOutcome {
    if (known !== undefined) this.#drop(known);
    const { bodyBytes, assembliesPerPeer } = this.#core.parameters;
    if ((message.uint(OptionNumber.SIZE1) ?? 0) > bodyBytes) return this.#tooLarge();
    if (!block.more) return { kind: 'whole', first: message, body: message.payload, received: message.bytes.length };
    if (state.assemblies >= assembliesPerPeer) {
      this.#core.counters.assemblies_refused += 1;
      return answer(Code.REQUEST_ENTITY_INCOMPLETE);
    }
    const assembly = new Assembly(now, state, key, message, new BodyBuffer(this.#buffered, bodyBytes), this.#expire);
    const list = this.#assemblies.get(state);
    if (list === undefined) this.#assemblies.set(state, [assembly]);
    else list.push(assembly);
    state.assemblies += 1;
    this.#count += 1;
    this.#core.timers.set(assembly, this.#deadline(assembly));
    assembly.received = message.bytes.length - CONTINUE_SHARE;
    return this.#add(now, assembly, message, block);
  }

  #add(now: Instant, assembly: Assembly, message: Message, block: Block): UploadOutcome {
    const added = assembly.buffer.append(message.payload);
    if (added === 'too_large') {
      this.#drop(assembly);
      return this.#tooLarge();
    }
    if (added === 'no_memory') {
      this.#core.counters.assemblies_refused += 1;
      this.#drop(assembly);
      return answer(Code.SERVICE_UNAVAILABLE, [uintOption(OptionNumber.MAX_AGE, RETRY_SECONDS)]);
    }
    if (block.more) return this.#proceed(now, assembly, block);
    const body = assembly.buffer.length === 0 ? EMPTY : assembly.buffer.take();
    this.#drop(assembly);
    return { kind: 'whole', first: assembly.first, body, received: assembly.received };
  }

  /** 2.31, asking for smaller blocks when ours are smaller (RFC 7959 §2.3). */
  #proceed(now: Instant, assembly: Assembly, block: Block): UploadOutcome {
    assembly.usedAt = now;
    const szx = Math.min(block.szx, szxFor(this.#core.parameters.blockSize));
    return answer(Code.CONTINUE, [blockOption(OptionNumber.BLOCK1, { num: block.num, more: true, szx })]);
  }

  #tooLarge(): UploadOutcome {
    this.#core.counters.assemblies_refused += 1;
    const size = uintOption(OptionNumber.SIZE1, this.#core.parameters.bodyBytes);
    return answer(Code.REQUEST_ENTITY_TOO_LARGE, [size]);
  }

  #drop(assembly: Assembly): void {
    const { state } = assembly;
    const list = this.#assemblies.get(state);
    const at = list?.indexOf(assembly) ?? -1;
    if (list === undefined || at < 0) return;
    list.splice(at, 1);
    if (list.length === 0) this.#assemblies.delete(state);
    assembly.buffer.release();
    this.#core.timers.clear(assembly);
    this.#count -= 1;
    state.assemblies -= 1;
    this.#core.peers.release(state);
  }

  #deadline(assembly: Assembly): Instant {
    const { assemblyIdle, assemblyLifetime } = this.#core.parameters;
    return Instant(Math.min(assembly.usedAt + assemblyIdle, assembly.startedAt + assemblyLifetime));
  }
}

function answer(code: number, options: readonly Option[] = []): UploadOutcome {
  return { kind: 'answer', code, options };
}

/** A third of the largest 2.31: header, token of 8 bytes, Block1 of 3 bytes. */
const CONTINUE_SHARE = 6;
/** Max-Age of 5.03 when all buffers are taken. */
const RETRY_SECONDS = 5;
