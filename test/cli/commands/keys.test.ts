/** `bellwether keys`, and the keys of `bellwether serve`: made once, found again, never guessed. */

import {
  chmodSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';

import { TestServer } from '../../support/test-server.js';
import { bellwether } from '../support/command-line.js';
import { Bellwether } from '../support/process.js';

let folder = '';
const started: Bellwether[] = [];
const servers: TestServer[] = [];

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'bellwether-keys-'));
});
afterEach(async () => {
  for (const process of started.splice(0)) await process.end('SIGKILL');
  for (const server of servers.splice(0)) await server.stop();
  rmSync(folder, { recursive: true });
});

function serve(flags: readonly string[] = [], variables: Readonly<Record<string, string>> = {}): Bellwether {
  const args = [
    'serve',
    '--http',
    '127.0.0.1:0',
    '--coap',
    '127.0.0.1:0',
    '--coaps',
    '127.0.0.1:0',
    '--data',
    './data',
    ...flags,
  ];
  const made = new Bellwether(args, variables, folder);
  started.push(made);
  return made;
}

async function once(flags: readonly string[] = [], variables: Readonly<Record<string, string>> = {}): Promise<string> {
  const server = serve(flags, variables);
  await server.says(/^ready/m);
  expect(await server.end()).toBe(0);
  return server.out + server.err;
}

/** What a process says besides its log. */
const words = ({ err }: Bellwether): string => err.replaceAll(/^\{.*\}\n/gm, '');

/** What a start says that does not come about. */
async function refused(
  flags: readonly string[] = [],
  variables: Readonly<Record<string, string>> = {},
): Promise<string> {
  const server = serve(flags, variables);
  expect(await server.ended).toBe(2);
  expect(words(server)).toMatch(/^bellwether: [^\n]+(\n {2}[^\n]+)*\n$/);
  return words(server);
}

const MASTER = (): string => join(folder, 'data.key/master.key');
const idIn = (line: string): string => line.split(':')[2] ?? '';
const keysJson = (): string => readFileSync(join(folder, 'data/keys.json'), 'utf8');

describe('the keys of a server', () => {
  it('are made on the first start, the master key beside the data folder for this user alone, and found by the next', async () => {
    await once();
    const [line, keys] = [readFileSync(MASTER(), 'utf8'), keysJson()];
    expect([statSync(MASTER()).mode & 0o777, statSync(join(folder, 'data/keys.json')).mode & 0o777]).toEqual([
      0o600, 0o600,
    ]);
    expect(keys).toContain(`"masterKey": "${idIn(line)}"`);
    await once();
    expect([readFileSync(MASTER(), 'utf8'), keysJson()]).toEqual([line, keys]);
  });

  it('without their master key keep the server from starting, which names it in one sentence', async () => {
    await once();
    const id = idIn(readFileSync(MASTER(), 'utf8'));
    const keys = keysJson();
    renameSync(MASTER(), join(folder, 'saved'));
    expect(await refused()).toBe(
      `bellwether: the master key ${id}, which the data keys are wrapped by, is missing: ${MASTER()} is not there\n`,
    );
    const { out: other } = await bellwether(['keys', 'generate']);
    expect(await refused([], { BELLWETHER_MASTER_KEY: other.trim() })).toContain(
      `master key ${id}, which the data keys are wrapped by, is missing: BELLWETHER_MASTER_KEY holds ${idIn(other)}`,
    );
    expect([readdirSync(join(folder, 'data.key')), keysJson()]).toEqual([[], keys]);
    await once(['--master-key-file', 'saved']);
    await once([], { BELLWETHER_MASTER_KEY: readFileSync(join(folder, 'saved'), 'utf8') });
  });

  it('take a master key from the file or the variable, never both', async () => {
    const { out: line } = await bellwether(['keys', 'generate']);
    expect(line).toMatch(/^bellwether-master-key:v1:[0-9a-f]{16}:[\w-]{43}\n$/);
    expect(
      await bellwether(['serve', '--print-config', '--master-key-file', 'mine'], { BELLWETHER_MASTER_KEY: line }),
    ).toMatchObject({
      ...{ code: 2, out: '' },
      err: expect.stringContaining(
        '--master-key-file: is given beside BELLWETHER_MASTER_KEY: the master key has one place, take one of the two away',
      ),
    });
    await once([], { BELLWETHER_MASTER_KEY: line });
    expect(keysJson()).toContain(`"masterKey": "${idIn(line)}"`);
    expect(readdirSync(folder)).toEqual(['data']);
  });

  it('are not made when the variable is there and empty, or the file is named in the data folder', async () => {
    expect(await refused([], { BELLWETHER_MASTER_KEY: '' })).toContain(
      'BELLWETHER_MASTER_KEY does not hold a master key',
    );
    expect(await refused(['--master-key-file', 'data/k'])).toContain('the master key must not lie in the data folder');
    expect(readdirSync(join(folder, 'data'))).not.toContain('keys.json');
  });

  it('are warned of in the log when others may read the master key', async () => {
    expect(await once()).not.toContain('open to others');
    chmodSync(MASTER(), 0o644);
    expect(await once()).toMatch(/"the master key is open to others than its owner: chmod 600"/);
  });

  it('that are damaged keep the server from starting, and stay as they are', async () => {
    await once();
    writeFileSync(join(folder, 'data/keys.json'), keysJson().slice(0, 100));
    const server = serve();
    expect(await server.ended).toBe(1);
    expect(words(server)).toMatch(
      /^bellwether: data\/keys\.json is damaged \([^)]+\): put it back from a backup; it is not written over\n$/,
    );
    expect(keysJson()).toHaveLength(100);
  });

  it('are never shown by --print-config', async () => {
    const { out: line } = await bellwether(['keys', 'generate']);
    const { code, out } = await bellwether(['serve', '--print-config'], { BELLWETHER_MASTER_KEY: line });
    expect([code, JSON.parse(out)]).toEqual([0, expect.objectContaining({ masterKeyFile: '' })]);
    expect(out).not.toContain(line.trim().slice(-43));
    expect(out.toLowerCase()).not.toContain('bellwether-master-key');
  });
});

describe('bellwether keys', () => {
  async function running(): Promise<{ server: TestServer; access: string[] }> {
    const server = await TestServer.start();
    servers.push(server);
    return { server, access: ['--url', server.http, '--token', server.token] };
  }

  it('status shows ids and counts', async () => {
    const { access } = await running();
    const { code, out } = await bellwether(['keys', 'status', ...access]);
    expect(code).toBe(0);
    expect(out).toMatch(
      /^masterKey {2}[0-9a-f]{16}\nsource {5}file\ndataKey {4}([0-9a-f]{16})\n\nDATA KEY +CREATED AT +SEALED AT MOST\n\1 {2}2\d{3}-\S+Z +0\n$/,
    );
    const { out: json } = await bellwether(['keys', 'status', '--json', ...access]);
    expect(Object.keys(JSON.parse(json) as object)).toEqual(['masterKey', 'source', 'dataKey', 'dataKeys']);
  });

  it('rotate brings another master key while the server runs; the old one is kept until it is pruned or the next start is done', async () => {
    const { server, access } = await running();
    const file = `${server.folder}.key/master.key`;
    const first = readFileSync(file, 'utf8');
    const rotated = await bellwether(['keys', 'rotate', ...access]);
    const second = readFileSync(file, 'utf8');
    expect(second).not.toBe(first);
    expect(rotated).toMatchObject({ code: 0, out: expect.stringContaining(`the master key is ${idIn(second)} now`) });
    expect(rotated.out).toContain(`the one before, ${idIn(first)}, opens backups made until now`);
    expect(readFileSync(`${file}.old`, 'utf8')).toBe(first);
    expect(statSync(file).mode & 0o777).toBe(0o600);
    expect(await bellwether(['keys', 'prune', ...access])).toMatchObject({
      code: 0,
      out: `the server keeps the master key ${idIn(second)} and no older one\n`,
    });
    expect(readdirSync(`${server.folder}.key`)).toEqual(['master.key']);
    await bellwether(['keys', 'rotate', ...access]);
    expect(readdirSync(`${server.folder}.key`)).toEqual(['master.key', 'master.key.old']);
    await server.restart();
    expect(readdirSync(`${server.folder}.key`)).toEqual(['master.key']);
    expect((await server.rest('GET', '/keys')).body).not.toHaveProperty('oldMasterKey');
  });

  it('backup copies the wrapped keys to a new file and says what else is needed', async () => {
    const { server } = await running();
    const file = join(folder, 'backup.json');
    const keys = readFileSync(join(server.folder, 'keys.json'), 'utf8');
    const made = await bellwether(['keys', 'backup', file, '--data', server.folder]);
    const id = idIn(readFileSync(`${server.folder}.key/master.key`, 'utf8'));
    expect(made).toMatchObject({ code: 0, err: '' });
    expect(made.out).toContain(
      `they open with the master key ${id} alone, which is not in it: keep a copy of that elsewhere`,
    );
    expect([readFileSync(file, 'utf8'), statSync(file).mode & 0o777]).toEqual([keys, 0o600]);
    expect(await bellwether(['keys', 'backup', file], { BELLWETHER_DATA: server.folder })).toMatchObject({
      code: 1,
      err: `bellwether: ${file} is there already: name a new file\n`,
    });
    expect(await bellwether(['keys', 'backup', join(folder, 'x'), '--data', folder])).toMatchObject({
      code: 2,
      err: expect.stringContaining(`there are no keys in ${folder}`),
    });
    writeFileSync(join(folder, 'keys.json'), keys.slice(1));
    expect(await bellwether(['keys', 'backup', join(folder, 'x'), '--data', folder])).toMatchObject({
      code: 1,
      err: expect.stringContaining('is damaged'),
    });
    expect(readdirSync(folder).sort()).toEqual(['backup.json', 'keys.json']);
  });
});
