/** `bellwether event tail`: shows events as they happen. */

import type { Command } from 'commander';

import { Client, findAccess } from '../client.js';
import { printable } from '../logger.js';
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
      const pieces = client.stream('/events', { query: { type: options.type, endpoint: options.endpoint }, headers });
      for await (const message of messages(pieces)) {
        const line =
          options.json === true
            ? JSON.stringify({ id: message.id, event: message.event, ...dataOf(message.data) })
            : `${message.id}  ${message.event}  ${printable(message.data)}`;
        process.stdout.write(`${line}\n`);
      }
    });
}

interface SseMessage {
  readonly id: string;
  readonly event: string;
  readonly data: string;
}

/** Splits a server-sent event stream into messages; comments are left out. */
async function* messages(pieces: AsyncIterable<string>): AsyncGenerator<SseMessage> {
  let rest = '';
  for await (const piece of pieces) {
    const blocks = (rest + piece).split('\n\n');
    rest = blocks.pop() ?? '';
    for (const block of blocks) {
      const fields = new Map(block.split('\n').map((line): [string, string] => splitField(line)));
      const data = fields.get('data');
      if (data !== undefined) yield { id: fields.get('id') ?? '', event: fields.get('event') ?? 'message', data };
    }
  }
}

function splitField(line: string): [string, string] {
  const colon = line.indexOf(':');
  return colon < 0 ? [line, ''] : [line.slice(0, colon), line.slice(colon + 1).replace(/^ /, '')];
}

function dataOf(text: string): Record<string, unknown> {
  return JSON.parse(text) as Record<string, unknown>;
}
