/**
 * First values of resources: those of the core objects by hand, those of sensors from the sensor table, and for every other
 * definition something of its type, within its range, that names what it is. All devices share these nodes.
 */

import { unreachable } from '#base';
import type { ObjectDefinition, ResourceDefinition, ResourceNode, Scalar } from '#lwm2m/model';

import { integer, several, single, text } from './behaviour.js';
import { rangeOf } from './ranges.js';
import { fractionOf, mix } from './seed.js';
import { sensorOf } from './sensors.js';

/** What all devices of one run have in common. */
export interface Settings {
  /** Registration lifetime in seconds, 0 to 2^32-1. */
  readonly lifetime: number;
  /** Binding as /1/0/7 has it. */
  readonly binding: string;
  /** Seed of the generated values. */
  readonly seed: number;
  /** Unix time of generated times, in seconds. */
  readonly madeAt: number;
}

/** Resources a core object has in the simulator; every other object has all that its definition names. */
export const SUPPORTED: ReadonlyMap<number, readonly number[]> = new Map([
  [1, [0, 1, 2, 3, 4, 5, 6, 7, 8, 23, 26]],
  [3, [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21]],
  [4, [0, 1, 2, 3, 4]],
  [5, [0, 1, 2, 3, 5, 6, 7, 9]],
  [6, [0, 1, 2, 3, 5, 6]],
  [7, [2, 3, 4, 5, 6, 7, 8]],
]);

/**
 * The value of a resource of a fresh instance; undefined when it has none (executables, and the writable options of the
 * server object that nobody has set).
 */
export function firstValue(
  object: ObjectDefinition,
  resource: ResourceDefinition,
  settings: Settings,
): ResourceNode | undefined {
  if (resource.type === 'none' || resource.operations === 'E' || resource.operations === '') return undefined;
  const core = CORE.get(object.id);
  if (core !== undefined) return core(settings).get(resource.id);
  return sensorValue(object, resource) ?? generated(object, resource, settings);
}

function sensorValue(object: ObjectDefinition, resource: ResourceDefinition): ResourceNode | undefined {
  const sensor = sensorOf(object);
  if (sensor === undefined || resource.multiple === 'multiple') return undefined;
  if (resource.id === 5701 && resource.type === 'string') return single(text(sensor.units));
  if (resource.type !== 'float') return undefined;
  if (resource.id === 5603) return single({ type: 'float', value: sensor.from });
  return resource.id === 5604 ? single({ type: 'float', value: sensor.to }) : undefined;
}

function generated(object: ObjectDefinition, resource: ResourceDefinition, settings: Settings): ResourceNode {
  const seed = mix(settings.seed, object.id * 0x1_0000 + resource.id);
  const first = generatedScalar(resource, seed, 1, settings);
  if (resource.multiple === 'single') return single(first);
  return several(first, generatedScalar(resource, mix(seed, 1), 2, settings));
}

function generatedScalar(resource: ResourceDefinition, seed: number, number: number, settings: Settings): Scalar {
  const { type } = resource;
  switch (type) {
    case 'string':
      return text(fitting(`${resource.name} ${number}`, resource));
    case 'corelnk':
      return { type, value: '</3/0>' };
    case 'integer':
    case 'unsigned':
      return { type, value: Math.round(within(resource, seed)) };
    case 'float':
      return { type, value: Math.round(within(resource, seed) * 100) / 100 };
    case 'boolean':
      return { type, value: seed % 2 === 1 };
    case 'opaque':
      return { type, value: bytesFitting(seed, resource) };
    case 'time':
      return { type, value: settings.madeAt };
    case 'objlnk':
      return { type, value: { object: 3, instance: 0 } };
    case 'none':
      return text('');
    default:
      return unreachable(type);
  }
}

/** A number within the range of its resource, at most 1,000 wide; 0 to 100 without one. */
function within(resource: ResourceDefinition, seed: number): number {
  const range = rangeOf(resource) ?? { low: 0, high: 100 };
  const { low } = range;
  const high = Math.min(range.high, low + 1_000);
  return Math.min(Math.max(low + fractionOf(seed, 0) * (high - low), low), high);
}

/** A text cut or filled to the length its range allows. */
function fitting(value: string, resource: ResourceDefinition): string {
  const range = rangeOf(resource);
  if (range === undefined) return value;
  let cut = value;
  while (Buffer.byteLength(cut) > range.high) cut = cut.slice(0, -1);
  return cut.padEnd(Math.min(range.low, 1_000), '.');
}

/** Four bytes, or as many as the range allows. */
function bytesFitting(seed: number, resource: ResourceDefinition): Uint8Array {
  const { low, high } = rangeOf(resource) ?? { low: 0, high: 4 };
  const length = Math.max(Math.min(4, high), Math.min(low, 1_000));
  return Uint8Array.from({ length }, (_, index) => mix(seed, index) & 0xff);
}

type Values = ReadonlyMap<number, ResourceNode>;

/** First values of the core objects; behaviours stand in for what changes. */
const CORE: ReadonlyMap<number, (settings: Settings) => Values> = new Map<number, (settings: Settings) => Values>([
  [
    1,
    ({ lifetime, binding }) =>
      new Map([
        [0, single(integer(1))],
        [1, single(integer(lifetime))],
        [5, single(integer(86_400))],
        [6, single({ type: 'boolean', value: true })],
        [7, single(text(binding))],
        [23, single({ type: 'boolean', value: false })],
      ]),
  ],
  [
    3,
    ({ binding }) =>
      new Map([
        [0, single(text('Bellwether'))],
        [1, single(text('Simulator'))],
        [2, single(text(''))],
        [3, single(text('1.0.0'))],
        [6, several(integer(1), integer(5))],
        [7, several(integer(3_800), integer(5_000))],
        [8, several(integer(125), integer(900))],
        [9, single(integer(100))],
        [10, single(integer(48))],
        [11, several(integer(0))],
        [13, single({ type: 'time', value: 0 })],
        [14, single(text('+00:00'))],
        [15, single(text('Etc/UTC'))],
        [16, single(text(binding))],
        [17, single(text('simulated device'))],
        [18, single(text('1.0'))],
        [19, single(text('1.0.0'))],
        [20, single(integer(0))],
        [21, single(integer(64))],
      ]),
  ],
  [
    4,
    () =>
      new Map([
        [0, single(integer(41))],
        [1, several(integer(41))],
        [2, single(integer(0))],
        [3, single(integer(0))],
        [4, several(text(''))],
      ]),
  ],
  [
    5,
    () =>
      new Map([
        [1, single(text(''))],
        [3, single(integer(0))],
        [5, single(integer(0))],
        [6, single(text(''))],
        [7, single(text(''))],
        [9, single(integer(PUSH_ONLY))],
      ]),
  ],
  [
    6,
    () =>
      new Map([
        [0, single({ type: 'float', value: 0 })],
        [1, single({ type: 'float', value: 0 })],
        [2, single({ type: 'float', value: 2 })],
        [3, single({ type: 'float', value: 25 })],
        [5, single({ type: 'time', value: 0 })],
        [6, single({ type: 'float', value: 0 })],
      ]),
  ],
  [
    7,
    () =>
      new Map([
        [2, single(integer(0))],
        [3, single(integer(0))],
        [4, single(integer(0))],
        [5, single(integer(0))],
        [8, single(integer(0))],
      ]),
  ],
]);
/** Of /5/x/9: packages are written to the device, which pulls none. */
const PUSH_ONLY = 1;
