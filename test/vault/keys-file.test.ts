/** keys.json: whole or refused, and never written over when it is not understood. */

import { mkdtempSync, readFileSync, readdirSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';

import { KeysFile, systemDisk } from '#vault';
import { MemoryDisk } from '../support/memory-disk.js';
import { KEYS, MASTER, PSK, codeOf, startOn } from './support.js';

/** A disk with keys that sealed something. */
function used(): { disk: MemoryDisk; sealed: Uint8Array } {
  const disk = new MemoryDisk();
  return { disk, sealed: startOn(disk).seal(PSK, Buffer.from('secret')) };
}

const text = (disk: MemoryDisk): string => Buffer.from(disk.read(KEYS) ?? []).toString();

describe('keys.json', () => {
  it('says which master key it needs, and holds each data key wrapped', () => {
    const { disk } = used();
    const document = JSON.parse(text(disk)) as Record<string, unknown>;
    expect(document).toEqual({
      ...{ format: 'bellwether wrapped keys', version: 1, masterKey: expect.stringMatching(/^[0-9a-f]{16}$/) },
      ...{ current: expect.stringMatching(/^[0-9a-f]{16}$/), proof: expect.stringMatching(/^.{43}=$/) },
      keys: [
        {
          ...{ id: document['current'], createdAt: '2026-11-28T10:00:00.000Z', reserved: 2 ** 22 },
          wrapped: expect.stringMatching(/^.{80}$/),
        },
      ],
    });
    const master = Buffer.from(disk.read(MASTER) ?? []).toString();
    expect(master).toContain(`:${String(document['masterKey'])}:`);
  });

  it('that is cut anywhere is refused and stays as it is', () => {
    const { disk } = used();
    const whole = text(disk);
    for (let length = 0; length < whole.length - 1; length += 1) {
      disk.put(KEYS, whole.slice(0, length));
      expect(codeOf(() => startOn(disk))).toBe('keys_damaged');
      expect(text(disk)).toBe(whole.slice(0, length));
    }
    disk.put(KEYS, whole);
    expect(codeOf(() => startOn(disk))).toBe('nothing');
  });

  it.each<[string, (document: Record<string, unknown>, keys: Record<string, unknown>[]) => void]>([
    ['another format', (document) => (document['format'] = 'other')],
    ['a current key that is not there', (document) => (document['current'] = '0'.repeat(16))],
    ['no keys', (document) => (document['keys'] = [])],
    ['keys that are no list', (document) => (document['keys'] = {})],
    ['a key twice', (_document, keys) => keys.push({ ...keys[0] })],
    ['a key that was left out', (_document, keys) => keys.shift()],
    ['keys in another order', (_document, keys) => keys.reverse()],
    ['an earlier key in use', (document, keys) => (document['current'] = keys[0]?.['id'])],
    ['a count set back', (_document, keys) => ((keys[0] as Record<string, unknown>)['reserved'] = 0)],
    ['a count that is none', (_document, keys) => ((keys[0] as Record<string, unknown>)['reserved'] = -1)],
    [
      'another time',
      (_document, keys) => ((keys[0] as Record<string, unknown>)['createdAt'] = '2026-11-28T10:00:01.000Z'),
    ],
    ['a time that is none', (_document, keys) => ((keys[0] as Record<string, unknown>)['createdAt'] = 'x')],
    [
      'a wrapped key of another',
      (_document, keys) => ((keys[0] as Record<string, unknown>)['wrapped'] = keys[1]?.['wrapped']),
    ],
    ['a wrapped key cut short', (_document, keys) => ((keys[0] as Record<string, unknown>)['wrapped'] = 'AAAA')],
    ['a proof of zeros', (document) => (document['proof'] = Buffer.alloc(32).toString('base64'))],
    ['a proof cut short', (document) => (document['proof'] = '')],
    ['no master key named', (document) => delete document['masterKey']],
  ])('with %s is refused and stays as it is', (_what, change) => {
    const { disk } = used();
    startOn(disk).rotate();
    const document = JSON.parse(text(disk)) as Record<string, unknown>;
    change(document, document['keys'] as Record<string, unknown>[]);
    const changed = JSON.stringify(document);
    disk.put(KEYS, changed);
    expect(codeOf(() => startOn(disk))).toBe('keys_damaged');
    expect(text(disk)).toBe(changed);
  });

  it('of a later version of the program says so', () => {
    const { disk } = used();
    disk.put(KEYS, text(disk).replace('"version": 1', '"version": 2'));
    expect(() => startOn(disk)).toThrow('/data/keys.json was written by another version of this program (2)');
  });
});

describe('on a file system', () => {
  let folder = '';
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'bellwether-keys-'));
  });
  afterEach(() => {
    rmSync(folder, { recursive: true });
  });

  it('keys are for this user alone and leave nothing beside them', () => {
    const { disk } = used();
    const ring = new KeysFile('/data', disk).load();
    if (ring === undefined) throw new Error('nothing was kept');
    const file = new KeysFile(folder, systemDisk);
    expect(file.load()).toBeUndefined();
    file.save(ring);
    file.save(ring);
    expect(file.load()).toEqual(ring);
    expect(readdirSync(folder)).toEqual(['keys.json']);
    expect(statSync(file.file).mode & 0o777).toBe(0o600);
  });

  it('keys are never written through a link that lies where the draft goes', () => {
    const { disk } = used();
    const ring = new KeysFile('/data', disk).load();
    if (ring === undefined) throw new Error('nothing was kept');
    writeFileSync(join(folder, 'other'), 'untouched');
    symlinkSync(join(folder, 'other'), join(folder, 'keys.json.new'));
    new KeysFile(folder, systemDisk).save(ring);
    expect(readFileSync(join(folder, 'other'), 'utf8')).toBe('untouched');
  });

  it('keys that cannot be written or read say where and why', () => {
    const { disk } = used();
    const ring = new KeysFile('/data', disk).load();
    if (ring === undefined) throw new Error('nothing was kept');
    const file = new KeysFile(join(folder, 'none'), systemDisk);
    expect(() => file.save(ring)).toThrow(/^the wrapped keys cannot be written to \S+none\/keys\.json: ENOENT/);
    rmSync(join(folder, 'keys.json'), { force: true });
    symlinkSync(folder, join(folder, 'keys.json'));
    expect(() => new KeysFile(folder, systemDisk).load()).toThrow(/keys\.json cannot be read: EISDIR/);
  });
});
