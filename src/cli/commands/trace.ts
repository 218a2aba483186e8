/** `bellwether device trace`: shows the datagrams between the server and one device as they happen. */

import type { Command } from 'commander';

import { fromHex } from '#base';
import { showMessage } from '#coap/codec';

import { Client, findAccess } from '../client.js';
import { escaped } from '../logger.js';
import { Signals } from '../signals.js';
import { connected, messages } from '../sse.js';
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
      const pieces = connected(client.stream(`${devicePath(endpoint)}/trace`, { signal: signals.signal }), () => {
        process.stderr.write(`the datagrams of ${escaped(endpoint)} are shown from now on; Ctrl-C ends\n`);
      });
      try {
        for await (const { data } of messages(pieces)) {
          const datagram = JSON.parse(data) as ShownDatagram;
          process.stdout.write(
            `${options.json === true ? data : wordsOf(datagram, options.hex === true ? 'hex' : 'words')}\n`,
          );
        }
      } finally {
        signals.forget();
      }
    });
}

function wordsOf({ at, direction, peer, hex }: ShownDatagram, how: 'hex' | 'words'): string {
  const line = `${at}  ${direction === 'in' ? '<' : '>'} ${peer}  ${showMessage(fromHex(hex))}`;
  return how === 'hex' ? `${line}\n    ${hex}` : line;
}
