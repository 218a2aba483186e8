import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { EMPTY, fromHex, InvariantError, toHex } from '#base';
import {
  ContentType,
  DTLS_1_0,
  DTLS_1_2,
  MAX_PLAINTEXT,
  MAX_SEALED,
  MAX_SEQUENCE,
  newRecordView,
  readRecord,
  RECORD_HEADER,
  writeRecordHeader,
} from '#dtls/codec';
import type { RecordFault, RecordView } from '#dtls/codec';
import { CAPTURE, CID_RECORD } from './support.js';

const HEX = '16fefd00010000000000050003aabbcc';
const ALERT = '15fefd000000000000000700020228';

/** Reads one record; the fault and the view. */
function read(bytes: Uint8Array | string, cidLength = 0, at = 0): { fault: RecordFault | undefined; view: RecordView } {
  const view = newRecordView();
  const fault = readRecord(typeof bytes === 'string' ? fromHex(bytes) : bytes, at, cidLength, view);
  return { fault, view };
}

/** A datagram of one record of a given length, which is really there unless `present` says otherwise. */
function record(type: number, epoch: number, length: number, present = length): Buffer {
  const datagram = Buffer.alloc(RECORD_HEADER + present);
  datagram[0] = type;
  datagram.writeUInt16BE(DTLS_1_2, 1);
  datagram.writeUInt16BE(epoch, 3);
  datagram.writeUInt16BE(length, 11);
  return datagram;
}

describe('a record header', () => {
  it('is read into positions', () => {
    expect(read(HEX)).toEqual({
      fault: undefined,
      view: { at: 0, type: 22, version: DTLS_1_2, epoch: 1, sequence: 5, cid: 11, cidLength: 0, start: 13, end: 16 },
    });
  });

  it('is found behind the record before it', () => {
    const first = read(HEX + ALERT);
    const second = read(HEX + ALERT, 0, first.view.end);
    expect(second.fault).toBeUndefined();
    expect(second.view).toMatchObject({ at: 16, type: 21, epoch: 0, sequence: 7, start: 29, end: 31 });
  });

  it('with a connection id is read by the length that we gave', () => {
    const { fault, view } = read(CID_RECORD, 8);
    expect(fault).toBeUndefined();
    expect(view).toEqual({
      ...{ at: 0, type: ContentType.CID, version: DTLS_1_2, epoch: 1, sequence: 1 },
      ...{ cid: 11, cidLength: 8, start: 21, end: 60 },
    });
    expect(toHex(fromHex(CID_RECORD).subarray(view.cid, view.cid + view.cidLength))).toBe('a1b2c3d4e5f60708');
  });

  it('with a connection id is written as its bytes, whatever the type within', () => {
    const out = new Uint8Array(21);
    const cid = fromHex('a1b2c3d4e5f60708');
    expect(writeRecordHeader(out, 0, ContentType.APPLICATION_DATA, 1, 1, cid, 39)).toBe(21);
    expect(toHex(out)).toBe(CID_RECORD.slice(0, 42));
    expect(writeRecordHeader(out, 0, ContentType.CID, 1, 1, cid, 39)).toBe(21);
    expect(toHex(out)).toBe(CID_RECORD.slice(0, 42));
  });

  it('carries no connection id in the types that never have one, however long ours are', () => {
    expect(read(HEX, 8)).toEqual(read(HEX, 0));
  });

  it.each(Array.from({ length: 21 }, (_, own) => own))(
    'is never read beyond the datagram when our connection ids have %d bytes',
    (own) => {
      for (let theirs = 0; theirs <= 255; theirs += 1) {
        const out = new Uint8Array(RECORD_HEADER + theirs + 24);
        const length = 24;
        writeRecordHeader(out, 0, ContentType.CID, 1, 9, new Uint8Array(theirs).fill(0x19), length);
        const { fault, view } = read(out, own);
        if (theirs === own && own > 0) expect(fault).toBeUndefined();
        if (fault === undefined) {
          expect(view.cidLength).toBe(view.type === ContentType.CID ? own : 0);
          expect(view.start).toBe(view.at + RECORD_HEADER + view.cidLength);
        }
        expect(view.end).toBeLessThanOrEqual(out.length);
      }
    },
  );

  it.each([
    [0, '000000000000'],
    [1, '000000000001'],
    [0xffff, '00000000ffff'],
    [0x8000_0000, '000080000000'],
    [0xffff_ffff, '0000ffffffff'],
    [0x1_0000_0000, '000100000000'],
    [0x1234_5678_9abc, '123456789abc'],
    [MAX_SEQUENCE, 'ffffffffffff'],
  ])('holds the sequence number %d exactly', (sequence, hex) => {
    const out = new Uint8Array(RECORD_HEADER);
    writeRecordHeader(out, 0, ContentType.APPLICATION_DATA, 0xfffe, sequence, EMPTY, 0);
    expect(toHex(out)).toBe(`17fefdfffe${hex}0000`);
    expect(read(`17fefdfffe${hex}0001ff`).view).toMatchObject({ epoch: 0xfffe, sequence });
  });

  it('reads back as it was written', () => {
    const types = Object.values(ContentType);
    fc.assert(
      fc.property(
        fc.constantFrom(...types),
        fc.integer({ min: 1, max: 0xffff }),
        fc.maxSafeNat().map((number) => number % (MAX_SEQUENCE + 1)),
        fc.uint8Array({ minLength: 1, maxLength: 32 }),
        fc.integer({ min: 1, max: 40 }),
        fc.nat({ max: 20 }),
        (type, epoch, sequence, cid, length, at) => {
          const id = type === ContentType.CID ? cid : EMPTY;
          const out = new Uint8Array(at + RECORD_HEADER + id.length + length);
          const start = writeRecordHeader(out, at, type, epoch, sequence, id, length);
          const { fault, view } = read(out, cid.length, at);
          expect(fault).toBeUndefined();
          expect(view).toMatchObject({ at, type, epoch, sequence, start, end: out.length, cidLength: id.length });
          expect(out.subarray(view.cid, view.cid + view.cidLength)).toEqual(id);
        },
      ),
    );
  });

  it('says DTLS 1.2 unless told otherwise', () => {
    const out = new Uint8Array(RECORD_HEADER);
    writeRecordHeader(out, 0, ContentType.HANDSHAKE, 0, 0, EMPTY, 0, DTLS_1_0);
    expect(toHex(out)).toBe('16feff00000000000000000000');
  });

  it.each([
    ['a type that is none', () => writeRecordHeader(new Uint8Array(13), 0, 24, 0, 0, EMPTY, 0)],
    ['an epoch of 17 bits', () => writeRecordHeader(new Uint8Array(13), 0, 22, 0x1_0000, 0, EMPTY, 0)],
    ['a sequence number of 49 bits', () => writeRecordHeader(new Uint8Array(13), 0, 22, 0, 2 ** 48, EMPTY, 0)],
    ['a broken sequence number', () => writeRecordHeader(new Uint8Array(13), 0, 22, 0, 0.5, EMPTY, 0)],
    ['a sequence number below 0', () => writeRecordHeader(new Uint8Array(13), 0, 22, 0, -1, EMPTY, 0)],
    ['a version of 17 bits', () => writeRecordHeader(new Uint8Array(13), 0, 22, 0, 0, EMPTY, 0, 0x1_fefd)],
    ['a fragment that is too long', () => writeRecordHeader(new Uint8Array(13), 0, 22, 1, 0, EMPTY, MAX_SEALED + 1)],
    ['a connection id of 256 bytes', () => writeRecordHeader(new Uint8Array(300), 0, 25, 1, 0, new Uint8Array(256), 9)],
    ['no room', () => writeRecordHeader(new Uint8Array(12), 0, 22, 0, 0, EMPTY, 0)],
  ])('is not written with %s', (_, write) => {
    expect(write).toThrow(InvariantError);
  });
});

describe('bytes that are no record', () => {
  it.each([
    ['a plain record', HEX, 0],
    ['a record with a connection id', CID_RECORD, 8],
    ['a captured hello', CAPTURE.hello, 0],
  ])('are %s cut at any byte', (_, hex, cidLength) => {
    const bytes = fromHex(hex);
    for (let length = 0; length < bytes.length; length += 1) {
      const around = new Uint8Array(bytes.length + 64).fill(0x16);
      around.set(bytes.subarray(0, length), 5);
      const { fault, view } = read(around.subarray(5, 5 + length), cidLength);
      expect([length, fault, view.end]).toEqual([length, 'record_truncated', length]);
    }
  });

  it.each([
    [HEX, 0],
    [CID_RECORD, 8],
  ])('are records whose length says more than is left, not those that say less', (hex, cidLength) => {
    const at = RECORD_HEADER - 2 + cidLength;
    const bytes = fromHex(hex);
    const remaining = bytes.length - at - 2;
    const said = (length: number) => {
      bytes.writeUInt16BE(length, at);
      return read(bytes, cidLength);
    };
    expect(said(remaining - 1)).toMatchObject({ fault: undefined, view: { end: bytes.length - 1 } });
    expect(said(remaining)).toMatchObject({ fault: undefined, view: { end: bytes.length } });
    expect(said(remaining + 1)).toMatchObject({ fault: 'record_truncated', view: { end: bytes.length } });
    expect(said(0xffff)).toMatchObject({ fault: 'record_too_long', view: { end: bytes.length } });
    expect(said(0)).toMatchObject({ fault: 'record_empty', view: { end: at + 2 } });
  });

  it('are at the end of the datagram and beyond', () => {
    expect(read(HEX, 0, 16)).toMatchObject({ fault: 'record_truncated', view: { end: 16 } });
    expect(read(HEX, 0, 99)).toMatchObject({ fault: 'record_truncated', view: { end: 16 } });
  });

  it('are records of unknown types, after which nothing can be read', () => {
    const known = new Set<number>(Object.values(ContentType));
    for (let type = 0; type <= 255; type += 1) {
      if (known.has(type)) continue;
      const bytes = Buffer.concat([record(type, 1, 1), fromHex(HEX)]);
      expect(read(bytes, 8)).toMatchObject({ fault: 'record_type', view: { end: bytes.length } });
    }
  });

  it('are records with a connection id when we gave out none', () => {
    expect(read(CID_RECORD, 0).fault).toBe('record_type');
  });

  it('are records of another major version; the minor one is not looked at', () => {
    for (let byte = 0; byte <= 255; byte += 1) {
      const bytes = fromHex(HEX);
      bytes[1] = byte;
      expect(read(bytes).fault).toBe(byte === 254 ? undefined : 'record_version');
      bytes[1] = 254;
      bytes[2] = byte;
      expect(read(bytes).fault).toBeUndefined();
    }
  });

  it('are unprotected records of more than 2^14 bytes and protected ones of more than 2^14 + 2048', () => {
    const fault = (epoch: number, length: number) => read(record(ContentType.HANDSHAKE, epoch, length)).fault;
    expect([fault(0, MAX_PLAINTEXT), fault(0, MAX_PLAINTEXT + 1)]).toEqual([undefined, 'record_too_long']);
    expect([fault(1, MAX_SEALED), fault(1, MAX_SEALED + 1)]).toEqual([undefined, 'record_too_long']);
  });

  it.each([
    [ContentType.CHANGE_CIPHER_SPEC, undefined],
    [ContentType.ALERT, undefined],
    [ContentType.HANDSHAKE, undefined],
    [ContentType.APPLICATION_DATA, 'record_unprotected'],
    [ContentType.CID, 'record_unprotected'],
    [ContentType.RETURN_ROUTABILITY_CHECK, 'record_unprotected'],
  ])('are records of type %d in epoch 0: %s', (type, fault) => {
    const header = new Uint8Array(RECORD_HEADER + 1);
    const end = writeRecordHeader(header, 0, type, 0, 0, type === ContentType.CID ? Uint8Array.of(7) : EMPTY, 3);
    const bytes = Buffer.concat([header.subarray(0, end), Buffer.alloc(3), fromHex(HEX)]);
    const { view, ...rest } = read(bytes, 1);
    expect(rest).toEqual({ fault });
    expect(view).toMatchObject({ type, epoch: 0, start: end, end: end + 3 });
    expect(read(bytes, 1, view.end)).toMatchObject({ fault: undefined, view: { at: end + 3, end: bytes.length } });
  });

  it('are passed in steps that never stand still', () => {
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 1, maxLength: 120 }), fc.nat({ max: 20 }), (bytes, cidLength) => {
        const view = newRecordView();
        for (let at = 0; at < bytes.length; at = view.end) {
          readRecord(bytes, at, cidLength, view);
          expect(view.end).toBeGreaterThan(at);
          expect(view.end).toBeLessThanOrEqual(bytes.length);
        }
      }),
    );
  });
});
