/** Californium's bare server (yardstick/californium), built with what test:interop builds its Java peers with. */

import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { startReady } from './processes.mjs';

const here = (path) => fileURLToPath(new URL(path, import.meta.url));
const SOURCE = here('yardstick/californium');
const CACHE = here('../../.cache/bench-californium');
const JARS = join(CACHE, 'lib');
const PATIENCE = 300_000;

/** Starts it as startYardstick does; throws with why it cannot be had. */
export async function startCalifornium() {
  const missing = ['java', 'javac', 'mvn'].filter((name) => spawnSync('sh', ['-c', `command -v ${name}`]).status !== 0);
  if (missing.length > 0) throw new Error(`${missing.join(', ')} is not installed (npm run test:interop installs it)`);
  mkdirSync(CACHE, { recursive: true });
  if (!existsSync(join(JARS, 'complete'))) {
    const copy = ['dependency:copy-dependencies', `-DoutputDirectory=${JARS}`];
    run('mvn', ['-q', '-B', '-f', join(SOURCE, 'pom.xml'), ...copy]);
    writeFileSync(join(JARS, 'complete'), '');
  }
  run('javac', ['-cp', join(JARS, '*'), '-d', CACHE, join(SOURCE, 'Bare.java')]);
  const quiet = '-Dorg.slf4j.simpleLogger.defaultLogLevel=error';
  return startReady('Californium', 'java', [quiet, '-cp', `${CACHE}:${join(JARS, '*')}`, 'Bare']);
}

function run(program, args) {
  const { status, error, stdout, stderr } = spawnSync(program, args, { encoding: 'utf8', timeout: PATIENCE });
  if (status !== 0) throw new Error(`${program}: ${error?.message ?? `${stdout}${stderr}`.trim().slice(-300)}`);
}
