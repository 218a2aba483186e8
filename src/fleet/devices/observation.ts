/** The record of a wanted observation: from one state to the next, and what of it is asked of the device. */

import { fromHex } from '#base';
import { parsePath } from '#lwm2m/model';
import type { DeviceRequest, Path } from '#lwm2m/model';
import type { ObservationRecord } from '../model/index.js';
import type { Writable } from './device.js';

/** The same observation in another state. */
export function observationIn(
  observation: ObservationRecord,
  state: ObservationRecord['state'],
  error?: ObservationRecord['error'],
): ObservationRecord {
  const { id, path, morePaths, token, attributes, parameters, format } = observation;
  const next: Writable<ObservationRecord> = { id, path, state };
  if (morePaths !== undefined) next.morePaths = morePaths;
  if (token !== undefined) next.token = token;
  if (attributes !== undefined) next.attributes = attributes;
  if (parameters !== undefined) next.parameters = parameters;
  if (format !== undefined) next.format = format;
  if (error !== undefined) next.error = error;
  return next;
}

/** Everything it observes, as text. */
export function pathTexts({ path, morePaths }: ObservationRecord): readonly string[] {
  return morePaths === undefined ? [path] : [path, ...morePaths];
}

/** Everything it observes. */
export function observedPaths(observation: ObservationRecord): readonly Path[] {
  // A notification asks this: for the usual single path nothing more is made than that.
  return observation.morePaths === undefined ? [parsePath(observation.path)] : pathTexts(observation).map(parsePath);
}

/** The request that observes, under the observation's token. */
export function observeRequest(
  observation: ObservationRecord,
  token: string,
): DeviceRequest & { readonly kind: 'observe' } {
  const { format, parameters } = observation;
  return {
    kind: 'observe',
    paths: observedPaths(observation),
    token: fromHex(token),
    ...(format !== undefined && { format }),
    ...(parameters !== undefined && { parameters }),
  };
}
