/**
 * Record headers (RFC 6347 §4.1), with a connection id RFC 9146 §4. Reading never throws, allocates nothing and looks at
 * the header alone: what the fragment holds is for the record layer.
 *
 *   type (1)   version (2)   epoch (2)   sequence (6)   [type 25: cid, as long as the receiver chose]   length (2)   fragment
 */

import { invariant } from '#base';

/** Content types of records (RFC 6347 §4.1, RFC 9146 §4, RFC 9853). */
export const ContentType = Object.freeze({
  CHANGE_CIPHER_SPEC: 20,
  ALERT: 21,
  HANDSHAKE: 22,
  APPLICATION_DATA: 23,
  CID: 25,
  RETURN_ROUTABILITY_CHECK: 27,
} as const);
/** One of the content types. */
export type ContentType = (typeof ContentType)[keyof typeof ContentType];

/** Bytes of a record header without a connection id. */
export const RECORD_HEADER = 13;
/** DTLS 1.2 as a version on the wire. */
export const DTLS_1_2 = 0xfefd;
/** DTLS 1.0: what a HelloVerifyRequest says whatever is spoken later (RFC 6347 §4.2.1). */
export const DTLS_1_0 = 0xfeff;
/** Most bytes of a fragment that is not protected (RFC 6347 §4.1). */
export const MAX_PLAINTEXT = 2 ** 14;
/** Most bytes of a protected fragment (RFC 5246 §6.2.3). */
export const MAX_SEALED = 2 ** 14 + 2048;
/** Largest sequence number: 48 bits. */
export const MAX_SEQUENCE = 2 ** 48 - 1;

/** Positions of one record in its datagram; one object is used for record after record. */
export interface RecordView {
  /** Offset of the header. */
  at: number;
  type: number;
  version: number;
  epoch: number;
  /** 48 bits, exact. */
  sequence: number;
  /** Offset of the connection id, and its bytes: 0 unless the type is 25. */
  cid: number;
  cidLength: number;
  /** The fragment; the next record begins at its end. */
  start: number;
  end: number;
}

/** Why there is no record at an offset. Stable words, used as metric labels. */
export type RecordFault =
  /** The datagram ends within the header or the fragment. */
  | 'record_truncated'
  /** A type that is none of ours, or 25 where we asked for no connection id. */
  | 'record_type'
  /** A version of which the major byte is not 254. */
  | 'record_version'
  /** A length above MAX_PLAINTEXT in epoch 0, above MAX_SEALED in others. */
  | 'record_too_long'
  /** Epoch 0 and a type that is only ever sent protected. */
  | 'record_unprotected'
  /** A fragment of no bytes: nothing that may be sent is that short (RFC 5246 §6.2.1). */
  | 'record_empty';

/** A view to read records into. */
export function newRecordView(): RecordView {
  return { at: 0, type: 0, version: 0, epoch: 0, sequence: 0, cid: 0, cidLength: 0, start: 0, end: 0 };
}

/**
 * Reads the header at `at` into `view`. `cidLength` is how long the connection ids are that we gave out, in bytes, 0 when
 * none: it is not on the wire, and no other length is believed. Of the version the major byte counts alone, for the minor
 * one is not agreed at first.
 *
 * `view.end` is always set and beyond `at` unless nothing is left there: after `record_unprotected` and `record_empty` the
 * next record begins there; after the other faults what follows cannot be told, and it is the end of the datagram. The
 * other members mean something only when there is no fault.
 */
export function readRecord(
  datagram: Uint8Array,
  at: number,
  cidLength: number,
  view: RecordView,
): RecordFault | undefined {
  const size = datagram.length;
  view.end = size;
  if (at >= size) return 'record_truncated';
  const type = datagram[at] as number;
  const carried = type === ContentType.CID ? cidLength : 0;
  if (!isContentType(type) || (type === ContentType.CID && cidLength === 0)) return 'record_type';
  const start = at + RECORD_HEADER + carried;
  if (start > size) return 'record_truncated';
  if (datagram[at + 1] !== DTLS_1_2 >> 8) return 'record_version';
  const epoch = u16(datagram, at + 3);
  const length = u16(datagram, start - 2);
  if (length > (epoch === 0 ? MAX_PLAINTEXT : MAX_SEALED)) return 'record_too_long';
  if (length > size - start) return 'record_truncated';
  view.at = at;
  view.type = type;
  view.version = u16(datagram, at + 1);
  view.epoch = epoch;
  view.sequence = u16(datagram, at + 5) * 0x1_0000_0000 + u16(datagram, at + 7) * 0x1_0000 + u16(datagram, at + 9);
  view.cid = at + CID_OFFSET;
  view.cidLength = carried;
  view.start = start;
  view.end = start + length;
  if (epoch === 0 && type > ContentType.HANDSHAKE) return 'record_unprotected';
  return length === 0 ? 'record_empty' : undefined;
}

/**
 * Writes a header at `at` and returns the offset behind it, where the fragment of `length` bytes goes. Without a connection
 * id (`cid` EMPTY) it has 13 bytes; with one it has as many more, and says type 25: `type` then stands within what is
 * protected. `version` is DTLS_1_2 unless a caller answers before the version is agreed. Numbers that do not fit and an
 * `out` without room throw InvariantError.
 */
export function writeRecordHeader(
  out: Uint8Array,
  at: number,
  type: number,
  epoch: number,
  sequence: number,
  cid: Uint8Array,
  length: number,
  version: number = DTLS_1_2,
): number {
  const cidLength = cid.length;
  const end = at + RECORD_HEADER + cidLength;
  invariant(isContentType(type), 'a record has a content type');
  invariant((epoch & 0xffff) === epoch, 'an epoch has 16 bits');
  invariant(Number.isInteger(sequence) && sequence >= 0 && sequence <= MAX_SEQUENCE, 'a sequence number has 48 bits');
  invariant(cidLength <= MAX_CID, 'a connection id has at most 255 bytes');
  invariant(Number.isInteger(length) && length >= 0 && length <= MAX_SEALED, 'a record is not longer than MAX_SEALED');
  invariant((version & 0xffff) === version, 'a version has 16 bits');
  invariant(end <= out.length, 'there is room for a record header');
  const low = sequence >>> 0;
  out[at] = cidLength === 0 ? type : ContentType.CID;
  putU16(out, at + 1, version);
  putU16(out, at + 3, epoch);
  putU16(out, at + 5, (sequence - low) / 0x1_0000_0000);
  putU16(out, at + 7, low >>> 16);
  putU16(out, at + 9, low);
  for (let index = 0; index < cidLength; index += 1) out[at + CID_OFFSET + index] = cid[index] as number;
  putU16(out, end - 2, length);
  return end;
}

function isContentType(type: number): boolean {
  return (
    (type >= ContentType.CHANGE_CIPHER_SPEC && type <= ContentType.APPLICATION_DATA) ||
    type === ContentType.CID ||
    type === ContentType.RETURN_ROUTABILITY_CHECK
  );
}

function u16(bytes: Uint8Array, at: number): number {
  return ((bytes[at] as number) << 8) | (bytes[at + 1] as number);
}

/** Writes the lower 16 bits of a number. */
function putU16(out: Uint8Array, at: number, value: number): void {
  out[at] = value >>> 8;
  out[at + 1] = value;
}

/** Where the connection id stands: behind type, version, epoch and sequence number. */
const CID_OFFSET = 11;
const MAX_CID = 255;
