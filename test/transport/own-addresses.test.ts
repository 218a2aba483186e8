/** Where a peer reaches a listener, on a machine with several addresses. */

import { describe, expect, it } from '@jest/globals';

import { reachedAt } from '#transport';
import type { Interfaces } from '../../src/transport/own-addresses.js';

const MACHINE: Interfaces = {
  lo: [entry('127.0.0.1', 8, 'internal'), entry('::1', 128, 'internal')],
  wan: [entry('198.51.100.2', 24), entry('fe80::a', 64), entry('2001:db8:1::2', 64)],
  lan: [entry('10.0.0.1', 16), entry('fe80::b', 64), entry('2001:db8:2::1', 64)],
};

function entry(address: string, bits: number, where?: 'internal'): NonNullable<Interfaces[string]>[number] {
  const shared = { address, netmask: '', mac: '', internal: where === 'internal', cidr: `${address}/${bits}` };
  return address.includes(':') ? { ...shared, family: 'IPv6', scopeid: 0 } : { ...shared, family: 'IPv4' };
}

const at = (bound: string, peer: string, machine = MACHINE): unknown =>
  reachedAt({ address: bound, port: 5683 }, peer, machine);

describe('a listener that is bound to all addresses is reached', () => {
  it.each([
    ['over loopback', '127.0.0.1', '127.0.0.1'],
    ['from another address of loopback', '127.0.0.5', '127.0.0.1'],
    ['over loopback of IPv6', '::1', '::1'],
    ['from an address of its machine', '10.0.0.1', '10.0.0.1'],
    ['on a network of its own', '10.0.7.7', '10.0.0.1'],
    ['from far away', '203.0.113.9', '198.51.100.2'],
    ['on a network of IPv6', '2001:db8:2::77', '2001:db8:2::1'],
    ['from far away over IPv6', '2001:db8:9::1', '2001:db8:1::2'],
    ['on a link', 'fe80::77%lan', 'fe80::b'],
  ])('%s', (_words, peer, address) => {
    for (const bound of ['0.0.0.0', '::']) expect(at(bound, peer)).toEqual({ address, port: 5683 });
  });

  it('at no address that is known, where the machine has none of the family', () => {
    const four: Interfaces = { wan: [entry('198.51.100.2', 24)] };
    const six: Interfaces = { wan: [entry('2001:db8:1::2', 64)] };
    expect([at('::', '2001:db8:9::1', four), at('::', '203.0.113.9', six)]).toEqual([
      { address: '::', port: 5683 },
      { address: '0.0.0.0', port: 5683 },
    ]);
  });
});

it('a listener with an address is reached there', () => {
  expect(at('192.0.2.1', '10.0.7.7')).toEqual({ address: '192.0.2.1', port: 5683 });
});

it('a listener is reached over loopback on this machine', () => {
  expect(reachedAt({ address: '::', port: 1 }, '127.0.0.1')).toEqual({ address: '127.0.0.1', port: 1 });
});
