/** `bellwether token reset`: makes a new owner token; works while the server runs, and ends the old token at once. */

import { existsSync } from 'node:fs';

import type { Command } from 'commander';

import { AppError } from '#base';

import { OwnerToken, writeTokenFile } from '../../owner-token.js';

/** Adds `token reset`. */
export function addToken(program: Command): void {
  const token = program.command('token').description('the owner token');
  token
    .command('reset')
    .description('make a new owner token; the old one ends at once')
    .option('--data <FOLDER>', 'data folder of the server', './data')
    .option('--owner-token-file <FILE>', 'write it there (mode 0600) in place of printing it')
    .action((options: { data: string; ownerTokenFile?: string }) => {
      if (!existsSync(options.data))
        throw new AppError('usage', `there is no data folder ${options.data}: name the server's with --data`);
      const made = new OwnerToken(options.data).reset();
      if (options.ownerTokenFile === undefined) process.stdout.write(`${made}\n`);
      else {
        writeTokenFile(options.ownerTokenFile, made);
        process.stdout.write(`written to ${options.ownerTokenFile}\n`);
      }
    });
}
