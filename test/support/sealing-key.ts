/** Secrets sealed by AES-256-GCM under one key, bound to their context: the port, without the vault's key rings and files. */

import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto';
import { AppError } from '#base';
import type { Secrets } from '#fleet/ports';

type Context = Parameters<Secrets['seal']>[0];

/** One key. */
export class SealingKey implements Secrets {
  /** How often something was opened. */
  opened = 0;
  readonly #key = randomBytes(32);

  seal(context: Context, plaintext: Uint8Array): Uint8Array {
    const nonce = randomBytes(12);
    const cipher = createCipheriv('aes-256-gcm', this.#key, nonce, { authTagLength: 16 });
    cipher.setAAD(aadOf(context));
    return Buffer.concat([nonce, cipher.update(plaintext), cipher.final(), cipher.getAuthTag()]);
  }

  open(context: Context, sealed: Uint8Array): Uint8Array {
    this.opened += 1;
    const decipher = createDecipheriv('aes-256-gcm', this.#key, sealed.subarray(0, 12), { authTagLength: 16 });
    decipher.setAAD(aadOf(context));
    decipher.setAuthTag(sealed.subarray(-16));
    try {
      return Buffer.concat([decipher.update(sealed.subarray(12, -16)), decipher.final()]);
    } catch {
      throw new AppError('secret_unreadable', 'sealed with another key or for another context');
    }
  }
}

function aadOf({ owner, kind, version }: Context): Buffer {
  return Buffer.from(JSON.stringify([owner, kind, version]));
}
