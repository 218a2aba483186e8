import { describe, expect, it } from '@jest/globals';
import { DecodeError, InvariantError, toHex } from '#base';
import {
  decodeChangeCipherSpec,
  decodeFinished,
  decodeServerHelloDone,
  encodeChangeCipherSpec,
  encodeFinished,
  VERIFY_DATA,
} from '#dtls/codec';

function refusal(decode: () => unknown): string {
  try {
    decode();
  } catch (error) {
    if (error instanceof DecodeError) return error.reason;
    throw error;
  }
  return 'none';
}

describe('the end of a flight', () => {
  it('is a ChangeCipherSpec of one byte that is 1', () => {
    expect(toHex(encodeChangeCipherSpec())).toBe('01');
    for (let type = 0; type <= 255; type += 1) {
      expect(refusal(() => decodeChangeCipherSpec(Uint8Array.of(type)))).toBe(type === 1 ? 'none' : 'illegal_value');
    }
    expect(refusal(() => decodeChangeCipherSpec(Uint8Array.of(1, 1)))).toBe('trailing_bytes');
  });

  it('is a ServerHelloDone without a body', () => {
    expect(refusal(() => decodeServerHelloDone(new Uint8Array(0)))).toBe('none');
    expect(refusal(() => decodeServerHelloDone(new Uint8Array(1)))).toBe('trailing_bytes');
  });

  it('is a Finished of 12 bytes', () => {
    for (let size = 0; size <= 40; size += 1) {
      const expected = size === VERIFY_DATA ? 'none' : size < VERIFY_DATA ? 'truncated' : 'trailing_bytes';
      expect(refusal(() => decodeFinished(new Uint8Array(size)))).toBe(expected);
    }
    expect(() => encodeFinished(new Uint8Array(11))).toThrow(InvariantError);
    const data = new Uint8Array(VERIFY_DATA).fill(7);
    const body = encodeFinished(data);
    data.fill(0);
    expect(toHex(body)).toBe('07'.repeat(12));
  });
});
