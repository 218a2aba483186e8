/** Peers that take a new request of ours for an old one: it meets a message id of our last run that they still remember. */

import { describe, expect, it } from '@jest/globals';
import { Code, OptionNumber, stringOption } from '#coap/codec';
import { DEVICE, OTHER, Script } from './harness.js';

const OLD_TOKEN = '0102030405060708';

function send(script: Script, code: number = Code.GET): number {
  const options = [stringOption(OptionNumber.URI_PATH, '3')];
  return script.endpoint.request(script.now, { peer: DEVICE, code, options });
}

/** Message id and token of a datagram sent with an 8-byte token. */
function parts(hex: string): { id: string; token: string } {
  return { id: hex.slice(4, 8), token: hex.slice(8, 24) };
}

/** The peer repeats what it once answered to a message id. */
function mistake(script: Script, id: string): void {
  script.receive(`6845${id}${OLD_TOKEN}ff3132`);
}

/** A datagram without its message id. */
function bare(hex: string): string {
  return hex.slice(0, 4) + hex.slice(8);
}

describe('a peer that takes our request for an old one (RFC 7252 §4.5)', () => {
  it('is sent the same request at once under a message id far off, and its answer to that counts', () => {
    const script = new Script();
    const request = send(script);
    const first = script.one();
    mistake(script, parts(first).id);
    const second = script.one();
    expect(bare(second)).toBe(bare(first));
    const distance = (parseInt(parts(second).id, 16) - parseInt(parts(first).id, 16) + 65_536) % 65_536;
    expect(distance).toBeGreaterThan(1_000);
    expect(script.types()).toEqual([]);
    expect(script.endpoint.counters).toMatchObject({ dropped_token_mismatch: 1, message_ids_replaced: 1 });
    script.receive(`6845${parts(second).id}${parts(second).token}ff3132`);
    expect(script.event('response').request).toBe(request);
    script.pass(100_000);
    expect(script.sent()).toEqual([]);
  });

  it('is passed with all it remembers of our last run, be it thousands of ids one after the other', () => {
    const script = new Script();
    send(script);
    const start = parseInt(parts(script.sent()[0] as string).id, 16);
    const known = (id: string): boolean => (parseInt(id, 16) - start + 65_536) % 65_536 < 4_000;
    for (let request = 0; request < 20; request += 1) {
      if (request > 0) send(script);
      let { id, token } = parts(script.datagrams.at(-1)?.hex ?? '');
      for (let times = 0; known(id); times += 1) {
        expect(times).toBeLessThan(2);
        mistake(script, id);
        ({ id, token } = parts(script.datagrams.at(-1)?.hex ?? ''));
      }
      script.receive(`6845${id}${token}`);
      expect(script.types()).toEqual(['response']);
    }
    expect(script.endpoint.counters['message_ids_replaced']).toBe(1);
  });

  it('may answer under the earlier message id after all', () => {
    const script = new Script();
    const request = send(script);
    const { id, token } = parts(script.one());
    mistake(script, id);
    script.receive(`6845${id}${token}ff3132`);
    expect(script.event('response').request).toBe(request);
    script.sent();
    script.pass(100_000);
    expect([script.sent(), script.types()]).toEqual([[], []]);
  });

  it('neither acknowledges nor resets by the earlier message id, which was not understood as ours', () => {
    const script = new Script();
    send(script);
    const { id } = parts(script.one());
    mistake(script, id);
    script.sent();
    script.receive(`6000${id}`);
    script.receive(`7000${id}`);
    expect(script.types()).toEqual([]);
    script.pass(3_000);
    expect(script.sent()).toHaveLength(1);
  });

  it('has the new message id retransmitted in the rhythm of the old one, and no longer', () => {
    const script = new Script();
    const request = send(script);
    const start = script.now;
    script.pass(1_000);
    mistake(script, parts(script.sent()[0] as string).id);
    script.pass(200_000);
    const times = script.datagrams.map(({ at }) => at - start);
    const first = times[2] as number;
    expect(times.map((at) => Math.round(at))).toEqual(
      [0, 1_000, ...[1, 3, 7, 15].map((factor) => factor * first)].map((at) => Math.round(at)),
    );
    expect(new Set(script.sent()).size).toBe(1);
    expect(script.event('requestFailed')).toMatchObject({ request, reason: 'timeout', sent: 'yes' });
  });

  it('draws no more than two further datagrams, whatever it sends and however often', () => {
    const honest = new Script();
    send(honest);
    honest.pass(200_000);
    const most = honest.sent().length + 2;
    const script = new Script();
    const request = send(script);
    for (let step = 0; step < 2_000; step += 1) {
      // Every message id ever used, the current one among them, is answered under a token that is not ours.
      for (const { hex } of [...script.datagrams]) mistake(script, parts(hex).id);
      script.pass(100);
    }
    expect(script.datagrams).toHaveLength(most);
    expect(script.event('requestFailed')).toMatchObject({ request, reason: 'timeout' });
    expect(script.endpoint.counters['message_ids_replaced']).toBe(2);
    script.pass(250_000);
    expect(script.alive()).toEqual({});
  });

  it('draws nothing from another address, nor by a message id that is not in use', () => {
    const script = new Script();
    send(script);
    const { id } = parts(script.one());
    script.receive(`6845${id}${OLD_TOKEN}`, OTHER);
    mistake(script, (parseInt(id, 16) ^ 1).toString(16).padStart(4, '0'));
    expect(script.sent()).toEqual([]);
    expect(script.endpoint.counters).toMatchObject({ dropped_unknown_ack: 2, message_ids_replaced: 0 });
  });

  it.each([
    ['POST', Code.POST],
    ['PATCH', Code.PATCH],
  ])('is sent a %s anew only once it repeats itself, for running twice is not running once', (_name, code) => {
    const script = new Script();
    send(script, code);
    const first = script.one();
    mistake(script, parts(first).id);
    expect(script.sent()).toEqual([]);
    script.pass(3_000);
    expect(script.one()).toBe(first);
    mistake(script, parts(first).id);
    expect(bare(script.one())).toBe(bare(first));
    expect(script.endpoint.counters['message_ids_replaced']).toBe(1);
  });

  it.each([
    ['PUT', Code.PUT],
    ['DELETE', Code.DELETE],
    ['FETCH', Code.FETCH],
    ['iPATCH', Code.IPATCH],
  ])('is sent a %s anew at once', (_name, code) => {
    const script = new Script();
    send(script, code);
    mistake(script, parts(script.one()).id);
    expect(script.sent()).toHaveLength(1);
  });

  it('gets no datagram beyond the budget of an address that has not proven itself, which it does not do this way', () => {
    const script = new Script();
    script.endpoint.limitPeer(script.now, DEVICE, 20);
    send(script);
    const first = script.one();
    expect(first.length / 2).toBeGreaterThan(10);
    mistake(script, parts(first).id);
    expect(script.sent()).toEqual([]);
    expect(script.endpoint.counters).toMatchObject({ dropped_budget: 1, message_ids_replaced: 0 });
    script.pass(200_000);
    expect(script.sent()).toEqual([]);
  });
});
