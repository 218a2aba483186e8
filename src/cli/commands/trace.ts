/** `bellwether device trace`: shows the datagrams between the server and one device as they happen. */

import type { Command } from 'commander';

import { fromHex } from '#base';
import { showMessage } from '#coap/codec';

import { Client, findAccess } from '../client.js';
import { Signals } from '../signals.js';
import { messages } from '../sse.js';
import { devicePath } from '../values.js';
import { withAccess, type ClientOptions } from './device.js';

/** A datagram as the server shows it. */
interface ShownDatagram {
  readonly at: string;
  readonly direction: 'in' | 'out';
  readonly peer: string;
  readonly hex: string;
}

/** Adds `trace` to the `device` commands. */
export function addTrace(device: Command): void {
  withAccess(
    device
      .command('trace <endpoint>')
      .description('show every datagram from (<) and to (>) a device as it happens; it need not be registered yet'),
  )
    .option('--hex', 'show the bytes too')
    .action(async (endpoint: string, options: ClientOptions & { hex?: boolean }) => {
      const client = new Client(findAccess(options));
      const signals = new Signals();
      const told = new AbortController();
      void signals.told.then(() => {
        told.abort();
      });
      const pieces = client.stream(`${devicePath(endpoint)}/trace`, { signal: told.signal });
      for await (const { data } of messages(pieces)) {
        const datagram = JSON.parse(data) as ShownDatagram;
        process.stdout.write(
          `${options.json === true ? data : wordsOf(datagram, options.hex === true ? 'hex' : 'words')}\n`,
        );
      }
    });
}

function wordsOf({ at, direction, peer, hex }: ShownDatagram, how: 'hex' | 'words'): string {
  const line = `${at}  ${direction === 'in' ? '<' : '>'} ${peer}  ${showMessage(fromHex(hex))}`;
  return how === 'hex' ? `${line}\n    ${hex}` : line;
}
