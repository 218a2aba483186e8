/** Object definitions: what is built in, what users add, versions side by side. */

import { describe, expect, it } from '@jest/globals';
import { OWNER } from '#fleet/model';
import { World, definitionXml, peerAt } from '../world.js';

describe('object definitions', () => {
  it('are listed by id, the newest version first, and shown with their resources', async () => {
    const world = await World.start();
    const list = world.fleet.objects.list(OWNER);
    expect(list.map(({ id }) => id)).toEqual([...list.map(({ id }) => id)].sort((left, right) => left - right));
    const versions = list.filter(({ id }) => id === 3).map(({ version }) => version);
    expect(versions).toEqual([...versions].sort().reverse());
    expect(list.every((view) => view.resources === undefined)).toBe(true);
    const device = world.fleet.objects.get(OWNER, 3);
    expect(device.map(({ version }) => version)).toEqual(versions);
    expect(device[0]).toMatchObject({ id: 3, name: 'Device', multiple: false, mandatory: true });
    expect(device[0]?.resources?.find(({ id }) => id === 9)).toMatchObject({
      name: 'Battery Level',
      operations: 'R',
      multiple: false,
      type: 'integer',
    });
    expect(() => world.fleet.objects.get(OWNER, 65_000)).toThrow(expect.objectContaining({ code: 'object_not_found' }));
  });

  it('are added durably, and known to every device at once', async () => {
    const world = await World.start();
    await world.register('a', { objects: world.objects([{ id: 4711, version: '1.0', instances: [0] }]) }, peerAt(1));
    const write = { kind: 'write', path: '/4711/0/1', mode: 'replace', value: 'x' } as const;
    await expect(world.fleet.operations.submit(OWNER, 'a', write)).rejects.toMatchObject({ code: 'invalid_value' });
    world.store.hold();
    const adding = world.fleet.objects.add(OWNER, definitionXml(4711, '1.0'));
    expect(() => world.fleet.objects.get(OWNER, 4711)).toThrow(expect.objectContaining({ code: 'object_not_found' }));
    world.store.release();
    expect(await adding).toMatchObject({
      id: 4711,
      version: '1.0',
      name: 'Test',
      resources: [{ id: 1, type: 'string' }],
    });
    expect((await world.fleet.operations.submit(OWNER, 'a', write)).view().state).toBe('queued');
    expect((await world.events()).at(-1)).toMatchObject({ type: 'object.added', data: { id: 4711, version: '1.0' } });
    await world.crash();
    expect(world.fleet.objects.get(OWNER, 4711)).toHaveLength(1);
  });

  it('in another version stand beside the first', async () => {
    const world = await World.start();
    await world.fleet.objects.add(OWNER, definitionXml(4711, '1.0'));
    await world.fleet.objects.add(OWNER, definitionXml(4711, '1.10'));
    await world.fleet.objects.add(OWNER, definitionXml(4711, '1.9'));
    expect(world.fleet.objects.get(OWNER, 4711).map(({ version }) => version)).toEqual(['1.10', '1.9', '1.0']);
  });

  it('added once more change nothing; another one of the same version is refused', async () => {
    const world = await World.start();
    const xml = definitionXml(4711, '1.0');
    const both = await Promise.allSettled([world.fleet.objects.add(OWNER, xml), world.fleet.objects.add(OWNER, xml)]);
    expect(both[0]?.status).toBe('fulfilled');
    await world.fleet.objects.add(OWNER, xml);
    expect(world.store.applied).toHaveLength(1);
    await expect(world.fleet.objects.add(OWNER, xml.replace('Any text', 'Other'))).rejects.toMatchObject({
      code: 'object_exists',
    });
    await expect(world.fleet.objects.add(OWNER, definitionXml(3, '1.1'))).rejects.toMatchObject({
      code: 'object_exists',
    });
  });

  it('that cannot be read are refused with line and reason; that cannot be stored are not known', async () => {
    const world = await World.start();
    await expect(world.fleet.objects.add(OWNER, '<!DOCTYPE x><LWM2M/>')).rejects.toMatchObject({
      code: 'invalid_definition',
      message: expect.stringContaining('line 1'),
    });
    world.store.fail('store_busy', 1);
    await expect(world.fleet.objects.add(OWNER, definitionXml(4711, '1.0'))).rejects.toMatchObject({
      code: 'store_busy',
    });
    await world.fleet.objects.add(OWNER, definitionXml(4711, '1.0'));
  });
});
