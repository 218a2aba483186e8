/** T10: handshakes that come to nothing leave nothing, and good ones after them succeed. */

import { describe, expect } from '@jest/globals';

import { countingProvider, nodeProvider } from '#dtls';
import { memoryInUse } from '../../support/memory.js';
import { Device, knowsDevices, STEPS } from './support/device.js';
import { attack, size } from './support/run.js';
import { Target } from './support/target.js';

describe('handshakes that come to nothing', () => {
  attack('T10 given up after each step, or with a wrong key, leave nothing; those after them all succeed', () => {
    const server = new Target({ answer: knowsDevices });
    const [bad, good] = [size(1200, 100_000), size(100, 1000)];
    const fail = (count: number): void => {
      for (let index = 0; index < count; index += 1) {
        const place = { address: `10.1.${(index >> 8) & 255}.${index & 255}`, port: 1024 + (index % 60_000) };
        const steps = index % (STEPS.length + 1);
        const wrong = { psk: new Uint8Array(16).fill(99) };
        new Device(server, place, `dev-${index}`, steps === STEPS.length ? wrong : {}).begin(
          steps === STEPS.length ? steps : steps % STEPS.length,
        );
        // Before there are as many as may be held at once.
        if (index % 1000 === 999) server.pass(61_000);
      }
      server.pass(61_000);
    };
    fail(bad / 10);
    expect(server.held()).toBe(0);
    const before = memoryInUse();
    fail((bad / 10) * 9);
    expect(server.held()).toBe(0);
    const grown = memoryInUse() - before;
    // The list of failures that this test keeps grows with them.
    expect(grown).toBeLessThan(2 * 2 ** 20 + bad * 200);
    for (let index = 0; index < good; index += 1) {
      const device = new Device(server, { address: '192.0.2.77', port: 1024 + index }, `good-${index}`).begin();
      device.take(device.data('x'));
    }
    expect(server.delivered).toHaveLength(good);
    server.pass(400_000);
    expect(server.endpoint.gauges()).toEqual({
      associations: good,
      last_flights: 0,
      half_open: 0,
      half_open_cids: 0,
      questions: 0,
      ecdhe_waiting: 0,
    });
    return {
      counts: { failed: bad, 'good ones after them, all carried through': good, 'KiB of growth': grown / 1024 },
      seeds: 'none',
    };
  });

  attack('T10 alternate with good ones at one place, and no state of one reaches the other', () => {
    const server = new Target({ answer: knowsDevices });
    const rounds = size(150, 10_000);
    for (let round = 0; round < rounds; round += 1) {
      const place = { address: '192.0.2.9', port: 9 };
      new Device(server, place, 'dev-9', { psk: new Uint8Array(16).fill(99), random: (round % 100) + 3 }).begin(
        round % 6,
      );
      const device = new Device(server, place, 'dev-9', { random: (round % 100) + 104 }).begin();
      device.take(device.data(`${round}`));
      if (server.delivered.length !== round + 1) throw new Error(`round ${round}`);
    }
    server.pass(400_000);
    expect(server.endpoint.gauges()).toMatchObject({ associations: 1, last_flights: 0, half_open: 0, questions: 0 });
    return { counts: { 'bad and good ones each': rounds }, seeds: 'none' };
  });

  attack('T10 that reach the limit of handshakes under way are refused and counted, and room comes back', () => {
    const provider = countingProvider(nodeProvider);
    const server = new Target({ answer: knowsDevices, provider, parameters: { halfOpen: 50 } });
    for (let port = 1; port <= 80; port += 1)
      new Device(server, { address: '192.0.2.9', port }, `dev-${port}`).begin(2);
    expect(server.endpoint.gauges()).toMatchObject({ half_open: 50 });
    expect(server.endpoint.counters['dropped_half_open_full']).toBe(30);
    server.pass(61_000);
    const device = new Device(server, { address: '192.0.2.10', port: 1 }, 'dev-1').begin();
    device.take(device.data('x'));
    expect(server.delivered).toEqual(['x']);
    return { counts: { handshakes: 80, refused: 30 }, seeds: 'none' };
  });
});
