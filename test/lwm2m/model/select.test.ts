/** What was asked for, found in the objects of a composite answer. */

import { describe, expect, it } from '@jest/globals';
import { parsePath, selectNodes, strayPath } from '#lwm2m/model';
import type { PlacedNode, ResourceNode } from '#lwm2m/model';

const one = (value: number): ResourceNode => ({ kind: 'single', value: { type: 'integer', value } });
const many = (values: Readonly<Record<number, number>>): ResourceNode => ({
  kind: 'multiple',
  values: new Map(Object.entries(values).map(([id, value]) => [Number(id), { type: 'integer', value }])),
});
const object = (id: number, resources: Readonly<Record<number, ResourceNode>>, time?: number): PlacedNode => ({
  path: [id],
  node: {
    kind: 'object',
    instances: new Map([
      [
        0,
        { kind: 'instance', resources: new Map(Object.entries(resources).map(([key, node]) => [Number(key), node])) },
      ],
    ]),
  },
  ...(time === undefined ? {} : { time }),
});
const paths = (...texts: string[]) => texts.map(parsePath);
const select = (asked: readonly string[], objects: readonly PlacedNode[]): unknown =>
  selectNodes(paths(...asked), objects).map(({ path, node }) => [path.join('/'), node]);

describe('selectNodes', () => {
  const objects = [object(3, { 9: one(95), 6: many({ 0: 1, 1: 5 }) }), object(1, { 1: one(60) })];

  it('gives what stands at each path, in the order of the paths, and leaves out what is not there', () => {
    expect(select(['/1/0/1', '/3/0/6/1', '/3/0/6', '/3/1', '/3/0/6/2', '/3/0/9/0', '/7'], objects)).toEqual([
      ['1/0/1', one(60)],
      ['3/0/6/1', one(5)],
      ['3/0/6', many({ 0: 1, 1: 5 })],
    ]);
  });

  it('takes the root for every object', () => {
    expect(selectNodes(paths('/'), objects)).toEqual(objects);
  });

  it.each([
    [
      'the latest time',
      [object(3, { 9: one(1) }, 100), object(3, { 9: one(2) }, 300), object(3, { 9: one(3) }, 200)],
      2,
    ],
    ['no time before any time', [object(3, { 9: one(1) }), object(3, { 9: one(2) }, 300)], 1],
    ['the time at which it is there', [object(3, { 9: one(1) }, 100), object(3, { 6: many({}) }, 300)], 1],
  ] as const)('of several times takes %s', (_name, timed, expected) => {
    expect(select(['/3/0/9'], timed)).toEqual([['3/0/9', one(expected)]]);
  });
});

describe('strayPath', () => {
  const objects = [object(3, { 9: one(95), 6: many({ 0: 1, 1: 5 }) })];

  it.each([
    [['/'], undefined],
    [['/3'], undefined],
    [['/3/0/9', '/3/0/6'], undefined],
    [['/3/0/9', '/3/0/6/0', '/3/0/6/1'], undefined],
    [['/3/0/9', '/3/0/6/0'], '3/0/6/1'],
    [['/3/0/6'], '3/0/9'],
    [['/1'], '3/0/6/0'],
  ])('of what was asked as %j is %j', (asked, stray) => {
    expect(strayPath(paths(...asked), objects)?.join('/')).toBe(stray);
  });
});
