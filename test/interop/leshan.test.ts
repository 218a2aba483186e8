/** A device on Eclipse Leshan's client library against the built server, over plain CoAP. */

import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { parse } from 'coap-packet';

import { Bellwether } from './support/bellwether.js';
import { LESHAN_2, buildLeshanPeer, leshanPeer, leshanVersion } from './support/leshan.js';
import { eventually, type Program } from './support/processes.js';
import { Cells, Relay } from './support/relay.js';

const ENDPOINT = 'leshan-peer';
const server = new Bellwether();
const cells = new Cells('Eclipse Leshan client');
let relay: Relay;
let device: Program;

interface Node {
  readonly type?: string;
  readonly value?: unknown;
  readonly values?: Record<string, unknown>;
  readonly resources?: Record<string, Node>;
  readonly instances?: Record<string, Node>;
}

beforeAll(async () => {
  buildLeshanPeer(LESHAN_2);
  await server.start('--lifetime-grace', '5');
  relay = await Relay.to(server.coapPort);
  device = leshanPeer(LESHAN_2, ENDPOINT, `coap://127.0.0.1:${relay.port}`);
  await device.line(/^REGISTERED /);
}, 600_000);

afterAll(async () => {
  await device?.stop('SIGKILL');
  relay?.close();
  await server.dispose();
  cells.print(leshanVersion(LESHAN_2));
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

/** Resource id, type, value as read, and the value written in its place. */
const SCALARS = [
  ['110', 'string', 'initial value', 'grüße \u{1f98a}'],
  ['120', 'integer', 1024, '-9007199254740993'],
  // Not 2^64-1: Leshan writes that in TLV as the one byte FF, which is 255 for an unsigned integer.
  ['125', 'unsigned', '9223372036854775809', '10000000000000000000'],
  ['130', 'float', 3.14159, -2.5e-3],
  ['140', 'boolean', true, false],
  ['150', 'opaque', 'AQIDBAU=', '//79/A=='],
  ['160', 'time', '2000-01-01T00:00:00Z', '2031-02-03T04:05:06Z'],
  ['170', 'objlnk', '3:0', '1:0'],
  ['180', 'corelnk', '</1/0>', '</3/0>,</3303/0/5700>'],
] as const;

const FORMATS = ['tlv', 'json', 'senml-json', 'senml-cbor'] as const;
/** Content-Format numbers of what single values and whole instances come in (LwM2M-Core 1.1.1 §7.4). */
const NUMBERS = { text: 0, cbor: 60, opaque: 42, 'senml-json': 110, 'senml-cbor': 112, tlv: 11542, json: 11543 };

describe('a device on Leshan', () => {
  it('registers with LwM2M 1.1 and shows its objects', async () => {
    const { status, body } = await server.rest('GET', `/devices/${ENDPOINT}`);
    expect(status).toBe(200);
    const registration = body['registration'] as Record<string, unknown>;
    expect(registration['lwm2m']).toBe('1.1');
    expect(registration['lifetime']).toBe(300);
    expect((registration['objects'] as { id: number }[]).map((object) => object.id)).toEqual([1, 3, 3303, 3442]);
    cells.passed(
      'register',
      relay.captured
        .find((entry) => entry.direction === 'up')
        ?.bytes.toString('hex')
        .slice(0, 160) ?? '-',
    );
    await eventually('manufacturer', async () => {
      const device_ = await server.rest('GET', `/devices/${ENDPOINT}`);
      return device_.body['manufacturer'] === 'Leshan' && device_.body['model'] === 'M18' ? true : undefined;
    });
  }, 60_000);

  it('updates its registration when it is told to', async () => {
    const mark = device.lines.length;
    const from = relay.captured.length;
    device.tell('update');
    await device.line(/^UPDATED/, mark);
    cells.passed('update', relay.last('up', from));
    await succeed('execute /1/0/8', { kind: 'execute', path: '/1/0/8' });
    await device.line(/^UPDATED/, mark + 1);
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
      expect(object.instances?.['0']?.resources?.['125']?.value).toBe('9223372036854775809');
      const one = await read(`read resource instance ${format}`, '/3442/0/1110/1', format);
      expect(one.value).toBe('two');
    },
    120_000,
  );

  it.each(FORMATS)(
    'takes every data type in %s and gives it back unchanged',
    async (format) => {
      for (const [id, type, initial, other] of SCALARS) {
        await succeed(`write ${type} ${format}`, {
          kind: 'write',
          path: `/3442/0/${id}`,
          mode: 'replace',
          value: other,
          format,
        });
        expect((await read(`read back ${type} ${format}`, `/3442/0/${id}`, format)).value).toEqual(other);
        await succeed(`write again ${type} ${format}`, {
          kind: 'write',
          path: `/3442/0/${id}`,
          mode: 'replace',
          value: initial,
          format,
        });
      }
      await succeed(`write multiple ${format}`, {
        kind: 'write',
        path: '/3442/0/1120',
        mode: 'replace',
        value: { '3': 7, '4': '-9223372036854775808' },
        format,
      });
      expect((await read(`read multiple ${format}`, '/3442/0/1120', format)).values).toEqual({
        '3': 7,
        '4': '-9223372036854775808',
      });
      await succeed(`write update ${format}`, {
        kind: 'write',
        path: '/3442/0',
        mode: 'update',
        value: { '110': 'updated', '120': 5 },
        format,
      });
      expect((await read(`read updated ${format}`, '/3442/0/110', format)).value).toBe('updated');
      await succeed(`write back ${format}`, {
        kind: 'write',
        path: '/3442/0',
        mode: 'update',
        value: { '110': 'initial value', '120': 1024, '1120': { '0': 1, '1': -5, '2': 4294967296 } },
        format,
      });
    },
    120_000,
  );

  it('gives and takes single values as text, CBOR and opaque', async () => {
    for (const format of ['text', 'cbor'] as const) {
      for (const [id, type, initial, other] of SCALARS) {
        await succeed(`write ${type} ${format}`, {
          kind: 'write',
          path: `/3442/0/${id}`,
          mode: 'replace',
          value: other,
          format,
        });
        expect((await read(`read ${type} ${format}`, `/3442/0/${id}`, format)).value).toEqual(other);
        await succeed(`write again ${type} ${format}`, {
          kind: 'write',
          path: `/3442/0/${id}`,
          mode: 'replace',
          value: initial,
          format,
        });
      }
    }
    expect((await read('read opaque opaque', '/3442/0/150', 'opaque')).value).toBe('AQIDBAU=');
    await succeed('write opaque opaque', {
      kind: 'write',
      path: '/3442/0/150',
      mode: 'replace',
      value: 'AAEC',
      format: 'opaque',
    });
    expect((await read('read back opaque opaque', '/3442/0/150', 'opaque')).value).toBe('AAEC');
  }, 120_000);

  it('is read without a wish for a format', async () => {
    expect((await read('read instance, own format', '/3/0')).resources?.['0']?.value).toBe('Leshan');
    expect((await read('read resource, own format', '/3/0/1')).value).toBe('M18');
  }, 60_000);

  it('is discovered, with the attributes it was given', async () => {
    await succeed('write attributes', {
      kind: 'writeAttributes',
      path: '/3303/0/5700',
      attributes: { pmin: 1, pmax: 60 },
    });
    const result = await succeed('discover', { kind: 'discover', path: '/3303' });
    const links = result['links'] as { path: string; attributes: Record<string, unknown> }[];
    expect(links.map((link) => link.path)).toEqual(expect.arrayContaining(['/3303', '/3303/0', '/3303/0/5700']));
    const resource = await succeed('discover resource', { kind: 'discover', path: '/3303/0/5700' });
    expect(resource['links']).toEqual([{ path: '/3303/0/5700', attributes: { pmin: 1, pmax: 60 } }]);
    await succeed('unset attributes', {
      kind: 'writeAttributes',
      path: '/3303/0/5700',
      attributes: { pmin: null, pmax: null },
    });
  }, 60_000);

  it('is executed with arguments', async () => {
    const mark = device.lines.length;
    await succeed('execute with arguments', { kind: 'execute', path: '/3442/0/3', arguments: "0='hello',1" });
    expect(await device.line(/^EXECUTED 3442 3/, mark)).toContain("0='hello'");
  }, 60_000);

  it('creates and deletes an instance', async () => {
    const created = await succeed('create', {
      kind: 'create',
      path: '/3442',
      instance: 7,
      value: { '110': 'made', '120': 9 },
    });
    expect(created['path'] ?? '/3442/7').toBe('/3442/7');
    expect((await read('read created', '/3442/7/110')).value).toBe('made');
    await succeed('delete', { kind: 'delete', path: '/3442/7' });
    const gone = await server.operate(ENDPOINT, { kind: 'read', path: '/3442/7/110' });
    expect(gone).toMatchObject({ state: 'failed', error: { code: 'device_refused', coapCode: '4.04' } });
  }, 60_000);

  it("reports a device's refusal with its code", async () => {
    const operation = await server.operate(ENDPOINT, { kind: 'write', path: '/3/0/0', mode: 'replace', value: 'x' });
    expect(operation).toMatchObject({ state: 'failed', error: { code: 'device_refused', coapCode: '4.05' } });
    cells.passed('refusal 4.05', relay.last('up'));
  }, 60_000);

  it.each(['senml-json', 'senml-cbor'] as const)(
    'reads and writes several paths at once in %s',
    async (format) => {
      const paths = ['/3/0/0', '/3442/0/120', '/3442/0/1110/1', '/3303/0', '/3/0/99'];
      const result = await succeed(`read composite ${format}`, { kind: 'readComposite', paths, format });
      const nodes = result['nodes'] as Record<string, Node>;
      expect(result['format']).toBe(format);
      expect(Object.keys(nodes)).toEqual(paths.slice(0, 4));
      expect([nodes['/3/0/0']?.value, nodes['/3442/0/120']?.value, nodes['/3442/0/1110/1']?.value]).toEqual([
        'Leshan',
        1024,
        'two',
      ]);
      expect(Object.keys(nodes['/3303/0']?.resources ?? {})).toContain('5700');
      const write = (value: Record<string, unknown>): Promise<unknown> =>
        succeed(`write composite ${format}`, { kind: 'writeComposite', value, format });
      await write({ '/3442/0/120': -7, '/3442/0/130': 2.5, '/3442/0/110': 'composite' });
      expect((await read(`read after write composite ${format}`, '/3442/0/120')).value).toBe(-7);
      expect((await read(`read after write composite ${format}`, '/3442/0/110')).value).toBe('composite');
      await write({ '/3442/0/120': 1024, '/3442/0/130': 3.14159, '/3442/0/110': 'initial value' });
    },
    60_000,
  );

  it('is observed at several paths at once, until that is cancelled', async () => {
    const url = `/devices/${ENDPOINT}/observations/several`;
    const paths = ['/3303/0/5700', '/3442/0/120'];
    expect((await server.rest('PUT', url, { paths })).status).toBe(200);
    await eventually('the composite observation', async () =>
      (await server.rest('GET', url)).body['state'] === 'active' ? true : undefined,
    );
    await observed(33.25);
    cells.passed('observe composite', relay.last('up'));
    expect((await server.rest('DELETE', url)).status).toBe(204);
    cells.passed('cancel composite observation', relay.last('down'));
  }, 90_000);

  it('is observed, and its values are kept', async () => {
    const { status, body } = await server.rest('PUT', `/devices/${ENDPOINT}/observations/temperature`, {
      paths: ['/3303/0/5700'],
    });
    expect([status, body['state']]).toEqual([200, expect.stringMatching(/pending|active/)]);
    await observationIs('active');
    await observed(30.5);
    cells.passed('observe', relay.last('up'));
  }, 60_000);

  it.each(FORMATS)(
    'notifies every data type in %s',
    async (format) => {
      const instance = await observing(`/3442/0`, format);
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
        expect(notifiedFormats(mark)).toEqual([NUMBERS[format]]);
        cells.passed(`notify ${change} values of every type ${format}`, relay.last('up', mark));
      }
      const multiple = (await server.rest('GET', `/devices/${ENDPOINT}/resources/3442/0/1120`)).body;
      expect(multiple).toMatchObject({ values: { '0': 1, '1': -5, '2': 4294967296 }, source: 'notify' });
      expect((await server.rest('DELETE', instance)).status).toBe(204);
    },
    90_000,
  );

  it.each(['text', 'cbor', 'opaque'] as const)(
    'notifies a single value in %s',
    async (format) => {
      const [id, , initial, other] = SCALARS[format === 'opaque' ? 5 : 1];
      const url = await observing(`/3442/0/${id}`, format);
      const mark = relay.captured.length;
      for (const [change, value] of [
        ['other', other],
        ['first', initial],
      ] as const) {
        device.tell(`values ${change}`);
        await eventually(`${change} value in ${format}`, async () => {
          const { body } = await server.rest('GET', `/devices/${ENDPOINT}/resources/3442/0/${id}`);
          return (body['source'] === 'notify' && body['value'] === value) || undefined;
        });
      }
      expect(notifiedFormats(mark)).toEqual([NUMBERS[format]]);
      cells.passed(`notify a value ${format}`, relay.last('up', mark));
      expect((await server.rest('DELETE', url)).status).toBe(204);
    },
    90_000,
  );

  it.each(['SIGTERM', 'SIGKILL'] as const)(
    'does not notice a restart of the server by %s',
    async (signal) => {
      const mark = device.lines.length;
      await server.stop(signal);
      const restarted = server.start('--lifetime-grace', '5');
      device.tell('temp 41.25');
      await restarted;
      await eventually(
        'the notification after the restart',
        async () => ((await lastTemperature()) === 41.25 ? true : undefined),
        90_000,
      );
      await observed(signal === 'SIGTERM' ? 42.5 : 43.5);
      expect((await read(`read after ${signal}`, '/3/0/0')).value).toBe('Leshan');
      expect(device.lines.slice(mark).filter((line) => line.startsWith('REGISTER'))).toEqual([]);
      device.tell('temp 20');
      await eventually('the last value', async () => ((await lastTemperature()) === 20 ? true : undefined), 90_000);
      cells.passed(`restart by ${signal}`, relay.last('up'));
    },
    200_000,
  );

  it('stops to be observed', async () => {
    const { status } = await server.rest('DELETE', `/devices/${ENDPOINT}/observations/temperature`);
    expect(status).toBe(204);
    cells.passed('cancel observation', relay.last('down'));
  }, 60_000);

  it('de-registers', async () => {
    const mark = relay.captured.length;
    device.tell('stop');
    await device.line(/^DEREGISTERED/);
    const { body } = await server.rest('GET', `/devices/${ENDPOINT}`);
    expect([body['presence'], body['registration']]).toEqual(['offline', undefined]);
    cells.passed('de-register', relay.last('up', mark));
  }, 60_000);
});

/** Observes a path in a format and waits until that is active; the address of the observation. */
async function observing(path: string, format: string): Promise<string> {
  const url = `/devices/${ENDPOINT}/observations/formats`;
  expect((await server.rest('PUT', url, { paths: [path], format })).status).toBe(200);
  await eventually(`the observation of ${path} in ${format}`, async () =>
    (await server.rest('GET', url)).body['state'] === 'active' ? true : undefined,
  );
  return url;
}

/** The Content-Formats of the notifications that came up since `from`, each once. */
function notifiedFormats(from: number): number[] {
  const found = relay.captured.slice(from).flatMap(({ direction, bytes }) => {
    const { code, options } = parse(bytes);
    if (direction !== 'up' || code !== '2.05' || !options.some(({ name }) => name === 'Observe')) return [];
    const format = options.find(({ name }) => name === 'Content-Format')?.value ?? Buffer.of();
    return [format.reduce((number, byte) => number * 256 + byte, 0)];
  });
  return [...new Set(found)];
}

async function observationIs(state: string): Promise<void> {
  await eventually(`observation ${state}`, async () => {
    const { body } = await server.rest('GET', `/devices/${ENDPOINT}/observations/temperature`);
    return body['state'] === state ? true : undefined;
  });
}

async function lastTemperature(): Promise<unknown> {
  return (await server.rest('GET', `/devices/${ENDPOINT}/resources/3303/0/5700`)).body['value'];
}

async function observed(value: number): Promise<void> {
  device.tell(`temp ${value}`);
  await eventually(`value ${value}`, async () => ((await lastTemperature()) === value ? true : undefined), 60_000);
  const { body } = await server.rest('GET', `/devices/${ENDPOINT}/resources/3303/0/5700`);
  expect(body).toMatchObject({ value, source: 'notify', receivedAt: expect.any(String) });
}
