/** Nine data types, each format, each level: what is encoded is decoded to the same, by the model and without one. */

import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import type { InstanceNode, ModelView, Node, Path, ResourceNode, ResourceType, Scalar } from '#lwm2m/model';
import { RESOURCE_TYPES } from '#lwm2m/model';
import * as be from './support.js';

const O = be.TYPES_OBJECT;
const TREES = ['tlv', 'senml-json', 'senml-cbor', 'json', 'lwm2m-cbor'] as const;
const NUMBERS = {
  ...{ text: 0, cbor: 60, 'senml-json': 110, 'senml-cbor': 112 },
  ...{ tlv: 11_542, json: 11_543, 'lwm2m-cbor': 11_544 },
} as const;
type Format = keyof typeof NUMBERS;

/** Text and JSON have no word for NaN and the infinities. */
function carries(format: Format, scalar: Scalar): boolean {
  return scalar.type !== 'float' || Number.isFinite(scalar.value) || !['text', 'senml-json', 'json'].includes(format);
}

function scalarOf(format: Format, type: ResourceType): fc.Arbitrary<Scalar> {
  return be.anyScalarOf(type).filter((scalar) => carries(format, scalar));
}

/** A single resource at 0 to 8 or a multiple one at 10 to 18, by the type at that place in the list. */
function resourceOf(format: Format, id: number): fc.Arbitrary<ResourceNode> {
  const scalar = scalarOf(format, RESOURCE_TYPES[id % 10] as ResourceType);
  if (id < 10) return scalar.map(be.single);
  const minKeys = saysEmpty(format) ? 0 : 1;
  return fc
    .dictionary(fc.nat(65_534).map(String), scalar, { minKeys, maxKeys: 4 })
    .map((values) => be.multiple(values as Record<number, Scalar>));
}

/** Formats that list values cannot say that an instance or a resource is there but empty. */
function saysEmpty(format: Format): boolean {
  return format === 'tlv' || format === 'lwm2m-cbor';
}

function instanceOf(format: Format): fc.Arbitrary<InstanceNode> {
  const ids = [...RESOURCE_TYPES.keys()].flatMap((index) => [index, index + 10]);
  return fc
    .subarray(ids, { minLength: saysEmpty(format) ? 0 : 1, maxLength: 6 })
    .chain((chosen) => fc.tuple(...chosen.map((id) => fc.tuple(fc.constant(id), resourceOf(format, id)))))
    .map((resources) => ({ kind: 'instance', resources: new Map(resources) }));
}

function returns(format: Format, path: Path, node: Node, model: ModelView = be.model): void {
  const codec = be.codecOf(NUMBERS[format]);
  const encoded = codec.encode(path, node, model);
  const decoded = codec.decode(encoded, path, model);
  expect(decoded).toEqual([{ path, node }]);
  expect(be.hex(codec.encode(path, decoded[0]?.node as Node, model))).toBe(be.hex(encoded));
}

const TYPED = RESOURCE_TYPES.map((type, id) => [type, id] as const);

describe.each(['text', 'cbor', ...TREES] as const)('%s', (format) => {
  it.each(TYPED)('returns a single resource of type %s', (type, id) => {
    fc.assert(fc.property(scalarOf(format, type), (scalar) => returns(format, [O, 0, id], be.single(scalar))));
  });

  it.each(TYPED)('returns a resource instance of type %s', (type, id) => {
    const at = fc.nat(65_534);
    const check = (scalar: Scalar, ri: number): void => returns(format, [O, 0, id + 10, ri], be.single(scalar));
    fc.assert(fc.property(scalarOf(format, type), at, check));
  });
});

describe.each(TREES)('%s', (format) => {
  it.each(TYPED)('returns a multiple resource of type %s', (_type, id) => {
    fc.assert(fc.property(resourceOf(format, id + 10), (node) => returns(format, [O, 0, id + 10], node)));
  });

  it('returns a multiple resource without instances', () => {
    returns(format, [O, 0, 11], be.multiple({}));
  });

  it('returns an instance', () => {
    fc.assert(fc.property(instanceOf(format), fc.nat(65_534), (node, id) => returns(format, [O, id], node)));
  });

  it('returns an object', () => {
    const instances = fc.dictionary(fc.nat(65_534).map(String), instanceOf(format), { maxKeys: 3 });
    fc.assert(fc.property(instances, (by) => returns(format, [O], be.object(by as Record<number, InstanceNode>))));
  });
});

describe.each(['text', 'cbor', ...TREES] as const)('%s', (format) => {
  it('returns every power of two and its neighbours', () => {
    for (let power = 0n; power <= 64n; power += 1n) {
      for (const near of [-1n, 0n, 1n]) {
        const value = 2n ** power + near;
        if (value < 2n ** 64n) returns(format, [O, 0, 2], be.single(be.unsigned(exact(value))));
        if (value < 2n ** 63n) returns(format, [O, 0, 1], be.single(be.integer(exact(value))));
        if (-value >= -(2n ** 63n)) returns(format, [O, 0, 1], be.single(be.integer(exact(-value))));
        for (const float of [Number(value), -Number(value), 2 ** -Number(power)]) {
          returns(format, [O, 0, 3], be.single(be.float(float)));
        }
      }
    }
  });
});

describe.each(['cbor', 'senml-json', 'senml-cbor', 'lwm2m-cbor'] as const)('%s without a definition', (format) => {
  it.each(['string', 'integer', 'float', 'boolean', 'opaque'] as const)(
    'returns a value of type %s as such',
    (type) => {
      fc.assert(
        fc.property(scalarOf(format, type), (scalar) => returns(format, [9, 0, 0], be.single(scalar), be.noModel)),
      );
    },
  );
});

function exact(value: bigint): number | bigint {
  return Number.isSafeInteger(Number(value)) ? Number(value) : value;
}
