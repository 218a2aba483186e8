/** Content-Format numbers of answers and notifications, from literal bytes. */

import { describe, expect, it } from '@jest/globals';
import { OptionNumber } from '#coap/codec';
import { parsePath } from '#lwm2m/model';
import { decodeNotification, decodeResponse, encodeRequest } from '#lwm2m/protocol';
import { dialect, received, sent } from './support.js';

const JSON_ENTRY = Buffer.from('{"bn":"/3/0/","e":[{"n":"9","v":95}]}').toString('hex');

/** The numbers of text, TLV and JSON before those were registered, and the registered ones; a payload of /3/0/9 = 95. */
const NUMBERS = [
  ['1541 (0605)', '0605', '3935'],
  ['1542 (0606)', '0606', 'c1095f'],
  ['1543 (0607)', '0607', JSON_ENTRY],
  ['11542 (2d16)', '2d16', 'c1095f'],
  ['11543 (2d17)', '2d17', JSON_ENTRY],
] as const;

describe('LwM2M-Core 1.0.2 §6.4: the content format', () => {
  const value = [{ path: [3, 0, 9], node: { kind: 'single', value: { type: 'integer', value: 95 } } }];

  it.each(NUMBERS)('%s of an answer is read', (_title, number, payload) => {
    const message = received(`61450001c1 c2${number} ff ${payload}`);
    const outcome = decodeResponse({ kind: 'read', path: [3, 0, 9] }, dialect(), message, message.payload);
    expect(outcome).toMatchObject({ kind: 'done', format: Number.parseInt(number, 16), nodes: value });
  });

  it.each(NUMBERS)('%s of a notification is read', (_title, number, payload) => {
    const message = received(`51450009c2 6108 62${number} ff ${payload}`);
    expect(decodeNotification([[3, 0, 9]], dialect(), message, message.payload)).toEqual({ nodes: value });
  });

  it('1542 and 1543 carry instances too', () => {
    for (const [number, payload] of [NUMBERS[1], NUMBERS[2]].map(([, ...rest]) => rest)) {
      const message = received(`61450001c1 c2${number} ff ${payload}`);
      const outcome = decodeResponse({ kind: 'read', path: [3, 0] }, dialect(), message, message.payload);
      expect(outcome).toMatchObject({ nodes: [{ path: [3, 0], node: { kind: 'instance' } }] });
    }
  });

  it('of old numbers is never sent, whatever the device announced', () => {
    const formats = [1541, 1542, 1543];
    const write = { kind: 'write', mode: 'replace', path: parsePath('/3/0/9') } as const;
    const node = { kind: 'single', value: { type: 'integer', value: 95 } } as const;
    for (const lwm2m of ['1.0', '1.1', '1.2'] as const) {
      for (const request of [{ ...write, node }, { kind: 'read', path: [3, 0] } as const]) {
        const message = received(sent(encodeRequest(request, dialect({ lwm2m, formats }))));
        const numbers = [OptionNumber.CONTENT_FORMAT, OptionNumber.ACCEPT].map((option) => message.uint(option));
        expect(numbers.filter((number) => number !== undefined && formats.includes(number))).toEqual([]);
        expect(message.uint(OptionNumber.CONTENT_FORMAT)).toBe(request.kind === 'write' ? 0 : undefined);
      }
    }
  });

  it.each(['1540 (0604)', '1544 (0608)'])('%s beside them is not known', (title) => {
    const number = /\((\w+)\)/.exec(title)?.[1] ?? '';
    const message = received(`61450001c1 c2${number} ff 3935`);
    const outcome = decodeResponse({ kind: 'read', path: [3, 0, 9] }, dialect(), message, message.payload);
    expect(outcome).toMatchObject({ kind: 'failed' });
  });
});
