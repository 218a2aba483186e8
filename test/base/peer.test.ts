/** Peers: equal keys for the same listener, address and port, and for nothing else. */

import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';

import { plainPeer, securePeer, showAddress, type PeerIdentity } from '#base';

describe('a plain peer', () => {
  it('carries its listener and address', () => {
    expect(plainPeer(2, '::1', 5683)).toMatchObject({ listener: 2, address: '::1', port: 5683 });
  });

  it('has the same key for the same listener, address and port, and another for any other', () => {
    const place = fc.record({ listener: fc.nat(12), address: fc.oneof(fc.ipV4(), fc.ipV6()), port: fc.nat(65535) });
    fc.assert(
      fc.property(place, place, (one, other) => {
        const same = one.listener === other.listener && one.address === other.address && one.port === other.port;
        const left = plainPeer(one.listener, one.address, one.port).key;
        expect(left === plainPeer(other.listener, other.address, other.port).key).toBe(same);
        expect(left).toBe(plainPeer(one.listener, one.address, one.port).key);
      }),
    );
  });

  it('does not run listener, address and port together', () => {
    expect(plainPeer(1, '1.1.1.1', 1).key).not.toBe(plainPeer(11, '.1.1.1', 1).key);
    expect(plainPeer(0, '10.0.0.1', 12).key).not.toBe(plainPeer(0, '10.0.0.11', 2).key);
  });
});

describe('a secure peer', () => {
  const identity = (endpoint: string, name = 'key-1'): PeerIdentity => ({ kind: 'psk', name, endpoint });

  it('stays the same peer when its address or its credential changes', () => {
    const before = securePeer(1, identity('urn:a'), '10.0.0.1', 5683);
    const moved = securePeer(1, identity('urn:a', 'key-2'), '2001:db8::1', 61_000);
    expect(moved.key).toBe(before.key);
    expect(moved).toMatchObject({ address: '2001:db8::1', port: 61_000, identity: { name: 'key-2' } });
  });

  it('is another for another endpoint or listener, and never a plain one', () => {
    const { key } = securePeer(1, identity('10.0.0.1 5683'), '10.0.0.1', 5683);
    expect(key).not.toBe(securePeer(2, identity('10.0.0.1 5683'), '10.0.0.1', 5683).key);
    expect(key).not.toBe(securePeer(1, identity('10.0.0.1 568'), '10.0.0.1', 5683).key);
    expect(key).not.toBe(plainPeer(1, '10.0.0.1', 5683).key);
  });
});

describe('an address for people', () => {
  it('has brackets around IPv6 only', () => {
    expect(showAddress('127.0.0.1', 5683)).toBe('127.0.0.1:5683');
    expect(showAddress('2001:db8::1', 0)).toBe('[2001:db8::1]:0');
  });
});
