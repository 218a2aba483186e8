/**
 * The master key, which wraps data keys and is kept apart from them: 32 bytes, written as one line
 * `bellwether-master-key:v1:<key id>:<base64url>`. Its id tells keys apart and says nothing of the key.
 */

import { createHash, createSecretKey, randomBytes, type KeyObject } from 'node:crypto';

import { AppError, Secret, encodeBase64Url } from '#base';

/** A master key in memory; the bytes are held by OpenSSL. */
export interface MasterKey {
  /** 16 hex digits. */
  readonly id: string;
  readonly key: KeyObject;
}

/** Makes a key: the line it is kept as, for a file or a variable, to be disposed of by the caller. */
export function makeMasterKey(): { readonly master: MasterKey; readonly line: Secret } {
  const bytes = randomBytes(KEY_BYTES);
  const id = idOf(bytes);
  const line = Secret.ofText(`${PREFIX}${id}:${encodeBase64Url(bytes)}\n`);
  return { master: masterKey(id, bytes), line };
}

/**
 * Reads a line made by `makeMasterKey`; `where` names its file or variable. Throws AppError(`bad_master_key`), which says
 * what is wrong and shows nothing of the content.
 */
export function readMasterKey(line: Uint8Array, where: string): MasterKey {
  const text =
    line.length > LONGEST_LINE
      ? ''
      : Buffer.from(line)
          .toString('latin1')
          .replace(/\r?\n$/, '');
  const match = /^bellwether-master-key:v1:([0-9a-f]{16}):([\w-]{43})$/.exec(text);
  if (match === null) {
    throw new AppError(
      'bad_master_key',
      `${where} does not hold a master key: it must be one line such as ${PREFIX}<key id>:<43 characters>`,
    );
  }
  const [, id = '', encoded = ''] = match;
  const bytes = Buffer.from(encoded, 'base64url');
  if (encodeBase64Url(bytes) !== encoded || idOf(bytes) !== id) {
    bytes.fill(0);
    throw new AppError(
      'bad_master_key',
      `the master key in ${where} was changed: it is not the key ${id} it says it is`,
    );
  }
  return masterKey(id, bytes);
}

/** Takes the bytes over: they are zeros after this. */
function masterKey(id: string, bytes: Buffer): MasterKey {
  const key = createSecretKey(bytes);
  bytes.fill(0);
  return { id, key };
}

function idOf(bytes: Uint8Array): string {
  return createHash('sha256').update(ID_DOMAIN).update(bytes).digest('hex').slice(0, ID_DIGITS);
}

const KEY_BYTES = 32;
const ID_DIGITS = 16;
const ID_DOMAIN = 'bellwether master key id v1\0';
const PREFIX = 'bellwether-master-key:v1:';
const LONGEST_LINE = 256;
