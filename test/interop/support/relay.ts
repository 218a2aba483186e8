/** A UDP relay between a foreign program and ours that keeps what passed, so that each cell can show its bytes. */

import { createSocket, type Socket } from 'node:dgram';
import { once } from 'node:events';

/** A datagram that passed. */
export interface Captured {
  readonly direction: 'up' | 'down';
  readonly bytes: Buffer;
}

/** Relays each client's datagrams through a socket of its own to one target. */
export class Relay {
  readonly captured: Captured[] = [];
  /** Datagrams to where clients were before they moved. */
  lost = 0;
  readonly #front: Socket;
  readonly #backs = new Map<string, Socket>();
  readonly #left: Socket[] = [];

  private constructor(front: Socket) {
    this.#front = front;
  }

  /** Opens a relay to 127.0.0.1:`port`. */
  static async to(port: number): Promise<Relay> {
    const front = createSocket('udp4');
    const relay = new Relay(front);
    front.on('message', (bytes, from) => {
      relay.captured.push({ direction: 'up', bytes });
      relay.#back(from.address, from.port).send(bytes, port, '127.0.0.1');
    });
    front.bind(0, '127.0.0.1');
    await once(front, 'listening');
    return relay;
  }

  get port(): number {
    return this.#front.address().port;
  }

  /** The last datagram in a direction since `from`, as hex, cut for reading. */
  last(direction: Captured['direction'], from = 0): string {
    const bytes = this.captured.slice(from).findLast((entry) => entry.direction === direction)?.bytes;
    return bytes === undefined ? '-' : bytes.toString('hex').slice(0, 160);
  }

  /** Content types of the records under keys that passed: 23 without a Connection ID, 25 with one (RFC 9146 §4). */
  sealed(direction: Captured['direction']): number[] {
    const types = this.captured.filter((entry) => entry.direction === direction).map(({ bytes }) => bytes[0] ?? 0);
    return [...new Set(types.filter((type) => type === 23 || type === 25))];
  }

  /** Descriptions of the alerts in the clear that came down (RFC 5246 §7.2). */
  alerts(): number[] {
    const down = this.captured.filter(({ direction, bytes }) => direction === 'down' && bytes[0] === 21);
    return down.map(({ bytes }) => bytes[14] ?? 0);
  }

  /** From now on every client comes from another port; what is sent to the one before is lost. */
  move(): void {
    for (const back of this.#backs.values()) {
      this.#left.push(back);
      back.removeAllListeners('message');
      back.on('message', () => (this.lost += 1));
    }
    this.#backs.clear();
  }

  close(): void {
    this.move();
    for (const socket of [this.#front, ...this.#left.splice(0)]) socket.close();
  }

  #back(address: string, port: number): Socket {
    const key = `${address} ${port}`;
    const known = this.#backs.get(key);
    if (known !== undefined) return known;
    const back = createSocket('udp4');
    back.on('message', (bytes) => {
      this.captured.push({ direction: 'down', bytes });
      this.#front.send(bytes, port, address);
    });
    this.#backs.set(key, back);
    return back;
  }
}

/** Collects the cells of a peer's test and prints them with the peer's version; no cell at all is a failure. */
export class Cells {
  readonly #peer: string;
  readonly #rows: string[] = [];

  constructor(peer: string) {
    this.#peer = peer;
  }

  /** Notes that a cell passed, with one datagram of it. */
  passed(cell: string, datagram: string): void {
    this.#rows.push(`  ${cell.padEnd(44)} ${datagram}`);
  }

  /** Prints the table. */
  print(version: string): void {
    if (this.#rows.length === 0) throw new Error(`${this.#peer}: no cell was run`);
    process.stdout.write(`${this.#peer} ${version}: ${this.#rows.length} cells\n${this.#rows.join('\n')}\n`);
  }
}
