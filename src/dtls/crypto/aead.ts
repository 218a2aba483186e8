/**
 * AES-CCM, AES-CCM_8 and AES-GCM over node:crypto (RFC 5116, 6655). The one place that opens: `Decipher.update` of GCM hands
 * out plaintext before the tag is checked, and GCM takes a tag of 4 bytes unless its length is given when the cipher is made.
 */

import { createCipheriv, createDecipheriv } from 'node:crypto';
import type { CipherCCMTypes } from 'node:crypto';

import { invariant } from '#base';

import type { AeadName } from './suites.js';

/** CryptoProvider.seal. */
export function seal(
  aead: AeadName,
  key: Uint8Array,
  nonce: Uint8Array,
  aad: Uint8Array,
  plaintext: Uint8Array,
  out: Uint8Array,
  at: number,
): number {
  const row = AEADS[aead];
  const end = at + plaintext.length;
  invariant(end + row.options.authTagLength <= out.length, 'a sealed record fits what it is written to');
  const cipher = createCipheriv(row.cipher, key, nonce, row.options);
  cipher.setAAD(aad, { plaintextLength: plaintext.length });
  out.set(cipher.update(plaintext), at);
  cipher.final();
  out.set(cipher.getAuthTag(), end);
  return end + row.options.authTagLength;
}

/** CryptoProvider.open. */
export function open(
  aead: AeadName,
  key: Uint8Array,
  nonce: Uint8Array,
  aad: Uint8Array,
  sealed: Uint8Array,
): Uint8Array | undefined {
  const row = AEADS[aead];
  const length = sealed.length - row.options.authTagLength;
  if (length < 0) return undefined;
  const decipher = createDecipheriv(row.cipher, key, nonce, row.options);
  decipher.setAuthTag(sealed.subarray(length));
  decipher.setAAD(aad, { plaintextLength: length });
  try {
    const plaintext = decipher.update(sealed.subarray(0, length));
    // CCM checks the tag first and gives nothing when it is wrong; saying so here spares a flood of forgeries its exceptions.
    if (plaintext.length !== length) return undefined;
    decipher.final();
    return plaintext;
  } catch {
    return undefined;
  }
}

interface Aead {
  readonly cipher: CipherCCMTypes;
  readonly options: { readonly authTagLength: number };
}

/** GCM takes the calls of CCM, and ignores the length of the plaintext: so both go by the types of CCM. */
function row(cipher: 'aes-128-ccm' | 'aes-256-ccm' | 'aes-128-gcm' | 'aes-256-gcm', authTagLength: 8 | 16): Aead {
  return Object.freeze({ cipher: cipher as CipherCCMTypes, options: Object.freeze({ authTagLength }) });
}

const AEADS: Readonly<Record<AeadName, Aead>> = Object.freeze({
  'aes-128-ccm-8': row('aes-128-ccm', 8),
  'aes-128-ccm': row('aes-128-ccm', 16),
  'aes-256-ccm-8': row('aes-256-ccm', 8),
  'aes-256-ccm': row('aes-256-ccm', 16),
  'aes-128-gcm': row('aes-128-gcm', 16),
  'aes-256-gcm': row('aes-256-gcm', 16),
});
