/** Records of SenML (RFC 8428 §4), whose rules are the same in JSON and CBOR: each case is given in both forms. */

import { describe, expect, it } from '@jest/globals';
import { encodeUtf8 } from '#base';
import { decodeComposite, decodePack, decodePaths } from '#lwm2m/formats';
import type { Node } from '#lwm2m/model';
import { parsePath } from '#lwm2m/model';
import * as be from './support.js';

const { model, single, instance, multiple, placed } = be;

const FORMS = [
  ['JSON', 110],
  ['CBOR', 112],
] as const;

/** A payload in both forms: JSON text, and CBOR as a literal. */
interface Both {
  readonly json: string;
  readonly cbor: string;
}

function payload({ json, cbor }: Both, format: number): Uint8Array {
  return format === 110 ? encodeUtf8(json) : be.bytes(cbor);
}

function read(both: Both, format: number, path: string): unknown {
  return be.codecOf(format).decode(payload(both, format), parsePath(path), model);
}

/** What a payload says of a path. */
const ACCEPTED: readonly (readonly [title: string, path: string, both: Both, node: Node, time?: number])[] = [
  [
    'a record of base fields alone says nothing itself (§4.1)',
    '/3/0',
    {
      json: '[{"bn":"/3/0/","bt":1700000000,"bu":"%","bver":10},{"n":"9","v":95}]',
      cbor: '82 a4 21 65 "/3/0/" 22 1a 6553f100 23 61 "%" 20 0a a2 00 61 "9" 02 18 5f',
    },
    instance({ 9: be.integer(95) }),
    1_700_000_000,
  ],
  [
    'a record of a base name that is a path and no value says nothing itself',
    '/3/0',
    {
      json: '[{"bn":"/3/0"},{"n":"/9","v":95}]',
      cbor: '82 a1 21 64 "/3/0" a2 00 62 "/9" 02 18 5f',
    },
    instance({ 9: be.integer(95) }),
  ],
  [
    'a base value alone sets the base for what begins with its base name',
    '/3/0',
    {
      json: '[{"bn":"/3/0/","bv":20},{"n":"9","v":1},{"n":"10","v":-2}]',
      cbor: '83 a2 21 65 "/3/0/" 24 14 a2 00 61 "9" 02 01 a2 00 62 "10" 02 21',
    },
    instance({ 9: be.integer(21), 10: be.integer(18) }),
  ],
  [
    'a missing value is zero where there is a base value (§4.5.4)',
    '/3/0',
    {
      json: '[{"bn":"/3/0/","bv":20,"n":"9"},{"n":"10","v":1}]',
      cbor: '82 a3 21 65 "/3/0/" 24 14 00 61 "9" a2 00 62 "10" 02 01',
    },
    instance({ 9: be.integer(20), 10: be.integer(21) }),
  ],
  [
    'a record of base name and base value is a value where the name is that of a resource',
    '/3/0/9',
    { json: '[{"bn":"/3/0/9","bv":20}]', cbor: '81 a2 21 66 "/3/0/9" 24 14' },
    single(be.integer(20)),
  ],
  [
    'a new base value replaces the one before',
    '/3/0',
    {
      json: '[{"bn":"/3/0/","bv":20,"n":"9","v":1},{"bv":0,"n":"10","v":1}]',
      cbor: '82 a4 21 65 "/3/0/" 24 14 00 61 "9" 02 01 a3 24 00 00 62 "10" 02 01',
    },
    instance({ 9: be.integer(21), 10: be.integer(1) }),
  ],
  [
    'a record with a sum need not have a value (§4.2), and then is none',
    '/3/0',
    {
      json: '[{"bn":"/3/0/","n":"9","v":95},{"n":"10","s":7}]',
      cbor: '82 a3 21 65 "/3/0/" 00 61 "9" 02 18 5f a2 00 62 "10" 05 07',
    },
    instance({ 9: be.integer(95) }),
  ],
  [
    'sums and base sums stand beside values and change none',
    '/3/0/9',
    {
      json: '[{"bn":"/3/0/9","bs":100,"s":7.5,"v":95}]',
      cbor: '81 a4 21 66 "/3/0/9" 25 18 64 05 fa 40f00000 02 18 5f',
    },
    single(be.integer(95)),
  ],
  [
    'units and update times change nothing',
    '/3/0/9',
    {
      json: '[{"bn":"/3/0/9","bu":"%","u":"/100","ut":60,"v":95}]',
      cbor: '81 a5 21 66 "/3/0/9" 23 61 "%" 01 64 "/100" 07 18 3c 02 18 5f',
    },
    single(be.integer(95)),
  ],
  [
    'an unknown field is passed over (§4.4)',
    '/3/0/9',
    {
      json: '[{"bn":"/3/0/9","v":95,"x":{"y_":1},"_z":2}]',
      cbor: '81 a4 21 66 "/3/0/9" 02 18 5f 61 "x" a1 62 "y_" 01 62 "_z" 02',
    },
    single(be.integer(95)),
  ],
  [
    'a time below 2^28 stays relative to the moment of receipt (§4.5.3)',
    '/3/0/9',
    { json: '[{"bn":"/3/0/9","t":-120,"v":95}]', cbor: '81 a3 21 66 "/3/0/9" 06 38 77 02 18 5f' },
    single(be.integer(95)),
    -120,
  ],
  [
    'a relative time is added to a relative base time',
    '/3/0/9',
    {
      json: '[{"bn":"/3/0/9","bt":-100,"t":-20.5,"v":95}]',
      cbor: '81 a4 21 66 "/3/0/9" 22 38 63 06 fa c1a40000 02 18 5f',
    },
    single(be.integer(95)),
    -120.5,
  ],
  [
    'a time may be the last of the year 9999',
    '/3/0/9',
    {
      json: '[{"bn":"/3/0/9","bt":253402300790,"t":9,"v":95}]',
      cbor: '81 a4 21 66 "/3/0/9" 22 1b 0000003afff44176 06 09 02 18 5f',
    },
    single(be.integer(95)),
    253_402_300_799,
  ],
  [
    'a version of each record may be given when it is one (§4.4)',
    '/3/0/6',
    {
      json: '[{"bver":9,"bn":"/3/0/6/","n":"0","v":1},{"bver":9,"n":"1","v":5}]',
      cbor: '82 a4 20 09 21 67 "/3/0/6/" 00 61 "0" 02 01 a3 20 09 00 61 "1" 02 05',
    },
    multiple({ 0: be.integer(1), 1: be.integer(5) }),
  ],
];

/** What is refused, at /3/0. */
const REFUSED: readonly (readonly [title: string, reason: string, both: Both])[] = [
  ['a name without a value', 'no_value', { json: '[{"n":"/3/0/9"}]', cbor: '81 a1 00 66 "/3/0/9"' }],
  ['a time without a value', 'no_value', { json: '[{"bn":"/3/0/9","t":5}]', cbor: '81 a2 21 66 "/3/0/9" 06 05' }],
  ['a unit without a value', 'no_value', { json: '[{"bn":"/3/0/9","u":"%"}]', cbor: '81 a2 21 66 "/3/0/9" 01 61 "%"' }],
  ['a sum alone at what is no path', 'bad_path', { json: '[{"n":"9","s":5}]', cbor: '81 a2 00 61 "9" 05 05' }],
  ['a record without fields', 'bad_path', { json: '[{}]', cbor: '81 a0' }],
  [
    'a record without fields after one that has a name',
    'no_value',
    { json: '[{"bn":"/3/0/9","v":95},{}]', cbor: '82 a2 21 66 "/3/0/9" 02 18 5f a0' },
  ],
  ['a record of unknown fields alone', 'bad_path', { json: '[{"x":1}]', cbor: '81 a1 61 "x" 01' }],
  [
    'a base name that begins no path, though no value follows',
    'bad_path',
    { json: '[{"bn":"/3/x/"},{"n":"/3/0/9","v":1}]', cbor: '82 a1 21 65 "/3/x/" a2 00 66 "/3/0/9" 02 01' },
  ],
  ['a base value for text', 'bad_value', { json: '[{"bn":"/3/0/0","bv":5}]', cbor: '81 a2 21 66 "/3/0/0" 24 05' }],
  [
    'a base sum that is text',
    'bad_senml',
    { json: '[{"bn":"/3/0/9","bs":"5","v":1}]', cbor: '81 a3 21 66 "/3/0/9" 25 61 "5" 02 01' },
  ],
  [
    'a sum that is a boolean',
    'bad_senml',
    { json: '[{"bn":"/3/0/9","s":true,"v":1}]', cbor: '81 a3 21 66 "/3/0/9" 05 f5 02 01' },
  ],
  [
    'a sum that is an array',
    'bad_senml',
    { json: '[{"bn":"/3/0/9","s":[5],"v":1}]', cbor: '81 a3 21 66 "/3/0/9" 05 81 05 02 01' },
  ],
  [
    'a base unit that is a number',
    'bad_senml',
    { json: '[{"bn":"/3/0/9","bu":5,"v":1}]', cbor: '81 a3 21 66 "/3/0/9" 23 05 02 01' },
  ],
  [
    'a unit that is a number',
    'bad_senml',
    { json: '[{"bn":"/3/0/9","u":5,"v":1}]', cbor: '81 a3 21 66 "/3/0/9" 01 05 02 01' },
  ],
  [
    'an update time that is text',
    'bad_senml',
    { json: '[{"bn":"/3/0/9","ut":"5","v":1}]', cbor: '81 a3 21 66 "/3/0/9" 07 61 "5" 02 01' },
  ],
  [
    'a base value that is text',
    'bad_senml',
    { json: '[{"bn":"/3/0/9","bv":"5","v":1}]', cbor: '81 a3 21 66 "/3/0/9" 24 61 "5" 02 01' },
  ],
  [
    'a base time that is null',
    'bad_senml',
    { json: '[{"bn":"/3/0/9","bt":null,"v":1}]', cbor: '81 a3 21 66 "/3/0/9" 22 f6 02 01' },
  ],
  [
    'a base time and a time whose sum is beyond the year 9999',
    'bad_time',
    {
      json: '[{"bn":"/3/0/9","bt":253402300799,"t":1,"v":95}]',
      cbor: '81 a4 21 66 "/3/0/9" 22 1b 0000003afff4417f 06 01 02 18 5f',
    },
  ],
  [
    'a base time and a time whose sum lies as far back',
    'bad_time',
    {
      json: '[{"bn":"/3/0/9","bt":-253402300799,"t":-1,"v":95}]',
      cbor: '81 a4 21 66 "/3/0/9" 22 3b 0000003afff4417e 06 20 02 18 5f',
    },
  ],
  [
    'a version beyond ours',
    'bad_version',
    { json: '[{"bver":11,"bn":"/3/0/9","v":95}]', cbor: '81 a3 20 0b 21 66 "/3/0/9" 02 18 5f' },
  ],
  [
    'a version that is not positive',
    'bad_version',
    { json: '[{"bver":0,"bn":"/3/0/9","v":95}]', cbor: '81 a3 20 00 21 66 "/3/0/9" 02 18 5f' },
  ],
  [
    'records of different versions (§4.4)',
    'bad_version',
    {
      json: '[{"bver":9,"bn":"/3/0/9","v":95},{"bver":10,"bn":"/3/0/10","v":1}]',
      cbor: '82 a3 20 09 21 66 "/3/0/9" 02 18 5f a3 20 0a 21 67 "/3/0/10" 02 01',
    },
  ],
  [
    'a version other than the default that comes after the first record',
    'bad_version',
    {
      json: '[{"bn":"/3/0/9","v":95},{"bver":9,"bn":"/3/0/10","v":1}]',
      cbor: '82 a2 21 66 "/3/0/9" 02 18 5f a3 20 09 21 67 "/3/0/10" 02 01',
    },
  ],
  [
    'an unknown field that has to be understood (§4.4)',
    'bad_senml',
    { json: '[{"bn":"/3/0/9","v":95,"x_":5}]', cbor: '81 a3 21 66 "/3/0/9" 02 18 5f 62 "x_" 05' },
  ],
];

describe.each(FORMS)('SenML %s (RFC 8428)', (_form, format) => {
  it.each(ACCEPTED.map((row) => [row[0], row] as const))('%s', (_title, [, path, both, node, time]) => {
    expect(read(both, format, path)).toEqual([placed(path, node, time)]);
  });

  it.each(REFUSED)('refuses %s', (_title, reason, both) => {
    expect(be.thrownBy(() => read(both, format, '/3/0'))).toMatchObject({ name: 'DecodeError', reason });
  });

  it('refuses the answer about a resource that has base fields or a sum alone', () => {
    for (const both of [
      { json: '[{"bn":"/3/0/9"}]', cbor: '81 a1 21 66 "/3/0/9"' },
      { json: '[{"bn":"/3/0/9","s":5}]', cbor: '81 a2 21 66 "/3/0/9" 05 05' },
    ]) {
      expect(be.thrownBy(() => read(both, format, '/3/0/9'))).toMatchObject({ reason: 'no_value' });
    }
  });

  it('keeps base fields from object to object of a pack', () => {
    const both = {
      json: '[{"bn":"/3/0/","bt":1700000000},{"n":"9","v":95},{"bn":"/6/0/","n":"0","t":-5,"v":43.5}]',
      cbor: '83 a2 21 65 "/3/0/" 22 1a 6553f100 a2 00 61 "9" 02 18 5f a4 21 65 "/6/0/" 00 61 "0" 06 24 02 f9 5170',
    };
    expect(decodePack(format, payload(both, format), model)).toEqual([
      placed('/3', be.object({ 0: instance({ 9: be.integer(95) }) }), 1_700_000_000),
      placed('/6', be.object({ 0: instance({ 0: be.float(43.5) }) }), 1_699_999_995),
    ]);
  });
});

describe.each([
  ['JSON', 110],
  ['JSON', 320],
  ['CBOR', 112],
  ['CBOR', 322],
] as const)('composite bodies in SenML %s (%i)', (form, format) => {
  const body = (both: Both): Uint8Array => payload(both, form === 'JSON' ? 110 : 112);

  it('take a base name that ends in a slash for a base alone, and one that is a path for that path', () => {
    const both = {
      json: '[{"bn":"/3/0/"},{"n":"9"},{"bn":"/1/0/1"},{"bver":10}]',
      cbor: '84 a1 21 65 "/3/0/" a1 00 61 "9" a1 21 66 "/1/0/1" a1 20 0a',
    };
    expect(decodePaths(format, body(both))).toEqual(['/3/0/9', '/1/0/1'].map(parsePath));
  });

  it('refuse a base name that is neither', () => {
    const both = { json: '[{"bn":"3/0"}]', cbor: '81 a1 21 63 "3/0"' };
    expect(be.thrownBy(() => decodePaths(format, body(both)))).toMatchObject({ reason: 'bad_path' });
  });

  it('refuse a base value or a sum in a list of paths', () => {
    for (const both of [
      { json: '[{"n":"/3/0/9","s":5}]', cbor: '81 a2 00 66 "/3/0/9" 05 05' },
      { json: '[{"bn":"/3/0/","bv":5,"n":"9"}]', cbor: '81 a3 21 65 "/3/0/" 24 05 00 61 "9"' },
    ]) {
      expect(be.thrownBy(() => decodePaths(format, body(both)))).toMatchObject({ reason: 'unexpected_value' });
    }
  });

  it('pass over a sum among values', () => {
    const both = {
      json: '[{"bn":"/3/0/","n":"9","v":95},{"n":"10","s":7}]',
      cbor: '82 a3 21 65 "/3/0/" 00 61 "9" 02 18 5f a2 00 62 "10" 05 07',
    };
    expect(decodeComposite(format, body(both), model)).toEqual({
      nodes: [placed('/3', be.object({ 0: instance({ 9: be.integer(95) }) }))],
      removed: [],
    });
  });

  it('take null for a removal though a base value is in force (RFC 8790 §3.2)', () => {
    const both = {
      json: '[{"bn":"/3/0/","bv":20,"n":"9","v":1},{"n":"6/1","v":null}]',
      cbor: '82 a4 21 65 "/3/0/" 24 14 00 61 "9" 02 01 a2 00 63 "6/1" 02 f6',
    };
    expect(decodeComposite(format, body(both), model)).toEqual({
      nodes: [placed('/3', be.object({ 0: instance({ 9: be.integer(21) }) }))],
      removed: [parsePath('/3/0/6/1')],
    });
  });
});

describe('SenML', () => {
  it('JSON takes version 10.0 for 10', () => {
    expect(read({ json: '[{"bver":10.0,"bn":"/3/0/9","v":95}]', cbor: '' }, 110, '/3/0/9')).toHaveLength(1);
    for (const version of ['9.5', '1e1000', '1.1e1', '"10"', 'true']) {
      const both = { json: `[{"bver":${version},"bn":"/3/0/9","v":95}]`, cbor: '' };
      expect(be.thrownBy(() => read(both, 110, '/3/0/9'))).toMatchObject({ name: 'DecodeError' });
    }
  });

  it('CBOR refuses a time of a record under tag 1: §6 has integers, floats and decimal fractions', () => {
    for (const label of ['06', '22']) {
      const both = { json: '', cbor: `81 a3 21 66 "/3/0/9" ${label} c1 1a 6553f100 02 05` };
      expect(be.thrownBy(() => read(both, 112, '/3/0/9'))).toMatchObject({
        reason: 'bad_senml',
        message: expect.stringContaining('under the CBOR tag of times'),
      });
      const plain = { json: '', cbor: `81 a3 21 66 "/3/0/9" ${label} c4 82 20 1b 00000003f5476a05 02 05` };
      expect(read(plain, 112, '/3/0/9')).toEqual([placed('/3/0/9', single(be.integer(5)), 1_700_000_000.5)]);
    }
  });
});
