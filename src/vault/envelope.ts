/**
 * A sealed secret as bytes: format (1), id of the data key (8), nonce (12), ciphertext, tag (16). AES-256-GCM (NIST SP
 * 800-38D); format, key id and whose secret it is are authenticated with it, so that a secret moved to another owner, kind
 * or version does not open.
 */

import { createCipheriv, createDecipheriv, type KeyObject } from 'node:crypto';

import { AppError, invariant, systemRandom, toHex } from '#base';

/** Whose secret it is and which: must be the same when it is opened. */
export interface SealContext {
  /** Internal id of the device, or what else owns the secret; at most 65,535 characters. */
  readonly owner: string;
  /** What it is, such as `psk`; at most 65,535 characters. */
  readonly kind: string;
  /** Version of the record it stands in, a whole number below 2^48. */
  readonly version: number;
}

/** A key that seals secrets. */
export interface DataKey {
  /** 16 hex digits. */
  readonly id: string;
  readonly key: KeyObject;
}

/** Seals `plaintext` with a data key, under a fresh random nonce. */
export function seal({ id, key }: DataKey, context: SealContext, plaintext: Uint8Array): Uint8Array {
  const sealed = Buffer.allocUnsafeSlow(OVERHEAD + plaintext.length);
  sealed[0] = FORMAT;
  sealed.write(id, 1, ID_BYTES, 'hex');
  const nonce = systemRandom.bytes(NONCE_BYTES);
  sealed.set(nonce, NONCE_AT);
  const cipher = createCipheriv(ALGORITHM, key, nonce, OPTIONS);
  cipher.setAAD(associatedData(sealed, context));
  sealed.set(cipher.update(plaintext), BODY_AT);
  cipher.final();
  sealed.set(cipher.getAuthTag(), BODY_AT + plaintext.length);
  return sealed;
}

/**
 * Opens what `seal` made; `keyOf` gives the data key of an id. Throws AppError(`secret_unreadable`), which names the id of
 * the data key and nothing of the content.
 */
export function open(keyOf: (id: string) => DataKey | undefined, context: SealContext, sealed: Uint8Array): Uint8Array {
  if (sealed.length < OVERHEAD || sealed[0] !== FORMAT)
    throw new AppError('secret_unreadable', `a ${context.kind} cannot be read: these bytes are no sealed secret`);
  const id = toHex(sealed.subarray(1, NONCE_AT));
  const dataKey = keyOf(id);
  if (dataKey === undefined) throw unreadable(context, id, 'this data key is not there');
  const decipher = createDecipheriv(ALGORITHM, dataKey.key, sealed.subarray(NONCE_AT, BODY_AT), OPTIONS);
  decipher.setAAD(associatedData(sealed, context));
  decipher.setAuthTag(sealed.subarray(sealed.length - TAG_BYTES));
  // Node hands the text out before the tag is checked: nothing of it leaves here until `final` has passed.
  const plaintext = decipher.update(sealed.subarray(BODY_AT, sealed.length - TAG_BYTES));
  try {
    decipher.final();
  } catch {
    plaintext.fill(0);
    throw unreadable(context, id, 'it was changed, or belongs to another owner, kind or version');
  }
  return plaintext;
}

function unreadable({ kind }: SealContext, id: string, why: string): AppError {
  return new AppError('secret_unreadable', `a ${kind} sealed with data key ${id} cannot be read: ${why}`, {
    details: { dataKey: id },
  });
}

/**
 * Format and key id as they stand in the envelope, then the context: each text as UTF-16, in which no two texts are alike
 * (in UTF-8 halves of surrogate pairs are), behind its length, then the version.
 */
function associatedData(sealed: Uint8Array, { owner, kind, version }: SealContext): Uint8Array {
  invariant(owner.length <= LONGEST && kind.length <= LONGEST, 'owner and kind have at most 65,535 characters');
  invariant(Number.isInteger(version) && version >= 0 && version < VERSIONS, 'a version is a whole number below 2^48');
  const data = Buffer.allocUnsafe(NONCE_AT + 2 * (1 + owner.length + 1 + kind.length) + VERSION_BYTES);
  data.set(sealed.subarray(0, NONCE_AT));
  let at = data.writeUInt16BE(owner.length, NONCE_AT);
  at += data.write(owner, at, 'utf16le');
  at = data.writeUInt16BE(kind.length, at);
  at += data.write(kind, at, 'utf16le');
  data.writeUIntBE(version, at, VERSION_BYTES);
  return data;
}

const ALGORITHM = 'aes-256-gcm';
const TAG_BYTES = 16;
/** Without it, Node would take a tag of four bytes. */
const OPTIONS = { authTagLength: TAG_BYTES } as const;
const FORMAT = 1;
const ID_BYTES = 8;
const NONCE_BYTES = 12;
const NONCE_AT = 1 + ID_BYTES;
const BODY_AT = NONCE_AT + NONCE_BYTES;
const OVERHEAD = BODY_AT + TAG_BYTES;
const LONGEST = 0xffff;
const VERSION_BYTES = 6;
const VERSIONS = 2 ** 48;
