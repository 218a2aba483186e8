/**
 * T18 with a whole fleet: keys of many devices, handed in and made, used in handshakes while master key, data keys, credentials
 * and keys of the server are exchanged; then a search over all that the server wrote, said and answered. All keys have one
 * canary in them, so that one search finds any of them. BELLWETHER_TEST_CREDENTIALS asks for more, such as 100,000.
 */

import { randomBytes } from 'node:crypto';
import { copyFileSync, mkdirSync, mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { afterAll, beforeAll, expect, it } from '@jest/globals';

import { seconds } from '#base';
import { KeysFile, systemDisk, type KeyRing } from '#vault';
import { unwrapRing } from '../../src/vault/key-ring.js';
import { readMasterKey } from '../../src/vault/master-key.js';
import { bellwether } from '../cli/support/command-line.js';
import { Bellwether } from '../cli/support/process.js';
import { Haystack, searchFiles } from '../support/canary.js';
import { DtlsClient } from '../support/dtls-client.js';
import { authorityNow, serverKey } from '../support/server-keys.js';
import { until } from '../support/test-server.js';

const CREDENTIALS = Number(process.env['BELLWETHER_TEST_CREDENTIALS'] ?? '1000');
const DEVICES = Math.min(500, CREDENTIALS / 10);
const AT_ONCE = 20;
const LINES = 5000;

/** In every key of this run, and in every one that takes the place of another or is refused. */
const [CORE, NEXT, WRONG] = [randomBytes(12), randomBytes(12), randomBytes(12)];
const keyOf = (core: Uint8Array, number: number): Buffer => {
  const key = Buffer.alloc(16);
  key.set(core);
  key.writeUInt32BE(number, core.length);
  return key;
};

let folder = '';
let server: Bellwether;
let http = '';
let port = 0;
let token = '';
/** Everything that REST said and that may not hold a secret. */
const answers: string[] = [];
const clients: DtlsClient[] = [];
const secrets = new Map<string, Uint8Array>();
/** The master keys there were, as their lines. */
const lines: Uint8Array[] = [];

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'bellwether-canary-'));
  const flags = ['--http', '127.0.0.1:0', '--coap', '127.0.0.1:0', '--coaps', '127.0.0.1:0', '--data', 'data'];
  server = new Bellwether(
    ['serve', ...flags, '--log-level', 'debug', '--owner-token-file', 'token'],
    { NODE_OPTIONS: '--report-on-signal --report-exclude-network --report-filename=report.json' },
    folder,
  );
  const [, address = '', secure = ''] = await server.says(
    /^ready http=(\S+) .*coaps=coaps:\/\/127\.0\.0\.1:(\d+)/m,
    60,
  );
  [http, port] = [address, Number(secure)];
  token = readFileSync(join(folder, 'token'), 'utf8').trim();
}, 90_000);
afterAll(async () => {
  for (const client of clients) client.close();
  await server.end('SIGKILL');
  rmSync(folder, { recursive: true });
});

async function rest(method: string, path: string, body?: string, type = 'application/json'): Promise<string> {
  const headers = { authorization: `Bearer ${token}`, ...(body !== undefined && { 'content-type': type }) };
  const response = await fetch(`${http}/api/v1${path}`, { method, headers, ...(body !== undefined && { body }) });
  const text = await response.text();
  answers.push(`${method} ${path} ${JSON.stringify(Object.fromEntries(response.headers))} ${response.status} ${text}`);
  return text;
}

const credential = (core: Uint8Array, number: number): string =>
  JSON.stringify({ kind: 'psk', identity: `id-${number}`, key: `hex:${keyOf(core, number).toString('hex')}` });

/** Hands all keys in. */
async function load(): Promise<number> {
  let created = 0;
  for (let from = 0; from < CREDENTIALS; from += LINES) {
    const count = Math.min(LINES, CREDENTIALS - from);
    const lines = Array.from({ length: count }, (_, index) => {
      const number = from + index;
      const key = keyOf(CORE, number);
      const text = number % 2 === 0 ? `hex:${key.toString('hex')}` : `base64:${key.toString('base64')}`;
      return JSON.stringify({ endpoint: `d-${number}`, id: 'k', kind: 'psk', identity: `id-${number}`, key: text });
    });
    const text = await rest('POST', '/credentials/import', lines.join('\n'), 'application/x-ndjson');
    created += (JSON.parse(text.trimEnd().split('\n').at(-1) ?? '{}') as { created: number }).created;
  }
  return created;
}

async function shakeHands(number: number, core: Uint8Array): Promise<string> {
  const psk = { identity: Buffer.from(`id-${number}`), key: keyOf(core, number) };
  const handshakeDeadline = seconds(core === WRONG ? 2 : 9);
  const client = new DtlsClient(() => port, { psk }, { parameters: { handshakeDeadline } });
  clients.push(client);
  const kind = await client.come();
  client.close();
  clients.splice(clients.indexOf(client), 1);
  return kind;
}

/** Notes the master key and the data keys there are. */
function noteKeys(): void {
  const line = readFileSync(join(folder, 'data.key/master.key'));
  lines.push(line);
  const ring = new KeysFile(join(folder, 'data'), systemDisk).load();
  if (ring === undefined) throw new Error('there are no keys');
  const master = readMasterKey(line, 'the test');
  secrets.set(`master key ${master.id}`, master.key.export());
  for (const { id, key } of unwrapRing(master, ring)) secrets.set(`data key ${id}`, key.export());
}

it(
  `leaves no secret of ${CREDENTIALS} credentials anywhere, after handshakes while all keys are exchanged`,
  async () => {
    const took = { load: performance.now(), shake: 0, search: 0 };
    expect(await load()).toBe(CREDENTIALS);
    took.load = performance.now() - took.load;
    noteKeys();
    const ca = authorityNow('CA');
    const kinds: Record<string, number> = {};
    const begun = performance.now();
    for (let from = 0; from < DEVICES; from += AT_ONCE) {
      const door = serverKey(ca, `door-${from}`);
      const scalar = door.certificate.key.privateKey.export({ format: 'jwk' }).d ?? '';
      secrets.set(`key of the server ${from}`, Buffer.from(scalar, 'base64url'));
      const numbers = Array.from({ length: AT_ONCE }, (_, index) => from + index);
      const [coming] = await Promise.all([
        Promise.all(numbers.map((number) => shakeHands(number, number % 5 === 0 ? WRONG : CORE))),
        rest('POST', '/keys/rotate').then(noteKeys),
        rest('PUT', '/server-credentials/door', JSON.stringify({ key: door.key, chain: door.chain })),
        // Of devices that are not shaking hands now: all of their keys are good.
        rest('PUT', `/devices/d-${DEVICES + from}/credentials/k`, credential(NEXT, DEVICES + from)),
      ]);
      for (const kind of coming) kinds[kind] = (kinds[kind] ?? 0) + 1;
    }
    took.shake = performance.now() - begun;
    const failed = Math.ceil(DEVICES / 5);
    expect(kinds).toEqual({ full: DEVICES - failed, handshakeFailed: failed });
    expect(await shakeHands(DEVICES, NEXT)).toBe('full');

    // The master keys of before open nothing that there is now.
    await rest('POST', '/keys/prune');
    const ring = new KeysFile(join(folder, 'data'), systemDisk).load();
    const opening = lines.map((line) => () => unwrapRing(readMasterKey(line, 'the test'), ring as KeyRing));
    expect(opening.slice(0, -1).length).toBe(DEVICES / AT_ONCE);
    for (const open of opening.slice(0, -1)) expect(open).toThrow();
    expect(opening.at(-1)?.().length).toBeGreaterThan(1);

    // What is refused with a key in it.
    const hex = keyOf(WRONG, 1).toString('hex');
    await rest('PUT', '/devices/d-1/credentials/k', `{"kind":"psk","key":"hex:${hex}","more":1}`);
    await rest('PUT', '/devices/d-1/credentials/k', `{"kind":"psk","key":"hex:${hex}0"}`);
    await rest('PUT', '/devices/d-1/credentials/k', `{"kind":"psk","key":"hex:${hex}`);
    await rest('PUT', '/devices/d-1/credentials/other', credential(WRONG, 2));
    await rest('PUT', '/server-credentials/bad', JSON.stringify({ key: `-----BEGIN PRIVATE KEY-----\n${hex}\n` }));
    await rest('POST', '/credentials/import', `{"endpoint":"x","id":"k","kind":"rpk","key":"hex:${hex}"}`, NDJSON);
    await rest('DELETE', '/devices/d-2/credentials/k');
    for (const path of [
      ...['/metrics', '/openapi.json', '/devices?limit=500', '/keys', '/server-credentials', '/trust-anchors'],
      ...['/devices/d-1', '/devices/d-1/credentials', '/devices/d-3/credentials/k', '/server-credentials/door'],
    ])
      await rest('GET', path);

    const backup = await bellwether(['keys', 'backup', join(folder, 'backup.json'), '--data', join(folder, 'data')]);
    expect(backup.code).toBe(0);
    mkdirSync(join(folder, 'copy'));
    for (const name of ['bellwether.db', 'bellwether.db-wal', 'keys.json'])
      copyFileSync(join(folder, 'data', name), join(folder, 'copy', name));
    server.child.kill('SIGUSR2');
    const report = join(folder, 'report.json');
    await until('the report is written', async () =>
      statSync(report, { throwIfNoEntry: false })?.size !== undefined &&
      readFileSync(report, 'utf8').trimEnd().endsWith('}')
        ? 'yes'
        : undefined,
    );

    const searched = performance.now();
    for (const [name, core] of Object.entries({ CORE, NEXT, WRONG })) secrets.set(`a key with ${name}`, core);
    const where = ['data', 'copy', 'backup.json', 'report.json'].map((name) => join(folder, name));
    const files = searchFiles(where, secrets);
    expect(files.found).toEqual([]);
    const said = [server.out, server.err, backup.out, backup.err, ...answers].map((text) => new Haystack(text));
    const leaks = [...secrets].flatMap(([name, secret]) => said.flatMap((one) => one.formsOf(secret).map(() => name)));
    expect(leaks).toEqual([]);
    // The search bites: the master key lies in its own folder.
    const there = searchFiles([join(folder, 'data.key')], secrets).found;
    expect(new Set(there.map((found) => found.split(': ')[0]))).toEqual(new Set([join(folder, 'data.key/master.key')]));
    took.search = performance.now() - searched;
    const spans = Object.entries(took).map(([name, span]) => `${name} ${(span / 1000).toFixed(1)} s`);
    process.stderr.write(
      `${CREDENTIALS} credentials, ${DEVICES + 1} handshakes, ${secrets.size} canaries, ${files.bytes} bytes of files, ${server.out.length + server.err.length} of log, ${answers.length} answers: ${spans.join(', ')}\n`,
    );
    expect(await server.end()).toBe(0);
  },
  120_000 + CREDENTIALS * 20,
);

const NDJSON = 'application/x-ndjson';
