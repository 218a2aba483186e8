/**
 * The body of a request of ours on its way out in blocks (RFC 7959 §2.5, client): which bytes are next, and what an answer
 * to a block means. Holds no more of a streamed body than its size.
 */

import { blockSize, decodeBlock, isSuccess, Code, MAX_BLOCK_NUM, OptionNumber, szxFor } from '#coap/codec';
import type { Block, Message } from '#coap/codec';
import { isStreamed } from './events.js';
import type { StreamedBody } from './events.js';

/** What follows from an answer to a block: go on with `next`, begin again, or it is the response to the request. */
export type BlockVerdict = 'next' | 'restart' | 'final' | 'bad';

/** A request's body and how much of it was accepted. */
export class RequestBody {
  readonly payload: Uint8Array | StreamedBody;
  readonly size: number;
  /** Offset of the block in flight or next to go. */
  offset = 0;
  #szx: number;
  #restarts: number;
  /** Whether the whole goes without a Block1 option. */
  #whole: boolean;

  /** `largest` is the largest block in bytes; `restarts` how often the transfer may begin again. */
  constructor(payload: Uint8Array | StreamedBody, largest: number, restarts: number) {
    this.payload = payload;
    this.size = isStreamed(payload) ? payload.size : payload.length;
    this.#szx = szxFor(largest);
    this.#whole = this.size <= largest;
    this.#restarts = restarts;
  }

  /** Length of the block at `offset`. */
  get length(): number {
    return this.#whole ? this.size : Math.min(blockSize(this.#szx), this.size - this.offset);
  }

  /** Whether the block at `offset` is the last. */
  get last(): boolean {
    return this.offset + this.length >= this.size;
  }

  /** Whether anything was accepted and the end not reached. */
  get underway(): boolean {
    return this.offset > 0 && this.offset < this.size;
  }

  /** Whether block numbers of the present size reach the end: there are 2^20 of them. */
  get reachesEnd(): boolean {
    return this.#whole || this.size <= blockSize(this.#szx) * (MAX_BLOCK_NUM + 1);
  }

  /** Value of Block1 for the block at `offset`; undefined when the body goes whole. */
  get block(): Block | undefined {
    if (this.#whole) return undefined;
    return { num: this.offset / blockSize(this.#szx), more: !this.last, szx: this.#szx };
  }

  /** Whether a message answers for a block sent earlier: a late duplicate. Numbers only grow, as sizes only shrink. */
  isStale(answer: Message): boolean {
    const value = answer.first(OptionNumber.BLOCK1);
    const num = value === undefined ? undefined : decodeBlock(value)?.num;
    return num !== undefined && num < (this.block?.num ?? 0);
  }

  /** Judges the answer to the block at `offset` and moves on, or back. */
  judge(answer: Message): BlockVerdict {
    const value = answer.first(OptionNumber.BLOCK1);
    const block = value === undefined ? undefined : decodeBlock(value);
    if (answer.code === Code.REQUEST_ENTITY_TOO_LARGE) return this.#shrink(block);
    if (this.#whole) return answer.code === Code.CONTINUE ? 'bad' : 'final';
    if (answer.code === Code.REQUEST_ENTITY_INCOMPLETE) return this.#restart();
    if (!isSuccess(answer.code)) return 'final';
    if (this.last) return answer.code === Code.CONTINUE ? 'bad' : 'final';
    // A 2.31 can only mean the block just sent; some servers leave the option out of it.
    if (block === undefined ? answer.code !== Code.CONTINUE : block.num !== this.block?.num) return 'bad';
    this.offset += this.length;
    if (block !== undefined) this.#szx = Math.min(this.#szx, block.szx);
    return 'next';
  }

  /** Begins again from the first block, as after a challenge (RFC 9175 §2.3). */
  rewind(): void {
    this.offset = 0;
  }

  /** 4.13 with a smaller size asks for smaller blocks (RFC 7959 §2.9.3). */
  #shrink(block: Block | undefined): BlockVerdict {
    if (block === undefined) return 'final';
    const smaller = this.#whole ? blockSize(block.szx) < this.size : block.szx < this.#szx;
    if (!smaller) return 'final';
    this.#szx = Math.min(this.#szx, block.szx);
    this.#whole = false;
    this.offset = 0;
    return 'restart';
  }

  /** 4.08: an earlier block is missing over there (RFC 7959 §2.9.2). */
  #restart(): BlockVerdict {
    if (this.#restarts === 0 || this.offset === 0) return 'final';
    this.#restarts -= 1;
    this.offset = 0;
    return 'restart';
  }
}
