/** What holds for every body: it reads back as it was written, and no length in it is believed. */

import { describe, expect, it } from '@jest/globals';
import { DecodeError, toHex } from '#base';
import { EXTENSION_BODIES, MESSAGES } from './support.js';
import type { BodySample, LengthField } from './support.js';

const ALL = [...MESSAGES, ...EXTENSION_BODIES];

/** A copy of the sample's bytes within a larger buffer, so that reading too far finds something. */
function within(bytes: Uint8Array): Uint8Array {
  const around = new Uint8Array(bytes.length + 600).fill(0x01);
  around.set(bytes, 9);
  return around.subarray(9, 9 + bytes.length);
}

/** The reason of the DecodeError that a decoder throws, undefined when it throws none; other errors pass. */
function refusal({ decode }: BodySample, bytes: Uint8Array): string | undefined {
  try {
    decode(bytes);
    return undefined;
  } catch (error) {
    if (error instanceof DecodeError) return error.reason;
    throw error;
  }
}

function withLength(sample: BodySample, field: LengthField, length: number): Uint8Array {
  const bytes = Buffer.from(sample.bytes);
  bytes.writeUIntBE(length, field.at, field.width);
  return within(bytes);
}

describe('the body of', () => {
  it.each(ALL)('$name is written again as it was read', (sample) => {
    expect(toHex(sample.rewrite(within(sample.bytes)))).toBe(toHex(sample.bytes));
  });

  it.each(ALL)('$name is refused when it is cut at any byte', (sample) => {
    for (let length = 0; length < sample.bytes.length; length += 1) {
      const reason = refusal(sample, within(sample.bytes.subarray(0, length)));
      expect([length, reason]).toEqual([length, length === sample.wholeAt ? undefined : 'truncated']);
    }
  });

  it.each(ALL)('$name is refused when anything follows it', (sample) => {
    const longer = within(Buffer.concat([sample.bytes, Buffer.from([0])]));
    expect(refusal(sample, longer)).toBe('trailing_bytes');
  });

  const fields = ALL.flatMap((sample) =>
    sample.lengths.map((field) => ({ name: sample.name, at: field.at, sample, field })),
  );

  it.each(fields)('$name is refused when the length at $at says more than is left', ({ sample, field }) => {
    const remaining = sample.bytes.length - field.at - field.width;
    for (const length of [remaining + 1, 2 ** (8 * field.width) - 1]) {
      expect(['truncated', 'bad_length']).toContain(refusal(sample, withLength(sample, field, length)));
    }
  });

  it.each(fields)('$name is read to the byte or refused whatever the length at $at says', ({ sample, field }) => {
    const remaining = sample.bytes.length - field.at - field.width;
    for (let length = 0; length <= remaining; length += 1) {
      const bytes = withLength(sample, field, length);
      if (refusal(sample, bytes) === undefined) expect(toHex(sample.rewrite(bytes))).toBe(toHex(bytes));
    }
    const said = sample.bytes.readUIntBE(field.at, field.width);
    if (sample.wholeAt === undefined) expect(refusal(sample, withLength(sample, field, said - 1))).toBeDefined();
  });
});
