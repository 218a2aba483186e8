/** Handshakes under way from few addresses: they take no room from others, and share it among themselves. */

import { describe, expect, it } from '@jest/globals';

import { countingProvider, DTLS_PARAMETERS } from '#dtls';
import { memoryInUse } from '../../support/memory.js';
import { cheapProvider } from './support/cheap-provider.js';
import { Device, knowsDevices, openTarget } from './support/device.js';
import { attack, size } from './support/run.js';
import { Target } from './support/target.js';

const provider = cheapProvider;

function target(halfOpen: number, halfOpenShare = 64): Target {
  return new Target({ answer: knowsDevices, provider, parameters: { halfOpen, halfOpenShare } });
}

/** A handshake from a place, said so far. */
function device(server: Target, address: string, port: number, steps?: number): Device {
  return new Device(server, { address, port }, `${address} ${port}`, { provider }).begin(steps);
}

const held = (server: Target): number => server.endpoint.gauges()['half_open'] ?? 0;

describe('handshakes under way', () => {
  attack('a cookie flood: one address that begins ten thousand and goes on with none takes nothing from others', () => {
    const [most, attacks, others] = [size(500, 5000), size(2000, 10_000), size(200, 2000)];
    const server = target(most);
    device(server, '192.0.2.1', 1);
    const before = memoryInUse();
    for (let port = 1; port <= attacks; port += 1) device(server, '203.0.113.66', port, 2);
    expect(held(server)).toBe(most);
    const bytes = memoryInUse() - before;
    expect(bytes).toBeLessThan(40 * 2 ** 20);
    let through = 0;
    for (let index = 0; index < others; index += 1) {
      const one = device(server, `10.2.${index >> 8}.${index & 255}`, 5684);
      one.take(one.data('x'));
      through += 1;
      // The attacker goes on.
      device(server, '203.0.113.66', 20_000 + index, 2);
    }
    expect(server.delivered).toHaveLength(through);
    expect(server.endpoint.counters['failed_displaced']).toBeGreaterThan(0);
    server.pass(400_000);
    expect(server.endpoint.gauges()).toMatchObject({ half_open: 0, half_open_cids: 0, questions: 0, last_flights: 0 });
    return {
      counts: { attacks: attacks + others, 'MiB for them': bytes / 2 ** 20, 'others, all carried through': through },
      seeds: 'none',
    };
  });

  attack('an ECDHE flood: ten thousand of one address cost a key in their turn, and hold up no others', () => {
    const [attacks, others] = [size(2000, 10_000), size(60, 300)];
    const counted = countingProvider(provider);
    const server = openTarget('rpk', 'forgotten', { provider: counted, turns: 'by_hand' });
    const begin = (kind: 'psk' | 'rpk', address: string, port: number): Device =>
      new Device(server, { address, port }, `${address} ${port}`, { provider, kind });
    for (let port = 1; port <= 200; port += 1) begin('rpk', '203.0.113.66', 60_000 + port).begin(2);
    while (server.waiting > 0) server.turn();
    counted.reset();
    const before = memoryInUse();
    let turns = 0;
    let through = 0;
    for (let port = 1; port <= attacks; port += 1) {
      // The shell comes back after the datagrams of a turn of its loop.
      if (port % 16 === 0) {
        server.turn();
        turns += 1;
      }
      begin('rpk', '203.0.113.66', port).begin(2);
      if (port % (attacks / others) >= 1) continue;
      // Others come through in the midst of it, and need no second hello.
      const one = begin('psk', `10.2.${port >> 8}.${port & 255}`, 5684).begin();
      one.take(one.data('x'));
      through += 1;
      const keyed = begin('rpk', `10.3.${port >> 8}.${port & 255}`, 5684).begin(2);
      turns += 2;
      const replies = [server.turn(), server.turn()].flat();
      keyed.answered(replies.filter(({ address }) => address !== '203.0.113.66'));
      keyed.prove();
    }
    const bytes = memoryInUse() - before;
    expect(bytes).toBeLessThan(40 * 2 ** 20);
    expect(server.delivered).toHaveLength(through);
    expect(server.count('established')).toBe(2 * through);
    expect(server.waiting).toBeGreaterThan(DTLS_PARAMETERS.ecdheWaiting - 16);
    // Whoever was turned away, or waits still, has cost no key.
    expect(counted.counts).toMatchObject({ ephemeral: turns, sign: turns, agree: through, verify: through });
    const full = server.endpoint.counters['failed_ecdhe_waiting_full'] ?? 0;
    expect(full).toBe(attacks + through - turns - server.waiting);
    server.pass(31_000);
    expect(server.endpoint.gauges()).toMatchObject({ half_open: 0, half_open_cids: 0, ecdhe_waiting: 0 });
    server.pass(400_000);
    expect(server.endpoint.gauges()).toMatchObject({ half_open: 0, ecdhe_waiting: 0, questions: 0, last_flights: 0 });
    return {
      counts: {
        ...{ attacks, 'of them turned away': full, 'MiB for them': bytes / 2 ** 20 },
        ...{ 'others, PSK, all carried through': through, 'others, ECDHE, all carried through': through },
      },
      seeds: 'none',
    };
  });

  it('of a thousand devices behind one address are carried through, all at once', () => {
    const server = target(5000);
    const devices = Array.from({ length: 1000 }, (_none, port) => device(server, '203.0.113.1', port + 1, 4));
    expect(held(server)).toBe(1000);
    for (const each of devices) {
      each.take(each.puppet.finished('sealed'));
      each.puppet.established();
    }
    expect(server.count('established')).toBe(1000);
    expect(held(server)).toBe(0);
  });

  it('give way from the address that has most, its oldest first, and only to one that has less than its share', () => {
    const server = target(12, 3);
    for (let port = 1; port <= 7; port += 1) device(server, '203.0.113.1', port, 2);
    for (let port = 1; port <= 5; port += 1) device(server, '203.0.113.2', port, 2);
    device(server, '203.0.113.3', 1, 2);
    expect(server.failures).toMatchObject([{ port: 1, reason: 'displaced' }]);
    device(server, '203.0.113.3', 2, 2);
    device(server, '203.0.113.3', 3, 2);
    expect(server.failures.map(({ port }) => port)).toEqual([1, 2, 3]);
    // Each has its share now, or more: nobody gives way to a fourth.
    device(server, '203.0.113.3', 4, 2);
    device(server, '203.0.113.2', 9, 2);
    expect(server.endpoint.counters['dropped_half_open_full']).toBe(2);
    expect(held(server)).toBe(12);
  });

  it('of as many addresses as there may be handshakes stay as they are', () => {
    const server = target(20, 2);
    for (let index = 1; index <= 10; index += 1)
      for (let port = 1; port <= 2; port += 1) device(server, `203.0.113.${index}`, port, 2);
    device(server, '203.0.113.99', 1, 2);
    expect(server.endpoint.counters['dropped_half_open_full']).toBe(1);
    expect(server.failures).toEqual([]);
  });

  it.each([
    ['2001:db8::1', '2001:db8::2', 'one'],
    ['2001:db8::1', '2001:db8:0:0:1::2', 'one'],
    ['2001:db8:1:2:3:4:5:6', '2001:db8:1:2::9', 'one'],
    ['fe80::1', 'fe80::2:1', 'one'],
    ['2001:db8:1:2::9', '2001:db8:1:3::9', 'another'],
    ['::1', '1::', 'another'],
    ['::ffff:192.0.2.1', '::ffff:192.0.2.2', 'another'],
    ['192.0.2.1', '192.0.2.2', 'another'],
  ])('%s and %s are addresses of %s holder', (first, second, holder) => {
    const server = target(3, 1);
    device(server, first, 1, 2);
    for (let port = 1; port <= 2; port += 1) device(server, '203.0.113.1', port, 2);
    // Whoever has its share already takes the place of nobody.
    device(server, second, 2, 2);
    expect(server.failures).toHaveLength(holder === 'another' ? 1 : 0);
    expect(server.endpoint.counters['dropped_half_open_full'] ?? 0).toBe(holder === 'another' ? 0 : 1);
  });
});
