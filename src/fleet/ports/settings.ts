/** The limits and times of the fleet; the server reads them from its table of settings. */

import { Milliseconds, seconds } from '#base';
import { DEFINITION_LIMITS, DEVICE_TIME_LIMITS } from '#lwm2m/model';
import type { DefinitionLimits, DeviceTimeLimits } from '#lwm2m/model';

/** Settings of the fleet. Each bound says what happens beyond it. */
export interface FleetSettings {
  /** After its lifetime a registration stays this much longer, for what the network delays. */
  readonly lifetimeGrace: Milliseconds;
  /** How often one peer may register: so many at once, one more every interval (0: no limit); buckets of so many peers are kept. */
  readonly registrations: { readonly burst: number; readonly interval: Milliseconds; readonly peers: number };
  /** A queue-mode device listens this long after the last message exchanged with it (LwM2M-Core 1.1.1 §6.5), unless another window is set for it or its model. */
  readonly awakeWindow: Milliseconds;
  /** Models of devices for which something may be set; beyond: `too_many_models`. */
  readonly models: number;
  /** Profiles that devices may register with; beyond: `too_many_profiles`. */
  readonly profiles: number;
  /** Credentials of one device; beyond: `too_many_credentials`. */
  readonly credentialsPerDevice: number;
  /** Names of deleted devices that stay secured; beyond, a device that is secured cannot be deleted: `too_many_secured`. */
  readonly securedNames: number;
  /** How long a session of the secure transport may be gone on with; 0: none is kept. */
  readonly sessionLifetime: Milliseconds;
  /** Trust anchors, and as many revocation lists; beyond: `too_many_anchors`. */
  readonly trustAnchors: number;
  /** Keys of the server that are kept; beyond: `too_many_server_credentials`. */
  readonly serverCredentials: number;
  /** Bytes of the endpoint name of a device that is told of before it was seen; beyond: `invalid_path`. */
  readonly endpointNameBytes: number;
  /** Until when an operation may be sent when its caller gives no deadline. */
  readonly operationDeadline: Milliseconds;
  /** The latest deadline a caller may give; beyond: `invalid_deadline`. */
  readonly maxDeadline: Milliseconds;
  /** Unfinished operations of one device; beyond: `queue_full`. */
  readonly queuePerDevice: number;
  /** Unfinished operations of all devices, and as many remembered idempotency keys; beyond: `queue_full`. */
  readonly queueTotal: number;
  /** Wanted observations of one device; beyond: `queue_full`. */
  readonly observationsPerDevice: number;
  /** Paths of one device whose attributes are kept; beyond: `queue_full`. */
  readonly attributesPerDevice: number;
  /** Paths read after each registration whose object instance the device has; /3/0/0, /3/0/1 and /3/0/3 become manufacturer, model and firmware. */
  readonly readAfterRegistration: readonly string[];
  /** Events kept in memory for resumption; older ones come from the store as long as it keeps them. */
  readonly events: number;
  /** How far the device's own time of a value may lie from the moment of receipt; beyond, it counts as none. */
  readonly deviceTimes: DeviceTimeLimits;
  /** What a definition that a user adds may hold at most. */
  readonly definitions: DefinitionLimits;
}

/** Defaults of every setting. */
export const DEFAULT_FLEET_SETTINGS: FleetSettings = Object.freeze({
  lifetimeGrace: seconds(30),
  registrations: Object.freeze({ burst: 10, interval: seconds(5), peers: 100_000 }),
  awakeWindow: seconds(93),
  models: 10_000,
  profiles: 1000,
  credentialsPerDevice: 16,
  securedNames: 1_000_000,
  sessionLifetime: seconds(86_400),
  trustAnchors: 1000,
  serverCredentials: 100,
  endpointNameBytes: 128,
  operationDeadline: Milliseconds(24 * 3_600_000),
  maxDeadline: Milliseconds(30 * 24 * 3_600_000),
  queuePerDevice: 100,
  queueTotal: 1_000_000,
  observationsPerDevice: 500,
  attributesPerDevice: 500,
  readAfterRegistration: Object.freeze(['/3/0/0', '/3/0/1', '/3/0/3']),
  events: 10_000,
  deviceTimes: DEVICE_TIME_LIMITS,
  definitions: DEFINITION_LIMITS,
});
