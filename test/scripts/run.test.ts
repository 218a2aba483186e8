/** The script behind `npm start` and `npm test`: its flags, its reading of the ready line, and its one sentence on an old Node. */

import { execFile } from 'node:child_process';
import { pathToFileURL } from 'node:url';
import { resolve } from 'node:path';
import { promisify } from 'node:util';
import { beforeAll, describe, expect, it } from '@jest/globals';

const run = promisify(execFile);

interface StartScript {
  serveFlags(given: readonly string[]): string[];
  readyLine(line: string): { http: string; coap: string[] } | undefined;
  reachable(url: string): string;
}
let start: StartScript;

beforeAll(async () => {
  start = (await import(pathToFileURL(resolve('scripts/run/start.mjs')).href)) as StartScript;
});

describe('the flags of npm start', () => {
  it('are the defaults when none is given', () => {
    expect(start.serveFlags([]).join(' ')).toBe(
      '--data ./data --http 127.0.0.1:8080 --coaps 127.0.0.1:5684 --coap 127.0.0.1:5683 --owner-token-file ./data/owner.token',
    );
  });

  it('replace the default of their name, in both forms, and leave the others', () => {
    expect(start.serveFlags(['--http', '127.0.0.1:0', '--coap=127.0.0.1:0']).join(' ')).toBe(
      '--data ./data --coaps 127.0.0.1:5684 --owner-token-file ./data/owner.token --http 127.0.0.1:0 --coap=127.0.0.1:0',
    );
  });

  it('are kept in order when one is given twice, or is not of ours', () => {
    const flags = ['--coap', '127.0.0.1:1', '--coap', '[::1]:2', '--lifetime-grace', '5'];
    expect(start.serveFlags(flags).slice(-6)).toEqual(flags);
    expect(start.serveFlags(flags)).not.toContain('127.0.0.1:5683');
  });
});

describe('the ready line', () => {
  it('names the addresses, several of CoAP', () => {
    expect(
      start.readyLine(
        'ready http=http://127.0.0.1:80 coap=coap://127.0.0.1:1 coap=coap://[::1]:2 coaps=coaps://[::1]:3',
      ),
    ).toEqual({
      http: 'http://127.0.0.1:80',
      coap: ['coap://127.0.0.1:1', 'coap://[::1]:2'],
      coaps: ['coaps://[::1]:3'],
    });
  });

  it('is told from other lines', () => {
    expect(start.readyLine('already http=http://127.0.0.1:80')).toBeUndefined();
    expect(start.readyLine('')).toBeUndefined();
  });

  it('of a wildcard address is reached by the loopback', () => {
    expect(start.reachable('coap://0.0.0.0:5683')).toBe('coap://127.0.0.1:5683');
    expect(start.reachable('coap://[::]:5683')).toBe('coap://[::1]:5683');
    expect(start.reachable('http://10.1.2.3:80')).toBe('http://10.1.2.3:80');
  });
});

/** Runs the script under a Node that claims to be `version`, with a command that does not exist. */
async function underNode(version: string): Promise<{ code: number; said: string }> {
  const pretend = `Object.defineProperty(process, 'version', { value: ${JSON.stringify(version)} });`;
  const args = ['--import', `data:text/javascript,${encodeURIComponent(pretend)}`, 'scripts/run.mjs', 'nothing'];
  try {
    await run(process.execPath, args);
  } catch (error) {
    const { code, stderr } = error as { code: number; stderr: string };
    return { code, said: stderr };
  }
  throw new Error('a command that does not exist was accepted');
}

describe('Node', () => {
  it.each(['v18.20.8', 'v20.20.1', 'v21.9.0', 'v22.22.1', 'v23.11.0', 'v24.14.0'])(
    '%s is refused in one sentence that says what is needed',
    async (version) => {
      const { code, said } = await underNode(version);
      expect(code).toBe(1);
      expect(said.trim().split('\n')).toHaveLength(1);
      expect(said).toContain(`Node ${version} is not supported: install Node 20.20.2`);
    },
  );

  it.each(['v20.20.2', 'v20.21.0', 'v22.22.2', 'v24.14.1', 'v24.20.0', 'v25.0.0', 'v26.1.0'])(
    '%s is accepted',
    async (version) => {
      const { code, said } = await underNode(version);
      expect(code).toBe(1);
      expect(said).toContain('no command "nothing": there are build, start, test, interop, security, bench, check.');
    },
  );
});
