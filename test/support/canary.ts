/**
 * Looks for a secret in whatever a program leaves behind: raw, in hex, in base64 and base64url wherever it begins in what was
 * encoded, and as a list of numbers. Case of hex, separators between its digits and line breaks in base64 do not hide it.
 */

import { readFileSync, readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';

/** A form in which a secret was found. */
export type Form = 'raw' | 'hex' | 'base64' | 'base64url' | 'numbers';

/** The forms of `secret` that are in `haystack`; a text is searched as UTF-8. Secrets shorter than 8 bytes are refused: they are found by chance. */
export function formsIn(haystack: Uint8Array | string, secret: Uint8Array): Form[] {
  if (secret.length < SHORTEST) throw new Error(`a canary of ${secret.length} bytes may be there by chance`);
  const bytes = typeof haystack === 'string' ? Buffer.from(haystack) : Buffer.from(haystack);
  const text = bytes.toString('latin1');
  const digits = text.replaceAll(/0x|[\s:,\\-]/gi, '').toLowerCase();
  const joined = text.replaceAll(/\s|\\r|\\n/g, '');
  const found = new Set<Form>();
  if (bytes.includes(Buffer.from(secret))) found.add('raw');
  if (digits.includes(Buffer.from(secret).toString('hex'))) found.add('hex');
  for (const form of ['base64', 'base64url'] as const)
    if (alignments(secret, form).some((core) => joined.includes(core))) found.add(form);
  if (joined.includes([...secret].join(','))) found.add('numbers');
  return [...found];
}

/** Files in `paths`, folders with all below them, in which `secret` is found, with the forms. */
export function filesWith(paths: readonly string[], secret: Uint8Array): string[] {
  return paths.flatMap((path) => {
    if (statSync(path).isDirectory()) {
      return filesWith(
        readdirSync(path).map((name) => join(path, name)),
        secret,
      );
    }
    const forms = formsIn(readFileSync(path), secret);
    return forms.length === 0 ? [] : [`${path}: ${forms.join(', ')}`];
  });
}

/** Base64 of a secret behind 0, 1 and 2 other bytes, without the characters that others share. */
function alignments(secret: Uint8Array, form: 'base64' | 'base64url'): string[] {
  return [0, 1, 2].map((before) => {
    const encoded = Buffer.concat([Buffer.alloc(before), secret]).toString(form);
    return encoded.slice(Math.ceil((before * 8) / 6), Math.floor(((before + secret.length) * 8) / 6));
  });
}

const SHORTEST = 8;
