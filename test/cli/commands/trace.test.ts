/** `bellwether device trace`, and `bellwether trace`, against a whole server. */

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';

import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';

import { ScriptedClient } from '../../support/conformance.js';
import { TestServer, until } from '../../support/test-server.js';
import { Bellwether } from '../support/process.js';

let server: TestServer;
let client: ScriptedClient;
let updates = 0;
const folder = mkdtempSync(join(tmpdir(), 'bellwether-trace-'));

beforeAll(async () => {
  server = await TestServer.start();
  client = await ScriptedClient.registered(server, 'traced', '</1/0>,</3/0>');
});
afterAll(async () => {
  client.close();
  await server.stop();
  rmSync(folder, { recursive: true, force: true });
});

function started(args: readonly string[], encoding: 'utf8' | 'latin1' = 'utf8'): Bellwether {
  const trace = new Bellwether(args, { BELLWETHER_URL: server.http, BELLWETHER_TOKEN: server.token });
  trace.child.stdout?.setEncoding(encoding);
  return trace;
}

/** A trace that has seen an Update and its answer. */
function traced(...more: string[]): Promise<Bellwether> {
  return seen(started(['device', 'trace', 'traced', ...more]));
}

async function seen(trace: Bellwether): Promise<Bellwether> {
  await trace.says(/^the datagrams of traced are shown from now on; Ctrl-C ends$/m);
  updates += 1;
  await client.updates(updates.toString(16).padStart(4, '0'));
  await trace.says(/2\.04/);
  return trace;
}

it('shows what comes and goes, a line each, and ends with 0 by Ctrl-C', async () => {
  const trace = await traced();
  expect(trace.out).toMatch(
    /^\S+Z {2}< 127\.0\.0\.1:\d+ {2}CON 0\.02 POST, MID \d+, token ab02, Uri-Path "rd", Uri-Path "\S+"$/m,
  );
  expect(trace.out).toMatch(/^\S+Z {2}> 127\.0\.0\.1:\d+ {2}ACK 2\.04 Changed, MID \d+, token ab02$/m);
  expect(await trace.end('SIGINT')).toBe(0);
});

it('shows the bytes with --hex, and gives programs one JSON object a line', async () => {
  const hex = await traced('--hex');
  expect(hex.out).toMatch(/\n {4}6244\w{4}ab02$/m);
  expect(await hex.end('SIGTERM')).toBe(0);
  const json = await traced('--json');
  const [first = ''] = json.out.split('\n');
  expect(JSON.parse(first)).toMatchObject({ direction: 'in', decoded: { code: '0.02 POST', token: 'ab02' } });
  expect(await json.end('SIGTERM')).toBe(0);
});

describe('bellwether trace', () => {
  it('is the same as device trace', async () => {
    const trace = await seen(started(['trace', 'traced', '--hex']));
    expect(trace.out).toMatch(/^\S+Z {2}< 127\.0\.0\.1:\d+ {2}CON 0\.02 POST, MID \d+, token ab02, /m);
    expect(trace.out).toMatch(/\n {4}6244\w{4}ab02$/m);
    expect(await trace.end('SIGINT')).toBe(0);
  });

  it('writes what it shows into a capture, which is whole when Ctrl-C ends it, and for its owner alone', async () => {
    const file = join(folder, 'one.pcap');
    const trace = await seen(started(['trace', 'traced', '--hex', '--pcap', file]));
    const shown = trace.out.split('\n').flatMap((line) => (line.startsWith('    ') ? [line.trim()] : []));
    expect(await trace.end('SIGINT')).toBe(0);
    expect(statSync(file).mode & 0o777).toBe(0o600);
    const { peer } = client;
    expect(packetsOf(readFileSync(file))).toEqual([
      { from: `127.0.0.1:${peer.port}`, to: '127.0.0.1:5683', hex: shown[0] },
      { from: '127.0.0.1:5683', to: `127.0.0.1:${peer.port}`, hex: shown[1] },
    ]);
  });

  it('writes the address that the device reaches, where the server listens at all of them', async () => {
    const open = await TestServer.start({ coap: ['0.0.0.0:0'] });
    const device = await ScriptedClient.registered(open, 'anywhere', '</1/0>,</3/0>');
    const ends = ['127.0.0.1:5683', `127.0.0.1:${device.peer.port}`].sort();
    const file = join(folder, 'all.pcap');
    const trace = new Bellwether(['trace', 'anywhere', '--pcap', file], {
      ...{ BELLWETHER_URL: open.http, BELLWETHER_TOKEN: open.token },
    });
    try {
      await trace.says(/Ctrl-C ends$/m);
      await device.updates('0001');
      await trace.says(/2\.04/);
      expect(await trace.end('SIGINT')).toBe(0);
    } finally {
      device.close();
      await open.stop();
    }
    const packets = packetsOf(readFileSync(file));
    expect(packets.map(({ from, to }) => [from, to].sort())).toEqual([ends, ends]);
  });

  it('writes it to stdout for -, and the lines to stderr', async () => {
    const trace = started(['trace', 'traced', '--pcap', '-'], 'latin1');
    await seen(trace);
    expect(await trace.end('SIGTERM')).toBe(0);
    expect(packetsOf(Buffer.from(trace.out, 'latin1')).map(({ hex }) => hex?.slice(0, 4))).toEqual(['4202', '6244']);
    expect(trace.err).toMatch(/> 127\.0\.0\.1:\d+ {2}ACK 2\.04 Changed/);
  });

  it('writes over no file, and says why one cannot be written', async () => {
    const there = join(folder, 'there.pcap');
    writeFileSync(there, 'mine');
    const refused = started(['trace', 'traced', '--pcap', there]);
    expect(await refused.ended).toBe(1);
    expect(refused.err).toBe(`bellwether: --pcap: ${there} is there already: name a new file\n`);
    expect(readFileSync(there, 'utf8')).toBe('mine');
    const nowhere = started(['trace', 'traced', '--pcap', join(folder, 'no', 'where.pcap')]);
    expect(await nowhere.ended).toBe(1);
    expect(nowhere.err).toMatch(/^bellwether: --pcap: \S+ cannot be written: ENOENT/);
    expect([refused.out, nowhere.out]).toEqual(['', '']);
  });

  it('says when the disk takes no more, and leaves a capture that ends at a whole datagram', async () => {
    const file = join(folder, 'full.pcap');
    const main = resolve('dist/cli/main.js');
    // A file of this process and its children may have 512 bytes: what comes beyond is refused, in the middle of a datagram.
    const limited = `ulimit -f 1; exec "${process.execPath}" "${main}" trace traced --pcap "${file}"`;
    const child = spawn('sh', ['-c', limited], {
      env: { ...process.env, BELLWETHER_URL: server.http, BELLWETHER_TOKEN: server.token },
      stdio: ['ignore', 'ignore', 'pipe'],
    });
    let err = '';
    child.stderr.setEncoding('utf8').on('data', (text: string) => (err += text));
    const ended = once(child, 'close');
    await until('it follows', () => Promise.resolve(err.includes('Ctrl-C') ? 'yes' : undefined));
    for (let count = 0; count < 8; count += 1) {
      updates += 1;
      await client.updates(updates.toString(16).padStart(4, '0'));
    }
    expect(await ended).toEqual([1, null]);
    expect(err).toMatch(/\nbellwether: --pcap: \S+ cannot be written: EFBIG.*\n$/);
    const packets = packetsOf(readFileSync(file));
    expect(packets.length).toBeGreaterThan(2);
    expect(packets.map(({ hex }) => hex?.slice(0, 4))).toEqual(
      packets.map((_, index) => (index % 2 === 0 ? '4202' : '6244')),
    );
  });

  it('leaves no file behind when there is nothing to follow', async () => {
    const file = join(folder, 'nothing.pcap');
    const trace = new Bellwether(['trace', 'traced', '--pcap', file], {
      ...{ BELLWETHER_URL: server.http, BELLWETHER_TOKEN: 'wrong' },
    });
    expect(await trace.ended).toBe(3);
    expect(existsSync(file)).toBe(false);
  });
});

/** The UDP datagrams over IPv4 in a capture. */
function packetsOf(capture: Buffer): { from: string; to: string; hex?: string }[] {
  expect(capture.readUInt32BE(0)).toBe(0xa1_b2_c3_d4);
  const packets = [];
  for (let at = 24; at < capture.length;) {
    const length = capture.readUInt32BE(at + 8);
    const packet = capture.subarray(at + 16, at + 16 + length);
    expect(packet).toHaveLength(length);
    const end = (address: number, port: number): string =>
      `${[...packet.subarray(address, address + 4)].join('.')}:${packet.readUInt16BE(port)}`;
    packets.push({ from: end(12, 20), to: end(16, 22), hex: packet.subarray(28).toString('hex') });
    at += 16 + length;
  }
  return packets;
}
