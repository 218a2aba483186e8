/** Received requests: answers, duplicates, options, as literal bytes. */

import { describe, expect, it } from '@jest/globals';
import { encodeUtf8 } from '#base';
import { Code, OptionNumber, stringOption } from '#coap/codec';
import { DEVICE, OTHER, Script } from './harness.js';

/** Update of the fact sheet: POST /rd/5a3f, MID 7d39, token ab02. */
const UPDATE = '42027d39ab02b272640435613366';
const UPDATE_NON = '52027d39ab02b272640435613366';
const REGISTER =
  '42027d38ab01b2726411283865703d6e6f646531066c743d333030096c776d326d3d312e3103623d55ff3c2f312f303e2c3c2f332f303e';

describe('received requests', () => {
  it('answers a CON at once in the ACK with its message id and token (RFC 7252 §5.2.1)', () => {
    const script = new Script();
    script.receive(UPDATE);
    const { exchange, message, body, received } = script.event('request');
    expect([message.strings(OptionNumber.URI_PATH), body.length, received]).toEqual([['rd', '5a3f'], 0, 14]);
    script.endpoint.respond(script.now, exchange, { code: Code.CHANGED });
    expect(script.one()).toBe('62447d39ab02');
  });

  it('replays the same answer to a duplicate and does not hand the request out again (RFC 7252 §4.5)', () => {
    const script = new Script();
    script.receive(REGISTER);
    const options = [stringOption(OptionNumber.LOCATION_PATH, 'rd'), stringOption(OptionNumber.LOCATION_PATH, '5a3f')];
    script.endpoint.respond(script.now, script.event('request').exchange, { code: Code.CREATED, options });
    script.pass(246_000);
    script.receive(REGISTER);
    expect(script.sent()).toEqual(['62417d38ab018272640435613366', '62417d38ab018272640435613366']);
    expect(script.types()).toEqual([]);
    expect(script.endpoint.counters['duplicates']).toBe(1);
  });

  it('takes a message id as new after EXCHANGE_LIFETIME of 247 s, and of a NON after 145 s', () => {
    const script = new Script();
    script.receive(UPDATE);
    script.endpoint.respond(script.now, script.event('request').exchange, { code: Code.CHANGED });
    script.receive('5202beefab02b272640435613366');
    script.endpoint.respond(script.now, script.event('request').exchange, { code: Code.CHANGED });
    script.pass(144_000);
    script.receive('5202beefab02b272640435613366');
    expect(script.types()).toEqual([]);
    script.pass(2_000);
    script.receive('5202beefab02b272640435613366');
    expect(script.types()).toEqual(['request']);
    script.pass(102_000);
    script.receive(UPDATE);
    expect(script.types()).toEqual(['request']);
  });

  it('tells peers apart: the same message id of another peer is new', () => {
    const script = new Script();
    script.receive(UPDATE, DEVICE);
    script.receive(UPDATE, OTHER);
    expect(script.types()).toEqual(['request', 'request']);
  });

  it('drops a duplicate of a request that is being handled', () => {
    const script = new Script();
    script.receive(UPDATE);
    script.receive(UPDATE);
    expect(script.types()).toEqual(['request']);
    expect(script.sent()).toEqual([]);
  });

  it('sends an empty ACK after 1 s and the answer as a CON that is retransmitted until its ACK (RFC 7252 §5.2.2)', () => {
    const script = new Script();
    script.receive(UPDATE);
    const { exchange } = script.event('request');
    script.pass(999);
    expect(script.sent()).toEqual([]);
    script.pass(1);
    expect(script.sent()).toEqual(['60007d39']);
    script.receive(UPDATE);
    expect(script.sent()).toEqual(['60007d39']);
    script.endpoint.respond(script.now, exchange, { code: Code.CHANGED });
    const separate = script.one();
    expect(separate).toMatch(/^4244....ab02$/);
    script.pass(3_000);
    expect(script.sent()).toEqual([separate]);
    script.receive(`6000${separate.slice(4, 8)}`);
    script.pass(100_000);
    expect(script.sent()).toEqual([]);
    script.receive(UPDATE);
    expect(script.sent()).toEqual(['60007d39']);
  });

  it('counts an answer nobody acknowledged', () => {
    const script = new Script();
    script.receive(UPDATE);
    const { exchange } = script.event('request');
    script.pass(1_000);
    script.endpoint.respond(script.now, exchange, { code: Code.CHANGED });
    script.pass(100_000);
    expect(script.sent()).toHaveLength(1 + 5);
    expect(script.endpoint.counters['dropped_answers_given_up']).toBe(1);
  });

  it('answers a NON request with a NON of its own message id and the same token', () => {
    const script = new Script();
    script.receive(UPDATE_NON);
    script.endpoint.respond(script.now, script.event('request').exchange, { code: Code.CHANGED });
    expect(script.one()).toMatch(/^5244....ab02$/);
    script.receive(UPDATE_NON);
    expect(script.sent()).toEqual([]);
    expect(script.types()).toEqual([]);
  });

  it('forgets an ignored request, so that its retransmission is new', () => {
    const script = new Script();
    script.receive(UPDATE);
    script.endpoint.ignore(script.now, script.event('request').exchange);
    script.pass(5_000);
    expect(script.sent()).toEqual([]);
    script.receive(UPDATE);
    expect(script.types()).toEqual(['request']);
  });

  it('takes one answer for an exchange', () => {
    const script = new Script();
    script.receive(UPDATE);
    const { exchange } = script.event('request');
    script.endpoint.respond(script.now, exchange, { code: Code.CHANGED });
    script.endpoint.respond(script.now, exchange, { code: Code.NOT_FOUND });
    script.receive('42020001ab02');
    script.endpoint.respond(script.now, exchange, { code: Code.NOT_FOUND });
    expect(script.sent()).toEqual(['62447d39ab02']);
    expect(script.endpoint.counters['dropped_answers_late']).toBe(2);
  });

  it('refuses unknown critical options: 4.02 for a CON, silence for a NON (RFC 7252 §5.4.1)', () => {
    const script = new Script();
    script.receive('4201000133449101');
    script.receive('520100023344910f');
    expect(script.sent()).toEqual(['628200013344']);
    expect(script.types()).toEqual([]);
    script.receive('4201000133449101');
    expect(script.sent()).toEqual(['628200013344']);
  });

  it('takes a repeated critical option that may stand once as unknown (RFC 7252 §5.4.5)', () => {
    const script = new Script();
    script.receive('40010001d1046e0161');
    expect(script.one()).toBe('60820001');
  });

  it('answers a request to proxy with 5.05 (RFC 7252 §5.7.2)', () => {
    const script = new Script();
    script.receive('40010001d3' + '16' + '636f61');
    expect(script.one()).toBe('60a50001');
  });

  it('ignores No-Response and unknown elective options (RFC 7252 §5.4.1)', () => {
    const script = new Script();
    script.receive('40010001d1f51a');
    expect(script.types()).toEqual(['request']);
  });

  it('answers a ping and any empty CON with RST, and tells that its sender is there (RFC 7252 §4.3)', () => {
    const script = new Script();
    script.receive('40001234');
    expect(script.sent()).toEqual(['70001234']);
    expect(script.types()).toEqual(['stray']);
    expect(script.alive()).toEqual({});
  });

  it('answers a malformed CON with RST and ignores any other malformed message (RFC 7252 §4.2, §4.3)', () => {
    const script = new Script();
    script.receive('4f011234');
    script.receive('5f011235');
    script.receive('6f011236');
    script.receive('c0011237');
    script.receive('4001');
    script.receive('40011238ff');
    expect(script.sent()).toEqual(['70001234', '70001238']);
    expect(script.endpoint.counters['dropped_malformed']).toBe(6);
    expect(script.endpoint.counters['malformed_version']).toBe(1);
    expect(script.alive()).toEqual({});
  });

  it('ignores a request that claims to be an ACK or RST (RFC 7252 §4.3)', () => {
    const script = new Script();
    script.receive('60010001');
    script.receive('70010001');
    expect([script.sent(), script.types()]).toEqual([[], []]);
    expect(script.endpoint.counters['malformed_wrong_type']).toBe(2);
  });

  it('drops requests beyond the exchanges one peer may have open, to be retransmitted', () => {
    const script = new Script({ exchangesPerPeer: 2 });
    script.receive('40010001');
    script.receive('40010002');
    script.receive('40010003');
    const [first] = script.events();
    if (first?.type !== 'request') throw new Error('no request');
    script.endpoint.respond(script.now, first.exchange, { code: Code.CONTENT, payload: encodeUtf8('x') });
    script.receive('40010003');
    expect(script.types()).toEqual(['request']);
    expect(script.endpoint.counters['dropped_exchanges_full']).toBe(1);
  });

  it('keeps nothing of a peer once its message ids have run out', () => {
    const script = new Script();
    script.receive(UPDATE);
    script.endpoint.respond(script.now, script.event('request').exchange, { code: Code.CHANGED });
    script.receive('5001aaaa');
    script.endpoint.respond(script.now, script.event('request').exchange, { code: Code.CONTENT });
    expect(script.alive()).toMatchObject({ peers: 1, duplicates: 2 });
    script.pass(249_000);
    expect(script.alive()).toEqual({});
    expect(script.endpoint.nextDeadline()).toBeUndefined();
  });
});
