#!/usr/bin/env node
/** The command line: one table of commands. Errors are one sentence on stderr and an exit code that tells refusal from failure. */

import { Command, CommanderError } from 'commander';

import { VERSION } from '../version.js';
import { addDevice } from './commands/device.js';
import { addEvent } from './commands/event.js';
import { addObject } from './commands/object.js';
import { addServe } from './commands/serve.js';
import { addSimulate } from './commands/simulate.js';
import { addToken } from './commands/token.js';
import { ExitCode, failWith } from './exit.js';

async function main(): Promise<void> {
  const program = new Command('bellwether');
  program
    .description('An LwM2M device-management server')
    .version(VERSION)
    .showHelpAfterError()
    .addHelpText(
      'after',
      `\nExit codes: 0 done, 1 failed, 2 wrong usage, 3 refused, 4 the device did not answer in time.`,
    );
  for (const add of [addServe, addDevice, addEvent, addObject, addToken, addSimulate]) add(program);
  exitInsteadOf(program);
  try {
    await program.parseAsync();
  } catch (error) {
    process.exitCode =
      error instanceof CommanderError ? (error.exitCode === 0 ? ExitCode.OK : ExitCode.USAGE) : failWith(error);
  }
}

/** Makes every command throw where it would end the process. */
function exitInsteadOf(command: Command): void {
  command.exitOverride();
  for (const inner of command.commands) exitInsteadOf(inner);
}

await main();
