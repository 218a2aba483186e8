/** OpenSSL's s_client against our server, and our client against its s_server. */

import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';

import { Milliseconds } from '#base';
import { suiteNamed, type ClientOffer, type DtlsParameters, type ServerOffer } from '#transport';

import { need } from '../support/leshan.js';
import { freePort } from '../support/ports.js';
import { eventually, Program, run } from '../support/processes.js';
import { Credentials, PSK, type Name } from './support/credentials.js';
import { CELL_TIME, Figures } from './support/figures.js';
import { answerTo, Clients, echoRequest, fresh, SecureClient, SecureServer } from './support/secure-ends.js';

const figures = new Figures('OpenSSL');
let version = '?';
let credentials: Credentials;

beforeAll(() => {
  need('openssl', 'openssl');
  version = run('openssl', ['version']).split(' ')[1] ?? '?';
  credentials = new Credentials();
}, 300_000);

afterAll(() => {
  credentials?.dispose();
  figures.print(version);
});

/** OpenSSL's name of a suite → that of the registry. */
const PSK_SUITES = [
  ['PSK-AES128-CCM8', 'TLS_PSK_WITH_AES_128_CCM_8'],
  ['PSK-AES128-CCM', 'TLS_PSK_WITH_AES_128_CCM'],
  ['PSK-AES128-GCM-SHA256', 'TLS_PSK_WITH_AES_128_GCM_SHA256'],
  ['PSK-AES256-CCM8', 'TLS_PSK_WITH_AES_256_CCM_8'],
  ['PSK-AES256-CCM', 'TLS_PSK_WITH_AES_256_CCM'],
  ['PSK-AES256-GCM-SHA384', 'TLS_PSK_WITH_AES_256_GCM_SHA384'],
] as const;
const ECDSA_SUITES = [
  ['ECDHE-ECDSA-AES128-CCM8', 'TLS_ECDHE_ECDSA_WITH_AES_128_CCM_8'],
  ['ECDHE-ECDSA-AES128-CCM', 'TLS_ECDHE_ECDSA_WITH_AES_128_CCM'],
  ['ECDHE-ECDSA-AES128-GCM-SHA256', 'TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256'],
  ['ECDHE-ECDSA-AES256-GCM-SHA384', 'TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384'],
] as const;
const RSA_SUITE = ['ECDHE-RSA-AES128-GCM-SHA256', 'TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256'] as const;
const MTU = 256;

const psk = (key: string = PSK.hex): string[] => ['-psk', key, '-psk_identity', PSK.identity];
const mutual = (): string[] => [
  ...['-cert', credentials.path('cli.pem'), '-key', credentials.path('cli.key')],
  ...['-CAfile', credentials.path('ca.pem'), '-verify_return_error', '-verify_hostname', 'localhost'],
];
const pskOffer: Partial<ServerOffer> = { psk: 'offered' };
const x509Offer = (name: Name = 'srv'): Partial<ServerOffer> => ({
  proofs: [credentials.proof(name, 'x509')],
  clientProofs: ['x509'],
});

function client(port: number, ...args: string[]): Program {
  return new Program('s_client', 'openssl', ['s_client', '-dtls1_2', '-connect', `127.0.0.1:${port}`, ...args]);
}

/** A handshake, an echo, an end: s_client takes standard input once it has shaken hands. */
async function exchange(server: SecureServer, suite: string, args: readonly string[]): Promise<void> {
  const [before, gone] = [server.told.suites.length, server.told.closed.length];
  const program = client(server.port, ...args);
  const line = fresh();
  program.child.stdin.write(echoRequest(line));
  await program.line(new RegExp(line), 0, 20_000);
  program.child.stdin.end();
  await server.ended('closed_by_peer', gone + 1);
  // It has said all it had to say and would listen for half a second more.
  await program.stop('SIGKILL');
  expect(server.told.suites.slice(before)).toEqual([suite]);
}

async function cell(
  name: string,
  suite: string,
  args: readonly string[],
  offer: Partial<ServerOffer>,
  parameters: Partial<DtlsParameters> = {},
): Promise<void> {
  const server = await SecureServer.open(credentials, offer, parameters);
  try {
    await figures.cell(`s_client: ${name}`, () => exchange(server, suite, args));
    expect(server.told.failed).toEqual([]);
  } finally {
    await server.close();
  }
}

/** A client that goes on with its session, and shakes hands in full once our server knows that no more. */
async function resumedCell(
  name: string,
  suite: string,
  args: readonly string[],
  offer: Partial<ServerOffer>,
): Promise<void> {
  const server = await SecureServer.open(credentials, offer);
  const session = credentials.path('session.pem');
  try {
    await figures.cell(`s_client: ${name}`, async (round) => {
      await exchange(server, suite, [...args, '-sess_out', session]);
      expect([server.offered, server.count('established_resumed')]).toEqual([round, round]);
      await exchange(server, `${suite}, resumed`, [...args, '-sess_in', session]);
      expect([server.offered, server.count('established_resumed')]).toEqual([round + 1, round + 1]);
    });
    const [offered, resumed] = [server.offered, server.count('established_resumed')];
    await figures.cell(`s_client: ${name}, forgotten`, async (round) => {
      server.sessions.clear();
      await exchange(server, suite, [...args, '-sess_in', session]);
      expect([server.offered, server.count('established_resumed')]).toEqual([offered + round + 1, resumed]);
    });
    expect(server.told.failed).toEqual([]);
  } finally {
    await server.close();
  }
}

describe("OpenSSL's client against our server", () => {
  it.each(PSK_SUITES)(
    'talks with a pre-shared key under %s',
    (cipher, suite) => cell(cipher, suite, [...psk(), '-cipher', cipher], pskOffer),
    CELL_TIME,
  );

  it.each(ECDSA_SUITES)(
    'talks with certificates of both sides under %s',
    (cipher, suite) => cell(`${cipher}, certificates`, suite, [...mutual(), '-cipher', cipher], x509Offer()),
    CELL_TIME,
  );

  it(
    'talks to a server whose certificate has an RSA key',
    () => cell(`${RSA_SUITE[0]}, certificates`, RSA_SUITE[1], [...mutual(), '-cipher', RSA_SUITE[0]], x509Offer('rsa')),
    CELL_TIME,
  );

  it.each([
    ['X25519', 29],
    ['P-256', 23],
    ['P-384', 24],
  ])(
    'agrees on a key in %s',
    (group, number) =>
      cell(
        `${ECDSA_SUITES[0][0]}, ${group}`,
        ECDSA_SUITES[0][1],
        // The curve of our certificate has to be in the list too (RFC 8422 §5.1.1).
        [...mutual(), '-cipher', ECDSA_SUITES[0][0], '-groups', [...new Set([group, 'P-256'])].join(':')],
        x509Offer(),
        { groups: [number] },
      ),
    CELL_TIME,
  );

  it.each([
    ['a ticket', []],
    ['a session id', ['-no_ticket']],
  ])(
    'goes on with its session by %s',
    async (what, args) => {
      const [[psk8, pskSuite], [ecdsa8, ecdsaSuite]] = [PSK_SUITES[0], ECDSA_SUITES[0]];
      await resumedCell(`${psk8}, resumed by ${what}`, pskSuite, [...psk(), '-cipher', psk8, ...args], pskOffer);
      const proven = [...mutual(), '-cipher', ecdsa8, ...args];
      await resumedCell(`${ecdsa8}, certificates, resumed by ${what}`, ecdsaSuite, proven, x509Offer());
    },
    CELL_TIME,
  );

  it(
    'talks in datagrams of 256 bytes, with a pre-shared key and with certificates',
    async () => {
      const parameters = { mtu: MTU - 28 };
      const args = ['-mtu', String(MTU)];
      await cell(
        `${PSK_SUITES[0][0]}, MTU 256`,
        PSK_SUITES[0][1],
        [...psk(), '-cipher', PSK_SUITES[0][0], ...args],
        pskOffer,
        parameters,
      );
      await cell(
        `${ECDSA_SUITES[0][0]}, certificates, MTU 256`,
        ECDSA_SUITES[0][1],
        [...mutual(), '-cipher', ECDSA_SUITES[0][0], ...args],
        x509Offer(),
        parameters,
      );
    },
    CELL_TIME,
  );

  it(
    'is given the proof for the name it asks for',
    async () => {
      const [cipher, suite] = ECDSA_SUITES[0];
      const proofs = [credentials.proof('stranger', 'x509'), credentials.proof('srv', 'x509', ['localhost'])];
      const named = { ...x509Offer(), proofs };
      await cell(`${cipher}, -servername`, suite, [...mutual(), '-cipher', cipher, '-servername', 'localhost'], named);
      const server = await SecureServer.open(credentials, named);
      try {
        const other = client(server.port, ...mutual(), '-cipher', cipher, '-servername', 'elsewhere');
        expect(await other.ended()).toBe(1);
        expect(other.output()).toContain('certificate verify failed');
      } finally {
        await server.close();
      }
    },
    CELL_TIME,
  );

  it(
    'gets no word with a wrong key, and talks with the right one afterwards',
    async () => {
      const server = await SecureServer.open(credentials, pskOffer);
      const [cipher, suite] = PSK_SUITES[0];
      try {
        await figures.cell(
          's_client: wrong key',
          async (round) => {
            const program = client(server.port, ...psk(PSK.wrong), '-cipher', cipher);
            // The Finished comes, is not genuine, and again when nothing was answered.
            await eventually('two Finished that do not open', () =>
              server.count('dropped_record_not_genuine') >= 2 * (round + 1) ? true : undefined,
            );
            expect(program.child.exitCode).toBeNull();
            expect(server.told.suites).toHaveLength(round);
            await program.stop('SIGKILL');
            await exchange(server, suite, [...psk(), '-cipher', cipher]);
          },
          3,
        );
      } finally {
        await server.close();
      }
    },
    CELL_TIME,
  );

  it('is refused with handshake_failure when it has no certificate, or no suite of ours', async () => {
    const server = await SecureServer.open(credentials, { ...x509Offer(), ...pskOffer });
    try {
      const bare = client(server.port, '-CAfile', credentials.path('ca.pem'), '-cipher', ECDSA_SUITES[0][0]);
      expect(await bare.ended()).toBe(1);
      expect(bare.output()).toContain('SSL alert number 40');
      // OpenSSL has no ECDHE_PSK with CCM or GCM (RFC 8442): CBC and ChaCha20 alone.
      const foreign = client(server.port, ...psk(), '-cipher', 'ECDHE-PSK-CHACHA20-POLY1305');
      expect(await foreign.ended()).toBe(1);
      expect(foreign.output()).toContain('SSL alert number 40');
      expect(server.told).toMatchObject({ suites: [], failed: ['no_certificate', 'no_shared_suite'] });
    } finally {
      await server.close();
    }
  }, 60_000);
});

/** Handshakes of ours, one after the other, with one s_server, which answers what the test writes to it. */
async function serverCell(
  name: string,
  [cipher, suite]: readonly [string, string],
  args: readonly string[],
  offer: Partial<ClientOffer>,
  more: {
    readonly parameters?: Partial<DtlsParameters>;
    readonly server?: Name;
    readonly sessions?: 'kept';
  } = {},
): Promise<void> {
  const port = await freePort();
  const theirs = new Program('s_server', 'openssl', [
    ...['s_server', '-dtls1_2', '-accept', `127.0.0.1:${port}`, '-cipher', cipher, ...args],
  ]);
  const suites = [suiteNamed(suite)?.id ?? 0];
  // For half a second after the end of an association s_server throws away whatever comes.
  const retransmission = Milliseconds(250);
  const parameters = { suites, retransmission, ...more.parameters };
  const ours = new Clients(suite, more.sessions ?? 'none', () =>
    SecureClient.open(credentials, offer, parameters, more.server),
  );
  try {
    await theirs.line(/^ACCEPT/);
    await figures.cell(`s_server: ${name}`, async (round) => {
      let seen = 0;
      await ours.round(round, port, async (client) => {
        const [there, back] = [fresh(), fresh()];
        const from = theirs.lines.length;
        const answer = client.ask(port, 'echo', `${there}\n`);
        await Promise.race([theirs.line(new RegExp(there), from, 20_000), answer]);
        theirs.child.stdin.write(answerTo(client.sent, back));
        expect(await answer).toBe(`${back}\n`);
        seen = theirs.lines.length;
      });
      await theirs.line(/^DONE/, seen);
    });
  } finally {
    await ours.close();
    await theirs.stop('SIGKILL');
  }
}

describe("our client against OpenSSL's server", () => {
  const ours: Partial<ClientOffer> = { psk: { identity: Buffer.from(PSK.identity), key: Buffer.from(PSK.hex, 'hex') } };
  const theirs = [...psk(), '-nocert'];
  const certificates = (name: Name = 'srv'): string[] => [
    ...['-cert', credentials.path(`${name}.pem`), '-key', credentials.path(`${name}.key`)],
    ...['-CAfile', credentials.path('ca.pem'), '-Verify', '1', '-verify_return_error'],
  ];
  const proven = (): Partial<ClientOffer> => ({
    proof: credentials.proof('cli', 'x509'),
    serverProofs: ['x509'],
    serverName: 'localhost',
  });

  it.each([PSK_SUITES[0], PSK_SUITES[2], PSK_SUITES[5]])(
    'talks with a pre-shared key under %s',
    (...row) => serverCell(row[0], row, theirs, ours),
    CELL_TIME,
  );

  it.each([ECDSA_SUITES[0], ECDSA_SUITES[2], ECDSA_SUITES[3]])(
    'talks with certificates of both sides under %s',
    (...row) => serverCell(`${row[0]}, certificates`, row, certificates(), proven()),
    CELL_TIME,
  );

  it(
    'talks to a server whose certificate has an RSA key',
    () => serverCell(`${RSA_SUITE[0]}, certificates`, RSA_SUITE, certificates('rsa'), proven(), { server: 'rsa' }),
    CELL_TIME,
  );

  it(
    'talks in datagrams of 256 bytes',
    () =>
      serverCell(
        `${ECDSA_SUITES[0][0]}, certificates, MTU 256`,
        ECDSA_SUITES[0],
        [...certificates(), '-mtu', String(MTU)],
        proven(),
        { parameters: { mtu: MTU - 28 } },
      ),
    CELL_TIME,
  );

  it.each([
    ['tickets', []],
    ['session ids', ['-no_ticket']],
  ])(
    'goes on with its sessions by %s',
    async (what, args) => {
      const [psk, ecdsa] = [PSK_SUITES[0], ECDSA_SUITES[0]];
      await serverCell(`${psk[0]}, resumed by ${what}`, psk, [...theirs, ...args], ours, { sessions: 'kept' });
      const all = [...certificates(), '-id_prefix', 'bellwether', ...args];
      await serverCell(`${ecdsa[0]}, certificates, resumed by ${what}`, ecdsa, all, proven(), { sessions: 'kept' });
    },
    CELL_TIME,
  );

  it('will not talk to a server whose certificate is another one', async () => {
    const port = await freePort();
    const [cipher, suite] = ECDSA_SUITES[0];
    const theirs = new Program('s_server', 'openssl', [
      ...['s_server', '-dtls1_2', '-accept', `127.0.0.1:${port}`, '-cipher', cipher, ...certificates()],
    ]);
    const ours = await SecureClient.open(credentials, proven(), { suites: [suiteNamed(suite)?.id ?? 0] }, 'stranger');
    try {
      await theirs.line(/^ACCEPT/);
      ours.ask(port, 'echo', 'secret').catch(() => undefined);
      await eventually('the refusal', () => ours.told.failed[0]);
      expect(ours.told).toMatchObject({ suites: [], failed: ['server_refused'] });
      expect(theirs.output()).not.toContain('secret');
    } finally {
      await ours.close();
      await theirs.stop('SIGKILL');
    }
  }, 60_000);
});
