/** A small object model and short words for nodes, for the tests of the content formats. */

import fc from 'fast-check';
import { fromHex, invariant, toHex, unreachable } from '#base';
import type { FormatCodec } from '#lwm2m/formats';
import { codecFor } from '#lwm2m/formats';
import type {
  InstanceNode,
  ModelView,
  MultipleNode,
  Node,
  ObjectDefinition,
  ObjectNode,
  PlacedNode,
  ResourceDefinition,
  ResourceNode,
  ResourceType,
  Scalar,
  SingleNode,
} from '#lwm2m/model';
import { RESOURCE_TYPES, exactInteger, parsePath } from '#lwm2m/model';

type Row = readonly [
  object: number,
  resource: number,
  type: ResourceType | 'none',
  multiple?: 'multiple' | undefined,
  units?: string,
];

/** The object whose resources 0 to 8 have the nine types and 10 to 18 are their multiple counterparts. */
export const TYPES_OBJECT = 33_000;

const ROWS: readonly Row[] = [
  [1, 0, 'integer'],
  [1, 1, 'integer'],
  [1, 2, 'integer'],
  [1, 3, 'integer'],
  [1, 5, 'integer'],
  [1, 6, 'boolean'],
  [1, 7, 'string'],
  [2, 0, 'integer'],
  [2, 1, 'integer'],
  [2, 2, 'integer', 'multiple'],
  [2, 3, 'integer'],
  [3, 0, 'string'],
  [3, 1, 'string'],
  [3, 2, 'string'],
  [3, 3, 'string'],
  [3, 4, 'none'],
  [3, 6, 'integer', 'multiple'],
  [3, 7, 'integer', 'multiple'],
  [3, 8, 'integer', 'multiple'],
  [3, 9, 'integer', undefined, '/100'],
  [3, 10, 'integer'],
  [3, 11, 'integer', 'multiple'],
  [3, 13, 'time'],
  [3, 14, 'string'],
  [3, 15, 'string'],
  [3, 16, 'string'],
  [6, 0, 'float'],
  [6, 1, 'float'],
  [16, 0, 'string', 'multiple'],
  [19, 0, 'opaque', 'multiple'],
  [65, 0, 'objlnk', 'multiple'],
  [65, 2, 'objlnk'],
  [72, 2, 'float'],
  [3303, 5601, 'float'],
  [3303, 5602, 'float'],
  [3303, 5700, 'float', undefined, 'Cel'],
  ...RESOURCE_TYPES.map((type, id): Row => [TYPES_OBJECT, id, type]),
  ...RESOURCE_TYPES.map((type, id): Row => [TYPES_OBJECT, id + 10, type, 'multiple']),
];

/** The rows above as a model. */
export const model: ModelView = modelOf(ROWS);
/** A model that knows nothing. */
export const noModel: ModelView = modelOf([]);

function modelOf(rows: readonly Row[]): ModelView {
  const objects = new Map<number, Map<number, ResourceDefinition>>();
  for (const [object, id, type, multiple, units] of rows) {
    const resources = objects.get(object) ?? new Map<number, ResourceDefinition>();
    objects.set(object, resources);
    resources.set(id, {
      id,
      name: `Resource ${id}`,
      operations: type === 'none' ? 'E' : 'RW',
      multiple: multiple ?? 'single',
      mandatory: 'optional',
      type,
      ...(units !== undefined && { units }),
      description: '',
    });
  }
  return {
    object: (id) => definition(id, objects.get(id)),
    resource: (object, resource) => objects.get(object)?.get(resource),
  };
}

function definition(
  id: number,
  resources: ReadonlyMap<number, ResourceDefinition> | undefined,
): ObjectDefinition | undefined {
  if (resources === undefined) return undefined;
  const fixed = { version: '1.0', name: `Object ${id}`, urn: `urn:oma:lwm2m:x:${id}`, lwm2mVersion: '1.0' } as const;
  return { id, ...fixed, multiple: 'multiple', mandatory: 'optional', description: '', resources };
}

export const string = (value: string): Scalar => ({ type: 'string', value });
export const integer = (value: number | bigint): Scalar => ({ type: 'integer', value });
export const unsigned = (value: number | bigint): Scalar => ({ type: 'unsigned', value });
export const float = (value: number): Scalar => ({ type: 'float', value });
export const boolean = (value: boolean): Scalar => ({ type: 'boolean', value });
export const opaque = (hex: string): Scalar => ({ type: 'opaque', value: new Uint8Array(fromHex(hex)) });
export const time = (value: number | bigint): Scalar => ({ type: 'time', value });
export const link = (object: number, instance: number): Scalar => ({ type: 'objlnk', value: { object, instance } });
export const corelnk = (value: string): Scalar => ({ type: 'corelnk', value });

export function single(value: Scalar): SingleNode {
  return { kind: 'single', value };
}

/** A multiple resource, by resource instance id. */
export function multiple(values: Readonly<Record<number, Scalar>>): MultipleNode {
  return { kind: 'multiple', values: new Map(Object.entries(values).map(([id, value]) => [Number(id), value])) };
}

/** An instance, by resource id; a Scalar stands for a single resource. */
export function instance(resources: Readonly<Record<number, Scalar | ResourceNode>>): InstanceNode {
  const entries = Object.entries(resources).map(([id, value]): [number, ResourceNode] => [
    Number(id),
    'kind' in value ? value : single(value),
  ]);
  return { kind: 'instance', resources: new Map(entries) };
}

/** An object, by instance id. */
export function object(instances: Readonly<Record<number, InstanceNode>>): ObjectNode {
  return { kind: 'object', instances: new Map(Object.entries(instances).map(([id, node]) => [Number(id), node])) };
}

/** A node at a path, as a decoder gives it. */
export function placed(path: string, node: Node, at?: number): PlacedNode {
  return { path: parsePath(path), node, ...(at !== undefined && { time: at }) };
}

/** Bytes in hex as Buffer would print them, for comparison with literals that have blanks in them. */
export function hex(bytes: Uint8Array): string {
  return toHex(bytes);
}

/** A literal of hex digits, blanks and quoted ASCII text, such as `C0 01 "abc"`, as bytes. */
export function bytes(literal: string): Uint8Array {
  return fromHex(literal.replace(/"([^"]*)"/g, (_all, text: string) => Buffer.from(text, 'ascii').toString('hex')));
}

/** What a call throws; undefined when it returns. */
export function thrownBy(call: () => unknown): unknown {
  try {
    call();
  } catch (error) {
    return error;
  }
  return undefined;
}

/** The codec of a content format that is there. */
export function codecOf(format: number): FormatCodec {
  const codec = codecFor(format);
  invariant(codec !== undefined, `no codec for ${format}`);
  return codec;
}

const text = fc.string({ unit: 'binary', maxLength: 40 });
const whole = (min: bigint, max: bigint): fc.Arbitrary<number | bigint> =>
  fc.oneof(fc.bigInt({ min, max }), fc.constantFrom(...edges(min, max))).map(exactInteger);

/** Any value of any type that every format can tell from others: times in whole seconds. */
export const anyScalar: fc.Arbitrary<Scalar> = fc.oneof(...RESOURCE_TYPES.map((type) => anyScalarOf(type)));

/** Any value of one type, edge cases among them. */
export function anyScalarOf(type: ResourceType): fc.Arbitrary<Scalar> {
  switch (type) {
    case 'string':
    case 'corelnk':
      return text.map((value) => ({ type, value }));
    case 'integer':
    case 'time':
      return whole(-(2n ** 63n), 2n ** 63n - 1n).map((value) => ({ type, value }));
    case 'unsigned':
      return whole(0n, 2n ** 64n - 1n).map((value) => ({ type, value }));
    case 'float':
      return fc.oneof(fc.double(), fc.float(), fc.integer()).map((value) => ({ type, value }));
    case 'boolean':
      return fc.boolean().map((value) => ({ type, value }));
    case 'opaque':
      return fc.uint8Array({ maxLength: 40 }).map((value) => ({ type, value: new Uint8Array(value) }));
    case 'objlnk':
      return fc.record({ object: fc.nat(65_535), instance: fc.nat(65_535) }).map((value) => ({ type, value }));
    default:
      return unreachable(type);
  }
}

/** Every power of two, one less and one more, as far as the range goes, and the same below zero. */
function edges(min: bigint, max: bigint): bigint[] {
  const found = new Set<bigint>();
  for (let power = 0n; power <= 64n; power += 1n) {
    for (const near of [-1n, 0n, 1n]) found.add(2n ** power + near).add(-(2n ** power) + near);
  }
  return [...found].filter((value) => value >= min && value <= max);
}
