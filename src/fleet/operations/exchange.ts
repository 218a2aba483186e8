/** One request to one device through the link, and what it says of the device's being awake. */

import { invariant } from '#base';
import type { Clock } from '#base';
import type { DeviceRequest, Outcome } from '#lwm2m/model';
import type { DeviceLink } from '../ports/index.js';
import type { Device } from '../devices/device.js';
import type { LastSeen } from '../devices/last-seen.js';
import { markAsleep, markAwake } from '../devices/presence.js';

/** Speaks with devices. */
export class Exchange {
  readonly counters = { requests: 0, request_timeouts: 0 };
  readonly #link: DeviceLink;
  readonly #clock: Clock;
  readonly #lastSeen: LastSeen;

  constructor(link: DeviceLink, clock: Clock, lastSeen: LastSeen) {
    this.#link = link;
    this.#clock = clock;
    this.#lastSeen = lastSeen;
  }

  /** Carries out a request on a device, where it is registered now. */
  async perform(device: Device, request: DeviceRequest): Promise<Outcome> {
    const { peer, dialect } = device;
    if (peer === undefined || dialect === undefined) return NOT_REGISTERED;
    const { identity } = peer;
    invariant(
      identity === undefined ? !device.secured : identity.endpoint === device.endpoint,
      'nothing leaves for a device but to the identity that owns its name',
    );
    this.counters.requests += 1;
    const heard = device.heard;
    const outcome = await this.#link.perform({ peer, dialect }, request);
    if (answered(outcome)) {
      const now = this.#clock.now();
      markAwake(device, now);
      this.#lastSeen.note(device, now);
    } else if (outcome.kind === 'failed' && outcome.reason === 'timeout') {
      this.counters.request_timeouts += 1;
      if (device.heard === heard) markAsleep(device);
    }
    return outcome;
  }
}

function answered(outcome: Outcome): boolean {
  return outcome.kind !== 'failed' || outcome.reason === 'reset' || outcome.reason === 'bad_answer';
}

const NOT_REGISTERED: Outcome = {
  kind: 'failed',
  reason: 'cancelled',
  detail: 'the device is not registered any more',
  sent: 'no',
};
