/**
 * PSK identities as text. On the wire an identity is any run of bytes (RFC 4279 §5.1; LwM2M-Transport 1.2.1 §5.2.8.1 wants
 * UTF-8 and 128 bytes); in records, tables and answers it is text, and no two identities have the same.
 */

/** Longest PSK identity in bytes (LwM2M-Transport 1.2.1 §5.2.8.1). */
export const MAX_PSK_IDENTITY = 128;

/** The text of an identity: itself when it is UTF-8 that can be printed and begins with no `#`, else `#` and its bytes in hex. */
export function pskIdentityText(identity: Uint8Array): string {
  const bytes = Buffer.from(identity.buffer, identity.byteOffset, identity.length);
  const text = bytes.toString('utf8');
  return PLAIN.test(text) && Buffer.from(text, 'utf8').equals(bytes) ? text : `#${bytes.toString('hex')}`;
}

/** The identity that `pskIdentityText` shows as `text`; undefined when it shows none so. */
export function pskIdentityBytes(text: string): Uint8Array | undefined {
  const bytes = text.startsWith('#') ? Buffer.from(text.slice(1), 'hex') : Buffer.from(text, 'utf8');
  return pskIdentityText(bytes) === text ? Uint8Array.from(bytes) : undefined;
}

/** Letters, marks, numbers, punctuation, symbols and the blank: no control, format or unassigned character, no other blank. */
const PLAIN = /^(?!#)[\p{L}\p{M}\p{N}\p{P}\p{S} ]+$/u;
