/** Registration floods (security.md row 11): ten at once and one per five seconds per peer, in bounded memory. */

import { describe, expect, it } from '@jest/globals';
import { Instant, plainPeer, seconds } from '#base';
import type { PeerKey } from '#base';
import { RegistrationRate } from '../../../src/fleet/devices/registration-rate.js';
import type { RegistrationRateSettings } from '../../../src/fleet/devices/registration-rate.js';
import { World, peerAt, settle } from '../world.js';

const key = (port: number): PeerKey => plainPeer(0, '127.0.0.1', port).key;

function rate(settings: Partial<RegistrationRateSettings> = {}): RegistrationRate {
  return new RegistrationRate(
    { burst: 10, interval: seconds(5), peers: 100_000, ...settings },
    { due: () => undefined },
  );
}

/** How many of `tries` at one moment are let through. */
function through(bucket: RegistrationRate, peer: PeerKey, at: number, tries = 20): number {
  let count = 0;
  for (let left = tries; left > 0; left -= 1) if (bucket.take(peer, Instant(at)) === undefined) count += 1;
  return count;
}

describe('the registration bucket of a peer', () => {
  it('lets ten through at once, then one per five seconds', () => {
    const bucket = rate();
    expect(through(bucket, key(1), 0)).toBe(10);
    expect(through(bucket, key(1), 4999)).toBe(0);
    expect(through(bucket, key(1), 5000)).toBe(1);
    expect(through(bucket, key(1), 20_000)).toBe(3);
    expect(bucket.counters.registrations_limited).toBe(10 + 20 + 19 + 17);
  });

  it('is full again after fifty seconds, and never holds more than ten', () => {
    const bucket = rate();
    expect(through(bucket, key(1), 0)).toBe(10);
    expect(through(bucket, key(1), 50_000)).toBe(10);
    expect(through(bucket, key(1), 10_000_000)).toBe(10);
  });

  it('says after how many whole seconds there is one in it, whatever was refused meanwhile', () => {
    const bucket = rate();
    through(bucket, key(1), 0);
    expect([0, 1, 999, 1000, 1001, 4999].map((at) => bucket.take(key(1), Instant(at)))).toEqual([5, 5, 5, 4, 4, 1]);
    expect(bucket.take(key(1), Instant(5000))).toBeUndefined();
    expect(bucket.take(key(1), Instant(5000))).toBe(5);
  });

  it('is one of its own: another port, another address, another listener', () => {
    const bucket = rate();
    through(bucket, key(1), 0);
    const others = [key(2), plainPeer(0, '127.0.0.2', 1).key, plainPeer(1, '127.0.0.1', 1).key];
    expect(others.map((other) => through(bucket, other, 0))).toEqual([10, 10, 10]);
  });

  it('has the size and the interval that are set; an interval of 0 lets everything through', () => {
    const small = rate({ burst: 2, interval: seconds(0.5) });
    expect([through(small, key(1), 0), through(small, key(1), 500)]).toEqual([2, 1]);
    const open = rate({ interval: seconds(0) });
    expect([through(open, key(1), 0, 1000), open.size]).toEqual([1000, 0]);
  });
});

describe('the buckets of all peers', () => {
  it('are forgotten once they are full, and not before', () => {
    const buckets = rate();
    through(buckets, key(1), 0);
    expect(buckets.nextDeadline()).toBe(50_000);
    buckets.take(key(2), Instant(49_999));
    buckets.tick(Instant(50_000));
    through(buckets, key(3), 99_999);
    expect(buckets.size).toBe(3);
    buckets.tick(Instant(100_000));
    expect([buckets.size, through(buckets, key(3), 100_000)]).toEqual([1, 0]);
    buckets.tick(Instant(150_000));
    buckets.tick(Instant(200_000));
    expect([buckets.size, buckets.nextDeadline()]).toEqual([0, undefined]);
  });

  it('are so many at most: beyond, those that registered longest ago count as new', () => {
    const buckets = rate({ peers: 100 });
    for (let port = 1; port <= 10_000; port += 1) {
      through(buckets, key(port), port, 10);
      expect(buckets.size).toBeLessThanOrEqual(100);
    }
    expect(buckets.counters.registration_buckets_dropped).toBeGreaterThanOrEqual(9900);
    expect(through(buckets, key(10_000), 10_000)).toBe(0);
    expect(through(buckets, key(1), 10_000)).toBe(10);
  });

  it('hold the peer that floods in spite of many others, as long as it goes on', () => {
    const buckets = rate({ peers: 100 });
    let flooding = through(buckets, key(1), 0);
    for (let port = 2; port <= 60; port += 1) {
      buckets.take(key(port), Instant(port));
      flooding += through(buckets, key(1), port);
    }
    expect(flooding).toBe(10);
  });
});

describe('a server', () => {
  it('that one peer sends 100,000 Registers in 500 seconds commits ten, and one per five seconds', async () => {
    const world = await World.start();
    let [answered, refused] = [0, 0];
    for (let count = 0; count < 100_000; count += 1) {
      if (world.fleet.registersTooOften(peerAt(1).key, world.now()) === undefined) {
        await world.fleet.register(world.parameters('a'), peerAt(1), world.now());
        answered += 1;
      } else refused += 1;
      world.clock.advance(5);
      if (count % 10_000 === 0) await world.pass(0);
    }
    await settle();
    expect(answered).toBe(10 + 99);
    expect(world.store.applied.filter(({ aggregate }) => aggregate === 'device')).toHaveLength(answered);
    expect(world.fleet.counters['registrations_limited']).toBe(refused);
    await world.pass(110_000);
    expect(world.fleet.gauges()['registration_buckets']).toBe(0);
  });
});
