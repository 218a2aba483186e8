/** libcoap's clients (on OpenSSL and on GnuTLS) against our server, and our client against its servers. */

import { readFileSync, writeFileSync } from 'node:fs';

import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';

import { Milliseconds } from '#base';
import { Code } from '#coap/codec';
import type { ClientOffer, ServerOffer } from '#transport';

import { need } from '../support/leshan.js';
import { freePort } from '../support/ports.js';
import { eventually, Program, run } from '../support/processes.js';
import { Credentials, PSK } from './support/credentials.js';
import { CELL_TIME, Figures } from './support/figures.js';
import { Clients, fresh, SecureClient, SecureServer } from './support/secure-ends.js';

const figures = new Figures('libcoap');
let version = '?';
let credentials: Credentials;

beforeAll(() => {
  need('coap-client-gnutls', 'libcoap3-bin');
  need('coap-client-openssl', 'libcoap3-bin');
  need('openssl', 'openssl');
  version = /v\d+\.\d+\.\d+/.exec(run('coap-client-openssl', [], { allowFailure: 'allow' }))?.[0] ?? '?';
  credentials = new Credentials();
}, 300_000);

afterAll(() => {
  credentials?.dispose();
  figures.print(version);
});

/** Library below libcoap. */
type Build = 'openssl' | 'gnutls';
type How = 'psk' | 'x509' | 'rpk';
const CELLS: readonly (readonly [Build, How])[] = [
  ['openssl', 'psk'],
  ['gnutls', 'psk'],
  ['openssl', 'x509'],
  ['gnutls', 'x509'],
  ['gnutls', 'rpk'],
];
/** The suites that our server picks of all those that libcoap offers. */
const SUITE = Object.freeze({
  psk: 'TLS_PSK_WITH_AES_128_CCM_8',
  x509: 'TLS_ECDHE_ECDSA_WITH_AES_128_CCM_8',
  rpk: 'TLS_ECDHE_ECDSA_WITH_AES_128_CCM_8',
});

const proofOf = (how: How, name: 'srv' | 'cli'): string[] => {
  if (how === 'psk') return name === 'cli' ? ['-k', PSK.text, '-u', 'text'] : ['-k', PSK.text, '-h', ''];
  if (how === 'rpk') return ['-M', credentials.path(`${name}.rpk.pem`)];
  return ['-c', credentials.path(`${name}-both.pem`), '-C', credentials.path('ca.pem')];
};
const offerOf = (how: How): Partial<ServerOffer> =>
  how === 'psk' ? { psk: 'offered' } : { proofs: [credentials.proof('srv', how)], clientProofs: [how] };

/** Runs a client to its end; libcoap ends with 0 whatever happens, so what it printed is all there is. */
async function coap(build: Build, how: How, port: number, path: string, ...args: string[]): Promise<string> {
  const host = how === 'x509' ? 'localhost' : '127.0.0.1';
  const common = [...proofOf(how, 'cli'), '-B', '20'];
  const program = new Program('coap-client', `coap-client-${build}`, [
    ...common,
    ...args,
    `coaps://${host}:${port}/${path}`,
  ]);
  program.child.stdin.end();
  await program.ended(40_000);
  return [...program.lines, ...program.errors].join('\n');
}

describe("libcoap's clients against our server", () => {
  it.each(CELLS)(
    'of %s talks with %s',
    async (build, how) => {
      const server = await SecureServer.open(credentials, offerOf(how));
      try {
        await figures.cell(`coap-client-${build}: ${how}`, async (round) => {
          const line = fresh();
          expect(await coap(build, how, server.port, 'echo', '-m', 'post', '-e', line)).toContain(line);
          await server.ended('closed_by_peer', round + 1);
          expect(server.told.suites).toEqual(Array<string>(round + 1).fill(SUITE[how]));
        });
        expect(await coap(build, how, server.port, 'time')).toContain('18:00:00');
        expect(server.told.failed).toEqual([]);
      } finally {
        await server.close();
      }
    },
    CELL_TIME,
  );

  it.each(CELLS)(
    'of %s moves 5,000 bytes in blocks both ways with %s',
    async (build, how) => {
      const server = await SecureServer.open(credentials, offerOf(how));
      const content = Buffer.from(Array.from({ length: 5000 }, (_unused, index) => 33 + (index % 90)));
      writeFileSync(credentials.path('body'), content);
      try {
        await figures.cell(`coap-client-${build}: ${how}, blocks of 256 up and 64 down`, async () => {
          server.keeping.bodies.delete('big');
          await coap(
            build,
            how,
            server.port,
            'big',
            '-m',
            'put',
            '-b',
            '256',
            '-t',
            '0',
            '-f',
            credentials.path('body'),
          );
          expect(content.equals(server.keeping.bodies.get('big') ?? new Uint8Array())).toBe(true);
          writeFileSync(credentials.path('got'), '');
          await coap(build, how, server.port, 'big', '-b', '64', '-o', credentials.path('got'));
          expect(readFileSync(credentials.path('got')).equals(content)).toBe(true);
        });
      } finally {
        await server.close();
      }
    },
    CELL_TIME,
  );

  it.each(CELLS)(
    'of %s observes with %s',
    async (build, how) => {
      const server = await SecureServer.open(credentials, offerOf(how));
      try {
        await figures.cell(
          `coap-client-${build}: ${how}, observe`,
          async () => {
            const output = coap(build, how, server.port, 'time', '-s', '2', '-w');
            await eventually('the observation', () => (server.keeping.observers === 1 ? true : undefined));
            for (const word of ['second', 'third']) server.keeping.set('time', Buffer.from(word));
            expect(await output).toMatch(/18:00:00[^]*second[^]*third/);
            await eventually('the end', () => {
              server.keeping.set('time', Buffer.from('fourth'));
              return server.keeping.observers === 0 ? true : undefined;
            });
          },
          1,
        );
      } finally {
        await server.close();
      }
    },
    CELL_TIME,
  );
});

describe("our client against libcoap's servers", () => {
  const ours = (how: How): Partial<ClientOffer> =>
    how === 'psk'
      ? { psk: { identity: Buffer.from('text'), key: Buffer.from(PSK.text) } }
      : { proof: credentials.proof('cli', how), serverProofs: [how], serverName: 'localhost' };

  it.each(CELLS)(
    'of %s talks with %s',
    async (build, how) => {
      const plain = await freePort();
      const port = plain + 1;
      const common = ['-A', '127.0.0.1', '-p', String(plain), '-d', '100'];
      const theirs = new Program('coap-server', `coap-server-${build}`, [...common, ...proofOf(how, 'srv')]);
      const retransmission = Milliseconds(250);
      const clients = new Clients(SUITE[how], 'none', () =>
        SecureClient.open(credentials, ours(how), { retransmission }),
      );
      try {
        await figures.cell(`coap-server-${build}: ${how}`, (round) =>
          clients.round(round, port, async (client) => {
            expect(await client.ask(port, 'time')).toMatch(/\d\d:\d\d:\d\d/);
            const line = fresh();
            await client.ask(port, 'kept', line, Code.PUT);
            expect(await client.ask(port, 'kept')).toBe(line);
          }),
        );
      } finally {
        await theirs.stop('SIGKILL');
      }
    },
    CELL_TIME,
  );
});
