/** Which Node the program runs on: the floors of package.json, and one sentence for every other. */

import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';

import { describe, expect, it } from '@jest/globals';

import { whyNotThisNode } from '../../src/cli/node-version.js';

describe('the Node that bellwether runs on', () => {
  it.each(['v20.20.2', 'v20.21.0', 'v22.22.2', 'v24.14.1', 'v24.20.0-rc.1', 'v25.0.0', 'v26.1.0'])(
    'may be %s',
    (version) => {
      expect(whyNotThisNode(version)).toBeUndefined();
    },
  );

  it.each(['v18.20.8', 'v20.20.1', 'v21.9.0', 'v22.22.1', 'v23.11.0', 'v24.14.0'])('is not %s', (version) => {
    expect(whyNotThisNode(version)).toBe(
      `Node ${version} is not supported: install Node 20.20.2, 22.22.2 or 24.14.1, or a later release of these.`,
    );
  });

  it('is what package.json says', () => {
    const { engines } = JSON.parse(readFileSync('package.json', 'utf8')) as { engines: { node: string } };
    expect(engines.node).toBe('^20.20.2 || ^22.22.2 || >=24.14.1');
  });

  it('is asked before the program is loaded', async () => {
    const pretend = `Object.defineProperty(process, 'version', { value: 'v18.20.8' });`;
    const args = ['--import', `data:text/javascript,${encodeURIComponent(pretend)}`, 'dist/cli/main.js', '--version'];
    const said = await new Promise<{ code: unknown; out: string; err: string }>((done) => {
      execFile(process.execPath, args, (error, out, err) => {
        done({ code: error?.code, out, err });
      });
    });
    expect(said).toMatchObject({
      code: 1,
      out: '',
      err: expect.stringMatching(/^bellwether: Node v18\.20\.8 is not supported: [^\n]*\n$/),
    });
  });
});
