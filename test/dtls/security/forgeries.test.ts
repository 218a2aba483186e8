/** Forged records in floods: what comes from where a device is, is always opened; from elsewhere few are. */

import { describe, expect, it } from '@jest/globals';

import { plainPeer, type Peer } from '#base';
import { DTLS_PARAMETERS } from '#dtls';
import { SeededRandom } from '../../support/random.js';
import { Roaming } from './support/roaming.js';
import { attack, size } from './support/run.js';

const STRANGER = plainPeer(0, '203.0.113.66', 6666);
const { forgeries: MOST, forgeryWindow: WINDOW } = DTLS_PARAMETERS;

/** A device at home, and records with its Connection ID that are not its own. */
function met() {
  const random = new SeededRandom(61);
  const world = new Roaming(random);
  world.say('one');
  world.run(100);
  const genuine = world.recorded.at(-1) as Uint8Array;
  const forged = Array.from({ length: 64 }, (_none, index) => {
    const copy = Buffer.from(genuine);
    // Ahead of all that the device ever says.
    copy.writeUInt32BE(0x7000_0000 + index, 7);
    copy.set(random.bytes(20), copy.length - 20);
    return copy;
  });
  const flood = (from: Peer, count: number): void => {
    for (let index = 0; index < count; index += 1)
      world.server.receive(world.clock.now(), from, forged[index % forged.length] as Buffer);
  };
  const dropped = (reason: string): number => world.server.endpoint.counters[`dropped_${reason}`] ?? 0;
  return { dropped, flood, world };
}

describe('forged records of a Connection ID', () => {
  attack(
    'forgeries: ten thousand a second from elsewhere cost a hundred AEADs in ten seconds, and the device nothing',
    () => {
      const { dropped, flood, world } = met();
      const seconds = size(30, 300);
      for (let second = 0; second < seconds; second += 1) {
        for (let part = 0; part < 10; part += 1) {
          flood(STRANGER, 1000);
          world.say(`m${second} ${part}`);
          world.run(100);
        }
      }
      const sent = seconds * 10_000;
      expect(world.server.received).toEqual(world.said);
      expect(dropped('record_not_genuine') + dropped('forgeries')).toBe(sent);
      expect(dropped('record_not_genuine')).toBeLessThanOrEqual((MOST + 1) * Math.ceil((seconds * 1000) / WINDOW));
      expect(dropped('forgeries')).toBeGreaterThan(sent * 0.99);
      return {
        counts: {
          forgeries: sent,
          'of them opened': dropped('record_not_genuine'),
          'messages, all delivered': world.said.length,
        },
        seeds: '61',
      };
    },
  );

  it('from where the device is are opened all of them, and mute nobody', () => {
    const { dropped, flood, world } = met();
    flood(world.device.peer, 5 * MOST);
    expect(dropped('record_not_genuine')).toBe(5 * MOST);
    world.move(world.path('203.0.113.1'));
    world.say('from afar');
    world.run(500);
    expect(world.server.received.at(-1)).toBe('from afar');
    expect(world.moves).toBe(1);
  });

  it.each([
    [MOST, 1],
    [MOST + 1, 0],
  ])('%d of them from elsewhere: a device that moves meanwhile is heard at once %d times', (count, times) => {
    const { flood, world } = met();
    flood(STRANGER, count);
    world.move(world.path('203.0.113.1'));
    world.say('from afar');
    world.run(500);
    expect(world.server.received.filter((text) => text === 'from afar')).toHaveLength(times);
    // Ten seconds later it is heard whatever came before.
    world.run(WINDOW);
    world.say('again');
    world.run(500);
    expect(world.server.received.at(-1)).toBe('again');
    expect(world.moves).toBe(1);
  });

  it('do not mute a device that has moved and is not proven to be there yet', () => {
    const { dropped, flood, world } = met();
    const path = world.path('203.0.113.1');
    path.open = false;
    world.move(path);
    world.say('from afar');
    world.run(500);
    flood(STRANGER, 2 * MOST);
    expect(dropped('forgeries')).toBe(MOST - 1);
    world.say('still there');
    world.run(500);
    expect(world.server.received.at(-1)).toBe('still there');
    expect(world.moves).toBe(0);
  });

  it('that come one a second are opened for ever', () => {
    const { dropped, flood, world } = met();
    for (let second = 0; second < 300; second += 1) {
      flood(STRANGER, 1);
      world.run(1000);
    }
    expect(dropped('record_not_genuine')).toBe(300);
  });
});
