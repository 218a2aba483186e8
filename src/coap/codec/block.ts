/** Block1 and Block2 values (RFC 7959 §2.2): a number, whether more follow, and the size as an exponent. */

import { decodeUint, encodeUint, type Option } from './options.js';

/** One block of a body: block `num` of size 2^(szx+4). */
export interface Block {
  readonly num: number;
  readonly more: boolean;
  readonly szx: number;
}

/** Largest block number: 20 bits. */
export const MAX_BLOCK_NUM = 0xf_ffff;

/** Reads a value; undefined when it is longer than three bytes or uses the reserved size 7. */
export function decodeBlock(value: Uint8Array): Block | undefined {
  const bits = value.length > 3 ? undefined : decodeUint(value);
  if (bits === undefined || (bits & 7) === 7) return undefined;
  return { num: bits >> 4, more: (bits & 8) !== 0, szx: bits & 7 };
}

/** Writes a value in as few bytes as it needs. */
export function encodeBlock(block: Block): Uint8Array {
  return encodeUint((block.num << 4) | (block.more ? 8 : 0) | block.szx);
}

/** A Block1 or Block2 option. */
export function blockOption(number: number, block: Block): Option {
  return { number, value: encodeBlock(block) };
}

/** Bytes of a block: 16 to 1024. */
export function blockSize(szx: number): number {
  return 1 << (szx + 4);
}

/** The exponent of the largest block size that is at most `size` (16 at least). */
export function szxFor(size: number): number {
  let szx = 0;
  while (szx < 6 && blockSize(szx + 1) <= size) szx += 1;
  return szx;
}
