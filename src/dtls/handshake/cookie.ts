/**
 * Cookies (RFC 6347 §4.2.1): proof that a hello comes from where it says it does, without anything kept about it. A cookie
 * covers address, version, random and session id: the fields that stand before it in the message, so that the first
 * fragment of a hello is enough to judge it.
 */

import { after, type Instant, type Milliseconds, type Random } from '#base';

import type { HelloHead } from '../codec/index.js';
import type { CryptoProvider } from '../crypto/index.js';

/** Bytes of a cookie of ours. */
export const COOKIE_BYTES = 20;

/** Makes cookies and knows its own again. */
export class Cookies {
  readonly #provider: CryptoProvider;
  readonly #random: Random;
  readonly #lifetime: Milliseconds;
  #key: Uint8Array;
  #before: Uint8Array;
  #until: Instant | undefined;

  /** `lifetime`: how long one key is used; cookies of the key before it are still known. */
  constructor(provider: CryptoProvider, random: Random, lifetime: Milliseconds) {
    this.#provider = provider;
    this.#random = random;
    this.#lifetime = lifetime;
    this.#key = random.bytes(KEY_BYTES);
    this.#before = random.bytes(KEY_BYTES);
  }

  /** The cookie for a hello from `place`, a text that is unique for listener, address and port. */
  make(now: Instant, place: string, head: HelloHead): Uint8Array {
    this.#renew(now);
    return this.#sign(this.#key, place, head);
  }

  /** Whether the hello brings back a cookie that it was given there, now or a key ago. */
  accepts(now: Instant, place: string, head: HelloHead): boolean {
    if (head.cookie.length !== COOKIE_BYTES) return false;
    this.#renew(now);
    return (
      this.#provider.equal(this.#sign(this.#key, place, head), head.cookie) ||
      this.#provider.equal(this.#sign(this.#before, place, head), head.cookie)
    );
  }

  #renew(now: Instant): void {
    if (this.#until !== undefined && now < this.#until) return;
    // Both go when nobody came for so long that the younger is too old as well.
    const idle = this.#until !== undefined && now >= after(this.#until, this.#lifetime);
    this.#before = idle ? this.#random.bytes(KEY_BYTES) : this.#key;
    this.#key = this.#random.bytes(KEY_BYTES);
    this.#until = after(now, this.#lifetime);
  }

  #sign(key: Uint8Array, place: string, { version, random, sessionId }: HelloHead): Uint8Array {
    const where = Buffer.byteLength(place);
    const bytes = Buffer.allocUnsafe(LENGTHS + where + random.length + sessionId.length);
    bytes[0] = where;
    bytes[1] = version >> 8;
    bytes[2] = version;
    bytes[3] = random.length;
    bytes[4] = sessionId.length;
    bytes.write(place, LENGTHS);
    bytes.set(random, LENGTHS + where);
    bytes.set(sessionId, LENGTHS + where + random.length);
    return this.#provider.hmac('sha256', key, bytes).subarray(0, COOKIE_BYTES);
  }
}

const KEY_BYTES = 32;
/** Bytes for lengths and version, before what has them. */
const LENGTHS = 5;
