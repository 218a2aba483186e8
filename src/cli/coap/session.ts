/** One exchange of a tester with one server: requests as promises over a stack of their own, on a port of their own. */

import { lookup } from 'node:dns/promises';

import { AppError, plainPeer, showAddress, systemClock, systemRandom, type Logger, type Peer } from '#base';
import { codeClass, decodeMessage, isMalformed, showMessage } from '#coap/codec';
import { parametersWith, type OutgoingRequest, type RequestFailure, type RequestId } from '#coap/endpoint';
import { DTLS_PARAMETERS, Stack, type DatagramLink, type EndpointEvent } from '#transport';

import type { Security } from './security.js';

/** What a session is made of. */
export interface SessionOptions {
  /** An IP address or a name, and the port. */
  readonly host: string;
  readonly port: number;
  /** What DTLS is spoken with; undefined: it is not. */
  readonly security: Security | undefined;
  /** Milliseconds within which a request must be answered in full. */
  readonly timeout: number;
  readonly link: DatagramLink;
  /** Sees every CoAP message on the wire or in a record, and where one is from when it is not from the server. */
  readonly seen: (direction: 'in' | 'out', bytes: Uint8Array, stranger?: string) => void;
  /** Takes notifications, which are acknowledged then. */
  readonly notified: (notification: Notification) => void;
  /** Where trouble with the socket is told. */
  readonly logger: Logger;
}

/** A response with its whole body. */
export type Response = Extract<EndpointEvent, { type: 'response' }>;
/** A notification with its whole body. */
export type Notification = Extract<EndpointEvent, { type: 'notification' }>;
/** A request but for its peer. */
export type SessionRequest = Omit<OutgoingRequest, 'peer'>;

interface Pending {
  readonly resolve: (response: Response) => void;
  readonly reject: (error: unknown) => void;
  id?: RequestId;
  /** Why it was cancelled. */
  why?: 'timeout' | 'interrupted';
}

/** One exchange with one server. */
export class Session {
  readonly #options: SessionOptions;
  readonly #stack: Stack;
  readonly #peer: Peer;
  #pending: Pending | undefined;
  #lastIn: Uint8Array | undefined;
  #arrived: (() => void) | undefined;
  #endListening: (() => void) | undefined;
  #interrupted = false;
  /** How far the handshake has come, or the word for what it failed of. */
  #handshake = 'under way';

  private constructor(options: SessionOptions, address: string) {
    this.#options = options;
    this.#peer = plainPeer(0, address, options.port);
    this.#stack = new Stack({
      parameters: parametersWith({
        separateResponseWait: Math.min(Math.max(Math.ceil(options.timeout), 1_000), 3_600_000),
        bodyBytes: 67_108_864,
        optionsPerMessage: 1_024,
        // A tester wants to see a storm.
        notificationRate: 100_000,
        notificationBurst: 1_000_000,
      }),
      clock: systemClock,
      random: systemRandom,
      logger: options.logger,
      fault: (error) => {
        if (this.#pending === undefined) throw error;
        this.#pending.reject(error);
      },
      link: options.link,
      ...(options.security !== undefined && { dtls: DTLS_PARAMETERS }),
    });
    this.#stack.serveSecure({
      ask: (question, _listener, answer) => {
        answer(options.security?.answer(question) ?? { is: 'refused' });
      },
      established: () => {
        this.#handshake = 'done';
        return 'good';
      },
      failed: (_place, reason) => {
        this.#handshake = reason;
      },
    });
    this.#stack.watch((direction, peer, bytes) => {
      if (peer.key !== this.#peer.key) {
        options.seen(direction, bytes, showAddress(peer.address, peer.port));
        return;
      }
      options.seen(direction, bytes);
      if (direction === 'out') return;
      this.#lastIn = bytes;
      this.#arrived?.();
    });
    this.#stack.serve({
      handle: (event) => {
        this.#handle(event);
      },
    });
  }

  /** Looks the name up and opens a socket. Rejects with AppError(`usage`) when there is no such host. */
  static async open(options: SessionOptions): Promise<Session> {
    const address = await addressOf(options.host);
    const session = new Session(options, address);
    const { security } = options;
    await session.#stack.listen(
      { address: anyAddress(address), port: 0, stack: 'single', receiveBuffer: RECEIVE_BUFFER },
      security === undefined ? undefined : { role: 'client', offer: security.offer },
    );
    return session;
  }

  /** The server's address for people to read. */
  get server(): string {
    return showAddress(this.#peer.address, this.#peer.port);
  }

  /**
   * Sends a request, one at a time, and gives its response whatever its code. Rejects with AppError: `device_timeout`,
   * `refused` (a Reset), `interrupted`, `device_refused` (an error response that breaks the standard), or `failed` with the reason.
   */
  async request(request: SessionRequest): Promise<Response> {
    const answered = new Promise<Response>((resolve, reject) => {
      const pending: Pending = { resolve, reject };
      this.#pending = pending;
      pending.id = this.#stack.request({ ...request, peer: this.#peer });
    });
    const late = setTimeout(() => {
      this.#cancel('timeout');
    }, this.#options.timeout);
    try {
      return await answered;
    } finally {
      clearTimeout(late);
      this.#pending = undefined;
    }
  }

  /** Sends bytes to the server past everything that knows CoAP. */
  send(bytes: Uint8Array): void {
    this.#stack.sendPast(this.#peer, bytes);
  }

  /** Whether it was interrupted. */
  get interrupted(): boolean {
    return this.#interrupted;
  }

  /** Ends the request on its way, if there is one, as `interrupted`, and listening on. */
  interrupt(): void {
    this.#interrupted = true;
    this.#cancel('interrupted');
    this.#endListening?.();
  }

  /** Listens on until `done` says so after a datagram came, nothing came for `quiet`, or `longest` is over; in milliseconds. */
  async listenOn(done: () => boolean, quiet: number, longest: number): Promise<void> {
    if (this.#interrupted || done()) return;
    let silence: NodeJS.Timeout | undefined;
    let limit: NodeJS.Timeout | undefined;
    await new Promise<void>((resolve) => {
      silence = setTimeout(resolve, quiet);
      limit = setTimeout(resolve, longest);
      this.#endListening = resolve;
      this.#arrived = () => {
        clearTimeout(silence);
        silence = setTimeout(resolve, quiet);
        if (done()) resolve();
      };
    });
    clearTimeout(silence);
    clearTimeout(limit);
    this.#arrived = undefined;
    this.#endListening = undefined;
  }

  /** Ends the association, sends what is under way and closes the socket. */
  close(): Promise<void> {
    this.#stack.endAssociation(this.#peer.key);
    return this.#stack.close();
  }

  #cancel(why: 'timeout' | 'interrupted'): void {
    const pending = this.#pending;
    if (pending?.id === undefined) return;
    pending.why = why;
    this.#stack.cancel(pending.id);
  }

  #handle(event: EndpointEvent): void {
    if (event.type === 'response') this.#pending?.resolve(event);
    else if (event.type === 'requestFailed') this.#pending?.reject(this.#failure(event.reason));
    else if (event.type === 'notification') {
      this.#options.notified(event);
      this.#stack.acknowledge(event.notification);
    } else if (event.type === 'request') this.#stack.ignore(event.exchange);
  }

  #failure(reason: RequestFailure): AppError {
    const why = this.#pending?.why;
    const last = this.#lastIn === undefined ? '' : `; the last datagram was ${showMessage(this.#lastIn)}`;
    if (reason === 'cancelled' && why === 'interrupted') {
      return new AppError('interrupted', `interrupted before ${this.server} answered`);
    }
    if (reason === 'cancelled') {
      const seconds = this.#options.timeout / 1_000;
      const unsafe = this.#options.security !== undefined && this.#handshake === 'under way';
      const far = unsafe ? '; the DTLS handshake had not come to its end' : last;
      return new AppError('device_timeout', `no answer from ${this.server} within ${seconds} s${far}`);
    }
    if (reason === 'timeout') {
      return new AppError('device_timeout', `no answer from ${this.server}, however often it was asked${last}`);
    }
    if (reason === 'reset') return new AppError('refused', `${this.server} rejected the request with a Reset`);
    if (reason === 'unreachable' && this.#options.security !== undefined && this.#handshake !== 'done') {
      const late = this.#handshake === 'handshake_timeout';
      const why = late
        ? 'it was silent, as servers are to a key they do not know'
        : this.#handshake.replaceAll('_', ' ');
      return new AppError(late ? 'device_timeout' : 'failed', `no DTLS with ${this.server}: ${why}`);
    }
    // What cannot be taken is the datagram that came last: an error says what it says all the same.
    const code = reason === 'bad_response' && isErrorResponse(this.#lastIn) ? 'device_refused' : 'failed';
    return new AppError(code, `${FAILURES[reason] ?? reason} (${this.server})${last}`);
  }
}

function isErrorResponse(datagram: Uint8Array | undefined): boolean {
  const message = datagram === undefined ? undefined : decodeMessage(datagram);
  return message !== undefined && !isMalformed(message) && codeClass(message.code) >= 4;
}

/** The IP address of a host; a name is looked up. Rejects with AppError(`usage`). */
export async function addressOf(host: string): Promise<string> {
  let address: string;
  try {
    ({ address } = await lookup(host));
  } catch (cause) {
    throw new AppError('usage', `the name ${host} cannot be resolved`, { cause });
  }
  if (/^(22[4-9]|23\d)[.]|^ff[0-9a-f]{2}:/i.test(address)) {
    throw new AppError('usage', `${address} is a multicast address; a request goes to one server`);
  }
  return address;
}

/** The wildcard of an address's family. */
export function anyAddress(address: string): string {
  return address.includes(':') ? '::' : '0.0.0.0';
}

const FAILURES: Readonly<Partial<Record<RequestFailure, string>>> = {
  unreachable: 'the datagram could not be sent',
  bad_response: 'the response cannot be taken: it has an option or a block that the standard forbids here',
  too_large: 'the body is too large: a request has 1,048,576 blocks at most, a response 64 MiB',
  queue_full: 'the request was not sent',
};
/** Bytes the kernel may keep for a burst of answers. */
export const RECEIVE_BUFFER = 1_048_576;
