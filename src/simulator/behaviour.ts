/**
 * Values that are not kept but follow from the hardware: what object 3, 4, 6 and 7 measure and count, and what sensors with
 * the reusable resources 5500, 5518, 5601, 5602 and 5700 do. One row each; a row is shared by all devices.
 */

import type { ObjectDefinition, ResourceNode, Scalar } from '#lwm2m/model';

import { Hardware } from './hardware.js';
import type { Swing } from './hardware.js';
import { SAMPLE_SECONDS } from './seed.js';
import { swingOf } from './sensors.js';

/** How a resource's value comes about. */
export interface Behaviour {
  /** Seconds for which the value stays; undefined when only a request changes it. */
  readonly period: number | undefined;
  /** Whether a change wakes observers of the instance or object too; clocks and counters wake only their own. */
  readonly wakes: 'all' | 'own';
  /** The value now. */
  value(hardware: Hardware, instance: number): ResourceNode;
  /** Why a value cannot be written; undefined when it can. */
  writeFault?(value: Scalar): string | undefined;
  /** Takes a written value; absent where a written value simply replaces the behaviour. */
  write?(hardware: Hardware, value: Scalar): void;
}

/** The behaviour of a resource; undefined when its value is simply kept. */
export function behaviourOf(object: ObjectDefinition, resource: number): Behaviour | undefined {
  return CORE.get(object.id)?.get(resource) ?? (object.id > LAST_CORE ? sensorBehaviour(object, resource) : undefined);
}

/** A resource with one value. */
export function single(value: Scalar): ResourceNode {
  return { kind: 'single', value };
}

/** A resource with instances 0, 1, … */
export function several(...values: readonly Scalar[]): ResourceNode {
  return { kind: 'multiple', values: new Map(values.entries()) };
}

/** An integer value. */
export function integer(value: number): Scalar {
  return { type: 'integer', value };
}

/** A text value. */
export function text(value: string): Scalar {
  return { type: 'string', value };
}

function sensorBehaviour(object: ObjectDefinition, resource: number): Behaviour | undefined {
  const definition = object.resources.get(resource);
  if (definition === undefined || definition.multiple === 'multiple') return undefined;
  const sensor = (instance: number): number => Hardware.sensorOf(object.id, instance);
  if (resource === 5518 && definition.type === 'time') return TIMESTAMP;
  if (resource === 5500 && definition.type === 'boolean' && !definition.operations.includes('W')) {
    return changing(SAMPLE_SECONDS, (hardware, instance) => ({
      type: 'boolean',
      value: hardware.flips(sensor(instance)),
    }));
  }
  const swing = swingOf(object);
  if (swing === undefined || definition.type !== 'float' || definition.operations !== 'R') return undefined;
  if (resource === 5700) return changing(SAMPLE_SECONDS, measured(sensor, swing));
  if (resource === 5601) return changing(SAMPLE_SECONDS, extreme(sensor, swing, 'lowest'));
  if (resource === 5602) return changing(SAMPLE_SECONDS, extreme(sensor, swing, 'highest'));
  return undefined;
}

type Source = (hardware: Hardware, instance: number) => Scalar;

function measured(sensor: (instance: number) => number, swing: Swing): Source {
  return (hardware, instance) => ({ type: 'float', value: hardware.measure(sensor(instance), swing) });
}

function extreme(sensor: (instance: number) => number, swing: Swing, which: 'lowest' | 'highest'): Source {
  return (hardware, instance) => ({ type: 'float', value: hardware.extreme(sensor(instance), swing, which) });
}

function changing(period: number, source: Source): Behaviour {
  return { period, wakes: 'all', value: (hardware, instance) => single(source(hardware, instance)) };
}

/** A clock or a counter. */
function quiet(source: Source): Behaviour {
  return { period: SAMPLE_SECONDS, wakes: 'own', value: (hardware, instance) => single(source(hardware, instance)) };
}

/** What stays for the life of a device but differs between devices. */
function own(source: (hardware: Hardware) => ResourceNode): Behaviour {
  return { period: undefined, wakes: 'all', value: source };
}

const TIMESTAMP: Behaviour = quiet((hardware) => ({ type: 'time', value: hardware.sampledAt }));

const CURRENT_TIME: Behaviour = {
  period: 1,
  wakes: 'own',
  value: (hardware) => single({ type: 'time', value: hardware.unixTime }),
  writeFault: ({ value }) => (Math.abs(Number(value)) <= LATEST_TIME ? undefined : 'a time beyond the year 9999'),
  write: (hardware, { value }) => {
    hardware.setClock(Number(value));
  },
};

const RADIO: Swing = { middle: -78, swing: 14, digits: 0 };
const LINK: Swing = { middle: 82, swing: 15, digits: 0 };
const MEMORY: Swing = { middle: 48, swing: 12, digits: 0 };
const LATITUDE: Swing = { middle: 52.37, swing: 0.0004, digits: 6 };
const LONGITUDE: Swing = { middle: 4.9, swing: 0.0004, digits: 6 };
const SLOW = 60;

/** Behaviours of the core objects, by object and resource. */
const CORE: ReadonlyMap<number, ReadonlyMap<number, Behaviour>> = new Map([
  [
    3,
    new Map<number, Behaviour>([
      [2, own((hardware) => single(text(hardware.name)))],
      [9, changing(SLOW, (hardware) => integer(hardware.batteryLevel))],
      [10, changing(SLOW, (hardware) => integer(hardware.measure(310, MEMORY)))],
      [11, { period: SLOW, wakes: 'all', value: (hardware) => several(integer(hardware.errorCode)) }],
      [13, CURRENT_TIME],
      [20, changing(SLOW, (hardware) => integer(hardware.batteryLevel <= 20 ? 4 : 0))],
    ]),
  ],
  [
    4,
    new Map<number, Behaviour>([
      [2, changing(SAMPLE_SECONDS, (hardware) => integer(hardware.measure(402, RADIO)))],
      [3, changing(SAMPLE_SECONDS, (hardware) => integer(hardware.measure(402, LINK)))],
      [4, own((hardware) => several(text(hardware.address)))],
    ]),
  ],
  [
    6,
    new Map<number, Behaviour>([
      [0, changing(SLOW, (hardware) => ({ type: 'float', value: hardware.measure(600, LATITUDE) }))],
      [1, changing(SLOW, (hardware) => ({ type: 'float', value: hardware.measure(601, LONGITUDE) }))],
      [5, TIMESTAMP],
    ]),
  ],
  [
    7,
    new Map<number, Behaviour>([
      [2, quiet((hardware) => integer(Math.floor(hardware.traffic.sentBytes / 1000)))],
      [3, quiet((hardware) => integer(Math.floor(hardware.traffic.receivedBytes / 1000)))],
      [4, quiet((hardware) => integer(hardware.traffic.largest))],
      [5, quiet((hardware) => integer(averageSize(hardware)))],
    ]),
  ],
]);

function averageSize({ traffic }: Hardware): number {
  return traffic.messages === 0 ? 0 : Math.round((traffic.sentBytes + traffic.receivedBytes) / traffic.messages);
}

/** 9999-12-31T23:59:59Z. */
const LATEST_TIME = 253_402_300_799;
/** Objects up to here are LwM2M's own; their resource ids are not the reusable ones. */
const LAST_CORE = 1_023;
