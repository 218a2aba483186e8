/** Bytes as they are, in one datagram, below everything that knows CoAP; and whatever comes back. */

import { UdpSocket } from '#transport';

import { addressOf, anyAddress, RECEIVE_BUFFER } from './session.js';

/** What is sent where, and how long answers are awaited. */
export interface RawOptions {
  readonly host: string;
  readonly port: number;
  readonly bytes: Uint8Array;
  /** How often the datagram leaves. */
  readonly repeat: number;
  /** Milliseconds to listen. */
  readonly timeout: number;
  /** Datagrams after which it is enough; undefined: listens to the end. */
  readonly count: number | undefined;
  readonly seen: (direction: 'in' | 'out', bytes: Uint8Array) => void;
  /** Ends it early. */
  readonly told: Promise<unknown>;
}

/**
 * Sends the datagram from a port of its own, takes what comes from the server's address and port, and answers nothing.
 * Resolves to how many datagrams came. Rejects with AppError(`usage`) when there is no such host, and with the system's error
 * when the datagram cannot leave.
 */
export async function exchangeRaw(options: RawOptions): Promise<number> {
  const { port, bytes, repeat, timeout, count = Infinity, seen, told } = options;
  const address = await addressOf(options.host);
  let came = 0;
  let finish: (() => void) | undefined;
  let fail: ((error: Error) => void) | undefined;
  const finished = new Promise<void>((resolve, reject) => {
    finish = resolve;
    fail = reject;
  });
  const socket = await UdpSocket.bind(
    { address: anyAddress(address), port: 0, stack: 'single', receiveBuffer: RECEIVE_BUFFER },
    {
      received: (answer, from, fromPort) => {
        if (from !== address || fromPort !== port || came >= count) return;
        came += 1;
        seen('in', answer);
        if (came >= count) finish?.();
      },
      dropped: () => undefined,
      failed: (error) => fail?.(error),
    },
  );
  const end = setTimeout(() => finish?.(), timeout);
  void told.then(finish);
  try {
    for (let sent = 0; sent < repeat; sent += 1) {
      seen('out', bytes);
      socket.send(bytes, address, port, (error) => {
        if (error !== null) fail?.(error);
      });
    }
    await finished;
  } finally {
    clearTimeout(end);
    await socket.close();
  }
  return came;
}
