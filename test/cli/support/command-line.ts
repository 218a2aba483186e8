/** The command line run in this process: what it writes, and its exit code. */

import { jest } from '@jest/globals';

import { run } from '../../../src/cli/program.js';

/** How a command ended. */
export interface Outcome {
  readonly code: number;
  readonly out: string;
  readonly err: string;
}

/** Runs `bellwether …` with these variables in place of all others of ours. */
export async function bellwether(
  args: readonly string[],
  variables: Readonly<Record<string, string>> = {},
): Promise<Outcome> {
  const written = { out: '', err: '' };
  const take = (name: 'out' | 'err') => (text: unknown) => {
    written[name] += String(text);
    return true;
  };
  const spies = [
    jest.spyOn(process.stdout, 'write').mockImplementation(take('out')),
    jest.spyOn(process.stderr, 'write').mockImplementation(take('err')),
  ];
  const before = { ...process.env };
  for (const name of Object.keys(process.env))
    if (name.startsWith('BELLWETHER_')) Reflect.deleteProperty(process.env, name);
  Object.assign(process.env, variables);
  process.exitCode = undefined;
  try {
    await run(['node', 'bellwether', ...args]);
    return { code: process.exitCode ?? 0, ...written };
  } finally {
    process.exitCode = undefined;
    for (const name of Object.keys(variables)) Reflect.deleteProperty(process.env, name);
    Object.assign(process.env, before);
    for (const spy of spies) spy.mockRestore();
  }
}
