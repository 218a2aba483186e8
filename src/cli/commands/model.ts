/** `bellwether model …`: what is set for all devices of a model, over REST. */

import type { Command } from 'commander';

import { Client, findAccess } from '../client.js';
import { printJson, printTable, showCell } from '../output.js';
import { modelPath, secondsOf } from '../values.js';
import { withAccess, type ClientOptions } from './device.js';

/** Adds `model list`, `model set` and `model unset`. */
export function addModel(program: Command): void {
  const model = program.command('model').description('what is set for all devices of a model (/3/0/1)');
  withAccess(model.command('list').description('list the models for which something is set')).action(
    async (options: ClientOptions) => {
      const { body } = await new Client(findAccess(options)).call('GET', '/models');
      const { items } = body as { items: Record<string, unknown>[] };
      if (options.json === true) printJson(items);
      else
        printTable(
          ['model', 'awake window'],
          items.map((item) => ['model', 'awakeWindow'].map((name) => showCell(item[name]))),
          'nothing is set for any model',
        );
    },
  );
  withAccess(model.command('set <model>').description('set something for all devices of a model'))
    .requiredOption(
      '--awake-window <SECONDS>',
      'how long its queue-mode devices listen after a message, unless a device has a window of its own',
    )
    .action(async (name: string, options: ClientOptions & { awakeWindow: string }) => {
      const awakeWindow = secondsOf('--awake-window', options.awakeWindow);
      const { body } = await new Client(findAccess(options)).call('PUT', modelPath(name), { body: { awakeWindow } });
      if (options.json === true) printJson(body);
      else process.stdout.write(`devices of model ${name} listen for ${awakeWindow} s after a message\n`);
    });
  withAccess(model.command('unset <model>').description('take off what is set for a model')).action(
    async (name: string, options: ClientOptions) => {
      await new Client(findAccess(options)).call('DELETE', modelPath(name));
      if (options.json === true) printJson({ model: name });
      else process.stdout.write(`nothing is set for the model ${name} any more\n`);
    },
  );
}
