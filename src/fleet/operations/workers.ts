/**
 * One worker per device that has work and can be reached: it takes one piece after the other, in the order of the sources,
 * each from its first datagram to its answer (NSTART 1 of RFC 7252 §4.7, LwM2M-Core 1.1.1 §6.5).
 */

import { ChurnMap } from '#base';
import type { Device } from '../devices/device.js';

/** One piece of work; `stop` ends the run, for now. */
export type Work = () => Promise<'go on' | 'stop'>;

/** Where work comes from. */
export interface WorkSource {
  /** The next piece of work for a device that can be reached; undefined when there is none. */
  next(device: Device): Work | undefined;
}

/** Runs work, one piece per device at a time. */
export class Workers {
  readonly #running = new ChurnMap<Device, Promise<void>>();
  readonly #sources: readonly WorkSource[];
  readonly #isReachable: (device: Device) => boolean;
  readonly #fault: (error: unknown) => void;
  #stopped = false;

  constructor(
    sources: readonly WorkSource[],
    isReachable: (device: Device) => boolean,
    fault: (error: unknown) => void,
  ) {
    this.#sources = sources;
    this.#isReachable = isReachable;
    this.#fault = fault;
  }

  /** Devices whose work is being done. */
  get size(): number {
    return this.#running.size;
  }

  /** Begins with the work of a device, when there is some and the device can be reached. */
  poke(device: Device): void {
    if (this.#stopped || this.#running.has(device)) return;
    const first = this.#next(device);
    if (first === undefined) return;
    this.#running.set(device, this.#run(device, first));
  }

  /** Begins nothing any more; resolves when what is under way has ended. */
  async stop(): Promise<void> {
    this.#stopped = true;
    await Promise.all(this.#running.values());
  }

  async #run(device: Device, first: Work): Promise<void> {
    try {
      for (let work: Work | undefined = first; work !== undefined; work = this.#next(device)) {
        if ((await work()) === 'stop') return;
      }
    } catch (error) {
      this.#fault(error);
    } finally {
      this.#running.delete(device);
    }
  }

  #next(device: Device): Work | undefined {
    if (this.#stopped || !this.#isReachable(device)) return undefined;
    for (const source of this.#sources) {
      const work = source.next(device);
      if (work !== undefined) return work;
    }
    return undefined;
  }
}
