/** What goes to an address that has not proven itself (security.md row 1; RFC 9175 §2.4). */

import { describe, expect, it } from '@jest/globals';
import { Code, MessageType, OptionNumber, stringOption } from '#coap/codec';
import { DEVICE, OTHER, Script } from './harness.js';

const REGISTER =
  '42027d38ab01b2726411283865703d6e6f646531066c743d333030096c776d326d3d312e3103623d55ff3c2f312f303e2c3c2f332f303e';
const PATH = ['3', '0'].map((segment) => stringOption(OptionNumber.URI_PATH, segment));
const READ_BYTES = 16;

function get(script: Script, type: MessageType = MessageType.CON): number {
  return script.endpoint.request(script.now, { peer: DEVICE, code: Code.GET, options: PATH, type });
}

function bytesTo(script: Script, address: string): number {
  return script.datagrams.filter(({ to }) => to.address === address).reduce((sum, { hex }) => sum + hex.length / 2, 0);
}

/** Registers from a plain address and limits it, as the server does: 3 times what came less what was answered. */
function register(script: Script): number {
  script.receive(REGISTER);
  const { exchange, received } = script.event('request');
  script.endpoint.respond(script.now, exchange, { code: Code.CREATED });
  const budget = 3 * received - bytesTo(script, DEVICE.address);
  script.endpoint.limitPeer(script.now, DEVICE, budget);
  return 3 * received;
}

describe('an address that has not proven itself', () => {
  it('is sent one CON alone, and never more than three times its Register, retransmissions included', () => {
    const script = new Script();
    const most = register(script);
    for (let count = 0; count < 10; count += 1) get(script);
    script.pass(240_000);
    const sent = bytesTo(script, DEVICE.address);
    expect(sent).toBeLessThanOrEqual(most);
    expect(sent).toBeGreaterThan(most - READ_BYTES);
    expect(script.endpoint.counters['dropped_budget']).toBeGreaterThan(0);
  });

  it('is sent the rest once it acknowledged', () => {
    const script = new Script();
    register(script);
    get(script);
    get(script);
    script.pass(1_000);
    const [, read] = script.sent();
    script.receive(`6845${read?.slice(4, 24)}`);
    expect(script.types()).toEqual(['response']);
    expect(script.sent()).toHaveLength(1);
    script.pass(100_000);
    expect(script.sent()).toHaveLength(4);
  });

  it.each(['6000', '7000'])('has proven itself by any reaction to our message id (%s)', (head) => {
    const script = new Script();
    register(script);
    get(script);
    get(script);
    const [, read] = script.sent();
    script.receive(`${head}${read?.slice(4, 8)}`);
    script.pass(93_000);
    expect(script.sent().length).toBe(head === '7000' ? 5 : 1);
  });

  it('holds a CON that is larger than the budget until provePeer', () => {
    const script = new Script();
    script.endpoint.limitPeer(script.now, DEVICE, READ_BYTES - 1);
    get(script);
    get(script);
    script.pass(100_000);
    expect(script.sent()).toEqual([]);
    script.endpoint.provePeer(script.now, DEVICE);
    expect(script.sent()).toHaveLength(1);
    script.pass(100_000);
    expect(script.event('requestFailed')).toMatchObject({ reason: 'timeout', sent: 'yes' });
  });

  it('gets more budget by a further Register, in all no more than what was granted', () => {
    const script = new Script();
    script.endpoint.limitPeer(script.now, DEVICE, READ_BYTES);
    get(script);
    script.pass(10_000);
    expect(script.sent()).toHaveLength(1);
    script.endpoint.limitPeer(script.now, DEVICE, READ_BYTES);
    script.pass(83_000);
    expect(script.sent()).toHaveLength(1);
  });

  it('fails what waits, not sent, when no proof comes', () => {
    const script = new Script();
    script.endpoint.limitPeer(script.now, DEVICE, 0);
    get(script);
    get(script);
    script.pass(247_000);
    expect(script.events()).toMatchObject([
      { type: 'requestFailed', reason: 'timeout', sent: 'no' },
      { type: 'requestFailed', reason: 'timeout', sent: 'no' },
    ]);
    script.endpoint.dropPeer(script.now, DEVICE.key);
    script.pass(248_000);
    expect(script.alive()).toEqual({});
  });

  it('stays limited however long it says nothing and however often it is asked', () => {
    const script = new Script();
    const most = register(script);
    for (let hour = 0; hour < 10; hour += 1) {
      get(script);
      script.pass(3_600_000);
      expect(script.event('requestFailed')).toMatchObject({ reason: 'timeout' });
    }
    expect(bytesTo(script, DEVICE.address)).toBeLessThanOrEqual(most);
    expect(script.alive()).toEqual({ peers: 1 });
    get(script);
    script.endpoint.provePeer(script.now, DEVICE);
    expect(script.datagrams.at(-1)?.at).toBe(script.now);
    script.pass(400_000);
    expect(script.alive()).toEqual({});
  });

  it('that nobody has to do with any more is forgotten after a while', () => {
    const script = new Script();
    register(script);
    script.pass(1_000_000);
    expect(script.alive()).toMatchObject({ peers: 1 });
    script.endpoint.dropPeer(script.now, DEVICE.key);
    script.pass(246_000);
    expect(script.alive()).toMatchObject({ peers: 1 });
    script.pass(2_000);
    expect(script.alive()).toEqual({});
  });

  it('is sent NON requests within its budget only', () => {
    const script = new Script();
    script.endpoint.limitPeer(script.now, DEVICE, READ_BYTES);
    get(script, MessageType.NON);
    expect(script.sent()).toHaveLength(1);
    script.endpoint.dropPeer(script.now, DEVICE.key);
    script.events();
    get(script, MessageType.NON);
    expect(script.sent()).toHaveLength(0);
    expect(script.event('requestFailed')).toMatchObject({ reason: 'queue_full', sent: 'no' });
  });

  it('is answered at once, and its separate answer counts against the budget', () => {
    const script = new Script();
    script.receive(REGISTER);
    const { exchange } = script.event('request');
    script.endpoint.limitPeer(script.now, DEVICE, 8);
    get(script);
    script.pass(1_000);
    script.endpoint.respond(script.now, exchange, { code: Code.CREATED });
    script.pass(100_000);
    const sent = script.sent();
    expect(sent.map((hex) => hex.slice(0, 4))).toEqual(['6000', '4241']);
    script.endpoint.provePeer(script.now, DEVICE);
    expect(script.one()).toMatch(/^4801/);
  });

  it('whose device is heard under another address: what was held goes there, also when more goes there already', () => {
    for (const busy of ['no', 'yes']) {
      const script = new Script();
      if (busy === 'yes') script.endpoint.request(script.now, { peer: OTHER, code: Code.GET, options: PATH });
      script.endpoint.limitPeer(script.now, DEVICE, 0);
      get(script);
      expect(script.sent()).toHaveLength(busy === 'yes' ? 1 : 0);
      script.endpoint.movePeer(script.now, DEVICE.key, OTHER);
      expect(script.datagrams.at(-1)?.to).toBe(OTHER);
      expect(script.sent()).toHaveLength(1);
    }
  });

  it('moves its limit to nobody else', () => {
    const script = new Script();
    script.endpoint.limitPeer(script.now, DEVICE, 0);
    script.endpoint.request(script.now, { peer: OTHER, code: Code.GET, options: PATH });
    expect(script.sent()).toHaveLength(1);
  });
});
