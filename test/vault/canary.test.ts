/** T18: canaries that went through a vault, and its keys, are found nowhere: not in files, logs, errors, dumps of the process. */

import { mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { randomBytes } from 'node:crypto';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { inspect } from 'node:util';

import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';

import { systemClock } from '#base';
import { KeysFile, makeMasterKey, masterKeyFile, systemDisk, Vault } from '#vault';
import { unwrapRing } from '../../src/vault/key-ring.js';
import { readMasterKey } from '../../src/vault/master-key.js';
import { bellwether } from '../cli/support/command-line.js';
import { Bellwether } from '../cli/support/process.js';
import { filesWith, formsIn } from '../support/canary.js';
import { until } from '../support/test-server.js';
import { PSK, recorder } from './support.js';

/** The key itself in the line of a master key. */
const keyIn = (line: Uint8Array): Buffer => readMasterKey(line, 'the test').key.export();

/** Every data key that a master key opens in a folder. */
function dataKeysIn(data: string, line: Uint8Array): Buffer[] {
  const ring = new KeysFile(data, systemDisk).load();
  if (ring === undefined) throw new Error('there are no keys');
  return unwrapRing(readMasterKey(line, 'the test'), ring).map(({ key }) => key.export());
}

describe('a vault in this process', () => {
  let folder = '';
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'bellwether-canary-'));
  });
  afterAll(() => {
    rmSync(folder, { recursive: true });
  });

  it('leaves no secret in files, log lines, errors, dumps of itself or the diagnostic report', () => {
    const data = join(folder, 'data');
    mkdirSync(data);
    const { lines, logger } = recorder();
    const master = masterKeyFile(data, undefined);
    const vault = Vault.start({ keys: new KeysFile(data, systemDisk), master, clock: systemClock, logger });
    const canaries = Array.from({ length: 20 }, () => randomBytes(32));
    const texts: string[] = [];
    const sealed = canaries.map((canary, index) => vault.seal({ ...PSK, version: index }, canary));
    writeFileSync(join(data, 'stored'), Buffer.concat(sealed));
    vault.rotate();
    for (const [index, one] of sealed.entries()) {
      expect(Buffer.from(vault.open({ ...PSK, version: index }, one))).toEqual(canaries[index]);
      for (const attempt of [() => vault.open(PSK, one.subarray(1)), () => vault.open({ ...PSK, owner: 'x' }, one)]) {
        try {
          attempt();
          throw new Error('it was opened');
        } catch (error) {
          texts.push(inspect(error, { depth: 99, showHidden: true }), JSON.stringify(error));
        }
      }
    }
    const line = readFileSync(master.where);
    const keys = [keyIn(line), keyIn(readFileSync(`${master.where}.old`)), ...dataKeysIn(data, line)];
    expect(keys).toHaveLength(4);
    texts.push(
      ...lines,
      JSON.stringify(vault.status()),
      JSON.stringify(vault),
      inspect(vault, { depth: 99, showHidden: true }),
    );
    texts.push(
      inspect(master, { depth: 99, showHidden: true }),
      inspect(master.current(), { depth: 99, showHidden: true }),
    );
    texts.push(JSON.stringify(process.report.getReport()));
    for (const secret of [...canaries, ...keys]) {
      expect(texts.flatMap((text) => formsIn(text, secret))).toEqual([]);
      expect(filesWith([data], secret)).toEqual([]);
    }
    // The search bites: the master key is where it belongs, and there alone.
    expect(filesWith([folder], keys[0] as Buffer).map((found) => found.split(': ')[0])).toEqual([master.where]);
  });
});

describe('a server whose master key comes from a variable', () => {
  let folder = '';
  let server: Bellwether | undefined;
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'bellwether-canary-'));
  });
  afterAll(async () => {
    await server?.end('SIGKILL');
    rmSync(folder, { recursive: true });
  });

  it('leaves it in no file, no output, no REST answer, no backup and no report of Node', async () => {
    const { line } = makeMasterKey();
    const variable = Buffer.from(line.bytes).toString().trim();
    const flags = [
      '--http',
      '127.0.0.1:0',
      '--coap',
      '127.0.0.1:0',
      '--coaps',
      '127.0.0.1:0',
      '--data',
      'data',
      '--log-level',
      'debug',
    ];
    server = new Bellwether(
      ['serve', ...flags, '--owner-token-file', 'token'],
      {
        BELLWETHER_MASTER_KEY: variable,
        NODE_OPTIONS: '--report-on-signal --report-exclude-network --report-filename=report.json',
      },
      folder,
    );
    const [, http = ''] = await server.says(/^ready http=(\S+)/m);
    const token = readFileSync(join(folder, 'token'), 'utf8').trim();
    const answers: string[] = [];
    for (const [method, path] of [
      ...[['GET', '/keys'] as const, ['POST', '/keys/rotate'] as const, ['POST', '/keys/prune'] as const],
      ...[['GET', '/metrics'] as const, ['GET', '/openapi.json'] as const, ['GET', '/devices'] as const],
    ]) {
      const response = await fetch(`${http}/api/v1${path}`, { method, headers: { authorization: `Bearer ${token}` } });
      answers.push(`${response.status} ${await response.text()}`);
    }
    expect(answers.map((answer) => answer.slice(0, 3))).toEqual(['200', '409', '200', '200', '200', '200']);
    expect(answers[1]).toContain('"code":"keys_from_variable"');
    const backup = await bellwether(['keys', 'backup', join(folder, 'backup.json'), '--data', join(folder, 'data')]);
    expect(backup.code).toBe(0);
    server.child.kill('SIGUSR2');
    const report = join(folder, 'report.json');
    await until('the report is written', async () => {
      try {
        return statSync(report).size > 0 && readFileSync(report, 'utf8').trimEnd().endsWith('}') ? true : undefined;
      } catch {
        return undefined;
      }
    });
    const { environmentVariables } = JSON.parse(readFileSync(report, 'utf8')) as {
      environmentVariables: Readonly<Record<string, string>>;
    };
    expect(Object.keys(environmentVariables)).toContain('NODE_OPTIONS');
    expect(Object.keys(environmentVariables)).not.toContain('BELLWETHER_MASTER_KEY');
    expect(await server.end()).toBe(0);
    const text = Buffer.from(variable);
    for (const secret of [text, keyIn(text), ...dataKeysIn(join(folder, 'data'), text)]) {
      expect(filesWith([folder], secret)).toEqual([]);
      expect([...answers, server.out, server.err, backup.out].flatMap((said) => formsIn(said, secret))).toEqual([]);
    }
  });
});
