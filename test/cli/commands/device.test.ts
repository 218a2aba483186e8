/** `bellwether device …` against a whole server with simulated devices: tables, JSON, exit codes, words. */

import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';

import type { Swarm } from '#simulator';

import { PacketDevice } from '../../support/packet-device.js';
import { TestServer, until } from '../../support/test-server.js';
import { bellwether, type Outcome } from '../support/command-line.js';
import { startDevices } from '../support/devices.js';

const ODD = 'odd/é ~?#%&+"';
let server: TestServer;
let devices: Swarm;
let odd: Swarm;

beforeAll(async () => {
  server = await TestServer.start();
  devices = await startDevices(server.coap, 'dev-', 2);
  odd = await startDevices(server.coap, ODD, 1);
});

afterAll(async () => {
  await Promise.all([devices.stop(1000), odd.stop(1000)]);
  await server.stop();
});

const device = (...args: string[]): Promise<Outcome> =>
  bellwether(['device', ...args], { BELLWETHER_URL: server.http, BELLWETHER_TOKEN: server.token });

/** The JSON a command prints. */
async function json(...args: string[]): Promise<Record<string, unknown>> {
  const { out, err } = await device(...args, '--json');
  expect(err).toBe('');
  return JSON.parse(out) as Record<string, unknown>;
}

const value = async (path: string): Promise<unknown> =>
  ((await json('read', 'dev-1', path))['result'] as { node: { value: unknown } }).node.value;

describe('bellwether device list', () => {
  it('is an aligned table for people, and an array for programs', async () => {
    const { code, out, err } = await device('list', '--sort', 'endpoint', '--filter', 'endpoint==dev-*');
    expect({ code, err }).toEqual({ code: 0, err: '' });
    const lines = out.split('\n');
    expect(lines[0]).toMatch(/^ENDPOINT {2}PRESENCE {2}MODEL {2}FIRMWARE {2}LAST SEEN$/);
    expect(lines[1]).toMatch(/^dev-1 {5}online {21}\d{4}-\d\d-\d\dT[\d:.]+Z$/);
    expect(lines).toHaveLength(4);
    const items = JSON.parse((await device('list', '--json', '--filter', 'endpoint==dev-*')).out) as unknown[];
    expect(items).toMatchObject([{ endpoint: 'dev-1' }, { endpoint: 'dev-2' }]);
  });

  it('says on stderr that there is none, and gives programs an empty array', async () => {
    expect(await device('list', '--filter', 'endpoint==nobody')).toEqual({
      code: 0,
      out: '',
      err: 'no device fits the filter\n',
    });
    expect(await device('list', '--filter', 'endpoint==nobody', '--json')).toEqual({ code: 0, out: '[]\n', err: '' });
  });

  it('shows at most so many as --limit says', async () => {
    expect(JSON.parse((await device('list', '--limit', '2', '--json')).out)).toHaveLength(2);
  });

  it.each([
    [['--limit', 'x'], 'bellwether: --limit must be a whole number, not "x"\n'],
    [['--filter', 'bad'], /^bellwether: the filter is not understood at character 4: .* \(invalid_filter\)\n$/],
    [['--sort', 'colour'], /^bellwether: .*colour.* \(invalid_sort\)\n$/],
    [['--colour'], "bellwether: unknown option '--colour'\n(bellwether device list --help says more)\n"],
  ])('refuses %j as wrong usage, in a sentence on stderr', async (args, words) => {
    const { code, out, err } = await device('list', ...args);
    expect({ code, out }).toEqual({ code: 2, out: '' });
    expect(err).toMatch(words);
  });
});

describe('bellwether device show', () => {
  it('has a line for each thing that is known, the objects as paths', async () => {
    const { code, out } = await device('show', 'dev-1');
    expect(code).toBe(0);
    expect(out).toMatch(/^endpoint {19}dev-1$/m);
    expect(out).toMatch(/^registration\.lifetime {4,}300$/m);
    expect(out).toMatch(/^association {4,}none$/m);
    expect(out).toMatch(/^registration\.objects {4,}\/1\/0 \(1\.1\), \/3\/0 \(1\.1\), .*\/3303\/0 \(1\.1\)$/m);
    expect(await json('show', 'dev-1')).toMatchObject({ endpoint: 'dev-1', registration: { lifetime: 300 } });
  });

  it.each([`${ODD}1`, '.', '..', '~', '~eA', 'a/b', '%2F'])('takes %j as a name', async (name) => {
    const { code, out, err } = await device('show', name);
    if (name === `${ODD}1`)
      expect({ code, err, out }).toMatchObject({ code: 0, err: '', out: expect.stringContaining(name) });
    else
      expect({ code, out, err }).toEqual({
        code: 1,
        out: '',
        err: `bellwether: no device has the endpoint name "${name}" (device_not_found)\n`,
      });
  });

  it('needs a name', async () => {
    expect(await device('show', '')).toMatchObject({ code: 2, out: '' });
    expect((await device('show')).err).toContain("missing required argument 'endpoint'");
  });
});

describe('bellwether device read and discover', () => {
  it('shows what was read as a table of path, name, value and unit', async () => {
    const { code, out } = await device('read', 'dev-1', '/3303/0');
    expect(code).toBe(0);
    expect(out).toMatch(/^PATH {10}NAME +VALUE +UNIT\n/);
    expect(out).toMatch(/^\/3303\/0\/5700 {2}Sensor Value +[\d.]+/m);
    expect((await device('read', 'dev-1', '/3/0/6')).out).toMatch(/^\/3\/0\/6\/0 {2}Available Power Sources {2}1$/m);
  });

  it('gives programs the operation as REST has it', async () => {
    const operation = await json('read', 'dev-1', '/3/0/0');
    expect(operation).toMatchObject({ kind: 'read', state: 'succeeded', result: { node: { value: 'Bellwether' } } });
  });

  it('ends with 3 and the words of the device when that refuses', async () => {
    expect(await device('read', 'dev-1', '/3/0/999')).toEqual({
      code: 3,
      out: '',
      err: 'bellwether: failed: device_refused 4.04 /3/0/999 is not here\n',
    });
    const { code, out } = await device('read', 'dev-1', '/3/0/999', '--json');
    expect({ code, state: (JSON.parse(out) as { state: string }).state }).toEqual({ code: 3, state: 'failed' });
  });

  it.each([
    [['nobody', '/3'], 1, /no device has the endpoint name "nobody"/],
    [['dev-1', '3/0'], 2, /"3\/0" is not the path of an object/],
    [['dev-1', '/3/0/9', '--format', 'xml'], 2, /\/format must be one of text, /],
    [['dev-1', '/3/0/9', '--deadline', 'tomorrow'], 2, /the deadline is not a time/],
    [['dev-1', '/3/0/9', '--wait', '1.5'], 2, /--wait must be a whole number, not "1.5"/],
    [['dev-1', '/3/0/9', '--wait', '601'], 2, /wait must be 0 to 600 seconds/],
  ])('read %j ends with %i and one sentence', async (args, code, words) => {
    const outcome = await device('read', ...args);
    expect(outcome).toMatchObject({ code, out: '' });
    expect(outcome.err).toMatch(words);
    expect(outcome.err.trim().split('\n')).toHaveLength(1);
  });

  it('takes no priority but high, normal and low', async () => {
    expect(await device('read', 'dev-1', '/3/0/9', '--priority', 'urgent')).toEqual({
      code: 2,
      out: '',
      err: "bellwether: option '--priority <HOW>' argument 'urgent' is invalid. Allowed choices are high, normal, low.\n(bellwether device read --help says more)\n",
    });
  });

  it('says what an operation waits for when the wait ends first', async () => {
    const { code, out } = await device('read', 'dev-1', '/3/0/9', '--wait', '0');
    expect(code).toBe(0);
    expect(out).toMatch(/^(sent|queued): operation \w+ waits (for the answer of the device|behind other operations)/);
  });

  it('says by when a device that sleeps must be heard', async () => {
    const sleeper = await PacketDevice.registered(server.coap, 'sleeper', () => undefined, ['Q']);
    await server.rest('PATCH', '/devices/sleeper', { awakeWindow: 1 });
    await until('it sleeps', async () =>
      (await server.device('sleeper'))['presence'] === 'asleep' ? 'yes' : undefined,
    );
    const { code, out } = await device('read', 'sleeper', '/3/0/9');
    sleeper.close();
    expect(code).toBe(0);
    expect(out).toMatch(
      /^queued: operation \w+ waits until the device is heard again, which is expected by \d{4}-\d\d-\d\dT[\d:.]+Z\n$/,
    );
  });

  it('shows links with their attributes', async () => {
    await device('attributes', 'dev-1', '/3303/0/5700', 'pmin=2', 'gt=1.5');
    expect((await device('discover', 'dev-1', '/3303/0')).out).toMatch(
      /^\/3303\/0\/5700 {2}(pmin=2 gt=1.5|gt=1.5 pmin=2)$/m,
    );
    await device('attributes', 'dev-1', '/3303/0/5700', 'pmin', 'gt=');
    expect((await device('discover', 'dev-1', '/3303/0')).out).toMatch(/^\/3303\/0\/5700$/m);
  });
});

describe('bellwether device write', () => {
  it.each([
    ['/1/0/1', ['120'], 120],
    ['/3/0/14', ['+02:00'], '+02:00'],
    ['/3/0/15', ['5', '--type', 'string'], '5'],
    ['/3/0/15', ['true', '--type', 'string'], 'true'],
    ['/3/0/15', ['"7"'], '7'],
    ['/1/0/1', ['180', '--type', 'integer'], 180],
    ['/1/0/6', ['false'], false],
    ['/1/0/6', ['true', '--type', 'boolean'], true],
  ])('to %s takes %j', async (path, args, read) => {
    expect(await device('write', 'dev-1', path, ...args)).toEqual({ code: 0, out: 'succeeded 2.04\n', err: '' });
    expect(await value(path)).toBe(read);
  });

  it('takes an instance as JSON, and keeps the rest with --update', async () => {
    const offset = await value('/3/0/14');
    await device('write', 'dev-1', '/3/0', '{"15":"Europe/Berlin"}', '--update');
    expect([await value('/3/0/15'), await value('/3/0/14')]).toEqual(['Europe/Berlin', offset]);
  });

  it('sends every digit of a large whole number, alone and within JSON', async () => {
    const big = '9007199254740993';
    const written = async (...args: string[]): Promise<unknown> => (await json('write', 'dev-1', ...args))['value'];
    expect(await written('/1/0/1', big)).toBe(big);
    // Within JSON it is the caller's to quote: a number that cannot be held exactly is refused, never rounded.
    const refused = await device('write', 'dev-1', '/1/0', `{"1":${big}}`, '--update');
    expect(refused).toMatchObject({
      code: 2,
      err: expect.stringContaining('the number 9007199254740993 cannot be held exactly'),
    });
    expect(await device('write', 'dev-1', '/1/0/1', '-5')).toMatchObject({ code: 3 });
  });

  it('tells a value that does not fit from a refusal of the device', async () => {
    expect(await device('write', 'dev-1', '/1/0/1', 'abc')).toMatchObject({
      code: 2,
      err: expect.stringMatching(/^bellwether: the value for \/1\/0\/1 cannot be used: .*\(invalid_value\)\n$/),
    });
    expect(await device('write', 'dev-1', '/3/0/0', 'x')).toMatchObject({
      code: 3,
      err: 'bellwether: failed: device_refused 4.05 /3/0/0 cannot be written\n',
    });
    expect((await device('write', 'dev-1', '/3/0/0', 'x', '--type', 'text')).err).toContain(
      'Allowed choices are string',
    );
  });
});

describe('bellwether device with --validate strict', () => {
  it('ends as wrong usage with what the device would answer', async () => {
    expect(await device('write', 'dev-1', '/3/0/0', 'x', '--validate', 'strict')).toEqual({
      code: 2,
      out: '',
      err: 'bellwether: the device would answer 4.05: /3/0/0 (Manufacturer) cannot be written: its operations are "R" (would_be_refused)\n',
    });
    expect(await device('observe', 'dev-1', '/3/0/4', '--validate', 'strict')).toMatchObject({ code: 2, out: '' });
    expect(await device('read', 'dev-1', '/3/0/9', '--validate', 'well')).toMatchObject({ code: 2, out: '' });
    expect(await device('read', 'dev-1', '/3/0/9', '--validate', 'strict')).toMatchObject({ code: 0 });
  });
});

describe('bellwether device write-composite', () => {
  it.each([
    [['/1/0/1'], /"\/1\/0\/1" is not a value at a path: expected such as \/1\/0\/1=60/],
    [['=60'], /is not a value at a path/],
    [['1/0/1=60'], /"1\/0\/1" is not the path of/],
    [['/1/0/1=x'], /the value for \/1\/0\/1 cannot be used/],
    [['/1/0/1=null'], /null removes a resource instance/],
    [['/1/0/1=60', '/1/0={"1":60}'], /overlap/],
  ])('refuses %j in a sentence', async (values, words) => {
    const { code, out, err } = await device('write-composite', 'dev-1', ...values);
    expect({ code, out }).toEqual({ code: 2, out: '' });
    expect(err).toMatch(words);
  });
});

describe('bellwether device execute, create, delete and attributes', () => {
  it('executes, with and without arguments', async () => {
    expect(await device('execute', 'dev-1', '/3/0/12')).toEqual({ code: 0, out: 'succeeded 2.04\n', err: '' });
    expect(await device('execute', 'dev-1', '/3303/0/5605')).toMatchObject({ code: 0 });
    expect(await json('execute', 'dev-1', '/3/0/12', '1')).toMatchObject({ kind: 'execute', arguments: '1' });
    expect(await device('execute', 'dev-1', '/3/0/12', 'nonsense')).toMatchObject({ code: 2, out: '' });
  });

  it('creates an instance and names it, deletes it once, and then it is not there', async () => {
    const { code, out } = await device('create', 'dev-1', '/3303', '{"5700":21.5}', '--instance', '7');
    expect({ code, out }).toEqual({ code: 0, out: 'succeeded 2.01 /3303/7\n' });
    expect(await device('delete', 'dev-1', '/3303/7')).toMatchObject({ code: 0, out: 'succeeded 2.02\n' });
    expect(await device('delete', 'dev-1', '/3303/7')).toMatchObject({
      code: 3,
      err: expect.stringContaining('device_refused 4.04'),
    });
  });

  it.each([['=3'], ['pmin=1=2'], ['pmin=abc'], ['pmin=0x10'], ['pmin= 1'], ['p min=1']])(
    'does not take %j as an attribute',
    async (text) => {
      const { code, out, err } = await device('attributes', 'dev-1', '/3303/0/5700', text);
      expect({ code, out }).toEqual({ code: 2, out: '' });
      expect(err).toMatch(/not an attribute: NAME=NUMBER sets it|is not a number/);
    },
  );
});

describe('bellwether device observe', () => {
  it('keeps a path observed until it is told otherwise, by an id made of the path or its own', async () => {
    const { code, out } = await device('observe', 'dev-1', '/3303/0/5700', '--attribute', 'pmin=1', 'pmax=9');
    expect(code).toBe(0);
    expect(out).toMatch(
      /^id +3303\.0\.5700\npaths +\/3303\/0\/5700\nattributes\.pmin +1\nattributes\.pmax +9\nstate +/,
    );
    await until('a value came', async () => {
      const { body } = await server.rest('GET', '/devices/dev-1/observations/3303.0.5700');
      return body['lastValueAt'];
    });
    expect(await json('observe', 'dev-1', '/3/0/9', '--id', 'battery')).toMatchObject({ id: 'battery' });
    expect((await device('observe', 'dev-1', '/3/0/9', '--id', 'battery', '--cancel')).out).toBe(
      'observation battery ended\n',
    );
    expect(await json('observe', 'dev-1', '/3303/0/5700', '--cancel')).toEqual({ id: '3303.0.5700', cancelled: true });
    expect(await device('observe', 'dev-1', '/3303/0/5700', '--cancel')).toMatchObject({
      code: 1,
      err: 'bellwether: the device has no observation "3303.0.5700" (observation_not_found)\n',
    });
  });
});

describe('bellwether device operations', () => {
  it('lists the newest first, with what became of them, over more than a page', async () => {
    await device('read', 'dev-2', '/3/0/0', '--priority', 'high');
    await device('read', 'dev-2', '/3/0/999');
    const { out } = await device('operations', 'dev-2');
    expect(out.split('\n')[0]).toMatch(/^ID +KIND +PATH +PRIORITY +STATE +CREATED +ERROR$/);
    expect(out.split('\n')[1]).toMatch(
      /^\w+ {2}read {2}\/3\/0\/999 {2}normal {4}failed {5}\S+ {2}device_refused 4\.04 /,
    );
    expect(out.split('\n')[2]).toMatch(/^\w+ {2}read {2}\/3\/0\/0 {4}high {6}succeeded {2}\S+Z$/);
    expect(JSON.parse((await device('operations', 'dev-2', '--limit', '600', '--json')).out)).toHaveLength(2);
    expect(await device('operations', `${ODD}1`)).toEqual({
      code: 0,
      out: '',
      err: 'there are no operations of this device\n',
    });
  });
});

describe('where the server is and who asks', () => {
  const list = ['device', 'list', '--json'];

  it('is told by flags before variables', async () => {
    const wrong = { BELLWETHER_URL: 'http://127.0.0.1:1', BELLWETHER_TOKEN: 'wrong' };
    expect(await bellwether([...list, '--url', `${server.http}/`, '--token', server.token], wrong)).toMatchObject({
      code: 0,
    });
    expect(await bellwether([...list, '--url', server.http], wrong)).toEqual({
      code: 3,
      out: '',
      err: 'bellwether: this token is not valid (any more) (unauthorized)\n',
    });
    expect(await bellwether([...list, '--token', 'x'], wrong)).toEqual({
      code: 1,
      out: '',
      err: 'bellwether: no server answers at http://127.0.0.1:1 (--url names another): connect ECONNREFUSED 127.0.0.1:1\n',
    });
  });

  it('is read from the local token file when nothing else is given', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'bellwether-token-'));
    const before = process.cwd();
    try {
      mkdirSync(join(folder, 'data'));
      process.chdir(folder);
      const url = { BELLWETHER_URL: server.http };
      expect(await bellwether(list, url)).toEqual({
        code: 2,
        out: '',
        err: 'bellwether: no token: data/owner.token does not exist; give --token or BELLWETHER_TOKEN\n',
      });
      writeFileSync(join(folder, 'data/owner.token'), `${server.token}\n`);
      writeFileSync(join(folder, 'other.token'), 'wrong\n');
      expect(await bellwether(list, url)).toMatchObject({ code: 0 });
      expect(await bellwether(list, { ...url, BELLWETHER_TOKEN: '' })).toMatchObject({ code: 0 });
      expect(await bellwether(list, { ...url, BELLWETHER_OWNER_TOKEN_FILE: 'other.token' })).toMatchObject({ code: 3 });
      expect(await bellwether(list, { ...url, BELLWETHER_OWNER_TOKEN_FILE: 'data' })).toMatchObject({
        code: 2,
        err: expect.stringMatching(/^bellwether: no token: data cannot be read \(EISDIR/),
      });
    } finally {
      process.chdir(before);
      rmSync(folder, { recursive: true });
    }
  });

  it.each(['ftp://x', 'http://', 'http://[', '127.0.0.1:8080', ''])('is not %j', async (url) => {
    const { code, err } = await bellwether([...list, '--token', 'x', '--url', url]);
    expect(code).toBe(2);
    expect(err).toMatch(/^bellwether: --url must be like http:\/\/127\.0\.0\.1:8080, not "[^\n]*\n$/);
  });

  it.each(['', 'a\nb', 'ü', 'two words'])('no token is %j', async (token) => {
    expect(await bellwether([...list, '--url', server.http, '--token', token])).toMatchObject({
      code: 2,
      err: 'bellwether: the token is empty or has characters that no token has\n',
    });
  });
});

/** A server that is none of ours, and answers as it is told. */
async function stranger(
  answer: (path: string) => { status: number; body: unknown },
): Promise<{ http: Server; url: string }> {
  const http = createServer((request, response) => {
    const { status, body } = answer(request.url ?? '');
    response.writeHead(status).end(typeof body === 'string' ? body : JSON.stringify(body));
  });
  await new Promise<void>((resolve) => http.listen(0, '127.0.0.1', resolve));
  return { http, url: `http://127.0.0.1:${(http.address() as AddressInfo).port}` };
}

describe('what the server answers', () => {
  it('is fetched page by page, as many as there are', async () => {
    const asked: string[] = [];
    const { http, url } = await stranger((path) => {
      asked.push(path);
      const page = Number(new URL(path, 'http://x').searchParams.get('cursor') ?? '0');
      const items = Array.from({ length: page < 2 ? 500 : 3 }, (_, index) => ({ endpoint: `d${page * 500 + index}` }));
      return { status: 200, body: page < 2 ? { items, next: String(page + 1) } : { items } };
    });
    const run = async (...args: string[]): Promise<unknown[]> =>
      JSON.parse(
        (await bellwether(['device', 'list', '--json', '--url', url, '--token', 'x', ...args])).out,
      ) as unknown[];
    expect(await run()).toHaveLength(1003);
    expect(asked).toEqual(['', '&cursor=1', '&cursor=2'].map((rest) => `/api/v1/devices?limit=500${rest}`));
    expect(await run('--limit', '501')).toHaveLength(501 + 499);
    http.close();
  });

  it.each([
    [404, 'Not found', 1, /this is no Bellwether: it answered 404/],
    [502, '<html>', 1, /this is no Bellwether: it answered 502/],
    [409, { code: 'queue_full', detail: '100 wait' }, 1, /^bellwether: 100 wait \(queue_full\)\n$/],
    [503, { code: 'store_busy', detail: 'busy' }, 1, /busy \(store_busy\)/],
    [504, { code: 'device_timeout', detail: 'no answer' }, 4, /no answer \(device_timeout\)/],
    [502, { code: 'device_refused', detail: '4.05' }, 3, /4\.05 \(device_refused\)/],
    [403, { code: 'not_permitted', detail: 'no' }, 3, /no \(not_permitted\)/],
    [
      400,
      {
        code: 'invalid_body',
        detail: 'one',
        errors: [
          { pointer: '/a', detail: 'one' },
          { pointer: '/b', detail: 'two' },
        ],
      },
      2,
      /^bellwether: one\n {2}\/b: two \(invalid_body\)\n$/,
    ],
  ])('as %i %j becomes exit code %i and words', async (status, body, code, words) => {
    const { http, url } = await stranger(() => ({ status, body }));
    const outcome = await bellwether(['device', 'show', 'x', '--url', url, '--token', 'x']);
    http.close();
    expect(outcome).toMatchObject({ code, out: '' });
    expect(outcome.err).toMatch(words);
  });

  it.each([
    ['expired', 1, 'expired: deadline_passed'],
    ['cancelled', 1, 'cancelled: operation_cancelled'],
    ['unknown', 1, 'unknown: outcome_unknown'],
    ['failed', 4, 'failed: device_timeout'],
  ])('as an operation that is %s becomes exit code %i', async (state, code, words) => {
    const error = { code: words.split(': ')[1] };
    const { http, url } = await stranger(() => ({ status: 200, body: { id: '1', state, error } }));
    const outcome = await bellwether(['device', 'read', 'x', '/3', '--url', url, '--token', 'x']);
    http.close();
    expect(outcome).toEqual({ code, out: '', err: `bellwether: ${words}\n` });
  });
});
