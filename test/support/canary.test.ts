/** The search for canaries finds every form it says it finds, wherever the secret lies, and nothing by chance. */

import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { inspect } from 'node:util';

import { afterAll, describe, expect, it } from '@jest/globals';
import fc from 'fast-check';

import { filesWith, formsIn, searchFiles } from './canary.js';

const folder = mkdtempSync(join(tmpdir(), 'bellwether-canary-'));
afterAll(() => {
  rmSync(folder, { recursive: true });
});

/** What begins and ends with whole 6-bit groups in no alignment by chance: different bytes throughout. */
const SECRET = Buffer.from('f3e1027b9c44a5d86b0ffe3a917c2e50c8d7b6a5948372615049382716f5e4d3', 'hex');
const bytes = fc.uint8Array({ maxLength: 40 });
const secrets = fc.uint8Array({ minLength: 8, maxLength: 64 });

describe('the search for a canary', () => {
  it('finds it raw, in hex and in both kinds of base64, whatever stands before and behind it', () => {
    fc.assert(
      fc.property(bytes, secrets, bytes, (before, secret, behind) => {
        const all = Buffer.concat([before, secret, behind]);
        expect(formsIn(all, secret)).toContain('raw');
        expect(formsIn(all.toString('hex'), secret)).toContain('hex');
        expect(formsIn(all.toString('hex').toUpperCase(), secret)).toContain('hex');
        expect(formsIn(all.toString('base64'), secret)).toContain('base64');
        expect(formsIn(all.toString('base64url'), secret)).toContain('base64url');
        expect(formsIn(JSON.stringify([...all]), secret)).toContain('numbers');
      }),
    );
  });

  it('finds it as people and tools print bytes: with blanks, colons, line breaks', () => {
    const pairs = SECRET.toString('hex').match(/../g) ?? [];
    for (const text of [
      inspect(SECRET),
      pairs.join(':'),
      pairs.join(' ').toUpperCase(),
      pairs.map((pair) => `0x${pair}`).join(', '),
      `${pairs.slice(0, 16).join('')}\n${pairs.slice(16).join('')}`,
    ])
      expect(formsIn(text, SECRET)).toEqual(['hex']);
    const base64 = SECRET.toString('base64');
    for (const gap of ['\n', '\r\n', '\\n', '\\r\\n'])
      expect(formsIn(JSON.stringify({ key: 1 }) + base64.slice(0, 20) + gap + base64.slice(20), SECRET)).toEqual([
        'base64',
      ]);
    expect(formsIn(JSON.stringify(SECRET), SECRET)).toEqual(['numbers']);
  });

  it('finds nothing where it is not, though all but one bit of it is', () => {
    for (let bit = 0; bit < SECRET.length * 8; bit += 1) {
      const near = Buffer.from(SECRET);
      near[bit >> 3] = (near[bit >> 3] as number) ^ (1 << (bit & 7));
      const texts = [near, ...(['hex', 'base64', 'base64url'] as const).map((form) => near.toString(form))];
      expect(texts.slice(0, 2).flatMap((text) => formsIn(text, SECRET))).toEqual([]);
    }
    expect(formsIn('', SECRET)).toEqual([]);
  });

  it('refuses a canary that is there by chance', () => {
    expect(() => formsIn('text', Buffer.from('1234567'))).toThrow('may be there by chance');
  });

  it('looks into files and folders below, and names those that hold it', () => {
    mkdirSync(join(folder, 'below/deep'), { recursive: true });
    writeFileSync(join(folder, 'below/deep/a'), Buffer.concat([Buffer.alloc(5), SECRET]));
    writeFileSync(join(folder, 'below/b'), `{"key":"${SECRET.toString('base64')}"}`);
    writeFileSync(join(folder, 'c'), 'nothing');
    expect(filesWith([folder], SECRET)).toEqual([
      `${join(folder, 'below/b')}: base64`,
      `${join(folder, 'below/deep/a')}: raw`,
    ]);
    expect(filesWith([join(folder, 'c')], SECRET)).toEqual([]);
  });

  it('looks for many in files of any size, also where one lies across two pieces', () => {
    const [size, other] = [4 * 1024 * 1024, Buffer.from(SECRET).reverse()];
    const large = Buffer.alloc(size + 5000);
    SECRET.copy(large, size - 10);
    writeFileSync(join(folder, 'large'), large);
    const secrets = new Map([
      ['one', SECRET],
      ['other', other],
    ]);
    const path = join(folder, 'large');
    expect(searchFiles([path], secrets)).toEqual({ found: [`${path}: one as raw`], bytes: size + 5000 });
    expect(searchFiles([folder], new Map([['other', other]])).found).toEqual([]);
  });
});
