/** Base64 (RFC 4648 §4, §5): strict where `Buffer` is not. Buffer skips characters it does not know; here they refuse the text. */

/**
 * Base64 text as bytes: standard or URL-safe alphabet, with padding or without. Undefined when the text holds any other
 * character, is padded wrongly, or has a length no encoder makes.
 */
export function decodeBase64(text: string): Buffer | undefined {
  let length = text.length;
  if (length > 0 && text.charCodeAt(length - 1) === PAD) {
    if (length % 4 !== 0) return undefined;
    length -= text.charCodeAt(length - 2) === PAD ? 2 : 1;
  }
  if (length % 4 === 1) return undefined;
  for (let index = 0; index < length; index += 1) {
    const code = text.charCodeAt(index);
    if (code > 0x7f || ALPHABET[code] === 0) return undefined;
  }
  return Buffer.from(text, 'base64');
}

/** Bytes as base64 with the standard alphabet and padding. */
export function encodeBase64(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('base64');
}

/** Bytes as base64 with the URL-safe alphabet, without padding. */
export function encodeBase64Url(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('base64url');
}

const PAD = 0x3d;
/** 1 for the characters of both alphabets. */
const ALPHABET = new Uint8Array(128);
for (const character of 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/-_') {
  ALPHABET[character.charCodeAt(0)] = 1;
}
