/**
 * The table of LwM2M-Core 1.1.1 Appendix C as literal bytes: nine data types, with the edges of their ranges, in every format
 * at every level, both directions. What a format cannot carry stands in a table of its own, with the reason.
 */

import { describe, expect, it } from '@jest/globals';
import type { Node, Path, ResourceType, Scalar } from '#lwm2m/model';
import { RESOURCE_TYPES } from '#lwm2m/model';
import * as be from './support.js';

const { model, single, multiple, instance, object, bytes, hex } = be;
const O = be.TYPES_OBJECT;

/** A value and what stands for it on the wire; `undefined` where the format has no word for it. */
interface Row {
  readonly scalar: Scalar;
  /** text/plain. */
  readonly text: string | undefined;
  /** The value of a TLV, a literal. */
  readonly tlv: string | undefined;
  /** The field of an entry in LwM2M JSON. */
  readonly json: string | undefined;
  /** The field of a record in SenML JSON. */
  readonly senml: string | undefined;
  /** The label of that field in SenML CBOR, and the CBOR item: also that of LwM2M CBOR and application/cbor. */
  readonly label: string;
  readonly item: string;
}

function number(scalar: Scalar, shown: string, tlv: string, item: string): Row {
  const v = `"v":${shown}`;
  return { scalar, text: shown, tlv, json: v, senml: v, label: '02', item };
}

function float(value: number, shown: string, tlv: string, item: string, text = shown): Row {
  return { ...number(be.float(value), shown, tlv, item), text };
}

/** A float that JSON and text have no word for. */
function special(value: number, tlv: string, item: string): Row {
  return { ...number(be.float(value), '', tlv, item), text: undefined, json: undefined, senml: undefined };
}

function textual(scalar: Scalar & { type: 'string' | 'corelnk' }, tlv: string, item: string): Row {
  const shown = JSON.stringify(scalar.value);
  return { scalar, text: scalar.value, tlv, json: `"sv":${shown}`, senml: `"vs":${shown}`, label: '03', item };
}

function opaque(digits: string, base64: string, base64url: string, item: string): Row {
  return {
    ...{ scalar: be.opaque(digits), text: base64, tlv: digits },
    ...{ json: `"sv":"${base64}"`, senml: `"vd":"${base64url}"`, label: '08', item },
  };
}

function link(object: number, instance: number, tlv: string, item: string): Row {
  const text = `${object}:${instance}`;
  return {
    ...{ scalar: be.link(object, instance), text, tlv },
    ...{ json: `"ov":"${text}"`, senml: `"vlo":"${text}"`, label: '63 "vlo"', item },
  };
}

const ROWS: Readonly<Record<ResourceType, readonly Row[]>> = {
  string: [
    textual({ type: 'string', value: 'U' }, '55', '61 55'),
    textual({ type: 'string', value: '' }, '', '60'),
    textual({ type: 'string', value: 'Grüße' }, '4772c3bcc39f65', '67 4772c3bcc39f65'),
    textual({ type: 'string', value: '"\\\n' }, '225c0a', '63 225c0a'),
    textual({ type: 'string', value: '\u{1f600}' }, 'f09f9880', '64 f09f9880'),
  ],
  integer: [
    number(be.integer(0), '0', '00', '00'),
    number(be.integer(23), '23', '17', '17'),
    number(be.integer(95), '95', '5f', '18 5f'),
    number(be.integer(-1), '-1', 'ff', '20'),
    number(be.integer(127), '127', '7f', '18 7f'),
    number(be.integer(-128), '-128', '80', '38 7f'),
    number(be.integer(128), '128', '0080', '18 80'),
    number(be.integer(-129), '-129', 'ff7f', '38 80'),
    number(be.integer(32_767), '32767', '7fff', '19 7fff'),
    number(be.integer(-32_768), '-32768', '8000', '39 7fff'),
    number(be.integer(32_768), '32768', '00008000', '19 8000'),
    number(be.integer(65_535), '65535', '0000ffff', '19 ffff'),
    number(be.integer(65_536), '65536', '00010000', '1a 00010000'),
    number(be.integer(2_147_483_647), '2147483647', '7fffffff', '1a 7fffffff'),
    number(be.integer(-2_147_483_648), '-2147483648', '80000000', '3a 7fffffff'),
    number(be.integer(2_147_483_648), '2147483648', '0000000080000000', '1a 80000000'),
    number(be.integer(-4_294_967_297), '-4294967297', 'fffffffeffffffff', '3b 0000000100000000'),
    number(be.integer(2n ** 53n + 1n), '9007199254740993', '0020000000000001', '1b 0020000000000001'),
    number(be.integer(2n ** 63n - 1n), '9223372036854775807', '7fffffffffffffff', '1b 7fffffffffffffff'),
    number(be.integer(-(2n ** 63n)), '-9223372036854775808', '8000000000000000', '3b 7fffffffffffffff'),
  ],
  unsigned: [
    number(be.unsigned(0), '0', '00', '00'),
    number(be.unsigned(255), '255', 'ff', '18 ff'),
    number(be.unsigned(256), '256', '0100', '19 0100'),
    number(be.unsigned(65_535), '65535', 'ffff', '19 ffff'),
    number(be.unsigned(65_536), '65536', '00010000', '1a 00010000'),
    number(be.unsigned(4_294_967_295), '4294967295', 'ffffffff', '1a ffffffff'),
    number(be.unsigned(4_294_967_296), '4294967296', '0000000100000000', '1b 0000000100000000'),
    number(be.unsigned(2n ** 63n), '9223372036854775808', '8000000000000000', '1b 8000000000000000'),
    number(be.unsigned(2n ** 64n - 1n), '18446744073709551615', 'ffffffffffffffff', '1b ffffffffffffffff'),
  ],
  float: [
    float(21.5, '21.5', '41ac0000', 'fa 41ac0000'),
    float(43.61092, '43.61092', '4045ce32a0663c75', 'fb 4045ce32a0663c75'),
    float(20, '20.0', '41a00000', 'fa 41a00000', '20'),
    float(-0, '-0.0', '80000000', 'fa 80000000'),
    float(1e300, '1e+300', '7e37e43c8800759c', 'fb 7e37e43c8800759c', `1${'0'.repeat(300)}`),
    float(2 ** -149, '1.401298464324817e-45', '00000001', 'fa 00000001', `0.${'0'.repeat(44)}1401298464324817`),
    float(5e-324, '5e-324', '0000000000000001', 'fb 0000000000000001', `0.${'0'.repeat(323)}5`),
    special(NaN, '7fc00000', 'fa 7fc00000'),
    special(Infinity, '7f800000', 'fa 7f800000'),
    special(-Infinity, 'ff800000', 'fa ff800000'),
  ],
  boolean: [true, false].map((value) => ({
    ...{ scalar: be.boolean(value), text: value ? '1' : '0', tlv: value ? '01' : '00' },
    ...{ json: `"bv":${value}`, senml: `"vb":${value}`, label: '04', item: value ? 'f5' : 'f4' },
  })),
  opaque: [
    opaque('010203', 'AQID', 'AQID', '43 010203'),
    opaque('fbeffe01', '++/+AQ==', '--_-AQ', '44 fbeffe01'),
    opaque('', '', '', '40'),
  ],
  time: [
    number(be.time(1_367_491_215), '1367491215', '5182428f', '1a 5182428f'),
    number(be.time(0), '0', '00', '00'),
    number(be.time(-86_400), '-86400', 'fffeae80', '3a 0001517f'),
    number(be.time(253_402_300_799), '253402300799', '0000003afff4417f', '1b 0000003afff4417f'),
    number(be.time(-(2n ** 63n)), '-9223372036854775808', '8000000000000000', '3b 7fffffffffffffff'),
    { ...number(be.time(1_700_000_000.5), '1700000000.5', '', 'fb 41d954fc40200000'), text: undefined, tlv: undefined },
  ],
  objlnk: [
    link(66, 0, '00420000', '64 "66:0"'),
    link(0, 0, '00000000', '63 "0:0"'),
    link(65_534, 65_534, 'fffefffe', '6b "65534:65534"'),
    link(65_535, 65_535, 'ffffffff', '6b "65535:65535"'),
  ],
  corelnk: [
    textual({ type: 'corelnk', value: '</3/0>' }, '3c2f332f303e', '66 "</3/0>"'),
    textual({ type: 'corelnk', value: '' }, '', '60'),
  ],
};

/** How a format writes a value at each level; undefined: it cannot carry it. */
interface Form {
  readonly number: number;
  /** Resource `id`. */
  resource(id: number, row: Row): string | undefined;
  /** Resource instance 3 of resource `id`. */
  resourceInstance(id: number, row: Row): string | undefined;
  /** Resource `id` with the instances 0 and 300. */
  multiple(id: number, row: Row): string | undefined;
  /** Instance 7: resource `id`, and resource `id` + 10 with the instance 300. */
  instance(id: number, row: Row): string | undefined;
  /** Instances 0, with resource `id`, and 300, with resource `id` + 10 and its instance 1. */
  object(id: number, row: Row): string | undefined;
}

const quoted = (text: string): string => hex(Buffer.from(text));
const onlyFor = (part: string | undefined, shown: (part: string) => string): string | undefined =>
  part === undefined ? undefined : shown(part);
const none = (): undefined => undefined;

/** A TLV of a value of at most 255 bytes. */
function tlv(kind: 0 | 1 | 2 | 3, id: number, value: string): string {
  const length = bytes(value).length;
  const wide = id > 255 ? 0x20 : 0;
  const head = [(kind << 6) | wide | (length < 8 ? length : 8)];
  head.push(...(wide === 0 ? [id] : [id >> 8, id & 0xff]), ...(length < 8 ? [] : [length]));
  return `${hex(Uint8Array.from(head))} ${value}`;
}

const senmlJson = (row: Row, ...heads: string[]): string | undefined =>
  onlyFor(row.senml, (field) => quoted(`[${heads.map((head) => `{${head},${field}}`).join(',')}]`));
const lwm2mJson = (row: Row, base: string, ...heads: string[]): string | undefined =>
  onlyFor(row.json, (field) => quoted(`{"bn":"${base}","e":[${heads.map((head) => `{${head}${field}}`).join(',')}]}`));
const senmlCbor = ({ label, item }: Row, ...heads: string[]): string =>
  `8${heads.length} ${heads.map((head) => `${head} ${label} ${item}`).join(' ')}`;
const tlvs = (row: Row, shown: (value: string) => string): string | undefined => onlyFor(row.tlv, shown);
/** A CBOR text of less than 24 characters. */
const cborText = (text: string): string => `${(0x60 + text.length).toString(16)} "${text}"`;
const byte = (value: number): string => value.toString(16).padStart(2, '0');

const FORMS: Readonly<Record<string, Form>> = {
  text: {
    number: 0,
    resource: (_id, row) => onlyFor(row.text, quoted),
    resourceInstance: (_id, row) => onlyFor(row.text, quoted),
    ...{ multiple: none, instance: none, object: none },
  },
  opaque: {
    number: 42,
    resource: (_id, row) => (row.scalar.type === 'opaque' ? row.tlv : undefined),
    resourceInstance: (_id, row) => (row.scalar.type === 'opaque' ? row.tlv : undefined),
    ...{ multiple: none, instance: none, object: none },
  },
  cbor: {
    number: 60,
    resource: (_id, row) => (row.scalar.type === 'time' ? `c1 ${row.item}` : row.item),
    resourceInstance: (_id, row) => (row.scalar.type === 'time' ? `c1 ${row.item}` : row.item),
    ...{ multiple: none, instance: none, object: none },
  },
  tlv: {
    number: 11_542,
    resource: (id, row) => tlvs(row, (value) => tlv(3, id, value)),
    resourceInstance: (_id, row) => tlvs(row, (value) => tlv(1, 3, value)),
    multiple: (id, row) => tlvs(row, (value) => tlv(2, id, tlv(1, 0, value) + tlv(1, 300, value))),
    instance: (id, row) => tlvs(row, (value) => tlv(3, id, value) + tlv(2, id + 10, tlv(1, 300, value))),
    object: (id, row) =>
      tlvs(row, (value) => tlv(0, 0, tlv(3, id, value)) + tlv(0, 300, tlv(2, id + 10, tlv(1, 1, value)))),
  },
  'senml-json': {
    number: 110,
    resource: (id, row) => senmlJson(row, `"bn":"/33000/0/","n":"${id}"`),
    resourceInstance: (id, row) => senmlJson(row, `"bn":"/33000/0/${id}/3"`),
    multiple: (id, row) => senmlJson(row, `"bn":"/33000/0/","n":"${id}/0"`, `"n":"${id}/300"`),
    instance: (id, row) => senmlJson(row, `"bn":"/33000/7/","n":"${id}"`, `"n":"${id + 10}/300"`),
    object: (id, row) => senmlJson(row, `"bn":"/33000/","n":"0/${id}"`, `"n":"300/${id + 10}/1"`),
  },
  'senml-cbor': {
    number: 112,
    resource: (id, row) => senmlCbor(row, `a3 21 69 "/33000/0/" 00 ${cborText(String(id))}`),
    resourceInstance: (id, row) => senmlCbor(row, `a2 21 ${cborText(`/33000/0/${id}/3`)}`),
    multiple: (id, row) =>
      senmlCbor(row, `a3 21 69 "/33000/0/" 00 ${cborText(`${id}/0`)}`, `a2 00 ${cborText(`${id}/300`)}`),
    instance: (id, row) =>
      senmlCbor(row, `a3 21 69 "/33000/7/" 00 ${cborText(String(id))}`, `a2 00 ${cborText(`${id + 10}/300`)}`),
    object: (id, row) =>
      senmlCbor(row, `a3 21 67 "/33000/" 00 ${cborText(`0/${id}`)}`, `a2 00 ${cborText(`300/${id + 10}/1`)}`),
  },
  json: {
    number: 11_543,
    resource: (id, row) => lwm2mJson(row, '/33000/0/', `"n":"${id}",`),
    resourceInstance: (id, row) => lwm2mJson(row, `/33000/0/${id}/3`, ''),
    multiple: (id, row) => lwm2mJson(row, '/33000/0/', `"n":"${id}/0",`, `"n":"${id}/300",`),
    instance: (id, row) => lwm2mJson(row, '/33000/7/', `"n":"${id}",`, `"n":"${id + 10}/300",`),
    object: (id, row) => lwm2mJson(row, '/33000/', `"n":"0/${id}",`, `"n":"300/${id + 10}/1",`),
  },
  'lwm2m-cbor': {
    number: 11_544,
    resource: (id, { item }) => `a1 83 19 80e8 00 ${byte(id)} ${item}`,
    resourceInstance: (id, { item }) => `a1 84 19 80e8 00 ${byte(id)} 03 ${item}`,
    multiple: (id, { item }) => `a1 83 19 80e8 00 ${byte(id)} a2 00 ${item} 19 012c ${item}`,
    instance: (id, { item }) => `a1 82 19 80e8 07 a2 ${byte(id)} ${item} ${byte(id + 10)} a1 19 012c ${item}`,
    object: (id, { item }) => `a1 19 80e8 a2 00 a1 ${byte(id)} ${item} 19 012c a1 ${byte(id + 10)} a1 01 ${item}`,
  },
};

const LEVELS = {
  resource: (id: number, { scalar }: Row): [Path, Node] => [[O, 0, id], single(scalar)],
  resourceInstance: (id: number, { scalar }: Row): [Path, Node] => [[O, 0, id + 10, 3], single(scalar)],
  multiple: (id: number, { scalar }: Row): [Path, Node] => [[O, 0, id + 10], multiple({ 0: scalar, 300: scalar })],
  instance: (id: number, { scalar }: Row): [Path, Node] => [
    [O, 7],
    instance({ [id]: scalar, [id + 10]: multiple({ 300: scalar }) }),
  ],
  object: (id: number, { scalar }: Row): [Path, Node] => [
    [O],
    object({ 0: instance({ [id]: scalar }), 300: instance({ [id + 10]: multiple({ 1: scalar }) }) }),
  ],
} as const;
type Level = keyof typeof LEVELS;
const LEVEL_NAMES = Object.keys(LEVELS) as Level[];

/** Why a format carries no value of a type at a level; undefined: it does. */
function whyNot(format: string, level: Level, { scalar }: Row): string | undefined {
  if (['text', 'opaque', 'cbor'].includes(format) && ['multiple', 'instance', 'object'].includes(level)) {
    return 'the format carries one value';
  }
  if (format === 'opaque' && scalar.type !== 'opaque') return 'an octet stream is opaque';
  const { value } = scalar;
  if (typeof value !== 'number') return undefined;
  if (!Number.isFinite(value) && ['text', 'json', 'senml-json'].includes(format))
    return 'JSON and text have no word for it';
  const fraction = scalar.type === 'time' && !Number.isInteger(value);
  return fraction && ['text', 'tlv'].includes(format) ? 'times are whole seconds in text and TLV' : undefined;
}

/** The id of a single resource of a type in the object of these tests. */
const idOf = (type: ResourceType, level: Level): number =>
  RESOURCE_TYPES.indexOf(type) + (level === 'multiple' || level === 'resourceInstance' ? 10 : 0);

describe.each(Object.keys(FORMS))('%s', (format) => {
  const form = FORMS[format] as Form;
  const codec = be.codecOf(form.number);

  describe.each(LEVEL_NAMES)('at the level %s', (level) => {
    it.each(RESOURCE_TYPES)(
      'carries each value of type %s both ways, or refuses it for a reason that is known',
      (type) => {
        for (const row of ROWS[type]) {
          const [path, node] = LEVELS[level](RESOURCE_TYPES.indexOf(type), row);
          const literal = form[level](idOf(type, level), row);
          expect(literal === undefined).toBe(whyNot(format, level, row) !== undefined);
          if (literal === undefined) {
            expect(be.thrownBy(() => codec.encode(path, node, model))).toMatchObject({ code: 'not_encodable' });
            continue;
          }
          expect(hex(codec.encode(path, node, model))).toBe(hex(bytes(literal)));
          expect(codec.decode(bytes(literal), path, model)).toEqual([{ path, node }]);
        }
      },
    );
  });
});

describe('what a format cannot carry', () => {
  it.each(['text', 'opaque', 'cbor'] as const)('is refused on input as on output: several values in %s', (format) => {
    const codec = be.codecOf((FORMS[format] as Form).number);
    for (const path of [[O], [O, 7]]) {
      expect(be.thrownBy(() => codec.decode(bytes('31'), path, model))).toMatchObject({ reason: 'bad_path' });
    }
  });

  it('is refused on input as on output: an octet stream for a resource that is not opaque', () => {
    const codec = be.codecOf(42);
    RESOURCE_TYPES.forEach((type, id) => {
      const error = be.thrownBy(() => codec.decode(bytes('31'), [O, 0, id], model));
      if (type === 'opaque') expect(error).toBeUndefined();
      else expect(error).toMatchObject({ reason: 'bad_value', message: expect.stringContaining(type) });
    });
    expect(codec.decode(bytes('31'), [9, 0, 0], be.noModel)).toEqual([
      { path: [9, 0, 0], node: single(be.opaque('31')) },
    ]);
  });

  it.each([
    ['senml-json', '[{"bn":"/33000/0/3","v":NaN}]'],
    ['json', '{"bn":"/33000/0/3","e":[{"v":NaN}]}'],
    ['senml-json', '[{"bn":"/33000/0/3","v":-Infinity}]'],
    ['json', '{"bn":"/33000/0/3","e":[{"v":-Infinity}]}'],
  ])('is refused on input as on output: not a number and infinities in %s', (format, text) => {
    const codec = be.codecOf((FORMS[format] as Form).number);
    expect(be.thrownBy(() => codec.decode(Buffer.from(text), [O, 0, 3], model))).toMatchObject({ reason: 'bad_json' });
  });

  it('is refused on input as on output: a fraction of a second in text, a float for a time in TLV', () => {
    expect(be.thrownBy(() => be.codecOf(0).decode(Buffer.from('1.5'), [O, 0, 6], model))).toMatchObject({
      reason: 'bad_value',
    });
    // Eight bytes are an integer to TLV, whatever they were meant to be; six are nothing.
    expect(be.thrownBy(() => be.codecOf(11_542).decode(bytes('c6 06 000000000001'), [O, 0, 6], model))).toMatchObject({
      reason: 'bad_value',
    });
  });
});

describe('TLV reads integers of every width (1, 2, 4 and 8 bytes), shortest or not', () => {
  const read = (id: number, value: string): unknown => {
    const [found] = be.codecOf(11_542).decode(bytes(tlv(3, id, value)), [O, 0, id], model);
    return found?.node;
  };

  it.each([
    ['00', 0],
    ['7f', 127],
    ['80', -128],
    ['ff', -1],
    ['0005', 5],
    ['8000', -32_768],
    ['ffff', -1],
    ['00000005', 5],
    ['80000000', -2_147_483_648],
    ['ffffffff', -1],
    ['0000000000000005', 5],
    ['ffffffffffffffff', -1],
    ['ffdfffffffffffff', -(2n ** 53n) - 1n],
    ['8000000000000000', -(2n ** 63n)],
  ] as const)('signed %s', (value, expected) => {
    expect(read(1, value)).toEqual(single(be.integer(expected)));
    expect(read(6, value)).toEqual(single(be.time(expected)));
  });

  it.each([
    ['ff', 255],
    ['0005', 5],
    ['ffff', 65_535],
    ['80000000', 2_147_483_648],
    ['ffffffff', 4_294_967_295],
    ['0000000000000005', 5],
    ['8000000000000000', 2n ** 63n],
    ['ffffffffffffffff', 2n ** 64n - 1n],
  ] as const)('unsigned %s', (value, expected) => {
    expect(read(2, value)).toEqual(single(be.unsigned(expected)));
  });

  it.each(['', '000000', '0000000000', '000000000000', '00000000000000', '000000000000000000'])(
    'and refuses others: "%s"',
    (value) => {
      for (const id of [1, 2, 6]) expect(be.thrownBy(() => read(id, value))).toMatchObject({ reason: 'bad_value' });
    },
  );
});

/** Forms that we read and never write: the item, and what it is as a float, an integer, an unsigned and a time. */
const ITEMS: readonly (readonly [
  title: string,
  item: string,
  float: number | undefined,
  integer: number | bigint | undefined,
  unsigned: number | bigint | undefined,
  time: number | bigint | undefined,
])[] = [
  ['RFC 8949 Appendix A: float16 1.0', 'f9 3c00', 1, 1, 1, 1],
  ['RFC 8949 Appendix A: float16 1.5', 'f9 3e00', 1.5, undefined, undefined, 1.5],
  ['RFC 8949 Appendix A: float16 65504.0', 'f9 7bff', 65_504, 65_504, 65_504, 65_504],
  [
    'RFC 8949 Appendix A: float16 5.960464477539063e-8',
    'f9 0001',
    5.960464477539063e-8,
    undefined,
    undefined,
    2 ** -24,
  ],
  ['RFC 8949 Appendix A: float16 -4.0', 'f9 c400', -4, -4, undefined, -4],
  ['RFC 8949 Appendix A: float16 -0.0', 'f9 8000', -0, 0, 0, 0],
  ['RFC 8949 Appendix A: float16 Infinity', 'f9 7c00', Infinity, undefined, undefined, undefined],
  ['RFC 8949 Appendix A: float16 NaN', 'f9 7e00', NaN, undefined, undefined, undefined],
  ['RFC 8949 Appendix A: float32 100000.0', 'fa 47c35000', 100_000, 100_000, 100_000, 100_000],
  [
    'RFC 8949 Appendix A: float32 3.4028234663852886e+38',
    'fa 7f7fffff',
    3.4028234663852886e38,
    undefined,
    undefined,
    undefined,
  ],
  ['RFC 8949 Appendix A: float64 1.1', 'fb 3ff199999999999a', 1.1, undefined, undefined, 1.1],
  ['RFC 8949 Appendix A: float64 -4.1', 'fb c010666666666666', -4.1, undefined, undefined, -4.1],
  ['RFC 8949 Appendix A: float64 Infinity', 'fb 7ff0000000000000', Infinity, undefined, undefined, undefined],
  ['a float64 that is whole', 'fb 4057c00000000000', 95, 95, 95, 95],
  ['RFC 8949 Appendix A: 18446744073709551615', '1b ffffffffffffffff', 2 ** 64, undefined, 2n ** 64n - 1n, undefined],
  ['RFC 8949 Appendix A: -18446744073709551616', '3b ffffffffffffffff', -(2 ** 64), undefined, undefined, undefined],
  [
    'RFC 8949 Appendix A: big number 18446744073709551616',
    'c2 49 010000000000000000',
    2 ** 64,
    undefined,
    undefined,
    undefined,
  ],
  [
    'RFC 8949 Appendix A: big number -18446744073709551617',
    'c3 49 010000000000000000',
    -(2 ** 64),
    undefined,
    undefined,
    undefined,
  ],
  ['a big number of no bytes', 'c2 40', 0, 0, 0, 0],
  ['a big number with zeros in front', 'c2 44 0000005f', 95, 95, 95, 95],
  ['a negative big number', 'c3 41 5e', -95, -95, undefined, -95],
  ['RFC 8949 §3.4.4: decimal fraction 273.15', 'c4 82 21 19 6ab3', 273.15, undefined, undefined, 273.15],
  ['a decimal fraction that is whole', 'c4 82 01 18 5f', 950, 950, 950, 950],
  ['a decimal fraction of a big number', 'c4 82 20 c2 42 03b6', 95, 95, 95, 95],
  ['a decimal fraction that is nearest to 0.3', 'c4 82 20 03', 0.3, undefined, undefined, 0.3],
  ['a decimal fraction too small for a double', 'c4 82 39 018f 01', 0, 0, 0, 0],
  ['an integer in more bytes than needed', '1b 000000000000005f', 95, 95, 95, 95],
];

describe.each([
  ['application/cbor', 60, (_id: number, item: string) => item],
  ['SenML CBOR', 112, (id: number, item: string) => `81 a2 21 6a "/33000/0/${id}" 02 ${item}`],
  ['LwM2M CBOR', 11_544, (id: number, item: string) => `a1 83 19 80e8 00 ${byte(id)} ${item}`],
] as const)('%s reads numbers in every form', (_name, format, framed) => {
  const read = (id: number, item: string): Scalar | undefined => {
    const [found] = be.codecOf(format).decode(bytes(framed(id, item)), [O, 0, id], model);
    return found?.node.kind === 'single' ? found.node.value : undefined;
  };

  it.each(ITEMS)('%s', (_title, item, ...expected) => {
    (['float', 'integer', 'unsigned', 'time'] as const).forEach((type, at) => {
      const id = RESOURCE_TYPES.indexOf(type);
      const value = expected[at];
      if (value !== undefined) expect(read(id, item)).toEqual({ type, value });
      else expect(be.thrownBy(() => read(id, item))).toMatchObject({ reason: 'bad_value' });
    });
  });

  it.each([
    ['a decimal fraction that no double holds', 'c4 82 19 0190 01', 'bad_cbor'],
    ['a negative one', 'c4 82 19 0190 20', 'bad_cbor'],
    ['an exponent of eight bytes', 'c4 82 1b 7fffffffffffffff 01', 'bad_cbor'],
    ['a big float (tag 5), which RFC 8428 §6 does not have', 'c5 82 19 0190 01', 'bad_tag'],
    ['a big number of 17 bytes', `c2 51 ${'ff'.repeat(17)}`, 'bad_cbor'],
  ])('and refuses %s', (_title, item, reason) => {
    expect(be.thrownBy(() => read(3, item))).toMatchObject({ name: 'DecodeError', reason });
  });
});
