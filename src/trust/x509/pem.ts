/** Files of certificates or revocation lists: PEM (RFC 7468), several in one file, or one in DER. */

import { decodeBase64, DecodeError } from '#base';

/**
 * The DER of each `label` (such as `CERTIFICATE`) in a file, in its order; other PEM blocks are passed over. Throws DecodeError
 * when there is none, when a block does not end, and when one is no base64.
 */
export function readPem(file: Uint8Array, label: string): Uint8Array[] {
  if (file[0] === 0x30) return [file];
  const text = Buffer.from(file.buffer, file.byteOffset, file.length).toString('latin1');
  const begin = `-----BEGIN ${label}-----`;
  const end = `-----END ${label}-----`;
  const found: Uint8Array[] = [];
  for (let at = text.indexOf(begin); at >= 0; at = text.indexOf(begin, at)) {
    const from = at + begin.length;
    const to = text.indexOf(end, from);
    if (to < 0) throw new DecodeError('bad_pem', `the ${label} in the file does not end with ${end}`, at);
    found.push(base64(text.slice(from, to).replaceAll(/[\t-\r ]+/g, ''), label, at));
    at = to + end.length;
  }
  if (found.length === 0) throw new DecodeError('bad_pem', `the file is neither DER nor PEM with a block ${begin}`);
  return found;
}

function base64(text: string, label: string, at: number): Uint8Array {
  const bytes = decodeBase64(text);
  if (bytes === undefined) throw new DecodeError('bad_pem', `the ${label} in the file is no base64`, at);
  return bytes;
}
