/**
 * Looks for a secret in whatever a program leaves behind: raw, in hex, in base64 and base64url wherever it begins in what was
 * encoded, and as a list of numbers. Case of hex, separators between its digits and line breaks in base64 do not hide it.
 */

import { closeSync, openSync, readFileSync, readSync, readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';

/** A form in which a secret was found. */
export type Form = 'raw' | 'hex' | 'base64' | 'base64url' | 'numbers';

/** The forms of `secret` that are in `haystack`; a text is searched as UTF-8. Secrets shorter than 8 bytes are refused: they are found by chance. */
export function formsIn(haystack: Uint8Array | string, secret: Uint8Array): Form[] {
  return new Haystack(haystack).formsOf(secret);
}

/** What may hold secrets, made ready once for looking for many of them. */
export class Haystack {
  readonly #bytes: Buffer;
  readonly #digits: string;
  readonly #joined: string;

  /** A text is searched as UTF-8. */
  constructor(haystack: Uint8Array | string) {
    this.#bytes = typeof haystack === 'string' ? Buffer.from(haystack) : Buffer.from(haystack);
    const text = this.#bytes.toString('latin1');
    this.#digits = text.replaceAll(/0x|[\s:,\\-]/gi, '').toLowerCase();
    this.#joined = text.replaceAll(/\s|\\r|\\n/g, '');
  }

  /** As `formsIn`. */
  formsOf(secret: Uint8Array): Form[] {
    if (secret.length < SHORTEST) throw new Error(`a canary of ${secret.length} bytes may be there by chance`);
    const found = new Set<Form>();
    if (this.#bytes.includes(Buffer.from(secret))) found.add('raw');
    if (this.#digits.includes(Buffer.from(secret).toString('hex'))) found.add('hex');
    for (const form of ['base64', 'base64url'] as const)
      if (alignments(secret, form).some((core) => this.#joined.includes(core))) found.add(form);
    if (this.#joined.includes([...secret].join(','))) found.add('numbers');
    return [...found];
  }
}

/** As `filesWith` for many secrets by their names, in files of any size: `file: name as form`, and how many bytes were looked at. */
export function searchFiles(
  paths: readonly string[],
  secrets: ReadonlyMap<string, Uint8Array>,
): { readonly found: readonly string[]; readonly bytes: number } {
  const found = new Set<string>();
  let bytes = 0;
  for (const path of paths) {
    if (statSync(path).isDirectory()) {
      const below = searchFiles(
        readdirSync(path).map((name) => join(path, name)),
        secrets,
      );
      for (const one of below.found) found.add(one);
      bytes += below.bytes;
      continue;
    }
    for (const piece of piecesOf(path)) {
      const haystack = new Haystack(piece);
      for (const [name, secret] of secrets)
        for (const form of haystack.formsOf(secret)) found.add(`${path}: ${name} as ${form}`);
    }
    bytes += statSync(path).size;
  }
  return { found: [...found], bytes };
}

/** A file in pieces that overlap by more than any form of a secret takes. */
function* piecesOf(path: string): Generator<Uint8Array, void, undefined> {
  const file = openSync(path, 'r');
  try {
    const piece = Buffer.alloc(PIECE);
    for (let at = 0; ; at += PIECE - OVERLAP) {
      const length = readSync(file, piece, 0, PIECE, at);
      yield piece.subarray(0, length);
      if (length < PIECE) return;
    }
  } finally {
    closeSync(file);
  }
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
const PIECE = 4 * 1024 * 1024;
const OVERLAP = 4096;
