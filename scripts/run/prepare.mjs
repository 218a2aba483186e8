/** What a fresh clone needs before anything runs: packages from the lock file, and the built program. Both say what they do. */

import { chmodSync, readdirSync, rmSync, statSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { ROOT, Refusal, foreground, node, say } from './processes.mjs';

/** When a file was changed, in milliseconds since 1970; 0 when there is none. */
function changed(path) {
  return statSync(join(ROOT, path), { throwIfNoEntry: false })?.mtimeMs ?? 0;
}

/** Relative paths of all files below a folder of the repository. */
function filesBelow(folder) {
  return readdirSync(join(ROOT, folder), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath ?? entry.path, entry.name).slice(ROOT.length));
}

/** Does `work`, and says how long it took. */
async function timed(what, work) {
  say(`${what} …`);
  const start = performance.now();
  await work();
  say(`${what}: done in ${((performance.now() - start) / 1000).toFixed(1)} s`);
}

/** Installs the packages of the lock file unless they are there already. */
export async function install() {
  if (changed('node_modules/.package-lock.json') >= changed('package-lock.json')) return;
  await timed('installing packages from the lock file (npm ci)', async () => {
    const script = process.env.npm_execpath;
    const args = ['ci', '--no-audit', '--no-fund', '--loglevel=error'];
    const viaNode = script !== undefined && /npm-cli\.[cm]?js$/.test(script);
    const code = await (viaNode ? node([script, ...args]) : foreground('npm', args)).catch(() => 127);
    if (code === 127) throw new Refusal('npm was not found: it comes with Node, and installs the packages.');
    if (code !== 0) throw new Refusal(`packages could not be installed (npm ci ended with code ${code}): see above.`);
    const now = new Date();
    utimesSync(join(ROOT, 'node_modules/.package-lock.json'), now, now);
  });
}

const STAMP = 'dist/.built';

/** Builds dist/ unless it is newer than every source. */
export async function build() {
  const sources = [...filesBelow('src'), 'package.json', 'tsconfig.json', 'tsconfig.build.json'];
  const newest = Math.max(...sources.map(changed));
  if (changed(STAMP) > newest) return;
  await timed('building dist/ (tsc)', async () => {
    const started = new Date();
    const code = await node(['node_modules/typescript/bin/tsc', '-p', 'tsconfig.build.json']);
    if (code !== 0) throw new Refusal('the sources do not compile: see above.');
    removeOrphans(new Set(sources));
    // npx marks it once per folder; a program that was built anew must run all the same.
    chmodSync(join(ROOT, 'dist/cli/main.js'), 0o755);
    writeFileSync(join(ROOT, STAMP), '');
    utimesSync(join(ROOT, STAMP), started, started);
  });
}

/** Takes away what was built from sources that are gone. */
function removeOrphans(sources) {
  for (const file of filesBelow('dist')) {
    const source = file.replace(/^dist/, 'src').replace(/\.js(\.map)?$/, '.ts');
    if (source.endsWith('.ts') && !sources.has(source)) rmSync(join(ROOT, file));
  }
}
