/**
 * The content formats, in this process: decoding and encoding an instance of 20 resources (a notification of three values
 * beside it) against JSON.parse, JSON.stringify and cbor-x on the same data, and what carries one value. The bodies of a
 * round take turns, so that a slow moment of the machine hits all alike; a ratio is the median of those of the rounds.
 */

import { readFileSync } from 'node:fs';
import { Decoder, Encoder } from 'cbor-x/decode';
import { formatLinks, parseLinks } from '../../../dist/coap/codec/index.js';
import { codecFor } from '../../../dist/lwm2m/formats/index.js';
import { FORMATS, ObjectCatalogue, parseObjectDefinition, viewFor } from '../../../dist/lwm2m/model/index.js';
import { median } from '../ratio.mjs';

const scalar = (type, value) => ({ kind: 'single', value: { type, value } });
const many = (type, values) => ({
  kind: 'multiple',
  values: new Map(values.map((value, id) => [id, { type, value }])),
});

const NOTIFIED = {
  kind: 'instance',
  resources: new Map([
    [5700, scalar('float', 21.5)],
    [5601, scalar('float', 19.25)],
    [5602, scalar('float', 23.1)],
  ]),
};
const DEVICE = {
  kind: 'instance',
  resources: new Map([
    ...['Open Mobile Alliance', 'Lightweight M2M Client', '345000123', '1.0'].map((text, id) => [
      id,
      scalar('string', text),
    ]),
    [9, scalar('integer', 95)],
    [10, scalar('integer', 15)],
    [13, scalar('time', 1_367_491_215)],
    [14, scalar('string', '+02:00')],
    [15, scalar('string', 'Europe/Berlin')],
    [16, scalar('string', 'U')],
    [17, scalar('string', 'meter')],
    [18, scalar('string', '1.2')],
    [19, scalar('string', '3.4.5')],
    [20, scalar('integer', 1)],
    [21, scalar('integer', 4096)],
    ...[6, 7, 8, 11].map((id) => [id, many('integer', [1, 3800])]),
    [22, many('objlnk', [{ object: 66, instance: 0 }])],
  ]),
};
const LINKS =
  '</>;rt="oma.lwm2m";ct="112 11542",</1/0>,</2>,</3/0>;ver=1.2,</4/0>,</5/0>,</6/0>,</7/0>,</3303/0>,</3303/1>,</3304/0>';

/** The formats of several values: what they are measured by, and at most how much of it they may take. */
const TREES = [
  { name: 'senml-json', yardstick: 'JSON', decode: 4, encode: 3 },
  { name: 'senml-cbor', yardstick: 'cbor-x', decode: 3, encode: 3 },
  { name: 'lwm2m-cbor', yardstick: 'cbor-x', decode: 3, encode: 3 },
  { name: 'tlv', yardstick: 'cbor-x', below: 'senml-cbor' },
];
const ONES = [
  ['text', '/3/0/9', scalar('integer', 95)],
  ['text', '/3/0/0', scalar('string', 'Open Mobile Alliance')],
  ['cbor', '/3/0/9', scalar('integer', 95)],
  ['opaque', '/5/0/0', scalar('opaque', new Uint8Array(64).fill(7))],
];

/** Runs the case; `scale` has how many rounds there are and how many calls of each body in one. */
export function formats({ scale }) {
  const model = deviceModel();
  const plain = {
    decoder: new Decoder({ useRecords: false, mapsAsObjects: false }),
    encoder: new Encoder({ useRecords: false, mapsAsObjects: false, variableMapSize: true }),
  };
  return [
    ...trees('20 resources', [3, 0], DEVICE, { model, plain, scale }),
    ...trees('a notification of 3 values', [3303, 0], NOTIFIED, { model, plain, scale }).map((row) => ({
      ...row,
      goal: undefined,
    })),
    ...ones({ model, scale }),
  ];
}

/** Decoding and encoding a node in every format that carries several values; a row each. */
function trees(what, path, node, { model, plain, scale }) {
  const payloads = TREES.map((tree) => {
    const codec = codecFor(FORMATS[tree.name]);
    return { ...tree, codec, bytes: Buffer.from(codec.encode(path, node, model)) };
  });
  const bytesOf = (name) => payloads.find((payload) => payload.name === name).bytes;
  const text = bytesOf('senml-json').toString();
  const records = JSON.parse(text);
  // A datagram is a view of its own, on which the library keeps things: so is every payload here.
  const maps = plain.decoder.decode(bytesOf('senml-cbor').subarray());
  const nested = plain.decoder.decode(bytesOf('lwm2m-cbor').subarray());
  const yardsticks = {
    decode: {
      'senml-json': () => JSON.parse(text),
      'senml-cbor': () => plain.decoder.decode(bytesOf('senml-cbor').subarray()),
      'lwm2m-cbor': () => plain.decoder.decode(bytesOf('lwm2m-cbor').subarray()),
    },
    encode: {
      'senml-json': () => JSON.stringify(records),
      'senml-cbor': () => plain.encoder.encode(maps),
      'lwm2m-cbor': () => plain.encoder.encode(nested),
    },
  };
  return ['decode', 'encode'].flatMap((direction) => {
    const ours = ({ codec, bytes }) =>
      direction === 'decode'
        ? () => codec.decode(bytes.subarray(), path, model)
        : () => codec.encode(path, node, model);
    const times = nanoseconds([...Object.values(yardsticks[direction]), ...payloads.map(ours)], scale);
    const bases = Object.keys(yardsticks[direction]);
    const rows = payloads.map((payload, at) => {
      const base = times[bases.indexOf(payload.below ?? payload.name)];
      const ratios = times[bases.length + at].map((time, round) => time / base[round]);
      return row(`${direction} ${what}, ${payload.name}`, payload.yardstick, payload[direction], {
        ratios,
        lines: [
          `${payload.bytes.length} bytes; ${spread(times[bases.length + at])}, ${payload.yardstick} ${spread(base)}`,
        ],
      });
    });
    return rows.map((each, at) => {
      const { below } = payloads[at];
      return below === undefined
        ? each
        : { ...each, goal: rows[payloads.findIndex(({ name }) => name === below)].ratio };
    });
  });
}

/** What carries one value, and the links of a registration, against JSON on the same value; no goals. */
function ones({ model, scale }) {
  const pairs = ONES.flatMap(([name, shown, node]) => {
    const codec = codecFor(FORMATS[name]);
    const path = shown.slice(1).split('/').map(Number);
    const bytes = Buffer.from(codec.encode(path, node, model));
    const { value } = node.value;
    const plain = value instanceof Uint8Array ? Buffer.from(value).toString('base64') : value;
    const text = JSON.stringify(plain);
    const title = `${name}, ${node.value.type} of ${bytes.length} bytes`;
    return [
      [`decode ${title}`, () => JSON.parse(text), () => codec.decode(bytes, path, model)],
      [`encode ${title}`, () => JSON.stringify(plain), () => codec.encode(path, node, model)],
    ];
  });
  const links = parseLinks(LINKS);
  const json = JSON.stringify(links);
  pairs.push(
    [
      `decode link-format, ${links.length} links of ${LINKS.length} bytes`,
      () => JSON.parse(json),
      () => parseLinks(LINKS),
    ],
    [`encode link-format, ${links.length} links`, () => JSON.stringify(links), () => formatLinks(links)],
  );
  return pairs.map(([title, base, ours]) => {
    const [bare, own] = nanoseconds([base, ours], scale);
    return row(title, 'JSON', undefined, {
      ratios: own.map((time, round) => time / bare[round]),
      lines: [`${spread(own)}, JSON ${spread(bare)}`],
    });
  });
}

function row(title, yardstick, goal, { ratios, lines }) {
  return { title, unit: `x ${yardstick}`, goal, ratio: median(ratios), lines };
}

const spread = (times) => `${Math.round(median(times))} ns (${Math.round(Math.min(...times))} at best)`;

/** Nanoseconds of CPU per call of each body, a list of rounds each; a first round warms up. */
function nanoseconds(bodies, { rounds, calls }) {
  const times = bodies.map(() => []);
  let sink = 0;
  for (let round = 0; round <= rounds; round += 1) {
    bodies.forEach((body, at) => {
      const start = process.cpuUsage();
      for (let call = 0; call < calls; call += 1) if (body() !== undefined) sink += 1;
      const { user, system } = process.cpuUsage(start);
      if (round > 0) times[at].push(((user + system) * 1000) / calls);
    });
  }
  if (sink !== bodies.length * calls * (rounds + 1)) throw new Error('void: a body gave nothing');
  return times;
}

function deviceModel() {
  const catalogue = new ObjectCatalogue();
  const versions = new Map();
  for (const name of ['3-1.2', '5-1.2', '3303-1.1']) {
    catalogue.add(parseObjectDefinition(readFileSync(new URL(`../../../objects/${name}.xml`, import.meta.url))));
    const [id, version] = name.split('-');
    versions.set(Number(id), version);
  }
  return viewFor(catalogue, (object) => versions.get(object));
}
