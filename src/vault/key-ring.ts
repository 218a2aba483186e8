/**
 * The data keys as they are kept: each wrapped by the master key with AES-256-GCM under both ids, and all of them under one
 * proof (HMAC-SHA-256 with a key derived from the master key), so that nobody without it drops, swaps or rewinds one.
 */

import {
  createCipheriv,
  createDecipheriv,
  createHmac,
  createSecretKey,
  hkdfSync,
  randomBytes,
  timingSafeEqual,
} from 'node:crypto';

import { AppError } from '#base';

import type { DataKey } from './envelope.js';
import type { MasterKey } from './master-key.js';

/** One data key, wrapped. */
export interface WrappedKey {
  /** 16 hex digits. */
  readonly id: string;
  /** Milliseconds since 1970. */
  readonly createdAt: number;
  /** It has sealed at most so many secrets: what may be sealed is counted here before it is. */
  readonly reserved: number;
  /** Nonce (12), ciphertext (32), tag (16). */
  readonly wrapped: Uint8Array;
}

/** All data keys of a server. */
export interface KeyRing {
  /** Id of the master key they are wrapped by. */
  readonly master: string;
  /** Id of the data key that seals; the others only open. */
  readonly current: string;
  readonly keys: readonly WrappedKey[];
  /** 32 bytes over all of the above. */
  readonly proof: Uint8Array;
}

/** Where wrapped keys are kept. */
export interface WrappedKeys {
  /** What was saved last; undefined: nothing ever was. Throws AppError when it cannot be read. */
  load(): KeyRing | undefined;
  /** Keeps a ring in place of the one before; it is durable then. Throws AppError(`store_unavailable`): either may be kept then. */
  save(ring: KeyRing): void;
}

/** A data key in memory, with what is kept of it. */
export interface HeldKey extends DataKey {
  readonly createdAt: number;
  readonly reserved: number;
  /** As wrapped by the master key of the moment. */
  readonly wrapped: Uint8Array;
}

/** Makes a data key that has sealed nothing. */
export function makeDataKey(master: MasterKey, createdAt: number): HeldKey {
  const bytes = randomBytes(KEY_BYTES);
  const id = randomBytes(ID_BYTES).toString('hex');
  const wrapped = wrap(master, id, bytes);
  const key = createSecretKey(bytes);
  bytes.fill(0);
  return { id, key, createdAt, reserved: 0, wrapped };
}

/** The same data key, wrapped by another master key. */
export function rewrap(held: HeldKey, master: MasterKey): HeldKey {
  const bytes = held.key.export();
  const wrapped = wrap(master, held.id, bytes);
  bytes.fill(0);
  return { ...held, wrapped };
}

/** A ring of these keys, the last of which seals. */
export function ringOf(master: MasterKey, keys: readonly HeldKey[]): KeyRing {
  const kept = keys.map(({ id, createdAt, reserved, wrapped }): WrappedKey => ({ id, createdAt, reserved, wrapped }));
  const ring = { master: master.id, current: kept.at(-1)?.id ?? '', keys: kept };
  return { ...ring, proof: proofOf(master, ring) };
}

/** The keys of a ring, the one that seals last. Throws AppError(`keys_damaged`) when the master key does not fit what is there. */
export function unwrapRing(master: MasterKey, ring: KeyRing): readonly HeldKey[] {
  if (ring.proof.length !== PROOF_BYTES || !timingSafeEqual(ring.proof, proofOf(master, ring))) throw damaged();
  const held = ring.keys.map((key): HeldKey => ({ ...key, key: unwrap(master, key) }));
  return [...held.filter(({ id }) => id !== ring.current), ...held.filter(({ id }) => id === ring.current)];
}

function wrap(master: MasterKey, id: string, bytes: Uint8Array): Uint8Array {
  const nonce = randomBytes(NONCE_BYTES);
  const cipher = createCipheriv(ALGORITHM, master.key, nonce, OPTIONS);
  cipher.setAAD(wrapData(master, id));
  return Buffer.concat([nonce, cipher.update(bytes), cipher.final(), cipher.getAuthTag()]);
}

function unwrap(master: MasterKey, { id, wrapped }: WrappedKey): DataKey['key'] {
  const decipher = createDecipheriv(ALGORITHM, master.key, wrapped.subarray(0, NONCE_BYTES), OPTIONS);
  decipher.setAAD(wrapData(master, id));
  decipher.setAuthTag(wrapped.subarray(wrapped.length - TAG_BYTES));
  const bytes = decipher.update(wrapped.subarray(NONCE_BYTES, wrapped.length - TAG_BYTES));
  try {
    decipher.final();
    return createSecretKey(bytes);
  } catch (cause) {
    throw damaged(cause);
  } finally {
    bytes.fill(0);
  }
}

function damaged(cause?: unknown): AppError {
  return new AppError('keys_damaged', 'the wrapped data keys were changed since the server wrote them', { cause });
}

/** Both ids have a fixed length. */
function wrapData(master: MasterKey, id: string): Uint8Array {
  return Buffer.from(`${WRAP_DOMAIN}${master.id}${id}`, 'latin1');
}

function proofOf(master: MasterKey, { current, keys, ...ring }: Omit<KeyRing, 'proof'>): Uint8Array {
  const proofKey = createSecretKey(Buffer.from(hkdfSync('sha256', master.key, '', PROOF_DOMAIN, PROOF_BYTES)));
  const rows = keys.map(({ id, createdAt, reserved, wrapped }) => [
    ...[id, createdAt, reserved],
    Buffer.from(wrapped).toString('base64url'),
  ]);
  return createHmac('sha256', proofKey)
    .update(JSON.stringify([ring.master, current, rows]))
    .digest();
}

const ALGORITHM = 'aes-256-gcm';
const KEY_BYTES = 32;
const ID_BYTES = 8;
const NONCE_BYTES = 12;
const TAG_BYTES = 16;
const OPTIONS = { authTagLength: TAG_BYTES } as const;
const PROOF_BYTES = 32;
/** Bytes of a data key as it is kept. */
export const WRAPPED_BYTES = NONCE_BYTES + KEY_BYTES + TAG_BYTES;
const WRAP_DOMAIN = 'bellwether data key v1\0';
const PROOF_DOMAIN = 'bellwether wrapped keys v1';
