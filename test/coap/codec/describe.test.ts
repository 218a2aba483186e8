import { describe, expect, it } from '@jest/globals';
import { describeMessage, encodeMessage, MAX_OPTIONS, OptionNumber, showMessage } from '#coap/codec';
import type { MalformedReason, Option } from '#coap/codec';
import { EMPTY, fromHex } from '#base';
import { option, parts, SAMPLES, text } from './support.js';

/** Options as they are described when they went over the wire. */
function described(...options: Option[]): unknown {
  const message = describeMessage(encodeMessage(parts({ options })));
  return 'malformed' in message ? message : message.options;
}

/** Options as they are shown. */
function shown(...options: Option[]): string {
  return showMessage(encodeMessage(parts({ options }))).replace('CON 0.01 GET, MID 0, ', '');
}

/** RFC 7252 Appendix A, and messages as LwM2M has them, as one line. */
const LINES: readonly [string, string][] = [
  ['40017d34 bb74656d7065726174757265', 'CON 0.01 GET, MID 32052, Uri-Path "temperature"'],
  ['60457d34 ff32322e332043', 'ACK 2.05 Content, MID 32052, payload 6 bytes'],
  ['41017d3520 bb74656d7065726174757265', 'CON 0.01 GET, MID 32053, token 20, Uri-Path "temperature"'],
  ['60007d38', 'ACK 0.00 Empty, MID 32056'],
  ['70007d38', 'RST 0.00 Empty, MID 32056'],
  [
    '44015d1f00003974 396c6f63616c686f7374 83747631',
    'CON 0.01 GET, MID 23839, token 00003974, Uri-Host "localhost", Uri-Path "tv1"',
  ],
  [
    '42027d38ab01 b27264 1128 3865703d6e6f646531 066c743d333030 ff 3c2f312f303e',
    'CON 0.02 POST, MID 32056, token ab01, Uri-Path "rd", Content-Format 40 (link), Uri-Query "ep=node1", Uri-Query "lt=300", payload 6 bytes',
  ],
  ['41010001c1 b133 0130 622d16', 'CON 0.01 GET, MID 1, token c1, Uri-Path "3", Uri-Path "0", Accept 11542 (tlv)'],
  ['41010002c2 60 5133', 'CON 0.01 GET, MID 2, token c2, Observe 0, Uri-Path "3"'],
  [
    '51450003c2 62012c 6128 b10d ff00',
    'NON 2.05 Content, MID 3, token c2, Observe 300, Content-Format 40 (link), Block2 0/more/512, payload 1 byte',
  ],
  ['60857d34', 'ACK 4.05 Method Not Allowed, MID 32052'],
  ['60437d34 41ff', 'ACK 2.03 Valid, MID 32052, ETag 0xff'],
  ['60b07d34', 'ACK 5.16, MID 32052'],
];

describe('showMessage', () => {
  it.each(LINES)('shows %s as one line (RFC 7252 §3)', (hex, line) => {
    expect(showMessage(fromHex(hex))).toBe(line);
    expect(showMessage(describeMessage(fromHex(hex)))).toBe(line);
  });

  it('keeps to one line of printable characters whatever a peer writes into a text', () => {
    const hostile = 'a\nb\u001b[2Jc"\\\u0085\u2028\u202e\u007fé';
    expect(shown(text(OptionNumber.URI_PATH, hostile))).toBe(
      'Uri-Path "a\\nb\\u001b[2Jc\\"\\\\\\u0085\\u2028\\u202e\\u007fé"',
    );
  });

  it('shows options without value, unknown ones and wrong ones', () => {
    expect(
      shown(
        option(OptionNumber.IF_MATCH, ''),
        option(OptionNumber.IF_NONE_MATCH, ''),
        option(2048, ''),
        option(2049, '00ff'),
        option(OptionNumber.BLOCK1, '1f'),
      ),
    ).toBe(
      'If-Match of no bytes, If-None-Match, Block1 0x1f (the size exponent 7 is reserved), option 2048, option 2049 0x00ff',
    );
  });
});

describe('describeMessage', () => {
  it('gives a message as plain data (RFC 7252 Appendix A, LwM2M Register)', () => {
    expect(describeMessage(fromHex('42027d38ab01 b27264 1128 3865703d6e6f646531 ff 3c2f312f303e'))).toEqual({
      type: 'CON',
      code: '0.02 POST',
      messageId: 0x7d38,
      token: 'ab01',
      options: [
        { number: 11, name: 'Uri-Path', value: 'rd' },
        { number: 12, name: 'Content-Format', value: 40, format: 'link' },
        { number: 15, name: 'Uri-Query', value: 'ep=node1' },
      ],
      payloadLength: 6,
    });
  });

  it.each(SAMPLES)('describes $name', ({ hex, parts: { type, messageId, token, options, payload } }) => {
    expect(describeMessage(fromHex(hex))).toMatchObject({
      type: ['CON', 'NON', 'ACK', 'RST'][type],
      messageId,
      token: Buffer.from(token).toString('hex'),
      options: options.map(({ number }) => ({ number })),
      payloadLength: payload.length,
    });
  });

  it.each([
    ['num 1, more, 1024 bytes', OptionNumber.BLOCK1, '1e', { num: 1, more: true, size: 1024 }],
    ['num 0, last, 64 bytes', OptionNumber.BLOCK2, '02', { num: 0, more: false, size: 64 }],
    ['num 0, last, 16 bytes', OptionNumber.BLOCK2, '', { num: 0, more: false, size: 16 }],
    ['num 68, last, 1024 bytes', OptionNumber.Q_BLOCK1, '0446', { num: 68, more: false, size: 1024 }],
  ])('takes a block value apart: %s (RFC 7959 §2.2)', (_, number, hex, value) => {
    expect(described(option(number, hex))).toMatchObject([{ number, value }]);
  });

  it('gives numbers as numbers, opaque values in hex, and names formats it knows', () => {
    const { ACCEPT, CONTENT_FORMAT, ETAG, MAX_AGE, OBSERVE } = OptionNumber;
    expect(
      described(
        option(ETAG, 'ab01'),
        option(OBSERVE, '01'),
        option(CONTENT_FORMAT, '70'),
        option(MAX_AGE, '00ffffff'),
        option(ACCEPT, 'fffe'),
      ),
    ).toEqual([
      { number: 4, name: 'ETag', hex: 'ab01' },
      { number: 6, name: 'Observe', value: 1 },
      { number: 12, name: 'Content-Format', value: 112, format: 'senml-cbor' },
      { number: 14, name: 'Max-Age', value: 0xff_ffff },
      { number: 17, name: 'Accept', value: 0xfffe },
    ]);
  });

  it('gives an option that is not in the registry in hex, under its number alone', () => {
    expect(described(option(2048, '00'), option(2050, ''))).toEqual([{ number: 2048, hex: '00' }, { number: 2050 }]);
  });

  it.each([
    [
      'a length its row forbids (RFC 7252 §5.4.3)',
      option(OptionNumber.OBSERVE, '00000001'),
      '4 bytes, allowed are 0 to 3',
    ],
    ['a value where none may be', option(OptionNumber.IF_NONE_MATCH, '00'), '1 byte, allowed is 0'],
    ['text that is not UTF-8', option(OptionNumber.URI_PATH, 'ff'), 'not UTF-8'],
    ['the size exponent 7 (RFC 7959 §2.2)', option(OptionNumber.BLOCK2, '07'), 'the size exponent 7 is reserved'],
  ])('says what is wrong with an option: %s', (_, wrong, problem) => {
    const hex = Buffer.from(wrong.value).toString('hex');
    expect(described(wrong)).toMatchObject([{ number: wrong.number, hex, problem }]);
    expect(described(wrong)).not.toMatchObject([{ value: expect.anything() }]);
  });

  it('says of the second Accept that there may be one only (RFC 7252 §5.4.5)', () => {
    const accept = option(OptionNumber.ACCEPT, '28');
    const problem = 'may stand only once';
    expect(described(accept, accept, text(2048, 'a'), text(2048, 'b'))).toEqual([
      { number: 17, name: 'Accept', value: 40, format: 'link' },
      { number: 17, name: 'Accept', value: 40, format: 'link', problem },
      { number: 2048, hex: '61' },
      { number: 2048, hex: '62' },
    ]);
    expect(described(text(11, 'a'), text(11, 'a'))).toEqual([
      { number: 11, name: 'Uri-Path', value: 'a' },
      { number: 11, name: 'Uri-Path', value: 'a' },
    ]);
  });

  it('describes more options than an endpoint takes', () => {
    const many = Array.from({ length: MAX_OPTIONS + 1 }, () => text(11, 'a'));
    expect(described(...many)).toHaveLength(MAX_OPTIONS + 1);
  });
});

describe('what is no CoAP message', () => {
  it.each<[string, MalformedReason, string]>([
    ['', 'too_short', 'no CoAP message: shorter than the header of 4 bytes (RFC 7252 §3); 0 bytes'],
    ['80010000', 'version', 'no CoAP message: the version is not 1 (RFC 7252 §3); 4 bytes'],
    ['49010001', 'token_length', 'CON, MID 1, no CoAP message: the token length is above 8 (RFC 7252 §3); 4 bytes'],
    [
      '48010001',
      'truncated_token',
      'CON, MID 1, no CoAP message: the datagram ends within the token (RFC 7252 §3); 4 bytes',
    ],
    [
      '40e10001',
      'reserved_class',
      'CON, MID 1, no CoAP message: the class of the code is none of 0, 2, 4 and 5 (RFC 7252 §12.1); 4 bytes',
    ],
    [
      '40000001ff',
      'empty_with_content',
      'CON, MID 1, no CoAP message: code 0.00 with more than a header (RFC 7252 §4.1); 5 bytes',
    ],
    [
      '60010001',
      'wrong_type',
      'ACK, MID 1, no CoAP message: an acknowledgement with a request, or a reset that is not empty (RFC 7252 §4.2, §4.3); 4 bytes',
    ],
    [
      '50010001f0',
      'option_nibble',
      'NON, MID 1, no CoAP message: an option delta or length of 15 (RFC 7252 §3.1); 5 bytes',
    ],
    [
      '40010001b3',
      'truncated_option',
      'CON, MID 1, no CoAP message: the datagram ends within an option (RFC 7252 §3.1); 5 bytes',
    ],
    [
      '40010001e0ffff',
      'option_number',
      'CON, MID 1, no CoAP message: an option number above 65535 (RFC 7252 §3.1); 7 bytes',
    ],
    [
      `40010001${'00'.repeat(1025)}`,
      'too_many_options',
      'CON, MID 1, no CoAP message: more than 1024 options; 1029 bytes',
    ],
    [
      '40010001ff',
      'empty_payload',
      'CON, MID 1, no CoAP message: a payload marker with nothing behind it (RFC 7252 §3); 5 bytes',
    ],
  ])('%s says why: %s', (hex, malformed, line) => {
    const bytes = fromHex(hex);
    expect(describeMessage(bytes)).toMatchObject({ malformed, length: bytes.length });
    expect(showMessage(bytes)).toBe(line);
  });

  it('has neither type nor message id when there is no header of this version to take them from', () => {
    expect(Object.keys(describeMessage(EMPTY))).toEqual(['malformed', 'why', 'length']);
    expect(describeMessage(fromHex('50010001f0'))).toMatchObject({ type: 'NON', messageId: 1 });
  });
});
