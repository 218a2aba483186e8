/** How devices and models are named in a URL: percent-encoded, or `~` and base64url of the bytes, which names every one. */

import { AppError, decodeUtf8, DecodeError } from '#base';

/** The endpoint name that a path segment (already percent-decoded) means. Throws AppError(`device_not_found`) for what no device can be called. */
export function endpointOf(segment: string): string {
  return nameOf(segment, 'an endpoint name', 'device_not_found');
}

/** The model that a path segment (already percent-decoded) means. Throws AppError(`model_not_found`) for what no model can be called. */
export function modelOf(segment: string): string {
  const name = nameOf(segment, 'a model', 'model_not_found');
  if (name.length <= LONGEST_MODEL) return name;
  throw new AppError('model_not_found', `a model has at most ${LONGEST_MODEL} characters, not ${name.length}`);
}

/** The profile id that a path segment (already percent-decoded) means. Throws AppError(`profile_not_found`) for what no profile can be called. */
export function profileOf(segment: string): string {
  const id = nameOf(segment, 'a profile', 'profile_not_found');
  if (id !== '' && id.length <= LONGEST_PROFILE && !/[",\s]/.test(id)) return id;
  throw new AppError(
    'profile_not_found',
    `a profile id has 1 to ${LONGEST_PROFILE} characters without comma, quote and blank`,
  );
}

/** The id of a credential. Throws AppError(`credential_not_found`) for what none can be called. */
export function credentialOf(segment: string): string {
  return idOf(segment, 'a credential', 'credential_not_found');
}

/** The id of a trust anchor. Throws AppError(`anchor_not_found`) for what none can be called. */
export function anchorOf(segment: string): string {
  return idOf(segment, 'a trust anchor', 'anchor_not_found');
}

/** The id of a revocation list. Throws AppError(`revocation_list_not_found`) for what none can be called. */
export function revocationListOf(segment: string): string {
  return idOf(segment, 'a revocation list', 'revocation_list_not_found');
}

/** The id of a server credential. Throws AppError(`server_credential_not_found`) for what none can be called. */
export function serverCredentialOf(segment: string): string {
  return idOf(segment, 'a server credential', 'server_credential_not_found');
}

function idOf(segment: string, what: string, code: string): string {
  if (/^[A-Za-z0-9._-]{1,64}$/.test(segment)) return segment;
  throw new AppError(code, `the id of ${what} has 1 to 64 of the characters A-Z, a-z, 0-9, ".", "_" and "-"`);
}

function nameOf(segment: string, what: string, code: string): string {
  if (!segment.startsWith('~')) return segment;
  const coded = segment.slice(1);
  const bytes = Buffer.from(coded, 'base64url');
  if (bytes.toString('base64url') !== coded) throw new AppError(code, `"${segment}" is not ~ and base64url of ${what}`);
  try {
    return decodeUtf8(bytes);
  } catch (error) {
    if (error instanceof DecodeError) throw new AppError(code, `"${segment}" names no valid UTF-8`, { cause: error });
    throw error;
  }
}

/** Characters of a model number that are kept of a device. */
const LONGEST_MODEL = 256;
/** Characters of a profile id. */
const LONGEST_PROFILE = 128;
