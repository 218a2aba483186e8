/**
 * Fuzzed datagrams, fragments and bodies of DTLS: records and fragments are read without a throw and within their bytes, bodies
 * are read or refused by a DecodeError, and what was read is written to the same again.
 */

import { describe, expect, it } from '@jest/globals';
import { DecodeError, EMPTY, fromHex, toHex } from '#base';
import {
  handshakeMessage,
  newFragmentView,
  newRecordView,
  readFragment,
  readHelloHead,
  readRecord,
  writeFragment,
  writeRecordHeader,
} from '#dtls/codec';
import { CAPTURE, CID_RECORD, EXTENSION_BODIES, MESSAGES } from '../dtls/codec/support.js';
import type { BodySample } from '../dtls/codec/support.js';
import { fuzz, fuzzBudget, fuzzTimeout } from './support/fuzz.js';
import type { FuzzRandom } from './support/random.js';

const WHOLE = fuzzBudget(3);
const BUDGET = { ...WHOLE, seconds: WHOLE.seconds / 2 };
const DATAGRAMS = [...Object.values(CAPTURE), CID_RECORD].map(fromHex);
const HELLO = fromHex(CAPTURE.helloWithCookie).subarray(25);
const BODIES = [...MESSAGES, ...EXTENSION_BODIES];
const record = newRecordView();
const fragment = newFragmentView();

describe('the codec of DTLS, fed with nearly good bytes', () => {
  it(
    'reads the records and fragments of a datagram within its bytes, and writes their headers again',
    () => {
      const counts = { records: 0, fragments: 0, faults: 0 };
      fuzz('dtls-codec', BUDGET, (random) => {
        const bytes = random.chance(0.1) ? random.bytes(random.below(90)) : random.mutate(random.pick(DATAGRAMS));
        const cidLength = random.pick([0, 1, 8, 20]);
        for (let at = 0; at < bytes.length; at = record.end) {
          const fault = readRecord(bytes, at, cidLength, record);
          if (record.end <= at || record.end > bytes.length) throw new Error(`the next record at ${record.end}`);
          if (fault === undefined) {
            counts.records += 1;
            checkRecord(bytes);
            counts.fragments += checkFragments(bytes, record.start, record.end);
          } else counts.faults += 1;
        }
      });
      for (const count of Object.values(counts)) expect(count).toBeGreaterThan(10);
    },
    fuzzTimeout(BUDGET),
  );

  it(
    'reads a body that it writes again, or throws a DecodeError',
    () => {
      const counts = { read: 0, refused: 0, heads: 0 };
      fuzz('dtls-codec', BUDGET, (random) => {
        const sample = random.pick(BODIES);
        counts[checkBody(sample, bytesFor(random, sample))] += 1;
        const hello = random.mutate(HELLO);
        const head = readHelloHead(hello);
        if (typeof head === 'string') return;
        counts.heads += 1;
        if (head.cookie.length + head.sessionId.length + 36 > hello.length) throw new Error('a head beyond its bytes');
      });
      for (const count of Object.values(counts)) expect(count).toBeGreaterThan(10);
    },
    fuzzTimeout(BUDGET),
  );
});

/** Writes the header of the record that was read, and compares. */
function checkRecord(bytes: Uint8Array): void {
  const { at, type, version, epoch, sequence, cid, cidLength, start, end } = record;
  const out = new Uint8Array(start - at);
  const id = cidLength === 0 ? EMPTY : bytes.subarray(cid, cid + cidLength);
  expect(writeRecordHeader(out, 0, type, epoch, sequence, id, end - start, version)).toBe(out.length);
  expect(toHex(out)).toBe(toHex(bytes.subarray(at, start)));
}

/** Reads the fragments of a record, writes those that are whole messages again; how many there were. */
function checkFragments(bytes: Uint8Array, from: number, to: number): number {
  let count = 0;
  for (let at = from; at < to; at = fragment.end) {
    const fault = readFragment(bytes, at, to, fragment);
    const { type, length, sequence, offset, start, end } = fragment;
    if (end <= at || end > to) throw new Error(`the next fragment at ${end}`);
    if (fault !== undefined) continue;
    count += 1;
    if (offset + end - start > length) throw new Error('a fragment beyond its message');
    if (end - start !== length) continue;
    const message = handshakeMessage(type, sequence, bytes.subarray(start, end));
    const out = new Uint8Array(message.length);
    writeFragment(out, 0, message, 0, length);
    expect(toHex(out)).toBe(toHex(bytes.subarray(at, end)));
  }
  return count;
}

function bytesFor(random: FuzzRandom, sample: BodySample): Uint8Array {
  if (random.chance(0.05)) return random.bytes(random.below(120));
  // Now and then the bytes of another message.
  return random.mutate(random.chance(0.1) ? random.pick(BODIES).bytes : sample.bytes);
}

function checkBody(sample: BodySample, bytes: Uint8Array): 'read' | 'refused' {
  let value: unknown;
  try {
    value = sample.decode(bytes);
  } catch (error) {
    if (error instanceof DecodeError) return 'refused';
    throw error;
  }
  if (value === undefined && sample.name === 'server_name') return 'read';
  const again = sample.rewrite(bytes);
  if (again.length > bytes.length) throw new Error(`${sample.name} became longer`);
  if (!READ_WIDER.has(sample.name)) expect(sample.decode(again)).toEqual(value);
  expect(toHex(sample.rewrite(again))).toBe(toHex(again));
  return 'read';
}

/** Bodies of which more is read than is ever written: other versions, other types of names, limits of DTLS 1.3. */
const READ_WIDER: ReadonlySet<string> = new Set(['HelloVerifyRequest', 'server_name', 'record_size_limit']);
