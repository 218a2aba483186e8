/** Alerts (RFC 5246 §7.2): level (1), description (1). What is done about one is for the connection. */

import { DecodeError, Reader, invariant } from '#base';

import { fits } from './vectors.js';

/** Levels of alerts. */
export const AlertLevel = Object.freeze({ warning: 1, fatal: 2 } as const);
/** One of the levels. */
export type AlertLevel = (typeof AlertLevel)[keyof typeof AlertLevel];

/** Descriptions of alerts by the names of the registry (RFC 5246 §7.2, RFC 6066, 7301, 7507, 8446 §6, 4279 §6). */
export const AlertDescription = Object.freeze({
  close_notify: 0,
  unexpected_message: 10,
  bad_record_mac: 20,
  decryption_failed: 21,
  record_overflow: 22,
  handshake_failure: 40,
  bad_certificate: 42,
  unsupported_certificate: 43,
  certificate_revoked: 44,
  certificate_expired: 45,
  certificate_unknown: 46,
  illegal_parameter: 47,
  unknown_ca: 48,
  access_denied: 49,
  decode_error: 50,
  decrypt_error: 51,
  protocol_version: 70,
  insufficient_security: 71,
  internal_error: 80,
  inappropriate_fallback: 86,
  user_canceled: 90,
  no_renegotiation: 100,
  missing_extension: 109,
  unsupported_extension: 110,
  unrecognized_name: 112,
  bad_certificate_status_response: 113,
  unknown_psk_identity: 115,
  certificate_required: 116,
  no_application_protocol: 120,
} as const);
/** One of the descriptions. */
export type AlertDescription = (typeof AlertDescription)[keyof typeof AlertDescription];
/** The name of one. */
export type AlertName = keyof typeof AlertDescription;

/** An alert. */
export interface Alert {
  readonly level: AlertLevel;
  /** Any number of 8 bits: a peer may know more of them. */
  readonly description: number;
}

/** Reads an alert of exactly two bytes. Throws DecodeError: `illegal_value` for another level, `truncated`, `trailing_bytes`. */
export function decodeAlert(bytes: Uint8Array): Alert {
  const reader = new Reader(bytes);
  const level = reader.u8();
  const description = reader.u8();
  reader.end();
  if (level !== AlertLevel.warning && level !== AlertLevel.fatal)
    throw new DecodeError('illegal_value', `alert level ${level}, allowed are 1 and 2`, 0);
  return { level, description };
}

/** Writes an alert. */
export function encodeAlert(level: AlertLevel, description: number): Uint8Array {
  invariant(fits(description, 1), 'the description of an alert has 8 bits');
  return Uint8Array.of(level, description);
}

/** The name of a description, fit for a metric label; undefined when it is not in the table. */
export function alertName(description: number): AlertName | undefined {
  return NAMES.get(description);
}

const NAMES: ReadonlyMap<number, AlertName> = new Map(
  (Object.keys(AlertDescription) as AlertName[]).map((name) => [AlertDescription[name], name]),
);
