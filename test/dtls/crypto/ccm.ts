/** AES-CCM written from RFC 3610 §2 over the bare block cipher: an oracle that shares no mode of OpenSSL with ours. */

import { createCipheriv } from 'node:crypto';

/** Ciphertext and tag of `tagLength` bytes; the additional data has fewer than 65,280 bytes. */
export function ccmByHand(
  key: Uint8Array,
  nonce: Uint8Array,
  aad: Uint8Array,
  plaintext: Uint8Array,
  tagLength: number,
): Buffer {
  const encrypt = (block: Uint8Array) => {
    const cipher = createCipheriv(`aes-${key.length * 8}-ecb`, key, null).setAutoPadding(false);
    return cipher.update(block);
  };
  const width = 15 - nonce.length;
  const block = (flags: number, value: number) => {
    const bytes = Buffer.alloc(16);
    bytes[0] = flags;
    bytes.set(nonce, 1);
    bytes.writeUIntBE(value, 16 - Math.min(width, 6), Math.min(width, 6));
    return bytes;
  };
  const padded = (bytes: Uint8Array) => Buffer.concat([bytes, Buffer.alloc((16 - (bytes.length % 16)) % 16)]);
  const flags = (aad.length > 0 ? 0x40 : 0) | (((tagLength - 2) / 2) << 3) | (width - 1);
  const length = Buffer.from([aad.length >> 8, aad.length & 0xff]);
  const authenticated = Buffer.concat([
    block(flags, plaintext.length),
    aad.length > 0 ? padded(Buffer.concat([length, aad])) : Buffer.alloc(0),
    padded(plaintext),
  ]);
  let mac: Buffer = Buffer.alloc(16);
  for (let at = 0; at < authenticated.length; at += 16) {
    mac = encrypt(mac.map((byte, index) => byte ^ (authenticated[at + index] as number)));
  }
  const sealed = Buffer.from(plaintext);
  for (let at = 0; at < sealed.length; at += 16) {
    const stream = encrypt(block(width - 1, at / 16 + 1));
    for (let index = at; index < Math.min(at + 16, sealed.length); index += 1) {
      sealed[index] = (sealed[index] as number) ^ (stream[index - at] as number);
    }
  }
  const first = encrypt(block(width - 1, 0));
  const tag = mac.subarray(0, tagLength).map((byte, index) => byte ^ (first[index] as number));
  return Buffer.concat([sealed, tag]);
}
