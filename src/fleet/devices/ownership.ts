/**
 * Who may speak for a device (LwM2M-Core 1.1.1 §6.2, LwM2M-Transport 1.2.1 §5.2.6; security.md rows 12 to 14): over plain
 * CoAP the address a registration was made from, on a secure listener the identity that owns the endpoint name, wherever it
 * comes from. What proved nothing never speaks for what did, nor the other way round.
 */

import type { Peer } from '#base';
import type { DeviceAddress } from '../model/index.js';
import type { Device } from './device.js';

/** Whether both are the same peer; compares without making a string. */
export function samePeer(known: Peer | undefined, peer: Peer): boolean {
  if (known === undefined) return false;
  if (peer.identity !== undefined) return known.key === peer.key;
  return (
    known.port === peer.port &&
    known.listener === peer.listener &&
    known.address === peer.address &&
    known.identity === undefined
  );
}

/** Whether a registration made at `place` need not be changed for `peer`, who owns it: an identity may come from any address. */
export function sameSource(place: DeviceAddress, peer: Peer): boolean {
  if (place.listener !== peer.listener) return false;
  if (peer.identity !== undefined) return place.identity !== undefined;
  return place.identity === undefined && place.port === peer.port && place.address === peer.address;
}

/** Whether the registration of `device` is the peer's to change. */
export function owns(device: Device, { identity }: Peer): boolean {
  const known = device.peer?.identity;
  return identity === undefined ? known === undefined : known !== undefined && identity.endpoint === device.endpoint;
}
