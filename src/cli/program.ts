/** The command line: one table of commands. Errors are one sentence on stderr and an exit code that tells refusal from failure. */

import { Command, CommanderError } from 'commander';

import { VERSION } from '../version.js';
import { addCoap } from './commands/coap.js';
import { addConformance } from './commands/conformance.js';
import { addCredential } from './commands/credential.js';
import { addDevice } from './commands/device.js';
import { addEvent } from './commands/event.js';
import { addKeys } from './commands/keys.js';
import { addModel } from './commands/model.js';
import { addObject } from './commands/object.js';
import { addProfile } from './commands/profile.js';
import { addServe } from './commands/serve.js';
import { addServerCredential } from './commands/server-credential.js';
import { addSimulate } from './commands/simulate.js';
import { addToken } from './commands/token.js';
import { addTrace } from './commands/trace.js';
import { addTrust } from './commands/trust.js';
import { ExitCode, failWith } from './exit.js';

/** Runs one command line, as in `process.argv`; sets the exit code of this process and never rejects. */
export async function run(argv: readonly string[]): Promise<void> {
  const program = new Command('bellwether');
  program
    .description('An LwM2M device-management server')
    .version(VERSION)
    .addHelpText(
      'after',
      `\nExit codes: 0 done (or accepted and waiting), 1 failed, 2 wrong usage, 3 refused, 4 the device did not answer in time.`,
    );
  addServe(program);
  addServerCredential(program);
  addTrace(addDevice(program));
  addTrace(program);
  for (const add of [
    addEvent,
    addModel,
    addProfile,
    addCredential,
    addTrust,
    addObject,
    addToken,
    addKeys,
    addSimulate,
    addConformance,
    addCoap,
  ])
    add(program);
  exitInsteadOf(program, 'bellwether');
  try {
    await program.parseAsync(argv);
  } catch (error) {
    process.exitCode =
      error instanceof CommanderError ? (error.exitCode === 0 ? ExitCode.OK : ExitCode.USAGE) : failWith(error);
  }
}

/** Makes every command throw where it would end the process, and point to its help where it would show all of it. */
function exitInsteadOf(command: Command, name: string): void {
  command.exitOverride().showHelpAfterError(`(${name} --help says more)`);
  command.configureOutput({
    outputError: (text, write) => {
      write(text.replace(/^error: /, 'bellwether: '));
    },
  });
  for (const inner of command.commands) exitInsteadOf(inner, `${name} ${inner.name()}`);
}
