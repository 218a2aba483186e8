/** The record of a wanted observation from one state to the next. */

import type { ObservationRecord } from '../model/index.js';
import type { Writable } from './device.js';

/** The same observation in another state. */
export function observationIn(
  observation: ObservationRecord,
  state: ObservationRecord['state'],
  error?: ObservationRecord['error'],
): ObservationRecord {
  const { id, path, token, attributes, format } = observation;
  const next: Writable<ObservationRecord> = { id, path, state };
  if (token !== undefined) next.token = token;
  if (attributes !== undefined) next.attributes = attributes;
  if (format !== undefined) next.format = format;
  if (error !== undefined) next.error = error;
  return next;
}
