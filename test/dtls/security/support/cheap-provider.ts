/**
 * A provider that protects nothing and binds everything: hashes, tags, agreements and signatures are small mixes of all that
 * goes in, so that a handshake comes out as with real cryptography, at a fraction of its cost.
 */

import { crc32 } from 'node:zlib';

import { PeerError, type Random } from '#base';
import type { CryptoProvider, SigningKey } from '#dtls';

/** Cheap, for tests that run a state machine millions of times. */
export const cheapProvider: CryptoProvider = Object.freeze({
  hash: (name: string, bytes: Uint8Array) => spread(mixed(START, bytes), lengthOf(name)),
  transcript: (name: string) => {
    let state = START;
    return {
      update: (bytes: Uint8Array) => {
        state = mixed(state, bytes);
      },
      digest: () => spread(state, lengthOf(name)),
    };
  },
  hmac: (name: string, key: Uint8Array, bytes: Uint8Array) => spread(mixed(mixed(START, key), bytes), lengthOf(name)),
  seal: (
    aead: string,
    key: Uint8Array,
    nonce: Uint8Array,
    aad: Uint8Array,
    plain: Uint8Array,
    out: Uint8Array,
    at: number,
  ) => {
    out.set(plain, at);
    const tag = tagOf(aead, key, nonce, aad, plain);
    out.set(tag, at + plain.length);
    return at + plain.length + tag.length;
  },
  open: (aead: string, key: Uint8Array, nonce: Uint8Array, aad: Uint8Array, sealed: Uint8Array) => {
    const plain = sealed.slice(0, sealed.length - tagLength(aead));
    return equal(tagOf(aead, key, nonce, aad, plain), sealed.subarray(plain.length)) ? plain : undefined;
  },
  ephemeral: (group: number) => {
    drawn += 1;
    const length = LENGTHS[group] ?? 65;
    const publicKey = spread(mixed(START, Uint8Array.of(drawn, drawn >> 8, drawn >> 16)), length);
    if (group !== X25519) publicKey[0] = 4;
    return {
      publicKey,
      agree: (peer: Uint8Array) => {
        if (peer.length !== publicKey.length) throw new PeerError('bad_point', 'a point of another length');
        return spread(
          mixed(
            START,
            publicKey.map((byte, index) => byte + (peer[index] as number)),
          ),
          32,
        );
      },
    };
  },
  sign: (_scheme: number, { spki }: SigningKey, bytes: Uint8Array) => spread(mixed(mixed(START, spki), bytes), 32),
  verify: (_scheme: number, spki: Uint8Array, bytes: Uint8Array, signature: Uint8Array) =>
    equal(spread(mixed(mixed(START, spki), bytes), 32), signature),
  equal,
});

type State = readonly [number, number];

/** Random numbers at the same price: no two the same for a long time, and the same again for each new source. */
export function cheapRandom(): Random {
  let count = 0;
  const next = (): State => {
    count += 1;
    return [Math.imul(count, 0x9e3779b1), count];
  };
  return { bytes: (length) => spread(next(), length), fraction: () => (next()[0] >>> 0) / 2 ** 32 };
}

/** Takes bytes, and how many there are, into a state. */
function mixed([left, right]: State, bytes: Uint8Array): State {
  const sum = crc32(bytes, left);
  return [sum, Math.imul(sum ^ right ^ bytes.length, 0x85ebca6b) ^ (right >>> 15)];
}

function spread([left, right]: State, length: number): Uint8Array {
  const out = new Uint8Array(length);
  let word = left ^ Math.imul(right, 0x9e3779b1);
  for (let index = 0; index < length; index += 4) {
    word = Math.imul(word ^ (word >>> 13) ^ (index >> 2), 0x5bd1e995) ^ ((index & 4) === 4 ? left : right);
    // Beyond the end nothing is written.
    out[index] = word;
    out[index + 1] = word >>> 8;
    out[index + 2] = word >>> 16;
    out[index + 3] = word >>> 24;
  }
  return out;
}

function tagOf(aead: string, key: Uint8Array, nonce: Uint8Array, aad: Uint8Array, plain: Uint8Array): Uint8Array {
  return spread(mixed(mixed(mixed(mixed(START, key), nonce), aad), plain), tagLength(aead));
}

function tagLength(aead: string): number {
  return aead.endsWith('-8') ? 8 : 16;
}

function lengthOf(hash: string): number {
  return hash === 'sha384' ? 48 : 32;
}

function equal(left: Uint8Array, right: Uint8Array): boolean {
  return Buffer.compare(left, right) === 0;
}

const START: State = [0x811c9dc5, 0x1b873593];
/** Bytes of a public key, by group. */
const LENGTHS: Readonly<Record<number, number>> = { 23: 65, 24: 97, 29: 32 };
const X25519 = 29;
let drawn = 0;
