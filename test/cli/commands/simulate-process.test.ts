/** `bellwether simulate` as a process against a whole server, over both families of addresses. */

import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { afterEach, describe, expect, it } from '@jest/globals';

import { TestServer, until } from '../../support/test-server.js';
import { Bellwether } from '../support/process.js';

const started: Bellwether[] = [];
let server: TestServer | undefined;

afterEach(async () => {
  for (const process of started.splice(0)) await process.end('SIGKILL');
  await server?.stop();
  server = undefined;
});

function simulate(...flags: string[]): Bellwether {
  const made = new Bellwether(['simulate', ...flags]);
  started.push(made);
  return made;
}

/** What the server knows of a device's registration. */
async function registrationOf(name: string): Promise<Record<string, unknown> | undefined> {
  return (await (server as TestServer).device(name))['registration'] as Record<string, unknown> | undefined;
}

describe('bellwether simulate', () => {
  it.each(['SIGINT', 'SIGTERM'] as const)(
    'registers devices as it is told, and de-registers them by %s with exit code 0',
    async (signal) => {
      server = await TestServer.start();
      const devices = simulate(
        '--server',
        server.coap,
        '--count',
        '3',
        '--prefix',
        'kit-',
        '--lifetime',
        '77',
        '--objects',
        '3304,3311',
      );
      await devices.says(/^3 of 3 devices are registered at 127\.0\.0\.1:\d+$/m);
      expect(devices.out.match(/^kit-[123] registered at \/rd\/[\w-]{10}$/gm)).toHaveLength(3);
      const registration = await registrationOf('kit-2');
      expect(registration).toMatchObject({ lifetime: 77, lwm2m: '1.1', binding: 'U' });
      const objects = registration?.['objects'] as { id: number }[];
      expect(objects.map(({ id }) => id)).toEqual([1, 3, 4, 6, 7, 3303, 3304, 3311]);
      expect(await devices.end(signal)).toBe(0);
      expect(devices.out).toMatch(/all devices are de-registered\n$/);
      expect(devices.err).toBe('');
      expect(await registrationOf('kit-2')).toBeUndefined();
    },
  );

  it('gives programs one JSON object a line', async () => {
    server = await TestServer.start();
    const devices = simulate('--server', server.coap, '--json');
    await devices.says(/"event":"started"/);
    expect(await devices.end('SIGINT')).toBe(0);
    const lines = devices.out
      .trim()
      .split('\n')
      .map((line): unknown => JSON.parse(line));
    expect(lines[0]).toMatchObject({ event: 'registered', endpoint: 'sim-1' });
    expect(lines[1]).toMatchObject({ event: 'started', registered: 1 });
    expect(lines.at(-1)).toEqual({ event: 'stopped', unconfirmed: 0 });
  });

  it('tells what each device saw over a link that loses datagrams, on the screen and in a file', async () => {
    server = await TestServer.start();
    const folder = mkdtempSync(join(tmpdir(), 'report-'));
    try {
      const file = join(folder, 'report.json');
      const devices = simulate('--server', server.coap, '--count', '4', '--loss', '2.5', '--report', file);
      await devices.says(/4 of 4 devices are registered/);
      expect(await devices.end('SIGTERM')).toBe(0);
      expect(devices.out).toMatch(/^the links lost \d+ datagrams of the devices and \d+ of the server; /m);
      const report = JSON.parse(readFileSync(file, 'utf8')) as { devices: Record<string, unknown>[]; total: object };
      expect(report).toMatchObject({ count: 4, loss: 2.5, seed: 1, total: { devices: 4, registrations: 4 } });
      expect(report.devices.map(({ endpoint }) => endpoint)).toEqual(['sim-1', 'sim-2', 'sim-3', 'sim-4']);
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  });

  it('plays a script beside its other flags, and tells how often each step happened', async () => {
    server = await TestServer.start();
    const folder = mkdtempSync(join(tmpdir(), 'script-'));
    try {
      const [script, file] = [join(folder, 'script.yaml'), join(folder, 'report.json')];
      writeFileSync(script, SCRIPT);
      const flags = [
        '--count',
        '4',
        '--fault',
        'code=4.03@/3/0/1',
        '--loss',
        '1',
        '--script',
        script,
        '--report',
        file,
      ];
      const devices = simulate('--server', server.coap, ...flags);
      await devices.says(/4 of 4 devices are registered/);
      const read = (path: string): Promise<Readonly<Record<string, unknown>>> =>
        (server as TestServer).order('sim-1', { kind: 'read', path });
      expect(await read('/3303/0/5700')).toMatchObject({ state: 'succeeded', result: { node: { value: 42 } } });
      expect(await read('/3/0/0')).toMatchObject({ state: 'failed', error: { coapCode: '5.00' } });
      expect(await read('/3/0/0')).toMatchObject({ state: 'succeeded' });
      expect(await read('/3/0/1')).toMatchObject({ state: 'failed', error: { coapCode: '4.03' } });
      await devices.says(/^sim-\d reboots$[^]*^sim-\d reboots$/m);
      expect(await devices.end('SIGTERM')).toBe(0);
      expect(devices.out).toMatch(/^step 1 \(value\), devices: 4, began: 4, happened: 4$/m);
      expect(devices.out).toMatch(/^step 2 \(one error\), devices: 1, began: 1, happened: 1$/m);
      const report = JSON.parse(readFileSync(file, 'utf8')) as { devices: { steps: object }[]; steps: object[] };
      expect(report.steps).toMatchObject([{}, {}, { step: 'step 3 (reboot)', devices: 2, began: 2, happened: 2 }]);
      expect(report.devices.filter(({ steps }) => '3' in steps)).toHaveLength(2);
      expect(report.devices[0]?.steps).toMatchObject({ 2: { began: 1, happened: 1 } });
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  });

  it('reaches every listener of a server, whose devices show the address they have', async () => {
    server = await TestServer.start({ coap: ['127.0.0.1:0', '[::1]:0', '[::]:0'], 'coap-dual-stack': true });
    const [four = '', six = '', both = ''] = server.listeners;
    expect([four, six, both].map((address) => address.replace(/\d+$/, ''))).toEqual([
      'coap://127.0.0.1:',
      'coap://[::1]:',
      'coap://[::]:',
    ]);
    const port = both.split(':').pop() ?? '';
    const ways: Readonly<Record<string, string>> = {
      'four-': four,
      'six-': six,
      'folded-': `coap://127.0.0.1:${port}`,
      'both-': `coap://[::1]:${port}`,
    };
    for (const [prefix, address] of Object.entries(ways)) {
      const devices = simulate('--server', address, '--prefix', prefix);
      await devices.says(/1 of 1 devices are registered/);
      const registration = await registrationOf(`${prefix}1`);
      expect(registration?.['address']).toMatch(address.includes('[') ? /^\[::1\]:\d+$/ : /^127\.0\.0\.1:\d+$/);
      const read = await server.order(`${prefix}1`, { kind: 'read', path: '/3/0/0' });
      expect(read).toMatchObject({ state: 'succeeded' });
    }
  });

  it('says that nobody answers, goes on, and still ends with 0', async () => {
    const devices = simulate('--server', 'coap://127.0.0.1:9');
    await devices.says(
      /no answer yet from 127\.0\.0\.1:9: is a server running there\? Trying on|got no answer to Register/,
    );
    expect(await devices.end('SIGINT')).toBe(0);
  });

  it('ends quietly when its reader goes away', async () => {
    server = await TestServer.start();
    const devices = simulate('--server', server.coap, '--json');
    await devices.says(/"event":"started"/);
    devices.child.stdout?.destroy();
    await server.rest('POST', '/devices/sim-1/operations', { kind: 'execute', path: '/3/0/4' }, { prefer: 'wait=0' });
    await until('ended', () =>
      Promise.race([devices.ended, new Promise<undefined>((done) => setImmediate(done, undefined))]),
    );
    expect(await devices.ended).toBe(0);
    expect(devices.err).toBe('');
  });
});

const SCRIPT = `
steps:
  - { do: value, path: /3303/0/5700, value: 42 }
  - name: one error
    devices: sim-1
    do: fault
    fault: { type: answerCode, code: 5.00, under: /3/0/0, times: 1 }
  - { on: { event: registered, times: 1 }, at: 3, devices: 50%, do: reboot }
`;
