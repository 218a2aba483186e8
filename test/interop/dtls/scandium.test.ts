/** Californium's client on Scandium against our server, and our client against its server; Connection IDs both ways. */

import { existsSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';

import { suiteNamed, type ClientOffer, type DtlsParameters, type ServerOffer } from '#transport';

import { need } from '../support/leshan.js';
import { Program, run } from '../support/processes.js';
import { Credentials, PSK } from './support/credentials.js';
import { CELL_TIME, Figures, ROUNDS } from './support/figures.js';
import { Clients, fresh, SecureClient, SecureServer } from './support/secure-ends.js';

const SOURCE = new URL('scandium', import.meta.url).pathname;
const CACHE = new URL('../../../.cache/scandium', import.meta.url).pathname;
const JARS = join(CACHE, 'lib');
const figures = new Figures('Scandium');
let version = '?';
let credentials: Credentials;
let java: Program;

beforeAll(async () => {
  need('java', 'openjdk-17-jre-headless');
  need('javac', 'openjdk-17-jdk-headless');
  need('mvn', 'maven');
  mkdirSync(CACHE, { recursive: true });
  if (!existsSync(join(JARS, 'complete'))) {
    const goal = ['dependency:copy-dependencies', `-DoutputDirectory=${JARS}`];
    run('mvn', ['-q', '-B', '-f', join(SOURCE, 'pom.xml'), ...goal]);
    writeFileSync(join(JARS, 'complete'), '');
  }
  run('javac', ['-cp', join(JARS, '*'), '-d', CACHE, join(SOURCE, 'Peer.java')]);
  version = readdirSync(JARS).flatMap((jar) => /^scandium-(.*)[.]jar$/.exec(jar)?.[1] ?? [])[0] ?? '?';
  credentials = new Credentials();
  java = new Program('scandium', 'java', [
    ...['-Dorg.slf4j.simpleLogger.defaultLogLevel=error', '-XX:TieredStopAtLevel=1'],
    ...['-cp', `${CACHE}:${join(JARS, '*')}`, 'Peer', credentials.folder],
  ]);
  await java.line(/^READY/);
}, 300_000);

afterAll(async () => {
  await java?.stop('SIGKILL');
  credentials?.dispose();
  figures.print(version);
}, 30_000);

type How = 'psk' | 'rpk' | 'x509';
/** What each key type is tried with. */
const SUITES: Readonly<Record<How, readonly string[]>> = {
  psk: ['TLS_PSK_WITH_AES_128_CCM_8', 'TLS_PSK_WITH_AES_128_GCM_SHA256', 'TLS_PSK_WITH_AES_256_CCM_8'],
  rpk: ['TLS_ECDHE_ECDSA_WITH_AES_128_CCM_8', 'TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256'],
  x509: ['TLS_ECDHE_ECDSA_WITH_AES_128_CCM_8', 'TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384'],
};
const CELLS = [
  ...Object.entries(SUITES).flatMap(([how, suites]) => suites.map((suite) => [how as How, suite, ''] as const)),
  ['psk', 'TLS_ECDHE_PSK_WITH_AES_128_CCM_8_SHA256', ''] as const,
  ...(['psk', 'rpk', 'x509'] as const).flatMap((how) =>
    (['cid=0', 'cid=4'] as const).map((cid) => [how, SUITES[how][0] ?? '', cid] as const),
  ),
  ['x509', 'TLS_ECDHE_ECDSA_WITH_AES_128_CCM_8', 'mtu=256'] as const,
];
/** Bytes of our Connection IDs. */
const OURS = 8;

const offerOf = (how: How): Partial<ServerOffer> =>
  how === 'psk' ? { psk: 'offered' } : { proofs: [credentials.proof('srv', how)], clientProofs: [how] };

describe("Scandium's client against our server", () => {
  it.each(CELLS)(
    'talks with %s under %s %s',
    async (how, suite, more) => {
      const parameters: Partial<DtlsParameters> = more.startsWith('mtu') ? { mtu: 228 } : {};
      const server = await SecureServer.open(credentials, offerOf(how), parameters);
      const from = java.lines.length;
      try {
        java.tell(`client port=${server.port} how=${how} suite=${suite} ${more} rounds=${ROUNDS}`);
        const done = await java.line(/^(DONE|FAILED)/, from, CELL_TIME);
        const rounds = java.lines.slice(from).filter((line) => line.startsWith('ROUND'));
        const good = rounds.filter((line) => line.includes(' good ')).length;
        figures.note(`client: ${how} ${suite} ${more}`.trimEnd(), ROUNDS, ROUNDS - good);
        expect([done, ...rounds.filter((line) => !line.includes(' good '))]).toEqual([`DONE ${ROUNDS}`]);
        expect(server.told.suites).toEqual(Array<string>(ROUNDS).fill(suite));
        expect(server.told.failed).toEqual([]);
        const cid = more.startsWith('cid=') ? OURS : -1;
        expect(server.told.cids).toEqual(Array<number>(ROUNDS).fill(cid));
        if (cid > 0)
          for (const line of rounds) {
            const mine = more === 'cid=4' ? '[0-9A-F]{8}' : '';
            expect(line).toMatch(new RegExp(`read=CID=${mine} write=CID=[0-9A-F]{16}$`));
          }
      } finally {
        await server.close();
      }
    },
    CELL_TIME,
  );
});

describe("Scandium's client, which goes on with its session by its session id, against our server", () => {
  it.each(
    (['psk', 'rpk', 'x509'] as const).flatMap((how) => [
      [how, 'kept', ''] as const,
      [how, 'kept', 'cid=4'] as const,
      [how, 'forgotten', ''] as const,
    ]),
  )(
    'with %s, the session %s, %s',
    async (how, sessions, cid) => {
      const server = await SecureServer.open(credentials, offerOf(how), {}, sessions);
      const suite = SUITES[how][0] ?? '';
      // The first handshake is a full one in any case, and not of the cell.
      const from = java.lines.length;
      try {
        java.tell(`client port=${server.port} how=${how} suite=${suite} ${cid} sessions=kept rounds=${ROUNDS + 1}`);
        const done = await java.line(/^(DONE|FAILED)/, from, CELL_TIME);
        const bad = java.lines.slice(from).filter((line) => line.startsWith('ROUND') && !line.includes(' good '));
        const second = sessions === 'kept' ? `${suite}, resumed` : suite;
        const resumed = sessions === 'kept' ? ROUNDS : 0;
        const cell = `client: ${how} ${suite}${cid && ` ${cid}`}, resumed`;
        figures.note(`${cell}${sessions === 'kept' ? '' : ', forgotten'}`, ROUNDS, Math.min(ROUNDS, bad.length));
        expect([done, ...bad]).toEqual([`DONE ${ROUNDS + 1}`]);
        expect(server.told.suites).toEqual([suite, ...Array<string>(ROUNDS).fill(second)]);
        expect([server.offered, server.count('established_resumed')]).toEqual([ROUNDS, resumed]);
        expect(server.told.failed).toEqual([]);
      } finally {
        await server.close();
      }
    },
    CELL_TIME,
  );
});

describe("our client against Scandium's server", () => {
  const pskOffer: Partial<ClientOffer> = {
    psk: { identity: Buffer.from(PSK.identity), key: Buffer.from(PSK.hex, 'hex') },
  };
  const clientOffer = (how: How): Partial<ClientOffer> =>
    how === 'psk' ? pskOffer : { proof: credentials.proof('cli', how), serverProofs: [how] };

  it.each(
    (['psk', 'rpk', 'x509'] as const).flatMap(
      (how) =>
        [
          [how, '', undefined],
          [how, 'cid=0', new Uint8Array()],
          [how, 'cid=4', new Uint8Array()],
          [how, 'cid=4', Uint8Array.from([7, 1, 2, 3, 4, 5, 6, 7])],
        ] as const,
    ),
  )(
    'talks with %s, %s at the server, %s at ours',
    async (how, theirs, cid) => {
      const suite = SUITES[how][0] ?? '';
      const from = java.lines.length;
      java.tell(`server how=${how} suite=${suite} ${theirs}`);
      const port = Number((await java.line(/^SERVER/, from)).split(' ')[1]);
      const offer = { ...clientOffer(how), ...(cid !== undefined && { cid }) };
      const suites = [suiteNamed(suite)?.id ?? 0];
      try {
        const name = `server: ${how} ${suite}${theirs && ` ${theirs}`}${cid === undefined ? '' : `, ours ${cid.length}`}`;
        for (const sessions of ['none', 'kept'] as const) {
          const ours = new Clients(suite, sessions, () => SecureClient.open(credentials, offer, { suites }));
          await figures.cell(`${name}${sessions === 'kept' ? ', resumed' : ''}`, (round) =>
            ours.round(round, port, async (client) => {
              for (let again = 0; again < 3; again += 1) {
                const line = fresh();
                expect(await client.ask(port, 'echo', line)).toBe(line);
              }
              if (cid !== undefined && cid.length > 0) expect(client.told.cids.at(-1)).toBe(cid.length);
            }),
          );
          await ours.close();
        }
      } finally {
        java.tell('stop');
      }
    },
    CELL_TIME,
  );
});
