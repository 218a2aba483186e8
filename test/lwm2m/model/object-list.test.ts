/** Object lists: canonical text both ways, and one shared value per list. */

import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { DecodeError } from '#base';
import { ObjectLists, objectListText, parseObjectListText } from '#lwm2m/model';
import type { ObjectListParts } from '#lwm2m/model';

const PARTS: ObjectListParts = {
  objects: [
    { id: 1, version: '1.1', instances: [0] },
    { id: 3, version: '1.1', instances: [0] },
    { id: 5, version: '1.0', instances: [] },
    { id: 3303, version: '1.1', instances: [0, 1, 65534] },
  ],
  root: '/lwm2m',
  formats: [60, 112],
};
const TEXT = '60,112|1:1.1:0;3:1.1:0;5:1.0:;3303:1.1:0,1,65534|/lwm2m';

describe('the canonical text of an object list', () => {
  it('names formats, objects with version and instances, and the root', () => {
    expect(objectListText(PARTS)).toBe(TEXT);
    expect(objectListText({ objects: [], root: '', formats: [] })).toBe('||');
  });

  it('is read back to the same parts', () => {
    expect(parseObjectListText(TEXT)).toEqual(PARTS);
    expect(parseObjectListText('||')).toEqual({ objects: [], root: '', formats: [] });
  });

  it('keeps a bar that stands in the root', () => {
    expect(parseObjectListText('|3:1.0:0|/a|b').root).toBe('/a|b');
  });

  it.each([
    '',
    '|',
    '60',
    '60|3:1.0:0',
    '060|3:1.0:0|',
    '65536||',
    '|3|',
    '|3:1.0|',
    '|3:1:0|',
    '|3:one.0:0|',
    '|3:1.0:0,|',
    '|65535:1.0:0|',
    '|3:1.0:65535|',
    '|-1:1.0:0|',
    '|1e1:1.0:0|',
    '|3:1.0:0:7|',
    '|3:1.0:0;|',
    '| 3:1.0:0|',
  ])('is refused when it reads %j', (text) => {
    expect(() => parseObjectListText(text)).toThrow(DecodeError);
  });

  it('round-trips any list', () => {
    const id = fc.integer({ min: 0, max: 65534 });
    const list = fc.record({
      objects: fc.array(
        fc.record({
          id,
          version: fc.tuple(fc.nat(99999), fc.nat(99999)).map(([major, minor]) => `${major}.${minor}`),
          instances: fc.array(id, { maxLength: 5 }),
        }),
        { maxLength: 10 },
      ),
      root: fc.string(),
      formats: fc.array(fc.integer({ min: 0, max: 65535 }), { maxLength: 5 }),
    });
    fc.assert(
      fc.property(list, (parts) => {
        expect(parseObjectListText(objectListText(parts))).toEqual(parts);
      }),
      { numRuns: 300 },
    );
  });
});

describe('ObjectLists', () => {
  it('gives equal lists as one value, whichever way they come', () => {
    const lists = new ObjectLists();
    const first = lists.intern(PARTS);
    expect(first.key).toBe(TEXT);
    expect(lists.intern({ ...PARTS })).toBe(first);
    expect(lists.fromText(TEXT)).toBe(first);
    expect(lists.fromText('|3:1.0:0|')).not.toBe(first);
    expect(lists.size).toBe(2);
  });

  it('shares the instance lists that nearly every object has', () => {
    const lists = new ObjectLists();
    const one = lists.fromText('|1:1.0:0;3:1.0:|');
    const two = lists.fromText('|3303:1.0:;3:1.0:0|');
    expect(one.objects[0]?.instances).toBe(two.objects[1]?.instances);
    expect(one.objects[1]?.instances).toBe(two.objects[0]?.instances);
  });

  it('keeps what is held through any number of other lists', () => {
    const lists = new ObjectLists();
    const held = lists.fromText('|3:1.0:0|');
    for (let id = 0; id < 40_000; id += 1) lists.fromText(`|${id}:1.0:1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17,18|`);
    expect(lists.fromText('|3:1.0:0|')).toBe(held);
  });

  it('refuses a text that is not canonical', () => {
    expect(() => new ObjectLists().fromText('3')).toThrow('not the canonical text of an object list');
  });
});
