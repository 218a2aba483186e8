import { describe, expect, it } from '@jest/globals';
import { fromHex, toHex } from '#base';
import { TesterLink, type LinkPlan } from '../../../src/cli/coap/link.js';

function link(plan: Partial<LinkPlan>): TesterLink {
  return new TesterLink({ repeat: 1, acknowledgements: 'sent', ...plan });
}

/** What takes the place of a datagram that leaves, in hex. */
function out(of: TesterLink, hex: string): string[] {
  return of.out(fromHex(hex)).map(toHex);
}

/** What takes the place of a datagram that arrives, in hex. */
function into(of: TesterLink, hex: string): string[] {
  return of.in(fromHex(hex)).map(toHex);
}

describe('the link of a tester', () => {
  it('carries everything as it is when nothing is asked of it', () => {
    const plain = link({});
    for (const hex of ['40017d34bb74656d7065726174757265', '60007d38', '70007d38', '5045000aff61', 'ff']) {
      expect([out(plain, hex), into(plain, hex)]).toEqual([[hex], [hex]]);
    }
  });

  it('gives requests the message ids it was told, and the endpoint its own back', () => {
    const numbered = link({ messageId: 0xffff });
    expect(out(numbered, '41017d34a1')).toEqual(['4101ffffa1']);
    expect(into(numbered, '6145ffffa1')).toEqual(['61457d34a1']);
    // The next one, and a retransmission of it.
    expect(out(numbered, '41017d35a1')).toEqual(['41010000a1']);
    expect(out(numbered, '41017d35a1')).toEqual(['41010000a1']);
    expect(into(numbered, '70000000')).toEqual(['70007d35']);
    expect(into(numbered, '60000000')).toEqual(['60007d35']);
  });

  it('leaves the message ids of the other side alone, and those of answers to it', () => {
    const numbered = link({ messageId: 1 });
    expect(out(numbered, '50017d34')).toEqual(['50010001']);
    expect(into(numbered, '41450002a1')).toEqual(['41450002a1']);
    expect(out(numbered, '60000002')).toEqual(['60000002']);
    expect(out(numbered, '70000002')).toEqual(['70000002']);
  });

  it('lets each request leave several times, a retransmission once, and counts the answers that are due', () => {
    const repeating = link({ repeat: 3 });
    expect(out(repeating, '40020001b172')).toEqual(['40020001b172', '40020001b172', '40020001b172']);
    expect(repeating.due).toBe(3);
    expect(out(repeating, '40020001b172')).toEqual(['40020001b172']);
    expect(out(repeating, '60000009')).toEqual(['60000009']);
    into(repeating, '60440001');
    into(repeating, '60440001');
    expect(repeating.due).toBe(1);
    into(repeating, '60440002');
    expect(repeating.due).toBe(1);
    into(repeating, '70000001');
    into(repeating, '60440001');
    expect(repeating.due).toBe(0);
  });

  it('gives the request that left last once more, and awaits one more answer', () => {
    const plain = link({ messageId: 9 });
    expect(plain.again()).toBeUndefined();
    out(plain, '40010001');
    out(plain, '40020002b172');
    out(plain, '60000009');
    into(plain, '60440009');
    into(plain, '6044000a');
    expect(plain.due).toBe(0);
    expect(toHex(plain.again() ?? fromHex(''))).toBe('4002000ab172');
    expect(plain.due).toBe(1);
    into(plain, '6044000a');
    expect(plain.due).toBe(0);
  });

  it('awaits no acknowledgement of what is not confirmable', () => {
    const repeating = link({ repeat: 2 });
    expect(out(repeating, '50020001')).toEqual(['50020001', '50020001']);
    expect(repeating.due).toBe(0);
  });

  it('withholds empty acknowledgements and nothing else', () => {
    const silent = link({ acknowledgements: 'withheld' });
    expect(out(silent, '60000009')).toEqual([]);
    expect(out(silent, '60000009')).toEqual([]);
    expect(silent.withheld).toBe(2);
    expect(out(silent, '70000009')).toEqual(['70000009']);
    expect(out(silent, '40010009')).toEqual(['40010009']);
    expect(into(silent, '60000009')).toEqual(['60000009']);
  });

  it('puts the payload into requests, behind all their options', () => {
    const filling = link({ payload: fromHex('616263'), messageId: 7 });
    expect(out(filling, '41030001a1b135d10e08')).toEqual(['41030007a1b135d10e08ff616263']);
    expect(out(filling, '60000009')).toEqual(['60000009']);
  });
});
