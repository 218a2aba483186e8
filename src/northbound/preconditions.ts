/** If-Match (RFC 9110 §13.1.1): honoured when sent, never demanded. */

import type { IncomingHttpHeaders } from 'node:http';

import { AppError } from '#base';

/**
 * The one ETag a change must be made against, or undefined when any will do. Of several tags the current one is taken
 * when it is among them; otherwise the first, which will then not match.
 */
export function ifMatchOf(headers: IncomingHttpHeaders, current: () => string): string | undefined {
  const header = headers['if-match'];
  if (header === undefined) return undefined;
  const tags = header.split(',').map((tag) => tag.trim());
  const now = current();
  return tags.includes('*') || tags.includes(now) ? now : tags[0];
}

/** Throws AppError(`precondition_failed`) when If-Match was sent and does not name the current ETag of `what`. */
export function checkMatch(headers: IncomingHttpHeaders, current: string, what: string): void {
  const wanted = ifMatchOf(headers, () => current);
  if (wanted !== undefined && wanted !== current)
    throw new AppError('precondition_failed', `${what} has changed since`);
}
