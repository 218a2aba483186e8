/**
 * The embedded store's own parameters: when the journal is folded into the records, how much one step may do, when the
 * write-ahead log is emptied. Tests make them small; the limits a user sets are StoreLimits of the port.
 */

/** Parameters of the embedded store. */
export interface SqliteParameters {
  /** Bytes of journal after which it is folded into the records: more merges repeated changes better and lengthens replay. */
  readonly foldBytes: number;
  /** Milliseconds after which journalled changes are folded, however few they are. */
  readonly foldAge: number;
  /** Rows that one step of folding or cleaning writes at most while changes wait: more delays the next commit longer. */
  readonly stepRows: number;
  /** Unfolded bytes, as a multiple of `foldBytes`, beyond which commits are refused because folding does not get on. */
  readonly unfoldedFactor: number;
  /** Milliseconds that a touch waits at most before it is written: less than the 60 s the port promises. */
  readonly touchAge: number;
  /** Touches that one commit writes at most: more delays the changes that are committed with it longer. */
  readonly touchRows: number;
  /** Bytes of write-ahead log after which it is copied into the main file. */
  readonly walBytes: number;
  /** Bytes of write-ahead log after which it is cut to nothing once copied. */
  readonly walTruncateBytes: number;
  /** Milliseconds between two rounds of looking for operations that are too old. */
  readonly retentionPeriod: number;
  /** Bytes of memory that each of the two connections uses for pages. */
  readonly cacheBytes: number;
}

/** What the server runs with. */
export const DEFAULT_PARAMETERS: SqliteParameters = Object.freeze({
  foldBytes: 8 * 1024 * 1024,
  foldAge: 10_000,
  stepRows: 256,
  unfoldedFactor: 8,
  touchAge: 30_000,
  touchRows: 512,
  walBytes: 32 * 1024 * 1024,
  walTruncateBytes: 256 * 1024 * 1024,
  retentionPeriod: 3_600_000,
  cacheBytes: 16 * 1024 * 1024,
});
