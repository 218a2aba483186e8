/** `GET /devices/{endpoint}/trace`: every datagram between the server and one device, as server-sent events. */

import { rfc3339, showAddress, toHex, type WallTime } from '#base';

import { endpointOf } from '../names.js';
import type { Route } from '../route.js';
import type { Streams } from '../streams.js';

/** A datagram to show. */
export interface ShownDatagram {
  readonly at: WallTime;
  readonly direction: 'in' | 'out';
  readonly address: string;
  readonly port: number;
  /** Where the server's listener is bound; its address may be a wildcard. */
  readonly local: { readonly address: string; readonly port: number };
  readonly bytes: Uint8Array;
  /** What it means, ready for JSON. */
  readonly decoded: object;
}

/** Follows the datagrams of a device until the returned function is called. */
export type FollowDatagrams = (endpoint: string, listener: (datagram: ShownDatagram) => void) => () => void;

/** The route; `follow` is where datagrams come from, `opened` is told who follows whom. */
export function traceRoute(
  streams: Streams,
  follow: FollowDatagrams,
  opened: (endpoint: string, actor: string) => void,
): Route {
  return {
    method: 'get',
    path: '/devices/{endpoint}/trace',
    id: 'traceDevice',
    summary: 'Every datagram from and to a device, as it happens (server-sent events)',
    permission: 'trace:read',
    answers: {
      200: {
        description:
          'The stream; data of each event `datagram` is {at, direction: in|out, peer, local, hex, decoded}: hex is the CoAP message, out of its record on a secure listener; peer and local are address and port of the device and of the listener; of one that listens at all addresses, the one that is nearest to the device. A device that has never registered is seen from its first Register on.',
        type: 'text/event-stream',
        schema: { type: 'string' },
      },
    },
    problems: ['too_many_readers', 'device_not_found'],
    handler: ({ fleet, principal, params }) => {
      const endpoint = endpointOf(params['endpoint'] ?? '');
      fleet.devices.checkTrace(principal, endpoint);
      streams.admit();
      opened(endpoint, principal.actor.kind);
      return streams.reply(({ send }) =>
        follow(endpoint, (datagram) => {
          send(`event: datagram\ndata: ${JSON.stringify(shown(datagram))}\n\n`);
        }),
      );
    },
  };
}

function shown({ at, direction, address, port, local, bytes, decoded }: ShownDatagram): object {
  const ends = { peer: showAddress(address, port), local: showAddress(local.address, local.port) };
  return { at: rfc3339(at), direction, ...ends, hex: toHex(bytes), decoded };
}
