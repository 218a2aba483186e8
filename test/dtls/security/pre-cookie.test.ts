/** T3: before its cookie is back, a hello costs us one small answer: no state, no public-key operation, no amplification. */

import { describe, expect, it } from '@jest/globals';

import { countingProvider, nodeProvider } from '#dtls';
import type { ClientHello, Extension } from '#dtls/codec';
import { ContentType, ExtensionType, HandshakeType } from '#dtls/codec';
import { memoryInUse } from '../../support/memory.js';
import { SeededRandom } from '../../support/random.js';
import { attack, size } from './support/run.js';
import { Target, type Reply } from './support/target.js';
import {
  certificateExtensions,
  cookieIn,
  extension,
  fragment,
  hello,
  helloRecord,
  messagesOf,
  record,
} from './support/wire.js';

const ADDRESS = '198.51.100.7';

function target() {
  const provider = countingProvider(nodeProvider);
  return { provider, server: new Target({ provider }) };
}

/** What a hello without a good cookie may lead to: at most the bytes it brought, and nothing but a HelloVerifyRequest. */
function harmless(datagram: Uint8Array, replies: readonly Reply[]): boolean {
  let out = 0;
  for (const { bytes } of replies) out += bytes.length;
  const types = messagesOf(replies.map(({ bytes }) => bytes)).map(({ type }) => type);
  return (
    out <= datagram.length &&
    types.length === replies.length &&
    types.every((type) => type === HandshakeType.HELLO_VERIFY_REQUEST)
  );
}

function nothingSpent({ provider, server }: ReturnType<typeof target>): void {
  const { agree, ephemeral, open, seal, sign, verify } = provider.counts;
  expect({ agree, ephemeral, open, seal, sign, verify }).toEqual({
    agree: 0,
    ephemeral: 0,
    open: 0,
    seal: 0,
    sign: 0,
    verify: 0,
  });
  expect(server.held()).toBe(0);
  expect(server.endpoint.nextDeadline()).toBeUndefined();
}

const padding = (bytes: number): Extension => ({ type: 21, body: new Uint8Array(bytes) });
const PSK = extension(ExtensionType.EXTENDED_MASTER_SECRET);

const KINDS: readonly (readonly [string, Partial<ClientHello>])[] = [
  ['a pre-shared key', {}],
  ['certificates', { suites: [0xc0ae], extensions: certificateExtensions('x509') }],
  ['raw public keys', { suites: [0xc0ae], extensions: certificateExtensions('rpk') }],
  ['a session id', { sessionId: new Uint8Array(32).fill(9) }],
  ['a session id and a suite that is not its own', { sessionId: new Uint8Array(32).fill(9), suites: [0x00ae] }],
  ['a ticket', { extensions: [PSK, { type: ExtensionType.SESSION_TICKET, body: new Uint8Array(32).fill(9) }] }],
  ['an empty Connection ID', { extensions: [PSK, extension(ExtensionType.CONNECTION_ID, '00')] }],
  [
    'a Connection ID of 255 bytes',
    { extensions: [PSK, extension(ExtensionType.CONNECTION_ID, `ff${'ab'.repeat(255)}`)] },
  ],
  ['4 KiB of padding', { extensions: [PSK, padding(4096)] }],
  ['more bytes than a message may have', { extensions: [PSK, padding(9000)] }],
  ['no extensions', { extensions: [] }],
  ['an old version', { version: 0xfeff }],
  ['a version of TLS', { version: 0x0303 }],
];

describe('a hello without a good cookie', () => {
  it.each(KINDS)('with %s is answered by a HelloVerifyRequest alone', (_kind, fields) => {
    const all = target();
    const datagram = helloRecord(fields);
    const replies = all.server.take(ADDRESS, 1, datagram);
    expect(replies).toHaveLength(1);
    expect(harmless(datagram, replies)).toBe(true);
    nothingSpent(all);
  });

  it('in fragments is judged by its first one, and what follows is not kept', () => {
    const all = target();
    const body = hello({ extensions: [PSK, padding(400)] });
    for (let cut = 1; cut < body.length; cut += 1) {
      for (const [offset, part] of [
        [0, body.subarray(0, cut)],
        [cut, body.subarray(cut)],
      ] as const) {
        const content = fragment(HandshakeType.CLIENT_HELLO, 0, body.length, offset, part);
        const datagram = record(ContentType.HANDSHAKE, 0, 5, content);
        const replies = all.server.take(ADDRESS, 1, datagram);
        expect(harmless(datagram, replies)).toBe(true);
        expect(replies).toHaveLength(offset === 0 && cut >= 36 ? 1 : 0);
      }
    }
    nothingSpent(all);
  });

  it('does not amplify when a datagram carries as many of the smallest ones as it can', () => {
    const all = target();
    // Version, random, no session id, no cookie: what can be judged, and nothing else.
    const smallest = fragment(HandshakeType.CLIENT_HELLO, 0, 100, 0, hello().subarray(0, 36));
    for (const datagram of [
      record(ContentType.HANDSHAKE, 0, 1, Buffer.concat(Array.from({ length: 300 }, () => smallest))),
      Buffer.concat(Array.from({ length: 200 }, (_none, index) => record(ContentType.HANDSHAKE, 0, index, smallest))),
    ]) {
      const replies = all.server.take(ADDRESS, 1, datagram);
      expect(replies.length).toBeGreaterThan(100);
      expect(harmless(datagram, replies)).toBe(true);
    }
    nothingSpent(all);
  });

  attack('T3 cookies of every length, every bit flipped, other places and other fields', () => {
    const all = target();
    const { server } = all;
    const random = new SeededRandom(31);
    const good = cookieIn(server.take(ADDRESS, 1, helloRecord()));
    let tried = 0;
    const refused = (fields: Partial<ClientHello>, address = ADDRESS, port = 1): void => {
      const datagram = helloRecord(fields, 1);
      const replies = server.take(address, port, datagram);
      expect(harmless(datagram, replies)).toBe(true);
      expect(replies).toHaveLength(1);
      tried += 1;
    };
    for (let length = 0; length <= 255; length += 1) {
      refused({ cookie: random.bytes(length) });
      // Cut, or with more behind it.
      if (length !== good.length) refused({ cookie: Buffer.concat([good, new Uint8Array(255)]).subarray(0, length) });
    }
    for (let bit = 0; bit < good.length * 8; bit += 1) {
      const cookie = Uint8Array.from(good);
      cookie[bit >> 3] = (cookie[bit >> 3] as number) ^ (1 << (bit & 7));
      refused({ cookie });
    }
    refused({ cookie: good }, ADDRESS, 2);
    refused({ cookie: good }, '198.51.100.8', 1);
    refused({ cookie: good, version: 0xfeff });
    refused({ cookie: good, sessionId: Uint8Array.of(1) });
    refused({ cookie: good, random: new Uint8Array(32).fill(0x12) });
    nothingSpent(all);
    expect(server.take(ADDRESS, 1, helloRecord({ cookie: good }, 1)).length).toBeGreaterThan(0);
    expect(server.held()).toBeGreaterThan(0);
    return { counts: { cookies: tried }, seeds: '31' };
  });

  attack('T3 fuzzed hellos never get a ServerHello, and nothing is kept of them', () => {
    const all = target();
    const { server } = all;
    const random = new SeededRandom(32);
    const count = size(10_000, 1_000_000);
    const stolen = cookieIn(server.take('203.0.113.1', 1, helloRecord()));
    const wave = (hellos: number): void => {
      for (let index = 0; index < hellos; index += 1) {
        const datagram = fuzzed(random, stolen);
        const replies = server.take(
          `10.${random.integer(0, 255)}.${random.integer(0, 255)}.1`,
          random.integer(1, 65_535),
          datagram,
        );
        if (!harmless(datagram, replies)) throw new Error(`hello ${index}: ${datagram.toString('hex')}`);
      }
    };
    wave(count / 10);
    const before = memoryInUse();
    wave((count / 10) * 9);
    const grown = memoryInUse() - before;
    expect(grown).toBeLessThan(2 ** 20);
    nothingSpent(all);
    expect(server.endpoint.counters['handshakes']).toBe(0);
    expect(server.endpoint.counters['cookies_wrong']).toBeGreaterThan(count / 4);
    return { counts: { hellos: count, 'KiB of heap growth': grown / 1024 }, seeds: '32' };
  });
});

describe('a cookie', () => {
  const answered = (server: Target, cookie: Uint8Array, port: number): boolean =>
    messagesOf(server.take(ADDRESS, port, helloRecord({ cookie }, 1)).map(({ bytes }) => bytes))[0]?.type ===
    HandshakeType.SERVER_HELLO;

  it.each([
    [0, true],
    [59_000, true],
    [61_000, true],
    [119_000, true],
    [181_000, false],
    [86_400_000, false],
  ])('is known again after %d ms: %s', (span, known) => {
    const { server } = target();
    const cookie = cookieIn(server.take(ADDRESS, 1, helloRecord()));
    server.pass(span);
    expect(answered(server, cookie, 1)).toBe(known);
  });

  it('is made with a key that is renewed under load too, and the key before it is accepted', () => {
    const { server } = target();
    const first = cookieIn(server.take(ADDRESS, 1, helloRecord()));
    server.pass(60_000);
    const second = cookieIn(server.take(ADDRESS, 1, helloRecord()));
    expect(second).not.toEqual(first);
    expect(answered(server, first, 1)).toBe(true);
    server.pass(60_000);
    const third = cookieIn(server.take(ADDRESS, 1, helloRecord()));
    expect(third).not.toEqual(second);
    expect(answered(server, first, 1)).toBe(false);
  });
});

function fuzzed(random: SeededRandom, stolen: Uint8Array): Buffer {
  const kind = random.pick(KINDS)[1];
  const cookie = random.chance(0.3) ? stolen : random.bytes(random.chance(0.5) ? 20 : random.integer(0, 255));
  const few = kind.extensions !== undefined && kind.extensions.some(({ body }) => body.length > 1000);
  const datagram = helloRecord(
    {
      ...kind,
      ...(few && { extensions: [PSK] }),
      ...(random.chance(0.7) && { cookie }),
      ...(random.chance(0.5) && { random: random.bytes(32) }),
      ...(random.chance(0.2) && { sessionId: random.bytes(random.integer(0, 32)) }),
      ...(random.chance(0.2) && {
        suites: Array.from({ length: random.integer(1, 40) }, () => random.integer(0, 65_535)),
      }),
    },
    random.integer(0, 3),
  );
  if (random.chance(0.5)) return datagram;
  const flips = random.integer(1, 4);
  for (let flip = 0; flip < flips; flip += 1) datagram[random.integer(0, datagram.length - 1)] = random.integer(0, 255);
  return random.chance(0.3) ? datagram.subarray(0, random.integer(1, datagram.length)) : datagram;
}
