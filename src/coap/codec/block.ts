/**
 * Block1 and Block2 values (RFC 7959 §2.2): `num` (4, 12 or 20 bits), one bit for more to come, and the size as an exponent
 * (3 bits), in as few bytes as that takes. Block 0 of 16 bytes with nothing behind it is no byte at all.
 */

import { invariant } from '#base';

import { decodeUint, encodeUint, type Option } from './options.js';

/** One block of a body: bytes from `num` times the block size on; the size is 2^(szx+4), szx 0 to 6. */
export interface Block {
  readonly num: number;
  readonly more: boolean;
  readonly szx: number;
}

/** Largest block number: 20 bits. */
export const MAX_BLOCK_NUM = 0xf_ffff;

/** Reads a value; undefined when it is longer than three bytes or has the size exponent 7, which is for TCP. */
export function decodeBlock(value: Uint8Array): Block | undefined {
  const bits = value.length > 3 ? undefined : decodeUint(value);
  if (bits === undefined || (bits & 7) === 7) return undefined;
  return { num: bits >> 4, more: (bits & 8) !== 0, szx: bits & 7 };
}

/** Writes a value in as few bytes as it needs. Numbers that do not fit throw InvariantError. */
export function encodeBlock({ num, more, szx }: Block): Uint8Array {
  invariant(Number.isInteger(num) && num >= 0 && num <= MAX_BLOCK_NUM, 'a block number has 20 bits');
  invariant(Number.isInteger(szx) && szx >= 0 && szx <= MAX_SZX, 'a block size exponent is 0 to 6');
  return encodeUint((num << 4) | (more ? 8 : 0) | szx);
}

/** A Block1 or Block2 option. */
export function blockOption(number: number, block: Block): Option {
  return { number, value: encodeBlock(block) };
}

/** Bytes of a block: 16 for 0 to 1024 for 6. */
export function blockSize(szx: number): number {
  return 1 << (szx + 4);
}

/** The exponent of the largest block size that is at most `size` bytes; 0 (16 bytes) for all below that. */
export function szxFor(size: number): number {
  let szx = 0;
  while (szx < MAX_SZX && blockSize(szx + 1) <= size) szx += 1;
  return szx;
}

const MAX_SZX = 6;
