/** The object list of Register and Update: every construct that devices send, from literal text. */

import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { DecodeError } from '#base';
import { ObjectLists } from '#lwm2m/model';
import type { EnablerVersion } from '#lwm2m/model';
import { parseObjectList, readObjectList } from '#lwm2m/protocol';

const read = (text: string, lwm2m: EnablerVersion = '1.1'): string =>
  readObjectList(Buffer.from(text), lwm2m, new ObjectLists()).key;

function reason(text: string): string {
  try {
    parseObjectList(text, '1.1');
  } catch (error) {
    if (error instanceof DecodeError) return error.reason;
    throw error;
  }
  return 'accepted';
}

describe('an object list', () => {
  it('has formats, versions, objects with and without instances (LwM2M-Core 1.1.1 §6.2.1)', () => {
    const text = '</>;rt="oma.lwm2m";ct="110 112 60",</1>;ver=1.1,</1/0>,</3/0>,</5/0>,</3303>;ver=1.1,</3303/0>';
    expect(parseObjectList(text, '1.1')).toEqual({
      root: '',
      formats: [60, 110, 112],
      objects: [
        { id: 1, version: '1.1', instances: [0] },
        { id: 3, version: '1.1', instances: [0] },
        { id: 5, version: '1.0', instances: [0] },
        { id: 3303, version: '1.1', instances: [0] },
      ],
    });
  });

  it('takes ct as one number, as a quoted list, and from a root link without a resource type', () => {
    expect(read('</>;rt="oma.lwm2m";ct=112,</3/0>')).toBe('112|3:1.1:0|');
    expect(read('</>;ct=112;rt="oma.lwm2m",</3/0>')).toBe('112|3:1.1:0|');
    expect(read('</>;ct="112 11542 112",</3/0>')).toBe('112,11542|3:1.1:0|');
    expect(read('</>;ct="112",</3/0>')).toBe('112|3:1.1:0|');
    expect(read('</3/0>,</>;rt=oma.lwm2m;ct="60"')).toBe('60|3:1.1:0|');
  });

  it('takes ver quoted and bare, on the object link and on an instance link', () => {
    expect(read('</3303>;ver="1.1",</3303/0>')).toBe('|3303:1.1:0|');
    expect(read('</3303>;ver=1.1,</3303/0>')).toBe('|3303:1.1:0|');
    expect(read('</3303/0>;ver=1.1')).toBe('|3303:1.1:0|');
    expect(read('</3303/0>;ver=1.2,</3303>;ver=1.1')).toBe('|3303:1.1:0|');
    expect(read('</33629>;ver=10.12')).toBe('|33629:10.12:|');
  });

  it('gives objects without ver the version bundled with the enabler (LwM2M-Core 1.1.1 §7.2.2)', () => {
    const text = '</1/0>,</2>,</3/0>,</4/0>,</5>,</6>,</7>,</3303/0>';
    expect(read(text, '1.0')).toBe('|1:1.0:0;2:1.0:;3:1.0:0;4:1.0:0;5:1.0:;6:1.0:;7:1.0:;3303:1.0:0|');
    expect(read(text, '1.1')).toBe('|1:1.1:0;2:1.0:;3:1.1:0;4:1.2:0;5:1.0:;6:1.0:;7:1.0:;3303:1.0:0|');
    expect(read(text, '1.2')).toMatch(
      /^\|1:1\.2:0;2:1\.[01]:;3:1\.2:0;4:1\.3:0;5:1\.1:;6:1\.0:;7:1\.0:;3303:1\.0:0\|$/,
    );
  });

  it('lies below an alternate path', () => {
    expect(read('</lwm2m>;rt="oma.lwm2m",</lwm2m/1/0>,</lwm2m/3/0>')).toBe('|1:1.1:0;3:1.1:0|/lwm2m');
    expect(read('</lwm2m/>;rt="oma.lwm2m";ct=112,</lwm2m/3>;ver=1.0,</lwm2m/3/0>')).toBe('112|3:1.0:0|/lwm2m');
    expect(read('</a/b%20c>;rt="core.rd oma.lwm2m",</a/b%20c/3/0>')).toBe('|3:1.1:0|/a/b%20c');
  });

  it('passes over links outside the root and links that are no objects', () => {
    expect(read('</lwm2m>;rt="oma.lwm2m",</lwm2m/3/0>,</5/0>,</lwm2mx/6/0>,</other>')).toBe('|3:1.1:0|/lwm2m');
    expect(read('</.well-known/core>,</sensors/temp>;rt="temperature-c",</3/0>,<coap://x/3/1>,<3/7>')).toBe(
      '|3:1.1:0|',
    );
  });

  it('passes over objects that must not be listed', () => {
    expect(read('</0/0>,</0/1>,</21>;ver=2.0,</21/0>,</3/0>')).toBe('|3:1.1:0|');
    expect(read('</23/0>,</3/0>', '1.2')).toBe('|3:1.2:0|');
    expect(read('</23/0>,</3/0>', '1.1')).toBe('|3:1.1:0;23:1.0:0|');
  });

  it('passes over attributes it does not know', () => {
    expect(read('</>;rt="oma.lwm2m";if="x";title="a, </9/9> b",</3/0>;obs;sz=10;x="y;z"')).toBe('|3:1.1:0|');
    expect(read('</3/0>;ver')).toBe('|3:1.1:0|');
  });

  it('is sorted, and what is listed twice counts once', () => {
    expect(read('</3303/10>,</3303/2>,</3303/2>,</3/0>,</3303>,</1>')).toBe('|1:1.1:;3:1.1:0;3303:1.0:2,10|');
  });

  it('takes the largest ids', () => {
    expect(read('</65534/65534>')).toBe('|65534:1.0:65534|');
  });

  it.each([
    ['</65535>', 'bad_object_path'],
    ['</3/65535>', 'bad_object_path'],
    ['</99999/0>', 'bad_object_path'],
    ['</3/99999999999999999999>', 'bad_object_path'],
    ['</03/0>', 'bad_object_path'],
    ['</3/00>', 'bad_object_path'],
    ['</3/>', 'bad_object_path'],
    ['</3/0/>', 'bad_object_path'],
    ['</3/0/1>', 'bad_object_path'],
    ['</3/x>', 'bad_object_path'],
    ['</3//0>', 'bad_object_path'],
    ['</3x>', 'bad_object_path'],
    ['</3>;ver=1', 'bad_object_version'],
    ['</3>;ver="1.x"', 'bad_object_version'],
    ['</3>;ver=""', 'bad_object_version'],
    ['</3>;ver=1.123456', 'bad_object_version'],
    ['</>;ct="",</3>', 'bad_formats'],
    ['</>;ct,</3>', 'bad_formats'],
    ['</>;ct=text,</3>', 'bad_formats'],
    ['</>;ct=65536,</3>', 'bad_formats'],
    ['</>;ct="60,112",</3>', 'bad_formats'],
    [`</>;ct="${'60 '.repeat(65)}",</3>`, 'bad_formats'],
    ['</3>;rt="oma.lwm2m",</3/1/0>', 'bad_root'],
    ['</a/3>;rt="oma.lwm2m",</a/3/1/0>', 'bad_root'],
    ['<lwm2m>;rt="oma.lwm2m",</3>', 'bad_root'],
    ['</a//b>;rt="oma.lwm2m",</3>', 'bad_root'],
    ['</a/../b>;rt="oma.lwm2m",</3>', 'bad_root'],
    ['</a%>;rt="oma.lwm2m",</3>', 'bad_root'],
    [`</${'a'.repeat(255)}>;rt="oma.lwm2m",</3>`, 'bad_root'],
    ['', 'empty_object_list'],
    ['</>;rt="oma.lwm2m"', 'empty_object_list'],
    ['</lwm2m>;rt="oma.lwm2m",</3/0>', 'empty_object_list'],
  ])('%j is refused: %s', (text, expected) => {
    expect(reason(text)).toBe(expected);
  });

  it('is refused cut off anywhere but after a whole link', () => {
    const text = '</>;rt="oma.lwm2m";ct="60",</3>;ver="1.1",</3/0>';
    for (let end = 1; end < text.length; end += 1) {
      let judged: string;
      try {
        judged = read(text.slice(0, end));
      } catch (error) {
        expect(error).toBeInstanceOf(DecodeError);
        continue;
      }
      expect(judged).toMatch(/^60\|3:1\.[01]:\|$/);
    }
  });

  it('is refused when it is not UTF-8', () => {
    const lists = new ObjectLists();
    expect(() => readObjectList(Buffer.from('</3/0>;t="\xff"', 'latin1'), '1.1', lists)).toThrow(DecodeError);
  });

  it('of any bytes is read or refused, never thrown otherwise (seeded)', () => {
    const lists = new ObjectLists();
    const byte = fc.constantFrom(...Buffer.from('<>/,;="\\0123 ver.ct rt=oma.lwm2m\u00e9'));
    fc.assert(
      fc.property(fc.array(byte, { maxLength: 80 }), (bytes) => {
        try {
          expect(readObjectList(Buffer.from(bytes), '1.1', lists).objects.length).toBeGreaterThan(0);
        } catch (error) {
          expect(error).toBeInstanceOf(DecodeError);
        }
      }),
      { numRuns: 5000, seed: 17 },
    );
  });
});

describe('readObjectList', () => {
  it('gives equal lists as one value, though their bytes differ', () => {
    const lists = new ObjectLists();
    const first = readObjectList(Buffer.from('</1/0>,</3/0>'), '1.1', lists);
    expect(readObjectList(Buffer.from('</1/0>,</3/0>'), '1.1', lists)).toBe(first);
    expect(readObjectList(new Uint8Array(Buffer.from('</1/0>,</3/0>')), '1.1', lists)).toBe(first);
    expect(readObjectList(Buffer.from('</3/0>;ver=1.1,</1/0>;ver="1.1"'), '1.1', lists)).toBe(first);
    expect(readObjectList(Buffer.from('</1/0>,</3/0>'), '1.0', lists)).not.toBe(first);
  });

  it('reads a list of another version anew, though its bytes are equal', () => {
    const lists = new ObjectLists();
    expect(readObjectList(Buffer.from('</4/0>'), '1.0', lists).key).toBe('|4:1.0:0|');
    expect(readObjectList(Buffer.from('</4/0>'), '1.1', lists).key).toBe('|4:1.2:0|');
  });

  it('goes on giving right lists when hostile devices fill its memory', () => {
    const lists = new ObjectLists(1000);
    const held = readObjectList(Buffer.from('</3/0>'), '1.1', lists);
    for (let id = 100; id < 2000; id += 1) {
      expect(readObjectList(Buffer.from(`</${id}/0>`), '1.1', lists).key).toBe(`|${id}:1.0:0|`);
      if (id % 7 === 0) expect(readObjectList(Buffer.from('</3/0>'), '1.1', lists)).toBe(held);
    }
    const long = Array.from({ length: 200 }, (_, id) => `</3303/${id}>`).join(',');
    expect(readObjectList(Buffer.from(long), '1.1', lists).objects[0]?.instances.length).toBe(200);
  });
});
