/** The table of parameters and the spans that follow from it. */

import { describe, expect, it } from '@jest/globals';
import { DEFAULT_PARAMETERS, PARAMETERS, parametersWith, spansOf } from '#coap/endpoint';

describe('parameters', () => {
  it('give the spans of RFC 7252 §4.8.2 by default', () => {
    expect(spansOf(DEFAULT_PARAMETERS)).toEqual({
      maxTransmitSpan: 45_000,
      maxTransmitWait: 93_000,
      exchangeLifetime: 247_000,
      nonLifetime: 145_000,
    });
  });

  it('have defaults within their bounds, each with a reference and a sentence', () => {
    for (const row of PARAMETERS) {
      expect(row.initial).toBeGreaterThanOrEqual(row.min);
      expect(row.initial).toBeLessThanOrEqual(row.max);
      expect(row.reference).not.toBe('');
      expect(row.help).toMatch(/\.$/);
    }
    expect(new Set(PARAMETERS.map((row) => row.name)).size).toBe(PARAMETERS.length);
  });

  it('refuse a value out of bounds by name and with what is allowed', () => {
    expect(() => parametersWith({ nstart: 0 })).toThrow('nstart is 0; allowed is a whole number from 1 to 16 (count)');
    expect(() => parametersWith({ maxRetransmit: 1.5 })).toThrow('maxRetransmit is 1.5');
    expect(() => parametersWith({ ackRandomFactor: Number.NaN })).toThrow('ackRandomFactor is NaN');
  });

  it('are frozen', () => {
    expect(Object.isFrozen(parametersWith({ nstart: 2 }))).toBe(true);
    expect(parametersWith({ nstart: 2 })).toEqual({ ...DEFAULT_PARAMETERS, nstart: 2 });
  });
});
