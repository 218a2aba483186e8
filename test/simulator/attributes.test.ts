/** Write-Attributes: what is read, what is refused with 4.00, and what holds where (LwM2M-Core 1.1.1 §5.1.2). */

import { describe, expect, it } from '@jest/globals';

import type { EnablerVersion, Path, ResourceType } from '#lwm2m/model';

import { AttributeStore, applyChange, parseAttributes } from '../../src/simulator/attributes.js';
import { RequestFault } from '../../src/simulator/refusal.js';

const RESOURCE: Path = [3303, 0, 5700];
const parse = (
  query: readonly string[],
  path: Path = RESOURCE,
  type: ResourceType | undefined = 'float',
  lwm2m: EnablerVersion = '1.1',
): Record<string, number | 'unset'> => Object.fromEntries(parseAttributes(query, { lwm2m, path, type }));

/** The CoAP code that a refusal deserves. */
function codeOf(refused: () => unknown): number | undefined {
  try {
    refused();
    return undefined;
  } catch (error) {
    return error instanceof RequestFault ? error.code : undefined;
  }
}

describe('the query of Write-Attributes', () => {
  it('gives numbers, with signs and fractions where they may stand', () => {
    expect(parse(['pmin=10', 'pmax=60', 'gt=42.2', 'lt=-5.5', 'st=0.5', 'epmin=1', 'epmax=2'])).toEqual({
      pmin: 10,
      pmax: 60,
      gt: 42.2,
      lt: -5.5,
      st: 0.5,
      epmin: 1,
      epmax: 2,
    });
  });

  it('unsets by a name without value', () => {
    expect(parse(['pmin', 'gt='])).toEqual({ pmin: 'unset', gt: 'unset' });
  });

  it.each([
    ['an unknown name', ['pmim=1'], RESOURCE],
    ['a property', ['dim=3'], RESOURCE],
    ['nothing', [], RESOURCE],
    ['a repetition', ['pmin=1', 'pmin=2'], RESOURCE],
    ['a negative period', ['pmin=-1'], RESOURCE],
    ['a fraction of a second', ['pmax=1.5'], RESOURCE],
    ['a negative step', ['st=-1'], RESOURCE],
    ['an exponent', ['gt=1e3'], RESOURCE],
    ['text', ['gt=high'], RESOURCE],
    ['gt on an instance', ['gt=1'], [3303, 0]],
    ['st on an object', ['st=1'], [3303]],
    ['edge before 1.2', ['edge=1'], RESOURCE],
    ['con before 1.2', ['con=1'], RESOURCE],
    ['hqmax before 1.2', ['hqmax=1'], RESOURCE],
  ] as const)('refuses %s with 4.00', (_what, query, path) => {
    expect(codeOf(() => parse(query, path))).toBe(0x80);
  });

  it('takes gt, lt and st for numeric resources only, edge for booleans only', () => {
    expect(() => parse(['gt=1'], [3, 0, 0], 'string')).toThrow(/does not go with/);
    expect(() => parse(['st=1'], [3342, 0, 5500], 'boolean', '1.2')).toThrow(/does not go with/);
    expect(parse(['edge=1'], [3342, 0, 5500], 'boolean', '1.2')).toEqual({ edge: 1 });
    expect(() => parse(['edge=2'], [3342, 0, 5500], 'boolean', '1.2')).toThrow(/0 or 1/);
    expect(() => parse(['edge=1'], RESOURCE, 'float', '1.2')).toThrow(/does not go with/);
  });

  it('knows hqmax at every level from 1.2 on, as a whole number', () => {
    expect(parse(['hqmax=10'], [3303], undefined, '1.2')).toEqual({ hqmax: 10 });
    expect(parse(['hqmax=0'], RESOURCE, 'float', '1.2')).toEqual({ hqmax: 0 });
    expect(() => parse(['hqmax=-1'], RESOURCE, 'float', '1.2')).toThrow(/hqmax must be a whole number/);
  });

  it('knows epmin from 1.1 on, con from 1.2 on, and resource instances from 1.1 on', () => {
    expect(() => parse(['epmin=1'], RESOURCE, 'float', '1.0')).toThrow(/epmin is there from LwM2M 1.1 on/);
    expect(parse(['con=1'], RESOURCE, 'float', '1.2')).toEqual({ con: 1 });
    expect(() => parse(['pmin=1'], [3, 0, 6, 0], 'integer', '1.0')).toThrow(/resource instances/);
    expect(parse(['pmin=1'], [3, 0, 6, 0], 'integer')).toEqual({ pmin: 1 });
  });
});

describe('what attributes say together', () => {
  const apply = (before: Record<string, number>, ...query: string[]) =>
    applyChange(before, parseAttributes(query, { lwm2m: '1.1', path: RESOURCE, type: 'float' }));

  it('adds, replaces and removes', () => {
    expect(apply({ pmin: 1, pmax: 2 }, 'pmin=5', 'pmax', 'st=1')).toEqual({ pmin: 5, st: 1 });
  });

  it('refuses lt that is not below gt, with what was there before too', () => {
    expect(() => apply({}, 'lt=10', 'gt=10')).toThrow(/less than gt/);
    expect(() => apply({ gt: 20 }, 'lt=30')).toThrow(/less than gt/);
    expect(apply({ gt: 20 }, 'lt=30', 'gt=31')).toEqual({ gt: 31, lt: 30 });
  });

  it('refuses a step that fits not twice between lt and gt', () => {
    expect(() => apply({}, 'lt=0', 'gt=10', 'st=5')).toThrow(/2 st/);
    expect(apply({}, 'lt=0', 'gt=10', 'st=4.9')).toEqual({ lt: 0, gt: 10, st: 4.9 });
  });

  it('refuses epmin that is not below epmax, and takes a pmax below pmin', () => {
    expect(() => apply({}, 'epmin=5', 'epmax=5')).toThrow(/epmin/);
    expect(apply({}, 'pmin=60', 'pmax=10')).toEqual({ pmin: 60, pmax: 10 });
  });
});

describe('attributes in force', () => {
  it('come from the nearest level that says something', () => {
    const store = new AttributeStore();
    store.set([3303], { pmin: 1, pmax: 100 });
    store.set([3303, 0], { pmin: 2 });
    store.set([3303, 0, 5700], { gt: 5 });
    expect(store.inForce([3303, 0, 5700])).toEqual({ pmin: 2, pmax: 100, gt: 5 });
    expect(store.inForce([3303, 1, 5700])).toEqual({ pmin: 1, pmax: 100 });
    expect(store.inForce([3304, 0])).toEqual({});
    expect(store.own([3303, 0, 5700])).toEqual({ gt: 5 });
  });

  it('go with what they are attached to, and nothing beside it', () => {
    const store = new AttributeStore();
    store.set([3303, 1], { pmin: 1 });
    store.set([3303, 1, 5700], { pmin: 2 });
    store.set([3303, 10], { pmin: 3 });
    store.forget([3303, 1]);
    expect(store.inForce([3303, 1, 5700])).toEqual({});
    expect(store.inForce([3303, 10])).toEqual({ pmin: 3 });
  });
});
