/** `bellwether keys …`: the keys that secrets are sealed with. What there is and rotation go over REST; a backup reads the data folder. */

import { closeSync, fsyncSync, openSync, writeFileSync } from 'node:fs';

import { Option, type Command } from 'commander';

import { AppError, messageOf } from '#base';
import { KeysFile, makeMasterKey, parseRing, systemDisk } from '#vault';

import { Client, findAccess } from '../client.js';
import { printFields, printJson, printTable, showCell } from '../output.js';
import { withAccess, type ClientOptions } from './device.js';

interface KeysBody {
  readonly masterKey: string;
  readonly oldMasterKey?: string;
  readonly dataKey: string;
  readonly dataKeys: readonly { readonly id: string; readonly createdAt: string; readonly sealedAtMost: number }[];
}

/** Adds `keys status`, `keys rotate`, `keys prune`, `keys backup` and `keys generate`. */
export function addKeys(program: Command): void {
  const keys = program.command('keys').description('the keys that secrets are sealed with');
  withAccess(keys.command('status').description('show ids and counts of the keys, no secrets')).action(
    async (options: ClientOptions) => {
      const body = await call(options, 'GET', '/keys');
      if (options.json === true) printJson(body);
      else printStatus(body);
    },
  );
  withAccess(
    keys
      .command('rotate')
      .description('have a new master key wrap all data keys, and a new data key seal, while the server runs'),
  ).action(async (options: ClientOptions) => {
    const body = await call(options, 'POST', '/keys/rotate');
    if (options.json === true) printJson(body);
    else
      process.stdout.write(
        `the master key is ${body.masterKey} now: keep a copy of its file apart from the data\n` +
          `the one before, ${body.oldMasterKey ?? ''}, opens backups made until now: keep your copy of it as long as them\n`,
      );
  });
  withAccess(
    keys.command('prune').description('have the server forget the master key before the last rotation'),
  ).action(async (options: ClientOptions) => {
    const body = await call(options, 'POST', '/keys/prune');
    if (options.json === true) printJson(body);
    else process.stdout.write(`the server keeps the master key ${body.masterKey} and no older one\n`);
  });
  keys
    .command('backup <file>')
    .description('write the wrapped data keys to a new file, for a backup of the data; also while the server runs')
    .addOption(new Option('--data <FOLDER>', 'data folder of the server').env('BELLWETHER_DATA').default('./data'))
    .action((file: string, options: { data: string }) => {
      backUp(file, options.data);
    });
  keys
    .command('generate')
    .description('print a new master key, for a first start with BELLWETHER_MASTER_KEY')
    .action(() => {
      const { line } = makeMasterKey();
      process.stdout.write(Buffer.from(line.bytes).toString());
      line.dispose();
    });
}

async function call(options: ClientOptions, method: string, path: string): Promise<KeysBody> {
  const { body } = await new Client(findAccess(options)).call(method, path);
  return body as KeysBody;
}

function printStatus({ dataKeys, ...fields }: KeysBody): void {
  printFields({ ...fields });
  process.stdout.write('\n');
  const columns = ['id', 'createdAt', 'sealedAtMost'] as const;
  printTable(
    ['data key', 'created at', 'sealed at most'],
    dataKeys.map((row) => columns.map((name) => showCell(row[name]))),
    'there are no data keys',
  );
}

/** Copies `keys.json`, which the server replaces in one piece, once it is known to be whole. */
function backUp(file: string, data: string): void {
  const keys = new KeysFile(data, systemDisk);
  const content = keys.content();
  if (content === undefined) {
    throw new AppError(
      'usage',
      `there are no keys in ${data}: it is not the data folder of a server; name the server's with --data`,
    );
  }
  const ring = parseRing(content, keys.file);
  writeNew(file, content);
  process.stdout.write(
    `${file} holds the ${ring.keys.length} wrapped data keys of ${data}: it belongs to a backup of the database\n` +
      `they open with the master key ${ring.master} alone, which is not in it: keep a copy of that elsewhere, never with the backup\n`,
  );
}

/** A file that is there may be the only copy of older keys: it is never written over. */
function writeNew(file: string, content: Uint8Array): void {
  try {
    const handle = openSync(file, 'wx', 0o600);
    try {
      writeFileSync(handle, content);
      fsyncSync(handle);
    } finally {
      closeSync(handle);
    }
  } catch (cause) {
    const there = typeof cause === 'object' && cause !== null && 'code' in cause && cause.code === 'EEXIST';
    const why = there ? 'is there already: name a new file' : `cannot be written: ${messageOf(cause)}`;
    throw new AppError('file_not_written', `${file} ${why}`, { cause });
  }
}
