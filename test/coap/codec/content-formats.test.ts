import { describe, expect, it } from '@jest/globals';
import { contentFormatName, contentFormatNamed, contentFormatNames } from '#coap/codec';
import { FORMATS } from '#lwm2m/model';

describe('names of content formats', () => {
  it.each(Object.entries(FORMATS))('have %s as our API calls %i (LwM2M-Core 1.1.1 §7.4)', (name, number) => {
    expect(contentFormatName(number)).toBe(name);
    expect(contentFormatNamed(name)).toBe(number);
  });

  it.each([
    [41, 'application/xml'],
    [50, 'application/json'],
    [1542, 'old-tlv'],
  ])('have %i as %s', (number, name) => {
    expect(contentFormatName(number)).toBe(name);
    expect(contentFormatNamed(name)).toBe(number);
  });

  it('are each of one format', () => {
    const names = contentFormatNames();
    expect(new Set(names).size).toBe(names.length);
    expect(names.map((name) => contentFormatName(contentFormatNamed(name) ?? -1))).toEqual(names);
  });

  it('are missing for numbers and names that mean nothing here', () => {
    expect(contentFormatName(65_535)).toBeUndefined();
    expect(contentFormatNamed('tvl')).toBeUndefined();
  });
});
