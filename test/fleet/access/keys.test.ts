/** Orders over the keys: each is on record before anything happens, and what became of it after. */

import { describe, expect, it } from '@jest/globals';

import { AppError } from '#base';
import { OWNER } from '#fleet/model';
import { World, keyId } from '../world.js';

const told = async (world: World): Promise<unknown[]> =>
  (await world.events()).filter(({ type }) => type === 'keys.changed').map(({ data }) => data);

describe('an order over the keys', () => {
  it('does not happen when it cannot be kept', async () => {
    const world = await World.start();
    for (const order of ['rotate', 'prune'] as const) {
      world.store.fail('store_unavailable', 1);
      await expect(world.fleet.keys[order](OWNER)).rejects.toMatchObject({ code: 'store_unavailable' });
    }
    expect([world.keys.log, await told(world)]).toEqual([[], []]);
    await world.fleet.keys.rotate(OWNER);
    expect(world.keys.log).toEqual(['rotate']);
  });

  it('that the keeper refuses is told with its reason, and the next one is served', async () => {
    const world = await World.start();
    world.keys.refusal = new AppError('keys_from_variable', 'not here');
    await expect(world.fleet.keys.rotate(OWNER)).rejects.toMatchObject({ code: 'keys_from_variable' });
    world.keys.refusal = new Error('broken');
    await expect(world.fleet.keys.prune(OWNER)).rejects.toThrow('broken');
    expect(await told(world)).toEqual([
      { order: 'rotate', state: 'ordered', masterKey: keyId(1) },
      { order: 'rotate', state: 'failed', masterKey: keyId(1), reason: 'keys_from_variable' },
      { order: 'prune', state: 'ordered', masterKey: keyId(1) },
      { order: 'prune', state: 'failed', masterKey: keyId(1), reason: 'fault' },
    ]);
    world.keys.refusal = undefined;
    expect(await world.fleet.keys.rotate(OWNER)).toMatchObject({ masterKey: keyId(2), oldMasterKey: keyId(1) });
  });

  it('whose refusal cannot be kept either is refused with the words of the keeper', async () => {
    const world = await World.start();
    world.keys.refusal = new AppError('keys_from_variable', 'not here');
    const order = world.fleet.keys.rotate(OWNER);
    // The order itself is kept by now or never: what comes after it is not.
    await world.events();
    world.store.fail('store_unavailable', 5);
    await expect(order).rejects.toMatchObject({ code: 'keys_from_variable' });
    expect(await told(world)).toEqual([{ order: 'rotate', state: 'ordered', masterKey: keyId(1) }]);
  });

  it('can be given after a crash as before', async () => {
    const world = await World.start();
    await world.fleet.keys.rotate(OWNER);
    await world.crash();
    expect(await world.fleet.keys.rotate(OWNER)).toMatchObject({ masterKey: keyId(3) });
    expect(await told(world)).toHaveLength(4);
  });
});
