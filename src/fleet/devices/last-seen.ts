/**
 * lastSeen is written behind: a device heard goes on a list once, and the list is handed to the store now and then, a
 * slice at a time. The store writes it down within its own span; together at most 60 s late.
 */

import { after, seconds } from '#base';
import type { Clock, Instant } from '#base';
import type { FleetStore } from '../ports/index.js';
import type { Agenda, Timed } from './agenda.js';
import type { Device } from './device.js';

/** Devices whose lastSeen is to be written down. */
export class LastSeen implements Timed {
  readonly #store: FleetStore;
  readonly #clock: Clock;
  readonly #agenda: Agenda;
  #touched: Device[] = [];
  #handing: Device[] = [];
  #next: Instant | undefined;

  constructor(store: FleetStore, clock: Clock, agenda: Agenda) {
    this.#store = store;
    this.#clock = clock;
    this.#agenda = agenda;
  }

  /** How many wait to be handed over. */
  get waiting(): number {
    return this.#touched.length + this.#handing.length;
  }

  /** The device was heard now. */
  note(device: Device, now: Instant): void {
    device.lastSeen = this.#clock.wall();
    if (!device.touched) this.#list(device, now);
  }

  tick(now: Instant): void {
    if (this.#next === undefined || now < this.#next) return;
    if (this.#handing.length === 0) {
      this.#handing = this.#touched;
      this.#touched = [];
    }
    this.#hand(SLICE);
    if (this.#handing.length === 0) this.#next = this.#touched.length === 0 ? undefined : after(now, HAND_EVERY);
  }

  nextDeadline(): Instant | undefined {
    return this.#next;
  }

  /** Hands everything over; durable when this resolves. */
  async flush(): Promise<void> {
    this.#hand(this.#handing.length);
    this.#handing = this.#touched;
    this.#touched = [];
    this.#hand(this.#handing.length);
    await this.#store.flush();
  }

  #list(device: Device, now: Instant): void {
    device.touched = true;
    this.#touched.push(device);
    if (this.#next !== undefined) return;
    this.#next = after(now, HAND_EVERY);
    this.#agenda.due(this.#next);
  }

  #hand(count: number): void {
    for (let left = count; left > 0; left -= 1) {
      const device = this.#handing.pop();
      if (device === undefined) return;
      device.touched = false;
      if (device.phase !== 'removed') this.#store.touch(device.id, device.lastSeen);
    }
  }
}

/** How often the list is handed over, and how much at once. */
const HAND_EVERY = seconds(15);
const SLICE = 5000;
