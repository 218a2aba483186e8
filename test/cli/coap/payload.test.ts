import { describe, expect, it } from '@jest/globals';
import { printableText, showPayload } from '../../../src/cli/coap/payload.js';

describe('a payload', () => {
  it('is shown as text when it is that', () => {
    expect(showPayload(Buffer.from('22.3 °C'), undefined)).toBe('22.3 °C');
    expect(showPayload(Buffer.from('</3/0>,\r\n\t</4/0>'), 40)).toBe('</3/0>,\r\n\t</4/0>');
  });

  it.each([50, 110, 320, 11_543])('of format %i is laid out as JSON, and loses no digit', (format) => {
    const text = '[{"bn":"/3/0/","n":"0","v":18446744073709551615},{"n":"1","vb":true,"x":1.50}]';
    expect(showPayload(Buffer.from(text), format)).toBe(
      [
        ...['[', '  {', '    "bn": "/3/0/",', '    "n": "0",', '    "v": 18446744073709551615', '  },'],
        ...['  {', '    "n": "1",', '    "vb": true,', '    "x": 1.50', '  }', ']'],
      ].join('\n'),
    );
  });

  it('that says it is JSON and is not stays as it is', () => {
    expect(showPayload(Buffer.from('[{"n":}'), 110)).toBe('[{"n":}');
  });

  it('that looks like JSON stays as it is when its format is another', () => {
    expect(showPayload(Buffer.from('{"a":1}'), 0)).toBe('{"a":1}');
  });

  it('of bytes is shown in hex, 32 to a line', () => {
    expect(showPayload(Buffer.from([0xc3, 0x00, 0xff]), 11_542)).toBe('c3 00 ff');
    expect(showPayload(Buffer.alloc(33, 0xab), 42)).toBe(`${'ab '.repeat(31)}ab\nab`);
  });

  it.each(['\u001b[2J', 'a\rb', 'a\u0000', '\u202eabc', 'a\u0085b'])(
    'is no text when a terminal would act on it: %j',
    (text) => {
      expect(printableText(Buffer.from(text))).toBeUndefined();
      expect(showPayload(Buffer.from(text), 110)).toMatch(/^[0-9a-f ]+$/);
    },
  );

  it('of no bytes is an empty text', () => {
    expect(printableText(Buffer.alloc(0))).toBe('');
  });
});
