/** Whose a datagram is on a secure listener: of the device that was proven, whatever the datagram says. */

import { afterEach, expect, it } from '@jest/globals';

import { fromHex, plainPeer, securePeer, WallTime, type Peer } from '#base';
import { Traces, type TracedDatagram } from '#southbound';
import type { DatagramHook } from '#transport';

let hook: DatagramHook | undefined;
const asked: string[] = [];
const traces = new Traces({
  watch: (set) => (hook = set),
  endpointAt: () => undefined,
  endpointOf: () => undefined,
  reachedAt: (listener, address) => {
    asked.push(address);
    return { address: '192.0.2.1', port: 5683 + listener };
  },
  wall: () => WallTime(0),
});
const ends: (() => void)[] = [];

afterEach(() => {
  for (const end of ends.splice(0)) end();
});

/** What is seen of a device from now on. */
function follow(endpoint: string): TracedDatagram[] {
  const seen: TracedDatagram[] = [];
  ends.push(traces.follow(endpoint, (datagram) => seen.push(datagram)));
  return seen;
}

const proven = (endpoint: string): Peer =>
  securePeer(1, { kind: 'psk', name: endpoint, endpoint }, '198.51.100.7', 40_000);
/** POST /rd?ep=b */
const REGISTER_AS_B = fromHex('4002 0001 b272 6444 6570 3d62'.replaceAll(' ', ''));

it('a device that is not registered is followed by what it proved', () => {
  const [a, b] = [follow('a'), follow('b')];
  hook?.('in', proven('a'), fromHex('40010001'));
  hook?.('out', proven('a'), fromHex('60450001'));
  expect(a.map(({ direction, local }) => [direction, local.port])).toEqual([
    ['in', 5684],
    ['out', 5684],
  ]);
  expect(b).toEqual([]);
});

it('it is asked where a device reaches the server when it is seen first, and when it comes from elsewhere', () => {
  follow('a');
  asked.splice(0);
  const moved: Peer = { ...proven('a'), address: '198.51.100.9' };
  for (const peer of [proven('a'), proven('a'), moved, moved]) hook?.('in', peer, fromHex('40010001'));
  expect(asked).toEqual(['198.51.100.7', '198.51.100.9']);
});

it('a Register under the name of another is seen in the trace of who sent it, and not in the other', () => {
  const [a, b] = [follow('a'), follow('b')];
  hook?.('in', proven('a'), REGISTER_AS_B);
  expect([a.length, b.length]).toEqual([1, 0]);
  hook?.('in', plainPeer(0, '198.51.100.8', 40_000), REGISTER_AS_B);
  expect([a.length, b.length]).toEqual([1, 1]);
});
