/** `bellwether profile …`: which objects devices have that register with a profile id (LwM2M 1.2), over REST. */

import type { Command } from 'commander';

import { AppError } from '#base';

import { Client, findAccess } from '../client.js';
import { printJson, printTable } from '../output.js';
import { profilePath } from '../values.js';
import { withAccess, type ClientOptions } from './device.js';

interface ProfileObject {
  readonly id: number;
  readonly version?: string;
  readonly instances: readonly number[];
}

/** Adds `profile list`, `profile set` and `profile unset`. */
export function addProfile(program: Command): void {
  const profile = program
    .command('profile')
    .description('objects of devices that register with a profile id (pid) in place of an object list');
  withAccess(profile.command('list').description('list the profiles that are known')).action(
    async (options: ClientOptions) => {
      const { body } = await new Client(findAccess(options)).call('GET', '/profiles');
      const { items } = body as { items: { readonly id: string; readonly objects: readonly ProfileObject[] }[] };
      if (options.json === true) printJson(items);
      else
        printTable(
          ['profile', 'objects'],
          items.map(({ id, objects }) => [id, objects.flatMap(pathsOf).join(' ')]),
          'no profile is known',
        );
    },
  );
  withAccess(
    profile
      .command('set <id> <paths...>')
      .description('say what devices of a profile have: /1/0 /3/0 /3303;ver=1.1 /3303/0'),
  ).action(async (id: string, paths: string[], options: ClientOptions) => {
    const { body } = await new Client(findAccess(options)).call('PUT', profilePath(id), {
      body: { objects: objectsOf(paths) },
    });
    if (options.json === true) printJson(body);
    else process.stdout.write(`devices that register with profile ${id} have ${paths.join(' ')}\n`);
  });
  withAccess(profile.command('unset <id>').description('forget a profile')).action(
    async (id: string, options: ClientOptions) => {
      await new Client(findAccess(options)).call('DELETE', profilePath(id));
      if (options.json === true) printJson({ id });
      else process.stdout.write(`the profile ${id} is not known any more\n`);
    },
  );
}

/** Objects from paths such as `/1/0`, `/16` and `/3303;ver=1.1`. Throws AppError(`usage`). */
function objectsOf(paths: readonly string[]): ProfileObject[] {
  const found = new Map<number, { version?: string; instances: number[] }>();
  for (const path of paths) {
    const match = /^\/(\d{1,5})(?:\/(\d{1,5}))?(?:;ver=(\d{1,5}\.\d{1,5}))?$/.exec(path);
    if (match === null)
      throw new AppError('usage', `"${path}" is no object or instance: expected such as /3/0 or /3303;ver=1.1`);
    const [, id = '', instance, version] = match;
    const object = found.get(Number(id)) ?? { instances: [] };
    if (instance !== undefined) object.instances.push(Number(instance));
    if (version !== undefined) object.version = version;
    found.set(Number(id), object);
  }
  return [...found].map(([id, object]) => ({ id, ...object }));
}

function pathsOf({ id, version, instances }: ProfileObject): string[] {
  const own = version === undefined ? [] : [`/${id};ver=${version}`];
  const all = instances.map((instance) => `/${id}/${instance}`);
  return own.length + all.length === 0 ? [`/${id}`] : [...own, ...all];
}
