/** What a conformance run expects of its rig, on a real server over REST and in virtual time. */

import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { decodeMessage, isMalformed, showCode } from '#coap/codec';
import type { Rig } from '#conformance';

import { Client } from '../../src/cli/client.js';
import { RestRig } from '../../src/cli/rig.js';
import { simulated } from '../support/simulated.js';
import { TestServer, until } from '../support/test-server.js';
import { CATALOGUE } from '../simulator/support.js';
import { VirtualRig } from './virtual-rig.js';

interface Made {
  readonly rig: Rig;
  readonly close: () => Promise<void>;
}

async function overRest(): Promise<Made> {
  const server = await TestServer.start();
  const swarm = await simulated(server.coap, 'rig-', { kind: { objects: [5, 16] } });
  await until('the device is registered', async () =>
    (await server.device('rig-1'))['registration'] === undefined ? undefined : 'yes',
  );
  const rig = await RestRig.open(new Client({ url: server.http, token: server.token }), 'rig-1', CATALOGUE, 20);
  return {
    rig,
    close: async () => {
      rig.close();
      await swarm.stop(2000);
      await server.stop();
    },
  };
}

const inVirtualTime = (): Promise<Made> => Promise.resolve({ rig: new VirtualRig(), close: () => Promise.resolve() });

describe.each([
  ['over REST', overRest],
  ['in virtual time', inVirtualTime],
])('a rig %s', (_name, make) => {
  let made: Made;
  let rig: Rig;

  beforeAll(async () => {
    made = await make();
    ({ rig } = made);
  });
  afterAll(() => made.close());

  /** Codes of the datagrams from `from` on, once there are `count`. */
  async function codes(from: number, count: number): Promise<string[]> {
    const end = rig.now() + 10_000;
    const shown = (): string[] =>
      rig.datagrams
        .slice(from)
        .map(({ direction, bytes }) => {
          const message = decodeMessage(bytes);
          return `${direction} ${isMalformed(message) ? message.malformed : showCode(message.code)}`;
        })
        // An Update of the device, which follows what it was told before.
        .filter((one) => one !== 'in 0.02' && one !== 'out 2.04');
    while (shown().length < count && rig.now() < end) await rig.next(end);
    return shown();
  }

  it('tells what the device registered with', async () => {
    const { dialect, objects, lifetime, queueMode } = await rig.device();
    expect([dialect.lwm2m, lifetime, queueMode]).toEqual(['1.1', 300, false]);
    expect(objects.find(({ id }) => id === 16)).toMatchObject({ instances: [0] });
    expect(dialect.model.resource(3, 16)).toMatchObject({ type: 'string', mandatory: 'mandatory' });
  });

  it('carries out an order, tells its result as REST does, and shows both datagrams', async () => {
    const from = rig.datagrams.length;
    const ended = await rig.order({ kind: 'read', path: '/3/0/0', format: 'text' });
    expect(ended).toMatchObject({ state: 'succeeded', result: { coapCode: '2.05', node: { value: 'Bellwether' } } });
    expect(await codes(from, 2)).toEqual(['out 0.01', 'in 2.05']);
  });

  it('tells of a refusal by its code', async () => {
    const ended = await rig.order({ kind: 'write', path: '/3/0/0', mode: 'replace', value: 'another' });
    expect(ended).toMatchObject({ state: 'failed', error: { code: 'device_refused', coapCode: '4.05' } });
  });

  it('gives links, created paths and composite values as REST does', async () => {
    const discovered = await rig.order({ kind: 'discover', path: '/3/0/16' });
    expect(discovered.result?.links?.[0]).toMatchObject({ path: '/3/0/16' });
    const created = await rig.order({ kind: 'create', path: '/16', value: { 0: { 0: 'one' } } });
    expect(created.result).toMatchObject({ coapCode: '2.01', path: '/16/1' });
    const read = await rig.order({ kind: 'readComposite', paths: ['/16/1/0', '/3/0/16'] });
    expect(read.result?.nodes).toMatchObject({ '/16/1/0': { values: { 0: 'one' } }, '/3/0/16': { value: 'U' } });
    expect(await rig.order({ kind: 'delete', path: '/16/1' })).toMatchObject({ result: { coapCode: '2.02' } });
  });

  it('observes and cancels, and shows what that says', async () => {
    const from = rig.datagrams.length;
    expect(await rig.observe('o', { paths: ['/3/0/16'] })).toMatchObject({ state: 'active' });
    await rig.cancel('o', 'observe');
    expect(await codes(from, 4)).toEqual(['out 0.01', 'in 2.05', 'out 0.01', 'in 2.05']);
    await rig.cancel('o', 'observe');
  });

  it('tells of an observation that the device refuses', async () => {
    expect(await rig.observe('none', { paths: ['/3/0/999'] })).toMatchObject({ state: 'refused' });
  });

  it('lets time go by until it has come', async () => {
    const end = rig.now() + 50;
    while (rig.now() < end) await rig.next(end);
    expect(rig.now()).toBeGreaterThanOrEqual(end);
  });
});
