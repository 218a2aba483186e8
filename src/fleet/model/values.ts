/** Last known values: what a device last said of each resource, with where and when it came from. */

import type { ResourceType } from '#lwm2m/model';
import type { JsonValue } from '#lwm2m/model';
import type { WallTime } from '#base';
import type { DeviceId } from './device.js';

/** How a value came to us. */
export type ValueSource = 'read' | 'notify' | 'send' | 'write';

/** Last known value of one resource. A multiple resource has `values` by resource instance id, a single one `value`. */
export interface LastValue {
  readonly type: ResourceType;
  readonly value?: JsonValue;
  readonly values?: Readonly<Record<string, JsonValue>>;
  /** The device's own time of it, when it gave one. */
  readonly reportedAt?: WallTime;
  readonly receivedAt: WallTime;
  readonly source: ValueSource;
  /** What came of it in the same message with earlier times of the device, the latest first; absent when nothing did. */
  readonly history?: readonly PastValue[];
}

/** A value that was superseded when it came: devices store values and tell them later. */
export interface PastValue {
  readonly value?: JsonValue;
  readonly values?: Readonly<Record<string, JsonValue>>;
  readonly reportedAt: WallTime;
}

/** Last known values of one instance of one device: the unit in which they are stored. */
export interface InstanceValues {
  readonly device: DeviceId;
  readonly object: number;
  readonly instance: number;
  /** By resource id. In a change: the resources that are new; in a record: all that are known. */
  readonly resources: Readonly<Record<string, LastValue>>;
}
