/**
 * Limits of the format codecs, one named row each with what it costs to raise it. Decoders check them before they allocate,
 * so that no payload can take more than a small multiple of its own size.
 */

/** What a payload may hold at most. */
export interface FormatLimits {
  /** Bytes of a payload, in either direction. */
  readonly payloadBytes: number;
  /** Values in one payload: SenML records, or TLVs. Each costs a few hundred bytes of heap. */
  readonly records: number;
  /** Characters of a SenML name after the base name was put before it; no path has more than 24. */
  readonly nameCharacters: number;
  /** Nesting of CBOR and JSON: SenML needs 2, an unknown field may nest deeper. */
  readonly depth: number;
  /** CBOR data items in one payload, keys and containers included. */
  readonly cborItems: number;
}

/** The limits in force unless a caller hands in others. */
export const FORMAT_LIMITS: FormatLimits = {
  payloadBytes: 1_048_576,
  records: 4_096,
  nameCharacters: 128,
  depth: 16,
  cborItems: 65_536,
};
