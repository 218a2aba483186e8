/** T9: messages in pieces: any order of sound pieces is the same handshake, and no flood of others costs more than its cap. */

import { describe, expect, it } from '@jest/globals';

import { nodeProvider } from '#dtls';
import { ContentType, HandshakeType } from '#dtls/codec';
import { memoryInUse } from '../../support/memory.js';
import { SeededRandom } from '../../support/random.js';
import { certificateTarget, Device, knowsDevices } from './support/device.js';
import { cheapProvider } from './support/cheap-provider.js';
import { attack, size } from './support/run.js';
import { Target } from './support/target.js';
import { cookieIn, fragment, hello, record } from './support/wire.js';

const ADDRESS = '198.51.100.7';

/** Fragments of a message; some reach into those before them, and some come twice. */
function cut(message: Uint8Array, random: SeededRandom): Uint8Array[] {
  const [type, sequence, body] = [message[0] as number, message[5] as number, message.subarray(12)];
  const pieces: Uint8Array[] = [];
  for (let at = 0; at < body.length;) {
    const length = random.integer(1, Math.max(1, Math.min(body.length - at, random.pick([5, 40, 400]))));
    const from = random.chance(0.3) ? random.integer(0, at) : at;
    pieces.push(fragment(type, sequence, body.length, from, body.subarray(from, at + length)));
    if (random.chance(0.2)) pieces.push(pieces[pieces.length - 1] as Uint8Array);
    at += length;
  }
  if (body.length === 0) pieces.push(fragment(type, sequence, 0, 0, body));
  return pieces;
}

function shuffled<T>(items: readonly T[], random: SeededRandom): T[] {
  const all = [...items];
  for (let index = all.length - 1; index > 0; index -= 1) {
    const other = random.integer(0, index);
    [all[index], all[other]] = [all[other] as T, all[index] as T];
  }
  return all;
}

/** A device with a certificate says its hello, then `pieces` of its flight, then the end; whether there is an association. */
function carriedThrough(
  server: Target,
  port: number,
  pieces: (flight: readonly Uint8Array[]) => readonly Uint8Array[],
): boolean {
  const device = new Device(server, { address: ADDRESS, port }, `dev-${port}`, {
    kind: 'x509',
    provider: cheapProvider,
  }).begin(2);
  const { puppet } = device;
  const flight: Uint8Array[] = [];
  const say = (datagram: Uint8Array): void => {
    flight.push(datagram.subarray(13));
    puppet.took(datagram);
  };
  say(puppet.certificate('own'));
  const { datagram, taken } = puppet.keyExchange('ecdhe');
  flight.push(datagram.subarray(13));
  taken();
  say(puppet.certificateVerify('these messages'));
  const before = server.count('established');
  for (const piece of pieces(flight)) device.take(record(ContentType.HANDSHAKE, 0, 100, piece));
  device.take(puppet.changeCipherSpec());
  device.take(puppet.finished('sealed'));
  return server.count('established') === before + 1;
}

describe('a flight in pieces', () => {
  attack('T9 any order, repetition and overlap of its fragments is the same handshake', () => {
    const random = new SeededRandom(91);
    const cases = size(300, 100_000);
    let server = certificateTarget(cheapProvider);
    let fragments = 0;
    for (let port = 1; port <= cases; port += 1) {
      if (port % 500 === 0) server = certificateTarget(cheapProvider);
      const ok = carriedThrough(server, (port % 65_000) + 1, (flight) => {
        const pieces = shuffled(
          flight.flatMap((message) => cut(message, random)),
          random,
        );
        fragments += pieces.length;
        return pieces;
      });
      if (!ok) throw new Error(`case ${port}`);
    }
    return { counts: { handshakes: cases, fragments }, seeds: '91' };
  });

  attack('T9 a piece that does not fit those before it is dropped, and the rest goes on', () => {
    const random = new SeededRandom(92);
    const cases = size(300, 20_000);
    let server = certificateTarget(cheapProvider);
    let dropped = 0;
    for (let port = 1; port <= cases; port += 1) {
      if (port % 500 === 0) server = certificateTarget(cheapProvider);
      const refused = (): number =>
        Object.entries(server.endpoint.counters).reduce(
          (sum, [name, count]) => sum + (/fragment|too|handshake_type|record/.test(name) ? count : 0),
          0,
        );
      const ok = carriedThrough(server, (port % 65_000) + 1, (flight) =>
        flight.flatMap((message) => {
          const pieces = cut(message, random);
          const first = pieces[0] as Uint8Array;
          return [first, unfit(first, random), ...pieces.slice(1)];
        }),
      );
      if (!ok) throw new Error(`case ${port}`);
      dropped += refused();
    }
    expect(dropped).toBeGreaterThanOrEqual(cases);
    return { counts: { handshakes: cases }, seeds: '92' };
  });

  it('may begin with a hello in pieces whose first one holds the cookie', () => {
    const server = new Target({ answer: knowsDevices });
    const cookie = cookieIn(
      server.take(ADDRESS, 1, record(ContentType.HANDSHAKE, 0, 0, fragment(1, 0, hello().length, 0, hello()))),
    );
    const body = hello({ cookie });
    const said = [0, 60, 65].map((from, index) =>
      fragment(HandshakeType.CLIENT_HELLO, 1, body.length, from, body.subarray(from, [60, 65, body.length][index])),
    );
    const answers = said.map((piece) => server.take(ADDRESS, 1, record(ContentType.HANDSHAKE, 0, 1, piece)).length);
    expect(answers).toEqual([0, 0, 1]);
  });
});

/** A whole message that contradicts its first piece in one thing, and is another one where that piece ends. */
function unfit(first: Uint8Array, random: SeededRandom): Uint8Array {
  const [type, sequence, length] = [first[0] as number, first[5] as number, Buffer.from(first).readUIntBE(1, 3)];
  const whole = Buffer.concat([first.subarray(12), random.bytes(length - (first.length - 12))]);
  switch (random.integer(0, 3)) {
    case 0:
      return fragment(type === 11 ? 16 : 11, sequence, length, 0, whole);
    case 1:
      return fragment(type, sequence, length + 1, 0, Buffer.concat([whole, Uint8Array.of(0)]));
    case 2:
      whole[0] = (whole[0] as number) ^ 0x80;
      return fragment(type, sequence, length, 0, whole);
    default:
      return fragment(type, sequence, length, 0xff_00_00, whole);
  }
}

/** What a client whose cookie is back can send to make us keep things. */
const BOMBS: readonly (readonly [string, (send: (content: Uint8Array) => void) => void])[] = [
  [
    'every message_seq there is',
    (send) => {
      for (let sequence = 2; sequence <= 65_535; sequence += size(53, 1))
        send(fragment(16, sequence, 1300, 0, new Uint8Array(1)));
    },
  ],
  [
    'messages that claim 16 MiB, a byte at a time',
    (send) => {
      for (let offset = 0; offset < size(500, 100_000); offset += 1)
        send(fragment(16, 2, 16_777_215, offset, new Uint8Array(1)));
    },
  ],
  [
    'messages of the longest length that is taken, all that may wait',
    (send) => {
      for (let sequence = 2; sequence <= 20; sequence += 1) send(fragment(11, sequence, 8192, 8191, new Uint8Array(1)));
    },
  ],
  [
    'fragments of no bytes',
    (send) => {
      for (let count = 0; count < size(1000, 100_000); count += 1)
        send(fragment(16, 2 + (count % 9), 400, count % 400, new Uint8Array(0)));
    },
  ],
  [
    'empty messages',
    (send) => {
      for (let count = 0; count < size(1000, 100_000); count += 1)
        send(fragment(14, 2 + (count % 60_000), 0, 0, new Uint8Array(0)));
    },
  ],
  [
    'the same piece over and over',
    (send) => {
      for (let count = 0; count < size(1000, 100_000); count += 1) send(fragment(16, 3, 8000, 17, new Uint8Array(100)));
    },
  ],
];

describe('a flood of pieces', () => {
  attack('T9 costs at most 64 KiB for each attacker while its handshake lasts, and nothing afterwards', () => {
    const ATTACKERS = 20;
    let most = 0;
    let pieces = 0;
    /** What each attacker cost meanwhile, and what is left of it afterwards. */
    const measure = (bomb: (typeof BOMBS)[number][1]): { each: number; left: number } => {
      const server = new Target({ answer: knowsDevices, provider: nodeProvider });
      const devices = Array.from(
        { length: ATTACKERS },
        (_none, port) => new Device(server, { address: ADDRESS, port: port + 1 }, `dev-${port}`),
      );
      new Device(server, { address: ADDRESS, port: 99 }, 'dev-99').begin();
      const before = memoryInUse();
      for (const device of devices) {
        device.begin(2);
        bomb((content) => {
          pieces += 1;
          device.take(record(ContentType.HANDSHAKE, 0, 9, content));
        });
      }
      const each = (memoryInUse() - before) / ATTACKERS;
      server.pass(61_000);
      expect(server.endpoint.gauges()).toMatchObject({ half_open: 0, half_open_cids: 0, questions: 0 });
      return { each, left: (memoryInUse() - before) / ATTACKERS };
    };
    for (const [name, bomb] of BOMBS) {
      // What else the process does meanwhile only adds to it: what an attacker truly costs shows each time.
      let { each, left } = measure(bomb);
      for (let again = 0; again < 2 && (each > 65_536 || left > each / 2 + 8192); again += 1)
        ({ each, left } = measure(bomb));
      most = Math.max(most, each);
      if (each > 65_536) throw new Error(`${name}: ${each} bytes each`);
      expect(left).toBeLessThan(each / 2 + 8192);
    }
    return {
      counts: { floods: BOMBS.length, attackers: ATTACKERS, pieces, 'bytes at most for each': most },
      seeds: 'none',
    };
  });

  it('leaves no more with an association than there is without it', () => {
    const cost = (flood: 'with' | 'without'): number => {
      const COUNT = 100;
      const server = new Target({ answer: knowsDevices });
      new Device(server, { address: ADDRESS, port: 99 }, 'dev-99').begin();
      const before = memoryInUse();
      for (let port = 1000; port < 1000 + COUNT; port += 1) {
        const device = new Device(server, { address: ADDRESS, port }, `dev-${port}`).begin(2);
        for (let sequence = 3; flood === 'with' && sequence < 8; sequence += 1)
          device.take(record(ContentType.HANDSHAKE, 0, 9, fragment(11, sequence, 3000, 0, new Uint8Array(1000))));
        const { datagram, taken } = device.puppet.keyExchange('psk');
        device.take(datagram);
        taken();
        device.take(device.puppet.changeCipherSpec());
        device.take(device.puppet.finished('sealed'));
      }
      expect(server.count('established')).toBe(COUNT + 1);
      return (memoryInUse() - before) / COUNT;
    };
    cost('with');
    // Five thousand bytes came for each: what stays of them stays each time, what else the process does not.
    const more = [1, 2, 3, 4, 5].map(() => cost('with') - cost('without'));
    expect(Math.min(...more)).toBeLessThan(1024);
  });
});
