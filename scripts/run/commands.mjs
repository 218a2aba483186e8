/** The commands of scripts/run.mjs, one row each: what is made ready first, and what then runs. */

import { build, install } from './prepare.mjs';
import { Refusal, node, say, wasTold } from './processes.mjs';
import { security } from './security.mjs';
import { start } from './start.mjs';

/** Node's flags for jest, whose modules are native: workers inherit them. */
const JEST = ['--experimental-vm-modules', '--disable-warning=ExperimentalWarning', 'node_modules/jest/bin/jest.js'];

/** The steps of `check`: what each looks at, and its program. */
const CHECKS = [
  ['format (prettier)', ['node_modules/prettier/bin/prettier.cjs', '--check', '--log-level=warn', '.']],
  ['lint, with types (eslint)', ['node_modules/eslint/bin/eslint.js', '.']],
  ['types (tsc)', ['node_modules/typescript/bin/tsc', '-p', 'tsconfig.json']],
  [
    'import directions (dependency-cruiser)',
    [
      'node_modules/dependency-cruiser/bin/dependency-cruise.mjs',
      ...['--config', '.dependency-cruiser.cjs', 'src', 'test', 'scripts'],
    ],
  ],
];

/** Runs every check, whatever the others say; exit code 1 when one failed. */
async function check() {
  const failed = [];
  for (const [name, args] of CHECKS) {
    say(`checking ${name} …`);
    const began = performance.now();
    const code = await node(args);
    const took = `${((performance.now() - began) / 1000).toFixed(1)} s`;
    say(`checking ${name}: ${code === 0 ? 'passed' : 'FAILED'} in ${took}`);
    if (code !== 0) failed.push(name);
  }
  if (failed.length > 0) say(`failed: ${failed.join(', ')}`);
  return failed.length === 0 ? 0 : 1;
}

/** Runs the programs others wrote; `--full` repeats each handshake often and writes down what came of it. */
function interop(args) {
  const full = args.includes('--full') ? { BELLWETHER_TEST_FULL: '1' } : {};
  const rest = args.filter((argument) => argument !== '--full');
  return node([...JEST, '--config', 'jest.interop.config.mjs', ...rest], { env: { ...process.env, ...full } });
}

const COMMANDS = {
  build: { needs: [install, build], run: () => 0 },
  start: { needs: [install, build], run: start },
  test: { needs: [install, build], run: (args) => node([...JEST, ...args]) },
  interop: { needs: [install, build], run: interop },
  security: { needs: [install, build], run: (args) => security(JEST, args) },
  bench: { needs: [install, build], run: (args) => node(['scripts/bench/main.mjs', ...args]) },
  check: { needs: [install], run: check },
};

/** Runs the command of the argument list and ends the process with its exit code. */
export async function main([name, ...args]) {
  const command = Object.hasOwn(COMMANDS, name ?? '') ? COMMANDS[name] : undefined;
  try {
    if (command === undefined) {
      throw new Refusal(`no command ${JSON.stringify(name ?? '')}: there are ${Object.keys(COMMANDS).join(', ')}.`);
    }
    for (const prepare of command.needs) await prepare();
    if (wasTold()) process.exit(0);
    process.exit(await command.run(args));
  } catch (error) {
    if (wasTold()) process.exit(0);
    if (!(error instanceof Refusal)) throw error;
    say(error.message);
    process.exit(1);
  }
}
