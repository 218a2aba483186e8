/** T13: a device that changes its address while others race it, replay it and challenge it: who is where is proven each time. */

import { describe, expect, it } from '@jest/globals';

import { SeededRandom } from '../../support/random.js';
import { CLEAN } from '../../support/link.js';
import { Roaming, type Path } from './support/roaming.js';
import { attack, size } from './support/run.js';

/** What happens in a script, one after another or at once. */
const STEPS: Readonly<Record<string, (world: Roaming, paths: readonly Path[], random: SeededRandom) => void>> = {
  'the device moves': (world, paths, random) => {
    world.move(random.chance(0.2) ? undefined : random.pick(paths));
  },
  'a path opens or closes': (_world, paths, random) => {
    const path = random.pick(paths);
    path.open = !path.open;
  },
  'the device speaks': (world) => {
    world.say(`${world.said.length} from the device`);
  },
  'the device speaks from two places at once': (world, paths, random) => {
    world.say(`${world.said.length} from the device`);
    world.move(random.pick(paths));
    world.say(`${world.said.length} from the device`);
  },
  'the server begins something': (world) => {
    world.tell('from the server');
  },
  'the server answers': (world) => {
    world.server.reply(world.clock.now(), 'an answer of the server');
  },
  'somebody replays the device from elsewhere': (world, paths, random) => {
    const old = world.recorded.length === 0 ? undefined : random.pick(world.recorded);
    if (old !== undefined) world.link.send(random.pick(paths).peer, world.server.peer, old);
  },
  'somebody is faster than the device': (world, paths, random) => {
    world.link.conditions = { ...CLEAN, delay: [40, 40] };
    world.say(`${world.said.length} from the device`);
    world.link.conditions = CLEAN;
    const newest = world.recorded.at(-1);
    if (newest !== undefined) world.link.send(random.pick(paths).peer, world.server.peer, newest);
  },
  'a challenge comes to the device again and again': (world, paths, random) => {
    const seen = random.pick(paths).seen.at(-1);
    for (let count = random.integer(1, 4); seen !== undefined && count > 0; count -= 1)
      world.device.receive(world.clock.now(), world.server.peer, seen);
  },
  'what the server sends is lost': (world, paths) => {
    for (const path of paths) path.open = false;
    world.run(1500);
  },
  'the device says what nobody knows': (world, paths, random) => {
    world.mangled = random.integer(3, 255);
    world.move(random.pick(paths));
    world.say(`${world.said.length} from the device`);
    world.run(300);
    world.mangled = undefined;
  },
  'time passes': (world, _paths, random) => {
    world.run(random.pick([1, 5, 30, 900, 1100]));
  },
};

describe('a device that changes its address', () => {
  attack(
    'T13 under races, replays, lost and repeated challenges: moves need proof, and nothing is told twice',
    (progress) => {
      const scripts = size(150, 20_000);
      const names = Object.keys(STEPS);
      let [moves, challenges, messages, worst] = [0, 0, 0, 0];
      for (let seed = 1; seed <= scripts; seed += 1) {
        progress(seed, scripts);
        const random = new SeededRandom(seed);
        const world = new Roaming(random);
        const paths = [1, 2, 3, 4].map((number) => world.path(`203.0.113.${number}`));
        for (let step = 0; step < 50; step += 1) {
          STEPS[random.pick(names)]?.(world, paths, random);
          world.run(random.pick([0, 0, 1, 50]));
        }
        // In the end it is found where it is.
        const last = random.pick(paths);
        last.open = true;
        world.move(last);
        world.run(2000);
        world.say('at last');
        world.run(500);
        world.tell('found');
        world.run(500);
        const { device, server } = world;
        if (device.received.at(-1) !== 'found') throw new Error(`seed ${seed}: not found`);
        if (server.received.length !== world.said.length || new Set(server.received).size !== world.said.length)
          throw new Error(`seed ${seed}: ${server.received.length} delivered of ${world.said.length}`);
        for (const [cookie, count] of world.responses)
          if (count !== 1) throw new Error(`seed ${seed}: ${count} answers to ${cookie}`);
        expect(server.endpoint.gauges()).toMatchObject({ associations: 1, half_open: 0, questions: 0 });
        moves += world.moves;
        challenges += world.challenges.size;
        messages += world.said.length;
        worst = Math.max(worst, world.worst);
      }
      expect(moves).toBeGreaterThan(scripts);
      return {
        counts: {
          scripts,
          moves,
          challenges,
          'messages, each delivered once': messages,
          'times the bytes that came, at most, to a place without proof': worst,
        },
        seeds: `1 to ${scripts}`,
      };
    },
  );

  it.each([
    [1000, 450, 1],
    [1000, 550, 0],
    [9000, 4050, 1],
    [9000, 4950, 0],
  ])('that has %d ms to answer from there and is %d ms away is found %d times', (wait, delay, times) => {
    const world = new Roaming(new SeededRandom(5), { routabilityWait: wait as never });
    world.move(world.path('203.0.113.1'));
    world.link.conditions = { ...CLEAN, delay: [delay, delay] };
    world.say('from afar');
    world.run(40_000);
    expect(world.server.received.at(-1)).toBe('from afar');
    expect(world.moves).toBe(times);
    expect(world.server.endpoint.counters['dropped_routability_ignored'] ?? 0).toBe(1 - times);
    // Heard again it is asked again.
    world.link.conditions = CLEAN;
    world.say('nearer');
    world.run(500);
    expect(world.moves).toBe(1);
  });

  it('and says what nobody knows, of every type there may be, is neither answered nor moved', () => {
    const world = new Roaming(new SeededRandom(6));
    world.move(world.path('203.0.113.1'));
    for (let type = 2; type <= 255; type += 1) {
      world.mangled = type;
      world.say(`${type}`);
      world.run(1100);
    }
    expect(world.moves).toBe(0);
    expect(world.server.endpoint.counters['dropped_routability_ignored']).toBe(254);
    expect(world.server.received).toHaveLength(255);
  });
});
