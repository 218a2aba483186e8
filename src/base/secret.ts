/**
 * Bytes that must not be seen: whatever turns values into text (console, template, JSON) prints stars. Wiped when it is
 * done with, as far as JavaScript can: copies that others made, and texts, live until they are collected.
 */

import { InvariantError } from './errors.js';

const STARS = '********';

/** A secret in memory. It takes the bytes it is made with over: nobody else keeps or changes them. */
export class Secret {
  #bytes: Uint8Array | undefined;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
  }

  /** A secret from a text, as UTF-8. */
  static ofText(text: string): Secret {
    return new Secret(new TextEncoder().encode(text));
  }

  /** The bytes themselves, no copy; they are zeros after `dispose`. Throws InvariantError when that has been. */
  get bytes(): Uint8Array {
    if (this.#bytes === undefined) throw new InvariantError('a secret was asked for after it was wiped');
    return this.#bytes;
  }

  /** Overwrites the bytes and lets go of them; a second time does nothing. */
  dispose(): void {
    this.#bytes?.fill(0);
    this.#bytes = undefined;
  }

  toString(): string {
    return STARS;
  }

  toJSON(): string {
    return STARS;
  }

  [Symbol.toPrimitive](): string {
    return STARS;
  }

  [Symbol.for('nodejs.util.inspect.custom')](): string {
    return `Secret ${STARS}`;
  }
}
