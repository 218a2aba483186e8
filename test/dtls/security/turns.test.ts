/** Handshakes with a key agreement wait for their turn; none with a pre-shared key does, and what waits costs no keys. */

import { describe, expect, it } from '@jest/globals';

import { after, seconds } from '#base';
import { countingProvider } from '#dtls';
import { cheapProvider } from './support/cheap-provider.js';
import { Device, openTarget } from './support/device.js';
import { cells } from './support/run.js';
import type { Target, TargetParts } from './support/target.js';
import { certificateExtensions, cookieIn, helloRecord, messagesOf } from './support/wire.js';

cells('turns: cells');

const [ADDRESS, ELSEWHERE] = ['198.51.100.7', '192.0.2.77'];
const KINDS = ['x509', 'rpk'] as const;
const NOTHING = { half_open: 0, half_open_cids: 0, questions: 0, ecdhe_waiting: 0 };
const [HELLO, DONE] = [2, 14];

/** A server whose turns are taken by hand. */
function target(kind: 'x509' | 'rpk', parts: TargetParts = {}, sessions: 'known' | 'forgotten' = 'known'): Target {
  return openTarget(kind, sessions, { turns: 'by_hand', provider: cheapProvider, ...parts });
}

/** A device that said its hello and brought its cookie back. */
function arrived(server: Target, kind: 'psk' | 'x509' | 'rpk', port: number, random = 1, address = ADDRESS): Device {
  return new Device(server, { address, port }, `dev-${port}`, {
    provider: cheapProvider,
    kind,
    random,
  }).begin(2);
}

/** Ports that were sent a ServerHello, in order. */
function greeted(replies: ReturnType<Target['turn']>): number[] {
  return replies.filter(({ bytes }) => messagesOf([bytes]).some(({ type }) => type === HELLO)).map(({ port }) => port);
}

describe.each(KINDS)('a hello that leads to a key agreement (%s)', (kind) => {
  it('is answered in its turn, and leads to an association', () => {
    const server = target(kind);
    const device = arrived(server, kind, 1);
    expect(server.waiting).toBe(1);
    expect(messagesOf(device.answered(server.turn()).map(({ bytes }) => bytes)).at(-1)?.type).toBe(DONE);
    expect(server.waiting).toBe(0);
    device.prove();
    device.take(device.data('x'));
    expect(server.delivered).toEqual(['x']);
    server.pass(300_000);
    expect(server.endpoint.gauges()).toMatchObject({ ...NOTHING, associations: 1, last_flights: 0 });
  });

  it('is answered first come first served, one each time the endpoint is come back to', () => {
    const server = target(kind);
    for (const port of [5, 3, 9]) arrived(server, kind, port);
    expect([server.turn(), server.turn(), server.turn(), server.turn()].map(greeted)).toEqual([[5], [3], [9], []]);
  });

  it('comes after every hello with a pre-shared key that came before its turn', () => {
    const server = target(kind);
    for (let port = 1; port <= 50; port += 1) arrived(server, kind, port);
    expect(greeted(server.turn())).toEqual([1]);
    const device = new Device(server, { address: ADDRESS, port: 99 }, 'dev-99', { provider: cheapProvider });
    device.begin(1);
    expect(greeted(device.take(device.puppet.hello('full', 'with')))).toEqual([99]);
    expect(greeted(server.turn())).toEqual([2]);
  });

  it('holds up no handshake with a pre-shared key, and no record of an association', () => {
    const server = target(kind);
    const before = arrived(server, kind, 200);
    before.answered(server.turn());
    before.prove();
    for (let port = 1; port <= 50; port += 1) arrived(server, kind, port);
    before.take(before.data('of an association'));
    const device = new Device(server, { address: ADDRESS, port: 99 }, 'dev-99', { provider: cheapProvider }).begin();
    device.take(device.data('of a new one'));
    expect(server.delivered).toEqual(['of an association', 'of a new one']);
    expect(server.waiting).toBe(50);
  });

  it('costs no key, no signature and no answer while it waits, however often it comes', () => {
    const provider = countingProvider(cheapProvider);
    const server = target(kind, { provider });
    const device = arrived(server, kind, 1);
    for (let count = 0; count < 100; count += 1) expect(device.again()).toEqual([]);
    expect(provider.counts).toMatchObject({ ephemeral: 0, agree: 0, sign: 0, verify: 0, transcript: 0 });
    expect(server.endpoint.gauges()).toMatchObject({ half_open: 1, ecdhe_waiting: 1 });
    server.turn();
    expect(provider.counts).toMatchObject({ ephemeral: 1, agree: 0, sign: 1, verify: 0 });
  });

  it('beyond as many as may wait is dropped in silence and costs no key; said again when there is room it succeeds', () => {
    const provider = countingProvider(cheapProvider);
    const server = target(kind, { provider, parameters: { ecdheWaiting: 3 } });
    for (let port = 1; port <= 3; port += 1) arrived(server, kind, port);
    const late = arrived(server, kind, 4);
    expect(late.again()).toEqual([]);
    expect(server.endpoint.gauges()).toMatchObject({ half_open: 3, half_open_cids: 3, ecdhe_waiting: 3 });
    expect(server.endpoint.counters['failed_ecdhe_waiting_full']).toBe(2);
    expect(provider.counts).toMatchObject({ ephemeral: 0, sign: 0 });
    expect(greeted(server.turn())).toEqual([1]);
    expect(late.again()).toEqual([]);
    expect([server.turn(), server.turn()].map(greeted)).toEqual([[2], [3]]);
    expect(late.answered(server.turn())).not.toEqual([]);
    late.prove();
    expect(server.count('established')).toBe(1);
    server.pass(300_000);
    expect(server.endpoint.gauges()).toMatchObject({ ...NOTHING, associations: 1, last_flights: 0 });
  });

  it('has its turn after one of each other source, however many of one were there before', () => {
    const server = target(kind);
    for (let port = 1; port <= 20; port += 1) arrived(server, kind, port);
    for (const port of [101, 102]) arrived(server, kind, port, 1, ELSEWHERE);
    const turns = [1, 2, 3, 4, 5].map(() => greeted(server.turn()));
    expect(turns).toEqual([[1], [101], [2], [102], [3]]);
  });

  it('takes the place of the newest of the source of which most wait, where too many do', () => {
    const server = target(kind, { parameters: { ecdheWaiting: 4 } });
    for (let port = 1; port <= 4; port += 1) arrived(server, kind, port);
    for (const port of [101, 102]) arrived(server, kind, port, 1, ELSEWHERE);
    expect(server.failures).toEqual([4, 3].map((port) => ({ port, reason: 'ecdhe_waiting_full' })));
    // Two of each now: nobody gives way to a third.
    arrived(server, kind, 103, 1, ELSEWHERE);
    expect(server.failures.at(-1)).toEqual({ port: 103, reason: 'ecdhe_waiting_full' });
    expect(server.endpoint.gauges()).toMatchObject({ half_open: 4, half_open_cids: 4, ecdhe_waiting: 4 });
    expect([1, 2, 3, 4, 5].map(() => greeted(server.turn()))).toEqual([[1], [101], [2], [102], []]);
  });

  it('is given up at the deadline of the handshake, the wait included, and gives its place back', () => {
    const server = target(kind, { parameters: { handshakeDeadline: seconds(5) } });
    arrived(server, kind, 1);
    const device = arrived(server, kind, 2);
    server.now = after(server.now, seconds(4));
    device.answered(server.turn());
    device.answered(server.turn());
    expect(server.waiting).toBe(0);
    arrived(server, kind, 3);
    server.now = after(server.now, seconds(1));
    server.turn();
    expect(server.failures).toEqual([1, 2].map((port) => ({ port, reason: 'handshake_timeout' })));
    expect(server.endpoint.gauges()).toMatchObject({ half_open: 1, ecdhe_waiting: 0 });
  });

  it('whose deadline comes while it waits has no turn any more', () => {
    const server = target(kind, { parameters: { handshakeDeadline: seconds(5) } });
    for (let port = 1; port <= 3; port += 1) arrived(server, kind, port);
    server.now = after(server.now, seconds(5));
    expect(server.turn()).toEqual([]);
    expect(server.failures).toHaveLength(3);
    expect(server.endpoint.gauges()).toMatchObject(NOTHING);
    expect(server.endpoint.nextDeadline()).toBeUndefined();
  });

  it.each([
    ['a fatal alert', (device: Device) => device.take(device.puppet.alert(2, 40)), 'alert_received'],
    ['another hello', (device: Device, server: Target) => arrived(server, 'psk', device.port, 9), 'superseded'],
  ] as const)('that ends by %s while it waits leaves the queue', (_what, end, reason) => {
    const server = target(kind);
    const device = arrived(server, kind, 1);
    arrived(server, kind, 2);
    end(device, server);
    expect(server.failures).toMatchObject([{ port: 1, reason }]);
    expect(server.waiting).toBe(1);
    expect(greeted(server.turn())).toEqual([2]);
  });

  it('that gives way to another address while it waits leaves the queue', () => {
    const server = target(kind, { parameters: { halfOpen: 3, halfOpenShare: 1 } });
    for (let port = 1; port <= 3; port += 1) arrived(server, kind, port);
    new Device(server, { address: '192.0.2.55', port: 1 }, 'dev-1', { provider: cheapProvider }).begin(2);
    expect(server.failures).toMatchObject([{ port: 1, reason: 'displaced' }]);
    expect(server.waiting).toBe(2);
    expect(greeted(server.turn())).toEqual([2]);
  });

  it('keeps nothing that comes before its answer', () => {
    const server = target(kind);
    const device = arrived(server, kind, 1);
    device.take(device.puppet.certificate('empty'));
    device.take(device.puppet.changeCipherSpec());
    device.take(device.puppet.finished('sealed'));
    expect(server.endpoint.counters).toMatchObject({ dropped_message_unexpected: 2 });
    device.answered(server.turn());
    device.prove();
    expect(server.count('established')).toBe(1);
  });
});

describe('the next deadline of an endpoint', () => {
  it('is due as long as a handshake waits, and not a moment longer', () => {
    const server = target('rpk');
    arrived(server, 'psk', 9);
    const later = server.endpoint.nextDeadline();
    expect(later).toBeGreaterThan(server.now);
    for (let port = 1; port <= 3; port += 1) arrived(server, 'rpk', port);
    for (let left = 3; left > 0; left -= 1) {
      server.now = after(server.now, seconds(0.01));
      expect(server.endpoint.nextDeadline()).toBeLessThanOrEqual(server.now);
      server.turn();
    }
    expect(server.endpoint.nextDeadline()).toBe(later);
  });
});

describe('a hello that goes on with a session', () => {
  it('waits for no turn, though a key agreement made the session', () => {
    const provider = countingProvider(cheapProvider);
    const server = target('x509', { provider });
    arrived(server, 'x509', 1);
    const device = new Device(server, { address: ADDRESS, port: 2 }, 'dev-2', {
      provider: cheapProvider,
      kind: 'x509',
    });
    const replies = goesOn(device);
    expect(greeted(replies)).toEqual([2]);
    device.puppet.begun('resumed', replies);
    device.take(device.puppet.changeCipherSpec());
    device.take(device.puppet.finished('sealed'));
    expect(server.count('established')).toBe(1);
    expect(provider.counts).toMatchObject({ ephemeral: 0, agree: 0, sign: 0, verify: 0 });
    expect(server.waiting).toBe(1);
  });

  it('that is not known waits for the turn of its full handshake', () => {
    const server = target('x509', {}, 'forgotten');
    arrived(server, 'x509', 1);
    const device = new Device(server, { address: ADDRESS, port: 2 }, 'dev-2', {
      provider: cheapProvider,
      kind: 'x509',
    });
    expect(goesOn(device)).toEqual([]);
    expect(server.endpoint.gauges()).toMatchObject({ questions: 0, ecdhe_waiting: 2 });
    expect([server.turn(), server.turn()].map(greeted)).toEqual([[1], [2]]);
  });
});

describe('a hello with a pre-shared key and a key agreement', () => {
  it('waits for its turn like one with a certificate', () => {
    const server = target('x509');
    const fields = { suites: [ECDHE_PSK_CCM_8], extensions: certificateExtensions('x509') };
    const cookie = cookieIn(server.take(ADDRESS, 1, helloRecord(fields)));
    expect(server.take(ADDRESS, 1, helloRecord({ ...fields, cookie }, 1))).toEqual([]);
    expect(server.waiting).toBe(1);
    expect(greeted(server.turn())).toEqual([1]);
  });
});

/** Says a hello that goes on with a session, and brings its cookie back. */
function goesOn(device: Device): ReturnType<Device['take']> {
  const { puppet } = device;
  puppet.given('resumed', cookieIn(device.take(puppet.hello('resumed', 'without'))));
  return device.take(puppet.hello('resumed', 'with'));
}

const ECDHE_PSK_CCM_8 = 0xd003;
