/** Answers of ours in blocks (RFC 7959 §2.4, server): kept, streamed, in any order. */

import { describe, expect, it } from '@jest/globals';
import { fromHex, plainPeer, toHex } from '#base';
import type { Peer } from '#base';
import {
  blockOption,
  bytesOption,
  Code,
  decodeMessage,
  encodeMessage,
  isMalformed,
  MessageType,
  OptionNumber,
  stringOption,
} from '#coap/codec';
import type { Message, Option } from '#coap/codec';
import type { OutgoingResponse } from '#coap/endpoint';
import { memoryInUse } from '../../support/memory.js';
import { DEVICE, Script } from './harness.js';

const BODY = Uint8Array.from({ length: 2_500 }, (_, index) => (index * 7) & 255);

let nextId = 0;

function request(
  code: number,
  block2: { num: number; szx: number } | undefined,
  extra: readonly Option[] = [],
  payload = new Uint8Array(0),
): string {
  nextId = (nextId + 1) % 65_536;
  const options = [stringOption(OptionNumber.URI_PATH, 'big'), ...extra];
  if (block2 !== undefined) options.push(blockOption(OptionNumber.BLOCK2, { ...block2, more: false }));
  const token = fromHex('bb');
  return toHex(encodeMessage({ type: MessageType.CON, code, messageId: nextId, token, options, payload }));
}

function answer(script: Script): Message {
  const message = decodeMessage(fromHex(script.one()));
  if (isMalformed(message)) throw new Error(message.malformed);
  return message;
}

/** Block2 of a message as `num/more/szx`. */
function block2(message: Message): string | undefined {
  const value = message.uint(OptionNumber.BLOCK2);
  return value === undefined ? undefined : `${value >> 4}/${(value >> 3) & 1}/${value & 7}`;
}

function respond(script: Script, response: Partial<OutgoingResponse>): void {
  script.endpoint.respond(script.now, script.event('request').exchange, { code: Code.CONTENT, ...response });
}

/** Asks for a block and gives the answer. */
function ask(script: Script, num: number, szx: number, code: number = Code.GET, from: Peer = DEVICE): Message {
  script.receive(request(code, { num, szx }), from);
  return answer(script);
}

describe('an answer in blocks', () => {
  it('begins with block 0, Size2 and an ETag, and gives the rest without the application (RFC 7959 §2.4)', () => {
    const script = new Script();
    script.receive(request(Code.GET, undefined));
    respond(script, { payload: BODY, options: [bytesOption(OptionNumber.ETAG, fromHex('e1'))] });
    const first = answer(script);
    expect([block2(first), first.uint(OptionNumber.SIZE2), first.payload.length]).toEqual(['0/1/6', 2_500, 1_024]);
    const second = ask(script, 1, 6);
    const third = ask(script, 2, 6);
    expect([block2(second), block2(third)]).toEqual(['1/1/6', '2/0/6']);
    expect(third.first(OptionNumber.ETAG)).toEqual(fromHex('e1'));
    expect(Buffer.concat([first.payload, second.payload, third.payload])).toEqual(Buffer.from(BODY));
    expect(script.types()).toEqual([]);
  });

  it('comes in the size the request names, and in smaller ones at any time', () => {
    const script = new Script();
    script.receive(request(Code.GET, { num: 0, szx: 5 }));
    respond(script, { payload: BODY });
    const first = answer(script);
    expect(block2(first)).toBe('0/1/5');
    const second = ask(script, 8, 2);
    expect([block2(second), second.payload]).toEqual(['8/1/2', Buffer.from(BODY.subarray(512, 576))]);
  });

  it('is given in any order, and its last block again', () => {
    const script = new Script();
    script.receive(request(Code.GET, { num: 0, szx: 6 }));
    respond(script, { payload: BODY });
    answer(script);
    for (const num of [2, 1, 2, 0]) {
      if (num === 0) break;
      expect(ask(script, num, 6).payload).toEqual(Buffer.from(BODY.subarray(num * 1_024, (num + 1) * 1_024)));
    }
  });

  it('is 4.00 for a block beyond the end (RFC 7959 §2.4)', () => {
    const script = new Script();
    script.receive(request(Code.GET, undefined));
    respond(script, { payload: BODY });
    answer(script);
    expect(ask(script, 3, 6).code).toBe(Code.BAD_REQUEST);
    expect(ask(script, 0xf_ffff, 6).code).toBe(Code.BAD_REQUEST);
  });

  it('begins anywhere: a GET for a later block alone is handed out and answered with that block', () => {
    const script = new Script();
    script.receive(request(Code.GET, { num: 1, szx: 6 }));
    respond(script, { payload: BODY });
    const message = answer(script);
    expect([block2(message), message.payload]).toEqual(['1/1/6', Buffer.from(BODY.subarray(1_024, 2_048))]);
  });

  it('of a POST is not made again for a later block alone: 4.08', () => {
    const script = new Script();
    expect(ask(script, 1, 6, Code.POST).code).toBe(Code.REQUEST_ENTITY_INCOMPLETE);
    expect(script.types()).toEqual([]);
  });

  it('carries no Block2 when it fits and none was asked for, and block 0 when one was', () => {
    const script = new Script();
    script.receive(request(Code.GET, undefined));
    respond(script, { payload: BODY.subarray(0, 100) });
    expect(answer(script).has(OptionNumber.BLOCK2)).toBe(false);
    script.receive(request(Code.GET, { num: 0, szx: 6 }));
    respond(script, { payload: BODY.subarray(0, 100) });
    expect(block2(answer(script))).toBe('0/0/6');
    expect(script.endpoint.gauges()['downloads']).toBe(0);
  });

  it('follows the last block of a request body (RFC 7959 §3.3)', () => {
    const script = new Script();
    script.receive(
      request(
        Code.POST,
        { num: 0, szx: 6 },
        [blockOption(OptionNumber.BLOCK1, { num: 0, more: false, szx: 6 })],
        BODY.slice(0, 20),
      ),
    );
    respond(script, { payload: BODY, code: Code.CHANGED });
    const first = answer(script);
    expect([block2(first), toHex(first.first(OptionNumber.BLOCK1) ?? BODY)]).toEqual(['0/1/6', '06']);
    const rest = ask(script, 1, 6, Code.POST);
    expect([rest.code, block2(rest), rest.has(OptionNumber.BLOCK1)]).toEqual([Code.CHANGED, '1/1/6', false]);
  });

  it('of a FETCH goes on with the same body or with none, and two bodies are not mixed (RFC 8132 §2)', () => {
    const script = new Script();
    const one = Uint8Array.of(1);
    const two = Uint8Array.of(2);
    script.receive(request(Code.FETCH, undefined, [], one));
    respond(script, { payload: BODY });
    answer(script);
    script.receive(request(Code.FETCH, undefined, [], two));
    respond(script, { payload: BODY.map((byte) => byte ^ 255) });
    answer(script);
    script.receive(request(Code.FETCH, { num: 2, szx: 6 }, [], one));
    expect(answer(script).payload).toEqual(Buffer.from(BODY.subarray(2_048)));
    script.receive(request(Code.FETCH, { num: 2, szx: 6 }));
    expect(answer(script).payload).toEqual(Buffer.from(BODY.map((byte) => byte ^ 255).subarray(2_048)));
  });

  it('replays a small block from memory and rebuilds a large one for a duplicate', () => {
    const script = new Script();
    script.receive(request(Code.GET, undefined));
    respond(script, { payload: BODY });
    script.sent();
    for (const szx of [2, 6]) {
      const hex = request(Code.GET, { num: 1, szx });
      script.receive(hex);
      script.receive(hex);
      const [one, two] = script.sent();
      expect(two).toBe(one);
    }
  });

  it('changes its ETag with its content and keeps it otherwise', () => {
    const script = new Script();
    const tags = [BODY, BODY, BODY.map((byte) => byte + 1)].map((payload) => {
      script.receive(request(Code.GET, undefined));
      respond(script, { payload });
      return toHex(answer(script).first(OptionNumber.ETAG) ?? BODY);
    });
    expect(tags[0]).toBe(tags[1]);
    expect(tags[2]).not.toBe(tags[0]);
    expect(script.endpoint.gauges()['downloads']).toBe(1);
  });

  it('is kept for 120 s without use, for four requests of a peer, and within one cap in all', () => {
    const script = new Script({ downloadBytesTotal: 65_536 });
    for (let count = 0; count < 6; count += 1) {
      script.receive(request(Code.GET, undefined, [stringOption(OptionNumber.URI_QUERY, `q=${count}`)]));
      respond(script, { payload: BODY });
    }
    expect(script.endpoint.gauges()).toMatchObject({ downloads: 4, buffered_bytes: 10_000 });
    for (let port = 1; port <= 40; port += 1) {
      script.receive(request(Code.GET, undefined), plainPeer(0, '10.0.0.1', port));
      respond(script, { payload: BODY });
      expect(script.endpoint.gauges()['buffered_bytes']).toBeLessThanOrEqual(65_536);
    }
    script.sent();
    script.receive(request(Code.GET, undefined));
    respond(script, { payload: new Uint8Array(65_537) });
    expect(answer(script).code).toBe(Code.SERVICE_UNAVAILABLE);
    script.pass(121_000);
    expect(script.endpoint.gauges()).toMatchObject({ downloads: 0, buffered_bytes: 0 });
  });

  it('goes separately when the application was slow, block by block', () => {
    const script = new Script();
    script.receive(request(Code.GET, undefined));
    const { exchange } = script.event('request');
    script.pass(1_000);
    script.sent();
    script.endpoint.respond(script.now, exchange, { code: Code.CONTENT, payload: BODY });
    const first = answer(script);
    expect([first.type, block2(first)]).toEqual([MessageType.CON, '0/1/6']);
  });
});

describe('a streamed answer', () => {
  const SIZE = 5_000;
  const stream = { id: 9, size: SIZE };

  function piece(offset: number, length: number): Uint8Array {
    return Uint8Array.from({ length }, (_, index) => ((offset + index) * 13) & 255);
  }

  it('asks for each piece when a block of it is wanted, and keeps none', () => {
    const script = new Script();
    script.receive(request(Code.GET, undefined));
    respond(script, { payload: stream });
    for (let num = 0; num < 5; num += 1) {
      if (num > 0) script.receive(request(Code.GET, { num, szx: 6 }));
      const length = Math.min(1_024, SIZE - num * 1_024);
      expect(script.events()).toEqual([{ type: 'bodyWanted', body: 9, offset: num * 1_024, length }]);
      script.endpoint.feed(script.now, 9, num * 1_024, piece(num * 1_024, length));
      const message = answer(script);
      expect(message.payload).toEqual(Buffer.from(piece(num * 1_024, length)));
      expect(message.first(OptionNumber.ETAG)).toHaveLength(8);
    }
    expect(script.endpoint.gauges()).toMatchObject({ bodies: 1, buffered_bytes: 0 });
    script.pass(120_001);
    expect(script.events()).toEqual([{ type: 'bodyDone', body: 9 }]);
  });

  it('sends the empty ACK when its piece is slow, and a duplicate asks for it once', () => {
    const script = new Script();
    const hex = request(Code.GET, undefined);
    script.receive(hex);
    respond(script, { payload: stream });
    script.receive(hex);
    expect(script.types()).toEqual(['bodyWanted']);
    script.pass(1_500);
    expect(answer(script).code).toBe(Code.EMPTY);
    script.endpoint.feed(script.now, 9, 0, piece(0, 1_024));
    expect(answer(script).type).toBe(MessageType.CON);
  });

  it('is given to each of two equal requests that cross', () => {
    const script = new Script();
    const pieces = [7, 8].map((id) => {
      script.receive(request(Code.GET, undefined));
      respond(script, { payload: { id, size: SIZE } });
      return script.event('bodyWanted');
    });
    for (const { body, offset, length } of pieces)
      script.endpoint.feed(script.now, body, offset, piece(offset, length));
    expect(script.sent()).toHaveLength(2);
    script.receive(request(Code.GET, { num: 1, szx: 6 }));
    expect(script.event('bodyWanted').body).toBe(8);
  });

  it('that fits one message carries no Block2', () => {
    const script = new Script();
    script.receive(request(Code.GET, undefined));
    respond(script, { payload: { id: 3, size: 10 } });
    expect(script.events()).toEqual([{ type: 'bodyWanted', body: 3, offset: 0, length: 10 }]);
    script.endpoint.feed(script.now, 3, 0, piece(0, 10));
    const message = answer(script);
    expect([message.has(OptionNumber.BLOCK2), message.payload.length]).toEqual([false, 10]);
  });

  it('of no bytes asks for nothing', () => {
    const script = new Script();
    script.receive(request(Code.GET, undefined));
    respond(script, { payload: { id: 3, size: 0 } });
    expect(script.types()).toEqual([]);
    expect(answer(script).payload).toHaveLength(0);
  });

  it.each(['failBody', 'short piece', 'silence'])('is 5.00 and over after %s', (how) => {
    const script = new Script();
    script.receive(request(Code.GET, undefined));
    respond(script, { payload: stream });
    script.events();
    if (how === 'failBody') script.endpoint.failBody(script.now, 9);
    else if (how === 'short piece') script.endpoint.feed(script.now, 9, 0, piece(0, 1_000));
    else script.pass(30_000);
    expect(script.sent().at(-1)).toMatch(how === 'silence' ? /^41a0/ : /^61a0/);
    expect(script.events()).toEqual([{ type: 'bodyDone', body: 9 }]);
    expect(script.endpoint.gauges()).toMatchObject({ bodies: 0, exchanges: 0, downloads: 0 });
  });

  it('for an exchange that is gone is released at once', () => {
    const script = new Script();
    script.endpoint.respond(script.now, 77, { code: Code.CONTENT, payload: stream });
    expect(script.events()).toEqual([{ type: 'bodyDone', body: 9 }]);
  });

  it.each([5, 6])('of 50 MiB goes out whole and holds less than 256 KiB (blocks of 2^(%i+4))', (szx) => {
    const script = new Script();
    const peers = Array.from({ length: 20 }, (_, index) => plainPeer(0, '10.0.0.1', 1_000 + index));
    const length = 16 << szx;
    const blocks = (50 * 2 ** 20) / length;
    const full = new Uint8Array(length).fill(5);
    const fetch = (body: number, num: number): void => {
      script.receive(request(Code.GET, { num, szx }), peers[body]);
      if (num === 0) respond(script, { payload: { id: body, size: blocks * length } });
      script.events();
      script.endpoint.feed(script.now, body, num * length, full);
      if (script.datagrams.pop()?.hex.endsWith('05') !== true) throw new Error(`block ${num} was not sent`);
    };
    for (let num = 0; num < blocks; num += 1) fetch(0, num);
    for (const body of peers.keys()) for (let num = 0; num < 70; num += 1) fetch(body, num);
    const inUse = memoryInUse();
    expect(script.endpoint.gauges()).toMatchObject({ bodies: 20, buffered_bytes: 0, duplicates: 64 * 20 });
    script.pass(400_000);
    expect(script.alive()).toEqual({});
    const held = (inUse - memoryInUse()) / peers.length;
    expect(held).toBeGreaterThan(0);
    expect(held).toBeLessThan(256 * 1_024);
  });
});
