/**
 * A CoAP peer that is nothing but a UDP socket: it sends datagrams written out in hex and compares what it receives with
 * hex. Upper-case letters in a template stand for digits that are only known at run time, such as M for a message id and T
 * for a token: they are caught when something is received, and filled in when something is sent.
 */

import { createSocket } from 'node:dgram';
import type { Socket } from 'node:dgram';

/** What the letters of a template stood for. */
export type Caught = Readonly<Record<string, string>>;

/**
 * Ports of the peers so far. The system gives a closed port out again, and to a server whoever asks from there with a message
 * id of the one before sends a duplicate, as the literal bytes of tests do.
 */
const usedPorts = new Set<number>();

/** One peer on its own port of the loopback interface. */
export class ScriptedPeer {
  readonly #socket: Socket;
  #port: number;
  readonly #inbox: string[] = [];
  #arrived: (() => void) | undefined;

  private constructor(socket: Socket, port: number) {
    this.#socket = socket;
    this.#port = port;
    socket.on('message', (bytes) => {
      this.#inbox.push(bytes.toString('hex'));
      this.#arrived?.();
    });
  }

  /** A peer of the server at an address such as `coap://127.0.0.1:5683`. */
  static async open(server: string): Promise<ScriptedPeer> {
    const socket = await bound();
    usedPorts.add(socket.address().port);
    return new ScriptedPeer(socket, Number(new URL(server).port));
  }

  /** Talks to the server at another address from now on. */
  turnTo(server: string): void {
    this.#port = Number(new URL(server).port);
  }

  /** Port of this peer. */
  get port(): number {
    return this.#socket.address().port;
  }

  /** Datagrams that have come and were not looked at. */
  get waiting(): number {
    return this.#inbox.length;
  }

  /** Sends one datagram: hex digits, blanks, and letters for what was caught. */
  send(template: string, caught: Caught = {}): void {
    this.#socket.send(Buffer.from(fill(template, caught), 'hex'), this.#port, '127.0.0.1');
  }

  /** Takes the next datagram, which must read like `template`; gives what the letters caught. */
  async expect(template: string, caught: Caught = {}): Promise<Caught> {
    return match(await this.#next(template), fill(template, caught));
  }

  /** Takes a request that reads like `request` and answers it. */
  async answer(request: string, response: string): Promise<Caught> {
    const caught = await this.expect(request);
    this.send(response, caught);
    return caught;
  }

  /** Sends a request and takes its answer. */
  async ask(request: string, response: string, caught: Caught = {}): Promise<Caught> {
    this.send(request, caught);
    return this.expect(response, caught);
  }

  /** Sends a request and takes the next datagram, which must begin like `beginning`. */
  async asks(request: string, beginning: string): Promise<void> {
    this.send(request);
    const start = fill(beginning, {});
    const received = await this.#next(beginning);
    if (!received.startsWith(start)) throw new Error(`expected ${start}…\nreceived ${received}`);
  }

  close(): void {
    this.#socket.close();
  }

  async #next(template: string): Promise<string> {
    if (this.#inbox.length === 0) {
      await new Promise<void>((resolve, reject) => {
        const late = setTimeout(() => {
          reject(new Error(`nothing came within ${PATIENCE} ms that could be ${template}`));
        }, PATIENCE);
        this.#arrived = () => {
          clearTimeout(late);
          resolve();
        };
      });
      this.#arrived = undefined;
    }
    return this.#inbox.shift() as string;
  }
}

/** Puts what was caught in the place of letters; letters that are not known stay. */
function fill(template: string, caught: Caught): string {
  const taken: Record<string, number> = {};
  return template.replaceAll(/\s+/g, '').replaceAll(/[A-Z]/g, (letter) => {
    const at = taken[letter] ?? 0;
    taken[letter] = at + 1;
    return caught[letter]?.[at] ?? letter;
  });
}

/** A socket on a port that no peer had. */
async function bound(): Promise<Socket> {
  const socket = createSocket('udp4');
  await new Promise<void>((resolve) => socket.bind(0, '127.0.0.1', resolve));
  if (!usedPorts.has(socket.address().port)) return socket;
  const other = await bound();
  socket.close();
  return other;
}

/** What the letters of `template` stand for in `hex`; throws when it does not read like that. */
function match(hex: string, template: string): Caught {
  const caught: Record<string, string> = {};
  const fits =
    hex.length === template.length &&
    Array.from(template).every((expected, index) => {
      if (!/[A-Z]/.test(expected)) return expected === hex[index];
      caught[expected] = (caught[expected] ?? '') + (hex[index] ?? '');
      return true;
    });
  if (!fits) throw new Error(`expected ${template}\nreceived ${hex}`);
  return caught;
}

/** Milliseconds after which a datagram that should have come is missed. */
const PATIENCE = 10_000;
