/** What the server makes of simulated devices that do wrong, and of those in queue mode: both of this package, over REST. */

import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';

import type { Fault, Swarm } from '#simulator';

import { simulated } from '../support/simulated.js';
import type { SimulatedOptions } from '../support/simulated.js';
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

async function device(prefix: string, options: SimulatedOptions): Promise<string> {
  swarms.push(await simulated(server.coap, prefix, options));
  return `${prefix}1`;
}
const faulty = (prefix: string, ...faults: Fault[]): Promise<string> => device(prefix, { swarm: { faults } });
const read = (endpoint: string, path: string, format?: string): Promise<Readonly<Record<string, unknown>>> =>
  server.order(endpoint, { kind: 'read', path, ...(format === undefined ? {} : { format }) });
const nodeOf = (operation: Readonly<Record<string, unknown>>): unknown =>
  plain((operation['result'] as { node: unknown }).node);

describe('a device that does wrong', () => {
  it('answers late: the answer is waited for', async () => {
    const endpoint = await faulty('late-', { type: 'late', seconds: 2, path: [3, 0, 0] });
    const operation = await read(endpoint, '/3/0/0');
    expect([operation['state'], nodeOf(operation)]).toEqual(['succeeded', 'Bellwether']);
  });

  it('loses acknowledgements: what is sent again is done once', async () => {
    const endpoint = await faulty('acks-', { type: 'loseAcks', share: 0.3 });
    for (let value = 0; value < 4; value += 1) {
      const write = { kind: 'write', path: '/3/0/14', mode: 'replace', value: `+0${value}:00` };
      expect(await server.order(endpoint, write)).toMatchObject({ state: 'succeeded' });
    }
    expect(swarms[0]?.reports()[0]).toMatchObject({ requests: 4 });
  });

  it('answers in another format: it is read by what the answer says', async () => {
    const endpoint = await faulty('format-', { type: 'answerFormat', format: 11542, operation: 'read' });
    const operation = await read(endpoint, '/3/0/6', 'senml-json');
    expect([operation['state'], nodeOf(operation)]).toEqual(['succeeded', { 0: 1, 1: 5 }]);
  });

  it.each([
    ['code', { type: 'answerCode', code: 0x83 }, { code: 'device_refused', coapCode: '4.03' }],
    ['cut', { type: 'payload', edit: { kind: 'cut', bytes: 1 } }, { code: 'device_bad_answer' }],
    ['label', { type: 'answerOption', option: 12, value: 9999 }, { code: 'device_bad_answer' }],
    ['type', { type: 'answerOption', option: 12, value: 11542 }, { code: 'device_bad_answer' }],
  ] as const)('answers wrongly (%s): the operation fails, and says why', async (name, fault, error) => {
    const endpoint = await faulty(`wrong-${name}-`, { ...fault, operation: 'read' });
    expect(await read(endpoint, '/3/0', 'senml-cbor')).toMatchObject({ state: 'failed', error });
    expect(await server.device(endpoint)).toMatchObject({ presence: 'online' });
  });

  it('reboots now and then: it is registered again each time', async () => {
    const endpoint = await faulty('reboot-', { type: 'reboot', after: 1 });
    await until('it has registered three times', () =>
      Promise.resolve((swarms[0]?.reports()[0]?.registrations ?? 0) >= 3 ? 'yes' : undefined),
    );
    await until('it is there', async () => {
      const { presence } = await server.device(endpoint);
      return presence === 'online' ? 'yes' : undefined;
    });
  });
});

describe('a device in queue mode', () => {
  it.each([
    ['1.0', 'UQ'],
    ['1.1', 'U'],
    ['1.2', 'U'],
  ] as const)('of LwM2M %s says so, with binding %s', async (lwm2m, binding) => {
    const options = { kind: { lwm2m, binding }, swarm: { awakeFor: 5, sleepFor: 60 } };
    const endpoint = await device(`queue-${lwm2m.replace('.', '-')}-`, options);
    const { registration } = await server.device(endpoint);
    expect(registration).toMatchObject({ queueMode: true, lwm2m, binding });
  });
});
