/**
 * What a device's own time of a value means once it is known when the value arrived (RFC 8428 §4.5.3). The device's clock is
 * not trusted: a time too far from the moment of receipt counts as none, and the moment of receipt is kept beside it.
 */

/** How far a device's time may lie from the moment of receipt. */
export interface DeviceTimeLimits {
  /** Seconds into the past: devices that were long offline send history. */
  readonly past: number;
  /** Seconds into the future: clocks run fast, and some run on local time. */
  readonly future: number;
}

/** Ten years back, one day ahead. */
export const DEVICE_TIME_LIMITS: DeviceTimeLimits = { past: 315_576_000, future: 86_400 };

/**
 * The Unix time of a value, in seconds. `time` is as the device gave it (PlacedNode.time): below 2^28 it counts from the
 * moment of receipt, negative into the past. `receivedAt` is that moment in Unix seconds. Undefined when the device's time
 * is beyond the limits.
 */
export function deviceTime(time: number, receivedAt: number, limits = DEVICE_TIME_LIMITS): number | undefined {
  const moment = time < RELATIVE_BELOW ? receivedAt + time : time;
  return moment >= receivedAt - limits.past && moment <= receivedAt + limits.future ? moment : undefined;
}

/** Below this a time is relative to the moment of receipt: 2^28 seconds. */
const RELATIVE_BELOW = 2 ** 28;
