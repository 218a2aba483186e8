/** A UDP server that is nothing but a socket and a script: what it received, in hex, and what it answers to each, in hex. */

import { createSocket, type RemoteInfo, type Socket } from 'node:dgram';

import { until } from '../../support/test-server.js';

/** Answers to a datagram, given how many datagrams came before it; undefined when the script has none for it. */
export type Script = (hex: string, index: number) => readonly string[] | undefined;

/** One server on its own port of the loopback interface. */
export class UdpServer {
  /** Datagrams that came, in hex. */
  readonly received: string[] = [];
  readonly #socket: Socket;
  #from: RemoteInfo | undefined;

  private constructor(socket: Socket, script: Script) {
    this.#socket = socket;
    socket.on('message', (bytes, from) => {
      const hex = bytes.toString('hex');
      this.#from = from;
      this.received.push(hex);
      for (const answer of script(hex, this.received.length - 1) ?? []) this.send(answer);
    });
  }

  static async open(script: Script, address = '127.0.0.1'): Promise<UdpServer> {
    const socket = createSocket(address.includes(':') ? 'udp6' : 'udp4');
    await new Promise<void>((done) => socket.bind(0, address, done));
    return new UdpServer(socket, script);
  }

  /** A server that answers what the table has: hex of a request, hex of its answers; blanks do not count. */
  static table(answers: Readonly<Record<string, readonly string[]>>, address?: string): Promise<UdpServer> {
    const bare = new Map(Object.entries(answers).map(([request, list]) => [request.replaceAll(' ', ''), list]));
    return UdpServer.open((hex) => bare.get(hex), address);
  }

  /** Its address, such as `127.0.0.1:40000`. */
  get at(): string {
    const { address, port, family } = this.#socket.address();
    return family === 'IPv6' ? `[${address}]:${port}` : `${address}:${port}`;
  }

  get port(): number {
    return this.#socket.address().port;
  }

  /** Its URI, without a path. */
  get uri(): string {
    return `coap://${this.at}`;
  }

  /** Sends a datagram, in hex, to whoever sent the latest. */
  send(hex: string): void {
    const { port, address } = this.#from as RemoteInfo;
    this.#socket.send(Buffer.from(hex.replaceAll(' ', ''), 'hex'), port, address);
  }

  /** Sends a datagram, in hex, to whoever sent the latest to another server. */
  sendFor(other: UdpServer, hex: string): void {
    this.#from = other.#from;
    this.send(hex);
  }

  /** Waits until so many datagrams have come. */
  async got(count: number): Promise<readonly string[]> {
    return until(`${count} datagrams, of which came ${this.received.join(' ')}`, () =>
      Promise.resolve(this.received.length >= count ? this.received : undefined),
    );
  }

  close(): void {
    this.#socket.close();
  }
}
