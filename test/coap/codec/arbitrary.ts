/** Messages at random, for property tests: numbers and lengths lie at the edges of their encodings more often than not. */

import fc from 'fast-check';
import type { MessageParts, MessageType, Option } from '#coap/codec';

const REQUESTS = [0x01, 0x02, 0x03, 0x04, 0x05, 0x06, 0x07, 0x1f];
const RESPONSES = [0x41, 0x42, 0x43, 0x44, 0x45, 0x5f, 0x80, 0x84, 0x8d, 0x9d, 0xa0, 0xa3, 0xbf];
const EDGE_NUMBERS = [0, 1, 3, 4, 6, 11, 12, 13, 14, 15, 17, 23, 27, 60, 252, 268, 269, 270, 292, 2049, 65_000, 65_535];

/** Buffers of `min` to `max` bytes. */
export function bytesOf(min: number, max: number): fc.Arbitrary<Buffer> {
  return fc.uint8Array({ minLength: min, maxLength: max }).map((bytes) => Buffer.from(bytes));
}

const anyValue = fc.oneof(
  { weight: 8, arbitrary: bytesOf(0, 15) },
  {
    weight: 2,
    arbitrary: fc.constantFrom(12, 13, 14, 267, 268, 269, 270, 400).map((length) => Buffer.alloc(length, length)),
  },
);

const anyNumber = fc.oneof(fc.constantFrom(...EDGE_NUMBERS), fc.nat({ max: 65_535 }));

/** One option. */
export const anyOption: fc.Arbitrary<Option> = fc.record({ number: anyNumber, value: anyValue });

/** Type and code as they go together (RFC 7252 §4.3, table 1), the empty message left out. */
const anyKind: fc.Arbitrary<{ type: MessageType; code: number }> = fc.oneof(
  fc.record({ type: fc.constantFrom<MessageType>(0, 1), code: fc.constantFrom(...REQUESTS, ...RESPONSES) }),
  fc.record({ type: fc.constant<MessageType>(2), code: fc.constantFrom(...RESPONSES) }),
);

/** A message that is not empty, its options in any order. */
export const anyParts: fc.Arbitrary<MessageParts> = fc
  .record({
    kind: anyKind,
    messageId: fc.nat({ max: 65_535 }),
    token: bytesOf(0, 8),
    options: fc.array(anyOption, { maxLength: 20 }),
    payload: bytesOf(0, 80),
  })
  .map(({ kind, ...rest }) => ({ ...kind, ...rest }));
