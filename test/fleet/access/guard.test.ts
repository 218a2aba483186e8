/** The guard: every method of the API side asks it, so that nobody but the owner does anything. */

import { describe, expect, it } from '@jest/globals';
import { DeviceId, EVERYTHING, OperationId } from '#fleet/model';
import type { Principal } from '#fleet/model';
import { PERMISSIONS, permit } from '#fleet';
import { OWNER } from '#fleet/model';
import { certificate } from '../security/keys.js';
import { OBLIGING, World, definitionXml, peerAt } from '../world.js';

const STRANGER: Principal = { actor: { kind: 'device', id: DeviceId('0'.repeat(32)) }, scope: EVERYTHING };

describe('permit', () => {
  it.each(PERMISSIONS)('gives %s to the owner and to nobody else', (permission) => {
    expect(() => permit(OWNER, permission)).not.toThrow();
    expect(() => permit(STRANGER, permission)).toThrow(expect.objectContaining({ code: 'not_permitted' }));
  });
});

describe('every method of the API side', () => {
  const id = OperationId('0'.repeat(20));
  const methods: Readonly<Record<string, (world: World, who: Principal) => unknown>> = {
    'devices.list': ({ fleet }, who) => fleet.devices.list(who, { limit: 1 }),
    'devices.get': ({ fleet }, who) => fleet.devices.get(who, 'a'),
    'devices.patch': ({ fleet }, who) => fleet.devices.patch(who, 'a', { tags: {} }),
    'operations.submit': ({ fleet }, who) => fleet.operations.submit(who, 'a', { kind: 'execute', path: '/3/0/4' }),
    'operations.list': ({ fleet }, who) => fleet.operations.list(who, 'a', { limit: 1 }),
    'observations.put': ({ fleet }, who) => fleet.observations.put(who, 'a', 'o', { paths: ['/3/0'] }),
    'observations.get': ({ fleet }, who) => fleet.observations.get(who, 'a', 'o'),
    'observations.list': ({ fleet }, who) => fleet.observations.list(who, 'a'),
    'observations.remove': ({ fleet }, who) => fleet.observations.remove(who, 'a', 'o', 'observe'),
    'values.get': ({ fleet }, who) => fleet.values.get(who, 'a', [3303, 0]).catch(allow('no_value')),
    'objects.list': ({ fleet }, who) => fleet.objects.list(who),
    'objects.get': ({ fleet }, who) => fleet.objects.get(who, 3),
    'objects.add': ({ fleet }, who) => fleet.objects.add(who, definitionXml(4711, '1.0')),
    'operations.get': ({ fleet }, who) => fleet.operations.get(who, id).catch(allow('operation_not_found')),
    'operations.cancel': ({ fleet }, who) => fleet.operations.cancel(who, id).catch(allow('operation_not_found')),
    'events.subscribe': ({ fleet }, who) =>
      fleet.events.subscribe(
        who,
        {},
        () => undefined,
        () => undefined,
      ),
    'keys.get': ({ fleet }, who) => fleet.keys.get(who),
    'keys.rotate': ({ fleet }, who) => fleet.keys.rotate(who),
    'keys.prune': ({ fleet }, who) => fleet.keys.prune(who),
    'credentials.put': ({ fleet }, who) => fleet.credentials.put(who, 'c', 'k', { kind: 'psk', generate: true }),
    'credentials.list': ({ fleet }, who) => fleet.credentials.list(who, 'c'),
    'credentials.get': ({ fleet }, who) => fleet.credentials.get(who, 'c', 'k'),
    'credentials.checkImport': ({ fleet }, who) => {
      fleet.credentials.checkImport(who);
    },
    'credentials.remove': ({ fleet }, who) => fleet.credentials.remove(who, 'c', 'k'),
    'credentials.clearSecured': ({ fleet }, who) => fleet.credentials.clearSecured(who, 'c'),
    'trust.putAnchor': ({ fleet }, who) => fleet.trust.putAnchor(who, 'ca', { certificate: CA }),
    'trust.anchors': ({ fleet }, who) => fleet.trust.anchors(who),
    'trust.getAnchor': ({ fleet }, who) => fleet.trust.getAnchor(who, 'ca'),
    'trust.removeAnchor': ({ fleet }, who) => fleet.trust.removeAnchor(who, 'ca'),
    'trust.putList': ({ fleet }, who) => fleet.trust.putList(who, 'ca', { list: 'MAA=' }),
    'trust.lists': ({ fleet }, who) => fleet.trust.lists(who),
    'trust.getList': ({ fleet }, who) => fleet.trust.getList(who, 'ca'),
    'trust.removeList': ({ fleet }, who) => fleet.trust.removeList(who, 'ca'),
    'devices.remove': ({ fleet }, who) => fleet.devices.remove(who, 'a'),
  };

  it('refuses whoever is not the owner, and changes nothing', async () => {
    const world = await World.start({ behaviour: OBLIGING });
    await world.register('a', {}, peerAt(1));
    const commits = world.store.applied.length;
    for (const [name, call] of Object.entries(methods)) {
      const refused = (async () => call(world, STRANGER))();
      await expect(refused.then(() => `${name} went through`)).rejects.toMatchObject({ code: 'not_permitted' });
    }
    expect(world.store.applied).toHaveLength(commits);
    expect([world.link.log, world.keys.log]).toEqual([[], []]);
  });

  it('serves the owner', async () => {
    const world = await World.start({ behaviour: OBLIGING });
    await world.register('a', {}, peerAt(1));
    for (const call of Object.values(methods)) await call(world, OWNER);
    expect(world.fleet.knows('a')).toBe(false);
  });
});

const CA = certificate('CA');

/** Lets a refusal pass that says that there is no such thing. */
function allow(code: string): (error: unknown) => void {
  return (error) => {
    if ((error as { code?: string }).code !== code) throw error;
  };
}
