/** What the main thread and its two workers say to each other. One message a group; bytes are transferred, not copied. */

import type { OperationId, OperationState } from '#fleet/model';
import type { StoreLimits } from '#fleet/ports';
import type { SqliteParameters } from './parameters.js';

/** Handed to the writer at its start. */
export interface WriterData {
  readonly folder: string;
  readonly limits: StoreLimits;
  readonly parameters: SqliteParameters;
  /** A whole number of 48 random bits, which names this opening. */
  readonly random: number;
  /** One word: while it is 1 the writer stands still before its next commit. */
  readonly held: Int32Array<SharedArrayBuffer>;
}

/** To the writer. */
export type ToWriter =
  | { readonly type: 'group'; readonly seq: number; readonly newest: number; readonly bytes: Uint8Array }
  /** Fold every group so far into the records. */
  | { readonly type: 'fold' }
  /** Wall time for retention. */
  | { readonly type: 'clean'; readonly now: number }
  /** Fault injection: the main file may not grow beyond so many pages; 0 lifts the limit. */
  | { readonly type: 'limitPages'; readonly pages: number }
  | { readonly type: 'close' };

/** Figures of the writer, sent along with what it says. */
export interface WriterFigures {
  readonly commitMilliseconds: number;
  readonly walBytes: number;
  readonly checkpoints: number;
  readonly foldedRows: number;
  /** Operations removed because they were too old or too many. */
  readonly forgottenOperations: number;
  /** Times that the oldest values of an instance were left out because it has too many bytes. */
  readonly cappedInstances: number;
}

/** From the writer. */
export type FromWriter =
  | {
      readonly type: 'opened';
      readonly fence: number;
      /** Name of this opening of the store, and of the one before. */
      readonly opening: string;
      readonly openingBefore: string | undefined;
      readonly newestEvent: number;
      readonly newestOperation: string;
      readonly models: readonly (readonly [object: number, version: string, recordVersion: number])[];
      readonly settings: readonly (readonly [kind: string, name: string, recordVersion: number])[];
      /** Groups that a crash had left in the journal. */
      readonly replayedGroups: number;
      /** Copy of the file that was kept before it was migrated. */
      readonly copy: string | undefined;
    }
  | { readonly type: 'refused'; readonly code: string; readonly message: string }
  | { readonly type: 'committed'; readonly seq: number; readonly figures: WriterFigures }
  | { readonly type: 'failed'; readonly seq: number; readonly reason: string }
  | { readonly type: 'folded'; readonly figures: WriterFigures }
  | { readonly type: 'cleaned'; readonly figures: WriterFigures }
  /** Folding, cleaning or a checkpoint failed (it is tried again), or is well again. */
  | { readonly type: 'background'; readonly problem: string | undefined }
  | { readonly type: 'closed' };

/** Handed to the reader at its start. */
export interface ReaderData {
  readonly file: string;
  readonly cacheBytes: number;
}

/** A row of a list: version and JSON text. */
export type Row = readonly [version: number, text: string];

/** What the reader is asked, and the type of each answer. */
export interface Reads {
  /** Versions of all devices and of all operations that are not finished. */
  readonly index: {
    readonly ask: undefined;
    readonly answer: {
      readonly devices: readonly (readonly [id: string, version: number])[];
      readonly operations: readonly (readonly [id: string, device: string, version: number])[];
    };
  };
  /** Devices in order of row, at most `limit` from `after` on: JSON of an array of [version, record, seen]. */
  readonly devices: {
    readonly ask: { readonly after: number; readonly limit: number };
    readonly answer: { readonly text: string; readonly last: number };
  };
  /** Open operations, and finished ones with a key made at or after `since`, as for devices: [version, record]. */
  readonly openOperations: {
    readonly ask: { readonly after: string; readonly limit: number; readonly since: number };
    readonly answer: { readonly text: string; readonly last: string };
  };
  readonly models: { readonly ask: undefined; readonly answer: readonly Row[] };
  readonly settings: { readonly ask: undefined; readonly answer: readonly Row[] };
  readonly operation: { readonly ask: OperationId; readonly answer: Row | undefined };
  /** Newest first, below `cursor`. */
  readonly operations: {
    readonly ask: {
      readonly device: string | undefined;
      readonly states: readonly OperationState[] | undefined;
      readonly cursor: string | undefined;
      readonly limit: number;
    };
    readonly answer: readonly (readonly [id: string, version: number, text: string])[];
  };
  readonly values: {
    readonly ask: {
      readonly device: string;
      readonly object: number | undefined;
      readonly instance: number | undefined;
    };
    readonly answer: readonly (readonly [object: number, instance: number, text: string])[];
  };
  /** By digest: JSON text of a session. */
  readonly session: { readonly ask: string; readonly answer: string | undefined };
  /** Kept events above `after` as JSON texts, and the number of the oldest of the `keep` newest. */
  readonly events: {
    readonly ask: { readonly after: number; readonly limit: number; readonly keep: number };
    readonly answer: { readonly texts: readonly string[]; readonly oldest: number };
  };
}
/** Name of a read. */
export type ReadName = keyof Reads;

/** To the reader; `close` ends it. */
export type ToReader = { readonly id: number; readonly name: ReadName; readonly ask: unknown } | 'close';

/** From the reader. */
export type FromReader =
  { readonly id: number; readonly answer: unknown } | { readonly id: number; readonly error: string };
