/**
 * Fuzzed payloads of every content format: whatever comes out are nodes that stand where they were asked for and come back
 * from our own encoder, or a DecodeError; nothing else is thrown, and no payload takes long.
 */

import { describe, expect, it } from '@jest/globals';
import { Decoder, addExtension } from 'cbor-x/decode';
import { AppError, DecodeError, encodeUtf8 } from '#base';
import { FORMAT_LIMITS, decodeComposite, decodePack, decodePaths, encodeComposite, encodePaths } from '#lwm2m/formats';
import type { FormatCodec } from '#lwm2m/formats';
import { FORMATS, exactInteger, levelOf, samePath } from '#lwm2m/model';
import type {
  CompositeEntry,
  InstanceNode,
  ModelView,
  Node,
  Path,
  PlacedNode,
  ResourceNode,
  Scalar,
} from '#lwm2m/model';
import { WireFloat, WireTime } from '../../src/lwm2m/formats/wire.js';
import { readWhole } from '../lwm2m/formats/cbor-items.js';
import * as be from '../lwm2m/formats/support.js';
import { fuzz, fuzzBudget, fuzzTimeout } from './support/fuzz.js';
import type { FuzzRandom } from './support/random.js';

const O = be.TYPES_OBJECT;
const TARGETS: readonly Path[] = [
  [O],
  [O, 0],
  ...[0, 1, 2, 3, 4, 5, 6, 7, 8, 10, 11, 13, 15, 17].map((id) => [O, 0, id]),
];
const NAMES = ['text', 'opaque', 'cbor', 'senml-json', 'senml-cbor', 'tlv', 'json', 'lwm2m-cbor'] as const;
const KINDS = {
  object: ['object'],
  instance: ['instance'],
  resource: ['single', 'multiple'],
  resourceInstance: ['single'],
};
const SLOWEST = 250;
const WHOLE = fuzzBudget(4);
/** Each format has its share. */
const BUDGET = { ...WHOLE, seconds: WHOLE.seconds / NAMES.length };
const COMPOSITE_BUDGET = { ...WHOLE, seconds: WHOLE.seconds / 5 };

describe('the decoders of the content formats, fed with nearly good payloads', () => {
  it.each(NAMES)(
    'give nodes that come back, or a DecodeError, each soon: %s',
    (name) => {
      const codec = be.codecOf(FORMATS[name]);
      const corpus = corpusOf(codec);
      const counts = { decoded: 0, refused: 0 };
      fuzz('formats', BUDGET, (random) => {
        const target = random.pick(TARGETS);
        const path = target.length === 3 && random.chance(0.3) ? [...target, random.below(3)] : target;
        const model = random.chance(0.7) ? be.model : be.noModel;
        const payload = payloadOf(name, random, corpus);
        counts[outcome(codec, payload, path, model)] += 1;
      });
      expect(counts.refused + counts.decoded).toBeGreaterThan(10);
    },
    fuzzTimeout(BUDGET),
  );
});

describe('the decoders of packs, fed with nearly good payloads', () => {
  it.each(['senml-json', 'senml-cbor', 'lwm2m-cbor'] as const)(
    'give object nodes, or a DecodeError, each soon: %s',
    (name) => {
      const corpus = corpusOf(be.codecOf(FORMATS[name]));
      let decoded = 0;
      let refused = 0;
      fuzz('formats', BUDGET, (random) => {
        const payload = payloadOf(name, random, corpus);
        const start = performance.now();
        try {
          const nodes = decodePack(FORMATS[name], payload, random.chance(0.7) ? be.model : be.noModel);
          if (!nodes.every(({ path, node }) => path.length === 1 && node.kind === 'object')) {
            throw new Error(`wrong nodes: ${be.hex(payload)}`);
          }
          decoded += 1;
        } catch (error) {
          if (!(error instanceof DecodeError))
            throw new Error(`not a DecodeError: ${be.hex(payload)}`, { cause: error });
          refused += 1;
        }
        checkSoon(payload, start, () => decodePack(FORMATS[name], payload, be.model));
      });
      expect(decoded).toBeGreaterThan(0);
      expect(refused).toBeGreaterThan(0);
    },
    fuzzTimeout(BUDGET),
  );
});

describe('the reader of CBOR, fed with nearly good items', () => {
  it(
    'reads what cbor-x reads of all that it lets pass',
    () => {
      const corpus = CBOR_ITEMS.map((literal) => Buffer.from(be.bytes(literal)));
      let read = 0;
      fuzz('formats', COMPOSITE_BUDGET, (random, iteration) => {
        const payload =
          corpus[iteration] ??
          (random.chance(0.3) ? payloadOf('cbor', random, corpus) : random.mutate(random.pick(corpus), 3));
        // The library reads no strings of indefinite length, and drops byte order marks.
        if (UNREAD.some((part) => Buffer.from(payload).includes(part))) return;
        let ours: unknown;
        try {
          ours = readWhole(payload);
        } catch (error) {
          if (error instanceof DecodeError) return;
          throw new Error(`not a DecodeError: ${be.hex(payload)}`, { cause: error });
        }
        read += 1;
        try {
          expect(common(ours)).toEqual(
            common(new Decoder({ mapsAsObjects: false, useRecords: false }).decode(payload)),
          );
        } catch (cause) {
          throw new Error(`another item: ${be.hex(payload)}`, { cause });
        }
      });
      expect(read).toBeGreaterThan(CBOR_ITEMS.length / 2);
    },
    fuzzTimeout(COMPOSITE_BUDGET),
  );
});

/** Heads of strings of indefinite length, and a byte order mark. */
const UNREAD = [Buffer.of(0x5f), Buffer.of(0x7f), Buffer.of(0xef, 0xbb, 0xbf)];

addExtension<WireTime, number | bigint>({
  Class: WireTime,
  tag: 1,
  encode: (time, encode) => encode(time.value),
  decode: (seconds) => new WireTime(seconds),
});

/** An item in a form that both readers have: floats as numbers, small integers too, times as their seconds. */
function common(item: unknown): unknown {
  if (item instanceof Map) return new Map([...item].map(([key, value]) => [common(key), common(value)]));
  if (Array.isArray(item)) return item.map(common);
  if (item instanceof Uint8Array) return be.hex(item);
  if (item instanceof WireFloat) return rounded(item.value);
  if (item instanceof WireTime) return ['time', common(item.value)];
  if (typeof item === 'bigint') return exactInteger(item);
  return typeof item === 'number' ? rounded(item) : item;
}

/** The library multiplies decimal fractions out, which costs the last digit. */
function rounded(value: number): number {
  return Number.isInteger(value) ? value + 0 : Number(value.toPrecision(14));
}

/** The formats of composite bodies. */
const COMPOSITES = ['senml-json', 'senml-etch-json', 'senml-cbor', 'senml-etch-cbor', 'lwm2m-cbor'] as const;
type Composite = (typeof COMPOSITES)[number];
/** The format whose payloads and tokens a composite body shares. */
const TWINS = {
  'senml-json': 'senml-json',
  'senml-etch-json': 'senml-json',
  'senml-cbor': 'senml-cbor',
  'senml-etch-cbor': 'senml-cbor',
  'lwm2m-cbor': 'lwm2m-cbor',
} as const;
/** The formats that can say a removal, for those that can only be told one. */
const ETCH = { 'senml-json': FORMATS['senml-etch-json'], 'senml-cbor': FORMATS['senml-etch-cbor'] } as const;

describe('the decoders of composite bodies, fed with nearly good payloads', () => {
  it.each(COMPOSITES)(
    'give paths and values that come back, or a DecodeError, each soon: %s',
    (name) => {
      const corpus = compositeCorpus(name);
      const counts = { paths: 0, nodes: 0, refused: 0 };
      fuzz('formats', COMPOSITE_BUDGET, (random, iteration) => {
        const payload = corpus[iteration] ?? payloadOf(TWINS[name], random, corpus);
        const model = random.chance(0.7) ? be.model : be.noModel;
        // Some bodies are beyond narrower limits, so that those are met as well.
        const limits = random.chance(0.1) ? { ...FORMAT_LIMITS, records: 3, cborItems: 12, depth: 6 } : FORMAT_LIMITS;
        const paths = bodyOf(payload, () => decodePaths(FORMATS[name], payload, limits));
        if (paths === undefined) counts.refused += 1;
        else {
          counts.paths += 1;
          pathsReturn(name, paths, payload, limits.records);
        }
        const values = bodyOf(payload, () => decodeComposite(FORMATS[name], payload, model, limits));
        if (values === undefined) counts.refused += 1;
        else {
          counts.nodes += 1;
          valuesReturn(name, values, model, payload);
        }
      });
      expect(Math.min(counts.paths, counts.nodes, counts.refused)).toBeGreaterThan(0);
    },
    fuzzTimeout(COMPOSITE_BUDGET),
  );
});

/** Throws when `call`, begun at `start`, took long and does so each time it is tried again: the machine may have been busy. */
function checkSoon(payload: Uint8Array, start: number, call: () => unknown): void {
  let quickest = performance.now() - start;
  for (let round = 0; round < 3 && quickest > SLOWEST; round += 1) {
    const again = performance.now();
    be.thrownBy(call);
    quickest = Math.min(quickest, performance.now() - again);
  }
  if (quickest > SLOWEST) throw new Error(`more than ${SLOWEST} ms: ${be.hex(payload)}`);
}

/** What a decoder of bodies gives; undefined when it refuses. Whatever else it throws, or how long it takes, fails. */
function bodyOf<Body>(payload: Uint8Array, decode: () => Body): Body | undefined {
  const start = performance.now();
  let body: Body | undefined;
  try {
    body = decode();
  } catch (error) {
    if (!(error instanceof DecodeError)) throw new Error(`not a DecodeError: ${be.hex(payload)}`, { cause: error });
  }
  checkSoon(payload, start, decode);
  return body;
}

/** No more paths than records, each of a level there is, and the same again from our own encoder. */
function pathsReturn(name: Composite, paths: readonly Path[], payload: Uint8Array, most: number): void {
  try {
    expect(paths.length).toBeLessThanOrEqual(most);
    expect(paths.every((path) => path.length <= 4)).toBe(true);
    if (name === 'lwm2m-cbor' && new Set(paths.map(String)).size < paths.length) return;
    expect(decodePaths(FORMATS[name], encodePaths(FORMATS[name], paths))).toEqual(paths);
  } catch (cause) {
    throw new Error(`wrong paths: ${be.hex(payload)}`, { cause });
  }
}

/** The values and removals, encoded by us, are the same again. */
function valuesReturn(
  name: Composite,
  { nodes, removed }: ReturnType<typeof decodeComposite>,
  model: ModelView,
  payload: Uint8Array,
): void {
  const removals = removed.map((path): CompositeEntry => ({ path, node: 'removed' }));
  try {
    expect(nodes.every(({ path, node }) => path.length === 1 && node.kind === 'object')).toBe(true);
    expect(removed.every((path) => path.length === 4)).toBe(true);
    const etch = name === 'senml-json' || name === 'senml-cbor' ? ETCH[name] : FORMATS[name];
    const again = decodeComposite(etch, encodeComposite(etch, [...nodes, ...removals]), model);
    expect(again.removed).toEqual(removed);
    const shown = (list: readonly PlacedNode[]): unknown =>
      list
        .map(({ path, node, time }) => [path[0], time, comparable(node)])
        .filter(([, , node]) => (node as ReadonlyMap<number, unknown>).size > 0);
    expect(shown(again.nodes)).toEqual(shown(nodes));
  } catch (error) {
    // What JSON cannot say: NaN and infinities.
    if (error instanceof AppError && error.code === 'not_encodable' && name.endsWith('json')) return;
    throw new Error(`wrong values: ${be.hex(payload)}`, { cause: error });
  }
}

/** Good bodies: lists of paths, values at paths of several objects, removals, times, and what our encoder never writes. */
function compositeCorpus(name: Composite): Uint8Array[] {
  const format = FORMATS[name];
  const paths: Path[][] = [[[3, 0, 9]], [[1, 0, 1], [O], [O, 0], [O, 0, 11, 2]], [[3], [3, 0]]];
  const values: CompositeEntry[][] = [
    [{ path: [3, 0, 9], node: be.single(be.integer(95)) }],
    [
      { path: [1, 0, 6], node: be.single(be.boolean(true)) },
      { path: [O, 0, 15], node: be.multiple({ 0: be.opaque('0102'), 7: be.opaque('') }) },
      { path: [O, 1], node: be.instance({ 0: be.string('Grüße'), 3: be.float(21.5), 7: be.link(3, 0) }) },
      { path: [3303], node: be.object({ 0: be.instance({ 5700: be.float(-4.25) }), 1: be.instance({}) }) },
    ],
    ['senml-json', 'senml-cbor'].includes(name) ? [] : [{ path: [O, 0, 11, 2], node: 'removed' }],
    name === 'lwm2m-cbor' ? [] : [{ path: [3, 0, 9], node: be.single(be.integer(1)), time: 1_700_000_000.5 }],
  ];
  return [
    ...corpusOf(be.codecOf(FORMATS[TWINS[name]])),
    ...paths.map((list) => encodePaths(format, list)),
    ...values.map((list) => encodeComposite(format, list)),
    ...(COMPOSITE_EXTRA[TWINS[name]] ?? []).map((literal) =>
      literal.startsWith('[') ? encodeUtf8(literal) : be.bytes(literal),
    ),
  ];
}

/** Decodes; whatever is decoded is checked, whatever is thrown must be a DecodeError. */
function outcome(codec: FormatCodec, payload: Uint8Array, path: Path, model: ModelView): 'decoded' | 'refused' {
  const start = performance.now();
  let nodes: PlacedNode[];
  try {
    nodes = codec.decode(payload, path, model);
  } catch (error) {
    if (error instanceof DecodeError) return 'refused';
    throw new Error(`not a DecodeError: ${be.hex(payload)}`, { cause: error });
  }
  checkSoon(payload, start, () => codec.decode(payload, path, model));
  try {
    for (const node of nodes) check(codec, node, path, model);
  } catch (error) {
    throw new Error(`wrong nodes: ${be.hex(payload)}`, { cause: error });
  }
  if (codec.name === 'senml-json' || codec.name === 'json') JSON.parse(Buffer.from(payload).toString());
  return 'decoded';
}

function check(codec: FormatCodec, placed: PlacedNode, path: Path, model: ModelView): void {
  const { node, time } = placed;
  if (!samePath(placed.path, path)) throw new Error('another path');
  if (!KINDS[levelOf(path) as keyof typeof KINDS].includes(node.kind)) throw new Error(`a ${node.kind}`);
  if (time !== undefined && !Number.isFinite(time)) throw new Error('no time');
  let encoded: Uint8Array;
  try {
    encoded = codec.encode(path, node, model);
  } catch (error) {
    // What text and JSON cannot say: NaN and infinities.
    if (error instanceof AppError && error.code === 'not_encodable') return;
    throw error;
  }
  const [again] = codec.decode(encoded, path, model);
  expect(comparable(again?.node as Node)).toEqual(comparable(node));
}

/** A node with what a format without type names may lose made equal: the type of numbers, and what is empty. */
function comparable(node: Node): unknown {
  if (node.kind === 'single') return plain(node.value);
  const children: ReadonlyMap<number, Node | Scalar> =
    node.kind === 'object' ? node.instances : node.kind === 'instance' ? node.resources : node.values;
  const members = [...children].map(([id, child]): [number, unknown] => [
    id,
    'kind' in child ? comparable(child) : plain(child),
  ]);
  return new Map(members.filter(([, member]) => !(member instanceof Map) || member.size > 0));
}

function plain(scalar: Scalar): unknown {
  return ['integer', 'unsigned', 'time', 'float'].includes(scalar.type) ? scalar.value : scalar;
}

/** Good payloads of a format at every target, and a few with what our encoder never writes. */
function corpusOf(codec: FormatCodec): Uint8Array[] {
  const scalars = [
    ...[be.string('Grüße'), be.integer(-129), be.unsigned(2n ** 64n - 1n), be.float(21.5), be.boolean(true)],
    ...[be.opaque('fbff00'), be.time(1_367_491_215), be.link(3, 0), be.corelnk('</3>;ver=1.1')],
  ];
  const everything: InstanceNode = {
    kind: 'instance',
    resources: new Map(
      scalars.flatMap((scalar, id): [number, ResourceNode][] => [
        [id, be.single(scalar)],
        [id + 10, be.multiple({ 0: scalar, 2: scalar })],
      ]),
    ),
  };
  const nodes: [Path, Node][] = [
    [[O], be.object({ 0: everything, 1: be.instance({ 1: be.integer(300) }) })],
    [[O, 0], everything],
    ...scalars.map((scalar, id): [Path, Node] => [[O, 0, id], be.single(scalar)]),
    ...scalars.map((scalar, id): [Path, Node] => [[O, 0, id + 10], be.multiple({ 0: scalar, 1: scalar })]),
    ...scalars.map((scalar, id): [Path, Node] => [[O, 0, id + 10, 1], be.single(scalar)]),
  ];
  const corpus: Uint8Array[] = (EXTRA[codec.name] ?? []).map((literal) => be.bytes(literal));
  if (codec.name === 'senml-json') corpus.push(...JSON_EXTRA.map(encodeUtf8));
  if (codec.name === 'json') corpus.push(...LWM2M_JSON_EXTRA.map(encodeUtf8));
  for (const [path, node] of nodes) {
    try {
      corpus.push(codec.encode(path, node, be.model));
    } catch (error) {
      if (!(error instanceof AppError)) throw error;
    }
  }
  return corpus;
}

/** Mostly mutations of the corpus; some payloads are put together from tokens of the format, some are noise. */
function payloadOf(name: (typeof NAMES)[number], random: FuzzRandom, corpus: readonly Uint8Array[]): Uint8Array {
  if (random.chance(0.02)) return random.bytes(random.below(64));
  const tokens = TOKENS[name];
  if (tokens !== undefined && random.chance(0.3)) {
    return Buffer.concat(Array.from({ length: 1 + random.below(24) }, () => random.pick(tokens)));
  }
  return random.chance(0.05) ? random.pick(corpus) : random.mutate(random.pick(corpus), random.chance(0.9) ? 3 : 20);
}

const EXTRA: Readonly<Record<string, readonly string[]>> = {
  'senml-cbor': [
    '9f bf 21 7f 67 "/33000/" 62 "0/" ff 00 61 "0" 03 7f 64 "Open" ff ff bf 00 61 "1" 02 05 ff ff',
    '83 a5 21 69 "/33000/0/" 20 0a 22 1a 6553f100 00 61 "3" 02 fa 41ac0000 a3 06 24 00 61 "3" 02 c4 82 20 18 d7 a2 00 61 "6" 02 c1 01',
    '82 a4 21 69 "/33000/0/" 24 1b 0020000000000000 00 61 "1" 02 01 a3 00 61 "2" 02 c2 42 0100 61 "x" 82 a1 01 f6 f9 3c00',
  ],
  'lwm2m-cbor': [
    'bf 82 19 80e8 00 bf 00 61 41 0b bf 00 01 02 05 ff ff ff',
    'a1 19 80e8 a1 00 a3 03 fa 41a80000 06 c1 01 9f 0a ff a0',
    'a2 84 19 80e8 00 11 00 64 "66:0" 83 19 80e8 00 05 5f 41 01 41 02 ff',
  ],
  tlv: ['08 00 04 C2 01 01 00', '08 00 02 C0 00 08 01 02 C0 00', '48 00 01 05 41 02 05', '86 0B 41 00 05 41 01 05'],
  cbor: ['7f 61 55 61 56 ff', 'c4 82 20 18 d7', 'c1 fb 41d46090a3e00000', 'c3 42 0100', 'f9 7e00'],
};

const COMPOSITE_EXTRA: Readonly<Record<string, readonly string[]>> = {
  'senml-json': [
    '[{"bn":"/3/0/"},{"n":"9"},{"bn":"/1/0/1"},{"bn":"/"}]',
    '[{"bn":"/3/0/","bv":20,"n":"9","v":1},{"n":"11/1","v":null},{"n":"10","s":5}]',
  ],
  'senml-cbor': [
    '9f a1 21 65 "/3/0/" a1 00 61 "9" bf 21 66 "/1/0/1" ff a1 21 61 "/" ff',
    '83 a4 21 65 "/3/0/" 24 14 00 61 "9" 02 01 a2 00 64 "11/1" 02 f6 a2 00 62 "10" 05 05',
  ],
  'lwm2m-cbor': ['a2 03 a1 00 a1 09 f6 01 a1 82 00 01 f6', 'bf 9f 19 80e8 00 ff bf 0b bf 02 f6 00 05 ff ff 03 a0 ff'],
};

/** Items of every kind. */
const CBOR_ITEMS = [
  ...['00', '18 5f', '19 0ed8', '1a ffffffff', '1b 7fffffffffffffff', '1b ffffffffffffffff'],
  ...['20', '38 ff', '3a ffffffff', '3b 001fffffffffffff', '3b ffffffffffffffff'],
  ...['40', '43 010203', '58 19 000102030405060708090a0b0c0d0e0f101112131415161718', '60', '61 "a"', '64 c3bce282'],
  ...[
    '6c "twelve bytes"',
    '6d "thirteen byte"',
    '78 18 "twenty-four bytes of it."',
    '67 4772c3bcc39f65',
    '64 f09f9880',
  ],
  ...['80', '83 01 02 03', '9f 01 82 02 03 9f ff ff', 'a0', 'a2 01 02 61 "k" 80', 'bf 20 f4 61 "x" f6 ff'],
  ...['f4', 'f5', 'f6', 'f9 3c00', 'f9 0001', 'f9 7c00', 'f9 7e00', 'fa 41ac0000', 'fb 403519999999999a'],
  ...[
    'c1 1a 5182428f',
    'c1 fb 41d46090a3e00000',
    'c2 42 0100',
    'c3 49 010000000000000000',
    'c4 82 20 18 d7',
    'c4 82 01 20',
  ],
];

const JSON_EXTRA = [
  '[{"bver":10,"bn":"/33000/0/","bt":1.7e9,"n":"3","v":21.5},{"n":"3","v":2e1,"t":-5}]',
  ' [ { "bn" : "/33000/0/" , "bv" : 9007199254740993 , "n" : "1" , "v" : -2 , "x" : { "y" : [ 1 , null ] } } ] ',
  '[{"n":"\\u002f33000/0/0","vs":"\\ud83d\\ude00\\n"},{"n":"/33000/0/5","vd":"+/8=","u":"%"}]',
];

const LWM2M_JSON_EXTRA = [
  '{"e":[{"n":"3","v":21.5,"t":-5},{"n":"3","v":2e1}],"bt":1.7e9,"bn":"/33000/0/"}',
  ' { "bn" : "/33000" , "x" : [ { } , null ] , "e" : [ { "n" : "0/1" , "v" : 9007199254740993 } , { "n" : "/0/7" , "ov" : "66:0" } ] } ',
  '{"bn":"","e":[{"sv":"+/8=","n":""},{"n":"6","bv":true}]}',
];

const cborTokens = [
  ...[
    '80',
    '81',
    '82',
    '9f',
    'a0',
    'a1',
    'a2',
    'a3',
    'bf',
    'ff',
    '00',
    '02',
    '03',
    '04',
    '06',
    '08',
    '20',
    '21',
    '22',
    '24',
  ],
  ...[
    '18 5f',
    '1b 0020000000000001',
    'f4',
    'f5',
    'f6',
    'f9 3c00',
    'fa 41ac0000',
    'fb 7ff0000000000000',
    'c1',
    'c2',
    'c4 82',
  ],
  ...[
    '41 05',
    '42 0100',
    '5f',
    '7f',
    '61 "1"',
    '69 "/33000/0/"',
    '6a "/33000/0/1"',
    '63 "vlo"',
    '63 "3:0"',
    '60',
    '9a 00010000',
  ],
].map((literal) => Buffer.from(be.bytes(literal)));
const jsonTokens = [
  ...[
    '[',
    ']',
    '{',
    '}',
    ',',
    ':',
    ' ',
    '"bn":',
    '"n":',
    '"v":',
    '"vs":',
    '"vb":',
    '"vd":',
    '"vlo":',
    '"t":',
    '"bt":',
    '"bv":',
  ],
  ...['"/33000/0/"', '"/33000/0/1"', '"1"', '"3:0"', '""', '"\\u00e9"', '"\\ud800"', '[{', '}]', '},{', 'true', 'null'],
  ...['1', '-0', '2.0', '1e3', '1e400', '18446744073709551615', '"x":[', '"bn":"/33000/0/1","v":5'],
].map((token) => Buffer.from(token));
const TOKENS: Readonly<Partial<Record<(typeof NAMES)[number], readonly Buffer[]>>> = {
  cbor: cborTokens,
  'lwm2m-cbor': [
    ...cborTokens,
    ...['19 80e8', '82 19 80e8 00', '0b', '84'].map((literal) => Buffer.from(be.bytes(literal))),
  ],
  json: [...jsonTokens, ...['{"e":[', '"e":', '"sv":', '"ov":', ']}'].map((token) => Buffer.from(token))],
  'senml-cbor': cborTokens,
  'senml-json': jsonTokens,
  text: ['-', '+', '.', 'e', '0', '1', '9', ':', '=', 'A', '\u00e9', 'inf', '65535'].map((token) => Buffer.from(token)),
};
