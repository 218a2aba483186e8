/** Ids that the fleet makes: of devices, operations, locations and tokens. */

import { toHex } from '#base';
import type { Random, WallTime } from '#base';
import { DeviceId, OperationId } from '../model/index.js';

/** A fresh device id: 12 hex digits of the moment and 80 random bits. */
export function newDeviceId(wall: WallTime, random: Random): DeviceId {
  deviceId.writeUIntBE(Math.max(0, wall), 0, 6);
  deviceId.set(random.bytes(10), 6);
  return DeviceId(deviceId.toString('hex'));
}

/** A fresh location: 10 base64url characters from 60 random bits, so that nobody guesses a device's. */
export function newLocation(random: Random): string {
  const [a, b, c, d, e, f, g, h] = random.bytes(8) as unknown as Eight;
  return String.fromCharCode(
    letter(a >> 2),
    letter((a << 4) | (b >> 4)),
    letter((b << 2) | (c >> 6)),
    letter(c),
    letter(d >> 2),
    letter((d << 4) | (e >> 4)),
    letter((e << 2) | (f >> 6)),
    letter(f),
    letter(g >> 2),
    letter((g << 4) | (h >> 4)),
  );
}

type Eight = [number, number, number, number, number, number, number, number];

/** The base64url character of the low six bits (RFC 4648 §5), as its code. */
function letter(bits: number): number {
  return BASE64URL.charCodeAt(bits & 0x3f);
}

/** A fresh token of an observation: 16 hex digits from 64 random bits (RFC 7252 §5.3.1). */
export function newToken(random: Random): string {
  return toHex(random.bytes(8));
}

/**
 * Makes operation ids that rise strictly, whatever the calendar does: when it stands still or jumps back, the counter goes
 * on from the latest moment used.
 */
export class OperationIds {
  #millisecond = 0;
  #counter = 0;

  /** Goes on after an id made before the restart. */
  resume(newest: OperationId): void {
    const millisecond = Number.parseInt(newest.slice(0, 11), 16);
    const counter = Number.parseInt(newest.slice(13), 16);
    if (millisecond < this.#millisecond) return;
    this.#counter = millisecond === this.#millisecond ? Math.max(this.#counter, counter) : counter;
    this.#millisecond = millisecond;
  }

  /** The next id. */
  next(wall: WallTime): OperationId {
    if (wall > this.#millisecond) {
      this.#millisecond = wall;
      this.#counter = 0;
    } else if (this.#counter === MAX_COUNTER) {
      this.#millisecond += 1;
      this.#counter = 0;
    } else {
      this.#counter += 1;
    }
    return OperationId(hex(this.#millisecond, 11) + NODE + hex(this.#counter, 7));
  }
}

function hex(value: number, digits: number): string {
  return Math.max(0, value).toString(16).padStart(digits, '0');
}

/** Where device ids are put together. */
const deviceId = Buffer.alloc(16);
const BASE64URL = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_';
/** Number of this node; there is one today. */
const NODE = '00';
const MAX_COUNTER = 0xfff_ffff;
