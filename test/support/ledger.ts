/** The ledger of a crash test: what was acknowledged, kept outside the server, and what may therefore be found after a kill. */

import { createSocket, type Socket } from 'node:dgram';
import { once } from 'node:events';

/** What may be found of a device: each set holds every value that would be right. */
export interface Entry {
  /** Seconds; `none` is no registration. */
  readonly lifetimes: Set<number | 'none'>;
  readonly tags: Set<string | undefined>;
  location: string | undefined;
}

/** Devices by endpoint name, and operations that were named in a 202. */
export class Ledger {
  readonly devices = new Map<string, Entry>();
  readonly operations = new Set<string>();

  /** A request is about to leave: its effect may be found from now on. */
  mayHave(endpoint: string, change: { lifetime?: number | 'none'; tag?: string }): void {
    const entry = this.#entry(endpoint);
    if (change.lifetime !== undefined) entry.lifetimes.add(change.lifetime);
    if (change.tag !== undefined) entry.tags.add(change.tag);
  }

  /** A request was acknowledged: nothing but its effect may be found. */
  has(endpoint: string, change: { lifetime?: number | 'none'; tag?: string; location?: string }): void {
    const entry = this.#entry(endpoint);
    if (change.lifetime !== undefined) only(entry.lifetimes, change.lifetime);
    if (change.tag !== undefined) only(entry.tags, change.tag);
    if (change.location !== undefined) entry.location = change.location;
  }

  #entry(endpoint: string): Entry {
    let entry = this.devices.get(endpoint);
    if (entry === undefined) {
      entry = { lifetimes: new Set(['none']), tags: new Set([undefined]), location: undefined };
      this.devices.set(endpoint, entry);
    }
    return entry;
  }
}

function only<T>(set: Set<T>, value: T): void {
  set.clear();
  set.add(value);
}

/** Sockets that each wait for the answer to one request. */
export class Fleet {
  readonly #sockets: Socket[] = [];
  #messageId = 1;

  /** Opens `count` sockets. */
  static async open(count: number): Promise<Fleet> {
    const fleet = new Fleet();
    for (let index = 0; index < count; index += 1) {
      const socket = createSocket('udp4');
      socket.bind(0, '127.0.0.1');
      await once(socket, 'listening');
      fleet.#sockets.push(socket);
    }
    return fleet;
  }

  /** Sends a POST or DELETE and calls back with the answer's bytes, if one comes; sockets are taken in turn. */
  send(
    port: number,
    method: 'POST' | 'DELETE',
    path: readonly string[],
    query: readonly string[],
    payload: string,
    answered: (answer: Buffer) => void,
  ): void {
    const id = (this.#messageId = (this.#messageId + 1) % 65_536);
    const socket = this.#sockets[id % this.#sockets.length] as Socket;
    const head = Buffer.of(0x42, method === 'POST' ? 2 : 4, id >> 8, id & 255, id >> 8, id & 255);
    const options = [
      ...path.map((text) => [11, text] as const),
      ...(payload === '' ? [] : [[12, '('] as const]),
      ...query.map((text) => [15, text] as const),
    ];
    const body = payload === '' ? Buffer.alloc(0) : Buffer.from(`\u00ff${payload}`, 'latin1');
    const listen = (answer: Buffer): void => {
      if (answer.length < 4 || answer.readUInt16BE(2) !== id || answer[1] === 0) return;
      socket.off('message', listen);
      answered(answer);
    };
    socket.on('message', listen);
    socket.send(Buffer.concat([head, encodeOptions(options), body]), port, '127.0.0.1');
  }

  /** Forgets what is waited for. */
  forget(): void {
    for (const socket of this.#sockets) socket.removeAllListeners('message');
  }

  close(): void {
    for (const socket of this.#sockets) socket.close();
  }
}

/** Location of a 2.01 with `rd` and one more Location-Path of ten characters; undefined for any other answer. */
export function locationOf(answer: Buffer): string | undefined {
  const found = /\u0082rd\n([A-Za-z0-9_-]{10})$/.exec(answer.toString('latin1'));
  return answer[1] === 0x41 ? found?.[1] : undefined;
}

function encodeOptions(options: readonly (readonly [number, string])[]): Buffer {
  let before = 0;
  const parts = options.map(([number, text]) => {
    const delta = number - before;
    before = number;
    const long = text.length >= 13;
    return Buffer.concat([
      Buffer.of((delta << 4) | (long ? 13 : text.length)),
      long ? Buffer.of(text.length - 13) : Buffer.alloc(0),
      Buffer.from(text, 'latin1'),
    ]);
  });
  return Buffer.concat(parts);
}
