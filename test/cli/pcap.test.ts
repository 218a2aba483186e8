/** Captures byte by byte: vectors made by another program, with every field of IP and UDP (RFC 791, 8200, 768, 1071). */

import { describe, expect, it } from '@jest/globals';

import { fromHex, toHex, WallTime } from '#base';

import { ipBytes, pcapHeader, pcapRecord } from '../../src/cli/pcap.js';

const AT = WallTime(Date.parse('2026-11-28T20:00:00.250Z'));

it('begins with the header of a capture of IP packets with microseconds', () => {
  expect(toHex(pcapHeader())).toBe('a1b2c3d4' + '00020004' + '00000000' + '00000000' + '00040000' + '00000065');
});

describe('a datagram', () => {
  it('over IPv4 is a packet with checksums of IP and UDP, and the time of the server', () => {
    const bytes = fromHex('40017d34bb2e77656c6c2d6b6e6f776e04636f7265');
    const from = { address: '192.0.2.7', port: 40_000 };
    const record = pcapRecord({ at: AT, from, to: { address: '198.51.100.1', port: 5683 }, bytes });
    expect(toHex(record)).toBe(
      '6b0b32c0' +
        '0003d090' +
        '00000031' +
        '00000031' +
        '450000310000400040114e80c0000207c6336401' +
        '9c401633001d18af' +
        '40017d34bb2e77656c6c2d6b6e6f776e04636f7265',
    );
  });

  it('over IPv6 is one with the checksum of UDP over both addresses', () => {
    const record = pcapRecord({
      at: AT,
      from: { address: '2001:db8::1', port: 5683 },
      to: { address: 'fe80::1:2%eth0', port: 61_616 },
      bytes: fromHex('60457d34ff68692e'),
    });
    expect(toHex(record).slice(32)).toBe(
      '6000000000101140' +
        '20010db8000000000000000000000001' +
        'fe800000000000000000000000010002' +
        '1633f0b00010869b' +
        '60457d34ff68692e',
    );
  });

  it('whose checksum of UDP comes to 0 says FFFF, as 0 would say that there is none', () => {
    const record = pcapRecord({
      ...{ at: AT, from: { address: '0.0.0.0', port: 1 }, to: { address: '0.0.0.0', port: 2 } },
      bytes: fromHex('ffd7'),
    });
    expect(toHex(record).slice(32)).toBe('4500001e0000400040113ad0000000000000000000010002000affffffd7');
  });
});

it.each([
  ['192.0.2.7', 'c0000207'],
  ['::', '00000000000000000000000000000000'],
  ['::1', '00000000000000000000000000000001'],
  ['2001:db8::', '20010db8000000000000000000000000'],
  ['2001:db8:1:2:3:4:5:6', '20010db8000100020003000400050006'],
  ['64:ff9b::192.0.2.33', '0064ff9b0000000000000000c0000221'],
  ['fe80::1%eth0', 'fe800000000000000000000000000001'],
])('takes the address %s', (address, hex) => {
  expect(toHex(ipBytes(address))).toBe(hex);
});
