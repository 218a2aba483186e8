/** What a caller hands in as a credential, judged and brought into the one form that is kept. */

import {
  AppError,
  MAX_PSK_IDENTITY,
  WallTime,
  decodeBase64,
  fromHex,
  pskIdentityBytes,
  pskIdentityText,
  encodeUtf8,
} from '#base';
import { parseTimestamp } from '#lwm2m/model';
import type { CredentialKind } from '../model/index.js';
import type { KeyForms } from '../ports/index.js';

/** A credential as handed in. Which members it has follows from its kind. */
export interface CredentialInput {
  readonly kind: CredentialKind;
  /** psk: the identity, as text or as bytes in hex; absent: the endpoint name. */
  readonly identity?: string;
  readonly identityHex?: string;
  /** psk: `hex:…` or `base64:…` of 8 to 64 bytes, unless it is to be generated. */
  readonly key?: string;
  readonly generate?: boolean;
  /** rpk: SubjectPublicKeyInfo as PEM or base64 of its DER. */
  readonly publicKey?: string;
  /** x509: the certificate as PEM or base64 of its DER, or its SHA-256 in hex. */
  readonly certificate?: string;
  readonly fingerprint?: string;
  /** anchor: id of a trust anchor. */
  readonly anchor?: string;
  readonly label?: string;
  /** RFC 3339. */
  readonly validFrom?: string;
  readonly validUntil?: string;
}

/** The same, judged. */
export interface CredentialMaterial {
  readonly kind: CredentialKind;
  /** As in `CredentialRecord`. */
  readonly identity: string;
  /** psk: the key; undefined when it is to be generated. */
  readonly key?: Uint8Array;
  readonly label?: string;
  readonly validFrom?: WallTime;
  readonly validUntil?: WallTime;
  /** What is allowed and not wise. */
  readonly warnings: readonly string[];
}

/**
 * Judges a credential of `endpoint`. Throws AppError(`invalid_body`) that names the member, what is wrong with it and what
 * is allowed; never the key.
 */
export function materialOf(input: CredentialInput, endpoint: string, forms: KeyForms): CredentialMaterial {
  const foreign = Object.keys(input).find((name) => !COMMON.has(name) && !MEMBERS[input.kind].includes(name));
  if (foreign !== undefined) throw fault(foreign, `a credential of kind ${input.kind} has no ${foreign}`);
  const common = { kind: input.kind, ...labelOf(input), ...validityOf(input) };
  switch (input.kind) {
    case 'psk': {
      const key = keyOf(input);
      const weak = key !== undefined && key.length < STRONG_KEY;
      const warnings = weak ? [`a key of ${key.length} bytes is short: 16 random bytes or more are recommended`] : [];
      return { ...common, identity: pskIdentityOf(input, endpoint), ...(key !== undefined && { key }), warnings };
    }
    case 'rpk': {
      const { publicKey } = input;
      if (publicKey === undefined) throw fault('publicKey', 'is missing');
      const { fingerprint } = read('publicKey', () => forms.publicKey(publicKey));
      return { ...common, identity: fingerprint, warnings: [] };
    }
    case 'x509':
      return { ...common, identity: certificateOf(input, forms), warnings: [] };
    case 'anchor': {
      const { anchor } = input;
      if (anchor === undefined) throw fault('anchor', 'is missing');
      return { ...common, identity: anchor, warnings: [] };
    }
  }
}

function pskIdentityOf({ identity, identityHex }: CredentialInput, endpoint: string): string {
  if (identity !== undefined && identityHex !== undefined)
    throw fault('identityHex', 'the identity is given as text and in hex: give one of them');
  const bytes = identityHex === undefined ? encodeUtf8(identity ?? endpoint) : hexOf('identityHex', identityHex);
  if (bytes.length < 1 || bytes.length > MAX_PSK_IDENTITY) {
    const member = identityHex === undefined ? 'identity' : 'identityHex';
    throw fault(member, `an identity has 1 to ${MAX_PSK_IDENTITY} bytes, not ${bytes.length}`);
  }
  return pskIdentityText(bytes);
}

function keyOf({ key, generate }: CredentialInput): Uint8Array | undefined {
  if (generate === true) {
    if (key !== undefined) throw fault('key', 'a key that is to be generated cannot be given');
    return undefined;
  }
  const match = key === undefined ? undefined : /^(hex|base64):(.*)$/s.exec(key);
  if (match === undefined) throw fault('key', 'is missing: give hex:… or base64:…, or "generate": true');
  if (match === null) throw fault('key', 'must begin with hex: or base64:, which says how to read it');
  const [, form, text = ''] = match;
  const bytes = form === 'hex' ? hexOf('key', text) : decodeBase64(text);
  if (bytes === undefined) throw fault('key', 'what follows base64: is no base64');
  if (bytes.length < SHORTEST_KEY || bytes.length > LONGEST_KEY)
    throw fault('key', `a key has ${SHORTEST_KEY} to ${LONGEST_KEY} bytes, not ${bytes.length}`);
  return bytes;
}

function certificateOf({ certificate, fingerprint }: CredentialInput, forms: KeyForms): string {
  if (certificate !== undefined && fingerprint !== undefined)
    throw fault('fingerprint', 'the certificate and its fingerprint are given: give one of them');
  if (certificate !== undefined) return read('certificate', () => forms.certificate(certificate).fingerprint);
  if (fingerprint === undefined) throw fault('certificate', 'is missing: give it, or its SHA-256 as fingerprint');
  const plain = fingerprint.replaceAll(':', '').toLowerCase();
  if (!/^[0-9a-f]{64}$/.test(plain))
    throw fault('fingerprint', 'must be the SHA-256 of the certificate: 64 hex digits');
  return plain;
}

function labelOf({ label }: CredentialInput): { readonly label?: string } {
  return label === undefined || label === '' ? {} : { label };
}

function validityOf(input: CredentialInput): { readonly validFrom?: WallTime; readonly validUntil?: WallTime } {
  const validFrom = momentOf('validFrom', input.validFrom);
  const validUntil = momentOf('validUntil', input.validUntil);
  if (validFrom !== undefined && validUntil !== undefined && validUntil <= validFrom)
    throw fault('validUntil', 'must be later than validFrom');
  return { ...(validFrom !== undefined && { validFrom }), ...(validUntil !== undefined && { validUntil }) };
}

function momentOf(member: string, text: string | undefined): WallTime | undefined {
  if (text === undefined) return undefined;
  const unix = parseTimestamp(text);
  if (unix === undefined) throw fault(member, 'expected an RFC 3339 time such as 2026-01-31T12:00:00Z');
  return WallTime(Math.round(unix * 1000));
}

function hexOf(member: string, text: string): Uint8Array {
  if (!/^([0-9a-fA-F]{2})*$/.test(text)) throw fault(member, 'must be hex digits, two a byte');
  return fromHex(text);
}

/** What `form` gives; what it refuses is said of the member. */
function read<T>(member: string, form: () => T): T {
  try {
    return form();
  } catch (error) {
    if (error instanceof AppError) throw fault(member, error.message);
    throw error;
  }
}

function fault(member: string, detail: string): AppError {
  return new AppError('invalid_body', `the body does not fit: /${member} ${detail}`, {
    faults: [{ pointer: `/${member}`, detail }],
  });
}

/** The text by which an identity is shown: itself, or its bytes in hex. */
export function shownIdentity(identity: string): { readonly identity: string } | { readonly identityHex: string } {
  const bytes = identity.startsWith('#') ? pskIdentityBytes(identity) : undefined;
  return bytes === undefined ? { identity } : { identityHex: identity.slice(1) };
}

const COMMON: ReadonlySet<string> = new Set(['kind', 'label', 'validFrom', 'validUntil']);
const MEMBERS: Readonly<Record<CredentialKind, readonly string[]>> = {
  psk: ['identity', 'identityHex', 'key', 'generate'],
  rpk: ['publicKey'],
  x509: ['certificate', 'fingerprint'],
  anchor: ['anchor'],
};
/** Bytes of a key: what must be handled (LwM2M-Transport 1.2.1 §5.2.8.1), and what is recommended (RFC 9257 §4). */
const SHORTEST_KEY = 8;
const LONGEST_KEY = 64;
const STRONG_KEY = 16;
