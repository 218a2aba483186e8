import { describe, expect, it } from '@jest/globals';
import { formatNumber, hexBytes, messageIdOf, optionOf, tokenBytes } from '../../../src/cli/coap/fields.js';

const shown = (text: string): unknown => {
  const { number, value } = optionOf(text);
  return [number, Buffer.from(value).toString('hex')];
};

describe('fields as a tester writes them', () => {
  it('are options of any number: text, hex or nothing', () => {
    expect(shown('11=rd')).toEqual([11, '7264']);
    expect(shown('2048=0x00FF')).toEqual([2048, '00ff']);
    expect(shown('15=a=b')).toEqual([15, '613d62']);
    expect(shown('11=é')).toEqual([11, 'c3a9']);
    expect([shown('5'), shown('5='), shown('5=0x')]).toEqual([
      [5, ''],
      [5, ''],
      [5, ''],
    ]);
    expect(shown('65535=x')).toEqual([65_535, '78']);
  });

  it.each(['65536=a', 'Uri-Path=a', '=a', '', '-1=a'])('are no option when they are %j', (text) => {
    expect(() => optionOf(text)).toThrow(/^--option must be NUMBER=TEXT or NUMBER=0xHEX, NUMBER 0 to 65535, not /);
  });

  it('are no option when its hex is broken', () => {
    expect(() => optionOf('4=0xabc')).toThrow('--option 4 must be pairs of hex digits, not "abc"');
  });

  it('are content formats by number or name', () => {
    expect(
      ['0', '65535', 'senml-cbor', 'TLV', 'application/json'].map((text) => formatNumber('--accept', text)),
    ).toEqual([0, 65_535, 112, 11_542, 50]);
    expect(() => formatNumber('--accept', 'tvl')).toThrow(
      /^--accept: "tvl" is no content format; allowed are 0 to 65535 and the names text, link, .*senml-json.*lwm2m-cbor$/,
    );
    expect(() => formatNumber('--content-format', '65536')).toThrow(/^--content-format: "65536" is no content format/);
  });

  it('are tokens of 0 to 8 bytes (RFC 7252 §5.3.1)', () => {
    expect(Buffer.from(tokenBytes('01 02')).toString('hex')).toBe('0102');
    expect(tokenBytes('')).toHaveLength(0);
    expect(tokenBytes('00'.repeat(8))).toHaveLength(8);
    expect(() => tokenBytes('00'.repeat(9))).toThrow('--token has 9 bytes; a token has 0 to 8');
    expect(() => tokenBytes('0')).toThrow('--token must be pairs of hex digits, not "0"');
  });

  it('are message ids of 16 bits', () => {
    expect(['0', '65535', '0x7d34', '0xFFFF'].map(messageIdOf)).toEqual([0, 65_535, 0x7d34, 0xffff]);
    for (const text of ['65536', '-1', '0x10000', 'x', '', '1.5']) {
      expect(() => messageIdOf(text)).toThrow(`--message-id must be 0 to 65535 or 0x0000 to 0xffff, not "${text}"`);
    }
  });

  it('are bytes in hex, with blanks', () => {
    expect(Buffer.from(hexBytes('--payload-hex', 'AB cd')).toString('hex')).toBe('abcd');
  });
});
