/**
 * When credentials were last used. A use is kept in memory at once and written down with the next change of the device; a
 * device that changes in nothing else is written a minute later, when what is written is an hour old.
 */

import { AppError, ChurnMap, Milliseconds, after, seconds } from '#base';
import type { Clock, Instant, WallTime } from '#base';
import type { Actor } from '../model/index.js';
import type { Agenda, Timed } from './agenda.js';
import type { DeviceChanges } from './changes.js';
import type { Device } from './device.js';

/** What last uses stand on. */
export interface LastUsedParts {
  readonly changes: DeviceChanges;
  readonly clock: Clock;
  readonly agenda: Agenda;
  readonly fault: (error: unknown) => void;
}

/** Notes uses. */
export class LastUsed implements Timed {
  readonly #parts: LastUsedParts;
  /** Devices to be written, with the versions they had when that was noted. */
  readonly #waiting = new ChurnMap<Device, number>();
  #next: Instant | undefined;

  constructor(parts: LastUsedParts) {
    this.#parts = parts;
  }

  /** Devices that wait to be written. */
  get waiting(): number {
    return this.#waiting.size;
  }

  /** A handshake succeeded with a credential of the device. */
  note(device: Device, id: string, wall: WallTime): void {
    const before = device.credentials.find((credential) => credential.id === id);
    if (before === undefined || wall <= (before.lastUsed ?? 0)) return;
    device.credentials = device.credentials.map((one) => (one === before ? { ...one, lastUsed: wall } : one));
    if (wall - (before.lastUsed ?? 0) < WRITTEN_EVERY) return;
    this.#waiting.set(device, device.version);
    if (this.#next === undefined) this.#expect(WRITTEN_AFTER);
  }

  tick(now: Instant): void {
    if (this.#next === undefined || now < this.#next) return;
    this.#next = undefined;
    let left = WRITTEN_AT_ONCE;
    for (const [device, version] of this.#waiting) {
      if (left === 0) break;
      this.#waiting.delete(device);
      if (device.version !== version) continue;
      left -= 1;
      this.#write(device).catch(this.#parts.fault);
    }
    if (this.#waiting.size > 0) this.#expect(left === 0 ? NEXT_AFTER : WRITTEN_AFTER);
  }

  nextDeadline(): Instant | undefined {
    return this.#next;
  }

  async #write(device: Device): Promise<void> {
    try {
      await this.#parts.changes.change(device, SYSTEM, (record) => ({ record }));
    } catch (error) {
      if (!(error instanceof AppError)) throw error;
      this.#waiting.set(device, device.version);
      if (this.#next === undefined) this.#expect(WRITTEN_AFTER);
    }
  }

  #expect(span: Milliseconds): void {
    const { clock, agenda } = this.#parts;
    this.#next = after(clock.now(), span);
    agenda.due(this.#next);
  }
}

const SYSTEM: Actor = { kind: 'system' };
const WRITTEN_EVERY = Milliseconds(3_600_000);
const WRITTEN_AFTER = seconds(60);
/** Devices written in one tick, and when the next ones are. */
const WRITTEN_AT_ONCE = 100;
const NEXT_AFTER = Milliseconds(100);
