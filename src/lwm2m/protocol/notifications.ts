/** Notifications: the values in a later answer to an Observe (LwM2M-Core 1.1.1 §6.4.2; RFC 7641 §3.2). */

import { PeerError } from '#base';
import { Code, showCode } from '#coap/codec';
import type { Message } from '#coap/codec';
import type { DeviceDialect, Path, PlacedNode } from '#lwm2m/model';
import { decodeObserved } from './content.js';
import type { FormatLimits } from '#lwm2m/formats';
import { FORMAT_LIMITS } from '#lwm2m/formats';
import { diagnosticOf } from './responses.js';

/**
 * Reads a notification about `paths`, one or several. Historical values come as several nodes with their times. `error` says why there are
 * none: the device ended the observation with an error code, or its payload cannot be decoded; `fault` is the word of it.
 */
export function decodeNotification(
  paths: readonly Path[],
  dialect: DeviceDialect,
  message: Message,
  body: Uint8Array,
  limits: FormatLimits = FORMAT_LIMITS,
): { readonly nodes: readonly PlacedNode[] } | { readonly error: string; readonly fault?: string } {
  if (message.code !== Code.CONTENT) return { error: `${showCode(message.code)} ${diagnosticOf(message, body)}` };
  try {
    return { nodes: decodeObserved(paths, dialect, message, body, limits) };
  } catch (error) {
    if (error instanceof PeerError) return { error: error.message, fault: error.reason };
    throw error;
  }
}
