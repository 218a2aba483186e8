/** What an operator says of profiles: in order, committed when it changes something, kept, forgotten. */

import { expect, it } from '@jest/globals';
import { OWNER } from '#fleet/model';
import { World } from '../world.js';

const OBJECTS = [
  { id: 3303, version: '1.1', instances: [2, 0] },
  { id: 3, instances: [0] },
];
const ORDERED = [
  { id: 3, instances: [0] },
  { id: 3303, version: '1.1', instances: [0, 2] },
];

it('a profile stands in order, is in effect when it is durable, and what changes nothing is not committed', async () => {
  const world = await World.start();
  world.store.hold();
  const put = world.fleet.profiles.put(OWNER, 'v:a', { objects: OBJECTS });
  expect(world.fleet.profiles.objectsOf('v:a')).toBeUndefined();
  world.store.release();
  expect(await put).toEqual({ id: 'v:a', objects: ORDERED });
  expect(world.fleet.profiles.objectsOf('v:a')).toEqual(ORDERED);
  const commits = world.store.applied.length;
  await world.fleet.profiles.put(OWNER, 'v:a', { objects: ORDERED });
  expect(world.store.applied).toHaveLength(commits);
  await world.fleet.profiles.put(OWNER, 'v:a', { objects: ORDERED.slice(0, 1) });
  expect(world.store.applied).toHaveLength(commits + 1);
});

it('profiles outlive a crash, and a removal too', async () => {
  const world = await World.start();
  await world.fleet.profiles.put(OWNER, 'v:a', { objects: OBJECTS });
  await world.fleet.profiles.put(OWNER, 'v:b', { objects: OBJECTS });
  await world.fleet.profiles.remove(OWNER, 'v:a');
  await world.crash();
  expect(world.fleet.profiles.list(OWNER)).toEqual([{ id: 'v:b', objects: ORDERED }]);
  await expect(world.fleet.profiles.remove(OWNER, 'v:a')).rejects.toMatchObject({ code: 'profile_not_found' });
});
