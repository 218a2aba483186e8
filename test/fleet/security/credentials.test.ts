/** Credentials: what is kept, whose an identity is, what ends when one changes, and what a name keeps after its device. */

import { describe, expect, it } from '@jest/globals';
import { WallTime, toHex } from '#base';
import { EVERYTHING, OWNER } from '#fleet/model';
import type { CredentialInput, IdentityEnd } from '#fleet';
import { World, peerAt, provenPeer, settle } from '../world.js';
import { bytesOf, certificate, keyHex, psk, publicKey } from './keys.js';

const put = (world: World, endpoint: string, id: string, input: CredentialInput) =>
  world.fleet.credentials.put(OWNER, endpoint, id, input);
const keyOf = (world: World, identity: string): string | undefined => {
  const answer = world.fleet.handshakes.psk(bytesOf(identity));
  return answer && toHex(answer.key);
};
const ends = (world: World): IdentityEnd[] => {
  const told: IdentityEnd[] = [];
  world.fleet.handshakes.ended.on((end) => told.push(end));
  return told;
};
const view = (world: World, endpoint: string) => world.fleet.devices.get(OWNER, endpoint).view;

describe('a credential', () => {
  it('may be put for a device that was never seen, is found in handshakes, and outlives a crash', async () => {
    const world = await World.start();
    const { result, view: shown } = await put(world, 'a', 'first', psk('id-a', 1, { label: 'from the factory' }));
    expect(result).toBe('created');
    expect(shown).toEqual({
      ...{ id: 'first', kind: 'psk', identity: 'id-a', label: 'from the factory', validity: 'valid' },
      createdAt: '2030-01-01T00:00:00.000Z',
    });
    expect(view(world, 'a')).toMatchObject({ presence: 'neverSeen', secured: true });
    await world.crash();
    expect(world.fleet.handshakes.psk(bytesOf('id-a'))).toEqual({
      key: Uint8Array.from(Buffer.from(keyHex(1), 'hex')),
      identity: { kind: 'psk', name: 'id-a', endpoint: 'a' },
      credential: 'first',
    });
    expect(world.fleet.credentials.list(OWNER, 'a')).toEqual([shown]);
    expect(view(world, 'a')).toMatchObject({ presence: 'neverSeen', secured: true });
    expect(await world.told()).toEqual(['credential.changed']);
  });

  it('is sealed for its device and its identity: in no record, event or answer does its key stand', async () => {
    const world = await World.start();
    const answer = await put(world, 'a', 'one', psk('id-a', 7));
    await put(world, 'b', 'one', psk('id-b', 8));
    const everything = [
      JSON.stringify([...world.disk.devices]),
      JSON.stringify(await world.events()),
      JSON.stringify([answer, world.fleet.credentials.list(OWNER, 'a'), view(world, 'a')]),
    ].join('');
    const key = Buffer.from(keyHex(7), 'hex');
    for (const form of ['hex', 'base64', 'base64url'] as const) expect(everything).not.toContain(key.toString(form));
  });

  it.each(['moved to another device', 'exchanged with another of its device'])(
    '%s behind our back opens nothing',
    async (how) => {
      const world = await World.start();
      await put(world, 'a', 'one', psk('id-a', 7));
      await put(world, 'a', 'two', psk('id-2', 8));
      await put(world, 'b', 'one', psk('id-b', 9));
      const rows = [...world.disk.devices.values()];
      const records = rows.map(({ text }) => JSON.parse(text) as { credentials: { sealed: string }[] });
      const [a, b] = records as [(typeof records)[0], (typeof records)[0]];
      const [one, two] = a.credentials as [{ sealed: string }, { sealed: string }];
      if (how === 'moved to another device') {
        b.credentials = [one];
        a.credentials = [two];
      } else [one.sealed, two.sealed] = [two.sealed, one.sealed];
      for (const [index, row] of rows.entries()) row.text = JSON.stringify(records[index]);
      await world.crash();
      expect(keyOf(world, 'id-a')).toBeUndefined();
      expect(world.fleet.counters['credentials_unreadable']).toBe(1);
    },
  );

  it('has an identity of its own: whose it is is said to who may see that device', async () => {
    const world = await World.start();
    await put(world, 'a', 'one', psk('same'));
    await expect(put(world, 'b', 'one', psk('same'))).rejects.toMatchObject({
      code: 'credential_identity_taken',
      message: 'this identity belongs to device "a"; it has one device and one key',
    });
    await expect(put(world, 'a', 'two', psk('same', 2))).rejects.toMatchObject({
      message: 'this identity belongs to another credential of this device; it has one device and one key',
    });
    expect(world.fleet.knows('b')).toBe(false);
    expect(keyOf(world, 'same')).toBe(keyHex(1));
  });

  it.each(['psk', 'rpk', 'x509'] as const)(
    'of kind %s is taken by one of two who come at the same moment',
    async (kind) => {
      const inputs = {
        psk: psk('same'),
        rpk: { kind, publicKey: publicKey() },
        x509: { kind, fingerprint: 'ab'.repeat(32) },
      };
      const input = inputs[kind] as CredentialInput;
      const world = await World.start();
      const both = await Promise.allSettled([put(world, 'a', 'one', input), put(world, 'b', 'one', input)]);
      expect(both.map(({ status }) => status)).toEqual(['fulfilled', 'rejected']);
      // A change that failed gives its claim back.
      world.store.fail('store_busy', 1);
      const other = {
        psk: psk('other'),
        rpk: { kind, publicKey: publicKey() },
        x509: { kind, fingerprint: 'cd'.repeat(32) },
      };
      await expect(put(world, 'c', 'one', other[kind] as CredentialInput)).rejects.toMatchObject({
        code: 'store_busy',
      });
      expect(await put(world, 'b', 'one', other[kind] as CredentialInput)).toMatchObject({ result: 'created' });
    },
  );

  it('that is put again as it is changes nothing; with another key, or another identity, its sessions end', async () => {
    const world = await World.start();
    const told = ends(world);
    await put(world, 'a', 'one', psk('id-a', 1));
    const commits = world.store.applied.length;
    expect(await put(world, 'a', 'one', psk('id-a', 1))).toMatchObject({ result: 'unchanged' });
    expect(world.store.applied).toHaveLength(commits);
    expect(await put(world, 'a', 'one', psk('id-a', 1, { label: 'x' }))).toMatchObject({ result: 'changed' });
    expect(told).toEqual([]);
    expect(await put(world, 'a', 'one', psk('id-a', 2))).toMatchObject({ result: 'changed' });
    const ended = { type: 'identity', identity: { kind: 'psk', name: 'id-a', endpoint: 'a' } };
    expect(told).toEqual([ended]);
    expect(keyOf(world, 'id-a')).toBe(keyHex(2));
    await put(world, 'a', 'one', psk('id-b', 2));
    expect(told).toEqual([ended, ended]);
    expect(keyOf(world, 'id-a')).toBeUndefined();
    expect(keyOf(world, 'id-b')).toBe(keyHex(2));
    // The identity is free again.
    expect(await put(world, 'b', 'one', psk('id-a', 3))).toMatchObject({ result: 'created' });
  });

  it('overlaps with others under other identities while keys are changed over', async () => {
    const world = await World.start();
    await put(world, 'a', 'old', psk('id-1', 1));
    await put(world, 'a', 'new', psk('id-2', 2));
    expect([keyOf(world, 'id-1'), keyOf(world, 'id-2')]).toEqual([keyHex(1), keyHex(2)]);
    await world.fleet.credentials.remove(OWNER, 'a', 'old');
    expect([keyOf(world, 'id-1'), keyOf(world, 'id-2')]).toEqual([undefined, keyHex(2)]);
    await expect(world.fleet.credentials.remove(OWNER, 'a', 'old')).rejects.toMatchObject({
      code: 'credential_not_found',
    });
  });

  it('is generated when that is asked for, shown once, and kept when it is to be generated once', async () => {
    const world = await World.start();
    const input = { kind: 'psk', identity: 'id-a', generate: true } as const;
    const { generated } = await put(world, 'a', 'one', input);
    expect(generated).toHaveLength(32);
    expect(keyOf(world, 'id-a')).toBe(toHex(generated as Uint8Array));
    const again = await world.fleet.credentials.put(OWNER, 'a', 'one', input, { generate: 'once' });
    expect(again).toMatchObject({ result: 'unchanged' });
    expect(again.generated).toBeUndefined();
    const other = await put(world, 'a', 'one', input);
    expect(other.generated).not.toEqual(generated);
    expect(keyOf(world, 'id-a')).toBe(toHex(other.generated as Uint8Array));
  });

  it('says when it was last used, and is written once an hour for that', async () => {
    const world = await World.start();
    await put(world, 'a', 'one', psk('id-a'));
    const commits = world.store.applied.length;
    world.fleet.handshakes.used('a', 'one', world.clock.wall());
    await world.pass(61_000);
    expect(world.store.applied).toHaveLength(commits + 1);
    for (let minute = 0; minute < 30; minute += 1) {
      world.fleet.handshakes.used('a', 'one', world.clock.wall());
      await world.pass(60_000);
    }
    expect(world.store.applied).toHaveLength(commits + 1);
    expect(world.fleet.credentials.get(OWNER, 'a', 'one').lastUsed).toBe('2030-01-01T00:30:01.000Z');
    await world.crash();
    expect(world.fleet.credentials.get(OWNER, 'a', 'one').lastUsed).toBe('2030-01-01T00:00:00.000Z');
  });

  it('used while another change is on its way stays used', async () => {
    const world = await World.start();
    await put(world, 'a', 'one', psk('id-a'));
    world.store.hold();
    const change = put(world, 'a', 'two', psk('id-b'));
    await settle();
    await world.pass(1000);
    world.fleet.handshakes.used('a', 'one', world.clock.wall());
    world.store.release();
    await change;
    expect(world.fleet.credentials.get(OWNER, 'a', 'one').lastUsed).toBe('2030-01-01T00:00:01.000Z');
  });

  it.each([
    [{ kind: 'psk' }, '/key', 'is missing'],
    [{ kind: 'psk', key: 'hex:' }, '/key', '8 to 64 bytes, not 0'],
    [{ kind: 'psk', key: `hex:${'00'.repeat(7)}` }, '/key', '8 to 64 bytes, not 7'],
    [{ kind: 'psk', key: `hex:${'00'.repeat(65)}` }, '/key', '8 to 64 bytes, not 65'],
    [{ kind: 'psk', key: 'hex:0' }, '/key', 'hex digits'],
    [{ kind: 'psk', key: 'base64:??' }, '/key', 'no base64'],
    [{ kind: 'psk', key: '00112233445566778899aabbccddeeff' }, '/key', 'must begin with hex: or base64:'],
    [{ kind: 'psk', key: 'hex:0011223344556677', generate: true }, '/key', 'cannot be given'],
    [{ kind: 'psk', key: 'hex:0011223344556677', identity: 'é'.repeat(65) }, '/identity', '1 to 128 bytes, not 130'],
    [{ kind: 'psk', key: 'hex:0011223344556677', identityHex: '' }, '/identityHex', '1 to 128 bytes, not 0'],
    [{ kind: 'psk', key: 'hex:0011223344556677', identity: 'a', identityHex: '61' }, '/identityHex', 'one of them'],
    [{ kind: 'psk', key: 'hex:0011223344556677', publicKey: 'x' }, '/publicKey', 'kind psk has no publicKey'],
    [{ kind: 'psk', key: 'hex:0011223344556677', validFrom: 'soon' }, '/validFrom', 'RFC 3339'],
    [
      { kind: 'psk', generate: true, validFrom: '2030-01-02T00:00:00Z', validUntil: '2030-01-01T00:00:00Z' },
      '/validUntil',
      'later than validFrom',
    ],
    [{ kind: 'rpk' }, '/publicKey', 'is missing'],
    [{ kind: 'rpk', publicKey: 'AAAA' }, '/publicKey', 'no SubjectPublicKeyInfo'],
    [{ kind: 'rpk', publicKey: publicKey('secp256k1') }, '/publicKey', 'a key that is not taken (secp256k1)'],
    [{ kind: 'x509' }, '/certificate', 'is missing'],
    [{ kind: 'x509', fingerprint: 'ab' }, '/fingerprint', '64 hex digits'],
    [{ kind: 'x509', certificate: publicKey() }, '/certificate', 'PEM of "PUBLIC KEY", not of "CERTIFICATE"'],
    [{ kind: 'x509', certificate: certificate('a', 'rsa-1024') }, '/certificate', 'rsa of 1024 bits'],
    [{ kind: 'anchor' }, '/anchor', 'is missing'],
  ])('is refused as %j: %s %s', async (input, pointer, words) => {
    const world = await World.start();
    const refusal = await put(world, 'a', 'one', input as CredentialInput).catch((error: unknown) => error);
    expect(refusal).toMatchObject({ code: 'invalid_body', faults: [{ pointer }] });
    expect((refusal as Error).message).toContain(words);
    if ('key' in input && input.key.length > 10) expect((refusal as Error).message).not.toContain(input.key.slice(5));
    expect(world.fleet.knows('a')).toBe(false);
  });

  it.each(['', 'a\nb', 'é'.repeat(65)])('is not put for %j, as no device can be called', async (endpoint) => {
    const world = await World.start();
    await expect(put(world, endpoint, 'one', psk('id'))).rejects.toMatchObject({ code: 'invalid_path' });
  });

  it('is refused beyond their number', async () => {
    const world = await World.start({ settings: { credentialsPerDevice: 2 } });
    for (const id of ['1', '2']) await put(world, 'a', id, psk(id));
    await expect(put(world, 'a', '3', psk('3'))).rejects.toMatchObject({ code: 'too_many_credentials' });
    expect(await put(world, 'a', '2', psk('3'))).toMatchObject({ result: 'changed' });
  });

  it('with a short key is taken with a warning, and its identity is the endpoint unless another is given', async () => {
    const world = await World.start();
    const { warnings, view: shown } = await put(world, 'a', 'one', { kind: 'psk', key: 'base64:AAECAwQFBgc=' });
    expect(warnings).toEqual(['a key of 8 bytes is short: 16 random bytes or more are recommended']);
    expect(shown.identity).toBe('a');
    const { view: binary } = await put(world, 'a', 'two', { kind: 'psk', identityHex: 'FF00', generate: true });
    expect(binary).toMatchObject({ identityHex: 'ff00' });
    expect(world.fleet.handshakes.psk(Uint8Array.of(0xff, 0))?.identity).toEqual({
      ...{ kind: 'psk', name: '#ff00', endpoint: 'a' },
    });
  });
});

describe('validity', () => {
  it('is judged by the calendar; when it runs out sessions end, and at no other time', async () => {
    const world = await World.start();
    const told = ends(world);
    const bounds = { validFrom: '2030-01-01T01:00:00Z', validUntil: '2030-01-01T02:00:00Z' };
    await put(world, 'a', 'one', psk('id-a', 1, bounds));
    expect(keyOf(world, 'id-a')).toBeUndefined();
    await world.pass(3_600_000);
    expect(keyOf(world, 'id-a')).toBe(keyHex(1));
    await world.pass(3_599_999);
    expect(told).toEqual([]);
    await world.pass(1);
    expect(told).toEqual([{ type: 'identity', identity: { kind: 'psk', name: 'id-a', endpoint: 'a' } }]);
    expect(keyOf(world, 'id-a')).toBeUndefined();
    expect(world.fleet.credentials.get(OWNER, 'a', 'one').validity).toBe('ended');
    await world.pass(86_400_000);
    expect(told).toHaveLength(1);
  });

  it('that ran out is still watched after a restart, within a minute of a jump of the calendar', async () => {
    const world = await World.start();
    await put(world, 'a', 'one', psk('id-a', 1, { validUntil: '2030-01-02T00:00:00Z' }));
    await world.crash();
    const told = ends(world);
    world.clock.jumpWall(world.clock.wall() + 86_400_000);
    await world.pass(60_000);
    expect(told).toHaveLength(1);
  });

  it('that is put longer is watched anew, and one put into the past ends at once', async () => {
    const world = await World.start();
    const told = ends(world);
    await put(world, 'a', 'one', psk('id-a', 1, { validUntil: '2030-01-01T00:10:00Z' }));
    await put(world, 'a', 'one', psk('id-a', 1, { validUntil: '2030-01-01T00:20:00Z' }));
    await world.pass(11 * 60_000);
    expect(told).toEqual([]);
    await put(world, 'a', 'one', psk('id-a', 1, { validUntil: '2030-01-01T00:05:00Z' }));
    expect(told).toHaveLength(1);
    await world.pass(20 * 60_000);
    expect(told).toHaveLength(1);
  });
});

describe('a handshake', () => {
  it('costs one opening, whether the identity is known or not (security.md row 22)', async () => {
    const world = await World.start();
    await put(world, 'a', 'one', psk('id-a'));
    world.fleet.handshakes.psk(bytesOf('nobody'));
    const count = (identity: string): number => {
      const before = world.secrets.opened;
      world.fleet.handshakes.psk(bytesOf(identity));
      return world.secrets.opened - before;
    };
    expect([count('id-a'), count('nobody'), count('')]).toEqual([1, 1, 1]);
  });

  it('knows no identity for being named as a device, or as the one that stands for those it does not know', async () => {
    const world = await World.start();
    await put(world, 'a', 'one', psk('id-a'));
    await put(world, 'nobody', 'nobody', psk('id-b', 2));
    expect(['id-a', 'id-b'].map((identity) => keyOf(world, identity))).toEqual([keyHex(1), keyHex(2)]);
    expect(['a', 'nobody', 'one'].map((identity) => keyOf(world, identity))).toEqual([undefined, undefined, undefined]);
  });

  it('finds a raw public key by its fingerprint', async () => {
    const world = await World.start();
    const { view: shown } = await put(world, 'a', 'one', { kind: 'rpk', publicKey: publicKey() });
    expect(world.fleet.handshakes.rawKey(shown.fingerprint as string)).toEqual({
      identity: { kind: 'rpk', name: shown.fingerprint, endpoint: 'a' },
      credential: 'one',
    });
    expect(world.fleet.handshakes.rawKey('00'.repeat(32))).toBeUndefined();
  });

  it('may be left out (resumption) as long as its credential stays as it was', async () => {
    const world = await World.start();
    await put(world, 'a', 'one', psk('id-a', 1));
    const { identity } = world.fleet.handshakes.psk(bytesOf('id-a')) ?? {};
    if (identity === undefined) throw new Error('it is known');
    await world.pass(1000);
    const since = world.clock.wall();
    await put(world, 'a', 'one', psk('id-a', 1, { label: 'x' }));
    expect(world.fleet.handshakes.isCurrent(identity, since)).toBe(true);
    expect(world.fleet.handshakes.isCurrent({ ...identity, endpoint: 'b' }, since)).toBe(false);
    expect(world.fleet.handshakes.isCurrent(identity, WallTime(0))).toBe(false);
    await world.pass(1000);
    await put(world, 'a', 'one', psk('id-a', 2));
    expect(world.fleet.handshakes.isCurrent(identity, since)).toBe(false);
  });
});

describe('certificates', () => {
  const names = (cn: string, fingerprint = '11'.repeat(32)) => ({
    ...{ fingerprint, serial: '01', commonNames: [cn], dnsNames: [], uris: [] },
  });
  const pem = certificate('CA');

  it('under a trust anchor own what its rule makes of their names, devices known before or not', async () => {
    const world = await World.start();
    const { fleet } = world;
    await fleet.trust.putAnchor(OWNER, 'ca', { certificate: pem, rule: 'urn:dev:{cn}' });
    await world.crash();
    expect(world.fleet.handshakes.certificate(names('1'), 'ca')).toEqual({
      identity: { kind: 'x509', name: '11'.repeat(32), endpoint: 'urn:dev:1' },
    });
    expect(world.fleet.handshakes.certificate(names('1'), 'other')).toEqual({ refused: 'anchor_unknown' });
    expect(world.fleet.handshakes.certificate(names('1'), undefined)).toEqual({ refused: 'anchor_unknown' });
    const two = { ...names('1'), commonNames: ['1', '2'] };
    expect(world.fleet.handshakes.certificate(two, 'ca')).toEqual({ refused: 'names_nobody' });
    expect(world.fleet.trust.material().anchors.map(({ name, certificate: own }) => [name, own])).toEqual([
      ['ca', pem],
    ]);
  });

  it('are narrowed by entries of their device: its own certificate, or one anchor', async () => {
    const world = await World.start();
    const { handshakes, trust } = world.fleet;
    for (const id of ['ca', 'cb']) await trust.putAnchor(OWNER, id, { certificate: pem });
    const told = ends(world);
    await put(world, 'a', 'one', { kind: 'anchor', anchor: 'ca' });
    expect(told).toEqual([{ type: 'endpoint', endpoint: 'a', kind: 'x509' }]);
    expect(handshakes.certificate(names('a'), 'ca')).toMatchObject({ credential: 'one' });
    expect(handshakes.certificate(names('a'), 'cb')).toEqual({ refused: 'not_of_its_device' });
    expect(handshakes.certificate(names('b'), 'cb')).toMatchObject({ identity: { endpoint: 'b' } });
    await world.fleet.credentials.remove(OWNER, 'a', 'one');
    const own = certificate('somebody');
    const { view: shown } = await put(world, 'a', 'two', { kind: 'x509', certificate: own });
    const its = names('somebody', shown.fingerprint);
    expect(handshakes.certificate(its, undefined)).toMatchObject({ identity: { endpoint: 'a' }, credential: 'two' });
    expect(handshakes.certificate(names('a'), 'ca')).toEqual({ refused: 'not_of_its_device' });
    await expect(put(world, 'b', 'one', { kind: 'x509', certificate: own })).rejects.toMatchObject({
      code: 'credential_identity_taken',
    });
    await expect(put(world, 'b', 'one', { kind: 'anchor', anchor: 'none' })).rejects.toMatchObject({
      code: 'anchor_not_found',
    });
  });

  it('end with their anchor: when it is another, has another rule, or is gone, and not for a label', async () => {
    const world = await World.start();
    const { trust, handshakes } = world.fleet;
    await trust.putAnchor(OWNER, 'ca', { certificate: pem });
    const told = ends(world);
    const identity = { kind: 'x509', name: '11'.repeat(32), endpoint: 'a' } as const;
    await world.pass(10);
    const since = world.clock.wall();
    await trust.putAnchor(OWNER, 'ca', { certificate: pem, label: 'x' });
    expect(told).toEqual([]);
    expect(handshakes.isCurrent(identity, since, 'ca')).toBe(true);
    await world.pass(10);
    await trust.putAnchor(OWNER, 'ca', { certificate: pem, rule: '{cn}.example' });
    expect(told).toEqual([{ type: 'anchor', anchor: 'ca' }]);
    expect(handshakes.isCurrent(identity, since, 'ca')).toBe(false);
    await trust.removeAnchor(OWNER, 'ca');
    expect(told).toHaveLength(2);
    expect(handshakes.certificate(names('a'), 'ca')).toEqual({ refused: 'anchor_unknown' });
  });

  it.each(['', 'a', '{cn', '{CN}', 'a}{cn}', '{cn}{cn}{cn}{cn}{cn}', `{cn}${'x'.repeat(128)}`, '{cn}\u202e'])(
    'are named by no rule such as %j',
    async (rule) => {
      const world = await World.start();
      await expect(world.fleet.trust.putAnchor(OWNER, 'ca', { certificate: pem, rule })).rejects.toMatchObject({
        ...{ code: 'invalid_body', faults: [{ pointer: '/rule' }] },
      });
    },
  );
});

describe('a name that is secured', () => {
  it('loses its plain registration with the first credential, and has none after', async () => {
    const world = await World.start();
    const location = await world.register('a', {}, peerAt(1));
    await put(world, 'a', 'one', psk('id-a'));
    expect(world.fleet.refresh(location, peerAt(1), world.now())).toBe('unknown');
    expect(world.link.left).toEqual([peerAt(1).key]);
    expect(await world.told()).toEqual(['device.registered', 'credential.changed', 'device.deregistered']);
    expect(view(world, 'a')).toMatchObject({ presence: 'offline', secured: true });
    await expect(world.register('a', {}, peerAt(1))).rejects.toMatchObject({ code: 'endpoint_secured' });
    await world.register('a', {}, provenPeer('a', 1));
    expect(view(world, 'a')).toMatchObject({ registration: { identity: { kind: 'psk', name: 'a' } } });
  });

  it('stays so when the credential goes, and when the device goes, until an operator says so', async () => {
    const world = await World.start();
    const told = ends(world);
    await put(world, 'a', 'one', psk('id-a'));
    const { clearSecured, remove } = {
      clearSecured: () => world.fleet.credentials.clearSecured(OWNER, 'a'),
      remove: () => world.fleet.credentials.remove(OWNER, 'a', 'one'),
    };
    await expect(clearSecured()).rejects.toMatchObject({ code: 'device_has_credentials' });
    await remove();
    expect(view(world, 'a').secured).toBe(true);
    await expect(world.register('a')).rejects.toMatchObject({ code: 'endpoint_secured' });
    await put(world, 'a', 'one', psk('id-a'));
    await world.fleet.devices.remove(OWNER, 'a');
    expect(told.at(-1)).toEqual({ type: 'endpoint', endpoint: 'a' });
    expect(keyOf(world, 'id-a')).toBeUndefined();
    for (const again of [() => Promise.resolve(), () => world.crash()]) {
      await again();
      await expect(world.register('a')).rejects.toMatchObject({ code: 'endpoint_secured' });
    }
    await clearSecured();
    await world.register('a');
    await expect(clearSecured()).rejects.toMatchObject({ code: 'not_secured' });
    await world.crash();
    expect(view(world, 'a').secured).toBeUndefined();
    expect((await world.told()).filter((type) => type === 'secured.cleared')).toHaveLength(1);
  });

  it('is cleared while its device is there, and can be secured again', async () => {
    const world = await World.start();
    await put(world, 'a', 'one', psk('id-a'));
    await world.fleet.credentials.remove(OWNER, 'a', 'one');
    await world.fleet.credentials.clearSecured(OWNER, 'a');
    await world.register('a');
    await put(world, 'a', 'one', psk('id-a'));
    await expect(world.register('a')).rejects.toMatchObject({ code: 'endpoint_secured' });
  });

  it('is so by an identity that a trust anchor admits, too', async () => {
    const world = await World.start();
    await world.register('a', {}, provenPeer('a', 1, { kind: 'x509', name: '11'.repeat(32) }));
    await world.fleet.devices.remove(OWNER, 'a');
    await expect(world.register('a')).rejects.toMatchObject({ code: 'endpoint_secured' });
  });

  it('outlives a crash at every step of its device being deleted', async () => {
    for (const [nth, moment] of [
      [1, 'before'],
      [1, 'after'],
      [2, 'before'],
      [2, 'after'],
    ] as const) {
      const world = await World.start();
      await put(world, 'a', 'one', psk('id-a'));
      world.store.killAt(nth, moment);
      void world.fleet.devices.remove(OWNER, 'a');
      await settle();
      await world.boot();
      await expect(world.register('a')).rejects.toMatchObject({ code: 'endpoint_secured' });
      const gone = nth === 2 && moment === 'after';
      expect([world.fleet.knows('a'), keyOf(world, 'id-a')]).toEqual(gone ? [false, undefined] : [true, keyHex(1)]);
    }
  });

  it('beyond their number keeps its device from being deleted', async () => {
    const world = await World.start({ settings: { securedNames: 1 } });
    for (const name of ['a', 'b']) await put(world, name, 'one', psk(name));
    await world.fleet.devices.remove(OWNER, 'a');
    await expect(world.fleet.devices.remove(OWNER, 'b')).rejects.toMatchObject({ code: 'too_many_secured' });
    expect(world.fleet.knows('b')).toBe(true);
    expect((await world.store.operations(EVERYTHING, { limit: 1 })).items).toEqual([]);
  });
});
