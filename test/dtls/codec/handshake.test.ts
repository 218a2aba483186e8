import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { EMPTY, fromHex, InvariantError, toHex } from '#base';
import {
  HANDSHAKE_HEADER,
  handshakeMessage,
  HandshakeType,
  MAX_HANDSHAKE_BODY,
  newFragmentView,
  readFragment,
  writeFragment,
} from '#dtls/codec';
import type { FragmentFault, FragmentView } from '#dtls/codec';

/** Bytes 3 to 5 of a Finished of 12, message sequence 0x0102. */
const HEX = '1400000c0102000003000002aabb';

function read(
  bytes: Uint8Array | string,
  at = 0,
  end?: number,
): { fault: FragmentFault | undefined; view: FragmentView } {
  const view = newFragmentView();
  const whole = typeof bytes === 'string' ? fromHex(bytes) : bytes;
  return { fault: readFragment(whole, at, end ?? whole.length, view), view };
}

/** A fragment's header and as many bytes as it says. */
function fragment(type: number, length: number, offset: number, size: number): Buffer {
  const bytes = Buffer.alloc(HANDSHAKE_HEADER + size);
  bytes[0] = type;
  bytes.writeUIntBE(length, 1, 3);
  bytes.writeUIntBE(offset, 6, 3);
  bytes.writeUIntBE(size, 9, 3);
  return bytes;
}

describe('a fragment', () => {
  it('is read into positions', () => {
    expect(read(HEX)).toEqual({
      fault: undefined,
      view: { type: 20, length: 12, sequence: 0x0102, offset: 3, start: 12, end: 14 },
    });
  });

  it('is found behind the one before it, and not beyond the end of the record', () => {
    const bytes = fromHex(`${HEX}${HEX}0e000000000300000000000016feff`);
    expect(read(bytes, 14, 40).view).toMatchObject({ type: 20, start: 26, end: 28 });
    expect(read(bytes, 28, 40)).toMatchObject({ fault: undefined, view: { type: 14, length: 0, start: 40, end: 40 } });
    expect(read(bytes, 28, 39)).toMatchObject({ fault: 'fragment_truncated', view: { end: 39 } });
    expect(read(bytes, 14, 27)).toMatchObject({ fault: 'fragment_truncated', view: { end: 27 } });
  });

  it('is truncated when it is cut at any byte', () => {
    const bytes = fromHex(HEX);
    for (let length = 0; length < bytes.length; length += 1) {
      const around = new Uint8Array(bytes.length + 64);
      around.set(bytes.subarray(0, length), 3);
      const cut = read(around.subarray(3, 3 + length));
      expect([length, cut.fault, cut.view.end]).toEqual([length, 'fragment_truncated', length]);
      expect(read(bytes, 0, length).fault).toBe('fragment_truncated');
    }
  });

  it('is truncated when the end given lies beyond the bytes', () => {
    expect(read(HEX, 0, 15).fault).toBe('fragment_truncated');
  });

  it('is truncated when its length says more than is left', () => {
    const bytes = fromHex(HEX);
    const said = (size: number) => {
      bytes.writeUIntBE(size, 9, 3);
      return read(bytes);
    };
    expect(said(1)).toMatchObject({ fault: undefined, view: { end: 13 } });
    expect(said(2)).toMatchObject({ fault: undefined, view: { end: 14 } });
    expect(said(3)).toMatchObject({ fault: 'fragment_truncated', view: { end: 14 } });
    expect(said(0xff_ffff)).toMatchObject({ fault: 'fragment_truncated', view: { end: 14 } });
  });

  it.each([
    ['within', 12, 10, 2, undefined],
    ['one byte beyond', 12, 11, 2, 'fragment_beyond_message'],
    ['at its end and not empty', 12, 12, 1, 'fragment_beyond_message'],
    ['behind its end', 12, 13, 0, 'fragment_beyond_message'],
    ['far behind its end', 12, 0xff_ffff, 2, 'fragment_beyond_message'],
    ['of a message of no bytes', 0, 0, 1, 'fragment_beyond_message'],
    ['at the end of the largest message', 0xff_ffff, 0xff_fffd, 2, undefined],
    ['empty, of a message with bytes', 12, 0, 0, 'fragment_empty'],
    ['empty, at the end of a message with bytes', 12, 12, 0, 'fragment_empty'],
    ['empty, of an empty message', 0, 0, 0, undefined],
  ] as const)('that lies %s: length %d, offset %d, %d bytes: %s', (_, length, offset, size, fault) => {
    const bytes = Buffer.concat([fragment(HandshakeType.FINISHED, length, offset, size), fromHex(HEX)]);
    expect(read(bytes)).toMatchObject({
      fault,
      view: { type: 20, length, offset, start: 12, end: HANDSHAKE_HEADER + size },
    });
  });

  it('of a type that is none of ours is passed over, its type known', () => {
    const known = new Set<number>(Object.values(HandshakeType));
    for (let type = 0; type <= 255; type += 1) {
      const fault = known.has(type) ? undefined : 'handshake_type';
      expect(read(fragment(type, 2, 0, 2))).toMatchObject({ fault, view: { type, end: 14 } });
    }
  });

  it('is passed in steps that never stand still', () => {
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 1, maxLength: 200 }), (bytes) => {
        const view = newFragmentView();
        for (let at = 0; at < bytes.length; at = view.end) {
          readFragment(bytes, at, bytes.length, view);
          expect(view.end).toBeGreaterThan(at);
          expect(view.end).toBeLessThanOrEqual(bytes.length);
        }
      }),
    );
  });
});

describe('a handshake message', () => {
  it('is written as one fragment with a copy of its body', () => {
    const body = fromHex('7004aaf060dd21f456ef1488');
    const message = handshakeMessage(HandshakeType.FINISHED, 3, body);
    body.fill(0);
    expect(toHex(message)).toBe('1400000c000300000000000c7004aaf060dd21f456ef1488');
    expect(toHex(handshakeMessage(HandshakeType.SERVER_HELLO_DONE, 0x0102, EMPTY))).toBe('0e0000000102000000000000');
  });

  it('reads back from the fragments it is cut into', () => {
    fc.assert(
      fc.property(
        fc.constantFrom(...Object.values(HandshakeType)),
        fc.nat({ max: 0xffff }),
        fc.uint8Array({ minLength: 1, maxLength: 300 }),
        fc.integer({ min: 1, max: 90 }),
        (type, sequence, body, size) => {
          const message = handshakeMessage(type, sequence, body);
          const again = new Uint8Array(body.length);
          const out = new Uint8Array(HANDSHAKE_HEADER + size + 1).fill(0xee);
          for (let offset = 0; offset < body.length; offset += size) {
            const length = Math.min(size, body.length - offset);
            const end = writeFragment(out, 1, message, offset, length);
            const { fault, view } = read(out, 1, end);
            expect(fault).toBeUndefined();
            expect(view).toEqual({ type, length: body.length, sequence, offset, start: 13, end: 13 + length });
            again.set(out.subarray(view.start, view.end), offset);
          }
          expect(again).toEqual(body);
          expect(out[0]).toBe(0xee);
        },
      ),
    );
  });

  it('without a body has one fragment, which is empty', () => {
    const message = handshakeMessage(HandshakeType.SERVER_HELLO_DONE, 2, EMPTY);
    const out = new Uint8Array(HANDSHAKE_HEADER);
    expect(writeFragment(out, 0, message, 0, 0)).toBe(HANDSHAKE_HEADER);
    expect(out).toEqual(message);
  });

  const message = handshakeMessage(HandshakeType.FINISHED, 3, new Uint8Array(12));
  it.each([
    ['a message of a type that is none', () => handshakeMessage(5, 0, EMPTY)],
    ['a message sequence of 17 bits', () => handshakeMessage(20, 0x1_0000, EMPTY)],
    ['a body of 2^24 bytes', () => handshakeMessage(20, 0, new Uint8Array(MAX_HANDSHAKE_BODY + 1))],
    ['a fragment beyond its message', () => writeFragment(new Uint8Array(99), 0, message, 11, 2)],
    ['a fragment before its message', () => writeFragment(new Uint8Array(99), 0, message, -1, 2)],
    ['an empty fragment of a message that has bytes', () => writeFragment(new Uint8Array(99), 0, message, 3, 0)],
    ['a fragment where there is no room', () => writeFragment(new Uint8Array(23), 0, message, 0, 12)],
  ])('is never %s', (_, write) => {
    expect(write).toThrow(InvariantError);
  });
});
