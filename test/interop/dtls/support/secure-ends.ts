/** Our stack over DTLS, as the server of programs of others and as their client. */

import { randomBytes } from 'node:crypto';

import { expect } from '@jest/globals';

import { plainPeer } from '#base';
import { Code, OptionNumber, stringOption } from '#coap/codec';
import type { Answer, ClientOffer, DtlsParameters, ServerOffer, Session, Stack } from '#transport';

import { KeepingServer, openStack } from '../../support/coap-ends.js';
import { eventually } from '../../support/processes.js';
import type { Credentials, Name } from './credentials.js';

/** What a side of ours is told of, in order. */
export class Told {
  /** Names of the suites of associations that were made; with `, resumed` where a session went on. */
  readonly suites: string[] = [];
  /** Lengths of our Connection IDs in them; -1 where there is none. */
  readonly cids: number[] = [];
  readonly closed: string[] = [];
  readonly failed: string[] = [];
}

/** A server with `/time`, which can be observed, `/echo`, and whatever is PUT. */
export class SecureServer {
  readonly told = new Told();
  readonly keeping = new KeepingServer();
  /** Sessions that were made, by the hex of their handles: without its session a client shakes hands in full. */
  readonly sessions = new Map<string, Session>();
  /** How many hellos brought the handle of a session. */
  offered = 0;
  port = 0;

  private constructor() {
    this.keeping.bodies.set('time', Buffer.from('Sat Nov 28 18:00:00\n'));
  }

  /** Opens one that offers `offer` and differs from the defaults in `parameters`; sessions it makes are kept unless told otherwise. */
  static async open(
    credentials: Credentials,
    offer: Partial<ServerOffer>,
    parameters: Partial<DtlsParameters> = {},
    sessions: 'kept' | 'forgotten' = 'kept',
  ): Promise<SecureServer> {
    const server = new SecureServer();
    server.port = await server.keeping.open({
      security: { role: 'server', offer: { psk: 'not_offered', proofs: [], clientProofs: [], ...offer } },
      parameters,
      handler: {
        ask: (question, _listener, answer) => {
          if (question.about === 'session') answer(server.#session(question.handle));
          else answer(credentials.answer(question, 'cli'));
        },
        session: (_peer, handle, session) => {
          if (sessions === 'kept') server.sessions.set(Buffer.from(handle).toString('hex'), session);
        },
        established: (peer, kind) => {
          const association = server.stack.association(peer.key);
          server.told.suites.push(`${association?.suite ?? '?'}${kind === 'full' ? '' : `, ${kind}`}`);
          server.told.cids.push(association?.cid?.length ?? -1);
          return 'good';
        },
        closed: (_peer, reason) => server.told.closed.push(reason),
        failed: (_place, reason) => server.told.failed.push(reason),
      },
    });
    return server;
  }

  get stack(): Stack {
    return this.keeping.stack;
  }

  /** How often something was dropped or refused, by its name. */
  count(name: string): number {
    return this.stack.secureCounters()[name] ?? 0;
  }

  /** Resolves when that many associations have ended in `how`. */
  async ended(how: string, times: number): Promise<void> {
    await eventually(`${how}, ${times} times`, () =>
      this.told.closed.filter((reason) => reason === how).length >= times ? true : undefined,
    );
  }

  async close(): Promise<void> {
    await this.keeping.close();
  }

  #session(handle: Uint8Array): Answer {
    this.offered += 1;
    const session = this.sessions.get(Buffer.from(handle).toString('hex'));
    return session === undefined ? { is: 'refused' } : { is: 'session', session };
  }
}

/** A client of one server. It echoes requests, so that a server that sends back every byte answers in the end. */
export class SecureClient {
  readonly told = new Told();
  /** The message that left last. */
  sent: Uint8Array = new Uint8Array();
  readonly #ends: Awaited<ReturnType<typeof openStack>>;
  readonly #waiting = new Map<number, { resolve: (body: string) => void; reject: (error: Error) => void }>();

  private constructor(ends: Awaited<ReturnType<typeof openStack>>) {
    this.#ends = ends;
  }

  static async open(
    credentials: Credentials,
    offer: Partial<ClientOffer>,
    parameters: Partial<DtlsParameters> = {},
    server: Name = 'srv',
  ): Promise<SecureClient> {
    const ends = await openStack(
      (stack, event) => {
        if (event.type === 'request') stack.respond(event.exchange, { code: Code.CHANGED, payload: event.body });
        else if (event.type === 'response') client.#waiting.get(event.request)?.resolve(text(event.body));
        else if (event.type === 'requestFailed')
          client.#waiting.get(event.request)?.reject(new Error(`request failed: ${event.reason}`));
      },
      {
        security: { role: 'client', offer: { serverProofs: [], ...offer } },
        parameters,
        handler: {
          ask: (question, _listener, answer) => answer(credentials.answer(question, server)),
          established: (peer, kind) => {
            const association = client.#ends.stack.association(peer.key);
            client.told.suites.push(`${association?.suite ?? '?'}${kind === 'full' ? '' : `, ${kind}`}`);
            client.told.cids.push(association?.cid?.length ?? -1);
            return 'good';
          },
          closed: (_peer, reason) => client.told.closed.push(reason),
          failed: (_place, reason) => client.told.failed.push(reason),
        },
      },
    );
    const client = new SecureClient(ends);
    ends.stack.watch((direction, _peer, bytes) => {
      if (direction === 'out') client.sent = Uint8Array.from(bytes);
    });
    return client;
  }

  get stack(): Stack {
    return this.#ends.stack;
  }

  /** GETs, or sends a body (by POST), and resolves to the body of the answer. */
  ask(port: number, path: string, body?: string, code: number = Code.POST): Promise<string> {
    return new Promise((resolve, reject) => {
      const id = this.stack.request({
        peer: plainPeer(0, '127.0.0.1', port),
        code: body === undefined ? Code.GET : code,
        options: [stringOption(OptionNumber.URI_PATH, path)],
        ...(body !== undefined && { payload: Buffer.from(body) }),
      });
      this.#waiting.set(id, { resolve, reject });
    });
  }

  /** Ends the association, so that the next request begins with a handshake. */
  leave(port: number): void {
    this.stack.endAssociation(plainPeer(0, '127.0.0.1', port).key);
  }

  async close(): Promise<void> {
    await this.#ends.close();
  }
}

/** Clients of ours for the rounds of a cell: one that knows nothing for each, or one that goes on with its session. */
export class Clients {
  readonly #open: () => Promise<SecureClient>;
  readonly #suite: string;
  readonly #sessions: 'none' | 'kept';
  #kept: SecureClient | undefined;

  constructor(suite: string, sessions: 'none' | 'kept', open: () => Promise<SecureClient>) {
    this.#suite = suite;
    this.#sessions = sessions;
    this.#open = open;
  }

  /** One round with the server at `port`: `use` talks; what was agreed on is looked at, and the association ended. */
  async round(round: number, port: number, use: (client: SecureClient) => Promise<void>): Promise<void> {
    const client = this.#kept ?? (await this.#open());
    if (this.#sessions === 'kept') this.#kept = client;
    try {
      await use(client);
      const again = this.#sessions === 'kept' ? Array<string>(round).fill(`${this.#suite}, resumed`) : [];
      expect(client.told.suites).toEqual([this.#suite, ...again]);
      expect(client.told.failed).toEqual([]);
      client.leave(port);
    } finally {
      if (this.#sessions === 'none') await client.close();
    }
  }

  async close(): Promise<void> {
    await this.#kept?.close();
  }
}

/** A line that no other has. */
export function fresh(bytes = 60): string {
  return randomBytes(bytes).toString('hex');
}

/** A CON POST to /echo without a zero or a line feed before its last byte, for programs that read lines. */
export function echoRequest(line: string): Buffer {
  const [high, low, token] = Array.from(randomBytes(3), (byte) => 0x41 + (byte % 26)) as [number, number, number];
  return Buffer.concat([
    Buffer.from([0x41, Code.POST, high, low, token, 0xb4]),
    Buffer.from(`echo\xff${line}\n`, 'latin1'),
  ]);
}

/** The answer to a request as it left, piggy-backed on its acknowledgement. */
export function answerTo(request: Uint8Array, line: string): Buffer {
  const tokenLength = (request[0] as number) & 0x0f;
  const head = [0x60 | tokenLength, Code.CHANGED, ...request.subarray(2, 4 + tokenLength), 0xff];
  return Buffer.concat([Buffer.from(head), Buffer.from(`${line}\n`)]);
}

function text(body: Uint8Array): string {
  return Buffer.from(body).toString('latin1');
}
