/** Requests of ours: retransmission, responses of every kind, queue, failures, as literal bytes. */

import { describe, expect, it } from '@jest/globals';
import { fromHex } from '#base';
import { Code, MessageType, OptionNumber, stringOption } from '#coap/codec';
import { DEVICE, OTHER, Script } from './harness.js';

const PATH = ['3', '0'].map((segment) => stringOption(OptionNumber.URI_PATH, segment));

function get(script: Script, more: object = {}): number {
  return script.endpoint.request(script.now, { peer: DEVICE, code: Code.GET, options: PATH, ...more });
}

/** Message id and token of a datagram sent with an 8-byte token. */
function parts(hex: string): { id: string; token: string } {
  return { id: hex.slice(4, 8), token: hex.slice(8, 24) };
}

describe('requests of ours', () => {
  it('sends a CON with a random token of 8 bytes', () => {
    const script = new Script();
    get(script);
    expect(script.one()).toMatch(/^4801[0-9a-f]{4}[0-9a-f]{16}b1330130$/);
  });

  it('retransmits identical bytes four times with doubling, jittered spans and gives up (RFC 7252 §4.2)', () => {
    const script = new Script();
    const request = get(script);
    const start = script.now;
    script.pass(100_000);
    const times = script.datagrams.map(({ at }) => at - start);
    expect(new Set(script.sent()).size).toBe(1);
    expect(times).toHaveLength(5);
    const first = times[1] as number;
    expect(first).toBeGreaterThanOrEqual(2_000);
    expect(first).toBeLessThan(3_000);
    expect(times.map((at) => Math.round(at))).toEqual([0, 1, 3, 7, 15].map((factor) => Math.round(factor * first)));
    expect(script.events()).toEqual([{ type: 'requestFailed', request, peer: DEVICE, reason: 'timeout', sent: 'yes' }]);
  });

  it('draws different first spans for different requests (RFC 7252 §4.2)', () => {
    const spans = [1, 2, 3, 4].map((seed) => {
      const script = new Script({}, seed);
      get(script);
      script.pass(3_000);
      return (script.datagrams[1]?.at ?? 0) - (script.datagrams[0]?.at ?? 0);
    });
    expect(new Set(spans).size).toBe(4);
  });

  it('takes a piggy-backed response that matches message id and token', () => {
    const script = new Script();
    const request = get(script);
    const { id, token } = parts(script.one());
    script.receive(`6845${id}${token}ff3132`);
    const event = script.event('response');
    expect([event.request, event.message.code, Buffer.from(event.body).toString(), event.observing]).toEqual([
      request,
      Code.CONTENT,
      '12',
      false,
    ]);
    script.pass(100_000);
    expect(script.sent()).toEqual([]);
  });

  it('ignores a piggy-backed response with our message id and another token', () => {
    const script = new Script();
    get(script);
    const { id } = parts(script.one());
    script.receive(`6845${id}0102030405060708ff3132`);
    expect(script.types()).toEqual([]);
    expect(script.endpoint.counters['dropped_token_mismatch']).toBe(1);
    expect(script.sent()).toHaveLength(1);
    script.pass(3_000);
    expect(script.sent()).toHaveLength(1);
  });

  it('ignores a piggy-backed response with our token and another message id', () => {
    const script = new Script();
    get(script);
    const { id, token } = parts(script.one());
    const other = (parseInt(id, 16) ^ 1).toString(16).padStart(4, '0');
    script.receive(`6845${other}${token}ff3132`);
    expect(script.types()).toEqual([]);
    expect(script.endpoint.counters['dropped_unknown_ack']).toBe(1);
  });

  it('waits after an empty ACK and acknowledges the separate response, its duplicates too (RFC 7252 §5.2.2)', () => {
    const script = new Script();
    get(script);
    const { id, token } = parts(script.one());
    script.receive(`6000${id}`);
    script.pass(20_000);
    expect(script.sent()).toEqual([]);
    script.receive(`48450777${token}ff3132`);
    expect(script.sent()).toEqual(['60000777']);
    expect(script.types()).toEqual(['response']);
    script.receive(`48450777${token}ff3132`);
    expect(script.sent()).toEqual(['60000777']);
    expect(script.types()).toEqual([]);
  });

  it('fails after the wait for a separate response', () => {
    const script = new Script();
    get(script);
    script.receive(`6000${parts(script.one()).id}`);
    script.pass(93_000);
    expect(script.event('requestFailed').reason).toBe('timeout');
  });

  it('takes a separate response that comes before the ACK as the acknowledgement (RFC 7252 §5.2.2)', () => {
    const script = new Script();
    get(script);
    const { id, token } = parts(script.one());
    script.receive(`58450777${token}ff3132`);
    expect(script.types()).toEqual(['response']);
    script.receive(`6000${id}`);
    script.pass(100_000);
    expect(script.sent()).toEqual([]);
    expect(script.endpoint.counters['dropped_unknown_ack']).toBe(1);
  });

  it('answers a response with an unknown token with RST (RFC 7252 §4.2)', () => {
    const script = new Script();
    script.receive('42450777aabb');
    script.receive('52450778aabb');
    expect(script.sent()).toEqual(['70000777', '70000778']);
    expect(script.alive()).toEqual({});
  });

  it('says nothing to a response whose token belongs to another peer', () => {
    const script = new Script();
    get(script);
    const { token } = parts(script.one());
    script.receive(`48450777${token}`, OTHER);
    expect([script.sent(), script.types()]).toEqual([[], []]);
    expect(script.endpoint.counters['dropped_foreign_token']).toBe(1);
  });

  it('fails on RST', () => {
    const script = new Script();
    get(script);
    script.receive(`7000${parts(script.one()).id}`);
    expect(script.event('requestFailed')).toMatchObject({ reason: 'reset', sent: 'yes' });
  });

  it('fails at once when the peer cannot be reached, with all that waits', () => {
    const script = new Script();
    get(script);
    get(script);
    script.endpoint.handleSendError(script.now, DEVICE);
    expect(script.events()).toMatchObject([
      { type: 'requestFailed', reason: 'unreachable', sent: 'yes' },
      { type: 'requestFailed', reason: 'unreachable', sent: 'no' },
    ]);
    script.pass(250_000);
    expect(script.alive()).toEqual({});
  });

  it('rejects a response with an unknown critical option (RFC 7252 §5.4.1)', () => {
    const script = new Script();
    get(script);
    const first = parts(script.one());
    script.receive(`6845${first.id}${first.token}91ff`.replace('91ff', '9101'));
    expect(script.event('requestFailed').reason).toBe('bad_response');
    get(script);
    script.receive(`48450777${parts(script.one()).token}9101`);
    expect(script.sent()).toEqual(['70000777']);
    expect(script.event('requestFailed').reason).toBe('bad_response');
  });

  it('has one request in flight to a peer and begins the next when it ends (RFC 7252 §4.7)', () => {
    const script = new Script();
    get(script);
    get(script);
    get(script, { peer: OTHER });
    expect(script.datagrams.map(({ to }) => to.address)).toEqual([DEVICE.address, OTHER.address]);
    const first = parts(script.sent()[0] as string);
    script.receive(`6845${first.id}${first.token}`);
    const next = parts(script.one());
    expect(parseInt(next.id, 16)).toBe((parseInt(first.id, 16) + 1) % 65_536);
    script.receive(`7000${next.id}`);
    expect(script.types()).toEqual(['response', 'requestFailed']);
  });

  it('fails a request at once when sixteen wait', () => {
    const script = new Script();
    for (let count = 0; count < 17; count += 1) get(script);
    expect(script.types()).toEqual([]);
    get(script);
    expect(script.event('requestFailed')).toMatchObject({ reason: 'queue_full', sent: 'no' });
    expect(script.endpoint.gauges()).toMatchObject({ requests: 17, queued: 16 });
  });

  it('fails a request at once when the total is reached', () => {
    const script = new Script({ requestsTotal: 1 });
    get(script);
    get(script, { peer: OTHER });
    expect(script.event('requestFailed')).toMatchObject({ peer: OTHER, reason: 'queue_full', sent: 'no' });
  });

  it('cancels a request in flight or waiting, and answers what comes later with RST', () => {
    const script = new Script();
    const first = get(script);
    const second = get(script);
    script.endpoint.cancel(script.now, second);
    script.endpoint.cancel(script.now, first);
    expect(script.events()).toMatchObject([
      { request: second, reason: 'cancelled', sent: 'no' },
      { request: first, reason: 'cancelled', sent: 'yes' },
    ]);
    const { token } = parts(script.one());
    script.receive(`48450777${token}`);
    expect(script.one()).toBe('70000777');
  });

  it('sends a NON once and waits for its response', () => {
    const script = new Script();
    get(script, { type: MessageType.NON });
    const { token } = parts(script.one());
    script.pass(90_000);
    expect(script.sent()).toEqual([]);
    script.receive(`58450777${token}`);
    expect(script.types()).toEqual(['response']);
    get(script, { type: MessageType.NON });
    script.receive(`7000${parts(script.one()).id}`);
    expect(script.event('requestFailed').reason).toBe('reset');
    get(script, { type: MessageType.NON });
    script.pass(93_000);
    expect(script.event('requestFailed')).toMatchObject({ reason: 'timeout', sent: 'yes' });
  });

  it('answers a challenge once by repeating its Echo (RFC 9175 §2.3)', () => {
    const script = new Script();
    get(script);
    const first = parts(script.one());
    script.receive(`6881${first.id}${first.token}d4ef01020304`);
    const again = script.one();
    expect(again.slice(24)).toBe('b1330130' + 'd4e401020304');
    script.receive(`6881${parts(again).id}${first.token}d4ef01020304`);
    expect(script.event('response').message.code).toBe(Code.UNAUTHORIZED);
  });

  it('moves what is in flight and what waits to the new address of a device', () => {
    const script = new Script();
    get(script);
    get(script);
    const first = parts(script.one());
    script.endpoint.movePeer(script.now, DEVICE.key, OTHER);
    script.pass(3_000);
    expect(script.datagrams.at(-1)?.to).toBe(OTHER);
    script.sent();
    script.receive(`6845${first.id}${first.token}`, OTHER);
    expect(script.event('response').peer).toBe(OTHER);
    expect(script.datagrams.at(-1)?.to).toBe(OTHER);
  });

  it('ends everything on its way to a dropped peer', () => {
    const script = new Script();
    get(script);
    get(script);
    script.endpoint.dropPeer(script.now, DEVICE.key);
    expect(script.events()).toMatchObject([
      { reason: 'cancelled', sent: 'yes' },
      { reason: 'cancelled', sent: 'no' },
    ]);
    expect(script.endpoint.gauges()['requests']).toBe(0);
  });

  it('uses a given token', () => {
    const script = new Script();
    get(script, { token: fromHex('c1') });
    expect(script.one()).toMatch(/^4101....c1b1330130$/);
  });

  it('keeps nothing once EXCHANGE_LIFETIME has passed since the last message id', () => {
    const script = new Script();
    get(script);
    const { id, token } = parts(script.one());
    script.receive(`6845${id}${token}`);
    script.pass(246_000);
    expect(script.alive()).toEqual({ peers: 1, deadlines: 1 });
    script.pass(2_000);
    expect(script.alive()).toEqual({});
  });
});
