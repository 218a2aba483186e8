/**
 * `node scripts/bench/formats.mjs [--smoke]`: what the content formats cost, as ratios to JSON.parse, JSON.stringify and
 * cbor-x without pre-check on the same data in the same run. Needs `npm run build`. Medians of several rounds; times are
 * printed beside the ratios for orientation only.
 */

import { readFileSync } from 'node:fs';
import { Decoder, Encoder } from 'cbor-x/decode';
import { codecFor } from '../../dist/lwm2m/formats/index.js';
import { checkCbor } from '../../dist/lwm2m/formats/cbor-check.js';
import { FORMAT_LIMITS } from '../../dist/lwm2m/formats/parameters.js';
import { ObjectCatalogue, parseObjectDefinition, viewFor } from '../../dist/lwm2m/model/index.js';

const smoke = process.argv.includes('--smoke');
const ROUNDS = smoke ? 3 : 9;
const CALLS = smoke ? 2000 : 40_000;
let sink = 0;

/** Nanoseconds per call of each body: the rounds of all take turns, so that a slow moment of the machine hits all alike. */
function nanoseconds(bodies) {
  const times = bodies.map(() => []);
  for (let round = 0; round < ROUNDS + 1; round += 1) {
    bodies.forEach((body, at) => {
      const start = process.cpuUsage();
      for (let call = 0; call < CALLS; call += 1) if (body() !== undefined) sink += 1;
      const { user, system } = process.cpuUsage(start);
      if (round > 0) times[at].push(((user + system) * 1000) / CALLS);
    });
  }
  return times.map((list) => list.sort((left, right) => left - right)[Math.floor(list.length / 2)]);
}

function report(title, names, bodies, base) {
  const times = nanoseconds(bodies);
  console.log(title);
  names.forEach((name, at) => {
    const ratio = (times[at] / times[base]).toFixed(2);
    console.log(`  ${name.padEnd(44)} ${ratio.padStart(6)} x   ${Math.round(times[at])} ns`);
  });
}

const catalogue = new ObjectCatalogue();
for (const id of ['3-1.2', '3303-1.1']) {
  catalogue.add(parseObjectDefinition(readFileSync(new URL(`../../objects/${id}.xml`, import.meta.url))));
}
const model = viewFor(catalogue, (object) => catalogue.versions(object)[0]);
const scalar = (type, value) => ({ kind: 'single', value: { type, value } });

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

function many(type, values) {
  return { kind: 'multiple', values: new Map(values.map((value, id) => [id, { type, value }])) };
}

/** The records of a SenML payload as plain objects, for the yardsticks. */
const recordsOf = (path, node) => JSON.parse(Buffer.from(codecFor(110).encode(path, node, model)).toString());
const LABELS = { bn: -2, n: 0, v: 2, vs: 3, vb: 4, vd: 8, vlo: 'vlo' };
const toMap = (record) => new Map(Object.entries(record).map(([name, value]) => [LABELS[name], value]));

const plainDecoder = new Decoder({ useRecords: false, mapsAsObjects: false });
const plainEncoder = new Encoder({ useRecords: false, mapsAsObjects: false, variableMapSize: true });

function compare(title, path, node) {
  const records = recordsOf(path, node);
  const text = JSON.stringify(records);
  const maps = records.map(toMap);
  const cbor = plainEncoder.encode(maps);
  // Every datagram is a new view, on which the library keeps things: so is every payload here.
  const payloads = [110, 112, 11542].map((number) => [
    codecFor(number),
    Buffer.from(codecFor(number).encode(path, node, model)),
  ]);
  const senmlCbor = payloads[1][1];
  report(
    `${title}: decode`,
    [
      'JSON.parse',
      'cbor-x alone',
      'pre-check alone',
      ...payloads.map(([codec, bytes]) => `${codec.name}, ${bytes.length} bytes`),
    ],
    [
      () => JSON.parse(text),
      () => plainDecoder.decode(cbor.subarray()),
      () => checkCbor(senmlCbor, FORMAT_LIMITS),
      ...payloads.map(
        ([codec, bytes]) =>
          () =>
            codec.decode(bytes, path, model),
      ),
    ],
    0,
  );
  report(
    `${title}: encode`,
    ['JSON.stringify', 'cbor-x alone', ...payloads.map(([codec]) => codec.name)],
    [
      () => JSON.stringify(records),
      () => plainEncoder.encode(maps),
      ...payloads.map(
        ([codec]) =>
          () =>
            codec.encode(path, node, model),
      ),
    ],
    0,
  );
}

compare('a notification of 3 values', [3303, 0], NOTIFIED);
compare('an instance of 20 resources', [3, 0], DEVICE);

const single = scalar('integer', 95);
const values = [0, 60].map((number) => [codecFor(number), codecFor(number).encode([3, 0, 9], single, model)]);
report(
  'one value: decode',
  ['JSON.parse', ...values.map(([codec]) => codec.name)],
  [
    () => JSON.parse('95'),
    ...values.map(
      ([codec, bytes]) =>
        () =>
          codec.decode(bytes, [3, 0, 9], model),
    ),
  ],
  0,
);
if (sink === 0) throw new Error('nothing was decoded');
