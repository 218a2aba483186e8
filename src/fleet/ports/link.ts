/** Carries out one request on one device. Implemented by southbound over CoAP; a timeout or a refusal is an outcome, never a rejection. */

import type { Peer } from '#base';
import type { DeviceDialect, DeviceRequest, Outcome } from '#lwm2m/model';

/** Where and how to reach a device now. */
export interface LinkTarget {
  readonly peer: Peer;
  readonly dialect: DeviceDialect;
}

/** The way to devices. Requests to one device are carried out one at a time, in order. */
export interface DeviceLink {
  perform(target: LinkTarget, request: DeviceRequest): Promise<Outcome>;
  /** Knows an observation from before a restart: its notifications are recognised, nothing is sent. */
  restore(target: LinkTarget, observation: DeviceRequest & { readonly kind: 'observe' }): void;
  /** Forgets an observation: its next notification is answered with RST. */
  forget(token: Uint8Array): void;
  /** The device is at another address now: outstanding requests and observations follow it. */
  moved(from: Peer, to: Peer): void;
  /** The device is gone (de-registered, expired, deleted, registered anew): outstanding requests end as `cancelled`, observations are forgotten. */
  gone(peer: Peer): void;
}
