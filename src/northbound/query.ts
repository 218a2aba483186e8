/** Query texts → parameters, as node:querystring reads them; the plain ones, which are nearly all, by the short way. */

import { parse } from 'node:querystring';

/** Longest text that goes the short way. */
const PLAIN_LENGTH = 256;

/** Parameters by name: a text, or several when the name is repeated; none without a query (Express: undefined or null). */
export function readQuery(text: string | undefined | null): Record<string, unknown> {
  if (text === undefined || text === null || text === '') return {};
  if (text.length > PLAIN_LENGTH || /[%+]/.test(text)) return parse(text);
  const query = Object.create(null) as Record<string, unknown>;
  for (const part of text.split('&')) {
    if (part === '') continue;
    const equals = part.indexOf('=');
    const name = equals < 0 ? part : part.slice(0, equals);
    // The long way gathers what is repeated.
    if (name in query) return parse(text);
    query[name] = equals < 0 ? '' : part.slice(equals + 1);
  }
  return query;
}
