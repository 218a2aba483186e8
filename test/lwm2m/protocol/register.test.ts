/** Register, Update and De-register: every parameter and every error, by version, from literal bytes. */

import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { toHex } from '#base';
import { Code, OptionNumber } from '#coap/codec';
import { ObjectLists } from '#lwm2m/model';
import type { EnablerVersion, RegisterParameters, UpdateParameters } from '#lwm2m/model';
import {
  decodeDeregister,
  decodeRegister,
  decodeUpdate,
  isRefresh,
  isRefusal,
  newLocation,
  refusalAnswer,
  registeredAnswer,
} from '#lwm2m/protocol';
import type { Refusal, RegistrationRules } from '#lwm2m/protocol';
import { received, registration } from './support.js';
import type { RegistrationSketch } from './support.js';

const RULES: RegistrationRules = { unknownParameters: 'ignore' };
const LIST = '</1/0>,</3/0>';
const lists = (): ObjectLists => new ObjectLists();

function register(sketch: RegistrationSketch, rules: RegistrationRules = RULES): RegisterParameters | Refusal {
  const { message, body } = registration({ payload: LIST, ...sketch });
  return decodeRegister(message, body, lists(), rules);
}

function accepted(sketch: RegistrationSketch, rules: RegistrationRules = RULES): RegisterParameters {
  const judged = register(sketch, rules);
  if (isRefusal(judged)) throw new Error(`refused: ${judged.detail}`);
  return judged;
}

function refused(sketch: RegistrationSketch, rules: RegistrationRules = RULES): Refusal {
  const judged = register(sketch, rules);
  if (!isRefusal(judged)) throw new Error('accepted');
  return judged;
}

function update(
  sketch: RegistrationSketch,
  lwm2m: EnablerVersion = '1.1',
  rules: RegistrationRules = RULES,
): UpdateParameters | Refusal {
  const { message, body } = registration({ path: ['rd', '5a3f'], format: 'none', ...sketch });
  return decodeUpdate(message, body, { lwm2m }, lists(), rules);
}

describe('Register', () => {
  it('LightweightM2M-1.1-int-101: is read from its bytes', () => {
    const hex =
      '42027d38ab01 b27264 1128 3865703d6e6f646531 066c743d333030 096c776d326d3d312e31 03623d55 ff 3c2f312f303e2c3c2f332f303e';
    const message = received(hex);
    expect(decodeRegister(message, message.payload, lists(), RULES)).toEqual({
      endpoint: 'node1',
      lwm2m: '1.1',
      lifetime: 300,
      binding: 'U',
      queueMode: false,
      objects: {
        key: '|1:1.1:0;3:1.1:0|',
        root: '',
        formats: [],
        objects: [
          { id: 1, version: '1.1', instances: [0] },
          { id: 3, version: '1.1', instances: [0] },
        ],
      },
    });
  });

  it('LightweightM2M-1.1-int-108: with the flag Q is a device in queue mode', () => {
    const hex =
      '42027d38ab01 b27264 1128 3865703d6e6f646531 066c743d333030 096c776d326d3d312e31 03623d55 0151 ff 3c2f312f303e';
    const message = received(hex);
    const parameters = decodeRegister(message, message.payload, lists(), RULES);
    expect(parameters).toMatchObject({ binding: 'U', queueMode: true });
  });

  it('LightweightM2M-1.0-int-101: of a device that names no version, lifetime or binding gets the defaults of 1.0', () => {
    const message = received('42027d38ab01 b27264 1128 3865703d6e6f646531 ff 3c2f312f303e2c3c2f332f303e');
    expect(decodeRegister(message, message.payload, lists(), RULES)).toMatchObject({
      endpoint: 'node1',
      lwm2m: '1.0',
      lifetime: 86400,
      binding: 'U',
      queueMode: false,
    });
  });

  it('LightweightM2M-1.2-int-110: with a profile id is asked to come with its list (4.09), since no profile is known', () => {
    const hex =
      '42027d38ab01 b27264 4865703d6e6f646531 066c743d333030 096c776d326d3d312e32 0d017069643d363a3237333534623961 03623d55';
    const message = received(hex);
    expect(decodeRegister(message, message.payload, lists(), RULES)).toMatchObject({ refused: Code.CONFLICT });
  });

  it('LightweightM2M-1.2-int-111: with a profile id and a list is 4.09 too', () => {
    expect(refused({ query: ['ep=a', 'lt=60', 'lwm2m=1.2', 'pid=6:27354b9a'], payload: '</4/0>' }).refused).toBe(
      Code.CONFLICT,
    );
  });

  it('keeps the number of a device for SMS', () => {
    expect(accepted({ query: ['ep=a', 'lt=60', 'lwm2m=1.1', 'sms=4915112345678'] }).sms).toBe('4915112345678');
    expect(accepted({ query: ['ep=a'] })).not.toHaveProperty('sms');
  });

  it('takes its parameters in any order', () => {
    const judged = accepted({ query: ['Q', 'b=UT', 'lwm2m=1.1', 'lt=20', 'ep=a'] });
    expect(judged).toMatchObject({ endpoint: 'a', lwm2m: '1.1', lifetime: 20, binding: 'UT', queueMode: true });
  });

  it('is understood without Content-Format, and is 4.15 with any other than 40', () => {
    expect(accepted({ query: ['ep=a'], format: 'none' }).endpoint).toBe('a');
    for (const format of [0, 42, 60, 11542]) {
      expect(refused({ query: ['ep=a'], format }).refused).toBe(Code.UNSUPPORTED_CONTENT_FORMAT);
    }
  });

  it('is 4.00 when it is not confirmable', () => {
    expect(refused({ query: ['ep=a'], type: 1 })).toMatchObject({ refused: Code.BAD_REQUEST });
  });

  it.each(['1.3', '2.0', '0.9', '10.0', '1.10'])('is 4.12 for LwM2M %s', (version) => {
    expect(refused({ query: ['ep=a', 'lt=60', `lwm2m=${version}`] }).refused).toBe(Code.PRECONDITION_FAILED);
  });

  it.each(['', '1', '1.', '.1', 'one', '1.1.1', '"1.1"', '-1.0'])('is 4.00 when lwm2m reads %j', (version) => {
    expect(refused({ query: ['ep=a', 'lt=60', `lwm2m=${version}`] }).refused).toBe(Code.BAD_REQUEST);
  });

  describe('lt', () => {
    it('may be anything from 0, which never expires, to 2^32-1', () => {
      expect(accepted({ query: ['ep=a', 'lt=0'] }).lifetime).toBe(0);
      expect(accepted({ query: ['ep=a', 'lt=4294967295', 'lwm2m=1.1'] }).lifetime).toBe(4294967295);
      expect(accepted({ query: ['ep=a', 'lt=0060', 'lwm2m=1.2'] }).lifetime).toBe(60);
    });

    it.each(['', '-1', '+1', '1.5', '1e3', '4294967296', '99999999999', '00000000001', ' 60', '0x10', 'x'])(
      'is 4.00 when it reads %j',
      (lifetime) => {
        expect(refused({ query: ['ep=a', `lt=${lifetime}`] })).toMatchObject({ refused: Code.BAD_REQUEST });
      },
    );

    it('is 4.00 without its value', () => {
      expect(refused({ query: ['ep=a', 'lt'] }).refused).toBe(Code.BAD_REQUEST);
    });

    it.each(['1.1', '1.2'])('is required in %s', (version) => {
      expect(refused({ query: ['ep=a', `lwm2m=${version}`] })).toMatchObject({
        refused: Code.BAD_REQUEST,
        detail: `lt is missing: LwM2M ${version} requires it`,
      });
    });
  });

  describe('b', () => {
    it.each([
      ['1.0', ['U', 'UQ', 'S', 'SQ', 'US', 'UQS']],
      ['1.1', ['U', 'T', 'S', 'N', 'UT', 'TU', 'USN', 'UTSN']],
      ['1.2', ['U', 'M', 'H', 'UMHTSN', 'NST']],
    ])('may be what %s knows', (version, bindings) => {
      for (const binding of bindings) {
        expect(accepted({ query: ['ep=a', 'lt=60', `lwm2m=${version}`, `b=${binding}`] }).binding).toBe(binding);
      }
    });

    it.each([
      ['1.0', ['', 'T', 'UT', 'QU', 'SU', 'Q', 'UU', 'u', 'N']],
      ['1.1', ['', 'UQ', 'Q', 'UU', 'M', 'H', 'UX', 'u', 'UTSNU']],
      ['1.2', ['', 'UQ', 'UMM', 'UMHTSNX', 'Z']],
    ])('is 4.00 with letters that %s does not know', (version, bindings) => {
      for (const binding of bindings) {
        const judged = refused({ query: ['ep=a', 'lt=60', `lwm2m=${version}`, `b=${binding}`] });
        expect(judged.refused).toBe(Code.BAD_REQUEST);
      }
    });

    it.each(['UQ', 'SQ', 'UQS'])('%s is queue mode in 1.0', (binding) => {
      expect(accepted({ query: ['ep=a', `b=${binding}`] }).queueMode).toBe(true);
    });
  });

  describe('Q', () => {
    it('is 4.00 in 1.0, where it stands in b', () => {
      expect(refused({ query: ['ep=a', 'Q'] }).refused).toBe(Code.BAD_REQUEST);
      expect(refused({ query: ['ep=a', 'lwm2m=1.0', 'Q'] }).refused).toBe(Code.BAD_REQUEST);
    });

    it('is 4.00 with a value', () => {
      expect(refused({ query: ['ep=a', 'lt=60', 'lwm2m=1.1', 'Q=true'] }).refused).toBe(Code.BAD_REQUEST);
      expect(refused({ query: ['ep=a', 'lt=60', 'lwm2m=1.1', 'Q='] }).refused).toBe(Code.BAD_REQUEST);
    });
  });

  describe('sms', () => {
    it.each(['', '+4915112345678', '0151/123', '1234567890123456', 'x'])('is 4.00 when it reads %j', (sms) => {
      expect(refused({ query: ['ep=a', 'lt=60', 'lwm2m=1.1', `sms=${sms}`] }).refused).toBe(Code.BAD_REQUEST);
    });
  });

  describe('ep', () => {
    it('is required unless the identity supplies it', () => {
      expect(refused({ query: ['lt=60'] })).toMatchObject({ refused: Code.BAD_REQUEST, detail: 'ep is missing' });
      expect(accepted({ query: ['lt=60'] }, { ...RULES, identityEndpoint: 'from-psk' }).endpoint).toBe('from-psk');
      expect(accepted({ query: ['ep=a'] }, { ...RULES, identityEndpoint: 'from-psk' }).endpoint).toBe('a');
      expect(refused({ query: ['lt=60'] }, { ...RULES, identityEndpoint: 'x'.repeat(129) }).refused).toBe(
        Code.BAD_REQUEST,
      );
    });

    it.each([
      'a',
      'urn:imei:490154203237518',
      'x'.repeat(128),
      'Zähler №7',
      '温度計',
      'a=b&c d',
      '💡'.repeat(32),
      '.',
      '~',
      'a\u202Eb',
      '\u{FEFF}a',
    ])('may be %j', (endpoint) => {
      expect(accepted({ query: [`ep=${endpoint}`] }).endpoint).toBe(endpoint);
    });

    it.each(['', 'x'.repeat(129), '💡'.repeat(33), 'a\u0000', '\n', 'a\u001fb', 'a\u007f', 'a\u0085b', '\u009f'])(
      'is 4.00 when it reads %j',
      (endpoint) => {
        expect(refused({ query: [`ep=${endpoint}`] }).refused).toBe(Code.BAD_REQUEST);
      },
    );

    it('is 4.00 without its value', () => {
      expect(refused({ query: ['ep'] }).refused).toBe(Code.BAD_REQUEST);
    });

    it.each([
      ['a stray continuation byte', [0x80]],
      ['an overlong slash', [0xc0, 0xaf]],
      ['an overlong NUL', [0xe0, 0x80, 0x80]],
      ['a surrogate', [0xed, 0xa0, 0x80]],
      ['a cut sequence', [0xe2, 0x82]],
      ['beyond U+10FFFF', [0xf4, 0x90, 0x80, 0x80]],
      ['the byte FF', [0xff]],
    ])('is 4.00 when its UTF-8 is malformed: %s', (_, bytes) => {
      const query = [Buffer.concat([Buffer.from('ep=node'), Buffer.from(bytes)])];
      expect(refused({ query }).refused).toBe(Code.BAD_REQUEST);
    });

    it('is taken as written or refused, whatever its bytes are', () => {
      fc.assert(
        fc.property(fc.uint8Array({ maxLength: 140 }), (bytes) => {
          const judged = register({ query: [Buffer.concat([Buffer.from('ep='), bytes])] });
          if (isRefusal(judged)) expect(judged.refused).toBe(Code.BAD_REQUEST);
          else expect(toHex(Buffer.from(judged.endpoint))).toBe(toHex(bytes));
        }),
        { numRuns: 2000, seed: 18 },
      );
    });
  });

  it.each(['ep=a', 'lt=60', 'lwm2m=1.1', 'b=U', 'Q', 'sms=49', 'pid=1:ab'])(
    'is 4.00 when %s is given twice',
    (text) => {
      const query = ['ep=a', 'lt=60', 'lwm2m=1.1', 'b=U', 'Q', 'sms=49'];
      expect(refused({ query: [...query, text, ...(text.startsWith('pid') ? [text] : [])] })).toMatchObject({
        refused: Code.BAD_REQUEST,
        detail: `${text.split('=')[0]} is given twice`,
      });
    },
  );

  it('passes over parameters it does not know, unless told to refuse them', () => {
    const query = ['ep=a', 'lt=60', 'lwm2m=1.1', 'et=x', 'con=1', 'con=2', 'EP=b', 'epx=c', '', '='];
    expect(accepted({ query }).endpoint).toBe('a');
    expect(refused({ query }, { unknownParameters: 'refuse' })).toEqual({
      refused: Code.BAD_REQUEST,
      detail: 'unknown query parameter "et"',
    });
    expect(accepted({ query: query.slice(0, 3) }, { unknownParameters: 'refuse' }).endpoint).toBe('a');
  });

  it('knows pid from 1.2 only', () => {
    expect(accepted({ query: ['ep=a', 'lt=60', 'lwm2m=1.1', 'pid=6:27354b9a'] }).lwm2m).toBe('1.1');
    expect(
      refused({ query: ['ep=a', 'lt=60', 'lwm2m=1.1', 'pid=6:27354b9a'] }, { unknownParameters: 'refuse' }).refused,
    ).toBe(Code.BAD_REQUEST);
    expect(refused({ query: ['ep=a', 'lt=60', 'lwm2m=1.2', 'pid='] }).refused).toBe(Code.BAD_REQUEST);
  });

  it('joins the objects of its profiles with its list, whose version goes first', () => {
    const known = new Map([
      [
        '6:27354b9a',
        [
          { id: 1, instances: [0] },
          { id: 3, instances: [0] },
        ],
      ],
      [
        'v:acme',
        [
          { id: 3, version: '1.0', instances: [1] },
          { id: 3303, version: '1.1', instances: [2] },
        ],
      ],
    ]);
    const rules: RegistrationRules = { ...RULES, profiles: (id) => known.get(id) };
    const keyOf = (pid: string, payload: string): string =>
      accepted({ query: ['ep=a', 'lt=60', 'lwm2m=1.2', `pid=${pid}`], payload }, rules).objects.key;
    expect(keyOf('6:27354b9a', '')).toBe('|1:1.2:0;3:1.2:0|');
    expect(keyOf('"6:27354b9a,v:acme"', '')).toBe('|1:1.2:0;3:1.0:0,1;3303:1.1:2|');
    expect(keyOf('v:acme', '</>;rt="oma.lwm2m";ct=112,</3303>;ver=1.0,</3303/0>')).toBe('112|3:1.0:1;3303:1.0:0,2|');
    expect(keyOf('v:acme', '</>;rt="oma.lwm2m";ct=112')).toBe('112|3:1.0:1;3303:1.1:2|');
    const unknown = { query: ['ep=a', 'lt=60', 'lwm2m=1.2', 'pid="6:27354b9a,v:other"'], payload: '' };
    expect(refused(unknown, rules)).toMatchObject({
      refused: Code.CONFLICT,
      detail: expect.stringContaining('v:other'),
    });
    expect(
      refused({ query: ['ep=a', 'lt=60', 'lwm2m=1.2'], payload: '</>;rt="oma.lwm2m";ct=112' }, rules).refused,
    ).toBe(Code.BAD_REQUEST);
    expect(update({ query: ['pid=v:acme'] }, '1.2', rules)).toMatchObject({ objects: { key: '|3:1.0:1;3303:1.1:2|' } });
  });

  it('is 4.00 without objects', () => {
    for (const payload of ['', '</>;rt="oma.lwm2m"', '</0/0>,</21/0>']) {
      expect(refused({ query: ['ep=a'], payload })).toMatchObject({
        refused: Code.BAD_REQUEST,
        detail: 'the object list names no object',
      });
    }
  });

  it('is 4.00 when the list is malformed, and 4.13 when it is beyond the limits', () => {
    expect(refused({ query: ['ep=a'], payload: '</3/0' }).refused).toBe(Code.BAD_REQUEST);
    expect(refused({ query: ['ep=a'], payload: Buffer.from([0x3c, 0x2f, 0xff, 0x3e]) }).refused).toBe(Code.BAD_REQUEST);
    expect(refused({ query: ['ep=a'], payload: '</3/0>,'.repeat(3000) }).refused).toBe(Code.REQUEST_ENTITY_TOO_LARGE);
  });
});

describe('Update', () => {
  it('LightweightM2M-1.1-int-104: without anything is a refresh', () => {
    const message = received('42027d39ab02 b27264 0435613366');
    expect(isRefresh(message)).toBe(true);
    expect(decodeUpdate(message, message.payload, { lwm2m: '1.1' }, lists(), RULES)).toEqual({});
  });

  it('LightweightM2M-1.1-int-107: carries the new lifetime', () => {
    const message = received('42027d39ab02 b27264 0435613366 46 6c743d313230');
    expect(isRefresh(message)).toBe(false);
    expect(decodeUpdate(message, message.payload, { lwm2m: '1.1' }, lists(), RULES)).toEqual({ lifetime: 120 });
  });

  it('LightweightM2M-1.1-int-1250: carries the whole new object list', () => {
    const message = received('42027d39ab02 b27264 0435613366 1128 ff 3c2f332f303e2c3c2f31312f313e');
    expect(isRefresh(message)).toBe(false);
    const judged = decodeUpdate(message, message.payload, { lwm2m: '1.0' }, lists(), RULES) as UpdateParameters;
    expect(judged.objects?.key).toBe('|3:1.0:0;11:1.0:1|');
  });

  it('says only what the device sent', () => {
    expect(update({ query: ['lt=0'] })).toEqual({ lifetime: 0 });
    expect(update({ query: ['b=UT'] })).toEqual({ binding: 'UT' });
    expect(update({ query: ['b=UT', 'Q'] })).toEqual({ binding: 'UT', queueMode: true });
    expect(update({ query: ['Q'] })).toEqual({ queueMode: true });
    expect(update({ query: ['sms=4915112345678'] })).toEqual({ sms: '4915112345678' });
    expect(update({ query: ['b=UQ'] }, '1.0')).toEqual({ binding: 'UQ', queueMode: true });
    expect(update({ query: ['b=U'] }, '1.0')).toEqual({ binding: 'U', queueMode: false });
  });

  it.each([
    ['ep=a', '1.1'],
    ['lwm2m=1.1', '1.1'],
    ['Q', '1.0'],
    ['b=UQ', '1.1'],
    ['b=T', '1.0'],
    ['lt=x', '1.1'],
    ['sms=+49', '1.1'],
    ['pid=', '1.2'],
  ] as const)('is 4.00 with %s in %s', (text, version) => {
    expect(update({ query: [text] }, version)).toMatchObject({ refused: Code.BAD_REQUEST });
  });

  it('is 4.00 with a parameter twice, when it is not confirmable, and for an empty or malformed list', () => {
    expect(update({ query: ['lt=1', 'lt=1'] })).toMatchObject({ refused: Code.BAD_REQUEST });
    expect(update({ type: 1 })).toMatchObject({ refused: Code.BAD_REQUEST });
    expect(update({ payload: '</>;rt="oma.lwm2m"', format: 40 })).toMatchObject({ refused: Code.BAD_REQUEST });
    expect(update({ payload: '</3/0', format: 40 })).toMatchObject({ refused: Code.BAD_REQUEST });
  });

  it('is 4.09 with a profile id that is not known in 1.2', () => {
    expect(update({ query: ['pid=6:27354b9a'] }, '1.2')).toMatchObject({ refused: Code.CONFLICT });
  });

  it('is 4.15 with a payload of another format', () => {
    expect(update({ payload: LIST, format: 0 })).toMatchObject({ refused: Code.UNSUPPORTED_CONTENT_FORMAT });
    expect(update({ payload: LIST })).toMatchObject({ objects: { root: '' } });
  });

  it('passes over unknown parameters, unless told to refuse them', () => {
    expect(update({ query: ['x=1'] })).toEqual({});
    expect(update({ query: ['x=1'] }, '1.1', { unknownParameters: 'refuse' })).toMatchObject({
      refused: Code.BAD_REQUEST,
    });
  });
});

describe('isRefresh', () => {
  it.each([
    ['a query', { query: ['lt=60'] }],
    ['a payload', { payload: LIST }],
    ['a Content-Format', { format: 40 }],
    ['another method', { code: 0x04 }],
    ['a non-confirmable message', { type: 1 }],
  ])('does not hold with %s', (_, sketch) => {
    const { message } = registration({ path: ['rd', '5a3f'], format: 'none', ...sketch });
    expect(isRefresh(message)).toBe(false);
  });

  it('holds whatever elective options stand there', () => {
    const { message } = registration({ path: ['rd', '5a3f'], format: 'none' });
    expect(isRefresh(message)).toBe(true);
  });
});

describe('De-register', () => {
  it('LightweightM2M-1.1-int-103: is a confirmable DELETE', () => {
    expect(decodeDeregister(received('42047d3aab03 b27264 0435613366'))).toBeUndefined();
  });

  it('is 4.00 when it is not confirmable', () => {
    expect(decodeDeregister(received('52047d3aab03 b27264 0435613366'))).toMatchObject({ refused: Code.BAD_REQUEST });
  });
});

describe('the answers', () => {
  it('LightweightM2M-1.1-int-101: 2.01 names the location under /rd', () => {
    const answer = registeredAnswer('5a3f');
    expect(answer.code).toBe(0x41);
    expect(answer.options.map(({ number, value }) => [number, toHex(value)])).toEqual([
      [OptionNumber.LOCATION_PATH, '7264'],
      [OptionNumber.LOCATION_PATH, '35613366'],
    ]);
  });

  it('a refusal carries its reason', () => {
    expect(refusalAnswer({ refused: 0x80, detail: 'ep is missing' })).toEqual({
      code: 0x80,
      payload: Buffer.from('ep is missing'),
    });
  });

  it('a location is 10 base64url characters of 60 random bits', () => {
    const random = { bytes: () => Buffer.from('ffeeddccbbaa99ff', 'hex'), fraction: () => 0 };
    expect(newLocation(random)).toBe('_-7dzLuqmf');
    const first60 = { bytes: () => Buffer.from('ffeeddccbbaa99f0', 'hex'), fraction: () => 0 };
    expect(newLocation(first60)).toBe('_-7dzLuqmf');
  });
});

describe('a seeded fuzz of registration requests', () => {
  it('never throws and never accepts what cannot be a registration', () => {
    const text = fc.oneof(
      fc.constantFrom('ep=', 'lt=', 'lwm2m=', 'b=', 'Q', 'sms=', 'pid='),
      fc.constantFrom('ep=a', 'lt=60', 'lwm2m=1.0', 'lwm2m=1.1', 'lwm2m=1.2', 'b=U', 'b=UQ', 'sms=4', 'pid=1:a'),
      fc.string({ maxLength: 20 }),
    );
    const payload = fc.oneof(
      fc.constant(LIST),
      fc.string({ maxLength: 60, unit: fc.constantFrom('<', '>', '/', ',', ';', '=', '"', '0', '3', 'v', 'e', 'r') }),
    );
    fc.assert(
      fc.property(fc.array(text, { maxLength: 6 }), payload, (query, list) => {
        const judged = register({ query, payload: list });
        if (isRefusal(judged)) expect([0x80, 0x89, 0x8c, 0x8d]).toContain(judged.refused);
        else expect(judged.objects.objects.length).toBeGreaterThan(0);
      }),
      { numRuns: 3000, seed: 3 },
    );
  });
});
