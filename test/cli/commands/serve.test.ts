/** `bellwether serve` as a process: its settings, its words, its token, its ways to end. */

import { createSocket, type Socket } from 'node:dgram';
import { mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { createServer, get } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';

import { variableOf } from '../../../src/config.js';
import { SETTINGS } from '../../../src/settings.js';
import { until } from '../../support/test-server.js';
import { bellwether } from '../support/command-line.js';
import { Bellwether } from '../support/process.js';

let folder = '';
const started: Bellwether[] = [];

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'bellwether-serve-'));
});

afterEach(async () => {
  for (const process of started.splice(0)) await process.end('SIGKILL');
  rmSync(folder, { recursive: true, force: true });
});

function launch(args: readonly string[], variables: Readonly<Record<string, string>> = {}): Bellwether {
  const made = new Bellwether(args, variables, folder);
  started.push(made);
  return made;
}

/** A server on free ports in a folder of its own. */
const serve = (...flags: string[]): Bellwether =>
  launch([
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
  ]);

const READY = /^ready http=(\S+) coap=(\S+) coaps=coaps:\/\/127\.0\.0\.1:\d+$/m;
const TOKEN = /^owner token \(shown this once\): (bw_[\w-]{43})$/m;

async function statusOf(http: string, token: string): Promise<number> {
  const { status } = await fetch(`${http}/api/v1/devices`, { headers: { authorization: `Bearer ${token}` } });
  return status;
}

describe('bellwether serve --help', () => {
  it('lists every setting with its variable, what is allowed and its default', async () => {
    const { code, out } = await bellwether(['serve', '--help']);
    expect(code).toBe(0);
    for (const { flag, initial, help, min, max } of SETTINGS) {
      const line = out.split('\n').find((text) => new RegExp(`^ *--${flag}(?: |$)`).test(text));
      const value = Array.isArray(initial) ? initial.join(' ') : String(initial);
      expect(line).toContain(help);
      const bounds = min === undefined ? '' : `${min} to ${max ?? 'any'}; `;
      expect(line).toContain(`(${variableOf(flag)}; ${bounds}default ${value === '' ? 'none' : value})`);
    }
  });
});

describe('bellwether serve --print-config', () => {
  it('prints what it takes as a configuration file, and starts nothing', async () => {
    const flags = ['--coap', '[::1]:0', '--coap', '127.0.0.1:9', '--coap-open', '--lifetime-grace', '0.5'];
    const first = await bellwether(['serve', '--print-config', ...flags]);
    expect(first).toMatchObject({ code: 0, err: '' });
    const file = join(folder, 'settings.yaml');
    writeFileSync(file, first.out);
    expect(await bellwether(['serve', '--config', file, '--print-config'])).toEqual(first);
    expect(await bellwether(['serve', '--print-config'], { BELLWETHER_CONFIG: file })).toEqual(first);
  });

  it('takes YAML as people write it, under variables and flags; --no-… turns off what they turned on', async () => {
    const file = join(folder, 'settings.yaml');
    writeFileSync(file, '# ours\nlifetimeGrace: 5\nawakeWindow: 5\ncoapOpen: true\ncoap:\n  - "[::]:5683"\n');
    const { out } = await bellwether(
      ['serve', '--config', file, '--print-config', '--awake-window', '7', '--no-coap-open'],
      {
        BELLWETHER_LIFETIME_GRACE: '6',
        BELLWETHER_AWAKE_WINDOW: '6',
      },
    );
    expect(JSON.parse(out)).toMatchObject({ lifetimeGrace: 6, awakeWindow: 7, coapOpen: false, coap: ['[::]:5683'] });
  });

  it.each([
    ['data: a\ndata: b\n', /settings\.yaml is not valid YAML: Map keys must be unique at line 2, column 1/],
    ['- a\n', /settings\.yaml: must hold settings, one `key: value` a line/],
    ['text', /settings\.yaml: must hold settings/],
    [Buffer.from([0x64, 0x3a, 0x20, 0xff]), /settings\.yaml is not UTF-8 text/],
    ['a: [\n', /settings\.yaml is not valid YAML: .* line 2/],
    ['a: 1\n---\na: 2\n', /settings\.yaml holds 2 YAML documents: only one is allowed/],
    ['datta: ./x\n', /settings\.yaml: datta: no such setting; did you mean data\?/],
    [
      `a: &a [x]\nb: &b [${'*a,'.repeat(50)}]\nc: &c [${'*b,'.repeat(50)}]\nobjects: [${'*c,'.repeat(9)}]`,
      /not valid YAML: .*alias/,
    ],
  ])('refuses a file that holds %j', async (content, words) => {
    const file = join(folder, 'settings.yaml');
    writeFileSync(file, content);
    const { code, out, err } = await bellwether(['serve', '--config', file, '--print-config']);
    expect({ code, out }).toEqual({ code: 2, out: '' });
    expect(err).toMatch(words);
    expect(err).not.toMatch(/\n {4}at /);
  });

  it('refuses a file that is not there, and flags it does not know, in a line or two', async () => {
    expect(await bellwether(['serve', '--config', join(folder, 'none.yaml')])).toMatchObject({
      code: 2,
      err: expect.stringMatching(/^bellwether: the configuration file \S+none\.yaml cannot be read: ENOENT[^\n]*\n$/),
    });
    expect((await bellwether(['serve', '--dta', 'x'])).err).toBe(
      "bellwether: unknown option '--dta'\n(Did you mean --data?)\n(bellwether serve --help says more)\n",
    );
  });
});

describe('the start of a server', () => {
  it('names the ports it picked, prints the owner token once, and the next start does not', async () => {
    const first = serve('--coap-open', '--coap', '[::1]:0');
    const [, http = ''] = await first.says(
      /^ready http=(http:\/\/127\.0\.0\.1:\d+) coap=coap:\/\/127\.0\.0\.1:\d+ coap=coap:\/\/\[::1\]:\d+ coaps=coaps:\/\/127\.0\.0\.1:\d+$/m,
    );
    const [, token = ''] = await first.says(TOKEN);
    await first.says(/^plain CoAP is open: any device may register under any name$/m);
    expect(await statusOf(http, token)).toBe(200);
    expect(await first.end()).toBe(0);
    const files = readdirSync(join(folder, 'data')).map((name) => readFileSync(join(folder, 'data', name), 'latin1'));
    expect(files.some((content) => content.includes(token))).toBe(false);

    const second = serve();
    const [, again = ''] = await second.says(READY);
    expect(second.out).not.toContain('owner token');
    expect(await statusOf(again, token)).toBe(200);
    expect(await second.end('SIGINT')).toBe(0);
  });

  it('writes the token to the file that is named, for this user only', async () => {
    mkdirSync(join(folder, 'secrets'));
    const file = join(folder, 'secrets/owner.token');
    const server = serve('--owner-token-file', file);
    const [, http = ''] = await server.says(READY);
    expect(statSync(file).mode & 0o777).toBe(0o600);
    expect(readdirSync(join(folder, 'secrets'))).toEqual(['owner.token']);
    expect(await statusOf(http, readFileSync(file, 'utf8').trim())).toBe(200);
    expect(server.out).not.toContain('bw_');
    await server.end();
    rmSync(file);
    const again = serve('--owner-token-file', file);
    await again.says(/owner\.token is missing, .* token reset --data \.\/data --owner-token-file \S+ makes another$/m);
  });

  it('that fails leaves no token behind that nobody was told', async () => {
    const failed = serve('--owner-token-file', './nowhere/owner.token');
    expect(await failed.ended).toBe(1);
    expect(failed.err).toMatch(
      /^bellwether: the owner token cannot be written to \.\/nowhere\/owner\.token: ENOENT[^\n]*$/m,
    );
    const taken = createSocket('udp4');
    await new Promise<void>((done) => taken.bind(0, '127.0.0.1', done));
    expect(await serve('--coap', `127.0.0.1:${taken.address().port}`).ended).toBe(1);
    taken.close();
    await serve().says(TOKEN);
  });

  it.each([
    ['--http', 'TCP'],
    ['--coap', 'UDP'],
  ])('says which port of %s is taken, and how to choose another', async (flag, protocol) => {
    const http = createServer();
    const udp = createSocket('udp4');
    await new Promise<void>((done) => http.listen(0, '127.0.0.1', done));
    await new Promise<void>((done) => udp.bind(0, '127.0.0.1', done));
    const port = flag === '--http' ? (http.address() as AddressInfo).port : udp.address().port;
    const server = serve(flag, `127.0.0.1:${port}`);
    expect(await server.ended).toBe(1);
    expect(server.err.split('\n').filter((line) => !line.startsWith('{'))).toEqual([
      `bellwether: ${protocol} 127.0.0.1:${port} is in use by another program: choose another with ${flag} HOST:PORT (port 0 picks a free one)`,
      '',
    ]);
    http.close();
    udp.close();
  });

  it.each([
    [
      ['--http', 'no-such-host.invalid:0'],
      /TCP no-such-host\.invalid:0 (is a name that cannot be resolved|cannot be opened)/,
    ],
    [['--http', '192.0.2.1:0'], /TCP 192\.0\.2\.1:0 is not an address of this machine: choose another with --http/],
    [['--coap', '192.0.2.1:0'], /UDP 192\.0\.2\.1:0: this machine has no such address: choose one it has with --coap/],
    [['--coaps', '192.0.2.1:0'], /UDP 192\.0\.2\.1:0: .*: choose one it has with --coaps HOST:PORT/],
    [['--data', '/proc/none'], /the data folder \/proc\/none cannot be used: .*; choose another with --data FOLDER/],
    [['--data', './file'], /the data folder \.\/file cannot be used: /],
    [['--objects', './none'], /none/],
  ])('with %j ends with one sentence', async (flags, words) => {
    writeFileSync(join(folder, 'file'), '');
    const server = serve(...flags);
    expect(await server.ended).toBeGreaterThanOrEqual(1);
    const lines = server.err.split('\n').filter((line) => line !== '' && !line.startsWith('{'));
    expect(lines).toHaveLength(1);
    expect(lines[0]).toMatch(words);
    expect(server.out).toBe('');
  });

  it('in a data folder that another server uses names that process', async () => {
    const first = serve();
    await first.says(READY);
    const second = serve();
    expect(await second.ended).toBe(1);
    expect(second.err).toMatch(
      new RegExp(
        `^bellwether: the data folder \\S+ is in use by a process with pid ${first.child.pid ?? 0} on \\S+, since `,
        'm',
      ),
    );
  });
});

describe('bellwether token reset', () => {
  it('ends the old token at once, also while the server runs', async () => {
    const server = serve();
    const [, old = ''] = await server.says(TOKEN);
    const [, http = ''] = await server.says(READY);
    const data = join(folder, 'data');
    const { code, out, err } = await bellwether(['token', 'reset'], { BELLWETHER_DATA: data });
    expect({ code, err }).toEqual({ code: 0, err: '' });
    expect(out).toMatch(/^bw_[\w-]{43}\n$/);
    expect([await statusOf(http, old), await statusOf(http, out.trim())]).toEqual([401, 200]);

    const file = join(data, 'owner.token');
    expect(await bellwether(['token', 'reset', '--data', data, '--owner-token-file', file])).toMatchObject({
      out: `the new owner token is in ${file}\n`,
    });
    expect([await statusOf(http, out.trim()), await statusOf(http, readFileSync(file, 'utf8').trim())]).toEqual([
      401, 200,
    ]);

    // The file that commands read is kept true when it lies in the data folder.
    await bellwether(['token', 'reset', '--data', data]);
    expect(await statusOf(http, readFileSync(file, 'utf8').trim())).toBe(200);
    expect(statSync(file).mode & 0o777).toBe(0o600);
    expect(await bellwether(['device', 'list'], { BELLWETHER_DATA: data, BELLWETHER_URL: http })).toMatchObject({
      code: 0,
    });

    // A digest that cannot be read lets nobody in, ends nothing, and a reset makes it good.
    writeFileSync(join(data, 'owner-token.sha256'), 'nonsense');
    expect(await statusOf(http, readFileSync(file, 'utf8').trim())).toBe(401);
    await server.says(/the owner token cannot be checked/);
    await bellwether(['token', 'reset', '--data', data]);
    expect(await statusOf(http, readFileSync(file, 'utf8').trim())).toBe(200);
    expect(await server.end()).toBe(0);
  });

  it('refuses a folder that is not that of a server, and a file that cannot be written, and changes nothing', async () => {
    expect(await bellwether(['token', 'reset', '--data', folder])).toMatchObject({
      code: 2,
      out: '',
      err: expect.stringContaining(`${folder} is not the data folder of a server`),
    });
    expect(readdirSync(folder)).toEqual([]);
    writeFileSync(join(folder, 'owner-token.sha256'), 'before');
    for (const file of [join(folder, 'none/x'), folder]) {
      const { code, err } = await bellwether(['token', 'reset', '--data', folder, '--owner-token-file', file]);
      expect(code).toBe(1);
      expect(err).toMatch(/^bellwether: the owner token cannot be written to /);
    }
    expect(readFileSync(join(folder, 'owner-token.sha256'), 'utf8')).toBe('before');
    expect(readdirSync(folder)).toEqual(['owner-token.sha256']);
  });
});

/** Takes datagrams and answers none. */
async function silentDevice(): Promise<{ socket: Socket; received: Buffer[] }> {
  const socket = createSocket('udp4');
  const received: Buffer[] = [];
  socket.on('message', (bytes) => received.push(bytes));
  await new Promise<void>((done) => socket.bind(0, '127.0.0.1', done));
  return { socket, received };
}

/** CON POST /rd?ep=a&lt=60&lwm2m=1.1 with payload </3/0>. */
const REGISTER = Buffer.from('40020001b2726411283465703d61056c743d3630096c776d326d3d312e31ff3c2f332f303e', 'hex');

/** A server with a read under way that no device answers, and a reader of events. */
async function busyServer(): Promise<{ server: Bellwether; idle: () => Promise<void> }> {
  const server = serve('--coap-open', '--owner-token-file', './owner.token');
  const [, http = '', coap = ''] = await server.says(READY);
  const token = readFileSync(join(folder, 'owner.token'), 'utf8').trim();
  const authorization = { authorization: `Bearer ${token}` };
  const { socket, received } = await silentDevice();
  socket.send(REGISTER, Number(new URL(coap.replace('coap:', 'http:')).port), '127.0.0.1');
  await until('registered', async () => {
    const answer = await fetch(`${http}/api/v1/devices/a`, { headers: authorization });
    return answer.status === 200 ? true : undefined;
  });
  const headers = { ...authorization, prefer: 'wait=60' };
  const read = new Promise<void>((done) => {
    get(`${http}/api/v1/devices/a/resources/3/0/0?live=true`, { headers }, (answer) => {
      answer.resume().once('close', done);
    }).once('error', () => {
      done();
    });
  });
  const tail = launch(['event', 'tail'], { BELLWETHER_URL: http, BELLWETHER_TOKEN: token });
  await until('the read was sent', () => Promise.resolve(received.length > 1 ? true : undefined));
  return {
    server,
    idle: async () => {
      await read;
      await tail.ended;
      socket.close();
    },
  };
}

describe('the end of a server', () => {
  it.each(['SIGTERM', 'SIGINT'] as const)(
    'by %s lets no request wait longer than the drain, and exits 0',
    async (signal) => {
      const { server, idle } = await busyServer();
      const began = performance.now();
      expect(await server.end(signal)).toBe(0);
      expect(performance.now() - began).toBeLessThan(10_000);
      await idle();
    },
  );

  it('is forced by a second signal while it drains, which another exit code tells', async () => {
    const { server, idle } = await busyServer();
    server.child.kill('SIGTERM');
    expect(await server.end('SIGINT')).toBe(71);
    await idle();
  });
});

describe('output that nobody reads', () => {
  it('ends a command quietly', async () => {
    const list = new Bellwether(['serve', '--help'], {}, folder);
    list.child.stdout?.destroy();
    expect(await list.ended).toBe(0);
    expect(list.err).toBe('');
  });

  it('does not end a server', async () => {
    const server = serve('--owner-token-file', './owner.token', '--log-level', 'debug');
    await server.says(/store opened/);
    server.child.stdout?.destroy();
    server.child.stderr?.destroy();
    const token = await until('the token is written', () => {
      try {
        return Promise.resolve(readFileSync(join(folder, 'owner.token'), 'utf8').trim());
      } catch {
        return Promise.resolve(undefined);
      }
    });
    expect(token).toMatch(/^bw_/);
    expect(await server.end()).toBe(0);
  });
});
