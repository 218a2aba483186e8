/** The owner token's digest in a data folder, and the copy for people. */

import {
  chmodSync,
  existsSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';

import { OwnerToken } from '../src/owner-token.js';

let folder = '';

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'bellwether-owner-'));
});

afterEach(() => {
  rmSync(folder, { recursive: true });
});

describe('the owner token', () => {
  it('is 256 random bits, known to nobody before it is made, and kept as a digest only', () => {
    const owner = new OwnerToken(folder);
    expect([owner.exists(), owner.isHome(), owner.accepts(''), owner.accepts('undefined')]).toEqual([
      false,
      false,
      false,
      false,
    ]);
    const [first, second] = [owner.reset(), owner.reset()];
    expect(first).toMatch(/^bw_[\w-]{43}$/);
    expect(first).not.toBe(second);
    expect([owner.exists(), owner.accepts(first), owner.accepts(second)]).toEqual([true, false, true]);
    for (const near of [second.slice(0, -1), `${second} `, second.toUpperCase(), ''])
      expect(owner.accepts(near)).toBe(false);
    const [file = ''] = readdirSync(folder);
    expect(readFileSync(join(folder, file), 'utf8')).toMatch(/^[0-9a-f]{64}\n$/);
    expect(statSync(join(folder, file)).mode & 0o777).toBe(0o600);
  });

  it('that another process made holds at once, and the one before no more', () => {
    const [server, commandLine] = [new OwnerToken(folder), new OwnerToken(folder)];
    const before = server.reset();
    expect(server.accepts(before)).toBe(true);
    const after = commandLine.reset();
    expect([server.accepts(before), server.accepts(after)]).toEqual([false, true]);
    rmSync(join(folder, readdirSync(folder)[0] ?? ''));
    expect([server.accepts(after), server.exists()]).toEqual([false, false]);
  });

  it('is written for this user alone, also over a file that all may read', () => {
    const file = join(folder, 'owner.token');
    writeFileSync(file, 'old');
    chmodSync(file, 0o644);
    const owner = new OwnerToken(folder);
    const token = owner.reset(file);
    expect(readFileSync(file, 'utf8')).toBe(`${token}\n`);
    expect(statSync(file).mode & 0o777).toBe(0o600);
    expect(readdirSync(folder).sort()).toEqual(['owner-token.sha256', 'owner.token']);
  });

  it('stays as it was when its file cannot be written', () => {
    const owner = new OwnerToken(folder);
    const token = owner.reset();
    for (const file of [join(folder, 'none/owner.token'), folder])
      expect(() => owner.reset(file)).toThrow(/^the owner token cannot be written to /);
    expect(owner.accepts(token)).toBe(true);
    expect(readdirSync(folder)).toEqual(['owner-token.sha256']);
    expect(existsSync(join(folder, 'none'))).toBe(false);
  });

  it.each(['', 'nonsense', 'g'.repeat(64), 'a'.repeat(63)])(
    'whose digest reads %j is refused with what to do',
    (text) => {
      writeFileSync(join(folder, 'owner-token.sha256'), text);
      const owner = new OwnerToken(folder);
      expect(() => owner.accepts('x')).toThrow(
        /does not hold a SHA-256 digest in hex: make a new token with `bellwether token reset`/,
      );
      expect(owner.isHome()).toBe(true);
      expect(owner.accepts(owner.reset())).toBe(true);
    },
  );
});
