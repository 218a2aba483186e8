/**
 * One UDP socket: bind, receive, send. Addresses are literals throughout; an IPv4 address mapped into IPv6 is folded to
 * its dotted form on the way in and unfolded on the way out. Datagrams that no honest peer sends (source port 0, a
 * multicast or broadcast source) are dropped here and counted.
 */

import { createSocket, type RemoteInfo, type Socket } from 'node:dgram';

import { AppError } from '#base';

/** Where a listener is bound, once it is. */
export interface BoundAddress {
  readonly address: string;
  readonly port: number;
}

/** How to bind a listener. `dual` accepts IPv4 on an IPv6 wildcard too. */
export interface UdpOptions {
  readonly address: string;
  readonly port: number;
  readonly stack: 'single' | 'dual';
  /** Bytes of the kernel's receive buffer that are asked for; a burst beyond it is lost. */
  readonly receiveBuffer: number;
  /** What chooses the address, such as `--coap HOST:PORT`: named where it cannot be had. */
  readonly chosenBy?: string;
}

/** Why a datagram is dropped for its source. */
export type SourceFault = 'source_port_0' | 'source_not_unicast';

/** What happens on the socket. `received` runs once per datagram and must not throw. */
export interface UdpEvents {
  received(bytes: Buffer, address: string, port: number): void;
  dropped(reason: SourceFault): void;
  failed(error: Error): void;
}

/** A datagram that leaves at the end of the turn. */
interface Outgoing {
  readonly bytes: Uint8Array;
  readonly address: string;
  readonly port: number;
  readonly failed: ((error: Error | null) => void) | undefined;
}

/** A bound UDP socket. */
export class UdpSocket {
  readonly bound: BoundAddress;
  readonly #socket: Socket;
  readonly #six: boolean;
  #outgoing: Outgoing[] = [];

  private constructor(socket: Socket, six: boolean) {
    this.#socket = socket;
    this.#six = six;
    const { address, port } = socket.address();
    this.bound = { address: foldAddress(address), port };
  }

  /** Binds; rejects with AppError(`listener_unavailable`) that says which address and why. */
  static async bind(options: UdpOptions, events: UdpEvents): Promise<UdpSocket> {
    const six = options.address.includes(':');
    const family = six ? 6 : 4;
    const socket = createSocket({
      type: six ? 'udp6' : 'udp4',
      ipv6Only: six && options.stack === 'single',
      recvBufferSize: options.receiveBuffer,
      // Only literals are ever sent to: the resolver's path is left out.
      lookup: (host, _options, done) => {
        done(null, host, family);
      },
    });
    socket.on('message', (bytes: Buffer, from: RemoteInfo) => {
      const address = six ? foldAddress(from.address) : from.address;
      const fault = sourceFault(address, from.port);
      if (fault === undefined) events.received(bytes, address, from.port);
      else events.dropped(fault);
    });
    await new Promise<void>((resolve, reject) => {
      const refuse = (cause: Error): void => {
        socket.close();
        reject(new AppError('listener_unavailable', whyNotBound(options, cause), { cause }));
      };
      socket.once('error', refuse);
      socket.once('listening', () => {
        socket.off('error', refuse);
        resolve();
      });
      socket.bind(options.port, options.address);
    });
    socket.on('error', (error) => {
      events.failed(error);
    });
    return new UdpSocket(socket, six);
  }

  /**
   * Sends at the end of this turn of the event loop, together with all else that it sends: a burst of datagrams costs the
   * kernel much less than the same number one by one. `failed` is called when the kernel refuses. Bytes must not change
   * afterwards.
   */
  send(bytes: Uint8Array, address: string, port: number, failed?: (error: Error | null) => void): void {
    this.#outgoing.push({ bytes, address, port, failed });
    if (this.#outgoing.length === BURST) this.#flush();
    else if (this.#outgoing.length === 1) setImmediate(this.#flush);
  }

  /** Sends what was to be sent and closes the socket. */
  close(): Promise<void> {
    this.#flush();
    return new Promise((resolve) => {
      this.#socket.close(resolve);
    });
  }

  readonly #flush = (): void => {
    const outgoing = this.#outgoing;
    if (outgoing.length === 0) return;
    this.#outgoing = [];
    for (const { bytes, address, port, failed } of outgoing) {
      const to = this.#six && !address.includes(':') ? `::ffff:${address}` : address;
      this.#socket.send(bytes, 0, bytes.length, port, to, failed);
    }
  };
}

/** `::ffff:1.2.3.4` as `1.2.3.4`; every other address as it is. */
export function foldAddress(address: string): string {
  return address.startsWith('::ffff:') && address.includes('.') ? address.slice('::ffff:'.length) : address;
}

/** What is wrong with a source, folded already: nothing that is sent there could come back to it (RFC 7252 §8.2, §11.3). */
export function sourceFault(address: string, port: number): SourceFault | undefined {
  if (port === 0) return 'source_port_0';
  return isNotUnicast(address) ? 'source_not_unicast' : undefined;
}

function whyNotBound({ address, chosenBy, port }: UdpOptions, cause: Error): string {
  const where = address.includes(':') ? `[${address}]:${port}` : `${address}:${port}`;
  const how = chosenBy === undefined ? '' : ` with ${chosenBy}`;
  const code = 'code' in cause ? cause.code : undefined;
  if (code === 'EADDRINUSE')
    return `UDP ${where} is in use by another program: choose another${how} (port 0 picks a free one)`;
  if (code === 'EACCES') return `UDP ${where} needs more rights than this process has: choose a port above 1023${how}`;
  if (code === 'EADDRNOTAVAIL') return `UDP ${where}: this machine has no such address: choose one it has${how}`;
  return `UDP ${where} cannot be opened: ${cause.message}`;
}

function isNotUnicast(address: string): boolean {
  const first = address.charCodeAt(0);
  if (first === DIGIT_2) {
    // 224.0.0.0/4 multicast and 255.255.255.255 broadcast.
    if (address.charCodeAt(3) !== DOT) return false;
    const octet = Number(address.slice(0, 3));
    return (octet >= 224 && octet < 240) || address === '255.255.255.255';
  }
  return (
    first === LETTER_F && address.charCodeAt(1) === LETTER_F && address.includes(':') && address.charCodeAt(4) === COLON
  );
}

/** Datagrams after which a turn's burst leaves before its end. */
const BURST = 256;
const DIGIT_2 = 0x32;
const DOT = 0x2e;
const LETTER_F = 0x66;
const COLON = 0x3a;
