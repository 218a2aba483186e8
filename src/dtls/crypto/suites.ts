/**
 * The cipher suites of DTLS 1.2 this stack speaks, one row each: AEAD only. CBC, RSA key transport and suites with SHA-1 are
 * not here, so that nothing can choose them. Rows stand in the order of the registry's families, not of preference: that is
 * for the policy to say. RFC 6655 and 7251 (CCM), 5487 and 5289 (GCM), 8442 (ECDHE_PSK).
 */

/** Hash of the PRF and of the handshake, as node:crypto names it. */
export type HashName = 'sha256' | 'sha384';

/** Ciphers of records; `-8` has a tag of 8 bytes, all others one of 16. */
export type AeadName =
  'aes-128-ccm-8' | 'aes-128-ccm' | 'aes-256-ccm-8' | 'aes-256-ccm' | 'aes-128-gcm' | 'aes-256-gcm';

/** How the premaster secret comes about, and what the server proves itself with. */
export type KeyExchange = 'psk' | 'ecdhe_psk' | 'ecdhe_ecdsa' | 'ecdhe_rsa';

/** One cipher suite. */
export interface Suite {
  /** As on the wire. */
  readonly id: number;
  /** As the IANA registry spells it. */
  readonly name: string;
  readonly keyExchange: KeyExchange;
  readonly aead: AeadName;
  readonly hash: HashName;
  /** Bytes of each write key. */
  readonly keyLength: 16 | 32;
  /** Bytes of the tag at the end of each record. */
  readonly tagLength: 8 | 16;
}

/** Every suite there is here. */
export const SUITES: readonly Suite[] = Object.freeze([
  suite(0xc0a8, 'TLS_PSK_WITH_AES_128_CCM_8', 'psk', 'aes-128-ccm-8'),
  suite(0xc0a4, 'TLS_PSK_WITH_AES_128_CCM', 'psk', 'aes-128-ccm'),
  suite(0x00a8, 'TLS_PSK_WITH_AES_128_GCM_SHA256', 'psk', 'aes-128-gcm'),
  suite(0xc0a9, 'TLS_PSK_WITH_AES_256_CCM_8', 'psk', 'aes-256-ccm-8'),
  suite(0xc0a5, 'TLS_PSK_WITH_AES_256_CCM', 'psk', 'aes-256-ccm'),
  suite(0x00a9, 'TLS_PSK_WITH_AES_256_GCM_SHA384', 'psk', 'aes-256-gcm'),
  suite(0xd003, 'TLS_ECDHE_PSK_WITH_AES_128_CCM_8_SHA256', 'ecdhe_psk', 'aes-128-ccm-8'),
  suite(0xd005, 'TLS_ECDHE_PSK_WITH_AES_128_CCM_SHA256', 'ecdhe_psk', 'aes-128-ccm'),
  suite(0xd001, 'TLS_ECDHE_PSK_WITH_AES_128_GCM_SHA256', 'ecdhe_psk', 'aes-128-gcm'),
  suite(0xc0ae, 'TLS_ECDHE_ECDSA_WITH_AES_128_CCM_8', 'ecdhe_ecdsa', 'aes-128-ccm-8'),
  suite(0xc0ac, 'TLS_ECDHE_ECDSA_WITH_AES_128_CCM', 'ecdhe_ecdsa', 'aes-128-ccm'),
  suite(0xc02b, 'TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256', 'ecdhe_ecdsa', 'aes-128-gcm'),
  suite(0xc02c, 'TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384', 'ecdhe_ecdsa', 'aes-256-gcm'),
  suite(0xc02f, 'TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256', 'ecdhe_rsa', 'aes-128-gcm'),
]);

/** The suite of a number on the wire; undefined when it is none of ours. */
export function suiteOf(id: number): Suite | undefined {
  return BY_ID.get(id);
}

/** The suite of a name of the IANA registry; undefined when it is none of ours. */
export function suiteNamed(name: string): Suite | undefined {
  return BY_NAME.get(name);
}

/** Key, tag and hash follow from the cipher: AES-256-GCM alone is defined with SHA-384 (RFC 5487 §3.2, RFC 5289 §3.2). */
function suite(id: number, name: string, keyExchange: KeyExchange, aead: AeadName): Suite {
  return Object.freeze({
    id,
    name,
    keyExchange,
    aead,
    hash: aead === 'aes-256-gcm' ? 'sha384' : 'sha256',
    keyLength: aead.startsWith('aes-256') ? 32 : 16,
    tagLength: aead.endsWith('-8') ? 8 : 16,
  });
}

const BY_ID: ReadonlyMap<number, Suite> = new Map(SUITES.map((row) => [row.id, row]));
const BY_NAME: ReadonlyMap<string, Suite> = new Map(SUITES.map((row) => [row.name, row]));
