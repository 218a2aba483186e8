import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import {
  decodeMessage,
  encodeBareAnswer,
  encodeEmpty,
  encodeMessage,
  isMalformed,
  MAX_OPTIONS,
  MessageType,
} from '#coap/codec';
import { fromHex, InvariantError, toHex } from '#base';
import { anyParts } from './arbitrary.js';
import { decoded, option, parts, partsOf, read, reasonOf, SAMPLES, sent, text } from './support.js';

const compact = (hex: string) => hex.replaceAll(' ', '');

describe('sample messages', () => {
  it.each(SAMPLES)('$name is read from its bytes', ({ hex, parts: said }) => {
    expect(partsOf(decoded(hex))).toEqual({
      ...said,
      token: Buffer.from(said.token),
      payload: Buffer.from(said.payload),
    });
  });

  it.each(SAMPLES)('$name is written as its bytes', ({ hex, parts: said }) => {
    expect(toHex(encodeMessage(said))).toBe(compact(hex));
  });

  it.each(SAMPLES)('$name is never misread when it is cut anywhere', ({ hex }) => {
    const bytes = fromHex(hex);
    const whole = partsOf(read(bytes));
    for (let length = 0; length < bytes.length; length += 1) {
      const message = decodeMessage(bytes.subarray(0, length));
      if (isMalformed(message)) {
        expect('type' in message).toBe(length >= 4);
        continue;
      }
      const cut = partsOf(message);
      expect(cut.token).toEqual(whole.token);
      expect(whole.options.slice(0, cut.options.length)).toEqual(cut.options);
      expect(whole.payload.subarray(0, cut.payload.length)).toEqual(cut.payload);
    }
  });

  it.each(SAMPLES)(
    '$name is read alike from a Uint8Array that is a part of a larger buffer',
    ({ hex, parts: said }) => {
      const bytes = fromHex(hex);
      const around = new Uint8Array(bytes.length + 20).fill(0xff);
      around.set(bytes, 7);
      const view = around.subarray(7, 7 + bytes.length);
      expect(partsOf(read(view))).toEqual(partsOf(read(bytes)));
      expect(read(view).strings(11)).toEqual(read(bytes).strings(11));
      expect(said.token.length).toBe(read(view).tokenLength);
    },
  );
});

describe('the header (RFC 7252 §3)', () => {
  it.each([
    ['CON', '4001abcd', 0],
    ['NON', '5001abcd', 1],
    ['ACK', '6045abcd', 2],
    ['RST', '7000abcd', 3],
  ])('%s is a type', (_, hex, type) => {
    expect(decoded(hex)).toMatchObject({ type, messageId: 0xabcd });
  });

  it('reads every token length from 0 to 8 at every packet length, and refuses 9 to 15 (RFC 7252 §3)', () => {
    for (let nibble = 0; nibble <= 15; nibble += 1) {
      for (let length = 0; length <= 16; length += 1) {
        const bytes = Buffer.alloc(length, 0xb0);
        bytes.set([0x40 | nibble, 0x01, 0x00, 0x01].slice(0, length));
        const message = decodeMessage(bytes);
        if (length < 4) expect(message).toEqual({ malformed: 'too_short' });
        else if (nibble > 8) expect(message).toEqual({ malformed: 'token_length', type: 0, messageId: 1 });
        else if (length < 4 + nibble) expect(message).toEqual({ malformed: 'truncated_token', type: 0, messageId: 1 });
        else
          expect(isMalformed(message) ? undefined : message.token).toEqual(
            Uint8Array.from(bytes.subarray(4, 4 + nibble)),
          );
      }
    }
  });

  it.each(['00', '80', 'c0', '00017d34', '80017d34', 'c0017d34'])(
    'another version (%s) is told apart and has neither type nor message id, so that it is ignored (RFC 7252 §3)',
    (hex) => {
      expect(decodeMessage(fromHex(hex))).toEqual({ malformed: 'version' });
    },
  );

  it('reports type and message id of a malformed message, so that a CON can be reset (RFC 7252 §4.2)', () => {
    expect(decodeMessage(fromHex('49017d34'))).toEqual({ malformed: 'token_length', type: 0, messageId: 0x7d34 });
    expect(decodeMessage(fromHex('51017d34'))).toEqual({ malformed: 'truncated_token', type: 1, messageId: 0x7d34 });
  });

  it('refuses codes of the classes 1, 3, 6 and 7 and no others (RFC 7252 §12.1)', () => {
    for (let code = 1; code <= 255; code += 1) {
      const reserved = [1, 3, 6, 7].includes(code >> 5);
      expect([code, reasonOf(`40${code.toString(16).padStart(2, '0')}0001`)]).toEqual([
        code,
        reserved ? 'reserved_class' : 'none',
      ]);
    }
  });

  it.each([
    ['4100000100', 'empty_with_content'],
    ['40000001ff', 'empty_with_content'],
    ['40000001b0', 'empty_with_content'],
    ['400000010000', 'empty_with_content'],
    ['41000001', 'truncated_token'],
  ])('an empty message is exactly four bytes: %s is not one (RFC 7252 §4.1)', (hex, reason) => {
    expect(reasonOf(hex)).toBe(reason);
  });

  it.each([
    ['an ACK with a request', '60017d34'],
    ['an RST with a request', '70017d34'],
    ['an RST with a response', '70457d34'],
  ])('%s is refused (RFC 7252 §4.2)', (_, hex) => {
    expect(reasonOf(hex)).toBe('wrong_type');
  });

  it('a payload marker without payload is refused (RFC 7252 §3)', () => {
    expect(reasonOf('40017d34ff')).toBe('empty_payload');
    expect(reasonOf('40017d34b133ff')).toBe('empty_payload');
    expect(decoded('40017d34ff00').payload).toHaveLength(1);
  });
});

describe('options (RFC 7252 §3.1)', () => {
  it.each([0, 1, 12, 13, 14, 268, 269, 270, 65_535])('a number of %d is written and read', (number) => {
    const message = sent({ options: [{ number, value: fromHex('2a') }] });
    expect(message.options()).toEqual([{ number, value: Buffer.from([0x2a]) }]);
  });

  it.each([0, 1, 12, 13, 14, 268, 269, 270, 65_803, 65_804])('a value of %d bytes is written and read', (length) => {
    const value = Buffer.alloc(length, 0x61);
    expect(sent({ options: [{ number: 2049, value }] }).first(2049)).toEqual(value);
  });

  it.each([
    ['12', 'c0', 12],
    ['13', 'd000', 13],
    ['268', 'd0ff', 268],
    ['269', 'e00000', 269],
    ['65,535', 'e0fef2', 65_535],
  ])('a delta of %s has the form %s', (_, hex, number) => {
    expect(toHex(encodeMessage(parts({ options: [option(number, '')] })))).toBe(`40010000${hex}`);
    expect(decoded(`40010000${hex}`).has(number)).toBe(true);
  });

  it.each([
    ['12', '1c', 12],
    ['13', '1d00', 13],
    ['268', '1dff', 268],
    ['269', '1e0000', 269],
    ['300', '1e001f', 300],
  ])('a length of %s has the form %s', (_, hex, length) => {
    const value = Buffer.alloc(length, 0x62);
    const whole = `40010000${hex}${toHex(value)}`;
    expect(toHex(encodeMessage(parts({ options: [{ number: 1, value }] })))).toBe(whole);
    expect(decoded(whole).first(1)).toEqual(value);
    expect(reasonOf(whole.slice(0, -2))).toBe('truncated_option');
  });

  it('deltas that add up to more than 65,535 are refused', () => {
    expect(reasonOf('40010000e0fef3')).toBe('option_number');
    expect(reasonOf('40010000e0ffff')).toBe('option_number');
    expect(reasonOf('40010000e0fef210')).toBe('option_number');
    expect(decoded('40010000e0fef200').count(65_535)).toBe(2);
  });

  it.each(['f0', 'f1aa', '0f', 'bf', 'df', 'fd'])('the reserved nibble 15 is refused: %s', (hex) => {
    expect(reasonOf(`40010000${hex}`)).toMatch(/^(option_nibble|truncated_option)$/);
    expect(reasonOf(`40010000${hex}${'00'.repeat(40)}`)).toBe('option_nibble');
  });

  it.each([
    'd0',
    'e0',
    'e000',
    '0d',
    '0e',
    '0e00',
    'dd00',
    'ed0000',
    'ee0000',
    'ee000000',
    '01',
    '0c',
    '0d00',
    'eeffff',
  ])('an option that ends before its length is refused: %s', (hex) => {
    expect(reasonOf(`40010000${hex}`)).toBe('truncated_option');
  });

  it.each([1, 2, 13, 268, 269, 65_804])('a length that is one more than what is left (%d) is refused', (length) => {
    const bytes = encodeMessage(parts({ options: [{ number: 60, value: Buffer.alloc(length) }] }));
    expect(reasonOf(toHex(bytes))).toBe('none');
    expect(reasonOf(toHex(bytes.subarray(0, -1)))).toBe('truncated_option');
  });

  it(`reads ${MAX_OPTIONS} options and refuses one more`, () => {
    expect(decoded(`40010000${'00'.repeat(64)}`).optionCount).toBe(64);
    expect(reasonOf(`40010000${'00'.repeat(65)}`)).toBe('too_many_options');
    expect(reasonOf(`40010000${'00'.repeat(60_000)}`)).toBe('too_many_options');
  });

  it('are sorted by number when written, those of one number in the order given (RFC 7252 §3.1)', () => {
    const given = [text(15, 'a=1'), text(11, 'rd'), option(12, '28'), text(15, 'b=2'), text(11, 'x')];
    const before = [...given];
    expect(sent({ options: given }).options()).toEqual([given[1], given[4], given[2], given[0], given[3]]);
    expect(given).toEqual(before);
  });
});

describe('encoding', () => {
  it('gives back what was written, whatever it is', () => {
    fc.assert(
      fc.property(anyParts, (said) => {
        const message = read(encodeMessage(said));
        const options = [...said.options].sort((left, right) => left.number - right.number);
        expect(partsOf(message)).toEqual({ ...said, options });
      }),
      { numRuns: 500 },
    );
  });

  it('is the inverse of decoding: what was read is written as the same bytes, if its lengths were as short as can be', () => {
    fc.assert(
      fc.property(anyParts, (said) => {
        const bytes = encodeMessage(said);
        expect(encodeMessage(partsOf(read(bytes)))).toEqual(bytes);
      }),
      { numRuns: 300 },
    );
  });

  it('writes empty messages of four bytes', () => {
    expect(toHex(encodeEmpty(MessageType.ACK, 0x7d38))).toBe('60007d38');
    expect(toHex(encodeEmpty(MessageType.RST, 0xffff))).toBe('7000ffff');
    expect(toHex(encodeEmpty(MessageType.CON, 0))).toBe('40000000');
  });

  it('writes an answer of a code alone with the token of its request, as the general encoder does', () => {
    for (const { parts: said } of SAMPLES) {
      const request = sent({ ...said, type: MessageType.CON, code: 2 });
      const bare = encodeBareAnswer(MessageType.ACK, 0x44, 0x7d39, request);
      const whole = encodeMessage(parts({ type: 2, code: 0x44, messageId: 0x7d39, token: said.token }));
      expect(bare).toEqual(whole);
    }
  });

  it.each([
    ['a token of nine bytes', parts({ token: Buffer.alloc(9) })],
    ['a message id beyond 16 bits', parts({ messageId: 65_536 })],
    ['a negative message id', parts({ messageId: -1 })],
    ['a fractional message id', parts({ messageId: 1.5 })],
    ['a code beyond eight bits', parts({ code: 256 })],
    ['an option number beyond 16 bits', parts({ options: [option(65_536, '')] })],
    ['a negative option number', parts({ options: [option(-1, '')] })],
    ['a value of more than 65,804 bytes', parts({ options: [{ number: 1, value: Buffer.alloc(65_805) }] })],
    ['an empty message with a token', parts({ code: 0, token: fromHex('01') })],
    ['an empty message with a payload', parts({ code: 0, payload: fromHex('01') })],
    ['an empty message with an option', parts({ code: 0, options: [option(1, '')] })],
  ])('refuses %s as a fault of its caller', (_, wrong) => {
    expect(() => encodeMessage(wrong)).toThrow(InvariantError);
  });
});
