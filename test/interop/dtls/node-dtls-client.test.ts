/** node-dtls-client, whose hello has no extension at all, against our server: a device of old. */

import { once, type EventEmitter } from 'node:events';

import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';

import { npmPeer } from '../support/npm-peer.js';
import { Credentials, PSK } from './support/credentials.js';
import { CELL_TIME, Figures } from './support/figures.js';
import { echoRequest, fresh, SecureServer } from './support/secure-ends.js';

const INSTALL_TIME = 120_000;
const figures = new Figures('node-dtls-client');
/** What is used of it. */
interface Socket extends EventEmitter {
  send(bytes: Uint8Array): void;
  close(): void;
}
interface Package {
  readonly dtls: { createSocket(options: Readonly<Record<string, unknown>>): Socket };
}

let peer: Package;
let version = '';
let credentials: Credentials;

beforeAll(() => {
  // What is optional to it is native code for platforms that are not there; Node's own ciphers do.
  const installed = npmPeer('node-dtls-client', '1.1.1');
  peer = installed.load() as Package;
  ({ version } = installed);
  credentials = new Credentials();
}, INSTALL_TIME);

afterAll(() => {
  credentials?.dispose();
  figures.print(version);
});

type Cipher =
  | 'TLS_PSK_WITH_AES_128_CCM_8'
  | 'TLS_PSK_WITH_AES_128_CCM'
  | 'TLS_PSK_WITH_AES_128_GCM_SHA256'
  | 'TLS_PSK_WITH_AES_256_GCM_SHA384';

function socketTo(port: number, ...ciphers: Cipher[]): Socket {
  const key = Buffer.from(PSK.hex, 'hex').toString('binary');
  return peer.dtls.createSocket({
    type: 'udp4',
    address: '127.0.0.1',
    port,
    psk: { [PSK.identity]: key },
    timeout: 10_000,
    ...(ciphers.length > 0 && { ciphers }),
  });
}

/** A handshake, an echo, an end. */
async function exchange(server: SecureServer, suite: string, ...ciphers: Cipher[]): Promise<void> {
  const [before, gone] = [server.told.suites.length, server.told.closed.length];
  const socket = socketTo(server.port, ...ciphers);
  await once(socket, 'connected');
  const line = fresh();
  const answer = once(socket, 'message') as Promise<[Buffer]>;
  socket.send(echoRequest(line));
  expect((await answer)[0].toString('latin1')).toContain(line);
  socket.close();
  await server.ended('closed_by_peer', gone + 1);
  expect(server.told.suites.slice(before)).toEqual([suite]);
}

describe("node-dtls-client's client against our server", () => {
  it.each<Cipher>([
    'TLS_PSK_WITH_AES_128_CCM_8',
    'TLS_PSK_WITH_AES_128_CCM',
    'TLS_PSK_WITH_AES_128_GCM_SHA256',
    'TLS_PSK_WITH_AES_256_GCM_SHA384',
  ])(
    'talks under %s where devices without the extended master secret are allowed',
    async (suite) => {
      const server = await SecureServer.open(credentials, { psk: 'offered' }, { legacyMasterSecret: 'allowed' });
      try {
        await figures.cell(`${suite}, legacy`, () => exchange(server, suite, suite));
        expect(server.told.failed).toEqual([]);
      } finally {
        await server.close();
      }
    },
    CELL_TIME,
  );

  it('gets the suite we prefer when it offers all it has', async () => {
    const server = await SecureServer.open(credentials, { psk: 'offered' }, { legacyMasterSecret: 'allowed' });
    try {
      await exchange(server, 'TLS_PSK_WITH_AES_128_CCM_8');
    } finally {
      await server.close();
    }
  }, 60_000);

  it('is refused where they are not', async () => {
    const server = await SecureServer.open(credentials, { psk: 'offered' });
    try {
      const socket = socketTo(server.port, 'TLS_PSK_WITH_AES_128_CCM_8');
      const [error] = (await once(socket, 'close').catch((reason: unknown) => [reason])) as [Error | undefined];
      expect(server.told).toMatchObject({ suites: [], failed: ['no_extended_master_secret'] });
      expect(String(error?.message)).toMatch(/alert|handshake/i);
    } finally {
      await server.close();
    }
  }, 60_000);
});
