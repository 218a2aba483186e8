/**
 * All devices in memory, by endpoint, by location, by peer and by the token of an observation, and in the order of their
 * endpoints for lists. New devices are kept apart, unsorted, and merged when there are many or a list is wanted, so that
 * neither a registration nor a list pays for sorting all.
 */

import type { PeerKey } from '#base';
import type { Device } from './device.js';

/** Finds devices. */
export class Directory {
  readonly #byEndpoint = new Map<string, Device>();
  readonly #byLocation = new Map<string, Device>();
  readonly #byPeer = new Map<PeerKey, Device>();
  readonly #byToken = new Map<string, Device>();
  #sorted: readonly Device[] = [];
  #unsorted: Device[] = [];
  #removed = 0;

  /** Devices in all. */
  get size(): number {
    return this.#byEndpoint.size;
  }

  /** Registered devices. */
  get registered(): number {
    return this.#byLocation.size;
  }

  /** Observations whose token is known. */
  get tokens(): number {
    return this.#byToken.size;
  }

  byEndpoint(endpoint: string): Device | undefined {
    return this.#byEndpoint.get(endpoint);
  }

  byLocation(location: string): Device | undefined {
    return this.#byLocation.get(location);
  }

  /** The device last registered or heard from there. */
  byPeer(peer: PeerKey): Device | undefined {
    return this.#byPeer.get(peer);
  }

  byToken(token: string): Device | undefined {
    return this.#byToken.get(token);
  }

  /** Adds a device of a new endpoint. */
  add(device: Device): void {
    this.#byEndpoint.set(device.endpoint, device);
    this.#unsorted.push(device);
    if (this.#unsorted.length >= this.#mergeAt) this.#merge();
  }

  /** Takes a deleted device out; it must have left its location, peer and tokens before. */
  remove(device: Device): void {
    this.#byEndpoint.delete(device.endpoint);
    this.#removed += 1;
    if (this.#removed >= this.#mergeAt) this.#merge();
  }

  setLocation(location: string, device: Device): void {
    this.#byLocation.set(location, device);
  }

  clearLocation(location: string): void {
    this.#byLocation.delete(location);
  }

  setPeer(peer: PeerKey, device: Device): void {
    this.#byPeer.set(peer, device);
  }

  /** Forgets that `device` is at `peer`; whether it was the device there, and not another that came later. */
  clearPeer(peer: PeerKey, device: Device): boolean {
    if (this.#byPeer.get(peer) !== device) return false;
    return this.#byPeer.delete(peer);
  }

  setToken(token: string, device: Device): void {
    this.#byToken.set(token, device);
  }

  clearToken(token: string): void {
    this.#byToken.delete(token);
  }

  /** All devices by ascending endpoint (UTF-16 code units), as they are now; deleted ones among them are `removed`. */
  sorted(): readonly Device[] {
    if (this.#unsorted.length > 0 || this.#removed > 0) this.#merge();
    return this.#sorted;
  }

  /** A part of all, so that what merging costs each new device does not grow with their number. */
  get #mergeAt(): number {
    return Math.max(MERGE_AT, this.#sorted.length >> 3);
  }

  /** The list is made anew, not changed: whoever walks along the old one is not disturbed. */
  #merge(): void {
    const fresh = this.#unsorted.sort(byEndpoint);
    const merged: Device[] = [];
    let next = 0;
    for (const device of this.#sorted) {
      for (let other = fresh[next]; other !== undefined && other.endpoint < device.endpoint; other = fresh[next]) {
        if (other.phase !== 'removed') merged.push(other);
        next += 1;
      }
      if (device.phase !== 'removed') merged.push(device);
    }
    for (; next < fresh.length; next += 1) {
      const other = fresh[next] as Device;
      if (other.phase !== 'removed') merged.push(other);
    }
    this.#sorted = merged;
    this.#unsorted = [];
    this.#removed = 0;
  }
}

/** Index of the first device in a sorted list whose endpoint comes after `endpoint`. */
export function indexAfter(sorted: readonly Device[], endpoint: string): number {
  let low = 0;
  let high = sorted.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((sorted[middle] as Device).endpoint <= endpoint) low = middle + 1;
    else high = middle;
  }
  return low;
}

function byEndpoint(left: Device, right: Device): number {
  return left.endpoint < right.endpoint ? -1 : left.endpoint > right.endpoint ? 1 : 0;
}

/** New or deleted devices, at least, after which the sorted list is made anew. */
const MERGE_AT = 2048;
