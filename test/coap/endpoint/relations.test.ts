/** Observation as a server (RFC 7641 §4): relations, notifications, their end. */

import { describe, expect, it } from '@jest/globals';
import { fromHex } from '#base';
import { Code, decodeMessage, MessageType, OptionNumber } from '#coap/codec';
import type { Message } from '#coap/codec';
import type { OutgoingNotification, Parameters } from '#coap/endpoint';
import { DEVICE, OTHER, Script } from './harness.js';

/** GET /3/0/9 with Observe 0 and token c2; message id 0001. */
const REGISTER = '41010001c260513301300139';
const BODY = Uint8Array.from({ length: 1_500 }, (_, index) => index & 255);

/** An endpoint with one observer; its relation. */
function observed(values: Partial<Parameters> = {}): { script: Script; relation: number } {
  const script = new Script(values);
  script.receive(REGISTER);
  const { exchange } = script.event('request');
  script.endpoint.respond(script.now, exchange, {
    code: Code.CONTENT,
    payload: Uint8Array.of(1),
    observe: { sequence: 4 },
  });
  expect(script.one()).toBe('61450001c26104ff01');
  const { relation, exchange: accepted } = script.event('observed');
  expect(accepted).toBe(exchange);
  return { script, relation };
}

function notify(script: Script, relation: number, sequence: number, more: Partial<OutgoingNotification> = {}): void {
  script.endpoint.notify(script.now, relation, {
    code: Code.CONTENT,
    payload: Uint8Array.of(sequence),
    observe: { sequence },
    confirmable: 'con',
    ...more,
  });
}

function idOf(hex: string): string {
  return hex.slice(4, 8);
}

describe('an observer of ours', () => {
  it('begins when the answer accepts it, and is told of each change under its token (RFC 7641 §4.1)', () => {
    const { script, relation } = observed();
    notify(script, relation, 5);
    const con = script.one();
    expect(con).toMatch(/^4145....c26105ff05$/);
    script.receive(`6000${idOf(con)}`);
    notify(script, relation, 6, { confirmable: 'non' });
    expect(script.one()).toMatch(/^5145....c26106ff06$/);
    script.pass(100_000);
    expect([script.sent(), script.types()]).toEqual([[], []]);
  });

  it('is not accepted by an answer without observe, by an error, or for a request without Observe 0', () => {
    const script = new Script();
    script.receive('41010002c2' + '6102' + '513301300139');
    script.receive('41010003c2' + 'b133');
    for (const event of script.events()) {
      if (event.type !== 'request') throw new Error(event.type);
      script.endpoint.respond(script.now, event.exchange, { code: Code.CONTENT, observe: { sequence: 1 } });
    }
    script.receive(REGISTER);
    script.endpoint.respond(script.now, script.event('request').exchange, {
      code: Code.NOT_FOUND,
      observe: { sequence: 1 },
    });
    expect(script.sent()).toEqual(['61450002c2', '61450003c2', '61840001c2']);
    expect(script.endpoint.gauges()['relations']).toBe(0);
  });

  it('is retransmitted to until its ACK, and gone when none comes', () => {
    const { script, relation } = observed();
    notify(script, relation, 5);
    script.pass(94_000);
    expect(new Set(script.sent()).size).toBe(1);
    expect(script.events()).toEqual([{ type: 'observerGone', relation, reason: 'timeout' }]);
    notify(script, relation, 6);
    expect(script.sent()).toEqual([]);
  });

  it.each(['con', 'non'] as const)('is gone by RST to a %s notification (RFC 7641 §4.2)', (confirmable) => {
    const { script, relation } = observed();
    notify(script, relation, 5, { confirmable });
    script.receive(`7000${idOf(script.one())}`);
    expect(script.events()).toEqual([{ type: 'observerGone', relation, reason: 'reset' }]);
    script.pass(10_000);
    expect(script.sent()).toEqual([]);
  });

  it('is gone by a request with Observe 1 and its token, which is answered as any other', () => {
    const { script, relation } = observed();
    script.receive('41010002c2' + '6101' + '513301300139');
    expect(script.types()).toEqual(['observerGone', 'request']);
    notify(script, relation, 5);
    expect(script.sent()).toEqual([]);
  });

  it('is replaced by a registration with the same token, and joined by one with another (RFC 7641 §4.1)', () => {
    const { script, relation } = observed();
    const happened = ['41010002c260513301300139', '41010003c360513301300139'].flatMap((hex) => {
      script.receive(hex);
      const { exchange } = script.event('request');
      script.endpoint.respond(script.now, exchange, { code: Code.CONTENT, observe: { sequence: 5 } });
      return script.events();
    });
    expect(happened).toMatchObject([
      { type: 'observerGone', relation, reason: 'replaced' },
      { type: 'observed' },
      { type: 'observed' },
    ]);
    expect(script.endpoint.gauges()['relations']).toBe(2);
  });

  it('is one of at most so many of a peer', () => {
    const { script } = observed({ relationsPerPeer: 1 });
    script.receive('41010003c360513301300139');
    script.endpoint.respond(script.now, script.event('request').exchange, {
      code: Code.CONTENT,
      observe: { sequence: 5 },
    });
    expect(script.sent()).toEqual(['61450003c3']);
    script.receive('41010003c360513301300139', OTHER);
    script.endpoint.respond(script.now, script.event('request').exchange, {
      code: Code.CONTENT,
      observe: { sequence: 5 },
    });
    expect(script.types()).toEqual(['observed']);
  });

  it('ends when its peer is dropped, and leaves its place to another', () => {
    const { script, relation } = observed({ relationsPerPeer: 1 });
    script.endpoint.dropPeer(script.now, DEVICE.key);
    expect(script.event('observerGone')).toMatchObject({ relation, reason: 'cancelled' });
    expect(script.sent()).toEqual([]);
    script.receive('41010003c360513301300139');
    script.endpoint.respond(script.now, script.event('request').exchange, {
      code: Code.CONTENT,
      observe: { sequence: 5 },
    });
    expect(script.types()).toEqual(['observed']);
  });

  it('gets a newer notification in place of one being retransmitted, attempts going on (RFC 7641 §4.5.2)', () => {
    const { script, relation } = observed();
    notify(script, relation, 5);
    const old = script.one();
    notify(script, relation, 6);
    notify(script, relation, 7);
    expect(script.sent()).toEqual([]);
    const start = script.now;
    script.pass(3_000);
    const newer = script.one();
    expect(newer).toMatch(/^4145....c26107ff07$/);
    expect(idOf(newer)).not.toBe(idOf(old));
    script.pass(94_000);
    const times = script.datagrams.filter(({ hex }) => hex === newer).map(({ at }) => at - start);
    expect(times).toHaveLength(4);
    expect(script.types()).toEqual(['observerGone']);
  });

  it('gets the newest notification once the one in flight is acknowledged', () => {
    const { script, relation } = observed();
    notify(script, relation, 5);
    const old = script.one();
    notify(script, relation, 6, { confirmable: 'non' });
    script.receive(`6000${idOf(old)}`);
    expect(script.one()).toMatch(/^5145....c26106ff06$/);
    script.pass(94_000);
    expect([script.sent(), script.types()]).toEqual([[], []]);
  });

  it('waits for its turn behind a request of ours, with the newest state only (RFC 7252 §4.7)', () => {
    const { script, relation } = observed();
    script.endpoint.request(script.now, { peer: DEVICE, code: Code.POST, options: [] });
    const request = script.one();
    notify(script, relation, 5);
    notify(script, relation, 6);
    expect(script.sent()).toEqual([]);
    script.receive(`6844${request.slice(4, 24)}`);
    expect(script.one()).toMatch(/^4145....c26106ff06$/);
  });

  it('gets at least one CON in 24 hours (RFC 7641 §4.5)', () => {
    const { script, relation } = observed();
    const kinds: string[] = [];
    for (let hour = 1; hour <= 50; hour += 1) {
      script.pass(3_600_000);
      notify(script, relation, hour, { confirmable: 'non' });
      const hex = script.one();
      if (hex.startsWith('41')) {
        kinds.push(`CON ${hour}`);
        script.receive(`6000${idOf(hex)}`);
      }
    }
    expect(kinds).toEqual(['CON 24', 'CON 48']);
  });

  it.each([
    ['an error', { code: Code.NOT_FOUND, observe: { sequence: 5 } }, /^4184....c2ff05$/],
    ['a notification without sequence', {}, /^4145....c2ff05$/],
  ])('is told its last by %s', (_what, more, bytes) => {
    const { script, relation } = observed();
    script.endpoint.notify(script.now, relation, {
      code: Code.CONTENT,
      payload: Uint8Array.of(5),
      confirmable: 'con',
      ...more,
    });
    const last = script.one();
    expect(last).toMatch(bytes);
    expect(script.endpoint.gauges()['relations']).toBe(0);
    script.pass(3_000);
    expect(script.one()).toBe(last);
    script.receive(`6000${idOf(last)}`);
    script.pass(94_000);
    expect([script.sent(), script.types()]).toEqual([[], []]);
  });

  it('is gone when the separate answer that accepted it is reset or never acknowledged', () => {
    for (const [reason, react] of [
      ['reset', '7000'],
      ['timeout', undefined],
    ] as const) {
      const script = new Script();
      script.receive(REGISTER);
      const { exchange } = script.event('request');
      script.pass(1_000);
      script.sent();
      script.endpoint.respond(script.now, exchange, { code: Code.CONTENT, observe: { sequence: 4 } });
      const answer = script.one();
      expect(answer).toMatch(/^4145....c26104$/);
      if (react === undefined) script.pass(94_000);
      else script.receive(`${react}${idOf(answer)}`);
      expect(script.events()).toMatchObject([{ type: 'observed' }, { type: 'observerGone', reason }]);
    }
  });

  it('fetches the rest of a large notification by GET without Observe (RFC 7959 §2.6)', () => {
    const { script, relation } = observed();
    notify(script, relation, 5, { payload: BODY });
    const first = decodeMessage(fromHex(script.one())) as Message;
    expect([
      first.type,
      first.uint(OptionNumber.OBSERVE),
      first.uint(OptionNumber.BLOCK2),
      first.payload.length,
    ]).toEqual([MessageType.CON, 5, 0x0e, 1_024]);
    script.receive('41010009ff' + 'b133' + '0130' + '0139' + 'c116');
    const rest = decodeMessage(fromHex(script.one())) as Message;
    expect([rest.has(OptionNumber.OBSERVE), rest.payload]).toEqual([false, Buffer.from(BODY.subarray(1_024))]);
    expect(rest.first(OptionNumber.ETAG)).toEqual(first.first(OptionNumber.ETAG));
    expect(script.types()).toEqual([]);
  });

  it('gets a streamed notification once its first piece is fed', () => {
    const { script, relation } = observed();
    notify(script, relation, 5, { payload: { id: 8, size: 1_500 } });
    expect(script.events()).toEqual([{ type: 'bodyWanted', body: 8, offset: 0, length: 1_024 }]);
    script.endpoint.feed(script.now, 8, 0, BODY.subarray(0, 1_024));
    expect(script.one()).toMatch(/^4145....c2/);
  });

  it('of a relation that is gone gets nothing, and what it would have been fed is released', () => {
    const { script } = observed();
    notify(script, 999, 5, { payload: { id: 8, size: 1_500 } });
    expect(script.events()).toEqual([{ type: 'bodyDone', body: 8 }]);
  });

  it('leaves nothing behind', () => {
    const { script, relation } = observed();
    notify(script, relation, 5);
    script.pass(94_000);
    script.events();
    script.pass(400_000);
    expect(script.alive()).toEqual({});
  });
});
