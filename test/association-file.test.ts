/** The file that carries associations over an orderly restart: good once, whatever happens to it or to the machine. */

import { beforeEach, describe, expect, it } from '@jest/globals';

import { WallTime } from '#base';
import type { Vault } from '#vault';
import { AssociationFile, type Left } from '../src/association-file.js';
import { Cut, MemoryDisk } from './support/memory-disk.js';
import { startOn } from './vault/support.js';

const FILE = '/data/associations.sealed';
const SNAPSHOT = Buffer.from('keys of devices, and where they are');
const NOW = WallTime(1_800_000_000_123);
/** Names of openings of a store, in their order. */
const [FIRST, SECOND, THIRD] = ['7-00a1b2c3d4e5', '8-0123456789ab', '9-ffeeddccbbaa'];

let disk: MemoryDisk;
let sealer: Vault;

beforeEach(() => {
  disk = new MemoryDisk();
  sealer = startOn(new MemoryDisk());
});

const on = (place: MemoryDisk): AssociationFile => new AssociationFile('/data', sealer, place);

/** The file as a stop leaves it. */
function written(): Buffer {
  on(disk).write(FIRST, SNAPSHOT, NOW);
  return Buffer.from(disk.read(FILE) as Uint8Array);
}

function why(left: Left): string {
  return left.is === 'refused' ? left.why : left.is;
}

/** Does something on a disk whose power goes at a step. */
function cutAt(place: MemoryDisk, step: number, work: () => void): 'cut' | 'done' {
  place.fault = { at: place.steps + step, how: 'before' };
  try {
    work();
  } catch (error) {
    if (!(error instanceof Cut)) throw error;
  }
  const was = place.steps > place.fault.at ? 'cut' : 'done';
  place.fault = undefined;
  return was;
}

describe('the associations of an orderly stop', () => {
  it('are there for the start after it, with the moment they were written, and for no other', () => {
    written();
    expect(on(disk).take(FIRST)).toEqual({ is: 'associations', snapshot: SNAPSHOT, written: NOW });
    expect(disk.files).toEqual([]);
    expect(on(disk).take(FIRST)).toEqual({ is: 'nothing' });
  });

  it('are sealed: nothing of them stands in the file', () => {
    const content = written();
    expect(content.includes(SNAPSHOT)).toBe(false);
    expect(content.includes(SNAPSHOT.subarray(0, 12))).toBe(false);
  });

  it('are refused when a copy is put back beside a store that was opened since, and removed', () => {
    const copy = written();
    expect(on(disk).take(FIRST).is).toBe('associations');
    for (const before of [SECOND, THIRD, undefined]) {
      disk.create(FILE, copy);
      expect(why(on(disk).take(before))).toMatch(/another time/);
      expect(disk.has(FILE)).toBe(false);
    }
  });

  it('are handed on by a start that came to nothing, as they were and when they were, and nothing else is', () => {
    written();
    on(disk).handOn(FIRST, SECOND);
    const copy = Buffer.from(disk.read(FILE) as Uint8Array);
    expect(on(disk).take(SECOND)).toEqual({ is: 'associations', snapshot: SNAPSHOT, written: NOW });
    disk.create(FILE, copy);
    on(disk).handOn(FIRST, THIRD);
    expect(disk.files).toEqual([]);
    on(disk).handOn(SECOND, THIRD);
    expect(disk.files).toEqual([]);
  });

  it('are refused when they were made to name another opening', () => {
    const content = written();
    const forged = Buffer.from(content.toString('latin1').replace(FIRST, SECOND), 'latin1');
    expect(forged).toHaveLength(content.length);
    disk.create(FILE, forged);
    expect(why(on(disk).take(SECOND))).toMatch(/it was changed, or belongs to another/);
  });

  it('are refused when a byte is another one, or some are missing, and when they are of another server', () => {
    const content = written();
    for (let at = 0; at < content.length; at += 1) {
      const changed = Buffer.from(content);
      changed[at] = (changed[at] as number) ^ 1;
      disk.create(FILE, changed);
      expect(on(disk).take(FIRST).is).toBe('refused');
      disk.create(FILE, content.subarray(0, at));
      expect(on(disk).take(FIRST).is).toBe('refused');
    }
    disk.create(FILE, content);
    sealer = startOn(new MemoryDisk());
    expect(on(disk).take(FIRST).is).toBe('refused');
  });

  it('are not used when they cannot be removed', () => {
    written();
    disk.lasting = false;
    for (const step of [0, 1, 2, 3]) {
      disk.fault = { at: disk.steps + step, how: 'before' };
      expect(why(on(disk).take(FIRST))).toMatch(/cannot be read and removed/);
      disk.fault = undefined;
      written();
    }
  });

  it('are there wholly or not at all when the power goes while they are written', () => {
    let step = 0;
    for (; ; step += 1) {
      const place = new MemoryDisk();
      const was = cutAt(place, step, () => on(place).write(FIRST, SNAPSHOT, NOW));
      for (const after of [place.afterKill(), ...place.afterPowerLoss()]) {
        const left = on(after).take(FIRST);
        expect(left.is === 'nothing' || (left.is === 'associations' && SNAPSHOT.equals(left.snapshot))).toBe(true);
        expect(after.files).toEqual([]);
      }
      if (was === 'done') break;
    }
    expect(step).toBeGreaterThan(2);
  });

  it('are used by one start at most when the power goes while they are taken, for the store names its openings first', () => {
    const content = written();
    let step = 0;
    for (; ; step += 1) {
      const place = new MemoryDisk(new Map([[FILE, content]]));
      let used = 0;
      const was = cutAt(place, step, () => {
        if (on(place).take(FIRST).is === 'associations') used += 1;
      });
      for (const after of [place.afterKill(), ...place.afterPowerLoss()])
        expect(on(after).take(SECOND).is).not.toBe('associations');
      expect(used).toBe(was === 'done' ? 1 : 0);
      if (was === 'done') break;
    }
    expect(step).toBeGreaterThan(2);
  });
});
