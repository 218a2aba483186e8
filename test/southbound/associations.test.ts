/** What the fleet is told of secure associations: at which listener they are looked for, and times of the calendar. */

import { expect, it } from '@jest/globals';

import { Milliseconds, after, securePeer, WallTime, type PeerKey } from '#base';
import { SecureAssociations } from '#southbound';
import type { AssociationView } from '#transport';

import { VirtualClock } from '../support/clock.js';

const OWNER = { kind: 'psk', name: 'id-a', endpoint: 'a' } as const;
const clock = new VirtualClock();

function view(listener: number): AssociationView {
  const peer = securePeer(listener, OWNER, `192.0.2.${listener}`, 40_000);
  return { peer, suite: 'TLS_PSK_WITH_AES_128_CCM_8', since: clock.now(), kind: 'full' };
}

function over(...views: readonly AssociationView[]): SecureAssociations {
  const byKey = new Map<PeerKey, AssociationView>(views.map((one) => [one.peer.key, one]));
  const stack = { association: (key: PeerKey) => byKey.get(key) };
  return new SecureAssociations({ stack, clock, listeners: { first: 2, count: 2 } });
}

it('finds the association at the listener that is asked for, else at any secure one', () => {
  const both = over(view(2), view(3));
  expect(both.of('a', 3)).toMatchObject({ address: '192.0.2.3', port: 40_000 });
  expect(both.of('a', undefined)).toMatchObject({ address: '192.0.2.2' });
  // A device that is still registered at a plain listener.
  expect(over(view(3)).of('a', 0)).toMatchObject({ address: '192.0.2.3' });
  expect(both.of('b', undefined)).toBeUndefined();
  expect(over().of('a', 2)).toBeUndefined();
});

it('says since when by the calendar, to the second, and of the identity what is shown of it', () => {
  const wall = clock.wall();
  const all = over({ ...view(2), cid: Uint8Array.of(7) });
  clock.moveTo(after(clock.now(), Milliseconds(90_000)));
  expect(all.of('a', 2)).toEqual({
    suite: 'TLS_PSK_WITH_AES_128_CCM_8',
    identity: { kind: 'psk', name: 'id-a' },
    cid: Uint8Array.of(7),
    address: '192.0.2.2',
    port: 40_000,
    since: WallTime(Math.round(wall / 1000) * 1000),
    handshake: 'full',
  });
});
