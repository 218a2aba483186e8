/** The file with the keys of simulated devices: what is read of it, and how what is wrong in it is told. */

import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';

import { toHex } from '#base';
import { readPskFile } from '../../src/cli/psk-file.js';

let folder: string;

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'bellwether-psk-'));
});

afterAll(() => {
  rmSync(folder, { recursive: true });
});

function read(...lines: string[]): readonly (readonly string[])[] {
  const file = join(folder, 'devices.csv');
  writeFileSync(file, lines.join('\n'));
  return Array.from(readPskFile(file), ([name, { identity, key }]) => [
    name,
    Buffer.from(identity).toString(),
    toHex(key),
  ]);
}

describe('the keys of simulated devices', () => {
  it('are read by the columns that the first line names, in either form, with the endpoint for a missing identity', () => {
    const found = read(
      'kind,key,endpoint,identity,label',
      'psk,hex:0001020304050607,sim-1,id-1,one',
      'psk,base64:AAECAwQFBgc=,"sim,2",,"with ""quotes"""',
      '',
    );
    expect(found).toEqual([
      ['sim-1', 'id-1', '0001020304050607'],
      ['sim,2', 'sim,2', '0001020304050607'],
    ]);
    expect(read('endpoint,key\r', 'sim-1,hex:0001020304050607\r', '')).toEqual([
      ['sim-1', 'sim-1', '0001020304050607'],
    ]);
  });

  it.each([
    [['endpoint,identity'], /line 1: the columns endpoint and key are needed, there are: endpoint, identity/],
    [['endpoint,key', ',hex:0001020304050607'], /line 2: the endpoint is missing/],
    [['endpoint,key', 'a,hex:0001020304050607', 'a,hex:0001020304050607'], /line 3: the endpoint a has a line before/],
    [['endpoint,key', 'a,0001020304050607'], /line 2: the key must be hex:… or base64:… of 8 to 64 bytes/],
    [['endpoint,key', 'a,hex:00010203040506'], /line 2: the key must be/],
    [['endpoint,key', `a,hex:${'00'.repeat(65)}`], /line 2: the key must be/],
    [['endpoint,key', 'a,hex:000102030405060'], /line 2: the key must be/],
    [['endpoint,key', 'a,base64:!!!!'], /line 2: the key must be/],
    [['endpoint,key', '"a,hex:0001020304050607'], /line 2: a quoted cell does not end/],
  ])('in %j are refused, with the line and what is allowed', (lines, words) => {
    expect(() => read(...lines)).toThrow(words);
  });

  it('cannot be read from a file that is not there', () => {
    expect(() => readPskFile(join(folder, 'none.csv'))).toThrow(/none\.csv cannot be read: ENOENT/);
  });
});
