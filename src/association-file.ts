/**
 * The associations of an orderly stop, for the start after it: one sealed file in the data folder. It is good for one start
 * and no other, because two servers that go on with the same association use the same nonces: it names the opening of the
 * store in which it was written, it opens only in the very next opening, and it is removed for good before it is used. A
 * copy that is put back is refused, for the store has been opened since.
 */

import { join } from 'node:path';

import { AppError, DecodeError, Reader, WallTime, Writer, decodeUtf8, encodeUtf8, messageOf } from '#base';
import { removeFile, replaceFile, type Disk } from '#vault';

/** Seals and opens, as the vault does. */
export interface Sealer {
  seal(context: SealedAs, content: Uint8Array): Uint8Array;
  /** Throws AppError(`secret_unreadable`). */
  open(context: SealedAs, sealed: Uint8Array): Uint8Array;
}

interface SealedAs {
  readonly owner: string;
  readonly kind: string;
  readonly version: number;
}

/** What a stop left: associations and when it was; or why there is nothing to go on with. */
export type Left =
  | { readonly is: 'associations'; readonly snapshot: Uint8Array; readonly written: WallTime }
  | { readonly is: 'nothing' }
  | { readonly is: 'refused'; readonly why: string };

/** The file of one data folder. */
export class AssociationFile {
  readonly #file: string;
  readonly #sealer: Sealer;
  readonly #disk: Disk;

  constructor(data: string, sealer: Sealer, disk: Disk) {
    this.#file = join(data, NAME);
    this.#sealer = sealer;
    this.#disk = disk;
  }

  /** Writes a snapshot of a server that stops in this opening of its store. Throws what the disk and the vault say. */
  write(opening: string, snapshot: Uint8Array, now: WallTime): void {
    const content = new Writer(WHEN_BYTES + snapshot.length).uint(now, WHEN_BYTES).bytes(snapshot).finish();
    const sealed = this.#sealer.seal(sealedIn(opening), content);
    content.fill(0);
    const name = encodeUtf8(opening);
    const head = new Writer().bytes(MAGIC).u8(name.length).bytes(name).finish();
    replaceFile(this.#disk, this.#file, Buffer.concat([head, sealed]));
  }

  /** Takes what was left in the opening before this one. When this returns the file is gone for good, whatever it held. */
  take(openingBefore: string | undefined): Left {
    let content: Uint8Array | undefined;
    try {
      content = this.#disk.read(this.#file);
      removeFile(this.#disk, `${this.#file}.new`);
      removeFile(this.#disk, this.#file);
    } catch (error) {
      return { is: 'refused', why: `${this.#file} cannot be read and removed: ${messageOf(error)}` };
    }
    if (content === undefined) return { is: 'nothing' };
    try {
      return this.#read(content, openingBefore);
    } catch (error) {
      if (!(error instanceof AppError) && !(error instanceof DecodeError)) throw error;
      return { is: 'refused', why: error.message };
    }
  }

  /**
   * Hands what was left in the opening before this one on to the next: this one came to nothing before it used any of it.
   * Throws what the disk and the vault say; then nothing is left.
   */
  handOn(openingBefore: string | undefined, opening: string): void {
    const left = this.take(openingBefore);
    if (left.is !== 'associations') return;
    try {
      this.write(opening, left.snapshot, left.written);
    } finally {
      left.snapshot.fill(0);
    }
  }

  #read(content: Uint8Array, openingBefore: string | undefined): Left {
    const reader = new Reader(content);
    if (!MAGIC.equals(reader.take(MAGIC.length))) return { is: 'refused', why: `${NAME} is not what a server writes` };
    const opening = decodeUtf8(reader.take(reader.u8()));
    if (opening !== openingBefore)
      return { is: 'refused', why: `${NAME} is of another time: the store was opened since, or is another` };
    const opened = new Reader(this.#sealer.open(sealedIn(opening), reader.rest()));
    return { is: 'associations', written: WallTime(opened.uint(WHEN_BYTES)), snapshot: opened.rest() };
  }
}

function sealedIn(opening: string): SealedAs {
  return { owner: opening, kind: 'snapshot', version: 1 };
}

const NAME = 'associations.sealed';
const MAGIC = Buffer.from('Bellwether associations 1\n', 'latin1');
const WHEN_BYTES = 6;
