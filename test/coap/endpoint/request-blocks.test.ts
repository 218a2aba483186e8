/** Requests of ours with bodies in blocks, both ways (RFC 7959 §2.4, §2.5, client), against a scripted device. */

import { describe, expect, it } from '@jest/globals';
import { fromHex, toHex } from '#base';
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
  uintOption,
} from '#coap/codec';
import type { Message, Option } from '#coap/codec';
import type { OutgoingRequest, Parameters } from '#coap/endpoint';
import { memoryInUse } from '../../support/memory.js';
import { DEVICE, Script } from './harness.js';

const BODY = Uint8Array.from({ length: 2_500 }, (_, index) => (index * 11) & 255);
const NOTHING = new Uint8Array(0);

/** A device whose answers are written one by one. */
class Device {
  readonly script: Script;

  constructor(values: Partial<Parameters> = {}) {
    this.script = new Script(values);
  }

  request(request: Partial<OutgoingRequest>): number {
    const options = [stringOption(OptionNumber.URI_PATH, '5')];
    return this.script.endpoint.request(this.script.now, { peer: DEVICE, code: Code.PUT, options, ...request });
  }

  /** The one request that came. */
  got(): Message {
    const message = decodeMessage(fromHex(this.script.one()));
    if (isMalformed(message)) throw new Error(message.malformed);
    return message;
  }

  /** Answers a request in its ACK. */
  answer(to: Message, code: number, options: readonly Option[] = [], payload: Uint8Array = NOTHING): void {
    const { messageId, token } = to;
    this.script.receive(toHex(encodeMessage({ type: MessageType.ACK, code, messageId, token, options, payload })));
  }
}

/** Block1 or Block2 of a message as `num/more/szx`. */
function show(message: Message, option: number): string | undefined {
  const value = message.uint(option);
  return value === undefined ? undefined : `${value >> 4}/${(value >> 3) & 1}/${value & 7}`;
}

function block1(num: number, more: 0 | 1, szx: number): Option {
  return blockOption(OptionNumber.BLOCK1, { num, more: more === 1, szx });
}

function block2(num: number, more: 0 | 1, szx: number): Option {
  return blockOption(OptionNumber.BLOCK2, { num, more: more === 1, szx });
}

function etag(text: string): Option {
  return bytesOption(OptionNumber.ETAG, fromHex(text));
}

describe('a body of ours in blocks', () => {
  it('goes whole when it fits', () => {
    const device = new Device();
    device.request({ payload: BODY.subarray(0, 1_024) });
    const message = device.got();
    expect([message.has(OptionNumber.BLOCK1), message.payload.length]).toEqual([false, 1_024]);
  });

  it('goes block by block, with Size1 in the first, under one token (RFC 7959 §2.5)', () => {
    const device = new Device();
    device.request({ payload: BODY });
    const pieces: Uint8Array[] = [];
    const seen: unknown[] = [];
    for (let num = 0; num < 3; num += 1) {
      const message = device.got();
      pieces.push(message.payload);
      seen.push([show(message, OptionNumber.BLOCK1), message.uint(OptionNumber.SIZE1), message.tokenKey().length]);
      if (num < 2) device.answer(message, Code.CONTINUE, [block1(num, 1, 6)]);
      else device.answer(message, Code.CHANGED, [block1(num, 0, 6)]);
    }
    expect(seen).toEqual([
      ['0/1/6', 2_500, 8],
      ['1/1/6', undefined, 8],
      ['2/0/6', undefined, 8],
    ]);
    expect(Buffer.concat(pieces)).toEqual(Buffer.from(BODY));
    expect(device.script.event('response').message.code).toBe(Code.CHANGED);
  });

  it('retransmits one block and not the transfer', () => {
    const device = new Device();
    device.request({ payload: BODY });
    device.answer(device.got(), Code.CONTINUE, [block1(0, 1, 6)]);
    const [second] = device.script.sent();
    device.script.pass(3_000);
    expect(device.script.sent()).toEqual([second]);
  });

  it('goes on in smaller blocks from where it was when the answer says so (RFC 7959 §3.2)', () => {
    const device = new Device();
    device.request({ payload: BODY });
    device.answer(device.got(), Code.CONTINUE, [block1(0, 1, 2)]);
    const second = device.got();
    expect([show(second, OptionNumber.BLOCK1), second.payload]).toEqual([
      '16/1/2',
      Buffer.from(BODY.subarray(1_024, 1_088)),
    ]);
    device.answer(second, Code.CONTINUE, [block1(16, 1, 0)]);
    expect(show(device.got(), OptionNumber.BLOCK1)).toBe('68/1/0');
  });

  it('begins in the preferred size', () => {
    const device = new Device();
    device.request({ payload: BODY, preferredBlockSize: 128 });
    const message = device.got();
    expect([show(message, OptionNumber.BLOCK1), show(message, OptionNumber.BLOCK2)]).toEqual(['0/1/3', '0/0/3']);
  });

  it('begins again in smaller blocks on 4.13 with a smaller size, also when it went whole (RFC 7959 §2.9.3)', () => {
    const device = new Device();
    device.request({ payload: BODY.subarray(0, 600) });
    device.answer(device.got(), Code.REQUEST_ENTITY_TOO_LARGE, [block1(0, 0, 4)]);
    const smaller = device.got();
    expect([show(smaller, OptionNumber.BLOCK1), smaller.payload.length]).toEqual(['0/1/4', 256]);
    device.answer(smaller, Code.REQUEST_ENTITY_TOO_LARGE, [block1(0, 1, 4), uintOption(OptionNumber.SIZE1, 100)]);
    expect(device.script.event('response').message.uint(OptionNumber.SIZE1)).toBe(100);
  });

  it('begins again on 4.08, three times at most (RFC 7959 §2.9.2)', () => {
    const device = new Device();
    device.request({ payload: BODY });
    for (let again = 0; again < 4; again += 1) {
      device.answer(device.got(), Code.CONTINUE, [block1(0, 1, 6)]);
      const second = device.got();
      expect(show(second, OptionNumber.BLOCK1)).toBe('1/1/6');
      device.answer(second, Code.REQUEST_ENTITY_INCOMPLETE);
    }
    expect(device.script.event('response').message.code).toBe(Code.REQUEST_ENTITY_INCOMPLETE);
  });

  it('ends with an error to any block', () => {
    const device = new Device();
    device.request({ payload: BODY });
    device.answer(device.got(), Code.METHOD_NOT_ALLOWED);
    expect(device.script.event('response').message.code).toBe(Code.METHOD_NOT_ALLOWED);
    device.script.pass(200_000);
    expect(device.script.sent()).toEqual([]);
  });

  it('goes on after a success to a block that is not the last, when the answer names the block', () => {
    const device = new Device();
    device.request({ payload: BODY });
    device.answer(device.got(), Code.CHANGED, [block1(0, 0, 6)]);
    expect(show(device.got(), OptionNumber.BLOCK1)).toBe('1/1/6');
  });

  it('goes on after a 2.31 that leaves out Block1, which can only mean the block just sent', () => {
    const device = new Device();
    device.request({ payload: BODY });
    device.answer(device.got(), Code.CONTINUE);
    expect(show(device.got(), OptionNumber.BLOCK1)).toBe('1/1/6');
  });

  it.each([
    ['a success without Block1 to a first block', Code.CHANGED, []],
    ['2.31 with another number', Code.CONTINUE, [block1(1, 1, 6)]],
  ])('fails on %s', (_what, code, options) => {
    const device = new Device();
    device.request({ payload: BODY });
    device.answer(device.got(), code, options);
    expect(device.script.event('requestFailed').reason).toBe('bad_response');
  });

  it('carries a Request-Tag of its own for a while after a broken transfer (RFC 9175 §3.4)', () => {
    const device = new Device();
    device.request({ payload: BODY });
    expect(device.got().has(OptionNumber.REQUEST_TAG)).toBe(false);
    device.script.pass(100_000);
    expect(device.script.event('requestFailed').reason).toBe('timeout');
    device.script.sent();
    const tags = [1, 2].map(() => {
      device.request({ payload: BODY });
      const message = device.got();
      device.answer(message, Code.NOT_FOUND);
      return toHex(message.first(OptionNumber.REQUEST_TAG) ?? NOTHING);
    });
    expect(tags).toEqual(['01', '02']);
    device.script.pass(248_000);
    device.request({ payload: BODY });
    expect(device.got().has(OptionNumber.REQUEST_TAG)).toBe(false);
  });

  it('carries a Request-Tag of its own while another goes there at the same time (RFC 9175 §3.3)', () => {
    const device = new Device({ nstart: 2 });
    device.request({ payload: BODY });
    const first = device.got();
    device.request({ payload: BODY });
    const second = device.got();
    expect(first.has(OptionNumber.REQUEST_TAG)).toBe(false);
    expect(second.has(OptionNumber.REQUEST_TAG)).toBe(true);
    device.answer(second, Code.CONTINUE, [block1(0, 1, 6)]);
    expect(device.got().first(OptionNumber.REQUEST_TAG)).toEqual(second.first(OptionNumber.REQUEST_TAG));
  });

  it('is begun again with the Echo of a challenge in every block (RFC 9175 §2.3)', () => {
    const device = new Device();
    device.request({ payload: BODY });
    device.answer(device.got(), Code.CONTINUE, [block1(0, 1, 6)]);
    device.answer(device.got(), Code.UNAUTHORIZED, [bytesOption(OptionNumber.ECHO, fromHex('ec'))]);
    const again = device.got();
    expect([show(again, OptionNumber.BLOCK1), again.first(OptionNumber.ECHO)]).toEqual(['0/1/6', fromHex('ec')]);
    device.answer(again, Code.CONTINUE, [block1(0, 1, 6)]);
    expect(device.got().first(OptionNumber.ECHO)).toEqual(fromHex('ec'));
  });
});

describe('a streamed body of ours', () => {
  it('is asked for block by block and done at the end', () => {
    const device = new Device();
    device.request({ payload: { id: 4, size: 2_500 } });
    for (let num = 0; num < 3; num += 1) {
      const length = num < 2 ? 1_024 : 452;
      expect(device.script.events()).toEqual([{ type: 'bodyWanted', body: 4, offset: num * 1_024, length }]);
      expect(device.script.sent()).toEqual([]);
      device.script.endpoint.feed(device.script.now, 4, num * 1_024, BODY.subarray(num * 1_024, num * 1_024 + length));
      const message = device.got();
      expect(message.payload).toEqual(Buffer.from(BODY.subarray(num * 1_024, num * 1_024 + length)));
      device.answer(message, num < 2 ? Code.CONTINUE : Code.CHANGED, [block1(num, num < 2 ? 1 : 0, 6)]);
    }
    expect(device.script.types()).toEqual(['response', 'bodyDone']);
    expect(device.script.endpoint.gauges()['bodies']).toBe(0);
  });

  /** Sends a body of so many blocks, piece by piece: bytes that were held at most, beside what was before block 1,000. */
  function stream(blocks: number): number {
    const device = new Device();
    const { script } = device;
    const piece = new Uint8Array(1_024).fill(5);
    let [before, most] = [0, 0];
    device.request({ payload: { id: 4, size: blocks * 1_024 } });
    for (let num = 0; num < blocks; num += 1) {
      const wanted = script.event('bodyWanted');
      if (wanted.offset !== num * 1_024) throw new Error(`offset ${wanted.offset} instead of block ${num}`);
      script.endpoint.feed(script.now, 4, wanted.offset, piece);
      const message = device.got();
      script.datagrams.length = 0;
      script.sent();
      if (num === 1_000) before = memoryInUse();
      if (num % 10_000 === 9_999) most = Math.max(most, memoryInUse() - before);
      const last = num === blocks - 1;
      device.answer(message, last ? Code.CHANGED : Code.CONTINUE, [block1(num, last ? 0 : 1, 6)]);
    }
    expect(script.types()).toEqual(['response', 'bodyDone']);
    script.pass(248_000);
    expect(script.alive()).toEqual({});
    return most;
  }

  it('of 50 MiB goes out whole and holds less than 256 KiB', () => {
    // Once before it counts: what the engine learns and compiles on the way stays, and is not the body's.
    stream(10_000);
    expect(stream(50 * 1_024)).toBeLessThan(256 * 1_024);
  });

  it.each(['failBody', 'short piece', 'silence'])('fails after %s', (how) => {
    const device = new Device();
    const { script } = device;
    device.request({ payload: { id: 4, size: 2_500 } });
    script.events();
    if (how === 'failBody') script.endpoint.failBody(script.now, 4);
    else if (how === 'short piece') script.endpoint.feed(script.now, 4, 0, BODY.subarray(0, 3));
    else script.pass(30_000);
    expect(script.events()).toMatchObject([
      { type: 'requestFailed', reason: 'body_failed', sent: 'no' },
      { type: 'bodyDone', body: 4 },
    ]);
    expect(script.sent()).toEqual([]);
  });

  it('takes no piece it did not ask for', () => {
    const device = new Device();
    device.request({ payload: { id: 4, size: 2_500 } });
    device.script.endpoint.feed(device.script.now, 4, 1_024, BODY.subarray(0, 1_024));
    device.script.endpoint.feed(device.script.now, 5, 0, BODY.subarray(0, 1_024));
    expect(device.script.sent()).toEqual([]);
  });

  it('is released when its request is refused for a full queue', () => {
    const device = new Device({ queuePerPeer: 0 });
    device.request({});
    device.request({ payload: { id: 4, size: 2_500 } });
    expect(device.script.types()).toEqual(['requestFailed', 'bodyDone']);
  });

  it('fails when the device asks for blocks so small that their numbers do not reach its end', () => {
    const device = new Device();
    device.request({ payload: { id: 4, size: 50 * 2 ** 20 } });
    device.script.endpoint.feed(device.script.now, 4, 0, BODY.subarray(0, 1_024));
    device.answer(device.got(), Code.CONTINUE, [block1(0, 1, 0)]);
    expect(device.script.events().at(-2)).toMatchObject({ type: 'requestFailed', reason: 'too_large' });
  });
});

describe('a response in blocks', () => {
  /** Answers the requests that come with blocks of a body until the response is there. */
  function serve(device: Device, body: Uint8Array, szx: number, options: readonly Option[] = []): unknown[] {
    const asked: unknown[] = [];
    for (;;) {
      const sent = device.script.sent();
      if (sent.length === 0) return asked;
      const message = decodeMessage(fromHex(sent[0] as string)) as Message;
      const size = 16 << szx;
      const num = (message.uint(OptionNumber.BLOCK2) ?? 0) >> 4;
      asked.push([show(message, OptionNumber.BLOCK2), message.payload.length]);
      const more = (num + 1) * size < body.length ? 1 : 0;
      device.answer(
        message,
        Code.CONTENT,
        [...options, block2(num, more, szx)],
        body.subarray(num * size, (num + 1) * size),
      );
    }
  }

  it('is joined; the rest is asked for with the same options, without body (RFC 7959 §2.4)', () => {
    const device = new Device();
    device.request({ code: Code.GET });
    expect(serve(device, BODY, 6, [etag('01')])).toEqual([
      [undefined, 0],
      ['1/0/6', 0],
      ['2/0/6', 0],
    ]);
    expect(device.script.event('response').body).toEqual(BODY);
    expect(device.script.endpoint.gauges()['buffered_bytes']).toBe(0);
  });

  it('of a FETCH is asked for with the body again, of a POST without', () => {
    for (const [code, length] of [
      [Code.FETCH, 5],
      [Code.POST, 0],
    ] as const) {
      const device = new Device();
      device.request({ code, payload: BODY.subarray(0, 5) });
      expect(serve(device, BODY.subarray(0, 100), 2)).toEqual([
        [undefined, 5],
        ['1/0/2', length],
      ]);
      expect(device.script.event('response').body).toEqual(BODY.slice(0, 100));
    }
  });

  it('follows the last block of a body of ours (RFC 7959 §3.3)', () => {
    const device = new Device();
    device.request({ code: Code.POST, payload: BODY });
    for (let num = 0; num < 2; num += 1) device.answer(device.got(), Code.CONTINUE, [block1(num, 1, 6)]);
    device.answer(device.got(), Code.CHANGED, [block1(2, 0, 6), block2(0, 1, 0)], BODY.subarray(0, 16));
    const rest = device.got();
    expect([rest.has(OptionNumber.BLOCK1), show(rest, OptionNumber.BLOCK2), rest.payload.length]).toEqual([
      false,
      '1/0/0',
      0,
    ]);
    device.answer(rest, Code.CHANGED, [block2(1, 0, 0)], BODY.subarray(16, 20));
    expect(device.script.event('response').body).toEqual(BODY.slice(0, 20));
  });

  it('follows a smaller size at any time', () => {
    const device = new Device();
    device.request({ code: Code.GET });
    device.answer(device.got(), Code.CONTENT, [block2(0, 1, 2)], BODY.subarray(0, 64));
    device.answer(device.got(), Code.CONTENT, [block2(4, 1, 0)], BODY.subarray(64, 80));
    const third = device.got();
    expect(show(third, OptionNumber.BLOCK2)).toBe('5/0/0');
    device.answer(third, Code.CONTENT, [block2(5, 0, 0)], BODY.subarray(80, 90));
    expect(device.script.event('response').body).toEqual(BODY.slice(0, 90));
  });

  it('begins again when its ETag changes, and is never mixed (RFC 7959 §2.4)', () => {
    const device = new Device();
    device.request({ code: Code.GET });
    device.answer(device.got(), Code.CONTENT, [etag('01'), block2(0, 1, 0)], BODY.subarray(0, 16));
    device.answer(device.got(), Code.CONTENT, [etag('02'), block2(1, 1, 0)], BODY.subarray(500, 516));
    expect(show(device.got(), OptionNumber.BLOCK2)).toBe('0/0/0');
    device.script.pass(2_999);
    const again = decodeMessage(fromHex(device.script.sent().at(-1) ?? '')) as Message;
    device.answer(again, Code.CONTENT, [etag('02'), block2(0, 1, 0)], BODY.subarray(484, 500));
    device.answer(device.got(), Code.CONTENT, [etag('02'), block2(1, 0, 0)], BODY.subarray(500, 516));
    const event = device.script.event('response');
    expect(event.body).toEqual(BODY.slice(484, 516));
    expect(event.message.first(OptionNumber.ETAG)).toEqual(fromHex('02'));
  });

  it('fails when its ETag never stays', () => {
    const device = new Device();
    device.request({ code: Code.GET });
    let tag = 16;
    let asked = 0;
    for (let sent = device.script.sent(); sent.length > 0; sent = device.script.sent()) {
      const message = decodeMessage(fromHex(sent[0] as string)) as Message;
      const num = (message.uint(OptionNumber.BLOCK2) ?? 0) >> 4;
      tag += 1;
      asked += 1;
      device.answer(message, Code.CONTENT, [etag(tag.toString(16)), block2(num, 1, 0)], BODY.subarray(0, 16));
    }
    expect(asked).toBe(8);
    expect(device.script.event('requestFailed').reason).toBe('bad_response');
  });

  it('ends with an error to a later block', () => {
    const device = new Device();
    device.request({ code: Code.GET });
    device.answer(device.got(), Code.CONTENT, [block2(0, 1, 0)], BODY.subarray(0, 16));
    device.answer(device.got(), Code.NOT_FOUND);
    expect(device.script.event('response').message.code).toBe(Code.NOT_FOUND);
    expect(device.script.endpoint.gauges()['buffered_bytes']).toBe(0);
  });

  it.each([
    ['does not begin with block 0', block2(1, 1, 0), 16],
    ['is shorter than its block says', block2(0, 1, 0), 15],
    ['is longer than its block says', block2(0, 0, 0), 17],
  ])('fails when it %s', (_what, option, length) => {
    const device = new Device();
    device.request({ code: Code.GET });
    device.answer(device.got(), Code.CONTENT, [option], BODY.subarray(0, length));
    expect(device.script.event('requestFailed').reason).toBe('bad_response');
  });

  it('fails when a later block has another number or a larger size', () => {
    for (const option of [block2(2, 1, 0), block2(1, 1, 1), bytesOption(OptionNumber.BLOCK2, fromHex('1f'))]) {
      const device = new Device();
      device.request({ code: Code.GET });
      device.answer(device.got(), Code.CONTENT, [block2(0, 1, 0)], BODY.subarray(0, 16));
      device.answer(device.got(), Code.CONTENT, [option], BODY.subarray(0, 16));
      expect(device.script.event('requestFailed').reason).toBe('bad_response');
    }
  });

  it('fails when it is or says it is too large', () => {
    const device = new Device({ bodyBytes: 1_024 });
    device.request({ code: Code.GET });
    device.answer(
      device.got(),
      Code.CONTENT,
      [block2(0, 1, 0), uintOption(OptionNumber.SIZE2, 2_000)],
      BODY.subarray(0, 16),
    );
    expect(device.script.event('requestFailed').reason).toBe('too_large');
    device.request({ code: Code.GET });
    serve(device, BODY, 4);
    expect(device.script.event('requestFailed').reason).toBe('too_large');
    expect(device.script.endpoint.gauges()['buffered_bytes']).toBe(0);
  });

  it('is one block when the request names its number (random access)', () => {
    const device = new Device();
    device.request({ code: Code.GET, options: [block2(7, 0, 2)] });
    const message = device.got();
    expect(show(message, OptionNumber.BLOCK2)).toBe('7/0/2');
    device.answer(message, Code.CONTENT, [block2(7, 1, 2)], BODY.subarray(448, 512));
    const event = device.script.event('response');
    expect([show(event.message, OptionNumber.BLOCK2), event.body.length]).toEqual(['7/1/2', 64]);
  });

  it('ignores a late separate response to an earlier block', () => {
    const device = new Device();
    device.request({ code: Code.GET });
    const first = device.got();
    device.answer(first, Code.CONTENT, [block2(0, 1, 0)], BODY.subarray(0, 16));
    const second = device.got();
    const parts = { type: MessageType.NON, code: Code.CONTENT, messageId: 7, token: first.token };
    device.script.receive(
      toHex(encodeMessage({ ...parts, options: [block2(0, 1, 0)], payload: BODY.subarray(0, 16) })),
    );
    expect(device.script.sent()).toEqual([]);
    device.answer(second, Code.CONTENT, [block2(1, 0, 0)], BODY.subarray(16, 20));
    expect(device.script.event('response').body).toEqual(BODY.slice(0, 20));
  });
});
