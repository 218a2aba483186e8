/** T8: associations that live stay alive, whatever comes from their addresses. */

import { describe, expect } from '@jest/globals';

import { countingProvider, nodeProvider } from '#dtls';
import { ContentType, encodeAlert } from '#dtls/codec';
import { SeededRandom } from '../../support/random.js';
import { Device, knowsDevices } from './support/device.js';
import { attack, size } from './support/run.js';
import { Target } from './support/target.js';
import { cookieIn, helloRecord, record } from './support/wire.js';

/** What somebody who can send from the device's address does to it. */
const ATTACKS: Readonly<Record<string, (device: Device, random: SeededRandom) => void>> = {
  'hellos without a cookie': (device, random) => {
    device.take(helloRecord({ random: random.bytes(32) }));
  },
  'hellos with a wrong cookie': (device, random) => {
    device.take(helloRecord({ random: random.bytes(32), cookie: random.bytes(20) }, 1));
  },
  'hellos with a good cookie, and no more': (device, random) => {
    const fields = { random: random.bytes(32) };
    device.take(helloRecord({ ...fields, cookie: cookieIn(device.take(helloRecord(fields))) }, 1));
  },
  'hellos with the random of the association': (device) => {
    const fields = { random: new Uint8Array(32).fill(1) };
    device.take(helloRecord({ ...fields, cookie: cookieIn(device.take(helloRecord(fields))) }, 1));
  },
  'whole handshakes with a wrong key': (device, random) => {
    const other = new Device(targets.get(device) as Target, device, 'dev-0', {
      random: random.integer(20, 255),
      psk: new Uint8Array(16).fill(99),
    });
    other.begin();
  },
  'records with a wrong tag': (device, random) => {
    device.take(
      record(
        random.pick([ContentType.APPLICATION_DATA, ContentType.ALERT, ContentType.HANDSHAKE]),
        1,
        random.integer(0, 5000),
        random.bytes(40),
      ),
    );
  },
  ChangeCipherSpec: (device, random) => {
    device.take(record(ContentType.CHANGE_CIPHER_SPEC, 0, random.integer(0, 500), Uint8Array.of(1)));
  },
  'alerts of epoch 0': (device, random) => {
    device.take(
      record(
        ContentType.ALERT,
        0,
        random.integer(0, 500),
        encodeAlert(random.pick([1, 2]), random.pick([0, 10, 20, 40, 51, 80])),
      ),
    );
  },
};

const targets = new WeakMap<Device, Target>();

describe('associations that live', () => {
  attack('T8 outlive all that is sent from their addresses, and lose no message', () => {
    const random = new SeededRandom(81);
    const [count, rounds] = [size(100, 1000), size(12, 100)];
    const server = new Target({ answer: knowsDevices });
    const devices = Array.from({ length: count }, (_none, index) => {
      const device = new Device(
        server,
        { address: `10.0.${index >> 8}.${index & 255}`, port: 5000 + index },
        `dev-${index}`,
      ).begin();
      targets.set(device, server);
      return device;
    });
    const names = Object.keys(ATTACKS);
    let attacks = 0;
    let messages = 0;
    for (let round = 0; round < rounds; round += 1) {
      for (const device of devices) {
        const name = names[(round + attacks) % names.length] as string;
        ATTACKS[name]?.(device, random);
        attacks += 1;
        const before = server.delivered.length;
        device.take(device.data(`m${messages}`));
        messages += 1;
        if (server.delivered.length !== before + 1) throw new Error(`a message after ${name} was lost`);
      }
      server.pass(7000);
    }
    server.pass(400_000);
    expect(server.endpoint.gauges()).toEqual({
      associations: count,
      last_flights: 0,
      half_open: 0,
      half_open_cids: 0,
      questions: 0,
      ecdhe_waiting: 0,
    });
    expect(server.count('closed')).toBe(0);
    return { counts: { associations: count, attacks, 'messages, all delivered': messages }, seeds: '81' };
  });

  attack(
    'T8 one association under a flood of records with wrong tags: all messages arrive; each forgery costs one AEAD',
    () => {
      const random = new SeededRandom(82);
      const provider = countingProvider(nodeProvider);
      const server = new Target({ answer: knowsDevices, provider });
      const device = new Device(server, { address: '198.51.100.7', port: 1 }, 'dev-1').begin();
      const forgeries = size(5000, 500_000);
      const forged = Array.from({ length: 64 }, (_none, index) =>
        record(ContentType.APPLICATION_DATA, 1, 1000 + index, random.bytes(60)),
      );
      provider.reset();
      const began = process.hrtime.bigint();
      for (let count = 0; count < forgeries; count += 1) device.take(forged[count % 64] as Buffer);
      const took = Number(process.hrtime.bigint() - began) / 1000;
      expect(provider.counts).toMatchObject({ open: forgeries, seal: 0, hmac: 0, hash: 0, verify: 0, sign: 0 });
      for (let count = 0; count < 100; count += 1) device.take(device.data(`${count}`));
      expect(server.delivered).toHaveLength(100);
      return { counts: { forgeries, 'µs for each': took / forgeries }, seeds: '82' };
    },
  );
});
