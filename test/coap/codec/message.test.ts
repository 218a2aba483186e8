import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { encodeMessage, OptionNumber, tokenKeyOf, uintOption } from '#coap/codec';
import { bytesEqual, DecodeError, fromHex } from '#base';
import { anyParts, bytesOf } from './arbitrary.js';
import { decoded, option, parts, read, sent, text } from './support.js';

const { CONTENT_FORMAT, ETAG, HOP_LIMIT, OBSERVE, SIZE1, URI_PATH, URI_QUERY } = OptionNumber;

describe('Message', () => {
  it('finds options by number and occurrence, as a plain list of them does', () => {
    fc.assert(
      fc.property(anyParts, fc.nat({ max: 70_000 }), (said, other) => {
        const message = read(encodeMessage(said));
        const numbers = [...new Set([other, ...said.options.map(({ number }) => number)])];
        for (const number of numbers) {
          const values = said.options.filter((each) => each.number === number).map(({ value }) => value);
          expect(message.has(number)).toBe(values.length > 0);
          expect(message.count(number)).toBe(values.length);
          expect(message.all(number)).toEqual(values);
          expect(message.first(number)).toEqual(values[0]);
          for (let index = 0; index <= values.length; index += 1) {
            expect(message.first(number, index)).toEqual(values[index]);
            expect(message.text(number, index)).toBe((values[index] ?? Buffer.alloc(0)).toString('latin1'));
          }
        }
        expect(message.optionCount).toBe(said.options.length);
      }),
      { numRuns: 300 },
    );
  });

  it('shows token and payload as views of its datagram, which it keeps', () => {
    const bytes = fromHex('44451234 01020304 ff 0506');
    const message = read(bytes);
    expect(message.bytes).toBe(bytes);
    expect(message.token.buffer).toBe(bytes.buffer);
    bytes[4] = 0xaa;
    bytes[10] = 0xbb;
    expect([message.token[0], message.payload[1]]).toEqual([0xaa, 0xbb]);
    expect([message.tokenLength, message.payloadLength]).toEqual([4, 2]);
  });

  it('has neither token nor payload nor options when there are none', () => {
    const message = decoded('40011234');
    expect([message.token, message.payload].map((bytes) => bytes.length)).toEqual([0, 0]);
    expect([message.tokenKey(), message.tokenLength, message.payloadLength]).toEqual(['', 0, 0]);
    expect([message.options(), message.all(11), message.strings(11)]).toEqual([[], [], []]);
    expect([message.first(11), message.uint(12), message.string(11, 0)]).toEqual([undefined, undefined, undefined]);
  });

  it('does not take the payload for options', () => {
    const message = sent({ options: [text(URI_PATH, 'a')], payload: fromHex('b162b163') });
    expect(message.strings(URI_PATH)).toEqual(['a']);
    expect(message.optionCount).toBe(1);
  });

  it('visits options in order, and may be asked for others during the visit', () => {
    const message = sent({ options: [text(URI_PATH, 'rd'), text(URI_PATH, 'x'), text(URI_QUERY, 'b=U')] });
    const seen: string[] = [];
    message.forEachOption((number, value) => {
      seen.push(`${number} ${Buffer.from(value).toString()} ${message.text(URI_PATH, 1)} ${message.count(URI_QUERY)}`);
    });
    expect(seen).toEqual(['11 rd x 1', '11 x x 1', '15 b=U x 1']);
  });

  it('gives offsets of values by a walk', () => {
    const message = decoded('41010001c1 b133 0130 622d16 ff 00');
    const seen: number[][] = [];
    for (const walk = message.walk(); walk.next();) seen.push([walk.number, walk.start, walk.end]);
    expect(seen).toEqual([
      [11, 6, 7],
      [11, 8, 9],
      [17, 10, 12],
    ]);
  });
});

describe('Message.uint (RFC 7252 §3.2)', () => {
  it('reads an integer with and without leading zeros', () => {
    expect(sent({ options: [option(CONTENT_FORMAT, '')] }).uint(CONTENT_FORMAT)).toBe(0);
    expect(sent({ options: [option(CONTENT_FORMAT, '0028')] }).uint(CONTENT_FORMAT)).toBe(40);
    expect(sent({ options: [uintOption(SIZE1, 4_294_967_295)] }).uint(SIZE1)).toBe(4_294_967_295);
  });

  it('passes over a value of a length that the option cannot have (RFC 7252 §5.4.3)', () => {
    expect(sent({ options: [option(CONTENT_FORMAT, '000028')] }).uint(CONTENT_FORMAT)).toBeUndefined();
    expect(sent({ options: [option(OBSERVE, '00000001')] }).uint(OBSERVE)).toBeUndefined();
    expect(sent({ options: [option(HOP_LIMIT, '')] }).uint(HOP_LIMIT)).toBeUndefined();
  });

  it('takes the first of several (RFC 7252 §5.4.5)', () => {
    expect(sent({ options: [option(OBSERVE, '01'), option(OBSERVE, '02')] }).uint(OBSERVE)).toBe(1);
  });

  it('reads options that are not registered up to six bytes', () => {
    expect(sent({ options: [option(2048, '010000000000')] }).uint(2048)).toBe(2 ** 40);
    expect(sent({ options: [option(2048, '00000000000001')] }).uint(2048)).toBeUndefined();
  });
});

describe('Message.string and strings', () => {
  const LONG = 'ep=urn:imei:123456789012345';

  it.each(['', 'a', '5a3f', 'abcdefgh', 'abcdefghijkl', 'abcdefghijklm', LONG, 'ä', 'grüße, 世界', '\u{1f600}', '\0'])(
    'read %j',
    (value) => {
      const message = sent({ options: [text(URI_PATH, 'first'), text(URI_PATH, value)] });
      expect(message.string(URI_PATH, 1)).toBe(value);
      expect(message.strings(URI_PATH)).toEqual(['first', value]);
      expect(message.string(URI_PATH, 2)).toBeUndefined();
    },
  );

  it('tell an empty segment from none', () => {
    const message = sent({ options: [text(URI_PATH, '')] });
    expect([message.string(URI_PATH, 0), message.string(URI_PATH, 1)]).toEqual(['', undefined]);
  });

  it.each(['80', 'c0af', 'e28080'.slice(0, 4), 'eda080', 'f4908080', 'ff', '61c3', '6162636465666768696a6b6c6dff'])(
    'refuse bytes that are no UTF-8: %s (RFC 7252 §3.2)',
    (hex) => {
      const message = sent({ options: [option(URI_QUERY, hex)] });
      for (const reading of [() => message.string(URI_QUERY, 0), () => message.strings(URI_QUERY)]) {
        expect(reading).toThrow(DecodeError);
        expect(reading).toThrow(expect.objectContaining({ reason: 'bad_utf8' }));
      }
    },
  );

  it('keep a byte order mark, which is a character of the name', () => {
    expect(sent({ options: [option(URI_PATH, 'efbbbf61')] }).string(URI_PATH, 0)).toBe('\ufeffa');
  });
});

describe('token keys', () => {
  it('are equal for equal tokens alone', () => {
    fc.assert(
      fc.property(bytesOf(0, 8), bytesOf(0, 8), (one, other) => {
        expect(tokenKeyOf(one) === tokenKeyOf(other)).toBe(bytesEqual(one, other));
        expect(sent({ token: one }).tokenKey()).toBe(tokenKeyOf(one));
      }),
    );
  });

  it('hold one character a byte at every length', () => {
    for (let length = 0; length <= 40; length += 1) {
      const bytes = Buffer.from(Array.from({ length }, (_, index) => 255 - index));
      expect(tokenKeyOf(bytes)).toBe(bytes.toString('latin1'));
      expect(tokenKeyOf(new Uint8Array(bytes))).toBe(bytes.toString('latin1'));
    }
  });
});

describe('a message without what it could have', () => {
  it('reads an ETag as bytes, whatever they are', () => {
    expect(sent({ options: [option(ETAG, 'ff00')] }).first(ETAG)).toEqual(fromHex('ff00'));
    expect(parts({}).options).toEqual([]);
  });
});
