/**
 * Identities against names that are not theirs (security.md T6), at the fleet's door: whoever proved what, whatever is tried,
 * nothing of the victim changes, and each attempt is one event.
 */

import { describe, expect, it } from '@jest/globals';
import { plainPeer } from '#base';
import type { Peer } from '#base';
import { OWNER } from '#fleet/model';
import { OBLIGING, World, peerAt, provenPeer, settle } from '../world.js';

const KINDS = ['psk', 'rpk', 'x509', 'none'] as const;
type Kind = (typeof KINDS)[number];

/** The attacker, who owns a name of its own or proved nothing; at the victim's very address, on another listener. */
function attacker(kind: Kind): Peer {
  return kind === 'none' ? plainPeer(0, '127.0.0.1', 1) : provenPeer('mallory', 1, { kind, name: `m-${kind}` });
}

/** A victim that is registered with an observation, what it looks like on the disk, and the token. */
async function victim(): Promise<{ world: World; location: string; token: string; record: () => string }> {
  const world = await World.start({ behaviour: OBLIGING });
  const location = await world.register('victim', {}, provenPeer('victim', 1));
  await world.fleet.observations.put(OWNER, 'victim', 'o', { paths: ['/3303/0/5700'] });
  world.fleet.reached(provenPeer('victim', 1), world.now());
  await settle();
  const [request] = world.link.log.filter((entry) => entry.request.kind === 'observe');
  if (request?.request.kind !== 'observe') throw new Error('it is observed');
  const token = Buffer.from(request.request.token).toString('hex');
  const record = (): string => JSON.stringify([...world.disk.devices.values()]);
  return { world, location, token, record };
}

type Attempt = (world: World, peer: Peer, location: string, token: string) => Promise<unknown>;
const ATTEMPTS: Readonly<Record<string, Attempt>> = {
  register: (world, peer) =>
    world.fleet
      .register(world.parameters('victim'), peer, world.now())
      .catch((error: unknown) => (error as { code: string }).code),
  update: (world, peer, location) => world.fleet.update(location, { lifetime: 60 }, peer, world.now()),
  deregister: (world, peer, location) => world.fleet.deregister(location, peer, world.now()),
  notify: async (world, peer, _location, token) => world.fleet.observationOf(token, peer),
};
const ANSWERS: Readonly<Record<string, unknown>> = { update: 'unknown', deregister: 'unknown', notify: undefined };

describe.each(KINDS)('an attacker whose identity is %s', (kind) => {
  it.each(Object.keys(ATTEMPTS))('fails to %s as another, which is one event and nothing else', async (name) => {
    const { world, location, token, record } = await victim();
    const before = record();
    const told = (await world.events()).length;
    const answer = await (ATTEMPTS[name] as Attempt)(world, attacker(kind), location, token);
    const refusal = kind === 'none' ? 'endpoint_secured' : 'identity_mismatch';
    expect(answer).toBe(name === 'register' ? refusal : ANSWERS[name]);
    await settle();
    expect(record()).toBe(before);
    const events = (await world.events()).slice(told);
    expect(events).toHaveLength(1);
    expect(events[0]).toMatchObject({
      ...{ type: 'device.identityRefused', endpoint: 'victim' },
      data: {
        ...{ tried: name, kind, count: 1, address: '127.0.0.1:1' },
        ...(kind !== 'none' && { identity: `m-${kind}`, owner: 'mallory' }),
      },
    });
    expect(world.fleet.refresh(location, provenPeer('victim', 1), world.now())).toBe('refreshed');
  });

  it('does not refresh a registration, nor stand for its device', async () => {
    const { world, location } = await victim();
    const before = world.fleet.devices.get(OWNER, 'victim').view.lastSeen;
    await world.pass(1000);
    const peer = attacker(kind);
    expect(world.fleet.refresh(location, peer, world.now())).toBe('unknown');
    expect(world.fleet.dialectAt(location, peer)).toBeUndefined();
    expect(world.fleet.senderAt(peer.key)).toBeUndefined();
    expect(await world.fleet.sent(peer.key, [])).toBe('unknown');
    world.fleet.reached(peer, world.now());
    expect(world.fleet.devices.get(OWNER, 'victim').view.lastSeen).toBe(before);
  });

  it('takes no name of a device that is not there, either', async () => {
    if (kind === 'none') return;
    const world = await World.start();
    await expect(world.register('free', {}, attacker(kind))).rejects.toMatchObject({ code: 'identity_mismatch' });
    expect(world.fleet.knows('free')).toBe(false);
  });
});

describe('attempts', () => {
  it('are told once a minute for each identity and kind, with their number (so that nobody floods the events)', async () => {
    const { world, location } = await victim();
    const told = (await world.events()).length;
    const data = async () =>
      (await world.events()).slice(told).map((event) => [event.data['tried'], event.data['count']]);
    for (let count = 0; count < 500; count += 1) await world.fleet.update(location, {}, attacker('psk'), world.now());
    await world.fleet.deregister(location, attacker('psk'), world.now());
    await world.fleet.update(location, {}, attacker('rpk'), world.now());
    expect(await data()).toEqual([
      ['update', 1],
      ['deregister', 1],
      ['update', 1],
    ]);
    await world.pass(60_000);
    expect((await data()).slice(3)).toEqual([['update', 499]]);
    await world.pass(120_000);
    expect((await data()).slice(4)).toEqual([]);
    expect(world.fleet.gauges()['refused_identities']).toBe(0);
    expect(world.fleet.counters['identities_refused']).toBe(502);
  });

  it('of too many identities at once are counted and not told', async () => {
    const { world, location } = await victim();
    for (let number = 0; number < 1001; number += 1)
      await world.fleet.update(location, {}, provenPeer('mallory', 1, { name: `m${number}` }), world.now());
    await settle();
    expect(world.fleet.gauges()['refused_identities']).toBe(1000);
    expect(world.fleet.counters['identities_refused_untold']).toBe(1);
  });
});

describe('the owner', () => {
  it('is known wherever it comes from, on every secure listener, without a commit for its address', async () => {
    const { world, location } = await victim();
    const commits = world.store.applied.length;
    expect(world.fleet.refresh(location, provenPeer('victim', 2), world.now())).toBe('refreshed');
    expect(await world.fleet.update(location, {}, provenPeer('victim', 3), world.now())).toBe('updated');
    expect(world.store.applied).toHaveLength(commits);
    expect(world.fleet.devices.get(OWNER, 'victim').view.registration?.address).toBe('127.0.0.1:3');
    const other = { ...provenPeer('victim', 4), key: '2 @victim' as Peer['key'], listener: 2 };
    expect(world.fleet.refresh(location, other, world.now())).toBe('moved');
    expect(await world.fleet.update(location, {}, other, world.now())).toBe('updated');
    expect(world.fleet.refresh(location, other, world.now())).toBe('refreshed');
    expect(world.fleet.endpointAt(provenPeer('victim', 1).key)).toBeUndefined();
    expect(world.fleet.endpointAt(other.key)).toBe('victim');
  });

  it('keeps its registration and its observations over a restart, with another of its identities too', async () => {
    const { world, location, token } = await victim();
    await world.crash();
    expect(world.link.restored).toEqual([token]);
    const peer = provenPeer('victim', 9, { kind: 'rpk', name: 'another' });
    expect(world.fleet.observationOf(token, peer)).toBeDefined();
    expect(world.fleet.refresh(location, peer, world.now())).toBe('refreshed');
    expect(world.fleet.devices.get(OWNER, 'victim').view.registration).toMatchObject({
      ...{ address: '127.0.0.1:9', identity: { kind: 'rpk', name: 'another' } },
    });
    expect(world.fleet.senderAt(peer.key)).toBeDefined();
  });

  it('of a name may not update over it what was registered over plain CoAP', async () => {
    const world = await World.start();
    const location = await world.register('victim', {}, peerAt(1));
    expect(await world.fleet.update(location, {}, provenPeer('victim', 1), world.now())).toBe('unknown');
    await world.register('victim', {}, provenPeer('victim', 1));
    expect(world.fleet.refresh(location, peerAt(1), world.now())).toBe('unknown');
  });
});

describe('what is sent to devices', () => {
  it('leaves for the identity that owns the name and for no other, whatever is registered from one address', async () => {
    const world = await World.start({ behaviour: OBLIGING });
    const names = ['a', 'b', 'c'];
    for (const name of names) await world.register(name, {}, provenPeer(name, 1));
    for (const name of names)
      await world.fleet.update(
        await world.register(name, {}, provenPeer(name, 1)),
        {},
        provenPeer(name, 2),
        world.now(),
      );
    await world.register('p', {}, peerAt(1));
    for (const name of [...names, 'p']) {
      world.fleet.reached(name === 'p' ? peerAt(1) : provenPeer(name, 2), world.now());
      await world.fleet.operations.submit(OWNER, name, { kind: 'read', path: '/3/0/0' });
      await settle();
      expect(world.link.log.at(-1)?.target.peer.identity?.endpoint).toBe(name === 'p' ? undefined : name);
    }
    expect(world.link.log).toHaveLength(4);
    expect(world.faults).toEqual([]);
  });
});
