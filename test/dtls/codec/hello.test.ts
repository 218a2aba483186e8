import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { DecodeError, EMPTY, fromHex, InvariantError, toHex } from '#base';
import {
  decodeClientHello,
  decodeHelloVerifyRequest,
  decodeServerHello,
  DTLS_1_2,
  encodeClientHello,
  encodeHelloVerifyRequest,
  encodeServerHello,
  findExtension,
  HANDSHAKE_HEADER,
  MAX_EXTENSIONS,
  readHelloHead,
  RECORD_HEADER,
} from '#dtls/codec';
import type { ClientHello, ServerHello } from '#dtls/codec';

const HEADERS = RECORD_HEADER + HANDSHAKE_HEADER;

function clientHello(changes: Partial<ClientHello> = {}): ClientHello {
  return {
    version: DTLS_1_2,
    random: new Uint8Array(32).fill(0x52),
    sessionId: EMPTY,
    cookie: EMPTY,
    suites: [0xc0a8],
    compressions: [0],
    extensions: [],
    ...changes,
  };
}

const SERVER_HELLO: ServerHello = {
  version: DTLS_1_2,
  random: new Uint8Array(32).fill(0x53),
  sessionId: EMPTY,
  suite: 0xc0a8,
  compression: 0,
  extensions: [],
};

/** A decoded hello with values that compare by content alone. */
function plain(value: unknown): unknown {
  return JSON.parse(
    JSON.stringify(value, (_, member: unknown) =>
      ArrayBuffer.isView(member) ? toHex(member as Uint8Array) : member,
    ).replaceAll(/\{"type":"Buffer","data":\[([\d,]*)\]\}/g, (_, list: string) =>
      JSON.stringify(toHex(Uint8Array.from(list === '' ? [] : list.split(','), Number))),
    ),
  ) as unknown;
}

/** The reason of a DecodeError. */
function refusal(decode: () => unknown): string {
  try {
    decode();
  } catch (error) {
    if (error instanceof DecodeError) return error.reason;
    throw error;
  }
  return 'none';
}

/** A ClientHello up to and without its suites, then `tail`. */
function hello(tail: string): Buffer {
  return fromHex(`fefd${'52'.repeat(32)}0000${tail}`);
}

const anyExtensions = fc.uniqueArray(
  fc.record({ type: fc.nat({ max: 0xffff }), body: fc.uint8Array({ maxLength: 40 }) }),
  { selector: ({ type }) => type, maxLength: 20 },
);
const anyRandom = fc.uint8Array({ minLength: 32, maxLength: 32 });
const anySessionId = fc.uint8Array({ maxLength: 32 });

describe('a ClientHello', () => {
  it('reads back as it was written', () => {
    fc.assert(
      fc.property(
        fc.record({
          version: fc.nat({ max: 0xffff }),
          random: anyRandom,
          sessionId: anySessionId,
          cookie: fc.uint8Array({ maxLength: 255 }),
          suites: fc.array(fc.nat({ max: 0xffff }), { minLength: 1, maxLength: 40 }),
          compressions: fc.array(fc.nat({ max: 255 }), { minLength: 1, maxLength: 4 }),
          extensions: anyExtensions,
        }),
        (value) => {
          const body = encodeClientHello(value);
          expect(plain(decodeClientHello(body))).toEqual(plain(value));
          const { version, random, sessionId, cookie } = value;
          expect(plain(readHelloHead(body))).toEqual(plain({ version, random, sessionId, cookie }));
        },
      ),
    );
  });

  it('has no extensions when it ends before them, and is written so', () => {
    const bytes = hello('0002c0a80100');
    expect(decodeClientHello(bytes).extensions).toEqual([]);
    expect(toHex(encodeClientHello(decodeClientHello(bytes)))).toBe(toHex(bytes));
  });

  it('has no extensions when their block is empty', () => {
    expect(decodeClientHello(hello('0002c0a801000000')).extensions).toEqual([]);
  });

  it.each([
    ['of no suites', '00000100', 'bad_length'],
    ['of half a suite', '0001c00100', 'bad_length'],
    ['of a suite and a half', '0003c0a8c00100', 'bad_length'],
    ['of 65,535 bytes of suites', `ffff${'c0'.repeat(0xffff)}0100`, 'bad_length'],
    ['of no compressions', '0002c0a800', 'bad_length'],
    ['that ends within the length of the block', '0002c0a8010000', 'truncated'],
    ['with a block shorter than what follows', '0002c0a80100000400170000ff', 'trailing_bytes'],
    ['with a block that ends within an extension', '0002c0a80100000500170001', 'truncated'],
    ['with an extension that reaches out of its block', '0002c0a80100000600170003aabb', 'truncated'],
    ['with an extension twice', '0002c0a80100000c00170000ff0100000017' + '0000', 'duplicate_extension'],
    ['with an unknown extension twice', '0002c0a801000009fafa000100fafa0000', 'duplicate_extension'],
  ])('%s is refused', (_, tail, reason) => {
    expect(refusal(() => decodeClientHello(hello(tail)))).toBe(reason);
  });

  it('of an odd list of 65,535 bytes is refused in no time', () => {
    const bytes = hello(`ffff${'c0'.repeat(0xffff)}0100`);
    const start = performance.now();
    for (let times = 0; times < 100; times += 1) refusal(() => decodeClientHello(bytes));
    expect((performance.now() - start) / 100).toBeLessThan(1);
  });

  it('has a session id of at most 32 bytes', () => {
    const withId = (size: number) => fromHex(`fefd${'52'.repeat(32)}${toHex(Uint8Array.of(size))}${'1d'.repeat(size)}`);
    const rest = fromHex('000002c0a80100');
    expect(decodeClientHello(Buffer.concat([withId(32), rest])).sessionId).toHaveLength(32);
    expect(refusal(() => decodeClientHello(Buffer.concat([withId(33), rest])))).toBe('bad_length');
    expect(refusal(() => decodeClientHello(Buffer.concat([withId(255), rest])))).toBe('bad_length');
  });

  it(`has at most ${MAX_EXTENSIONS} extensions`, () => {
    const many = (count: number) => Array.from({ length: count }, (_, type) => ({ type, body: EMPTY }));
    const encoded = (count: number) => encodeClientHello(clientHello({ extensions: many(count) }));
    expect(decodeClientHello(encoded(MAX_EXTENSIONS)).extensions).toHaveLength(MAX_EXTENSIONS);
    expect(refusal(() => decodeClientHello(encoded(MAX_EXTENSIONS + 1)))).toBe('too_many');
  });

  it('gives views of the message it was read from', () => {
    const bytes = hello('0002c0a80100000500170001aa');
    const read = decodeClientHello(bytes);
    bytes.fill(0xee);
    expect(read.random[0]).toBe(0xee);
    expect(findExtension(read.extensions, 23)).toEqual(Buffer.from([0xee]));
  });

  it.each([
    ['a random of 31 bytes', clientHello({ random: new Uint8Array(31) })],
    ['a session id of 33 bytes', clientHello({ sessionId: new Uint8Array(33) })],
    ['a cookie of 256 bytes', clientHello({ cookie: new Uint8Array(256) })],
    ['no suites', clientHello({ suites: [] })],
    ['a suite of 17 bits', clientHello({ suites: [0x1_0000] })],
    ['more suites than a length can say', clientHello({ suites: Array.from({ length: 32_768 }, () => 1) })],
    ['no compressions', clientHello({ compressions: [] })],
    ['a version of 17 bits', clientHello({ version: 0x1_0000 })],
    ['an extension number of 17 bits', clientHello({ extensions: [{ type: 0x1_0000, body: EMPTY }] })],
    ['too long an extension', clientHello({ extensions: [{ type: 1, body: new Uint8Array(65_532) }] })],
  ])('is not written with %s', (_, value) => {
    expect(() => encodeClientHello(value)).toThrow(InvariantError);
  });
});

describe('the head of a ClientHello', () => {
  const cookie = new Uint8Array(20).fill(0xcc);

  it.each([
    ['without a session id', 0, 81],
    ['with a session id of 32 bytes', 32, 113],
  ])('%s holds a cookie of 20 bytes within a datagram of %d + %d bytes', (_, size, datagram) => {
    const sessionId = new Uint8Array(size).fill(0x1d);
    const body = encodeClientHello(clientHello({ sessionId, cookie }));
    expect(readHelloHead(body.subarray(0, datagram - HEADERS))).toMatchObject({
      cookie: Buffer.from(cookie),
      sessionId: Buffer.from(sessionId),
    });
    expect(readHelloHead(body.subarray(0, datagram - HEADERS - 1))).toBe('hello_cut_before_cookie');
  });

  it('is cut at every byte before the end of the cookie, and the same at every byte behind it', () => {
    const sessionId = new Uint8Array(7).fill(0x1d);
    const body = encodeClientHello(
      clientHello({ sessionId, cookie, extensions: [{ type: 54, body: Uint8Array.of(0) }] }),
    );
    const end = 2 + 32 + 1 + 7 + 1 + 20;
    const whole = readHelloHead(body);
    expect(whole).toMatchObject({ version: DTLS_1_2, cookie: Buffer.from(cookie) });
    for (let length = 0; length <= body.length; length += 1) {
      const around = new Uint8Array(body.length + 300);
      around.set(body.subarray(0, length), 4);
      const head = readHelloHead(around.subarray(4, 4 + length));
      if (length < end) expect([length, head]).toEqual([length, 'hello_cut_before_cookie']);
      else expect(plain(head)).toEqual(plain(whole));
    }
  });

  it('is read whatever follows the cookie', () => {
    expect(readHelloHead(hello('0001'))).toMatchObject({ version: DTLS_1_2, cookie: Buffer.alloc(0) });
  });

  it('needs no cookie that a length claims and the bytes do not have', () => {
    for (let said = 0; said <= 255; said += 1) {
      const bytes = hello('aabbcc');
      bytes[35] = said;
      const head = readHelloHead(bytes);
      if (said <= 3) expect(head).toMatchObject({ cookie: fromHex('aabbcc').subarray(0, said) });
      else expect(head).toBe('hello_cut_before_cookie');
    }
  });

  it('is malformed when it claims a session id of more than 32 bytes, however much of that is there', () => {
    for (let said = 0; said <= 255; said += 1) {
      const bytes = Buffer.alloc(35 + 32 + 1);
      bytes[34] = said;
      expect(readHelloHead(bytes) === 'hello_malformed').toBe(said > 32);
      expect(readHelloHead(bytes.subarray(0, 35)) === 'hello_malformed').toBe(said > 32);
    }
  });

  it('is read or refused for any bytes, and agrees with the whole hello', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 120 }), (bytes) => {
        const head = readHelloHead(bytes);
        if (typeof head === 'string') expect(() => decodeClientHello(bytes)).toThrow(DecodeError);
        else expect(head.random).toHaveLength(32);
      }),
    );
  });
});

describe('a ServerHello', () => {
  it('reads back as it was written', () => {
    fc.assert(
      fc.property(
        fc.record({
          version: fc.nat({ max: 0xffff }),
          random: anyRandom,
          sessionId: anySessionId,
          suite: fc.nat({ max: 0xffff }),
          compression: fc.nat({ max: 255 }),
          extensions: anyExtensions,
        }),
        (value) => {
          expect(plain(decodeServerHello(encodeServerHello(value)))).toEqual(plain(value));
        },
      ),
    );
  });

  it('ends behind the compression when there are no extensions', () => {
    expect(toHex(encodeServerHello(SERVER_HELLO))).toBe(`fefd${'53'.repeat(32)}00c0a800`);
  });

  it('with an extension twice is refused', () => {
    const twice = { ...SERVER_HELLO, extensions: [23, 54, 23].map((type) => ({ type, body: EMPTY })) };
    expect(refusal(() => decodeServerHello(encodeServerHello(twice)))).toBe('duplicate_extension');
  });

  it.each([
    ['a session id of 33 bytes', { sessionId: new Uint8Array(33) }],
    ['a suite of 17 bits', { suite: 0x1_0000 }],
    ['a compression of 9 bits', { compression: 256 }],
  ])('is not written with %s', (_, changes) => {
    expect(() => encodeServerHello({ ...SERVER_HELLO, ...changes })).toThrow(InvariantError);
  });
});

describe('a HelloVerifyRequest', () => {
  it('reads back with cookies of every length', () => {
    for (let size = 0; size <= 255; size += 1) {
      const cookie = new Uint8Array(size).fill(size);
      const body = encodeHelloVerifyRequest(cookie);
      expect(toHex(body.subarray(0, 3))).toBe(`feff${toHex(Uint8Array.of(size))}`);
      expect(toHex(decodeHelloVerifyRequest(body).cookie)).toBe(toHex(cookie));
    }
    expect(() => encodeHelloVerifyRequest(new Uint8Array(256))).toThrow(InvariantError);
  });
});
