/** `bellwether event tail`: shows events as they happen. */

import type { Command } from 'commander';

import { Client, findAccess } from '../client.js';
import { escaped } from '../logger.js';
import { nodeRows, showCell } from '../output.js';
import { Signals } from '../signals.js';
import { messages, type SseMessage } from '../sse.js';
import { withAccess, type ClientOptions } from './device.js';

/** Adds `event tail`. */
export function addEvent(program: Command): void {
  const event = program.command('event').description('what happens in the fleet');
  withAccess(event.command('tail').description('show events as they happen'))
    .option('--type <TYPES>', 'only these, with commas: device.registered,value.received')
    .option('--endpoint <NAME>', 'only of this device')
    .option('--after <ID>', 'first all events after this id')
    .action(async (options: ClientOptions & { type?: string; endpoint?: string; after?: string }) => {
      const client = new Client(findAccess(options));
      const headers: Record<string, string> = options.after === undefined ? {} : { 'last-event-id': options.after };
      const { type, endpoint } = options;
      const signals = new Signals();
      const pieces = client.stream('/events', { query: { type, endpoint }, headers, signal: signals.signal });
      try {
        for await (const message of messages(pieces)) {
          process.stdout.write(`${options.json === true ? jsonOf(message) : wordsOf(message)}\n`);
        }
      } finally {
        signals.forget();
      }
    });
}

function jsonOf({ id, event, data }: SseMessage): string {
  return JSON.stringify({ id, event, ...dataOf(data) });
}

/** Id, time, type, device, and what else there is to say: values as `path=value`. */
function wordsOf({ id, event, data }: SseMessage): string {
  const { at, endpoint, path, resources, ...rest } = dataOf(data);
  const more = Object.entries(resources === undefined ? { path, ...rest } : rest)
    .filter(([, value]) => value !== undefined)
    .map(([name, value]) => `${name}=${Array.isArray(value) ? value.map(showCell).join(',') : showCell(value)}`);
  const values = nodeRows({ resources: resources ?? {} }).map(([path = '', , value = '']) => `${path}=${value}`);
  const words = [id, showCell(at), event.padEnd(WIDEST_TYPE), showCell(endpoint), ...values, ...more];
  return escaped(words.filter((word) => word !== '').join('  '));
}

function dataOf(text: string): Record<string, unknown> {
  return JSON.parse(text) as Record<string, unknown>;
}

/** Characters of the longest common event type. */
const WIDEST_TYPE = 'device.deregistered'.length;
