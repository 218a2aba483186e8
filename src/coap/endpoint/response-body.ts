/**
 * A response to us that comes in blocks (RFC 7959 §2.4, client): joins them, notices a change of the representation by its
 * ETag and starts over, follows a smaller block size at any time.
 */

import { bytesEqual } from '#base';
import type { Permit } from '#base';
import { blockSize, decodeBlock, OptionNumber } from '#coap/codec';
import type { Block, Message } from '#coap/codec';
import { BodyBuffer } from './body-buffer.js';

/** What follows from a block: the body is whole, ask for `next`, or the transfer ends. */
export type BodyVerdict = 'complete' | 'next' | 'restart' | 'bad' | 'too_large';

/** Joins the blocks of one response. */
export class ResponseBody {
  readonly #buffer: BodyBuffer;
  readonly #limit: number;
  #first: Message;
  #szx: number;
  #restarts: number;

  /** `first` is the message with the first block; `limit` the largest body in bytes. */
  constructor(first: Message, szx: number, permit: Permit, limit: number, restarts: number) {
    this.#first = first;
    this.#szx = szx;
    this.#buffer = new BodyBuffer(permit, limit);
    this.#limit = limit;
    this.#restarts = restarts;
  }

  /** The message with the first block. */
  get first(): Message {
    return this.#first;
  }

  /** The Block2 value to ask with for what comes next. */
  get next(): Block {
    return { num: this.#buffer.length / blockSize(this.#szx), more: false, szx: this.#szx };
  }

  /** Whether a message answers for a block taken in earlier: a late duplicate. */
  isStale(message: Message): boolean {
    const block = blockOf(message, OptionNumber.BLOCK2);
    if (block === undefined || !sameTag(this.#first, message)) return false;
    return block.num * blockSize(block.szx) < this.#buffer.length;
  }

  /** Takes in the block of a message. */
  accept(message: Message): BodyVerdict {
    const block = blockOf(message, OptionNumber.BLOCK2);
    if (block === undefined) return 'bad';
    const started = this.#buffer.length > 0;
    if (!started) this.#first = message;
    if (started && !sameTag(this.#first, message)) return this.#restart(message, block);
    const offset = block.num * blockSize(block.szx);
    if (offset > this.#buffer.length || (started && block.szx > this.#szx)) return 'bad';
    const payload = message.payload;
    const size = blockSize(block.szx);
    if (block.more ? payload.length !== size : payload.length > size) return 'bad';
    if ((message.uint(OptionNumber.SIZE2) ?? 0) > this.#limit) return 'too_large';
    const added = this.#buffer.append(payload);
    if (added !== 'added') return 'too_large';
    this.#szx = block.szx;
    return block.more ? 'next' : 'complete';
  }

  /** The whole body. */
  take(): Uint8Array {
    return this.#buffer.take();
  }

  /** Gives the memory back. */
  release(): void {
    this.#buffer.release();
  }

  /** The representation changed: with its first block at hand go on from it, else ask for it (RFC 7959 §2.4). */
  #restart(message: Message, block: Block): BodyVerdict {
    if (this.#restarts === 0) return 'bad';
    this.#restarts -= 1;
    this.#buffer.release();
    return block.num === 0 ? this.accept(message) : 'restart';
  }
}

/** The value of Block1 or Block2 of a message; undefined when absent or malformed. */
export function blockOf(message: Message, option: number): Block | undefined {
  const value = message.first(option);
  return value === undefined ? undefined : decodeBlock(value);
}

function sameTag(one: Message, other: Message): boolean {
  const left = one.first(OptionNumber.ETAG);
  const right = other.first(OptionNumber.ETAG);
  if (left === undefined || right === undefined) return left === right;
  return bytesEqual(left, right);
}
