import { describe, expect, it } from '@jest/globals';
import { suiteNamed, suiteOf, SUITES } from '../../../src/dtls/crypto/index.js';

const ROWS: [number, string, string, string, string, number, number][] = [
  [0xc0a8, 'TLS_PSK_WITH_AES_128_CCM_8', 'psk', 'aes-128-ccm-8', 'sha256', 16, 8],
  [0xc0a4, 'TLS_PSK_WITH_AES_128_CCM', 'psk', 'aes-128-ccm', 'sha256', 16, 16],
  [0x00a8, 'TLS_PSK_WITH_AES_128_GCM_SHA256', 'psk', 'aes-128-gcm', 'sha256', 16, 16],
  [0xc0a9, 'TLS_PSK_WITH_AES_256_CCM_8', 'psk', 'aes-256-ccm-8', 'sha256', 32, 8],
  [0xc0a5, 'TLS_PSK_WITH_AES_256_CCM', 'psk', 'aes-256-ccm', 'sha256', 32, 16],
  [0x00a9, 'TLS_PSK_WITH_AES_256_GCM_SHA384', 'psk', 'aes-256-gcm', 'sha384', 32, 16],
  [0xd003, 'TLS_ECDHE_PSK_WITH_AES_128_CCM_8_SHA256', 'ecdhe_psk', 'aes-128-ccm-8', 'sha256', 16, 8],
  [0xd005, 'TLS_ECDHE_PSK_WITH_AES_128_CCM_SHA256', 'ecdhe_psk', 'aes-128-ccm', 'sha256', 16, 16],
  [0xd001, 'TLS_ECDHE_PSK_WITH_AES_128_GCM_SHA256', 'ecdhe_psk', 'aes-128-gcm', 'sha256', 16, 16],
  [0xc0ae, 'TLS_ECDHE_ECDSA_WITH_AES_128_CCM_8', 'ecdhe_ecdsa', 'aes-128-ccm-8', 'sha256', 16, 8],
  [0xc0ac, 'TLS_ECDHE_ECDSA_WITH_AES_128_CCM', 'ecdhe_ecdsa', 'aes-128-ccm', 'sha256', 16, 16],
  [0xc02b, 'TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256', 'ecdhe_ecdsa', 'aes-128-gcm', 'sha256', 16, 16],
  [0xc02c, 'TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384', 'ecdhe_ecdsa', 'aes-256-gcm', 'sha384', 32, 16],
  [0xc02f, 'TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256', 'ecdhe_rsa', 'aes-128-gcm', 'sha256', 16, 16],
];

describe('the table of cipher suites', () => {
  it('holds these suites and no other', () => {
    const told = SUITES.map((row) => [
      ...[row.id, row.name, row.keyExchange, row.aead, row.hash, row.keyLength, row.tagLength],
    ]);
    expect(told).toEqual(ROWS);
  });

  it('finds each suite by number and by name', () => {
    for (const row of SUITES) {
      expect(suiteOf(row.id)).toBe(row);
      expect(suiteNamed(row.name)).toBe(row);
    }
  });

  it.each([
    ['CBC', 0x00ae],
    ['CBC', 0xc023],
    ['RSA key transport', 0x009c],
    ['NULL', 0x0000],
    ['the renegotiation signal', 0x00ff],
  ])('does not know %s (%i)', (_what, id) => {
    expect(suiteOf(id)).toBeUndefined();
  });

  it('does not know a name that is only nearly right', () => {
    expect(suiteNamed('TLS_PSK_WITH_AES_128_CBC_SHA256')).toBeUndefined();
    expect(suiteNamed('tls_psk_with_aes_128_ccm_8')).toBeUndefined();
  });

  it('cannot be changed', () => {
    expect(Object.isFrozen(SUITES)).toBe(true);
    expect(SUITES.every((row) => Object.isFrozen(row))).toBe(true);
  });
});
