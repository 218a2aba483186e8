/** Observation as a client (RFC 7641 §3): registration, order, verdicts, caps, cancellation, notifications in blocks. */

import { describe, expect, it } from '@jest/globals';
import { fromHex, securePeer, toHex } from '#base';
import type { Peer } from '#base';
import {
  blockOption,
  bytesOption,
  Code,
  decodeMessage,
  encodeMessage,
  MessageType,
  OptionNumber,
  stringOption,
  uintOption,
} from '#coap/codec';
import type { Message, Option } from '#coap/codec';
import type { EndpointEvent, Parameters } from '#coap/endpoint';
import { DEVICE, OTHER, Script } from './harness.js';
import type { EventOf } from './harness.js';

const TOKEN = fromHex('c2');
const PATH = ['3', '0', '9'].map((segment) => stringOption(OptionNumber.URI_PATH, segment));
const BODY = Uint8Array.from({ length: 100 }, (_, index) => index);

function observe(script: Script, how: 'register' | 'cancel' = 'register', token: Uint8Array = TOKEN): number {
  const options = [...PATH, uintOption(OptionNumber.ACCEPT, 110)];
  return script.endpoint.request(script.now, { peer: DEVICE, code: Code.GET, options, token, observe: how });
}

/** An observation that was accepted with Observe 5. */
function observing(values: Partial<Parameters> = {}): Script {
  const script = new Script(values);
  observe(script);
  script.receive(`6145${script.one().slice(4, 8)}c26105ff3935`);
  expect(script.event('response').observing).toBe(true);
  return script;
}

/** A notification with one byte of Observe and the payload `41`. */
function notification(kind: 'con' | 'non', id: string, sequence: number): string {
  return `${kind === 'con' ? '41' : '51'}45${id}c261${sequence.toString(16).padStart(2, '0')}ff3431`;
}

function build(type: MessageType, messageId: number, options: readonly Option[], payload: Uint8Array): string {
  return toHex(encodeMessage({ type, code: Code.CONTENT, messageId, token: TOKEN, options, payload }));
}

function block2(num: number, more: 0 | 1): Option {
  return blockOption(OptionNumber.BLOCK2, { num, more: more === 1, szx: 0 });
}

function decoded(hex: string): Message {
  return decodeMessage(fromHex(hex)) as Message;
}

function notificationOf(events: readonly EndpointEvent[]): EventOf<'notification'> {
  const found = events.find((event) => event.type === 'notification');
  if (found?.type !== 'notification') throw new Error('no notification');
  return found;
}

describe('an observation of ours', () => {
  it('is registered by Observe 0 under the given token (RFC 7641 §3.1)', () => {
    const script = new Script();
    observe(script);
    // The bytes of the fact sheet, with Accept 110 and our message id.
    expect(script.one()).toMatch(/^4101....c260513301300139616e$/);
    expect(script.endpoint.gauges()['observations']).toBe(0);
  });

  it.each([
    ['an error', '6184', 'c2'],
    ['a success without Observe', '6145', 'c2ff3935'],
  ])('does not begin with %s', (_what, head, rest) => {
    const script = new Script();
    observe(script);
    script.receive(`${head}${script.one().slice(4, 8)}${rest}`);
    expect(script.event('response').observing).toBe(false);
    script.receive(notification('con', '0900', 6));
    expect(script.one()).toBe('70000900');
  });

  it('withholds the ACK of a CON notification until it is acknowledged, however long (issue 3 §2)', () => {
    const script = observing();
    script.receive(notification('con', '0900', 6));
    const event = script.event('notification');
    expect([event.tokenKey, event.fresh, event.confirmable, event.final, toHex(event.body)]).toEqual([
      '\u00c2',
      true,
      true,
      false,
      '3431',
    ]);
    script.pass(60_000);
    script.receive(notification('con', '0900', 6));
    expect([script.sent(), script.types()]).toEqual([[], []]);
    script.endpoint.acknowledge(script.now, event.notification);
    expect(script.one()).toBe('60000900');
    script.receive(notification('con', '0900', 6));
    expect(script.one()).toBe('60000900');
    script.endpoint.acknowledge(script.now, event.notification);
    expect([script.sent(), script.types()]).toEqual([[], []]);
  });

  it('hands a NON notification out once and sends nothing for it', () => {
    const script = observing();
    script.receive(notification('non', '0900', 6));
    const { notification: id, confirmable } = script.event('notification');
    script.endpoint.acknowledge(script.now, id);
    script.receive(notification('non', '0900', 6));
    expect([confirmable, script.sent(), script.types()]).toEqual([false, [], []]);
  });

  it.each([
    [5, 6, 0, true],
    [6, 5, 0, false],
    [5, 5, 0, false],
    [1, 2 ** 23, 0, true],
    [1, 2 ** 23 + 1, 0, false],
    [2 ** 24 - 1, 0, 0, true],
    [2 ** 23 + 2, 1, 0, true],
    [2 ** 23 + 1, 1, 0, false],
    [6, 5, 128_000, false],
    [6, 5, 128_001, true],
  ])('takes Observe %i then %i after %i ms as newer: %s (RFC 7641 §3.4)', (first, second, wait, fresh) => {
    const script = new Script();
    script.endpoint.restoreObservation(TOKEN, DEVICE, { code: Code.GET, options: PATH });
    script.receive(build(MessageType.NON, 1, [uintOption(OptionNumber.OBSERVE, first)], BODY.slice(0, 1)));
    expect(script.event('notification').fresh).toBe(true);
    script.pass(wait);
    script.receive(build(MessageType.NON, 2, [uintOption(OptionNumber.OBSERVE, second)], BODY.slice(0, 1)));
    expect(script.event('notification').fresh).toBe(fresh);
  });

  it('leaves a notification without any answer, and takes its retransmission as new and as fresh as before', () => {
    const script = observing();
    script.receive(notification('con', '0900', 6));
    script.endpoint.leave(script.now, script.event('notification').notification);
    expect(script.sent()).toEqual([]);
    script.receive(notification('con', '0900', 6));
    const again = script.event('notification');
    expect(again.fresh).toBe(true);
    script.endpoint.acknowledge(script.now, again.notification);
    expect(script.one()).toBe('60000900');
  });

  it.each(['con', 'non'] as const)('ends by RST to a %s notification (RFC 7641 §3.6)', (kind) => {
    const script = observing();
    script.receive(notification(kind, '0900', 6));
    script.endpoint.reject(script.now, script.event('notification').notification);
    expect(script.one()).toBe('70000900');
    script.receive(notification(kind, '0900', 6));
    expect(script.one()).toBe('70000900');
    script.receive(notification(kind, '0901', 7));
    expect([script.one(), script.types()]).toEqual(['70000901', ['stray']]);
  });

  it('ends by forgetObservation: the next notification gets RST, and its sender is known to be there', () => {
    const script = observing();
    script.endpoint.forgetObservation(TOKEN);
    script.receive(notification('con', '0900', 6));
    expect([script.one(), script.types()]).toEqual(['70000900', ['stray']]);
  });

  it('ends by Observe 1 with the same token; a notification that crosses it is still one (RFC 7641 §3.6)', () => {
    const script = observing();
    observe(script, 'cancel');
    const cancel = script.one();
    expect(cancel).toMatch(/^4101....c2610151330130/);
    script.receive(notification('con', '0900', 6));
    expect(script.types()).toEqual(['notification']);
    script.receive(`6145${cancel.slice(4, 8)}c2ff3935`);
    expect(script.event('response').observing).toBe(false);
    script.receive(notification('con', '0901', 7));
    expect(script.one()).toBe('70000901');
  });

  it.each([
    ['an error', '41840900c2'],
    ['a notification without Observe', '41450900c2ff3431'],
  ])('ends with %s, once that is acknowledged (RFC 7641 §3.2)', (_what, hex) => {
    const script = observing();
    script.receive(hex);
    const event = script.event('notification');
    expect([event.final, event.fresh]).toEqual([true, true]);
    expect(script.endpoint.gauges()['observations']).toBe(1);
    script.endpoint.acknowledge(script.now, event.notification);
    expect([script.one(), script.endpoint.gauges()['observations']]).toEqual(['60000900', 0]);
  });

  it('is refreshed by a registration under the same token', () => {
    const script = observing();
    observe(script);
    script.receive(`6145${script.one().slice(4, 8)}c26101ff3935`);
    expect(script.event('response').observing).toBe(true);
    expect(script.endpoint.gauges()['observations']).toBe(1);
    script.receive(notification('non', '0900', 2));
    expect(script.event('notification').fresh).toBe(true);
  });

  it('takes a notification that overtakes the response to its registration for the response', () => {
    const script = new Script();
    observe(script);
    const { length } = script.one();
    script.receive(notification('con', '0900', 6));
    expect([length > 0, script.event('response').observing, script.one()]).toEqual([true, true, '60000900']);
  });

  it('says nothing to a known token from another address, and counts it (issue 3 §3)', () => {
    const script = observing();
    script.receive(notification('con', '0900', 6), OTHER);
    script.receive(notification('non', '0901', 6), OTHER);
    expect([script.sent(), script.types()]).toEqual([[], []]);
    expect(script.endpoint.counters['dropped_foreign_token']).toBe(2);
  });

  it('answers a known token from another peer with Reset when one of the two has proven who it is, and tells it', () => {
    const identity = { kind: 'psk', name: 'm', endpoint: 'm' } as const;
    const proven = securePeer(1, identity, OTHER.address, OTHER.port);
    const script = observing();
    script.receive(notification('con', '0900', 6), proven);
    expect([script.sent(), script.events()]).toEqual([
      ['70000900'],
      [{ type: 'foreign', peer: proven, owner: DEVICE }],
    ]);
    const owned = new Script();
    const owner: Peer = securePeer(1, { ...identity, endpoint: 'o' }, DEVICE.address, DEVICE.port);
    const register = { peer: owner, code: Code.GET, options: PATH, token: TOKEN, observe: 'register' } as const;
    owned.endpoint.request(owned.now, register);
    owned.sent();
    owned.receive(notification('non', '0901', 6), DEVICE);
    expect([owned.sent(), owned.types()]).toEqual([['70000901'], ['foreign']]);
    expect(owned.endpoint.counters['dropped_foreign_token']).toBe(1);
  });

  it('follows its device to a new address', () => {
    const script = observing();
    script.endpoint.movePeer(script.now, DEVICE.key, OTHER);
    script.receive(notification('con', '0900', 6), OTHER);
    const event = script.event('notification');
    expect(event.peer).toBe(OTHER);
    script.endpoint.acknowledge(script.now, event.notification);
    expect(script.datagrams.at(-1)?.to).toBe(OTHER);
    script.receive(notification('con', '0901', 7), DEVICE);
    expect(script.types()).toEqual([]);
  });

  it('is forgotten with its peer', () => {
    const script = observing();
    script.endpoint.dropPeer(script.now, DEVICE.key);
    script.receive(notification('con', '0900', 6));
    expect(script.one()).toBe('70000900');
  });

  it('costs no state of its peer while the peer is silent', () => {
    const script = observing();
    script.pass(250_000);
    expect(script.alive()).toEqual({ observations: 1 });
  });

  it('rejects a notification with an unknown critical option', () => {
    const script = observing();
    script.receive('41450900c261063101');
    expect([script.one(), script.types()]).toEqual(['70000900', ['stray']]);
  });
});

describe('the caps on notifications', () => {
  it('take 10 a second with a burst of 100 from a device and count the excess (security.md row 10)', () => {
    const script = observing();
    let handed = 0;
    for (let count = 0; count < 20_000; count += 1) {
      const id = (count % 65_536).toString(16).padStart(4, '0');
      script.receive(notification('non', id, (count >> 8) & 255));
      handed += script.types().length;
      script.pass(0.1);
    }
    expect(handed).toBe(100 + 19);
    expect(script.endpoint.counters['dropped_notification_rate']).toBe(20_000 - handed);
    script.pass(10_000);
    script.receive(notification('con', 'fff0', 6));
    expect(script.types()).toEqual(['notification']);
  });

  it('drop a CON without any answer, so that its retransmission is taken later', () => {
    const script = observing({ notificationBurst: 1 });
    script.receive(notification('con', '0900', 6));
    script.receive(notification('con', '0901', 7));
    expect([script.types(), script.sent()]).toEqual([['notification'], []]);
    script.pass(2_000);
    script.receive(notification('con', '0901', 7));
    expect(script.types()).toEqual(['notification']);
  });

  it('keep 500 observations at a device; a further registration fails, not sent', () => {
    const script = new Script();
    for (let index = 0; index < 500; index += 1) {
      const token = Uint8Array.of(index >> 8, index & 255, 7);
      script.endpoint.restoreObservation(token, DEVICE, { code: Code.GET, options: PATH });
    }
    observe(script);
    expect(script.event('requestFailed')).toMatchObject({ reason: 'queue_full', sent: 'no' });
    observe(script, 'register', Uint8Array.of(0, 1, 7));
    expect(script.one()).toMatch(/^4301/);
    script.endpoint.restoreObservation(TOKEN, DEVICE, { code: Code.GET, options: PATH });
    expect(script.endpoint.gauges()['observations']).toBe(500);
    expect(script.endpoint.counters['dropped_observations_full']).toBe(1);
  });
});

describe('a notification in blocks', () => {
  const first = build(
    MessageType.CON,
    0x0900,
    [uintOption(OptionNumber.OBSERVE, 6), block2(0, 1)],
    BODY.subarray(0, 16),
  );

  /** The request for more that came, and its answer with a block. */
  function give(script: Script, hex: string, num: number, more: 0 | 1, tag: readonly Option[] = []): void {
    const { messageId, token } = decoded(hex);
    const payload = BODY.subarray(num * 16, num * 16 + 16);
    const parts = {
      type: MessageType.ACK,
      code: Code.CONTENT,
      messageId,
      token,
      options: [...tag, block2(num, more)],
      payload,
    };
    script.receive(toHex(encodeMessage(parts)));
  }

  it('has its rest fetched by GET without Observe under another token before it is handed out (RFC 7959 §2.6)', () => {
    const script = observing();
    script.receive(first);
    expect(script.types()).toEqual([]);
    const fetch = script.one();
    const message = decoded(fetch);
    expect([
      message.has(OptionNumber.OBSERVE),
      message.strings(OptionNumber.URI_PATH),
      message.uint(OptionNumber.ACCEPT),
    ]).toEqual([false, ['3', '0', '9'], 110]);
    expect([message.uint(OptionNumber.BLOCK2), message.tokenLength]).toEqual([0x10, 8]);
    give(script, fetch, 1, 1);
    give(script, script.one(), 2, 0);
    const event = script.event('notification');
    expect([event.body, event.message.messageId, event.token]).toEqual([BODY.slice(0, 48), 0x0900, TOKEN]);
    expect(script.sent()).toEqual([]);
    script.endpoint.acknowledge(script.now, event.notification);
    expect(script.one()).toBe('60000900');
  });

  it('is fetched before requests that wait', () => {
    const script = observing();
    const ids = [1, 2].map(() => script.endpoint.request(script.now, { peer: DEVICE, code: Code.GET, options: PATH }));
    const [running] = script.sent();
    script.receive(first);
    expect(script.sent()).toEqual([]);
    script.receive(`6845${running?.slice(4, 24)}`);
    expect(script.event('response').request).toBe(ids[0]);
    expect(decoded(script.one()).uint(OptionNumber.BLOCK2)).toBe(0x10);
  });

  it('gives way to a newer one, which is fetched in its place', () => {
    const script = observing();
    script.receive(first);
    script.sent();
    script.receive(
      build(MessageType.CON, 0x0901, [uintOption(OptionNumber.OBSERVE, 7), block2(0, 1)], BODY.subarray(16, 32)),
    );
    const sent = script.sent();
    expect(sent[0]).toBe('60000900');
    expect(sent).toHaveLength(2);
    give(script, sent[1] as string, 1, 0);
    const event = script.event('notification');
    expect([event.message.messageId, toHex(event.body)]).toEqual([0x0901, toHex(BODY.subarray(16, 32)).repeat(2)]);
  });

  it('starts again when the ETag of its rest differs, and is never mixed', () => {
    const script = observing();
    const tag = (hex: string): Option[] => [bytesOption(OptionNumber.ETAG, fromHex(hex))];
    script.receive(
      build(
        MessageType.CON,
        0x0900,
        [...tag('01'), uintOption(OptionNumber.OBSERVE, 6), block2(0, 1)],
        BODY.subarray(32, 48),
      ),
    );
    give(script, script.one(), 1, 0, tag('02'));
    give(script, script.one(), 0, 1, tag('02'));
    give(script, script.one(), 1, 0, tag('02'));
    expect(script.event('notification').body).toEqual(BODY.slice(0, 32));
  });

  it('whose rest cannot be had is as if it had not come: no ACK, and its retransmission tries again', () => {
    const script = observing();
    script.receive(first);
    script.receive(`7000${script.one().slice(4, 8)}`);
    expect([script.types(), script.sent()]).toEqual([[], []]);
    expect(script.endpoint.counters['dropped_notification_fetch']).toBe(1);
    script.receive(first);
    give(script, script.one(), 1, 0);
    expect(script.event('notification').fresh).toBe(true);
  });

  it('of an observation by FETCH is fetched with the same body', () => {
    const script = new Script();
    const options = [uintOption(OptionNumber.CONTENT_FORMAT, 112)];
    script.endpoint.request(script.now, {
      peer: DEVICE,
      code: Code.FETCH,
      options,
      token: TOKEN,
      observe: 'register',
      payload: BODY.subarray(0, 5),
    });
    script.receive(`6145${script.one().slice(4, 8)}c26105ff3935`);
    script.receive(first);
    const fetch = decoded(script.one());
    expect([fetch.code, fetch.payload]).toEqual([Code.FETCH, Buffer.from(BODY.subarray(0, 5))]);
  });

  it('is handed out as it is when it is old', () => {
    const script = observing();
    script.receive(
      build(MessageType.NON, 0x0900, [uintOption(OptionNumber.OBSERVE, 4), block2(0, 1)], BODY.subarray(0, 16)),
    );
    const event = notificationOf(script.events());
    expect([event.fresh, event.body.length, script.sent()]).toEqual([false, 16, []]);
  });
});

describe('a first response in blocks', () => {
  it('begins the observation with its first block and fetches the rest under another token', () => {
    const script = new Script();
    const request = observe(script);
    const register = decoded(script.one());
    const parts = { type: MessageType.ACK, code: Code.CONTENT, messageId: register.messageId, token: TOKEN };
    const options = [uintOption(OptionNumber.OBSERVE, 5), block2(0, 1)];
    script.receive(toHex(encodeMessage({ ...parts, options, payload: BODY.subarray(0, 16) })));
    const fetch = decoded(script.one());
    expect([fetch.has(OptionNumber.OBSERVE), fetch.tokenLength]).toEqual([false, 8]);
    script.receive(notification('con', '0900', 6));
    script.receive(
      toHex(
        encodeMessage({
          ...parts,
          messageId: fetch.messageId,
          token: fetch.token,
          options: [block2(1, 0)],
          payload: BODY.subarray(16, 20),
        }),
      ),
    );
    const events = script.events();
    expect(events.map((event) => event.type)).toEqual(['notification', 'response']);
    expect(events[1]).toMatchObject({ request, observing: true });
    expect(notificationOf(events).fresh).toBe(true);
  });

  it('that cannot be fetched leaves no observation', () => {
    const script = new Script();
    observe(script);
    const register = decoded(script.one());
    const parts = { type: MessageType.ACK, code: Code.CONTENT, messageId: register.messageId, token: TOKEN };
    const options = [uintOption(OptionNumber.OBSERVE, 5), block2(0, 1)];
    script.receive(toHex(encodeMessage({ ...parts, options, payload: BODY.subarray(0, 16) })));
    script.pass(100_000);
    expect(script.event('requestFailed').reason).toBe('timeout');
    expect(script.endpoint.gauges()['observations']).toBe(0);
  });
});
