/**
 * Extensions of hellos as they stand in the block (RFC 5246 §7.4.1.4). What their bodies mean is in extension-bodies.ts; those
 * that are not known stay in the list and are for the negotiation to ignore.
 *
 *   block length (2)   ( type (2)   length (2)   body )*
 */

import { DecodeError, invariant } from '#base';
import type { Reader, Writer } from '#base';

import { fits, readVector, writeVector } from './vectors.js';

/** Numbers of the extensions that have a meaning here, by name. */
export const ExtensionType = Object.freeze({
  /** RFC 6066 §3. */
  SERVER_NAME: 0,
  /** RFC 6066 §4. */
  MAX_FRAGMENT_LENGTH: 1,
  /** RFC 8422 §5.1.1. */
  SUPPORTED_GROUPS: 10,
  /** RFC 8422 §5.1.2. */
  EC_POINT_FORMATS: 11,
  /** RFC 5246 §7.4.1.4.1. */
  SIGNATURE_ALGORITHMS: 13,
  /** RFC 7250 §3. */
  CLIENT_CERTIFICATE_TYPE: 19,
  SERVER_CERTIFICATE_TYPE: 20,
  /** RFC 7366: for CBC suites, of which there are none here. */
  ENCRYPT_THEN_MAC: 22,
  /** RFC 7627. */
  EXTENDED_MASTER_SECRET: 23,
  /** RFC 8449. */
  RECORD_SIZE_LIMIT: 28,
  /** RFC 5077 §3.2: the body is a ticket as it is, or empty. */
  SESSION_TICKET: 35,
  /** RFC 9146 §3. */
  CONNECTION_ID: 54,
  /** RFC 9853. */
  RETURN_ROUTABILITY_CHECK: 61,
  /** RFC 5746. */
  RENEGOTIATION_INFO: 0xff01,
} as const);
/** One of the extension numbers. */
export type ExtensionType = (typeof ExtensionType)[keyof typeof ExtensionType];

/** An extension with its body, a view of the hello it was read from. */
export interface Extension {
  readonly type: number;
  readonly body: Uint8Array;
}

/** Most extensions a hello may have; the busiest clients send about twenty. */
export const MAX_EXTENSIONS = 64;

/**
 * Reads the block at the end of a hello, up to the end of `reader`; a hello that ends before it has none. Throws
 * DecodeError: `duplicate_extension`, `too_many` beyond MAX_EXTENSIONS, `truncated`, `trailing_bytes`.
 */
export function readExtensions(reader: Reader): Extension[] {
  const extensions: Extension[] = [];
  if (reader.remaining === 0) return extensions;
  const block = reader.sub(reader.u16());
  reader.end();
  while (block.remaining > 0) {
    const at = block.offset;
    const type = block.u16();
    const body = readVector(block, 2, 'an extension');
    if (findExtension(extensions, type) !== undefined)
      throw new DecodeError('duplicate_extension', `extension ${type} stands twice`, at);
    if (extensions.length === MAX_EXTENSIONS)
      throw new DecodeError('too_many', `more than ${MAX_EXTENSIONS} extensions`, at);
    extensions.push({ type, body });
  }
  return extensions;
}

/** Writes the block, and nothing at all when there are no extensions. What no hello can hold throws InvariantError. */
export function writeExtensions(writer: Writer, extensions: readonly Extension[]): Writer {
  if (extensions.length === 0) return writer;
  let size = 0;
  for (const { body } of extensions) size += EXTENSION_HEADER + body.length;
  invariant(fits(size, 2), 'the extensions of a hello have at most 65,535 bytes');
  writer.u16(size);
  for (const { type, body } of extensions) {
    invariant(fits(type, 2), 'an extension number has 16 bits');
    writeVector(writer.u16(type), 2, body, 'an extension');
  }
  return writer;
}

/** The body of an extension in a list; undefined when it is not there. */
export function findExtension(extensions: readonly Extension[], type: number): Uint8Array | undefined {
  for (let index = 0; index < extensions.length; index += 1) {
    const extension = extensions[index] as Extension;
    if (extension.type === type) return extension.body;
  }
  return undefined;
}

/** Bytes before the body of an extension. */
const EXTENSION_HEADER = 4;
