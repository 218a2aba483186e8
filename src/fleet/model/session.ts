/** DTLS sessions as they are remembered. */

import type { WallTime } from '#base';
import type { DeviceId } from './device.js';

/** A DTLS session that a device may go on with by a short handshake. A device has one on each listener. */
export interface SessionRecord {
  /** 32 hex digits of a digest of the handle: who reads the store learns no handle. */
  readonly digest: string;
  readonly device: DeviceId;
  /** Number of the listener it was made on, below 100,000. */
  readonly listener: number;
  /** Wall time from which on it is of no use. */
  readonly expires: WallTime;
  /** What it takes to go on with it, sealed, as base64. */
  readonly sealed: string;
}
