/** `bellwether object …`: object definitions the server knows, and adding more. */

import type { Command } from 'commander';

import { AppError } from '#base';

import { Client, findAccess, type Answer } from '../client.js';
import { readBytes } from '../files.js';
import { printJson, printTable, showCell } from '../output.js';
import { withAccess, type ClientOptions } from './device.js';

/** Adds `object list` and `object import`. */
export function addObject(program: Command): void {
  const object = program.command('object').description('object definitions');
  withAccess(object.command('list').description('list object definitions')).action(async (options: ClientOptions) => {
    const { body } = await new Client(findAccess(options)).call('GET', '/objects');
    const { items } = body as { items: Record<string, unknown>[] };
    if (options.json === true) printJson(items);
    else
      printTable(
        ['id', 'version', 'name'],
        items.map((item) => ['id', 'version', 'name'].map((name) => showCell(item[name]))),
        'there are no definitions',
      );
  });
  withAccess(
    object.command('import <files...>').description('add definitions in the XML format of the OMA registry'),
  ).action(async (files: string[], options: ClientOptions) => {
    const client = new Client(findAccess(options));
    for (const file of files) {
      const { body } = await post(client, file);
      const { id, version, name } = body as Record<string, unknown>;
      if (options.json === true) printJson(body);
      else
        process.stdout.write(`${file}: added object ${showCell(id)} version ${showCell(version)}, ${showCell(name)}\n`);
    }
  });
}

/** Sends one file; a refusal names it. */
async function post(client: Client, file: string): Promise<Answer> {
  try {
    return await client.call('POST', '/objects', { raw: { type: 'application/xml', content: readBytes(file) } });
  } catch (cause) {
    if (!(cause instanceof AppError) || cause.code === 'unreachable' || cause.code === 'refused') throw cause;
    throw new AppError(cause.code, `${file}: ${cause.message}`, { cause });
  }
}
