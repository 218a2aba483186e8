/** The Send of a device: values it reports of its own accord (`POST /dp`, LwM2M-Core 1.1.1 §6.4.6; Transport 1.1.1 §6.4.5). */

import { PeerError } from '#base';
import { Code, OptionNumber } from '#coap/codec';
import type { Message } from '#coap/codec';
import { FORMAT_LIMITS, carriesPacks, decodePack } from '#lwm2m/formats';
import type { FormatLimits } from '#lwm2m/formats';
import { showPath } from '#lwm2m/model';
import type { DeviceDialect, PlacedNode } from '#lwm2m/model';
import type { Refusal } from './register.js';

/** Who sends: how it speaks, and which object instances it has registered. */
export interface Sender {
  readonly dialect: DeviceDialect;
  /** Whether the device registered that object instance. */
  readonly holds: (object: number, instance: number) => boolean;
}

/**
 * The values in a Send: one object node for each object and time. Refusals: 4.04 from a device of 1.0, which has no Send, and
 * for object instances that are not registered; 4.15 a format that carries no several objects; 4.00 what cannot be decoded.
 */
export function decodeSend(
  sender: Sender,
  message: Message,
  body: Uint8Array,
  limits: FormatLimits = FORMAT_LIMITS,
): { readonly nodes: readonly PlacedNode[] } | Refusal {
  if (sender.dialect.lwm2m === '1.0') return { refused: Code.NOT_FOUND, detail: 'LwM2M 1.0 has no Send' };
  const format = message.uint(OptionNumber.CONTENT_FORMAT);
  if (format === undefined) return { refused: Code.BAD_REQUEST, detail: 'a Send needs a Content-Format' };
  if (!carriesPacks(format)) {
    return {
      refused: Code.UNSUPPORTED_CONTENT_FORMAT,
      detail: 'send in SenML JSON (110), SenML CBOR (112) or LwM2M CBOR (11544)',
    };
  }
  try {
    const nodes = decodePack(format, body, sender.dialect.model, limits);
    if (nodes.length === 0) return { refused: Code.BAD_REQUEST, detail: 'a Send without values' };
    const stranger = unregistered(sender, nodes);
    if (stranger !== undefined) return { refused: Code.NOT_FOUND, detail: `${stranger} is not registered` };
    return { nodes };
  } catch (error) {
    if (error instanceof PeerError) return { refused: Code.BAD_REQUEST, detail: error.message, fault: error.reason };
    throw error;
  }
}

/** The first object instance among the nodes that the device did not register. */
function unregistered({ holds }: Sender, nodes: readonly PlacedNode[]): string | undefined {
  for (const { path, node } of nodes) {
    const object = path[0] as number;
    if (node.kind !== 'object') continue;
    for (const instance of node.instances.keys()) if (!holds(object, instance)) return showPath([object, instance]);
  }
  return undefined;
}
