/** The file of the key log: whose it is, what stands in it, and what is refused. */

import { execFileSync } from 'node:child_process';
import { chmodSync, mkdtempSync, readFileSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';

import { silentLogger, type Logger } from '#base';

import { KeyLog } from '../src/key-log.js';

let folder = '';

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'bellwether-key-log-'));
});
afterEach(() => {
  rmSync(folder, { recursive: true, force: true });
});

const [random, master] = [Buffer.alloc(32, 0xab), Buffer.alloc(48, 0xcd)];
const LINE = `CLIENT_RANDOM ${'ab'.repeat(32)} ${'cd'.repeat(48)}\n`;

it('has a line for each handshake, behind those that are there, and warns loudly', () => {
  const file = join(folder, 'keys.log');
  const warnings: string[] = [];
  const logger: Logger = {
    ...silentLogger,
    warn: (message, fields) => warnings.push(`${message} ${String(fields?.['file'])}`),
  };
  for (let run = 0; run < 2; run += 1) {
    const log = KeyLog.open(file, logger);
    log.write(random, master);
    log.close();
  }
  expect(readFileSync(file, 'utf8')).toBe(LINE + LINE);
  expect(warnings).toHaveLength(2);
  expect(warnings[0]).toMatch(/^DANGER: the secrets of all DTLS handshakes are being written down: .* \S+keys\.log$/);
});

it('is its owner’s alone, also when it was there with rights for others', () => {
  const [fresh, there] = [join(folder, 'fresh'), join(folder, 'there')];
  writeFileSync(there, '');
  chmodSync(there, 0o666);
  for (const file of [fresh, there]) {
    KeyLog.open(file, silentLogger).close();
    expect(statSync(file).mode & 0o777).toBe(0o600);
  }
});

describe('what is no plain file is refused', () => {
  it.each([
    ['a link', (file: string) => symlinkSync('/dev/null', file)],
    ['a pipe that nobody reads', (file: string) => execFileSync('mkfifo', [file])],
    ['a folder that is not there', () => undefined],
  ])('%s', (what, make) => {
    const file = join(folder, what === 'a folder that is not there' ? 'no/where' : 'keys.log');
    make(file);
    expect(() => KeyLog.open(file, silentLogger)).toThrow(
      expect.objectContaining({
        code: 'bad_configuration',
        message: expect.stringMatching(/^--dangerous-key-log \S+ cannot be used: /),
      }),
    );
  });

  it('a device', () => {
    expect(() => KeyLog.open('/dev/null', silentLogger)).toThrow('it is no plain file');
  });
});
