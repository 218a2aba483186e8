/** What every datagram passes through leaves nothing for the garbage collector. */

import { describe, expect, it } from '@jest/globals';
import { fromHex } from '#base';
import {
  handshakeMessage,
  HandshakeType,
  newFragmentView,
  newRecordView,
  readFragment,
  readRecord,
  writeFragment,
  writeRecordHeader,
} from '#dtls/codec';
import { CID_RECORD } from './support.js';

/** Calls of a round: what they allocate must be less than the young generation holds, else a collection hides it. */
const CALLS = 1_000;
const ROUNDS = 201;
const WARM_UP = 100_000;
/** Bytes a call may seem to take: measuring takes some. The smallest object takes more. */
const NOISE = 8;

/** Bytes of heap that one call takes: the median of many short rounds, because a collection may fall into some. */
function bytesPerCall(call: () => void): number {
  for (let count = 0; count < WARM_UP; count += 1) call();
  const rounds = Array.from({ length: ROUNDS }, () => {
    const before = process.memoryUsage().heapUsed;
    for (let count = 0; count < CALLS; count += 1) call();
    return (process.memoryUsage().heapUsed - before) / CALLS;
  });
  return rounds.sort((left, right) => left - right)[(ROUNDS - 1) / 2] as number;
}

describe('on the way of every datagram', () => {
  const record = fromHex(CID_RECORD);
  // A sequence number of more than 32 bits.
  record[6] = 0xff;
  const message = handshakeMessage(HandshakeType.CERTIFICATE, 3, new Uint8Array(200));
  const out = new Uint8Array(300);
  const cid = record.subarray(11, 19);
  const recordView = newRecordView();
  const fragmentView = newFragmentView();
  let kept: unknown;

  it.each([
    ['readRecord', () => void readRecord(record, 0, 8, recordView)],
    ['readFragment', () => void readFragment(message, 0, message.length, fragmentView)],
    ['writeRecordHeader', () => void writeRecordHeader(out, 0, 23, 1, 0xff_0000_0001, cid, 39)],
    ['writeFragment', () => void writeFragment(out, 0, message, 20, 90)],
  ])('%s allocates nothing', (_, call) => {
    expect(bytesPerCall(call)).toBeLessThan(NOISE);
  });

  it.each([
    ['a small object', () => (kept = { end: 0 })],
    ['a view', () => (kept = out.subarray(1))],
    ['a view of a Buffer', () => (kept = record.subarray(1))],
  ])('%s a call would be seen', (_, call) => {
    expect(bytesPerCall(call)).toBeGreaterThan(NOISE);
    expect(kept).toBeDefined();
  });
});
