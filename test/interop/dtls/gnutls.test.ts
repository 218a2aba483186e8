/** GnuTLS's gnutls-cli against our server, and our client against its gnutls-serv. */

import { writeFileSync } from 'node:fs';

import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';

import { Milliseconds } from '#base';
import { suiteNamed, type ClientOffer, type DtlsParameters, type ServerOffer } from '#transport';

import { need } from '../support/leshan.js';
import { freePort } from '../support/ports.js';
import { eventually, Program, run } from '../support/processes.js';
import { Relay } from '../support/relay.js';
import { Credentials, PSK, type Name } from './support/credentials.js';
import { CELL_TIME, Figures } from './support/figures.js';
import { Clients, echoRequest, fresh, SecureClient, SecureServer } from './support/secure-ends.js';

const figures = new Figures('GnuTLS');
let version = '?';
let credentials: Credentials;

beforeAll(() => {
  need('gnutls-cli', 'gnutls-bin');
  need('openssl', 'openssl');
  version = run('gnutls-cli', ['--version']).split('\n')[0]?.split(' ')[1] ?? '?';
  credentials = new Credentials();
  writeFileSync(credentials.path('pskpass'), `${PSK.identity}:${PSK.hex}\n`);
}, 300_000);

afterAll(() => {
  credentials?.dispose();
  figures.print(version);
});

/** GnuTLS's name of a cipher, and the suites that are made with it. */
const CIPHERS = [
  ['AES-128-CCM-8', 'TLS_PSK_WITH_AES_128_CCM_8', 'TLS_ECDHE_ECDSA_WITH_AES_128_CCM_8'],
  ['AES-128-CCM', 'TLS_PSK_WITH_AES_128_CCM', 'TLS_ECDHE_ECDSA_WITH_AES_128_CCM'],
  ['AES-128-GCM', 'TLS_PSK_WITH_AES_128_GCM_SHA256', 'TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256'],
  ['AES-256-GCM', 'TLS_PSK_WITH_AES_256_GCM_SHA384', 'TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384'],
] as const;
const [[CCM8, PSK_CCM8, ECDSA_CCM8]] = CIPHERS;
const RSA_GCM = 'TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256';
const RAW = '+CTYPE-CLI-RAWPK:+CTYPE-SRV-RAWPK';
/** Size of datagrams, and what is left for UDP's content. */
const [MTU, PAYLOAD] = [256, 228];
/** Where they stand in a datagram whose record is a handshake fragment. */
const [HANDSHAKE_TYPE, FRAGMENT_OFFSET] = [13, 19];

const pskPriority = (cipher: string): string => `NORMAL:-KX-ALL:+PSK:-CIPHER-ALL:+${cipher}:-VERS-ALL:+VERS-DTLS1.2`;
const keyPriority = (cipher: string, types: string, { kx = 'ECDHE-ECDSA', groups = '+GROUP-SECP256R1' } = {}): string =>
  `NONE:+VERS-DTLS1.2:+${kx}:+${cipher}:+AEAD:+COMP-NULL:+SIGN-ALL:${groups}:${types}`;
const psk = (key: string = PSK.hex): string[] => ['--pskusername', PSK.identity, '--pskkey', key];
const x509 = (): string[] => [
  ...['--x509certfile', credentials.path('cli.pem'), '--x509keyfile', credentials.path('cli.key')],
  ...['--x509cafile', credentials.path('ca.pem'), '--sni-hostname', 'localhost', '--verify-hostname', 'localhost'],
];
const raw = (name: Name): string[] => [
  ...['--rawpkkeyfile', credentials.path(`${name}.key`), '--rawpkfile', credentials.path(`${name}.pub.pem`)],
];
const pskOffer: Partial<ServerOffer> = { psk: 'offered' };
const offerOf = (kind: 'x509' | 'rpk', name: Name = 'srv'): Partial<ServerOffer> => ({
  proofs: [credentials.proof(name, kind)],
  clientProofs: [kind],
});

function client(port: number, priority: string, ...args: string[]): Program {
  const common = ['--udp', '-p', String(port), '127.0.0.1', '--priority', priority];
  return new Program('gnutls-cli', 'gnutls-cli', [...common, ...args]);
}

/** A handshake, an echo, an end: gnutls-cli takes standard input once it has shaken hands. */
async function exchange(
  server: SecureServer,
  suite: string,
  priority: string,
  args: readonly string[],
  port = server.port,
): Promise<void> {
  const [before, gone] = [server.told.suites.length, server.told.closed.length];
  const program = client(port, priority, ...args);
  const line = fresh();
  program.child.stdin.write(echoRequest(line));
  await program.line(new RegExp(line), 0, 20_000);
  program.child.stdin.end();
  await server.ended('closed_by_peer', gone + 1);
  expect(await program.ended()).toBe(0);
  expect(program.output()).toContain('extended master secret');
  expect(server.told.suites.slice(before)).toEqual([suite]);
}

async function cell(
  name: string,
  suite: string,
  client: readonly [priority: string, args: readonly string[]],
  offer: Partial<ServerOffer>,
  parameters: Partial<DtlsParameters> = {},
): Promise<void> {
  const server = await SecureServer.open(credentials, offer, parameters);
  try {
    await figures.cell(`gnutls-cli: ${name}`, () => exchange(server, suite, ...client));
    expect(server.told.failed).toEqual([]);
  } finally {
    await server.close();
  }
}

/**
 * A client that shakes hands, ends, and goes on with its session in another association, over which it has a line echoed; once
 * our server keeps no session it shakes hands in full there.
 */
async function resumedCell(
  name: string,
  suite: string,
  [priority, args]: readonly [priority: string, args: readonly string[]],
  offer: Partial<ServerOffer>,
): Promise<void> {
  for (const sessions of ['kept', 'forgotten'] as const) {
    const server = await SecureServer.open(credentials, offer, {}, sessions);
    const second = sessions === 'kept' ? `${suite}, resumed` : suite;
    try {
      await figures.cell(`gnutls-cli: ${name}, resumed${sessions === 'kept' ? '' : ', forgotten'}`, async (round) => {
        const program = client(server.port, priority, ...args, '--resume');
        const line = fresh();
        program.child.stdin.write(echoRequest(line));
        await program.line(new RegExp(line), 0, 20_000);
        program.child.stdin.end();
        await server.ended('closed_by_peer', 2 * (round + 1));
        expect(await program.ended()).toBe(0);
        expect(server.told.suites.slice(2 * round)).toEqual([suite, second]);
        expect(server.offered).toBe(round + 1);
        expect(server.count('established_resumed')).toBe(sessions === 'kept' ? round + 1 : 0);
      });
      expect(server.told.failed).toEqual([]);
    } finally {
      await server.close();
    }
  }
}

describe("GnuTLS's client against our server", () => {
  it.each(CIPHERS)(
    'talks with a pre-shared key and %s',
    (cipher, suite, _ecdsa) => cell(`PSK ${cipher}`, suite, [pskPriority(cipher), psk()], pskOffer),
    CELL_TIME,
  );

  it.each(CIPHERS)(
    'talks with certificates of both sides and %s',
    (cipher, _psk, suite) =>
      cell(`certificates ${cipher}`, suite, [keyPriority(cipher, '+CTYPE-X509'), x509()], offerOf('x509')),
    CELL_TIME,
  );

  it.each([CIPHERS[0], CIPHERS[2]])(
    'talks with raw public keys of both sides and %s',
    (cipher, _psk, suite) =>
      cell(
        `raw public keys ${cipher}`,
        suite,
        [keyPriority(cipher, RAW), [...raw('cli'), '--insecure']],
        offerOf('rpk'),
      ),
    CELL_TIME,
  );

  it(
    'talks to a server whose certificate has an RSA key',
    () =>
      cell(
        'certificates, RSA, AES-128-GCM',
        RSA_GCM,
        [keyPriority('AES-128-GCM', '+CTYPE-X509', { kx: 'ECDHE-RSA' }), x509()],
        offerOf('x509', 'rsa'),
      ),
    CELL_TIME,
  );

  it.each([
    ['X25519', 29],
    ['SECP384R1', 24],
  ])(
    'agrees on a key in %s',
    (group, number) => {
      const groups = `+GROUP-${group}:+GROUP-SECP256R1`;
      const priority = keyPriority(CCM8, '+CTYPE-X509', { groups });
      return cell(`certificates ${CCM8}, ${group}`, ECDSA_CCM8, [priority, x509()], offerOf('x509'), {
        groups: [number],
      });
    },
    CELL_TIME,
  );

  it.each([
    ['a ticket', []],
    ['a session id', ['--noticket']],
  ])(
    'goes on with its session by %s',
    async (what, more) => {
      const [byKey, byProof] = [pskPriority(CCM8), keyPriority(CCM8, '+CTYPE-X509')];
      await resumedCell(`PSK ${CCM8}, by ${what}`, PSK_CCM8, [byKey, [...psk(), ...more]], pskOffer);
      await resumedCell(
        `certificates ${CCM8}, by ${what}`,
        ECDSA_CCM8,
        [byProof, [...x509(), ...more]],
        offerOf('x509'),
      );
    },
    CELL_TIME,
  );

  it.each([
    ['a pre-shared key', PSK_CCM8, () => [pskPriority(CCM8), psk()] as const, () => pskOffer],
    ['certificates', ECDSA_CCM8, () => [keyPriority(CCM8, '+CTYPE-X509'), x509()] as const, () => offerOf('x509')],
    [
      'raw public keys',
      ECDSA_CCM8,
      () => [keyPriority(CCM8, RAW), [...raw('cli'), '--insecure']] as const,
      () => offerOf('rpk'),
    ],
  ])(
    'talks in datagrams of 256 bytes with %s',
    async (what, suite, how, offer) => {
      const [priority, args] = how();
      const small = [...args, '--mtu', String(MTU)];
      await cell(`${what} ${CCM8}, MTU ${MTU}`, suite, [priority, small], offer(), { mtu: PAYLOAD });
    },
    CELL_TIME,
  );

  it('cuts its hello in pieces that our server puts together without having kept the first', async () => {
    const server = await SecureServer.open(credentials, pskOffer, { mtu: PAYLOAD });
    const relay = await Relay.to(server.port);
    try {
      // All that GnuTLS has by default makes a hello too long for one datagram.
      const priority = `NORMAL:+PSK:+${CCM8}:-VERS-ALL:+VERS-DTLS1.2`;
      await exchange(server, PSK_CCM8, priority, [...psk(), '--mtu', String(MTU)], relay.port);
      const hellos = relay.captured.filter(({ direction, bytes }) => direction === 'up' && bytes[HANDSHAKE_TYPE] === 1);
      // One without a cookie, and one with it in two pieces, of which the second begins behind the cookie.
      const offsets = hellos.map(({ bytes }) => bytes.readUIntBE(FRAGMENT_OFFSET, 3));
      expect(offsets).toHaveLength(3);
      expect(offsets.slice(0, 2)).toEqual([0, 0]);
      expect(offsets[2]).toBeGreaterThan(100);
    } finally {
      relay.close();
      await server.close();
    }
  }, 60_000);

  it(
    'gets no word with a wrong key, and talks with the right one afterwards',
    async () => {
      const server = await SecureServer.open(credentials, pskOffer);
      try {
        await figures.cell(
          'gnutls-cli: wrong key',
          async (round) => {
            const program = client(server.port, pskPriority(CCM8), ...psk(PSK.wrong));
            await eventually('two Finished that do not open', () =>
              server.count('dropped_record_not_genuine') >= 2 * (round + 1) ? true : undefined,
            );
            expect(program.child.exitCode).toBeNull();
            expect(server.told.suites).toHaveLength(round);
            await program.stop('SIGKILL');
            await exchange(server, PSK_CCM8, pskPriority(CCM8), psk());
          },
          3,
        );
      } finally {
        await server.close();
      }
    },
    CELL_TIME,
  );

  it('is refused when it proves another raw public key, or none', async () => {
    const server = await SecureServer.open(credentials, offerOf('rpk'));
    try {
      const other = client(server.port, keyPriority(CCM8, RAW), ...raw('stranger'), '--insecure');
      await eventually('the first refusal', () => server.told.failed[0]);
      await other.stop('SIGKILL');
      const none = client(server.port, keyPriority(CCM8, '+CTYPE-X509'), '--insecure');
      expect(await none.ended()).toBe(1);
      expect(server.told.suites).toEqual([]);
      expect(new Set(server.told.failed)).toEqual(new Set(['proof_refused', 'no_shared_signature']));
    } finally {
      await server.close();
    }
  }, 60_000);
});

/** Handshakes of ours, one after the other, with one gnutls-serv, which sends back every byte. */
async function serverCell(
  name: string,
  suite: string,
  args: readonly string[],
  offer: Partial<ClientOffer>,
  more: {
    readonly parameters?: Partial<DtlsParameters>;
    readonly server?: Name;
    readonly sessions?: 'kept';
  } = {},
): Promise<void> {
  const port = await freePort();
  const theirs = new Program('gnutls-serv', 'gnutls-serv', ['--udp', '-p', String(port), '--echo', ...args]);
  const suites = [suiteNamed(suite)?.id ?? 0];
  const retransmission = Milliseconds(250);
  const parameters = { suites, retransmission, ...more.parameters };
  const ours = new Clients(suite, more.sessions ?? 'none', () =>
    SecureClient.open(credentials, offer, parameters, more.server),
  );
  try {
    await eventually('the server', () => (theirs.output().includes('listening on IPv4') ? true : undefined));
    await figures.cell(`gnutls-serv: ${name}`, (round) =>
      ours.round(round, port, async (client) => {
        const line = fresh();
        expect(await client.ask(port, 'echo', line)).toBe(line);
      }),
    );
  } finally {
    await ours.close();
    await theirs.stop('SIGKILL');
  }
}

describe("our client against GnuTLS's server", () => {
  const pskServer = (): string[] => ['--pskpasswd', credentials.path('pskpass')];
  const ours: Partial<ClientOffer> = { psk: { identity: Buffer.from(PSK.identity), key: Buffer.from(PSK.hex, 'hex') } };
  const demanding = ['--require-client-cert', '--verify-client-cert'];
  const x509Server = (name: Name = 'srv'): string[] => [
    ...['--x509certfile', credentials.path(`${name}.pem`), '--x509keyfile', credentials.path(`${name}.key`)],
    ...['--x509cafile', credentials.path('ca.pem'), ...demanding],
  ];
  const proven = (kind: 'x509' | 'rpk'): Partial<ClientOffer> => ({
    proof: credentials.proof('cli', kind),
    serverProofs: [kind],
    serverName: 'localhost',
  });

  it.each([CIPHERS[0], CIPHERS[2], CIPHERS[3]])(
    'talks with a pre-shared key and %s',
    (cipher, suite, _ecdsa) =>
      serverCell(`PSK ${cipher}`, suite, [...pskServer(), '--priority', pskPriority(cipher)], ours),
    CELL_TIME,
  );

  it.each([CIPHERS[0], CIPHERS[2], CIPHERS[3]])(
    'talks with certificates of both sides and %s',
    (cipher, _psk, suite) => {
      const priority = ['--priority', keyPriority(cipher, '+CTYPE-X509')];
      return serverCell(`certificates ${cipher}`, suite, [...x509Server(), ...priority], proven('x509'));
    },
    CELL_TIME,
  );

  it(
    'talks with raw public keys of both sides',
    () => {
      const priority = ['--priority', keyPriority(CCM8, RAW)];
      const args = [...raw('srv'), '--require-client-cert', ...priority];
      return serverCell(`raw public keys ${CCM8}`, ECDSA_CCM8, args, proven('rpk'));
    },
    CELL_TIME,
  );

  it(
    'talks to a server whose certificate has an RSA key',
    () => {
      const priority = ['--priority', keyPriority('AES-128-GCM', '+CTYPE-X509', { kx: 'ECDHE-RSA' })];
      const args = [...x509Server('rsa'), ...priority];
      return serverCell('certificates, RSA, AES-128-GCM', RSA_GCM, args, proven('x509'), { server: 'rsa' });
    },
    CELL_TIME,
  );

  it.each([
    ['tickets', []],
    ['session ids', ['--noticket']],
  ])(
    'goes on with its sessions by %s',
    (what, args) => {
      const all = [...pskServer(), ...args, '--priority', pskPriority(CCM8)];
      return serverCell(`PSK ${CCM8}, resumed by ${what}`, PSK_CCM8, all, ours, { sessions: 'kept' });
    },
    CELL_TIME,
  );

  it(
    'talks in datagrams of 256 bytes',
    () => {
      const args = [...x509Server(), '--mtu', String(MTU), '--priority', keyPriority(CCM8, '+CTYPE-X509')];
      const parameters = { mtu: PAYLOAD };
      return serverCell(`certificates ${CCM8}, MTU ${MTU}`, ECDSA_CCM8, args, proven('x509'), { parameters });
    },
    CELL_TIME,
  );
});
