/** Whose a datagram is on a secure listener: of the device that was proven, whatever the datagram says. */

import { afterEach, expect, it } from '@jest/globals';

import { fromHex, plainPeer, securePeer, WallTime, type Peer } from '#base';
import { Traces, type TracedDatagram } from '#southbound';
import type { DatagramHook } from '#transport';

let hook: DatagramHook | undefined;
const traces = new Traces({
  watch: (set) => (hook = set),
  endpointAt: () => undefined,
  endpointOf: () => undefined,
  boundAt: (listener) => ({ address: '192.0.2.1', port: 5683 + listener }),
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

it('a Register under the name of another is seen in the trace of who sent it, and not in the other', () => {
  const [a, b] = [follow('a'), follow('b')];
  hook?.('in', proven('a'), REGISTER_AS_B);
  expect([a.length, b.length]).toEqual([1, 0]);
  hook?.('in', plainPeer(0, '198.51.100.8', 40_000), REGISTER_AS_B);
  expect([a.length, b.length]).toEqual([1, 1]);
});
