/** How a device is named in a URL: its endpoint name percent-encoded, or `~` and base64url of its bytes, which names every endpoint. */

import { AppError, decodeUtf8, DecodeError } from '#base';

/** The endpoint name that a path segment (already percent-decoded) means. Throws AppError(`device_not_found`) for what no device can be called. */
export function endpointOf(segment: string): string {
  if (!segment.startsWith('~')) return segment;
  const coded = segment.slice(1);
  const bytes = Buffer.from(coded, 'base64url');
  if (bytes.toString('base64url') !== coded)
    throw new AppError('device_not_found', `"${segment}" is not ~ and base64url of an endpoint name`);
  try {
    return decodeUtf8(bytes);
  } catch (error) {
    if (error instanceof DecodeError)
      throw new AppError('device_not_found', `"${segment}" names no valid UTF-8`, { cause: error });
    throw error;
  }
}
