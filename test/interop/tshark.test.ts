/** What we write for Wireshark, read by its dissectors: captures of traces, and key logs beside what went over the network. */

import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';

import { EMPTY, WallTime } from '#base';
import { OWNER } from '#fleet/model';

import { pcapHeader, pcapRecord } from '../../src/cli/pcap.js';
import { Bellwether } from '../cli/support/process.js';
import { simulated } from '../support/simulated.js';
import { TestServer, until } from '../support/test-server.js';
import { Credentials } from './dtls/support/credentials.js';
import { SecureClient } from './dtls/support/secure-ends.js';
import { need } from './support/leshan.js';
import { run } from './support/processes.js';
import { Relay } from './support/relay.js';

const KEY = Buffer.from('000102030405060708090a0b0c0d0e0f', 'hex');
const folder = mkdtempSync(join(tmpdir(), 'bellwether-tshark-'));
const ends: (() => unknown)[] = [];

beforeAll(() => {
  need('tshark', 'tshark');
}, 600_000);
afterEach(async () => {
  for (const end of ends.splice(0).reverse()) await end();
});
afterAll(() => {
  rmSync(folder, { recursive: true, force: true });
});

/** Fields of each packet of a capture; checksums are looked at too. */
function dissected(file: string, fields: readonly string[], ...options: string[]): string[][] {
  const checks = ['ip.check_checksum:TRUE', 'udp.check_checksum:TRUE', ...options].flatMap((option) => ['-o', option]);
  const asked = ['-T', 'fields', '-E', 'separator=|', ...fields.flatMap((field) => ['-e', field])];
  const out = run('tshark', ['-n', '-r', file, ...checks, ...asked]);
  const rows = out.split('\n').filter((line) => line.includes('|'));
  return rows.map((row) => row.split('|'));
}

async function serverWith(flags: Readonly<Record<string, unknown>>): Promise<TestServer> {
  const server = await TestServer.start(flags);
  ends.push(() => server.stop());
  const credential = { kind: 'psk', identity: 'id-1', key: `hex:${KEY.toString('hex')}` } as const;
  await server.running.fleet.credentials.put(OWNER, 'shark-1', 'k1', credential);
  return server;
}

/** A device that registers over DTLS at a port. */
async function device(port: number): Promise<void> {
  const psk = { identity: Buffer.from('id-1'), key: KEY };
  const swarm = await simulated(`coaps://127.0.0.1:${port}`, 'shark-', {
    swarm: { secure: () => ({ serverProofs: [], cid: EMPTY, psk }) },
  });
  ends.push(() => swarm.stop(1000));
}

const portOf = (url: string): number => Number(new URL(url.replace(/^coaps?:/, 'http:')).port);

describe('a capture of a trace', () => {
  it('of a device over DTLS is CoAP without any setting: codes, tokens, paths, and every checksum right', async () => {
    const server = await serverWith({});
    const file = join(folder, 'trace.pcap');
    const trace = new Bellwether(['trace', 'shark-1', '--pcap', file], {
      ...{ BELLWETHER_URL: server.http, BELLWETHER_TOKEN: server.token },
    });
    await trace.says(/Ctrl-C ends$/m);
    await device(portOf(server.coaps));
    const { body } = await server.rest('GET', '/devices/shark-1/resources/3/0/0?live=true');
    expect(body).toHaveProperty('value');
    await trace.says(/2\.05 Content/);
    expect(await trace.end('SIGINT')).toBe(0);

    const fields = ['ip.src', 'udp.srcport', 'ip.dst', 'udp.dstport', 'coap.code', 'coap.opt.uri_path_recon'];
    const rows = dissected(file, [
      ...fields,
      'coap.token',
      'ip.checksum.status',
      'udp.checksum.status',
      '_ws.malformed',
    ]);
    const device5683 = rows.map(([source, from, destination, to, code, path]) => [
      source,
      destination,
      code,
      path,
      from,
      to,
    ]);
    const port = device5683[0]?.[4];
    const [register, created] = device5683;
    expect(register).toEqual(['127.0.0.1', '127.0.0.1', '2', '/rd', port, '5683']);
    expect(created).toEqual(['127.0.0.1', '127.0.0.1', '65', expect.any(String), '5683', port]);
    expect(device5683).toContainEqual(['127.0.0.1', '127.0.0.1', '1', '/3/0/0', '5683', port]);
    expect(device5683).toContainEqual(['127.0.0.1', '127.0.0.1', '69', expect.any(String), port, '5683']);
    const [read, content] = ['1', '69'].map((code) => rows.find((row) => row[4] === code)?.[6]);
    expect(read).toMatch(/^[0-9a-f:]{16,}$/);
    expect(content).toBe(read);
    for (const row of rows) expect(row.slice(7)).toEqual(['1', '1', '']);
  });

  it('over IPv6 is CoAP too', () => {
    const [phone, server] = [
      { address: '2001:db8::7', port: 40_000 },
      { address: '2001:db8:1::1', port: 5683 },
    ];
    const at = WallTime(Date.parse('2026-11-28T20:00:00.250Z'));
    const bytes = Buffer.from('41017d3420b133', 'hex');
    const file = join(folder, 'six.pcap');
    writeFileSync(file, Buffer.concat([pcapHeader(), pcapRecord({ at, from: phone, to: server, bytes })]));
    const fields = ['frame.time_epoch', 'ipv6.src', 'ipv6.dst', 'udp.dstport', 'coap.code', 'coap.token'];
    expect(dissected(file, [...fields, 'coap.opt.uri_path_recon', 'udp.checksum.status'])).toEqual([
      ['1795896000.250000000', '2001:db8::7', '2001:db8:1::1', '5683', '1', '20', '/3', '1'],
    ]);
  });
});

describe('a key log', () => {
  /** Types of records with and without Connection IDs (RFC 9146 §4). */
  const [PLAIN, CID] = [[23], [25]];

  it.each([
    ['without Connection IDs', { server: 0, client: EMPTY, up: PLAIN, down: PLAIN }],
    ['with those of the server', { server: 8, client: EMPTY, up: CID, down: PLAIN }],
    ['with those of both', { server: 8, client: Buffer.from('c1d0c1d0c1d0c1d0', 'hex'), up: CID, down: CID }],
  ])('decrypts what was said after a full handshake and after a short one, %s', async (words, cids) => {
    const keys = join(folder, `${words}.log`);
    const server = await serverWith({ 'dangerous-key-log': keys, 'dtls-cid-bytes': cids.server });
    const relay = await Relay.to(portOf(server.coaps));
    ends.push(() => relay.close());
    const psk = { identity: Buffer.from('id-1'), key: KEY };
    const credentials = new Credentials();
    ends.push(() => {
      credentials.dispose();
    });
    const client = await SecureClient.open(credentials, { psk, cid: cids.client });
    ends.push(() => client.close());
    await client.ask(relay.port, 'full');
    await until('the session is kept', async () =>
      (server.running.fleet.counters['sessions_kept'] ?? 0) > 0 ? 'yes' : undefined,
    );
    client.leave(relay.port);
    await client.ask(relay.port, 'short');
    expect(await server.device('shark-1')).toMatchObject({ resumptions: 1 });
    expect([relay.sealed('up'), relay.sealed('down')]).toEqual([cids.up, cids.down]);
    expect(readFileSync(keys, 'utf8')).toMatch(/^(?:CLIENT_RANDOM [0-9a-f]{64} [0-9a-f]{96}\n){2}$/);

    const [there, here] = [
      { address: '192.0.2.7', port: 40_000 },
      { address: '192.0.2.1', port: 5684 },
    ];
    const records = relay.captured.map(({ bytes, direction }, index) => {
      const [from, to] = direction === 'up' ? [there, here] : [here, there];
      return pcapRecord({ at: WallTime(1_795_896_000_000 + index), from, to, bytes });
    });
    const file = join(folder, `${words}.pcap`);
    writeFileSync(file, Buffer.concat([pcapHeader(), ...records]));
    const fields = ['coap.code', 'coap.opt.uri_path_recon'];
    expect(dissected(file, fields).flat().join('')).toBe('');
    const opened = dissected(file, fields, `tls.keylog_file:${keys}`).filter(([code]) => code !== '');
    const requests = opened.filter(([code]) => code === '1');
    expect(requests).toEqual([
      ['1', '/full'],
      ['1', '/short'],
    ]);
    expect(opened).toHaveLength(4);
  });
});
