/** The master key as one line, and where it may lie. */

import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { createHash } from 'node:crypto';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';

import { Secret } from '#base';
import { MasterKeyVariable, isOpenToOthers, makeMasterKey, masterKeyFile } from '#vault';
import { readMasterKey } from '../../src/vault/master-key.js';
import { codeOf } from './support.js';

let folder = '';
let data = '';
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'bellwether-master-'));
  data = join(folder, 'data');
  mkdirSync(data);
});
afterEach(() => {
  rmSync(folder, { recursive: true });
});

describe('a master key', () => {
  it('is one line with its id, which is a digest of the key', () => {
    const { master, line } = makeMasterKey();
    const text = Buffer.from(line.bytes).toString();
    const match = /^bellwether-master-key:v1:([0-9a-f]{16}):([\w-]{43})\n$/.exec(text);
    const bytes = Buffer.from(match?.[2] ?? '', 'base64url');
    const digest = createHash('sha256').update('bellwether master key id v1\0').update(bytes).digest('hex');
    expect([match?.[1], bytes.length]).toEqual([digest.slice(0, 16), 32]);
    expect(master.key.export()).toEqual(bytes);
    expect(master.id).toBe(digest.slice(0, 16));
    for (const end of ['', '\n', '\r\n'])
      expect(readMasterKey(Buffer.from(text.trim() + end), 'x').key.export()).toEqual(bytes);
    expect(makeMasterKey().master.id).not.toBe(master.id);
  });

  it('that was changed, cut or mixed up is refused by the name of its place, without its content', () => {
    const text = Buffer.from(makeMasterKey().line.bytes).toString();
    const other = Buffer.from(makeMasterKey().line.bytes).toString();
    const [head = '', version = '', id = '', key = ''] = text.trim().split(':');
    const bad = [
      ...['', '\n', ' ', 'x'.repeat(1_000_000), `${text}\n`, ` ${text}`, text + other, key, text.toUpperCase()],
      ...[`${head}:v2:${id}:${key}`, `${head}:${version}:${'0'.repeat(16)}:${key}`, `${text.trim()}=`],
      other.slice(0, 42) + text.slice(42),
      // The last character has two bits that no key has.
      `${text.trim().slice(0, -1)}${String.fromCharCode(text.trim().charCodeAt(text.trim().length - 1) + 1)}`,
      ...Array.from({ length: text.length - 1 }, (_, length) => text.slice(0, length)),
    ];
    for (const line of bad) {
      let message = 'it was taken';
      try {
        readMasterKey(Buffer.from(line), '/run/master.key');
      } catch (error) {
        message = (error as Error).message;
      }
      expect(message).toMatch(
        /^\/run\/master\.key does not hold a master key|^the master key in \/run\/master\.key was changed/,
      );
      expect(message).not.toContain(key);
    }
  });

  it('from a variable is read once, wiped where it was, and cannot be changed', () => {
    const { line, master } = makeMasterKey();
    const { bytes } = line;
    const source = new MasterKeyVariable(line);
    expect([source.current().id, source.kind, source.where]).toEqual([master.id, 'variable', 'BELLWETHER_MASTER_KEY']);
    expect(bytes.every((byte) => byte === 0)).toBe(true);
    for (const change of [() => source.prepare(), () => source.adopt(), () => source.withdraw()])
      expect(codeOf(change)).toBe('keys_from_variable');
    expect(codeOf(() => new MasterKeyVariable(Secret.ofText('nonsense')))).toBe('bad_master_key');
  });
});

describe('the place of a master key', () => {
  it('is a folder of its own beside the data folder, both for this user alone', () => {
    const master = masterKeyFile(data, undefined).make();
    const file = join(folder, 'data.key/master.key');
    expect(readMasterKey(readFileSync(file), file).id).toBe(master.id);
    expect([statSync(file).mode & 0o777, statSync(join(folder, 'data.key')).mode & 0o777]).toEqual([0o600, 0o700]);
    expect(readdirSync(data)).toEqual([]);
    expect(masterKeyFile(`${data}/`, undefined).current()?.id).toBe(master.id);
  });

  it('is asked for when the folder above the data is on another file system', () => {
    // /proc and /sys are file systems of their own on every Linux.
    expect(statSync('/proc').dev).not.toBe(statSync('/').dev);
    expect(() => masterKeyFile('/proc', undefined).make()).toThrow(
      'the master key cannot be kept beside the data folder /proc (/ is on another file system): name a file for it with --master-key-file FILE, on storage that lasts and is not copied with the data',
    );
    expect(existsSync('/proc.key')).toBe(false);
  });

  it('is asked for when nothing is beside the data, or its folder cannot be made', () => {
    expect(() => masterKeyFile('/', undefined).make()).toThrow('(nothing is beside it): name a file for it with');
    writeFileSync(`${data}.key`, 'a file');
    expect(() => masterKeyFile(data, undefined).make()).toThrow(
      /^the folder \S+data\.key for the master key cannot be made/,
    );
  });

  it('is the file that is named, in a folder that is there', () => {
    const file = join(folder, 'elsewhere/k');
    expect(() => masterKeyFile(data, file).make()).toThrow(/the folder \S+elsewhere is not there; make it/);
    mkdirSync(join(folder, 'elsewhere'));
    const master = masterKeyFile(data, file).make();
    expect(masterKeyFile(data, file).current()?.id).toBe(master.id);
    expect(existsSync(`${data}.key`)).toBe(false);
  });

  it('is never in the data folder, by whatever way it is named', () => {
    mkdirSync(join(data, 'below'));
    symlinkSync(data, join(folder, 'link'));
    for (const file of ['k', 'below/k', 'none/k', '../data/k', '../link/k', '../link/below/k'])
      expect(codeOf(() => masterKeyFile(data, join(data, file)))).toBe('master_key_place');
    expect(codeOf(() => masterKeyFile(join(folder, 'link'), join(data, 'k')))).toBe('master_key_place');
    for (const file of ['../k', '../data.key/k', '../..k', '../datas/k'])
      expect(codeOf(() => masterKeyFile(data, join(data, file)))).toBe('nothing');
  });

  it('says when others may read it', () => {
    masterKeyFile(data, undefined).make();
    const file = join(folder, 'data.key/master.key');
    expect([isOpenToOthers(file), isOpenToOthers(join(folder, 'none'))]).toEqual([false, false]);
    chmodSync(file, 0o640);
    expect(isOpenToOthers(file)).toBe(true);
  });
});
