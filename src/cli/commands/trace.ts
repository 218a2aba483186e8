/**
 * `bellwether trace`, and the same as `bellwether device trace`: shows the datagrams between the server and one device as they
 * happen, and writes them into a capture.
 */

import type { Command } from 'commander';

import { fromHex, WallTime } from '#base';
import { showMessage } from '#coap/codec';

import { Capture } from '../capture.js';
import { Client, findAccess } from '../client.js';
import { escaped } from '../logger.js';
import { ipBytes, type CapturedDatagram, type CapturedEnd } from '../pcap.js';
import { Signals } from '../signals.js';
import { connected, messages } from '../sse.js';
import { devicePath } from '../values.js';
import { withAccess, type ClientOptions } from './device.js';

/** A datagram as the server shows it. */
interface ShownDatagram {
  readonly at: string;
  readonly direction: 'in' | 'out';
  /** Address and port of the device. */
  readonly peer: string;
  /** Those of the server's listener. */
  readonly local: string;
  readonly hex: string;
}

interface TraceOptions extends ClientOptions {
  readonly hex?: boolean;
  readonly pcap?: string;
}

/** Adds `trace` to a command. */
export function addTrace(parent: Command): void {
  withAccess(
    parent
      .command('trace <endpoint>')
      .description('show every datagram from (<) and to (>) a device as it happens; it need not be registered yet'),
  )
    .option('--hex', 'show the bytes too')
    .option(
      '--pcap <FILE>',
      'write the messages into a new file that Wireshark opens, decrypted, as UDP to and from port 5683 of the server, at the address of its that is nearest to the device where it listens at all of them; - writes to stdout, and the lines to stderr',
    )
    .action(trace);
}

async function trace(endpoint: string, options: TraceOptions): Promise<void> {
  const { pcap } = options;
  const client = new Client(findAccess(options));
  const signals = new Signals();
  let capture: Capture | undefined;
  const pieces = connected(client.stream(`${devicePath(endpoint)}/trace`, { signal: signals.signal }), () => {
    if (pcap !== undefined) capture = Capture.open(pcap);
    process.stderr.write(`the datagrams of ${escaped(endpoint)} are shown from now on; Ctrl-C ends\n`);
  });
  const lines = pcap === '-' ? process.stderr : process.stdout;
  try {
    for await (const { data } of messages(pieces)) {
      const datagram = JSON.parse(data) as ShownDatagram;
      capture?.add(captured(datagram));
      lines.write(`${options.json === true ? data : wordsOf(datagram, options.hex === true ? 'hex' : 'words')}\n`);
    }
  } finally {
    signals.forget();
    capture?.close();
  }
}

function wordsOf({ at, direction, peer, hex }: ShownDatagram, how: 'hex' | 'words'): string {
  const line = `${at}  ${direction === 'in' ? '<' : '>'} ${peer}  ${showMessage(fromHex(hex))}`;
  return how === 'hex' ? `${line}\n    ${hex}` : line;
}

/**
 * As it stands in a capture. The server's end has the address that the server says, but always the port that CoAP has in the
 * registry: then the analyser knows it for CoAP without being told, also where it came in a record of DTLS or on a port of
 * choice.
 */
function captured({ at, direction, hex, local, peer }: ShownDatagram): CapturedDatagram {
  const device = endOf(peer);
  const { address } = endOf(local);
  const family = ipBytes(device.address).length;
  const any = device.address.includes(':') ? '::' : '0.0.0.0';
  const server = { address: ipBytes(address).length === family ? address : any, port: COAP_PORT };
  const [from, to] = direction === 'in' ? [device, server] : [server, device];
  return { at: WallTime(Date.parse(at)), from, to, bytes: fromHex(hex) };
}

/** Reads what `showAddress` shows. */
function endOf(text: string): CapturedEnd {
  const colon = text.lastIndexOf(':');
  return { address: text.slice(0, colon).replace(/^\[|\]$/g, ''), port: Number(text.slice(colon + 1)) };
}

/** RFC 7252 §6.1. */
const COAP_PORT = 5683;
