/**
 * Many simulated devices in one process whose links lose datagrams: all register, what each saw adds up, and memory is bounded.
 * BELLWETHER_TEST_SWARM asks for more devices, such as 10,000.
 */

import { expect, it } from '@jest/globals';

import { Code } from '#coap/codec';
import { parametersWith } from '#coap/endpoint';
import { totalOf } from '#simulator';

import { memoryAtRest } from '../support/memory.js';
import { serverOf, stackOptions, swarmOf } from './small-server.js';

const COUNT = Number(process.env['BELLWETHER_TEST_SWARM'] ?? '1000');
/** Bytes in use for a device and what the small server of the test keeps of it. */
const BYTES_A_DEVICE = 24_576;

it(
  `${COUNT} devices with 5 % loss register, update and de-register, and each tells what it saw`,
  async () => {
    const server = await serverOf(parametersWith({ ackTimeout: 200, maxRetransmit: 10 }));
    const stack = { ...stackOptions([]), parameters: parametersWith({ ackTimeout: 200, maxRetransmit: 10 }) };
    // What the code itself takes when it first runs is no device's.
    const { swarm: first } = swarmOf(server.port, { prefix: 'first-', count: 20, stack });
    await first.start();
    await first.stop(5_000);
    const before = await memoryAtRest();
    const { swarm } = swarmOf(server.port, { count: COUNT, loss: 0.05, stack });
    await swarm.start();
    expect(swarm.counts()).toEqual({ open: COUNT, registered: COUNT, refused: 0 });
    const each = ((await memoryAtRest()) - before) / COUNT;
    expect(each).toBeLessThan(BYTES_A_DEVICE);
    for (const name of ['sim-1', `sim-${COUNT}`]) {
      expect((await server.ask(name, { code: Code.POST, path: '/1/0/8' })).message.code).toBe(Code.CHANGED);
    }
    expect(await swarm.stop(5_000)).toBe(0);
    const reports = swarm.reports();
    const total = totalOf(reports);
    expect(reports.map(({ endpoint }) => endpoint)).toEqual(Array.from({ length: COUNT }, (_, at) => `sim-${at + 1}`));
    for (const { registrations, deregistrations, state } of reports) {
      expect([registrations, deregistrations, state]).toEqual([1, 1, 'not registered']);
    }
    expect(total).toMatchObject({ devices: COUNT, registrations: COUNT, deregistrations: COUNT, refusals: 0 });
    // Of two exchanges of a device about one in ten loses a datagram, and each lost one is sent again.
    expect(total['lostOut']).toBeGreaterThan(COUNT / 20);
    expect(total['lostOut']).toBeLessThan(COUNT / 5);
    expect(total['retransmissions']).toBeGreaterThanOrEqual(total['lostOut'] ?? Infinity);
  },
  60_000 + COUNT * 20,
);
