/** What devices answer, from literal bytes. */

import { describe, expect, it } from '@jest/globals';
import { toHex } from '#base';
import { parsePath } from '#lwm2m/model';
import type { DeviceDialect, DeviceRequest, Node, Outcome, Scalar } from '#lwm2m/model';
import { decodeResponse } from '#lwm2m/protocol';
import { dialect, received } from './support.js';

const one = (value: Scalar): Node => ({ kind: 'single', value });
const read = (path: string): DeviceRequest => ({ kind: 'read', path: parsePath(path) });
const utf8 = (text: string): string => Buffer.from(text).toString('hex');
const WRITE: DeviceRequest = {
  kind: 'write',
  mode: 'replace',
  path: [1, 0, 1],
  node: one({ type: 'integer', value: 1 }),
};
const CREATE: DeviceRequest = { kind: 'create', path: [3303], node: { kind: 'instance', resources: new Map() } };

function answered(request: DeviceRequest, hex: string, to: DeviceDialect = dialect()): Outcome {
  const message = received(hex);
  return decodeResponse(request, to, message, message.payload);
}

function nodesOf(outcome: Outcome): unknown {
  return outcome.kind === 'done' ? outcome.nodes : outcome;
}

describe('the answer to a read', () => {
  it('LightweightM2M-1.1-int-201: is text', () => {
    const outcome = answered(read('/3/0/0'), `61450001c1 c0 ff ${utf8('Open Mobile Alliance')}`);
    expect(outcome).toEqual({
      kind: 'done',
      code: 0x45,
      format: 0,
      nodes: [{ path: [3, 0, 0], node: one({ type: 'string', value: 'Open Mobile Alliance' }) }],
    });
  });

  it('LightweightM2M-1.1-int-203: is TLV, bare or wrapped in an Object Instance TLV', () => {
    const bare = 'c10078 c10179 c10964 830b410000 c11055';
    const expected = [
      {
        path: [3, 0],
        node: {
          kind: 'instance',
          resources: new Map<number, unknown>([
            [0, one({ type: 'string', value: 'x' })],
            [1, one({ type: 'string', value: 'y' })],
            [9, one({ type: 'integer', value: 100 })],
            [11, { kind: 'multiple', values: new Map([[0, { type: 'integer', value: 0 }]]) }],
            [16, one({ type: 'string', value: 'U' })],
          ]),
        },
      },
    ];
    expect(nodesOf(answered(read('/3/0'), `61450001c1 c22d16 ff ${bare}`))).toEqual(expected);
    expect(nodesOf(answered(read('/3/0'), `61450001c1 c22d16 ff 080011 ${bare}`))).toEqual(expected);
  });

  it('LightweightM2M-1.1-int-211: is CBOR', () => {
    expect(nodesOf(answered(read('/1/0/0'), '61450001c1 c13c ff 01'))).toEqual([
      { path: [1, 0, 0], node: one({ type: 'integer', value: 1 }) },
    ]);
    expect(nodesOf(answered(read('/1/0/6'), '61450001c1 c13c ff f4'))).toEqual([
      { path: [1, 0, 6], node: one({ type: 'boolean', value: false }) },
    ]);
    expect(nodesOf(answered(read('/1/0/7'), '61450001c1 c13c ff 6155'))).toEqual([
      { path: [1, 0, 7], node: one({ type: 'string', value: 'U' }) },
    ]);
  });

  it('LightweightM2M-1.1-int-222: is all instances of an object', () => {
    const outcome = answered(read('/1'), '61450001c1 c22d16 ff 08000f c10001 c40100015180 c10601 c10755');
    expect(nodesOf(outcome)).toEqual([
      {
        path: [1],
        node: {
          kind: 'object',
          instances: new Map([
            [
              0,
              {
                kind: 'instance',
                resources: new Map([
                  [0, one({ type: 'integer', value: 1 })],
                  [1, one({ type: 'integer', value: 86400 })],
                  [6, one({ type: 'boolean', value: true })],
                  [7, one({ type: 'string', value: 'U' })],
                ]),
              },
            ],
          ]),
        },
      },
    ]);
  });

  it('LightweightM2M-1.1-int-225: is one resource instance', () => {
    expect(nodesOf(answered(read('/3/0/11/0'), '61450001c1 c22d16 ff 410000'))).toEqual([
      { path: [3, 0, 11, 0], node: one({ type: 'integer', value: 0 }) },
    ]);
  });

  it('LightweightM2M-1.1-int-231: is SenML JSON', () => {
    const json = '[{"bn":"/3/0/","n":"9","v":95},{"n":"16","vs":"U"}]';
    expect(nodesOf(answered(read('/3/0'), `61450001c1 c16e ff ${utf8(json)}`))).toEqual([
      {
        path: [3, 0],
        node: {
          kind: 'instance',
          resources: new Map([
            [9, one({ type: 'integer', value: 95 })],
            [16, one({ type: 'string', value: 'U' })],
          ]),
        },
      },
    ]);
  });

  it('LightweightM2M-1.1-int-232: is SenML CBOR', () => {
    const cbor = '83 a3 21 65 2f332f302f 00 6139 02 185f a2 00 623133 02 1a5182428f a2 00 623136 03 6155';
    expect(nodesOf(answered(read('/3/0'), `61450001c1 c170 ff ${cbor}`))).toEqual([
      {
        path: [3, 0],
        node: {
          kind: 'instance',
          resources: new Map<number, unknown>([
            [9, one({ type: 'integer', value: 95 })],
            [13, one({ type: 'time', value: 1367491215 })],
            [16, one({ type: 'string', value: 'U' })],
          ]),
        },
      },
    ]);
  });

  it('LightweightM2M-1.1-int-237: is decoded by the format it says it has, whatever was asked for', () => {
    const request: DeviceRequest = { kind: 'read', path: [3, 0, 9], format: 'senml-cbor' };
    const expected = [{ path: [3, 0, 9], node: one({ type: 'integer', value: 95 }) }];
    for (const hex of [
      'c0 ff 3935',
      'c13c ff 185f',
      'c22d16 ff c1095f',
      `c16e ff ${utf8('[{"n":"/3/0/9","v":95}]')}`,
      `c22d17 ff ${utf8('{"bn":"/3/0/9","e":[{"v":95}]}')}`,
      'c22d18 ff a1 83 030009 185f',
    ]) {
      expect(nodesOf(answered(request, `61450001c1 ${hex}`))).toEqual(expected);
    }
  });

  it('is read under the numbers that devices used for text, TLV and JSON before the registered ones', () => {
    const expected = [{ path: [3, 0, 9], node: one({ type: 'integer', value: 95 }) }];
    const json = utf8('{"e":[{"n":"","v":95}]}');
    for (const hex of ['c20605 ff 3935', 'c20606 ff c1095f', `c20607 ff ${json}`]) {
      expect(nodesOf(answered(read('/3/0/9'), `61450001c1 ${hex}`))).toEqual(expected);
    }
    expect(answered(read('/3/0/9'), '61450001c1 c20607 ff 7b7d')).toMatchObject({
      kind: 'failed',
      reason: 'bad_answer',
    });
  });

  it('LightweightM2M-1.1-int-202: is opaque', () => {
    const outcome = answered(read('/5/0/0'), '61450001c1 c12a ff 00ff');
    expect(outcome).toMatchObject({ format: 42, nodes: [{ node: { value: { type: 'opaque' } } }] });
  });

  it('without Content-Format is one value: text, or bytes where the model says opaque', () => {
    expect(nodesOf(answered(read('/3/0/9'), '61450001c1 ff 3935'))).toEqual([
      { path: [3, 0, 9], node: one({ type: 'integer', value: 95 }) },
    ]);
    const outcome = answered(read('/5/0/0'), '61450001c1 ff 00ff80');
    const [placed] = outcome.kind === 'done' ? (outcome.nodes ?? []) : [];
    const node = placed?.node;
    expect(node?.kind === 'single' && node.value.type === 'opaque' && toHex(node.value.value)).toBe('00ff80');
    expect(answered(read('/3/0'), '61450001c1 ff c10964')).toMatchObject({ kind: 'failed', reason: 'bad_answer' });
  });

  it('may be empty for an object without instances and an instance without content', () => {
    const object = [{ path: [16], node: { kind: 'object', instances: new Map() } }];
    expect(nodesOf(answered(read('/16'), '61450001c1'))).toEqual(object);
    expect(nodesOf(answered(read('/16'), '61450001c1 c22d16'))).toEqual(object);
    expect(nodesOf(answered(read('/16/0'), '61450001c1'))).toEqual([
      { path: [16, 0], node: { kind: 'instance', resources: new Map() } },
    ]);
  });

  it.each([
    ['a code that is no content', '61440001c1'],
    ['Valid without an ETag of ours', '61430001c1'],
    ['Continue', '615f0001c1'],
    ['TLV that is cut off', '61450001c1 c22d16 ff c80014 4f'],
    ['text that is no integer', '61450001c1 c0 ff 78'],
    ['link-format', '61450001c1 c128 ff 3c2f333e'],
    ['a format nobody knows', '61450001c1 c2ffff ff 00'],
    ['a value of another path', `61450001c1 c16e ff ${utf8('[{"n":"/4/0/9","v":95}]')}`],
    ['an empty SenML CBOR payload', '61450001c1 c170'],
  ])('that makes no sense is a failure, not an exception: %s', (_, hex) => {
    const outcome = answered(read('/3/0/9'), hex);
    expect(outcome).toMatchObject({ kind: 'failed', reason: 'bad_answer', sent: 'yes' });
    expect(outcome.kind === 'failed' && outcome.detail.length).toBeGreaterThan(5);
  });
});

describe('a refusal', () => {
  it('LightweightM2M-1.1-int-256: has the code and what it means', () => {
    expect(answered(WRITE, '61850001c1')).toEqual({ kind: 'refused', code: 0x85, detail: 'Method Not Allowed' });
    expect(answered(read('/0'), '61810001c1')).toEqual({ kind: 'refused', code: 0x81, detail: 'Unauthorized' });
    expect(answered(read('/0'), '61a00001c1')).toEqual({
      kind: 'refused',
      code: 0xa0,
      detail: 'Internal Server Error',
    });
    expect(answered(read('/0'), '619e0001c1')).toEqual({ kind: 'refused', code: 0x9e, detail: 'error 4.30' });
  });

  it('gives the diagnostic text of the device, as far as it is text', () => {
    expect(answered(WRITE, `61800001c1 ff ${utf8('lt out of range')}`)).toMatchObject({ detail: 'lt out of range' });
    expect(answered(WRITE, `61800001c1 c0 ff ${utf8('no')}`)).toMatchObject({ detail: 'no' });
    expect(answered(WRITE, '61800001c1 ff c3')).toMatchObject({ detail: 'Bad Request' });
    expect(answered(WRITE, '61800001c1 c13c ff 6161')).toMatchObject({ detail: 'Bad Request' });
  });

  it('keeps at most 256 bytes of it, and whole characters', () => {
    const outcome = answered(WRITE, `61800001c1 ff ${utf8(`x${'é'.repeat(500)}`)}`);
    expect(outcome).toMatchObject({ detail: `x${'é'.repeat(127)}` });
  });
});

describe('the answer to a write, an execute, attributes, a deletion', () => {
  it.each<readonly [string, DeviceRequest, string, number]>([
    ['227: 2.04', WRITE, '61440001c1', 0x44],
    ['241: 2.04', { kind: 'execute', path: [3, 0, 4] }, '61440001c1', 0x44],
    ['260: 2.04', { kind: 'writeAttributes', path: [3], attributes: { pmin: 1 } }, '61440001c1', 0x44],
    ['1635: 2.02', { kind: 'delete', path: [16, 1] }, '61420001c1', 0x42],
    ['1635: 2.04, as misprinted', { kind: 'delete', path: [16, 1] }, '61440001c1', 0x44],
  ])('LightweightM2M %s', (_, request, hex, code) => {
    expect(answered(request, hex)).toEqual({ kind: 'done', code });
  });

  it('is a failure when it is Continue after the last block', () => {
    expect(answered(WRITE, '615f0001c1')).toMatchObject({ kind: 'failed', reason: 'bad_answer' });
  });
});

describe('the answer to a create', () => {
  it('LightweightM2M-1.1-int-1630: names the new instance in Location-Path', () => {
    expect(answered(CREATE, '61410001c1 8433333033 0132')).toEqual({ kind: 'done', code: 0x41, created: [3303, 2] });
  });

  it('may name it below the root', () => {
    const to = dialect({ root: '/lwm2m' });
    expect(answered(CREATE, '61410001c1 856c776d326d 0433333033 0132', to)).toMatchObject({ created: [3303, 2] });
    expect(answered(CREATE, '61410001c1 8433333033 0132', to)).toMatchObject({ created: [3303, 2] });
  });

  it('without Location-Path is of the instance asked for', () => {
    expect(answered({ ...CREATE, instance: 7 }, '61410001c1')).toMatchObject({ created: [3303, 7] });
    expect(answered(CREATE, '61410001c1')).toEqual({ kind: 'done', code: 0x41 });
  });

  it('with a Location-Path that makes no sense still succeeded', () => {
    for (const path of ['8133 0132', '8433333033', '8433333033 0178', '8433333033 053635353335', '81ff 0132']) {
      expect(answered(CREATE, `61410001c1 ${path}`)).toEqual({ kind: 'done', code: 0x41 });
    }
  });
});

describe('the answer to a Discover', () => {
  const DISCOVER: DeviceRequest = { kind: 'discover', path: [3, 0] };

  it('LightweightM2M-1.1-int-260: is links', () => {
    const links = '</3/0>;pmin=10;pmax=60,</3/0/1>,</3/0/7>;dim=8;gt=50;lt=42.2';
    expect(answered(DISCOVER, `61450001c1 c128 ff ${utf8(links)}`)).toEqual({
      kind: 'done',
      code: 0x45,
      format: 40,
      links: [
        { path: '/3/0', attributes: { pmin: 10, pmax: 60 } },
        { path: '/3/0/1', attributes: {} },
        { path: '/3/0/7', attributes: { dim: 8, gt: 50, lt: 42.2 } },
      ],
    });
  });

  it('is taken without Content-Format', () => {
    expect(answered(DISCOVER, `61450001c1 ff ${utf8('</3/0>')}`)).toMatchObject({ links: [{ path: '/3/0' }] });
  });

  it.each([
    ['another format', `61450001c1 c0 ff ${utf8('</3/0>')}`],
    ['malformed links', `61450001c1 c128 ff ${utf8('</3/0')}`],
    ['bytes that are no text', '61450001c1 c128 ff 3c2fff3e'],
    ['no content', '61440001c1'],
  ])('is a failure with %s', (_, hex) => {
    expect(answered(DISCOVER, hex)).toMatchObject({ kind: 'failed', reason: 'bad_answer' });
  });
});

describe('the answer to an Observe', () => {
  const token = Buffer.from('c2', 'hex');
  const OBSERVE: DeviceRequest = { kind: 'observe', paths: [[3, 0, 9]], token };

  it('LightweightM2M-1.1-int-301: accepts with the Observe option', () => {
    expect(answered(OBSERVE, '61450001c2 6107 60 ff 3935')).toEqual({
      kind: 'done',
      code: 0x45,
      format: 0,
      nodes: [{ path: [3, 0, 9], node: one({ type: 'integer', value: 95 }) }],
      observing: 'yes',
    });
  });

  it('declines without it, and the value counts nonetheless (RFC 7641 §3.1)', () => {
    expect(answered(OBSERVE, '61450001c2 c0 ff 3935')).toMatchObject({ observing: 'no', nodes: [{ path: [3, 0, 9] }] });
  });

  it('is a failure when it cannot be decoded', () => {
    expect(answered(OBSERVE, '61450001c2 6107 60 ff 78')).toMatchObject({ kind: 'failed', reason: 'bad_answer' });
    expect(answered(OBSERVE, '61440001c2 6107')).toMatchObject({ kind: 'failed', reason: 'bad_answer' });
  });

  it('LightweightM2M-1.1-int-303: a cancellation succeeds whatever value comes with it', () => {
    const cancel: DeviceRequest = { kind: 'cancelObserve', paths: [[3, 0, 9]], token, by: 'observe' };
    expect(answered(cancel, '61450001c2 c0 ff 3935')).toEqual({ kind: 'done', code: 0x45, format: 0 });
    expect(answered(cancel, '61450001c2 c0 ff 78')).toMatchObject({ kind: 'done' });
    expect(answered(cancel, '61840001c2')).toMatchObject({ kind: 'refused', code: 0x84 });
  });
});

describe('a seeded fuzz of answers', () => {
  it('never throws', () => {
    let seed = 12345;
    const next = (limit: number): number => {
      seed = (Math.imul(seed, 1103515245) + 12345) & 0x7fffffff;
      return (seed >>> 8) % limit;
    };
    const formats = ['', 'c0', 'c128', 'c12a', 'c13c', 'c16e', 'c170', 'c22d16', 'c2ffff'];
    const paths = ['/3', '/3/0', '/3/0/9', '/3/0/6', '/3/0/11/0', '/5/0/0', '/42/0/1'];
    let done = 0;
    for (let round = 0; round < 20_000; round += 1) {
      const payload = Buffer.from(Array.from({ length: next(24) }, () => next(256))).toString('hex');
      const hex = `61450001c1${formats[next(formats.length)]}${payload === '' ? '' : 'ff'}${payload}`;
      const outcome = answered(read(paths[next(paths.length)] as string), hex);
      if (outcome.kind === 'done') done += 1;
      else expect(outcome).toMatchObject({ kind: 'failed', reason: 'bad_answer' });
    }
    expect(done).toBeGreaterThan(100);
  });
});
