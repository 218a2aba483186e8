/** A client of ours at a server that is not the right one: nothing is thrown, nothing comes of it, and nothing is left. */

import { describe, expect, it } from '@jest/globals';

import { EMPTY } from '#base';
import { nodeProvider, SUITES, type CryptoProvider } from '#dtls';
import { ContentType, encodeHelloVerifyRequest, ExtensionType, HandshakeType } from '#dtls/codec';
import { VirtualClock } from '../../support/clock.js';
import { DtlsNode, knowsPsk, PSK } from '../../support/dtls.js';
import { VirtualLink } from '../../support/link.js';
import { SeededRandom } from '../../support/random.js';
import { HOSTILE_LETTERS, HostileServer, type ClientKind } from './support/hostile-server.js';
import { attack, cells, size } from './support/run.js';
import { heldBy } from './support/target.js';
import { extension, fragment } from './support/wire.js';

cells('a hostile server: cells and attacks');

const EXTENDED = extension(ExtensionType.EXTENDED_MASTER_SECRET);
const [ILLEGAL, VERSION, UNSUPPORTED, FAILURE] = [47, 70, 110, 40];

describe('a ServerHello', () => {
  it.each([
    ['a suite that does not exist', { suite: 0x1234 }, ILLEGAL],
    ['the suite NULL', { suite: 0 }, ILLEGAL],
    ['a suite of CBC', { suite: 0x00ae }, ILLEGAL],
    ['a suite for certificates, which were not offered', { suite: 0xc0ae }, ILLEGAL],
    ['DTLS 1.0', { version: 0xfeff }, VERSION],
    ['DTLS 1.3', { version: 0xfefc }, VERSION],
    ['TLS 1.2', { version: 0x0303 }, VERSION],
    ['compression', { compression: 1 }, ILLEGAL],
    ['no extended master secret', { extensions: [] }, FAILURE],
    ['an extension that was not offered', { extensions: [EXTENDED, extension(16, '0003026832')] }, UNSUPPORTED],
    ['a connection before this', { extensions: [EXTENDED, extension(0xff01, '0c' + '00'.repeat(12))] }, FAILURE],
    ['a ticket that was not asked for', { extensions: [EXTENDED, extension(35)] }, UNSUPPORTED],
    ['a Connection ID that was not asked for', { extensions: [EXTENDED, extension(54, '0411223344')] }, UNSUPPORTED],
  ] as const)('with %s ends the handshake with alert', (_what, fields, alert) => {
    const server = new HostileServer('psk');
    server.letter('helloVerifyRequest');
    server.hello({ ...fields, ...('extensions' in fields && { extensions: [...fields.extensions] }) });
    expect(server.alerts()).toEqual([alert]);
    expect(server.failures).toHaveLength(1);
    server.verify();
  });

  it.each(SUITES.map(({ name, id }) => [name, id] as const))(
    'with %s is refused by a client that offers one other suite alone',
    (_name, id) => {
      const other = id === 0xc0a8 ? 0xc0a4 : 0xc0a8;
      const server = new HostileServer('psk', { parameters: { suites: [other] } });
      server.hello({ suite: id });
      expect(server.failures).toEqual(['suite_not_offered']);
      server.verify();
    },
  );

  it('cut off anywhere, alone or with a wrong length, ends the handshake or is dropped', () => {
    const body = Buffer.concat([
      Buffer.from('fefd' + '55'.repeat(32) + '20' + '04'.repeat(32) + 'c0a800', 'hex'),
      Buffer.from('0009' + '00170000' + 'ff01000100', 'hex'),
    ]);
    for (let length = 0; length < body.length; length += 1) {
      const server = new HostileServer('psk');
      server.say(HandshakeType.SERVER_HELLO, body.subarray(0, length));
      server.verify();
      for (const claimed of [0, length - 1, length + 1, 65_535, 0xff_ff_ff]) {
        const another = new HostileServer('psk');
        another.content(
          ContentType.HANDSHAKE,
          fragment(HandshakeType.SERVER_HELLO, 0, Math.max(claimed, 0), 0, body.subarray(0, length)),
        );
        another.verify();
      }
    }
    const sound = new HostileServer('psk');
    sound.say(HandshakeType.SERVER_HELLO, body);
    expect(sound.failures).toEqual([]);
  });
});

describe('a certificate', () => {
  it('that is refused ends the handshake before anything is proven or told', () => {
    const server = new HostileServer('x509', { answer: { is: 'refused', alert: 42 }, provider: nodeProvider });
    server.flight();
    expect(server.alerts()).toEqual([42]);
    server.verify();
  });

  it.each([
    ['of another handshake', (server: HostileServer) => server.keyExchange(new Uint8Array(32)), 51],
    [
      'with a group that was not offered',
      (server: HostileServer) => server.keyExchange(new Uint8Array(32).fill(0x55), 24),
      47,
    ],
  ])('with a key exchange %s ends the handshake', (_what, exchange, alert) => {
    const server = new HostileServer('x509', { provider: nodeProvider, parameters: { groups: [23] } });
    server.hello();
    server.letter('certificate');
    exchange(server);
    expect(server.alerts()).toEqual([alert]);
    server.verify();
  });

  it.each(['emptyCertificate', 'keyExchange', 'done', 'request'] as const)(
    'in the place of which %s comes is not done without',
    (letter) => {
      const server = new HostileServer('x509');
      server.hello();
      server.letter(letter);
      server.letter('done');
      server.letter('changeCipherSpec');
      server.letter('sealedFinished');
      server.verify();
    },
  );
});

describe('a server that has no key of the client', () => {
  it.each(['psk', 'x509'] as const)('gets a whole flight with %s, and then nothing', (kind) => {
    const server = new HostileServer(kind);
    server.flight();
    server.letter('changeCipherSpec');
    for (const letter of ['plainFinished', 'sealedFinished', 'sealedData', 'plainData'] as const) server.letter(letter);
    expect(server.failures).toEqual([]);
    server.verify();
    expect(server.failures).toEqual(['handshake_timeout']);
  });

  it.each([
    ['another key', undefined, 'another'],
    ['the key, and a Finished that is wrong', withWrongFinished(nodeProvider), 'same'],
  ] as const)('but %s is left, and told nothing', (_what, provider, key) => {
    const clock = new VirtualClock();
    const link = new VirtualLink(clock, new SeededRandom(1));
    const other = { is: 'key', key: new Uint8Array(16), owner: { kind: 'psk', name: 'x', endpoint: 'x' } } as const;
    const server = new DtlsNode(link, new SeededRandom(2), '192.0.2.1', {
      answer: (question) => (key === 'another' && question.about === 'psk' ? other : knowsPsk(question)),
      ...(provider !== undefined && { provider }),
    }).serve();
    const client = new DtlsNode(link, new SeededRandom(3), '198.51.100.7').connect({ psk: PSK });
    client.say(clock.now(), server, 'secret');
    link.run(clock.now() + 400_000);
    expect(client.told('established')).toEqual([]);
    expect(server.received).toEqual([]);
    expect(heldBy(client.endpoint)).toBe(0);
  });
});

/** A provider whose server says a Finished that is not that of the handshake. */
function withWrongFinished(provider: CryptoProvider): CryptoProvider {
  return {
    ...provider,
    hmac: (name, key, bytes) => {
      const mac = Buffer.from(provider.hmac(name, key, bytes));
      if (Buffer.from(bytes).includes('server finished')) mac[0] = (mac[0] as number) ^ 1;
      return mac;
    },
  };
}

describe('floods', () => {
  attack('a hostile server: HelloVerifyRequests without end, new and again, lead to one more hello', () => {
    const floods = size(5000, 500_000);
    const server = new HostileServer('psk');
    for (let count = 0; count < floods; count += 1) {
      const cookie = new Uint8Array(1 + (count % 255)).fill(count);
      server.say(HandshakeType.HELLO_VERIFY_REQUEST, encodeHelloVerifyRequest(cookie), count % 3);
    }
    expect(server.sent).toHaveLength(2);
    server.verify();
    return { counts: { HelloVerifyRequests: floods }, seeds: 'none' };
  });

  attack('a hostile server: every message of every number, and pieces of 16 MiB, are held to their caps', () => {
    const floods = size(2000, 65_536);
    const server = new HostileServer('psk');
    const before = server.sent.length;
    for (let sequence = 0; sequence < floods; sequence += 1) {
      const at = sequence * Math.floor(65_536 / floods);
      server.content(ContentType.HANDSHAKE, fragment(HandshakeType.CERTIFICATE, at, 1300, 0, new Uint8Array(1)));
      server.content(
        ContentType.HANDSHAKE,
        fragment(HandshakeType.SERVER_HELLO, 0, 0xff_ff_ff, sequence, new Uint8Array(1)),
      );
      server.content(ContentType.HANDSHAKE, fragment(HandshakeType.SERVER_HELLO, 0, 400, sequence % 400, EMPTY));
    }
    expect(server.sent).toHaveLength(before);
    server.verify();
    return { counts: { pieces: 3 * floods }, seeds: 'none' };
  });
});

describe.each(['psk', 'x509'] as const)('everything a server can say to a client with %s', (kind) => {
  const play = (letters: readonly (typeof HOSTILE_LETTERS)[number][], with_: ClientKind = kind): void => {
    const server = new HostileServer(with_);
    for (const letter of letters) server.letter(letter);
    try {
      server.verify();
    } catch (error) {
      throw new Error(`${letters.join(' ')}: ${String(error)}`, { cause: error });
    }
  };

  attack(`a hostile server: all sequences to a client with ${kind}`, (progress) => {
    const length = size(3, 4);
    const all = HOSTILE_LETTERS.length ** length;
    for (let number = 0; number < all; number += 1) {
      progress(number, all);
      let rest = number;
      play(
        Array.from({ length }, () => {
          const letter = HOSTILE_LETTERS[rest % HOSTILE_LETTERS.length] ?? 'done';
          rest = Math.floor(rest / HOSTILE_LETTERS.length);
          return letter;
        }),
      );
    }
    return { counts: { sequences: all, 'messages each': length }, seeds: 'none' };
  });

  attack(`a hostile server: sequences of ten that lean to what is due, to a client with ${kind}`, (progress) => {
    const seed = kind === 'psk' ? 101 : 102;
    const random = new SeededRandom(seed);
    const all = size(1000, 50_000);
    const due = [
      'serverHello',
      ...(kind === 'x509' ? (['certificate', 'keyExchange', 'request'] as const) : []),
      'done',
      'changeCipherSpec',
    ] as const;
    for (let count = 0; count < all; count += 1) {
      progress(count, all);
      let at = 0;
      play(
        Array.from({ length: 10 }, () => {
          if (!random.chance(0.6)) return random.pick(HOSTILE_LETTERS);
          at += 1;
          return due[at - 1] ?? 'sealedFinished';
        }),
      );
    }
    return { counts: { sequences: all }, seeds: `${seed}` };
  });
});
