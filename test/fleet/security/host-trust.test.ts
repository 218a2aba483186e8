/** Under which trust anchors a session may be gone on with at a host name: those of the key that is offered for the name. */

import { describe, expect, it } from '@jest/globals';
import { OWNER } from '#fleet/model';
import { authorityNow, serverKey } from '../../support/server-keys.js';
import { World } from '../world.js';
import { certificate } from './keys.js';

/** Keys of the server by id, for hosts or for all others, with the anchors that count there. */
async function worldWith(keys: Readonly<Record<string, { hosts?: string[]; anchors?: string[] }>>): Promise<World> {
  const world = await World.start();
  for (const name of ['one', 'two']) await world.fleet.trust.putAnchor(OWNER, name, { certificate: certificate(name) });
  for (const [id, said] of Object.entries(keys)) {
    const { key } = serverKey(authorityNow('doors'), id);
    await world.fleet.serverCredentials.put(OWNER, id, { key, ...said });
  }
  return world;
}

const admitted = (world: World, host: string | undefined): string[] =>
  ['one', 'two'].filter((anchor) => world.fleet.serverCredentials.admits(host, anchor));

describe('a session under a trust anchor', () => {
  it('is good at a host by the anchors of its key, and elsewhere by those of the key for all others', async () => {
    const world = await worldWith({ door: { hosts: ['door.example'], anchors: ['one'] }, rest: { anchors: ['two'] } });
    expect([admitted(world, 'door.example'), admitted(world, 'other.example'), admitted(world, undefined)]).toEqual([
      ['one'],
      ['two'],
      ['two'],
    ]);
  });

  it('is good elsewhere by the anchors of the keys there are, where none is for all others: one of these is offered', async () => {
    const world = await worldWith({ door: { hosts: ['door.example'], anchors: ['one'] } });
    expect([admitted(world, 'other.example'), admitted(world, undefined)]).toEqual([['one'], ['one']]);
  });

  it('is good under any anchor where no key names one, and where there is no key', async () => {
    for (const keys of [{}, { rest: {} }]) {
      const world = await worldWith(keys);
      expect(admitted(world, 'other.example')).toEqual(['one', 'two']);
    }
  });
});
