/** Bodies of received requests in blocks (RFC 7959 §2.5, server), as literal bytes where they are small. */

import { describe, expect, it } from '@jest/globals';
import { encodeUtf8, fromHex, plainPeer, toHex } from '#base';
import type { Peer } from '#base';
import {
  blockOption,
  blockSize,
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
import { DEVICE, Script } from './harness.js';

let nextId = 0;

/** One block of a PUT to a path, as hex. */
function block(
  num: number,
  more: 'more' | 'last',
  szx: number,
  data: Uint8Array,
  extra: readonly Option[] = [],
  path = 'fw',
): string {
  nextId = (nextId + 1) % 65_536;
  const options = [stringOption(OptionNumber.URI_PATH, path), ...extra];
  options.push(blockOption(OptionNumber.BLOCK1, { num, more: more === 'more', szx }));
  const token = fromHex('aa');
  return toHex(
    encodeMessage({ type: MessageType.CON, code: Code.PUT, messageId: nextId, token, options, payload: data }),
  );
}

function answer(script: Script): Message {
  const message = decodeMessage(fromHex(script.one()));
  if (isMalformed(message)) throw new Error(message.malformed);
  return message;
}

function codeOf(script: Script, hex: string, from: Peer = DEVICE): number {
  script.receive(hex, from);
  return answer(script).code;
}

const FILL = new Uint8Array(64).map((_, index) => index);
const piece = (num: number, size: number): Uint8Array => FILL.subarray(num * size, (num + 1) * size);

describe('a request body in blocks', () => {
  it('is answered 2.31 block by block and handed out whole with the first message (RFC 7959 §3.2)', () => {
    const script = new Script();
    // PUT /fw, Block1 0/M/16 then 1/M/16 then 2/-/16: 40 bytes in all.
    script.receive(`41030001aa` + 'b26677' + 'd10308' + 'ff' + '30'.repeat(16));
    expect(script.one()).toBe('615f0001aa' + 'd10e08');
    script.receive(`41030002ab` + 'b26677' + 'd10318' + 'ff' + '31'.repeat(16));
    expect(script.one()).toBe('615f0002ab' + 'd10e18');
    expect(script.types()).toEqual([]);
    script.receive(`41030003ac` + 'b26677' + 'd10320' + 'ff' + '32'.repeat(8));
    const event = script.event('request');
    expect(Buffer.from(event.body).toString()).toBe('0'.repeat(16) + '1'.repeat(16) + '2'.repeat(8));
    expect([event.message.messageId, event.received]).toEqual([1, 28 - 6 + 28 - 6 + 20]);
    script.endpoint.respond(script.now, event.exchange, { code: Code.CHANGED });
    expect(script.one()).toBe('61440003ac' + 'd10e20');
    expect(script.alive()).toEqual({ peers: 1, duplicates: 3 });
  });

  it('leaves what its 2.31 answers took out of the bytes that count as received (RFC 9175 §2.4)', () => {
    const script = new Script();
    for (let num = 0; num < 40; num += 1) {
      const size = num.toString(16).padStart(3, '0');
      script.receive(
        `48030${size} 0102030405060708 b26677 d203 0${(num * 16 + 8).toString(16).padStart(3, '0')} ff ${'30'.repeat(16)}`,
      );
    }
    script.receive(`48030fff 0102030405060708 b26677 d203 0280 ff 30`);
    const { received } = script.event('request');
    const [came, left] = [40 * 36 + 21, script.sent().reduce((sum, hex) => sum + hex.length / 2, 0)];
    expect(left).toBeGreaterThan(40 * 14);
    expect(3 * received).toBeLessThanOrEqual(3 * came - left);
    expect(received).toBeGreaterThan(came / 2);
  });

  it('is handed out at once when its one block is the last', () => {
    const script = new Script();
    script.receive(block(0, 'last', 6, encodeUtf8('hello')));
    const event = script.event('request');
    expect(Buffer.from(event.body).toString()).toBe('hello');
    script.endpoint.respond(script.now, event.exchange, { code: Code.CREATED });
    expect(answer(script).first(OptionNumber.BLOCK1)).toEqual(fromHex('06'));
  });

  it('replays the answer to a block that comes twice, and takes it once', () => {
    const script = new Script();
    const first = block(0, 'more', 0, piece(0, 16));
    script.receive(first);
    script.receive(first);
    const [one, two] = script.sent();
    expect(one).toBe(two);
    script.receive(block(1, 'last', 0, piece(1, 8)));
    expect(script.event('request').body).toHaveLength(24);
  });

  it('takes the last block again under a new message id when its bytes are the same', () => {
    const script = new Script();
    expect(codeOf(script, block(0, 'more', 0, piece(0, 16)))).toBe(Code.CONTINUE);
    expect(codeOf(script, block(1, 'more', 0, piece(1, 16)))).toBe(Code.CONTINUE);
    expect(codeOf(script, block(1, 'more', 0, piece(1, 16)))).toBe(Code.CONTINUE);
    expect(codeOf(script, block(1, 'more', 0, piece(2, 16)))).toBe(Code.REQUEST_ENTITY_INCOMPLETE);
    script.receive(block(2, 'last', 0, piece(2, 16)));
    expect(script.event('request').body).toEqual(FILL.slice(0, 48));
  });

  it('begins again with block 0', () => {
    const script = new Script();
    codeOf(script, block(0, 'more', 0, piece(0, 16)));
    codeOf(script, block(1, 'more', 0, piece(1, 16)));
    codeOf(script, block(0, 'more', 0, piece(2, 16)));
    script.receive(block(1, 'last', 0, piece(3, 16)));
    expect(script.event('request').body).toEqual(FILL.slice(32, 64));
  });

  it('is answered 4.08 for a gap, for a later block alone, and after its time (RFC 7959 §2.9.2)', () => {
    const script = new Script();
    expect(codeOf(script, block(1, 'more', 0, piece(1, 16)))).toBe(Code.REQUEST_ENTITY_INCOMPLETE);
    expect(codeOf(script, block(0, 'more', 0, piece(0, 16)))).toBe(Code.CONTINUE);
    expect(codeOf(script, block(2, 'more', 0, piece(2, 16)))).toBe(Code.REQUEST_ENTITY_INCOMPLETE);
    expect(codeOf(script, block(1, 'more', 0, piece(1, 16)))).toBe(Code.CONTINUE);
    script.pass(60_001);
    expect(codeOf(script, block(2, 'more', 0, piece(2, 16)))).toBe(Code.REQUEST_ENTITY_INCOMPLETE);
    expect(script.endpoint.counters['assemblies_expired']).toBe(1);
  });

  it('is dropped after five minutes however busy it is', () => {
    const script = new Script();
    let num = 0;
    while (codeOf(script, block(num, 'more', 0, piece(0, 16))) === Code.CONTINUE) {
      num += 1;
      script.pass(50_000);
    }
    expect(num).toBe(6);
  });

  it('is answered 4.00 when a block has another size than it says, or the reserved one', () => {
    const script = new Script();
    expect(codeOf(script, block(0, 'more', 0, piece(0, 8)))).toBe(Code.BAD_REQUEST);
    expect(codeOf(script, block(0, 'more', 1, piece(0, 16)))).toBe(Code.BAD_REQUEST);
    expect(codeOf(script, block(0, 'last', 0, FILL))).toBe(Code.BAD_REQUEST);
    expect(codeOf(script, '41030001aa' + 'd10e0f' + 'ff00')).toBe(Code.BAD_REQUEST);
  });

  it('follows a smaller block size at any time', () => {
    const script = new Script();
    codeOf(script, block(0, 'more', 1, piece(0, 32)));
    codeOf(script, block(2, 'more', 0, piece(2, 16)));
    script.receive(block(3, 'last', 0, piece(3, 16)));
    expect(script.event('request').body).toEqual(FILL);
  });

  it('is asked for in smaller blocks when ours are smaller (RFC 7959 §2.3)', () => {
    const script = new Script({ blockSize: 16 });
    script.receive(block(0, 'more', 1, piece(0, 32)));
    const first = answer(script);
    expect([first.code, toHex(first.first(OptionNumber.BLOCK1) ?? FILL)]).toEqual([Code.CONTINUE, '08']);
    codeOf(script, block(2, 'more', 0, piece(2, 16)));
    script.receive(block(3, 'last', 0, piece(3, 16)));
    expect(script.event('request').body).toEqual(FILL);
  });

  it('is answered 4.13 with the largest size at the first block that announces more, and once it is too large', () => {
    const script = new Script({ bodyBytes: 1_024 });
    script.receive(block(0, 'more', 0, piece(0, 16), [uintOption(OptionNumber.SIZE1, 1_025)]));
    const refused = answer(script);
    expect([refused.code, refused.uint(OptionNumber.SIZE1)]).toEqual([Code.REQUEST_ENTITY_TOO_LARGE, 1_024]);
    for (let num = 0; num < 64; num += 1) {
      expect(codeOf(script, block(num, 'more', 0, piece(0, 16)))).toBe(Code.CONTINUE);
    }
    expect(codeOf(script, block(64, 'more', 0, piece(0, 16)))).toBe(Code.REQUEST_ENTITY_TOO_LARGE);
    expect(script.endpoint.gauges()).toMatchObject({ assemblies: 0, buffered_bytes: 0 });
  });

  it('does not mix bodies of different paths or Request-Tags sent at the same time (RFC 9175 §3.3)', () => {
    const script = new Script();
    const tag = (text: string): Option[] => [bytesOption(OptionNumber.REQUEST_TAG, encodeUtf8(text))];
    codeOf(script, block(0, 'more', 0, piece(0, 16), tag('a')));
    codeOf(script, block(0, 'more', 0, piece(2, 16), tag('b')));
    script.receive(block(1, 'last', 0, piece(3, 16), tag('b')));
    expect(script.event('request').body).toEqual(FILL.slice(32, 64));
    codeOf(script, block(0, 'more', 0, piece(2, 16), [], 'other'));
    script.receive(block(1, 'last', 0, piece(1, 16), tag('a')));
    expect(script.event('request').body).toEqual(FILL.slice(0, 32));
    expect(codeOf(script, block(1, 'last', 0, piece(1, 16)))).toBe(Code.REQUEST_ENTITY_INCOMPLETE);
  });

  it('never becomes a mixed body when first and last blocks of two operations are held back (security.md row 9)', () => {
    const script = new Script();
    const tag = (text: string): Option[] => [bytesOption(OptionNumber.REQUEST_TAG, encodeUtf8(text))];
    const one = [0, 1, 2].map((num) => block(num, num === 2 ? 'last' : 'more', 0, piece(0, 16), tag('1')));
    const two = [0, 1, 2].map((num) => block(num, num === 2 ? 'last' : 'more', 0, piece(1, 16), tag('2')));
    for (const hex of [one[0], one[1], two[0], two[1], one[2], two[2], one[1], two[2]]) script.receive(hex as string);
    const bodies = script.events().map((event) => (event.type === 'request' ? event.body : FILL));
    expect(bodies).toEqual(
      [one, two].map((_, index) => Uint8Array.from({ length: 48 }, (__, at) => index * 16 + (at % 16))),
    );
  });

  it('is refused as the third of a peer, and the memory of 1,000 peers stays under the cap (security.md row 8)', () => {
    const script = new Script({ bufferedBytesTotal: 1_048_576 });
    const codes = new Map<number, number>();
    const data = new Uint8Array(1_024);
    for (let port = 1; port <= 1_000; port += 1) {
      for (const path of ['a', 'b', 'c']) {
        const code = codeOf(script, block(0, 'more', 6, data, [], path), plainPeer(0, '10.1.1.1', port));
        codes.set(code, (codes.get(code) ?? 0) + 1);
        expect(script.endpoint.gauges()['buffered_bytes']).toBeLessThanOrEqual(1_048_576);
      }
    }
    expect(codes.get(Code.CONTINUE)).toBe(512);
    expect(codes.get(Code.REQUEST_ENTITY_INCOMPLETE)).toBe(256);
    expect(codes.get(Code.SERVICE_UNAVAILABLE)).toBe(3_000 - 512 - 256);
    script.pass(61_000);
    expect(script.endpoint.gauges()).toMatchObject({ assemblies: 0, buffered_bytes: 0 });
    script.pass(200_000);
    expect(script.alive()).toEqual({});
  });

  it('takes memory for bytes received, not for bytes announced', () => {
    const script = new Script();
    codeOf(script, block(0, 'more', 0, piece(0, 16), [uintOption(OptionNumber.SIZE1, 1_000_000)]));
    expect(script.endpoint.gauges()['buffered_bytes']).toBeLessThanOrEqual(2_048);
  });

  it('of 1 MiB in blocks of 1,024 arrives whole', () => {
    const script = new Script();
    const size = blockSize(6);
    for (let num = 0; num < 1_023; num += 1) {
      const data = new Uint8Array(size).fill(num);
      if (codeOf(script, block(num, 'more', 6, data)) !== Code.CONTINUE) throw new Error(`block ${num} was refused`);
    }
    script.receive(block(1_023, 'last', 6, new Uint8Array(size).fill(1_023)));
    const { body, received } = script.event('request');
    expect(body).toHaveLength(1_048_576);
    expect(body.every((byte, at) => byte === ((at >> 10) & 255))).toBe(true);
    expect(received).toBeGreaterThan(1_048_576);
    expect(script.endpoint.gauges()['buffered_bytes']).toBe(0);
  });
});
