import { describe, expect, it } from '@jest/globals';
import { DecodeError, InvariantError } from '#base';
import { AlertDescription, AlertLevel, alertName, decodeAlert, encodeAlert } from '#dtls/codec';

function refusal(bytes: readonly number[]): string {
  try {
    decodeAlert(Uint8Array.from(bytes));
  } catch (error) {
    if (error instanceof DecodeError) return error.reason;
    throw error;
  }
  return 'none';
}

describe('an alert', () => {
  it('reads back as it was written, for every level and every description there can be', () => {
    for (const level of Object.values(AlertLevel)) {
      for (let description = 0; description <= 255; description += 1) {
        const bytes = encodeAlert(level, description);
        expect([...bytes]).toEqual([level, description]);
        expect(decodeAlert(bytes)).toEqual({ level, description });
      }
    }
    expect(() => encodeAlert(AlertLevel.fatal, 256)).toThrow(InvariantError);
  });

  it('has exactly two bytes and one of two levels', () => {
    expect(refusal([])).toBe('truncated');
    expect(refusal([2])).toBe('truncated');
    expect(refusal([2, 40, 2])).toBe('trailing_bytes');
    expect(refusal([2, 40, 2, 40])).toBe('trailing_bytes');
    for (let level = 0; level <= 255; level += 1) {
      expect(refusal([level, 0])).toBe(level === 1 || level === 2 ? 'none' : 'illegal_value');
    }
  });

  it('is called by the name of the registry', () => {
    for (const [name, description] of Object.entries(AlertDescription)) expect(alertName(description)).toBe(name);
    expect(alertName(99)).toBeUndefined();
    expect(AlertDescription).toMatchObject({
      ...{ close_notify: 0, unexpected_message: 10, bad_record_mac: 20, handshake_failure: 40, bad_certificate: 42 },
      ...{ illegal_parameter: 47, decode_error: 50, decrypt_error: 51, protocol_version: 70, internal_error: 80 },
      ...{ no_renegotiation: 100, unsupported_extension: 110, unknown_psk_identity: 115, certificate_required: 116 },
    });
  });
});
