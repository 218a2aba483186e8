/**
 * When registrations end: a binary heap of devices, kept in the devices themselves (where it stands and for when it was
 * recorded), because there are many. A refresh moves nothing: what was recorded too early is looked at again when it comes
 * up, and only an earlier end is moved at once.
 */

import type { Instant } from '#base';
import type { Device } from './device.js';

/** Devices by when they are to be looked at. */
export class ExpiryHeap {
  readonly #heap: Device[] = [];

  /** How many devices have an end. */
  get size(): number {
    return this.#heap.length;
  }

  /** Sees that `device` comes up at `at` or earlier. */
  expect(device: Device, at: Instant): void {
    if (device.heapIndex < 0) {
      device.heapAt = at;
      device.heapIndex = this.#heap.length;
      this.#heap.push(device);
      this.#up(device);
    } else if (at < device.heapAt) {
      device.heapAt = at;
      this.#up(device);
    }
  }

  /** Takes `device` out. */
  clear(device: Device): void {
    const index = device.heapIndex;
    if (index < 0) return;
    const last = this.#heap.pop() as Device;
    if (last !== device) {
      last.heapIndex = index;
      this.#heap[index] = last;
      this.#up(last);
      this.#down(last);
    }
    device.heapIndex = -1;
  }

  /** When the first device comes up. */
  earliest(): Instant | undefined {
    return this.#heap[0]?.heapAt;
  }

  /** Takes out and returns a device that comes up by `now`. */
  due(now: Instant): Device | undefined {
    const first = this.#heap[0];
    if (first === undefined || first.heapAt > now) return undefined;
    this.clear(first);
    return first;
  }

  #up(device: Device): void {
    const heap = this.#heap;
    let index = device.heapIndex;
    while (index > 0) {
      const above = (index - 1) >> 1;
      const parent = heap[above] as Device;
      if (parent.heapAt <= device.heapAt) break;
      heap[index] = parent;
      parent.heapIndex = index;
      index = above;
    }
    heap[index] = device;
    device.heapIndex = index;
  }

  #down(device: Device): void {
    const heap = this.#heap;
    let index = device.heapIndex;
    for (;;) {
      let below = index * 2 + 1;
      if (below >= heap.length) break;
      const right = below + 1;
      if (right < heap.length && (heap[right] as Device).heapAt < (heap[below] as Device).heapAt) below = right;
      const child = heap[below] as Device;
      if (child.heapAt >= device.heapAt) break;
      heap[index] = child;
      child.heapIndex = index;
      index = below;
    }
    heap[index] = device;
    device.heapIndex = index;
  }
}
