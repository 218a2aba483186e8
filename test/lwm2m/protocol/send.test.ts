/** What a device sends of its own accord, from literal bytes. */

import { describe, expect, it } from '@jest/globals';
import { FORMAT_LIMITS } from '#lwm2m/formats';
import type { DeviceDialect } from '#lwm2m/model';
import { decodeSend } from '#lwm2m/protocol';
import { dialect, received } from './support.js';

const utf8 = (text: string): string => Buffer.from(text).toString('hex');
const REGISTERED = ['1/0', '3/0', '3303/1'];

function sent(hex: string, to: DeviceDialect = dialect(), limits = FORMAT_LIMITS): unknown {
  const message = received(hex);
  const holds = (object: number, instance: number): boolean => REGISTERED.includes(`${object}/${instance}`);
  return decodeSend({ dialect: to, holds }, message, message.payload, limits);
}

describe('a Send', () => {
  it('LightweightM2M-1.1-int-311: has the values of several objects', () => {
    const both = [
      { path: [1], node: { kind: 'object', instances: new Map([[0, oneInteger(1, 86_400)]]) } },
      { path: [3], node: { kind: 'object', instances: new Map([[0, oneInteger(9, 95)]]) } },
    ];
    const json = utf8('[{"n":"/1/0/1","v":86400},{"n":"/3/0/9","v":95}]');
    expect(sent(`42025001ab03 b26470 116e ff ${json}`)).toEqual({ nodes: both });
    const cbor = '82 a2 00 66 2f312f302f31 02 1a00015180 a2 00 66 2f332f302f39 02 185f';
    expect(sent(`42025001ab03 b26470 1170 ff ${cbor}`)).toEqual({ nodes: both });
    const tree = 'a2 83 010001 1a00015180 83 030009 185f';
    expect(sent(`42025001ab03 b26470 122d18 ff ${tree}`, dialect({ lwm2m: '1.2' }))).toEqual({ nodes: both });
  });

  it.each([
    ['of a device of 1.0, which has none, is 4.04', '116e ff 5b5d', 0x84, dialect({ lwm2m: '1.0' })],
    ['without Content-Format is 4.00', 'ff 5b5d', 0x80],
    ['without values is 4.00', '116e ff 5b5d', 0x80],
    ['without payload is 4.00', '116e', 0x80],
    ['that cannot be decoded is 4.00', '116e ff 5b', 0x80],
    ['of one value in text is 4.15', '10 ff 3935', 0x8f],
    ['in TLV is 4.15', '122d16 ff c1095f', 0x8f],
    ['in an unknown format is 4.15', '12fffe ff 00', 0x8f],
    ['of an object that is not registered is 4.04', `116e ff ${utf8('[{"n":"/4/0/1","v":1}]')}`, 0x84],
    ['of an instance that is not registered is 4.04', `116e ff ${utf8('[{"n":"/3303/0/5700","v":1}]')}`, 0x84],
    [
      'of a registered instance and another is 4.04 as a whole',
      `116e ff ${utf8('[{"n":"/3303/1/5700","v":1},{"n":"/3303/2/5700","v":1}]')}`,
      0x84,
    ],
  ] as const)('%s', (_title, rest, code, to: DeviceDialect = dialect()) => {
    expect(sent(`42025001ab03 b26470 ${rest}`, to)).toMatchObject({ refused: code });
  });

  it('beyond a limit says which, for the metric', () => {
    const json = utf8('[{"n":"/1/0/1","v":1},{"n":"/3/0/9","v":95}]');
    const limited = sent(`42025001ab03 b26470 116e ff ${json}`, dialect(), { ...FORMAT_LIMITS, records: 1 });
    expect(limited).toMatchObject({ refused: 0x80, fault: 'too_many' });
  });
});

function oneInteger(resource: number, value: number): unknown {
  return {
    kind: 'instance',
    resources: new Map([[resource, { kind: 'single', value: { type: 'integer', value } }]]),
  };
}
