/** Whatever a server sends, a simulated device answers, and afterwards is still the device it was: seeded loops. */

import { describe, expect, it } from '@jest/globals';

import { Code, OptionNumber, bytesOption } from '#coap/codec';
import { codecFor } from '#lwm2m/formats';
import type { EnablerVersion } from '#lwm2m/model';
import type { Fault } from '#simulator';

import { mix } from '../../src/simulator/seed.js';
import { Bench, kindOf } from './support.js';
import type { Asked } from './support.js';

/** Numbers from a seed, one after the other. */
class Draws {
  #count = 0;
  readonly #seed: number;

  constructor(seed: number) {
    this.#seed = seed;
  }

  below(limit: number): number {
    this.#count += 1;
    return mix(this.#seed, this.#count) % limit;
  }

  one<T>(list: readonly T[]): T {
    return list[this.below(list.length)] as T;
  }

  bytes(): Uint8Array {
    return Uint8Array.from({ length: this.below(40) }, () => this.below(256));
  }
}

const PATHS = [
  ...[
    '/',
    '/3',
    '/3/0',
    '/3/0/9',
    '/3/0/13',
    '/3/0/14',
    '/3/0/6',
    '/3/0/6/1',
    '/1/0',
    '/1/0/1',
    '/1/0/7',
    '/1',
    '/7/0/8',
  ],
  ...['/3303', '/3303/0', '/3303/0/5700', '/3303/1', '/3303/1/5750', '/16', '/16/0/0', '/16/0/0/2', '/0/0', '/21'],
  ...['/3306/0/5850', '/3306/0/5851', '/3306/2', '/99', '/x', '/3//0', '/65535', '/3/0/0/0/0'],
];
const FORMATS = [0, 40, 42, 60, 110, 112, 320, 322, 11542, 11543, 11544, 999];
const PAYLOADS = [
  ...['', '1', '0', '-5', '60', '4294967295', '+02:00', 'yes', '[]', '[{"n":"/3303/1/5750","vs":"x"}]'],
  ...[
    '[{"bn":"/1/0/","n":"1","v":60},{"n":"6","vb":true}]',
    '[{"n":"/16/0/0/2","vs":"b"}]',
    '\xc1\x06\x01',
    '\x00\x07',
    '[{"n":"/3/0"},{"n":"/1"},{"n":"/9/9"}]',
    '[{"n":"/3303/0"},{"n":"/3303/1"},{"n":"/1/0/1"}]',
    '[{"n":"/1/0/1","v":60},{"n":"/16/0/0/1","v":null}]',
    '\xa2\x03\xf6\x83\x01\x00\x01\x18\x3c',
  ],
].map((text) => Buffer.from(text, 'latin1'));
const QUERIES = [
  'pmin=1',
  'pmax=5',
  'gt=50',
  'lt=10',
  'st=3',
  'epmin=2',
  'epmax=9',
  'edge=1',
  'con=1',
  'pmin',
  'depth=2',
  'x=%',
];
const METHODS = [Code.GET, Code.GET, Code.PUT, Code.PUT, Code.POST, Code.DELETE, Code.FETCH, Code.IPATCH];

/** A request on several paths, more often well made than chance would have it. */
function randomComposite(draws: Draws): Asked {
  return {
    code: draws.one([Code.FETCH, Code.FETCH, Code.IPATCH]),
    path: '/',
    payload: draws.one(PAYLOADS.slice(-4)),
    format: draws.one([110, 320, 11544]),
    ...(draws.below(3) === 0 ? { observe: draws.below(2) } : {}),
    ...(draws.below(3) === 0 ? { accept: draws.one(FORMATS) } : {}),
    ...(draws.below(6) === 0 ? { query: [draws.one(QUERIES)] } : {}),
  };
}

function randomRequest(draws: Draws): Asked {
  if (draws.below(6) === 0) return randomComposite(draws);
  const code = draws.one(METHODS);
  const payload = draws.below(3) === 0 ? draws.bytes() : draws.one(PAYLOADS);
  return {
    code,
    path: draws.one(PATHS),
    ...(code === Code.GET || draws.below(4) === 0 ? {} : { payload, format: draws.one(FORMATS) }),
    ...(code === Code.GET && draws.below(2) === 0 ? { accept: draws.one(FORMATS) } : {}),
    ...(code === Code.GET && draws.below(3) === 0 ? { observe: draws.below(3) } : {}),
    ...(draws.below(4) === 0 ? { query: [draws.one(QUERIES), draws.one(QUERIES)] } : {}),
  };
}

describe.each(['1.0', '1.1', '1.2'] as const)('a device of %s', (lwm2m: EnablerVersion) => {
  it('answers 5,000 requests of any kind, and stays readable, registered and on time', () => {
    const kind = kindOf(lwm2m, { objects: [16, 3306], lifetime: 86_400 });
    const draws = new Draws(Number(lwm2m.slice(2)) + 17);
    const bench = Bench.registered({ kinds: [kind] });
    let relation = 1_000;
    for (let round = 0; round < 5_000; round += 1) {
      const asked = randomRequest(draws);
      const answer = bench.ask(asked);
      if (answer === undefined) throw new Error(`no answer to ${JSON.stringify(asked)}`);
      expect(answer.code).toMatch(/^(2|4)\./);
      if (answer.observed) {
        relation += 1;
        bench.device.handleObserved(bench.now, relation, bench.exchange);
        if (relation % 20 === 0)
          for (let old = relation - 19; old < relation; old += 1) bench.device.handleObserverGone(old);
      }
      while (bench.said.length > 0) {
        const said = bench.said.shift();
        bench.answer(said?.path === '/rd' ? Code.NOT_FOUND : Code.CHANGED);
      }
      if (round % 10 > 0) continue;
      bench.pass(1);
      expect(bench.device.nextDeadline() ?? Infinity).toBeGreaterThan(bench.now);
    }
    expect(bench.notified.length).toBeGreaterThan(10);
    const format = lwm2m === '1.0' ? 11542 : 112;
    for (const id of kind.objects.keys()) {
      const answer = bench.ask({ code: Code.GET, path: `/${id}`, accept: format });
      expect(answer?.code).toBe('2.05');
      expect(() => codecFor(format)?.decode(answer?.payload ?? new Uint8Array(), [id], kind.model)).not.toThrow();
    }
  });
});

/** Faults of every kind; several befall one request. */
const ANY_FAULTS: readonly Fault[] = [
  { type: 'answerCode', code: 0xa0, times: 50 },
  { type: 'answerCode', operation: 'discover', code: 0x44 },
  { type: 'answerFormat', format: 11543, accept: 110 },
  { type: 'answerFormat', operation: 'notify', format: 112 },
  { type: 'answerFormat', operation: 'readComposite', format: 0 },
  { type: 'answerOption', option: 12, value: 7, under: [3303] },
  { type: 'answerOption', option: 8, operation: 'create' },
  { type: 'payload', edit: { kind: 'without', path: [3, 0, 9] } },
  { type: 'payload', edit: { kind: 'without', path: [3303, 0] } },
  { type: 'payload', edit: { kind: 'with', path: [3, 0, 6, 7], value: { type: 'integer', value: 1 } } },
  { type: 'payload', edit: { kind: 'with', path: [16, 9, 9], value: { type: 'string', value: 'x' } }, under: [16] },
  { type: 'payload', edit: { kind: 'withoutAttributes' } },
  { type: 'payload', edit: { kind: 'cut', bytes: 2 }, path: [1, 0] },
  { type: 'noEffect', operation: 'delete' },
  { type: 'notObserved', path: [3, 0, 13] },
  { type: 'attributes', under: [3], instead: { pmin: 0, pmax: 3 } },
  { type: 'registerQuery', name: 'lt' },
];

describe.each(['1.0', '1.1', '1.2'] as const)('a device of %s that does everything wrong', (lwm2m) => {
  it('answers 2,000 requests of any kind, and stays on time', () => {
    const draws = new Draws(Number(lwm2m.slice(2)) + 90);
    const kinds = [kindOf(lwm2m, { objects: [16, 3306], lifetime: 86_400 })] as const;
    const bench = Bench.registered({ kinds, faults: ANY_FAULTS });
    let relation = 1_000;
    for (let round = 0; round < 2_000; round += 1) {
      const answer = bench.ask(randomRequest(draws));
      expect(answer?.code).toMatch(/^[245]\./);
      if (answer?.observed === true) {
        relation += 1;
        bench.device.handleObserved(bench.now, relation, bench.exchange);
        if (relation % 20 === 0)
          for (let old = relation - 19; old < relation; old += 1) bench.device.handleObserverGone(old);
      }
      while (bench.said.length > 0) bench.answer(bench.said.shift()?.path === '/rd' ? Code.NOT_FOUND : Code.CHANGED);
      if (round % 10 === 0) bench.pass(1);
    }
    expect(bench.device.nextDeadline() ?? Infinity).toBeGreaterThan(bench.now);
    expect(bench.notified.length).toBeGreaterThan(10);
  });
});

describe('answers of a server', () => {
  it('of any kind are taken, and the device registers in the end', () => {
    const draws = new Draws(5);
    const codes = [0x41, 0x42, 0x44, 0x45, 0x80, 0x83, 0x84, 0x89, 0x8c, 0x8d, 0xa0, 0xa3, 0x5f];
    for (let round = 0; round < 200; round += 1) {
      const bench = new Bench({ kinds: [kindOf('1.1'), kindOf('1.0')] });
      bench.device.start(bench.now);
      bench.drain();
      for (let step = 0; step < 10; step += 1) {
        const options = draws.below(3) === 0 ? [] : [bytesOption(OptionNumber.LOCATION_PATH, draws.bytes())];
        if (draws.below(5) === 0) bench.fail(draws.one(['timeout', 'reset', 'unreachable']));
        else bench.answer(draws.one(codes), options, draws.below(2) === 0 ? '' : 'why\xff');
        bench.pass(700);
      }
      for (let step = 0; step < 3; step += 1) {
        bench.answer(bench.said.at(-1)?.path === '/rd' ? Code.CREATED : Code.NOT_FOUND, [
          bytesOption(OptionNumber.LOCATION_PATH, Uint8Array.of(0x61)),
        ]);
      }
      expect(bench.ask({ code: Code.GET, path: '/3/0/0' })?.text).toBe('Bellwether');
    }
  });

  it('keep a location as its bytes, whatever they are', () => {
    const bench = new Bench();
    bench.device.start(bench.now);
    bench.drain();
    bench.answer(Code.CREATED, [bytesOption(OptionNumber.LOCATION_PATH, Uint8Array.of(0x72, 0xff, 0x64))]);
    bench.ask({ code: Code.POST, path: '/1/0/8' });
    const output = bench.requests.at(-1)?.options.find(({ number }) => number === OptionNumber.URI_PATH);
    expect(output?.value).toEqual(Uint8Array.of(0x72, 0xff, 0x64));
  });
});
