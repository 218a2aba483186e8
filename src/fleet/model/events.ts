/** Everything that can happen in the fleet and is told to others. One table of types; an event's data always has `endpoint` (where a device is concerned) and `at`. */

import type { WallTime } from '#base';
import type { JsonValue } from '#lwm2m/model';
import type { DeviceId } from './device.js';

/** All event types. */
export const EVENT_TYPES = [
  'device.registered',
  'device.updated',
  'device.deregistered',
  'device.expired',
  'device.deleted',
  'device.identityRefused',
  'handshake.failed',
  'credential.changed',
  'secured.cleared',
  'operation.finished',
  'observation.changed',
  'attributes.refused',
  'value.received',
  'object.added',
  'model.changed',
  'profile.changed',
  'keys.changed',
  'trust.changed',
  'serverCredential.changed',
  'serverCredential.reloaded',
] as const;
/** Type of an event. */
export type EventType = (typeof EVENT_TYPES)[number];

/** An event before the store numbered it. `value.received` is numbered but not kept; all others are stored with the change that caused them. */
export interface NewEvent {
  readonly type: EventType;
  readonly at: WallTime;
  readonly device?: DeviceId;
  readonly endpoint?: string;
  /** More members of the event's data, JSON. */
  readonly data: Readonly<Record<string, JsonValue>>;
}

/** An event with its number; numbers rise, over restarts too, and have gaps. */
export interface NumberedEvent extends NewEvent {
  readonly number: number;
}

/** Id of an event as shown: `{node}-{number}`, node 0 today. */
export function eventId(number: number): string {
  return `0-${number}`;
}

/** Reads an id made by `eventId`; undefined when it is none. */
export function parseEventId(text: string): number | undefined {
  const match = /^0-(\d{1,15})$/.exec(text);
  return match === null ? undefined : Number(match[1]);
}
