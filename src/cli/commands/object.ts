/** `bellwether object …`: object definitions the server knows, and adding more. */

import { readFileSync } from 'node:fs';

import type { Command } from 'commander';

import { AppError } from '#base';

import { Client, findAccess } from '../client.js';
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
      );
  });
  withAccess(
    object.command('import <files...>').description('add definitions in the XML format of the OMA registry'),
  ).action(async (files: string[], options: ClientOptions) => {
    const client = new Client(findAccess(options));
    for (const file of files) {
      const { body } = await client.call('POST', '/objects', {
        raw: { type: 'application/xml', content: readText(file) },
      });
      if (options.json === true) printJson(body);
      else process.stdout.write(`${file}: added ${showCell((body as Record<string, unknown>)['name'])}\n`);
    }
  });
}

function readText(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch (cause) {
    throw new AppError('failed', `${file} cannot be read: ${cause instanceof Error ? cause.message : String(cause)}`, {
      cause,
    });
  }
}
