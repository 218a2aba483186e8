/** Devices as callers see them: list, look at, change, delete. */

import { AppError } from '#base';
import { permit } from '../access/guard.js';
import type { DeviceRecord, Principal } from '../model/index.js';
import type { Page } from '../ports/index.js';
import { deviceEvent } from './changes.js';
import type { DeviceChanges } from './changes.js';
import type { Device } from './device.js';
import type { Directory } from './directory.js';
import { listDevices } from './list.js';
import type { DeviceQuery, ListParts } from './list.js';
import { deviceNotFound } from './registry.js';
import type { Registry } from './registry.js';
import { etagOf, viewOf } from './view.js';
import type { DeviceView, ViewSettings } from './view.js';

/** A merge patch (RFC 7396): null removes. */
export interface DevicePatch {
  readonly tags?: Readonly<Record<string, string | null>>;
  /** Seconds. */
  readonly awakeWindow?: number | null;
}

/** A device and what identifies this state of it. */
export interface DeviceState {
  readonly view: DeviceView;
  readonly etag: string;
}

/** What the devices' side of the API stands on. */
export interface DevicesParts {
  readonly directory: Directory;
  readonly registry: Registry;
  readonly changes: DeviceChanges;
  readonly view: ViewSettings;
  readonly breathe: () => Promise<void>;
}

/** The devices. */
export class Devices {
  readonly #parts: DevicesParts;

  constructor(parts: DevicesParts) {
    this.#parts = parts;
  }

  /** A page of devices. Throws AppError `invalid_filter`, `invalid_sort`, `invalid_cursor`. */
  async list(principal: Principal, query: DeviceQuery): Promise<Page<DeviceView>> {
    permit(principal, 'device:read');
    const { directory, view, breathe } = this.#parts;
    const parts: ListParts = { directory, clock: view.clock, awakeWindow: view.awakeWindow, breathe };
    const page = await listDevices(parts, query);
    return { ...page, items: page.items.map((device) => viewOf(device, view)) };
  }

  /** One device. Throws AppError(`device_not_found`). */
  get(principal: Principal, endpoint: string): DeviceState {
    const device = this.#parts.directory.byEndpoint(endpoint);
    permit(principal, 'device:read', device?.id);
    if (device === undefined) throw deviceNotFound(endpoint);
    return this.#state(device);
  }

  /** Throws unless `principal` may see the datagrams of a device, which need not be known yet. */
  checkTrace(principal: Principal, endpoint: string): void {
    permit(principal, 'trace:read', this.#parts.directory.byEndpoint(endpoint)?.id);
  }

  /**
   * Changes tags or the awake window; resolves when that is durable. Throws AppError `device_not_found`,
   * `precondition_failed` (`ifMatch` is another state's etag), `invalid_body`, and what the store refuses.
   */
  async patch(principal: Principal, endpoint: string, patch: DevicePatch, ifMatch?: string): Promise<DeviceState> {
    const { directory, changes, view } = this.#parts;
    const device = directory.byEndpoint(endpoint);
    permit(principal, 'device:update', device?.id);
    if (device === undefined) throw deviceNotFound(endpoint);
    const there = await changes.change(device, principal.actor, (record) => {
      checkMatch(device, ifMatch);
      const next = patched(record, patch);
      if (next === undefined) return undefined;
      const data = { tags: next.tags, ...(next.awakeWindow !== undefined && { awakeWindow: next.awakeWindow }) };
      const events = [deviceEvent('device.updated', device, view.clock.wall(), data)];
      return { record: { ...next, lastSeen: device.lastSeen }, events };
    });
    if (!there) throw deviceNotFound(endpoint);
    return this.#state(device);
  }

  /** Deletes a device with its operations, observations and values. Throws as `patch`. */
  async remove(principal: Principal, endpoint: string, ifMatch?: string): Promise<void> {
    const device = this.#parts.directory.byEndpoint(endpoint);
    permit(principal, 'device:delete', device?.id);
    if (device === undefined) throw deviceNotFound(endpoint);
    await this.#parts.registry.remove(device, principal.actor, () => {
      checkMatch(device, ifMatch);
    });
  }

  /** How many there are. */
  counts(): { readonly total: number; readonly registered: number } {
    const { size: total, registered } = this.#parts.directory;
    return { total, registered };
  }

  #state(device: Device): DeviceState {
    return { view: viewOf(device, this.#parts.view), etag: etagOf(device) };
  }
}

function checkMatch(device: Device, ifMatch: string | undefined): void {
  if (ifMatch === undefined || ifMatch === etagOf(device)) return;
  throw new AppError('precondition_failed', 'the device has changed since');
}

/** The record after a patch; undefined when it changes nothing. */
function patched(record: DeviceRecord, patch: DevicePatch): DeviceRecord | undefined {
  const tags = new Map(Object.entries(record.tags));
  for (const [name, value] of Object.entries(patch.tags ?? {})) {
    if (value === null) tags.delete(name);
    else tags.set(name, value);
  }
  if (tags.size > MAX_TAGS) {
    const detail = `at most ${MAX_TAGS} tags per device`;
    throw new AppError('invalid_body', detail, { faults: [{ pointer: '/tags', detail }] });
  }
  const window = patch.awakeWindow === undefined ? record.awakeWindow : (patch.awakeWindow ?? undefined);
  const sameTags = tags.size === Object.keys(record.tags).length && [...tags].every(([n, v]) => record.tags[n] === v);
  if (sameTags && window === record.awakeWindow) return undefined;
  const { awakeWindow: _before, ...rest } = record;
  return { ...rest, tags: Object.fromEntries(tags), ...(window !== undefined && { awakeWindow: window }) };
}

const MAX_TAGS = 100;
