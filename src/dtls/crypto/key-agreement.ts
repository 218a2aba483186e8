/**
 * Ephemeral key agreement over P-256, P-384 and X25519 (RFC 8422 §5.10, RFC 7748 §5). Points are never computed with here:
 * OpenSSL checks that they are on the curve. It also takes compressed and hybrid ones, which TLS does not.
 *
 * generateKeyPairSync is not used, here or for anything else of DTLS: in Node 20 the garbage collector may end its job while
 * the key it made is being exported, and both wait for one lock for ever.
 */

import { createECDH, createPrivateKey, createPublicKey, diffieHellman, randomBytes } from 'node:crypto';
import type { ECDH, KeyObject } from 'node:crypto';

import { invariant, PeerError } from '#base';

import { groupOf } from './groups.js';
import type { Group } from './groups.js';
import type { EphemeralKey } from './provider.js';

/** CryptoProvider.ephemeral: a fresh key of one of GROUPS. */
export function ephemeralKey(groupId: number): EphemeralKey {
  const group = known(groupId);
  if (group.curve === undefined) return x25519Key(randomBytes(X25519_LENGTH));
  const ecdh = createECDH(group.curve);
  return curveKey(group, ecdh, ecdh.generateKeys());
}

/** The key of a known private scalar (big-endian on the curves, the 32 bytes of RFC 7748 §5 with X25519): for vectors. */
export function agreementKey(groupId: number, privateKey: Uint8Array): EphemeralKey {
  const group = known(groupId);
  if (group.curve === undefined) return x25519Key(privateKey);
  const ecdh = createECDH(group.curve);
  ecdh.setPrivateKey(privateKey);
  return curveKey(group, ecdh, ecdh.getPublicKey());
}

function known(id: number): Group {
  const group = groupOf(id);
  invariant(group, `group ${id} is one of GROUPS`);
  return group;
}

function curveKey(group: Group, ecdh: ECDH, publicKey: Uint8Array): EphemeralKey {
  return {
    publicKey,
    agree: (peer) => {
      refuseShape(group, peer, peer[0] === UNCOMPRESSED);
      return computed(group, () => ecdh.computeSecret(peer));
    },
  };
}

/**
 * OpenSSL computes the public key as it takes the private one, so that it is exported and not computed again. No job has made
 * this key, and nothing else has a lock on it.
 */
function x25519Key(privateKey: Uint8Array): EphemeralKey {
  const own = createPrivateKey({
    key: { kty: 'OKP', crv: 'X25519', d: base64Url(privateKey), x: NO_PUBLIC_KEY },
    format: 'jwk',
  });
  const group = known(X25519);
  return {
    publicKey: Buffer.from(createPublicKey(own).export({ format: 'jwk' }).x as string, 'base64url'),
    agree: (peer) => {
      refuseShape(group, peer, true);
      const shared = computed(group, () => diffieHellman({ privateKey: own, publicKey: x25519Public(peer) }));
      // RFC 8422 §5.11: OpenSSL refuses it too; this stands in case another library does not.
      if (shared.every((byte) => byte === 0)) throw new PeerError('bad_point', 'x25519: the shared secret is all zero');
      return shared;
    },
  };
}

function x25519Public(publicKey: Uint8Array): KeyObject {
  return createPublicKey({ key: { kty: 'OKP', crv: 'X25519', x: base64Url(publicKey) }, format: 'jwk' });
}

function refuseShape(group: Group, peer: Uint8Array, formFits: boolean): void {
  if (peer.length === group.publicKeyLength && formFits) return;
  const form = group.curve === undefined ? '' : ', uncompressed (04)';
  throw new PeerError(
    'bad_point',
    `${group.name}: a public key has ${group.publicKeyLength} bytes${form}; this one has ${peer.length}`,
  );
}

function computed(group: Group, agree: () => Uint8Array): Uint8Array {
  try {
    return agree();
  } catch (cause) {
    throw new PeerError('bad_point', `${group.name}: the public key is no valid point`, { cause });
  }
}

function base64Url(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('base64url');
}

const UNCOMPRESSED = 0x04;
const X25519 = 29;
const X25519_LENGTH = 32;
/** There has to be a public key beside a private one, and it is not looked at. */
const NO_PUBLIC_KEY = base64Url(new Uint8Array(X25519_LENGTH));
