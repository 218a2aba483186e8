/** A device on Eclipse Leshan's client library in queue mode: what it sends of its own accord, and what then reaches it. */

import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { parse } from 'coap-packet';

import { FORMAT_LIMITS, decodePack } from '#lwm2m/formats';
import { ObjectCatalogue, viewFor, type PlacedNode } from '#lwm2m/model';
import { Bellwether } from './support/bellwether.js';
import { LESHAN_2, buildLeshanPeer, leshanPeer, leshanVersion } from './support/leshan.js';
import { eventually, type Program } from './support/processes.js';
import { Cells, Relay, type Captured } from './support/relay.js';

const ENDPOINT = 'leshan-sleeper';
const server = new Bellwether();
const cells = new Cells('Eclipse Leshan client in queue mode');
let relay: Relay;
let device: Program;

beforeAll(async () => {
  buildLeshanPeer(LESHAN_2);
  await server.start('--awake-window', '2');
  relay = await Relay.to(server.coapPort);
  device = leshanPeer(LESHAN_2, ENDPOINT, `coap://127.0.0.1:${relay.port}`, 'queue');
  await device.line(/^REGISTERED /);
}, 600_000);

afterAll(async () => {
  await device?.stop('SIGKILL');
  relay?.close();
  await server.dispose();
  cells.print(leshanVersion(LESHAN_2));
}, 60_000);

beforeEach(asleep);

/** Waits until the device sleeps, two seconds after the last message. */
async function asleep(): Promise<void> {
  await eventually('the device to sleep', async () =>
    (await server.rest('GET', `/devices/${ENDPOINT}`)).body['presence'] === 'asleep' ? true : undefined,
  );
}

/** Orders an operation that has to wait; its address. */
async function queued(request: Record<string, unknown>): Promise<string> {
  const { status, body } = await server.rest('POST', `/devices/${ENDPOINT}/operations`, request);
  expect([status, body['state'], body['waitingFor']]).toEqual([202, 'queued', 'contact']);
  return `/operations/${String(body['id'])}`;
}

async function succeeded(url: string): Promise<Record<string, unknown>> {
  return eventually(`${url} to end`, async () => {
    const { body } = await server.rest('GET', url);
    if (body['state'] === 'queued' || body['state'] === 'sent') return undefined;
    expect({ state: body['state'], error: body['error'] }).toEqual({ state: 'succeeded', error: undefined });
    return body;
  });
}

/** What passed since `from`, a line each: direction, code and path or token. */
function talk(from: number): string[] {
  return relay.captured.slice(from).map((entry) => {
    const { code, token, options } = parse(entry.bytes);
    const path = options.filter(({ name }) => name === 'Uri-Path').map(({ value }) => value.toString());
    return `${entry.direction} ${code} ${path.length > 0 ? `/${path.join('/')}` : `to ${exchangeOf(entry, token)}`}`;
  });
}

/** The path of the request that a response answers. */
function exchangeOf(answer: Captured, token: Buffer): string {
  const request = relay.captured.findLast(({ direction, bytes }) => {
    const { code, token: other } = parse(bytes);
    return direction !== answer.direction && code.startsWith('0.') && code !== '0.00' && other.equals(token);
  });
  const options = request === undefined ? [] : parse(request.bytes).options;
  const path = options.filter(({ name }) => name === 'Uri-Path').map(({ value }) => value.toString());
  return `/${path.join('/')}`;
}

async function location(): Promise<string> {
  const registered = await device.line(/^REGISTERED /);
  return registered.slice('REGISTERED '.length);
}

describe('a device on Leshan in queue mode', () => {
  it('registers with the flag Q', async () => {
    const { body } = await server.rest('GET', `/devices/${ENDPOINT}`);
    expect(body['registration']).toMatchObject({ lwm2m: '1.1', queueMode: true });
    cells.passed('register in queue mode', relay.captured[0]?.bytes.toString('hex').slice(0, 160) ?? '-');
  });

  it('gets nothing while it sleeps, and after its Update what waits, one after the other', async () => {
    const mark = relay.captured.length;
    const write = await queued({ kind: 'write', path: '/3442/0/110', mode: 'replace', value: 'while you slept' });
    const read = await queued({ kind: 'read', path: '/3442/0/110' });
    device.tell('update');
    await succeeded(write);
    expect((await succeeded(read))['result']).toMatchObject({ node: { value: 'while you slept' } });
    expect(talk(mark)).toEqual([
      `up 0.02 ${await location()}`,
      `down 2.04 to ${await location()}`,
      'down 0.03 /3442/0/110',
      'up 2.04 to /3442/0/110',
      'down 0.01 /3442/0/110',
      'up 2.05 to /3442/0/110',
    ]);
    cells.passed('queued write and read after an Update', relay.last('down', mark));
  });

  it('gets what waits after a Send, whose values are kept', async () => {
    const mark = relay.captured.length;
    const write = await queued({ kind: 'write', path: '/3442/0/120', mode: 'replace', value: 77 });
    const lines = device.lines.length;
    device.tell('send SENML_CBOR /3442/0/130 /3303/0/5700');
    expect(await device.line(/^SENT /, lines)).toMatch(/CHANGED/);
    await succeeded(write);
    expect(talk(mark)).toEqual(['up 0.02 /dp', 'down 2.04 to /dp', 'down 0.03 /3442/0/120', 'up 2.04 to /3442/0/120']);
    expect(await known('/3442/0/130')).toMatchObject({ value: 3.14159, source: 'send' });
    expect(await known('/3303/0/5700')).toMatchObject({ value: 20, source: 'send' });
    cells.passed('queued write after a Send', relay.last('down', mark));
  });

  it.each(['SENML_JSON', 'SENML_CBOR'])('sends every data type in %s', async (format) => {
    const mark = device.lines.length;
    const from = relay.captured.length;
    device.tell(`values ${format === 'SENML_JSON' ? 'other' : 'first'}`);
    device.tell(`send ${format} /3442/0`);
    expect(await device.line(/^SENT /, mark)).toMatch(/CHANGED/);
    const { resources } = (await server.rest('GET', `/devices/${ENDPOINT}/resources/3442/0`)).body as {
      resources: Record<string, { value: unknown; source: string }>;
    };
    const values = SENT[format === 'SENML_JSON' ? 'other' : 'first'];
    for (const [id, value] of Object.entries(values))
      expect([id, resources[id]]).toMatchObject([id, { value, source: 'send' }]);
    cells.passed(`send every data type ${format}`, relay.last('up', from));
  });

  it.each([
    ['SENML_JSON', 110, [21.5, 22.75]],
    ['SENML_CBOR', 112, [31.5, 32.75]],
  ] as const)('sends collected values in %s with their times', async (format, number, values) => {
    const from = relay.captured.length;
    const taken: { after: number; before: number }[] = [];
    for (const value of values) {
      const mark = device.lines.length;
      const after = Date.now();
      device.tell(`temp ${value}`);
      device.tell('collect /3303/0/5700');
      await device.line(/^COLLECTED/, mark);
      taken.push({ after, before: Date.now() });
    }
    device.tell(`sendcollected ${format}`);
    await eventually('the collected values', async () =>
      (await known('/3303/0/5700'))['value'] === values[1] ? true : undefined,
    );
    const sent = relay.captured.slice(from).find(({ direction, bytes }) => direction === 'up' && isSend(bytes));
    const pack = decodePack(number, parse(sent?.bytes ?? Buffer.of()).payload, ANY_MODEL, FORMAT_LIMITS);
    const times = pack.map(({ time }) => (time ?? 0) * 1000);
    expect(pack.map(({ node }) => floatIn(node))).toEqual(values);
    taken.forEach(({ after, before }, index) => {
      expect(times[index]).toBeGreaterThanOrEqual(after - CLOCKS);
      expect(times[index]).toBeLessThanOrEqual(before + CLOCKS);
    });
    const latest = await known('/3303/0/5700');
    expect(latest).toMatchObject({ value: values[1], source: 'send' });
    expect(Math.abs(Date.parse(String(latest['reportedAt'])) - (times[1] ?? 0))).toBeLessThanOrEqual(1);
    cells.passed(`send collected values with times ${format}`, sent?.bytes.toString('hex').slice(0, 160) ?? '-');
  });

  it('gets a write that was queued before a kill -9 of the server, once', async () => {
    const write = await queued({ kind: 'write', path: '/3442/0/110', mode: 'replace', value: 'survived' });
    await server.stop('SIGKILL');
    await server.start('--awake-window', '2');
    const mark = relay.captured.length;
    const lines = device.lines.length;
    device.tell('update');
    await succeeded(write);
    await asleep();
    expect(talk(mark).filter((line) => line.startsWith('down 0.'))).toEqual(['down 0.03 /3442/0/110']);
    expect(device.lines.slice(lines).filter((line) => line.startsWith('WRITTEN 110'))).toHaveLength(1);
    cells.passed('queued write after a kill of the server', relay.last('down', mark));
  });
});

async function known(path: string): Promise<Record<string, unknown>> {
  return (await server.rest('GET', `/devices/${ENDPOINT}/resources${path}`)).body;
}

/** The one float in an object node. */
function floatIn(node: PlacedNode['node']): unknown {
  const resource = node.kind === 'object' ? node.instances.get(0)?.resources.get(5700) : undefined;
  return resource?.kind === 'single' ? resource.value.value : undefined;
}

function isSend(bytes: Buffer): boolean {
  const { options } = parse(bytes);
  return options.some(({ name, value }) => name === 'Uri-Path' && value.toString() === 'dp');
}

/** Definitions are not needed to read floats. */
const ANY_MODEL = viewFor(new ObjectCatalogue(), () => undefined);
/** Milliseconds by which the clock of the device's library may be rounded. */
const CLOCKS = 1;
/** Values of the device by resource id, at first and otherwise. */
const SENT = {
  first: {
    ...{ '110': 'initial value', '120': 1024, '125': '9223372036854775809', '130': 3.14159, '140': true },
    ...{ '150': 'AQIDBAU=', '160': '2000-01-01T00:00:00Z', '170': '3:0', '180': '</1/0>' },
  },
  other: {
    ...{ '110': 'grüße \u{1f98a}', '120': '-9007199254740993', '125': '10000000000000000000', '130': -2.5e-3 },
    ...{ '140': false, '150': '//79/A==', '160': '2031-02-03T04:05:06Z', '170': '1:0', '180': '</3/0>,</3303/0/5700>' },
  },
};
