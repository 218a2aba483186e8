/**
 * What a simulated device measures and counts: its clock, battery, error codes, sensors and traffic. Everything follows
 * from the seed and the time since it was switched on; only what a server can change is kept. Time comes in by `at`.
 */

import type { Instant, WallTime } from '#base';

import { SAMPLE_SECONDS, fractionOf, mix, wander } from './seed.js';

/** What one device is born with. */
export interface HardwareOptions {
  /** Endpoint name; the serial number as well. */
  readonly name: string;
  readonly seed: number;
  /** IP address the device speaks from. */
  readonly address: string;
  /** When it was switched on, on both clocks. */
  readonly startedAt: Instant;
  readonly startedAtWall: WallTime;
}

/** A sensor's centre and how far it wanders to either side. */
export interface Swing {
  readonly middle: number;
  readonly swing: number;
  /** Digits after the decimal point. */
  readonly digits: number;
}

/** Smallest and largest value of a sensor since it was reset, up to a sample. */
interface Extremes {
  lowest: number;
  highest: number;
  sample: number;
}

/** Bytes and messages while statistics are collected (object 7). */
export interface Traffic {
  sentBytes: number;
  receivedBytes: number;
  messages: number;
  largest: number;
}

/** The measuring and counting parts of one device. */
export class Hardware {
  readonly name: string;
  readonly seed: number;
  readonly address: string;
  readonly #startedAt: Instant;
  readonly #startedAtWall: WallTime;
  #now: Instant;
  /** Seconds that a server moved the clock by. */
  #clockShift = 0;
  /** The discharge whose low battery was taken note of by Reset Error Code. */
  #forgivenDischarge = -1;
  #traffic: Traffic = { sentBytes: 0, receivedBytes: 0, messages: 0, largest: 0 };
  #collecting: 'yes' | 'no' = 'no';
  #collectUntil: number | undefined;
  readonly #extremes = new Map<number, Extremes>();

  constructor(options: HardwareOptions) {
    this.name = options.name;
    this.seed = options.seed;
    this.address = options.address;
    this.#startedAt = options.startedAt;
    this.#startedAtWall = options.startedAtWall;
    this.#now = options.startedAt;
  }

  /** The moment for which everything is told from now on. */
  at(now: Instant): void {
    this.#now = now;
  }

  /** Seconds since the device was switched on. */
  get uptime(): number {
    return (this.#now - this.#startedAt) / 1000;
  }

  /** The next moment after now at which something with a period of `seconds` changes. */
  nextChange(seconds: number): Instant {
    const period = seconds * 1000;
    const passed = Math.floor((this.#now - this.#startedAt) / period);
    return (this.#startedAt + (passed + 1) * period) as Instant;
  }

  /** Unix time in whole seconds by the device's own clock. */
  get unixTime(): number {
    return Math.floor(this.#startedAtWall / 1000 + this.uptime) + this.#clockShift;
  }

  /** Sets the device's clock. */
  setClock(unixTime: number): void {
    this.#clockShift += Math.round(unixTime) - this.unixTime;
  }

  /** Unix time of the newest sample. */
  get sampledAt(): number {
    return this.unixTime - (Math.floor(this.uptime) % SAMPLE_SECONDS);
  }

  /** Charge in percent: falls from near 100 to 5 and then is charged at once. */
  get batteryLevel(): number {
    return 100 - (this.#dischargedMinutes % BATTERY_MINUTES);
  }

  /** Error codes as /3/0/11 has them: low battery (1) from 20 % down until reset, else no error (0). */
  get errorCode(): number {
    return this.batteryLevel <= LOW_BATTERY && this.#discharge !== this.#forgivenDischarge ? 1 : 0;
  }

  /** Takes note of the errors there are. */
  resetErrors(): void {
    this.#forgivenDischarge = this.batteryLevel <= LOW_BATTERY ? this.#discharge : -1;
  }

  /** What the sensor of an instance measures now. */
  measure(sensor: number, swing: Swing): number {
    return this.#sample(sensor, swing, Math.floor(this.uptime / SAMPLE_SECONDS));
  }

  /** Smallest or largest measured value since the sensor was reset. */
  extreme(sensor: number, swing: Swing, which: 'lowest' | 'highest'): number {
    const last = Math.floor(this.uptime / SAMPLE_SECONDS);
    let known = this.#extremes.get(sensor);
    if (known === undefined) {
      const first = this.#sample(sensor, swing, 0);
      known = { lowest: first, highest: first, sample: 0 };
      this.#extremes.set(sensor, known);
    }
    for (let sample = Math.max(known.sample, last - LONGEST_LOOK_BACK); sample <= last; sample += 1) {
      const value = this.#sample(sensor, swing, sample);
      if (value < known.lowest) known.lowest = value;
      if (value > known.highest) known.highest = value;
    }
    known.sample = last;
    return known[which];
  }

  /** Forgets the extremes of a sensor: what it measures now is both. */
  resetExtremes(sensor: number, swing: Swing): void {
    const value = this.measure(sensor, swing);
    this.#extremes.set(sensor, { lowest: value, highest: value, sample: Math.floor(this.uptime / SAMPLE_SECONDS) });
  }

  /** Whether a switch that flips now and then is on. */
  flips(sensor: number): boolean {
    return mix(this.seed ^ sensor, Math.floor(this.uptime / FLIP_SECONDS)) % 2 === 1;
  }

  /** Begins to count traffic anew, for `period` seconds or (0) until told to stop. */
  startCollecting(period: number): void {
    this.#traffic = { sentBytes: 0, receivedBytes: 0, messages: 0, largest: 0 };
    this.#collecting = 'yes';
    this.#collectUntil = period > 0 ? this.uptime + period : undefined;
  }

  /** Stops counting; what was counted stays. */
  stopCollecting(): void {
    this.#collecting = 'no';
  }

  /** A datagram of `bytes` left or arrived. */
  countDatagram(direction: 'in' | 'out', bytes: number): void {
    if (this.#collecting === 'no') return;
    if (this.#collectUntil !== undefined && this.uptime > this.#collectUntil) {
      this.#collecting = 'no';
      return;
    }
    const traffic = this.#traffic;
    if (direction === 'in') traffic.receivedBytes += bytes;
    else traffic.sentBytes += bytes;
    traffic.messages += 1;
    if (bytes > traffic.largest) traffic.largest = bytes;
  }

  get traffic(): Readonly<Traffic> {
    return this.#traffic;
  }

  /** A sensor's own number from its object and instance. */
  static sensorOf(object: number, instance: number): number {
    return object * 0x1_0000 + instance;
  }

  #sample(sensor: number, { middle, swing, digits }: Swing, sample: number): number {
    const value = middle + swing * wander(mix(this.seed, sensor), sample * SAMPLE_SECONDS);
    const factor = 10 ** digits;
    return Math.round(value * factor) / factor;
  }

  get #dischargedMinutes(): number {
    return Math.floor(this.uptime / 60) + Math.floor(fractionOf(this.seed, 7) * BATTERY_MINUTES * 0.7);
  }

  get #discharge(): number {
    return Math.floor(this.#dischargedMinutes / BATTERY_MINUTES);
  }
}

/** Minutes from one charge to the next, one percent each. */
const BATTERY_MINUTES = 96;
/** Percent. */
const LOW_BATTERY = 20;
/** Seconds after which a switch may have flipped. */
const FLIP_SECONDS = 60;
/** Samples that are looked at to bring extremes up to date: an hour. */
const LONGEST_LOOK_BACK = 720;
