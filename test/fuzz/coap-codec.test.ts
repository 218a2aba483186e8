/**
 * Fuzzed datagrams and link lists: nothing is thrown that is not a DecodeError, what is taken for a message reads back to the
 * same message when we build it, and every accessor stays within the datagram.
 */

import { describe, expect, it } from '@jest/globals';
import { DecodeError } from '#base';
import {
  criticalProblem,
  decodeBlock,
  decodeMessage,
  describeMessage,
  encodeMessage,
  formatLinks,
  isMalformed,
  OPTIONS,
  parseLinks,
  showMessage,
} from '#coap/codec';
import type { Message } from '#coap/codec';
import { fromHex } from '#base';
import { SAMPLES } from '../coap/codec/support.js';
import { fuzz, fuzzBudget, fuzzTimeout } from './support/fuzz.js';
import type { FuzzRandom } from './support/random.js';

const WHOLE = fuzzBudget(3);
const BUDGET = { ...WHOLE, seconds: WHOLE.seconds / 2 };
const DATAGRAMS = SAMPLES.map(({ hex }) => fromHex(hex));
const LINKS = [
  '</>;rt="oma.lwm2m";ct="110 112 60",</1>;ver=1.1,</1/0>,</3/0>,</5/0>,</3303>;ver=1.1,</3303/0>',
  'lwm2m="1.0",</0/0>;ssid=101;uri="coaps://example.org",</1/0>;ssid=101',
  '</3/0>;pmin=10;pmax=60,</3/0/1>,</3/0/6>;dim=8,</3/0/7>;dim=8;gt=50;lt=42.2',
  '</a>;title="a \\"quoted\\" text";if',
];

describe('the codec of CoAP, fed with nearly good bytes', () => {
  it(
    'takes a datagram for a message that it writes again, or says why it is none',
    () => {
      const counts = { taken: 0, malformed: 0 };
      fuzz('coap-codec', BUDGET, (random) => {
        const bytes = random.chance(0.1) ? random.bytes(random.below(80)) : random.mutate(random.pick(DATAGRAMS));
        const message = decodeMessage(bytes);
        // Of too many options for a message there may be enough for a description.
        if (!isMalformed(message)) expect(describeMessage(bytes)).not.toHaveProperty('malformed');
        expect(showMessage(bytes)).toMatch(/^[^\p{Cc}\u2028\u2029\u202a-\u202e]+$/u);
        if (isMalformed(message)) counts.malformed += 1;
        else {
          counts.taken += 1;
          check(message, bytes);
        }
      });
      expect(counts.taken).toBeGreaterThan(10);
      expect(counts.malformed).toBeGreaterThan(10);
    },
    fuzzTimeout(BUDGET),
  );

  it(
    'reads a list of links that it writes again, or throws a DecodeError',
    () => {
      const counts = { read: 0, refused: 0 };
      fuzz('coap-codec', BUDGET, (random) => {
        counts[readLinks(textOf(random))] += 1;
      });
      expect(counts.read).toBeGreaterThan(10);
      expect(counts.refused).toBeGreaterThan(10);
    },
    fuzzTimeout(BUDGET),
  );
});

function check(message: Message, bytes: Uint8Array): void {
  const { type, code, messageId, token, payload } = message;
  const options = message.options();
  if (options.length !== message.optionCount) throw new Error('options were lost');
  const built = encodeMessage({ type, code, messageId, token, options, payload });
  const again = decodeMessage(built);
  if (isMalformed(again)) throw new Error(`what we built is malformed: ${again.malformed}`);
  if (built.length > bytes.length) throw new Error('the same message became longer');
  expect(again.options()).toEqual(options);
  expect([again.payload, again.token]).toEqual([payload, token]);
  criticalProblem(message, (number) => OPTIONS.has(number));
  for (const { number, value } of options) {
    message.uint(number);
    message.first(number);
    decodeBlock(value);
    try {
      message.strings(number);
    } catch (error) {
      if (!(error instanceof DecodeError)) throw error;
    }
  }
}

function textOf(random: FuzzRandom): string {
  return random.mutate(Buffer.from(random.pick(LINKS), 'utf8')).toString('utf8');
}

function readLinks(text: string): 'read' | 'refused' {
  let links;
  try {
    links = parseLinks(text);
  } catch (error) {
    if (error instanceof DecodeError) return 'refused';
    throw error;
  }
  expect(parseLinks(formatLinks(links))).toEqual(links);
  return 'read';
}
