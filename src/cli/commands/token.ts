/** `bellwether token reset`: makes a new owner token; works while the server runs, and ends the old token at once. */

import { existsSync } from 'node:fs';
import { join } from 'node:path';

import { Option, type Command } from 'commander';

import { AppError } from '#base';

import { OwnerToken } from '../../owner-token.js';
import { LOCAL_TOKEN_FILE } from '../client.js';

/** Adds `token reset`. */
export function addToken(program: Command): void {
  const token = program.command('token').description('the owner token');
  token
    .command('reset')
    .description('make a new owner token; the old one ends at once, also while the server runs')
    .addOption(new Option('--data <FOLDER>', 'data folder of the server').env('BELLWETHER_DATA').default('./data'))
    .addOption(
      new Option('--owner-token-file <FILE>', 'write it there (mode 0600) in place of printing it').env(
        'BELLWETHER_OWNER_TOKEN_FILE',
      ),
    )
    .action((options: { data: string; ownerTokenFile?: string }) => {
      const owner = new OwnerToken(options.data);
      if (!owner.isHome()) {
        throw new AppError(
          'usage',
          `${options.data} is not the data folder of a server (there is no owner token in it yet): name the server's with --data`,
        );
      }
      // A copy that `npm start` or an earlier reset left would hold a token that is valid no more.
      const beside = join(options.data, LOCAL_TOKEN_FILE);
      const file = options.ownerTokenFile ?? (existsSync(beside) ? beside : undefined);
      const made = owner.reset(file);
      process.stdout.write(file === undefined ? `${made}\n` : `the new owner token is in ${file}\n`);
    });
}
