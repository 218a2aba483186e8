/** A device of LwM2M 1.0 on Eclipse Leshan's first line against the built server, over plain CoAP. */

import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { parse } from 'coap-packet';

import { Bellwether } from './support/bellwether.js';
import { LESHAN_1, buildLeshanPeer, leshanPeer, leshanVersion } from './support/leshan.js';
import { eventually, type Program } from './support/processes.js';
import { Cells, Relay } from './support/relay.js';

const ENDPOINT = 'leshan-1-peer';
const server = new Bellwether();
const cells = new Cells('Eclipse Leshan client, LwM2M 1.0');
let relay: Relay;
let device: Program;

interface Node {
  readonly type?: string;
  readonly value?: unknown;
  readonly source?: unknown;
  readonly values?: Record<string, unknown>;
  readonly resources?: Record<string, Node>;
  readonly instances?: Record<string, Node>;
}

beforeAll(async () => {
  buildLeshanPeer(LESHAN_1);
  await server.start();
  relay = await Relay.to(server.coapPort);
  device = leshanPeer(LESHAN_1, ENDPOINT, `coap://127.0.0.1:${relay.port}`, 'queue');
  await device.line(/^REGISTERED /);
}, 600_000);

afterAll(async () => {
  await device?.stop('SIGKILL');
  relay?.close();
  await server.dispose();
  cells.print(leshanVersion(LESHAN_1));
}, 60_000);

/** Orders an operation, expects success, notes the cell. */
async function succeed(cell: string, request: Record<string, unknown>): Promise<Record<string, unknown>> {
  const mark = relay.captured.length;
  const operation = await server.operate(ENDPOINT, request);
  expect({ cell, state: operation['state'], error: operation['error'] }).toEqual({
    cell,
    state: 'succeeded',
    error: undefined,
  });
  cells.passed(cell, relay.last('down', mark));
  return (operation['result'] ?? {}) as Record<string, unknown>;
}

async function read(cell: string, path: string, format?: string): Promise<Node> {
  const result = await succeed(cell, { kind: 'read', path, ...(format === undefined ? {} : { format }) });
  if (format !== undefined) expect(result['format']).toBe(format);
  return result['node'] as Node;
}

/** Resource id, type, first value, and the value in its place: the data types of LwM2M 1.0. */
const SCALARS = [
  ['110', 'string', 'initial value', 'grüße \u{1f98a}'],
  ['120', 'integer', 1024, -4_294_967_297],
  ['130', 'float', 3.14159, -2.5e-3],
  ['140', 'boolean', true, false],
  ['150', 'opaque', 'AQIDBAU=', '//79/A=='],
  ['160', 'time', '2000-01-01T00:00:00Z', '2031-02-03T04:05:06Z'],
  ['170', 'objlnk', '3:0', '1:0'],
] as const;

/** Formats of LwM2M 1.0 that carry several values. */
const FORMATS = ['tlv', 'json'] as const;
/**
 * The least whole number that comes back unchanged: this line of Leshan keeps those in JSON as doubles, and writes -2^53-1 as
 * `-9.007199254740992E15`.
 */
const LEAST = { tlv: '-9223372036854775808', json: -9_007_199_254_740_991 };

describe('a device of LwM2M 1.0 on Leshan', () => {
  it('registers without a version and with the binding UQ', async () => {
    const { status, body } = await server.rest('GET', `/devices/${ENDPOINT}`);
    expect(status).toBe(200);
    expect(body['registration']).toMatchObject({ lwm2m: '1.0', binding: 'UQ', queueMode: true, lifetime: 300 });
    const { objects } = body['registration'] as { objects: { id: number }[] };
    expect(objects.map(({ id }) => id)).toEqual([1, 3, 3303, 3442]);
    cells.passed('register', relay.captured[0]?.bytes.toString('hex').slice(0, 160) ?? '-');
    await eventually('manufacturer', async () => {
      const { body: known } = await server.rest('GET', `/devices/${ENDPOINT}`);
      return known['manufacturer'] === 'Leshan' && known['model'] === '1.5' ? true : undefined;
    });
  }, 60_000);

  it('updates its registration when it is told to', async () => {
    const mark = device.lines.length;
    await succeed('execute /1/0/8', { kind: 'execute', path: '/1/0/8' });
    await device.line(/^UPDATED/, mark);
    cells.passed('update', relay.last('up'));
  }, 60_000);

  it.each(FORMATS)(
    'gives every data type in %s, at every level',
    async (format) => {
      for (const [id, type, initial] of SCALARS) {
        const node = await read(`read ${type} ${format}`, `/3442/0/${id}`, format);
        expect({ id, type: node.type, value: node.value }).toEqual({ id, type, value: initial });
      }
      const instance = await read(`read instance ${format}`, '/3442/0', format);
      expect(Object.keys(instance.resources ?? {})).toEqual(expect.arrayContaining(SCALARS.map(([id]) => id)));
      expect(instance.resources?.['1120']?.values).toEqual({ '0': 1, '1': -5, '2': 4294967296 });
      const object = await read(`read object ${format}`, '/3442', format);
      expect(object.instances?.['0']?.resources?.['1110']?.values).toEqual({ '0': 'one', '1': 'two' });
    },
    120_000,
  );

  it.each(FORMATS)(
    'takes every data type in %s and gives it back unchanged',
    async (format) => {
      const least = LEAST[format];
      const write = (cell: string, path: string, mode: string, value: unknown): Promise<unknown> =>
        succeed(`${cell} ${format}`, { kind: 'write', path, mode, value, format });
      for (const [id, type, initial, other] of SCALARS) {
        await write(`write ${type}`, `/3442/0/${id}`, 'replace', other);
        expect((await read(`read back ${type} ${format}`, `/3442/0/${id}`, format)).value).toEqual(other);
        await write(`write again ${type}`, `/3442/0/${id}`, 'replace', initial);
      }
      await write('write multiple', '/3442/0/1120', 'replace', { '3': 7, '4': least });
      expect((await read(`read multiple ${format}`, '/3442/0/1120', format)).values).toEqual({ '3': 7, '4': least });
      await write('write update', '/3442/0', 'update', { '110': 'updated', '120': 5 });
      expect((await read(`read updated ${format}`, '/3442/0/110', format)).value).toBe('updated');
      const first = { '110': 'initial value', '120': 1024, '1120': { '0': 1, '1': -5, '2': 4294967296 } };
      await write('write back', '/3442/0', 'update', first);
    },
    120_000,
  );

  it('gives and takes single values as text and opaque', async () => {
    for (const [id, type, initial, other] of SCALARS) {
      const format = type === 'opaque' ? 'opaque' : 'text';
      const write = { kind: 'write', path: `/3442/0/${id}`, mode: 'replace', format };
      await succeed(`write ${type} ${format}`, { ...write, value: other });
      expect((await read(`read ${type} ${format}`, `/3442/0/${id}`, format)).value).toEqual(other);
      await succeed(`write again ${type} ${format}`, { ...write, value: initial });
    }
  }, 120_000);

  it('is spoken to in its own formats without a wish', async () => {
    const mark = relay.captured.length;
    expect((await read('read instance, own format', '/3/0')).resources?.['0']?.value).toBe('Leshan');
    await succeed('write, own format', { kind: 'write', path: '/3442/0/120', mode: 'replace', value: 1024 });
    const formats = relay.captured.slice(mark).flatMap(({ bytes }) =>
      parse(bytes)
        .options.filter(({ name }) => name === 'Content-Format' || name === 'Accept')
        .map(({ value }) => value.reduce((number, byte) => number * 256 + byte, 0)),
    );
    expect(formats.filter((format) => !FORMATS_1_0.includes(format))).toEqual([]);
  }, 60_000);

  it('is discovered, executed, given an instance and relieved of it', async () => {
    const { links } = await succeed('discover', { kind: 'discover', path: '/3303/0' });
    expect((links as { path: string }[]).map(({ path }) => path)).toEqual(['/3303/0', '/3303/0/5700', '/3303/0/5701']);
    // This line of Leshan does not implement Write-Attributes.
    const attributes = { kind: 'writeAttributes', path: '/3303/0/5700', attributes: { pmin: 1, pmax: 60 } };
    const refused = await server.operate(ENDPOINT, attributes);
    expect(refused).toMatchObject({ state: 'failed', error: { code: 'device_refused', coapCode: '5.00' } });
    cells.passed('refusal 5.00', relay.last('up'));
    const mark = device.lines.length;
    await succeed('execute with arguments', { kind: 'execute', path: '/3442/0/3', arguments: "0='hello',1" });
    expect(await device.line(/^EXECUTED 3442 3/, mark)).toContain("0='hello'");
    await succeed('create', { kind: 'create', path: '/3442', instance: 7, value: { '110': 'made', '120': 9 } });
    expect((await read('read created', '/3442/7/110')).value).toBe('made');
    await succeed('delete', { kind: 'delete', path: '/3442/7' });
    const gone = await server.operate(ENDPOINT, { kind: 'read', path: '/3442/7/110' });
    expect(gone).toMatchObject({ state: 'failed', error: { code: 'device_refused', coapCode: '4.04' } });
    cells.passed('refusal 4.04', relay.last('up'));
  }, 60_000);

  it('is never asked what LwM2M 1.0 has no words for', async () => {
    const mark = relay.captured.length;
    const request = { kind: 'readComposite', paths: ['/3/0/0', '/3442/0/120'] };
    const { status, body } = await server.rest('POST', `/devices/${ENDPOINT}/operations`, request);
    expect([status, body['code']]).toEqual([422, 'not_encodable']);
    expect(relay.captured.length).toBe(mark);
    cells.passed('422 for what 1.0 has not', '-');
  }, 60_000);

  it.each(FORMATS)(
    'notifies every data type in %s',
    async (format) => {
      const url = `/devices/${ENDPOINT}/observations/formats`;
      expect((await server.rest('PUT', url, { paths: ['/3442/0'], format })).status).toBe(200);
      await eventually('the observation', async () =>
        (await server.rest('GET', url)).body['state'] === 'active' ? true : undefined,
      );
      for (const [change, value] of [
        ['other', 3],
        ['first', 2],
      ] as const) {
        const mark = relay.captured.length;
        device.tell(`values ${change}`);
        const integer = `/devices/${ENDPOINT}/resources/3442/0/120`;
        await eventually(`${change} values in ${format}`, async () =>
          (await server.rest('GET', integer)).body['value'] === SCALARS[1][value] ? true : undefined,
        );
        const { resources } = (await server.rest('GET', `/devices/${ENDPOINT}/resources/3442/0`)).body as Node;
        for (const row of SCALARS)
          expect({ type: row[1], ...resources?.[row[0]] }).toMatchObject({ value: row[value], source: 'notify' });
        cells.passed(`notify ${change} values of every type ${format}`, relay.last('up', mark));
      }
      expect((await server.rest('DELETE', url)).status).toBe(204);
    },
    90_000,
  );

  it('gets what was queued while it slept after its Update, one after the other', async () => {
    const short = { awakeWindow: 2 };
    const patched = await server.rest('PATCH', `/devices/${ENDPOINT}`, short, {
      'content-type': 'application/merge-patch+json',
    });
    expect(patched.status).toBe(200);
    await eventually('the device to sleep', async () =>
      (await server.rest('GET', `/devices/${ENDPOINT}`)).body['presence'] === 'asleep' ? true : undefined,
    );
    const mark = relay.captured.length;
    const order = async (request: Record<string, unknown>): Promise<string> => {
      const { status, body } = await server.rest('POST', `/devices/${ENDPOINT}/operations`, request);
      expect([status, body['state']]).toEqual([202, 'queued']);
      return String(body['id']);
    };
    const write = { kind: 'write', path: '/3442/0/110', mode: 'replace', value: 'while you slept' };
    const ids = [await order(write), await order({ kind: 'read', path: '/3442/0/110' })];
    expect(relay.captured.length).toBe(mark);
    device.tell('update');
    for (const id of ids)
      await eventually('the queued operation', async () =>
        (await server.rest('GET', `/operations/${id}`)).body['state'] === 'succeeded' ? true : undefined,
      );
    expect(relay.captured.slice(mark).map(({ direction, bytes }) => `${direction} ${parse(bytes).code}`)).toEqual([
      ...['up 0.02', 'down 2.04'],
      ...['down 0.03', 'up 2.04'],
      ...['down 0.01', 'up 2.05'],
    ]);
    cells.passed('queued write and read after an Update', relay.last('down', mark));
  }, 60_000);

  it('de-registers', async () => {
    device.tell('stop');
    await device.line(/^DEREGISTERED/);
    const { body } = await server.rest('GET', `/devices/${ENDPOINT}`);
    expect([body['presence'], body['registration']]).toEqual(['offline', undefined]);
    cells.passed('de-register', relay.last('up'));
  }, 60_000);
});

/** Content-Formats of LwM2M 1.0: text, link format, opaque, TLV, JSON (LwM2M-TS 1.0.2 §6.4). */
const FORMATS_1_0 = [0, 40, 42, 11542, 11543];
