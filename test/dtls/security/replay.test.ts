/** T7: records again, late, from other sessions and epochs, and forged ones of the future: each message arrives once at most. */

import { describe, expect, it } from '@jest/globals';

import { ContentType, MAX_SEQUENCE } from '#dtls/codec';
import { SeededRandom } from '../../support/random.js';
import { Device, knowsDevices } from './support/device.js';
import { attack, size } from './support/run.js';
import { Target } from './support/target.js';
import { record } from './support/wire.js';

const PLACE = { address: '198.51.100.7', port: 1 } as const;

function met(random = 1): { server: Target; device: Device; recorded: Uint8Array[] } {
  const server = new Target({ answer: knowsDevices });
  const recorded: Uint8Array[] = [];
  const take = server.take.bind(server);
  server.take = (address, port, datagram) => {
    recorded.push(datagram);
    return take(address, port, datagram);
  };
  const device = new Device(server, PLACE, 'dev-1', { random }).begin();
  return { server, device, recorded };
}

describe('a record that comes again', () => {
  attack('T7 whole sessions replayed in random orders deliver nothing twice, from their place and from others', () => {
    const random = new SeededRandom(71);
    const orders = size(20, 2000);
    const { device, recorded, server } = met();
    for (let count = 0; count < 100; count += 1) device.take(device.data(`m${count}`));
    const session = [...recorded];
    const delivered = [...server.delivered];
    expect(delivered).toHaveLength(100);
    for (let order = 0; order < orders; order += 1) {
      const again = [...session].sort(() => random.fraction() - 0.5);
      for (const datagram of again) server.take(PLACE.address, order % 2 === 0 ? PLACE.port : 2, datagram);
    }
    expect(server.delivered).toEqual(delivered);
    server.pass(400_000);
    expect(server.endpoint.gauges()).toMatchObject({ associations: 1, half_open: 0 });
    // The association is as it was.
    device.take(device.data('after all'));
    expect(server.delivered.at(-1)).toBe('after all');
    return { counts: { orders, datagrams: orders * session.length }, seeds: '71' };
  });

  attack('T7 messages out of order within the window arrive once, all of them', () => {
    const random = new SeededRandom(72);
    const rounds = size(50, 5000);
    const { device, server } = met();
    for (let round = 0; round < rounds; round += 1) {
      const sealed = Array.from({ length: 32 }, (_none, index) => device.data(`${round} ${index}`));
      const twice = [...sealed, ...sealed].sort(() => random.fraction() - 0.5);
      for (const datagram of twice) device.take(datagram);
    }
    expect(server.delivered).toHaveLength(rounds * 32);
    expect(new Set(server.delivered).size).toBe(rounds * 32);
    return { counts: { messages: rounds * 32 }, seeds: '72' };
  });

  it('and is older than the window is not delivered, even if it never was before', () => {
    const { device, server } = met();
    const old = device.data('old');
    for (let count = 0; count < 64; count += 1) device.take(device.data('new'));
    device.take(old);
    expect(server.delivered).not.toContain('old');
    expect(server.delivered).toHaveLength(64);
  });
});

describe('a record that belongs elsewhere', () => {
  it('to an earlier session of the same device, or to another device, is not delivered', () => {
    const first = met(1);
    const theirs = first.device.data('from before');
    first.device.take(theirs);
    // Another handshake at the same place.
    const second = new Device(first.server, PLACE, 'dev-1', { random: 9 }).begin();
    first.server.take(PLACE.address, PLACE.port, theirs);
    first.server.take(PLACE.address, PLACE.port, first.device.data('of the old keys'));
    const other = new Device(first.server, { address: '203.0.113.9', port: 7 }, 'dev-2').begin();
    second.take(other.data('of another device'));
    expect(first.server.delivered).toEqual(['from before']);
    second.take(second.data('mine'));
    other.take(other.data('mine too'));
    expect(first.server.delivered).toEqual(['from before', 'mine', 'mine too']);
  });

  it('to any epoch but 0 and 1 changes nothing, at every state of a handshake', () => {
    for (let steps = 0; steps <= 5; steps += 1) {
      const server = new Target({ answer: knowsDevices });
      const device = new Device(server, PLACE, 'dev-1').begin(steps);
      const before = { ...server.endpoint.gauges() };
      const told = { ...server.told };
      const sealed = device.data('x');
      for (let epoch = 2; epoch <= 65_535; epoch += size(41, 1)) {
        for (const type of [
          ContentType.HANDSHAKE,
          ContentType.APPLICATION_DATA,
          ContentType.ALERT,
          ContentType.CHANGE_CIPHER_SPEC,
        ]) {
          const copy = Buffer.from(sealed);
          copy[0] = type;
          copy.writeUInt16BE(epoch, 3);
          if (device.take(copy).length > 0) throw new Error(`epoch ${epoch} was answered`);
        }
      }
      expect(server.endpoint.gauges()).toEqual(before);
      expect(server.told).toEqual(told);
      if (steps < 5) continue;
      device.take(device.data('still there'));
      expect(server.delivered).toEqual(['still there']);
    }
  });

  it('to epoch 0 is never application data, at any state of a handshake', () => {
    for (let steps = 0; steps <= 5; steps += 1) {
      const server = new Target({ answer: knowsDevices });
      const device = new Device(server, PLACE, 'dev-1').begin(steps);
      device.take(device.puppet.data('plain', 'x'));
      device.take(record(ContentType.APPLICATION_DATA, 0, 9, Buffer.from('x')));
      expect(server.delivered).toEqual([]);
    }
  });
});

describe('a forged record', () => {
  attack('T7 of the future or of now moves no window: all genuine messages arrive', () => {
    const random = new SeededRandom(73);
    const { device, server } = met();
    const forgeries = size(2000, 200_000);
    let sent = 0;
    for (let count = 0; count < forgeries; count += 1) {
      const sequence = random.pick([
        MAX_SEQUENCE,
        MAX_SEQUENCE - 1,
        sent + 1,
        sent + 2,
        sent + 64,
        sent + 100,
        random.integer(0, 2 ** 31),
      ]);
      const epoch = random.pick([1, 1, 1, 2]);
      const type = random.pick([ContentType.APPLICATION_DATA, ContentType.ALERT, ContentType.HANDSHAKE]);
      device.take(record(type, epoch, sequence, random.bytes(random.integer(1, 60))));
      if (count % 10 === 0) {
        device.take(device.data(`m${sent}`));
        sent += 1;
      }
    }
    expect(server.delivered).toHaveLength(sent);
    return { counts: { forgeries, 'genuine messages, all delivered': sent }, seeds: '73' };
  });

  it.each([
    ['its tag', -1],
    ['its number', 10],
    ['its type', 0],
    ['its version', 2],
    ['its text', 25],
  ])(
    'that is a genuine one but for %s is dropped without a word, and the genuine one is taken after it',
    (_what, at) => {
      const { device, server } = met();
      const genuine = device.data('genuine');
      const forged = Buffer.from(genuine);
      const index = at < 0 ? forged.length + at : at;
      forged[index] = (forged[index] as number) ^ (at === 0 ? 2 : 1);
      const replies = device.take(forged);
      expect(replies).toEqual([]);
      expect(server.delivered).toEqual([]);
      device.take(genuine);
      expect(server.delivered).toEqual(['genuine']);
    },
  );
});
