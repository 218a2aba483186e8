/**
 * What ends a flight: ServerHelloDone, ChangeCipherSpec and Finished (RFC 5246 §7.4.5, §7.1, §7.4.9). ChangeCipherSpec is a
 * record of its own, no handshake message.
 *
 *   ServerHelloDone   nothing      ChangeCipherSpec   01      Finished   verify_data (12)
 *
 * All decoders throw DecodeError: `illegal_value` for another byte than 1 in ChangeCipherSpec, `truncated`, `trailing_bytes`.
 */

import { DecodeError, Reader, invariant } from '#base';

/** Bytes of the verify_data of all suites there are here. */
export const VERIFY_DATA = 12;

/** Checks that the body of a ServerHelloDone is empty. */
export function decodeServerHelloDone(body: Uint8Array): void {
  new Reader(body).end();
}

/** Checks the content of a ChangeCipherSpec record. */
export function decodeChangeCipherSpec(content: Uint8Array): void {
  const reader = new Reader(content);
  const type = reader.u8();
  reader.end();
  if (type !== CHANGE_CIPHER_SPEC)
    throw new DecodeError('illegal_value', `change_cipher_spec ${type} where 1 is allowed`);
}

/** The content of a ChangeCipherSpec record. */
export function encodeChangeCipherSpec(): Uint8Array {
  return Uint8Array.of(CHANGE_CIPHER_SPEC);
}

/** Reads the verify_data of a Finished, 12 bytes, as a view. */
export function decodeFinished(body: Uint8Array): Uint8Array {
  const reader = new Reader(body);
  const verifyData = reader.take(VERIFY_DATA);
  reader.end();
  return verifyData;
}

/** Writes the body of a Finished; verify_data of another length than 12 bytes throws InvariantError. */
export function encodeFinished(verifyData: Uint8Array): Uint8Array {
  invariant(verifyData.length === VERIFY_DATA, 'verify_data has 12 bytes');
  return verifyData.slice();
}

const CHANGE_CIPHER_SPEC = 1;
