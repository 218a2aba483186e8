/** Composite operations from REST to a simulated device and back: the server and the simulator of this package together. */

import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';

import type { EnablerVersion } from '#lwm2m/model';
import type { Swarm } from '#simulator';

import { simulated } from '../support/simulated.js';
import { TestServer, plain, until } from '../support/test-server.js';

let server: TestServer;
const swarms: Swarm[] = [];

beforeAll(async () => {
  server = await TestServer.start();
});
afterEach(async () => {
  for (const swarm of swarms.splice(0)) await swarm.stop(2_000);
});
afterAll(async () => {
  await server.stop();
});

/** A device with Portfolio beside the standard objects; its name. */
async function device(prefix: string, lwm2m: EnablerVersion): Promise<string> {
  swarms.push(await simulated(server.coap, prefix, { kind: { lwm2m, objects: [16] } }));
  return `${prefix}1`;
}

/** The values of a composite read, by path. */
async function readAll(endpoint: string, paths: readonly string[], format?: string): Promise<unknown> {
  const operation = { kind: 'readComposite', paths, ...(format === undefined ? {} : { format }) };
  const { result, error } = await server.order(endpoint, operation);
  if (result === undefined) throw new Error(`the read failed: ${JSON.stringify(error)}`);
  const { nodes } = result as { nodes: Readonly<Record<string, unknown>> };
  return Object.fromEntries(Object.entries(nodes).map(([path, node]) => [path, plain(node)]));
}

async function lastValue(endpoint: string, path: string): Promise<unknown> {
  return plain((await server.rest('GET', `/devices/${endpoint}/resources${path}`)).body);
}

describe.each([
  ['1.1', ['senml-json', 'senml-cbor']],
  ['1.2', ['senml-json', 'senml-cbor', 'senml-etch-json', 'senml-etch-cbor', 'lwm2m-cbor']],
] as const)('a simulated device of LwM2M %s', (lwm2m, formats) => {
  const tag = lwm2m.replace('.', '-');

  it('writes several values at once and gives them back, in the format of its version and in every one it speaks', async () => {
    const endpoint = await device(`write-${tag}-`, lwm2m);
    for (const [index, format] of [undefined, ...formats].entries()) {
      const value = { '/1/0/1': 200 + index, '/16/0/0': { 0: `host ${index}`, 3: 'soft' }, '/3/0/14': '+02:00' };
      const write = { kind: 'writeComposite', value, ...(format === undefined ? {} : { format }) };
      expect(await server.order(endpoint, write)).toMatchObject({ state: 'succeeded', result: { coapCode: '2.04' } });
      expect(await readAll(endpoint, ['/1/0/1', '/16/0/0/0', '/3/0/14', '/3339/0/5522', '/3/0/4'], format)).toEqual({
        '/1/0/1': 200 + index,
        '/16/0/0/0': `host ${index}`,
        '/3/0/14': '+02:00',
      });
      await until('the lifetime that was written is announced', async () => {
        const { registration } = await server.device(endpoint);
        return (registration as { lifetime: number }).lifetime === 200 + index ? 'yes' : undefined;
      });
    }
    expect(Object.keys((await readAll(endpoint, ['/'])) as object)).toEqual([
      '/1',
      '/3',
      '/4',
      '/6',
      '/7',
      '/16',
      '/3303',
    ]);
  });

  it('refuses a write as a whole', async () => {
    const endpoint = await device(`refuse-${tag}-`, lwm2m);
    const value = { '/3/0/14': '+09:00', '/3/0/0': 'x' };
    expect(await server.order(endpoint, { kind: 'writeComposite', value })).toMatchObject({
      state: 'failed',
      error: { code: 'device_refused', coapCode: '4.05' },
    });
    expect(await readAll(endpoint, ['/3/0/14'])).toEqual({ '/3/0/14': '+00:00' });
  });

  it('tells of all observed paths when one of them changes, until the observation is taken away', async () => {
    const endpoint = await device(`observe-${tag}-`, lwm2m);
    const paths = ['/3/0/14', '/3/0/15', '/16/0', '/16/1'];
    const url = `/devices/${endpoint}/observations/several`;
    await server.rest('PUT', url, { paths });
    await until('it is observed', async () =>
      (await server.rest('GET', url)).body['state'] === 'active' ? 'yes' : undefined,
    );
    expect(await lastValue(endpoint, '/3/0/15')).toBe('Etc/UTC');
    await server.order(endpoint, { kind: 'writeComposite', value: { '/3/0/14': '+01:00', '/3/0/15': 'Europe/Paris' } });
    await server.order(endpoint, { kind: 'create', path: '/16', instance: 1, value: { 0: { 0: 'second' } } });
    await until('the new instance is told', async () => {
      const { status } = await server.rest('GET', `/devices/${endpoint}/resources/16/1/0`);
      return status === 200 ? 'yes' : undefined;
    });
    expect(await lastValue(endpoint, '/16/1/0')).toEqual({ 0: 'second' });
    expect((await server.rest('DELETE', url)).status).toBe(204);
    const told = swarms.at(-1)?.reports()[0]?.notifications;
    await server.order(endpoint, { kind: 'write', path: '/3/0/14', mode: 'replace', value: '+03:00' });
    await server.order(endpoint, { kind: 'read', path: '/3/0/14' });
    expect(swarms.at(-1)?.reports()[0]?.notifications).toBe(told);
  });
});

describe('a simulated device of LwM2M 1.2', () => {
  it('removes a resource instance that a composite write sets to null', async () => {
    const endpoint = await device('null-', '1.2');
    const value = { '/16/0/0/1': null, '/3/0/15': 'Europe/Oslo' };
    expect(await server.order(endpoint, { kind: 'writeComposite', value })).toMatchObject({ state: 'succeeded' });
    expect(await readAll(endpoint, ['/16/0/0/1', '/3/0/15'])).toEqual({ '/3/0/15': 'Europe/Oslo' });
  });
});
