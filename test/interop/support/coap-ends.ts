/** Our CoAP stack as a plain server and a plain client, for programs of others to talk to. */

import { silentLogger, systemClock, systemRandom, plainPeer, type Instant } from '#base';
import { Code, MessageType, OptionNumber, stringOption, uintOption, type Option } from '#coap/codec';
import { DEFAULT_PARAMETERS, type EndpointEvent, type OutgoingRequest } from '#coap/endpoint';
import { DTLS_PARAMETERS, Stack, type DtlsParameters, type SecureHandler, type Security } from '#transport';

/** How the listener of a stack is secured. */
export interface SecureEnds {
  readonly security: Security;
  readonly handler: SecureHandler;
  /** What differs from the defaults. */
  readonly parameters?: Partial<DtlsParameters>;
}

/** Opens a stack on a free port of 127.0.0.1, over DTLS if `secure` says how. Faults of ours are thrown when it closes. */
export async function openStack(
  handle: (stack: Stack, event: EndpointEvent, now: Instant) => void,
  secure?: SecureEnds,
): Promise<{ stack: Stack; port: number; close: () => Promise<void> }> {
  const faults: unknown[] = [];
  const stack = new Stack({
    parameters: DEFAULT_PARAMETERS,
    clock: systemClock,
    random: systemRandom,
    logger: silentLogger,
    fault: (error) => {
      faults.push(error);
    },
    ...(secure !== undefined && { dtls: { ...DTLS_PARAMETERS, ...secure.parameters } }),
  });
  stack.serve({
    handle: (event, now) => {
      handle(stack, event, now);
    },
  });
  if (secure !== undefined) stack.serveSecure(secure.handler);
  const { port } = await stack.listen(
    { address: '127.0.0.1', port: 0, stack: 'single', receiveBuffer: 1 << 20 },
    secure?.security,
  );
  return {
    stack,
    port,
    close: async () => {
      await stack.close();
      if (faults.length > 0) throw faults[0];
    },
  };
}

/**
 * A server that keeps what is PUT and lets it be observed: each PUT notifies the observers of its path. What is POSTed to
 * /echo comes back.
 */
export class KeepingServer {
  readonly bodies = new Map<string, Uint8Array>();
  readonly requests: string[] = [];
  readonly #relations = new Map<number, { path: string; confirmable: 'con' | 'non' }>();
  readonly #wanted = new Map<number, string>();
  #sequence = 1;
  #ends: Awaited<ReturnType<typeof openStack>> | undefined;

  async open(secure?: SecureEnds): Promise<number> {
    this.#ends = await openStack((stack, event) => {
      this.#handle(stack, event);
    }, secure);
    return this.#ends.port;
  }

  get stack(): Stack {
    if (this.#ends === undefined) throw new Error('not open');
    return this.#ends.stack;
  }

  async close(): Promise<void> {
    await this.#ends?.close();
  }

  /** Changes a body and notifies. */
  set(path: string, body: Uint8Array): void {
    this.bodies.set(path, body);
    for (const [relation, { path: observed, confirmable }] of this.#relations) {
      if (observed === path)
        this.stack.notify(relation, {
          code: Code.CONTENT,
          payload: body,
          observe: { sequence: this.#sequence++ },
          confirmable,
        });
    }
  }

  get observers(): number {
    return this.#relations.size;
  }

  #handle(stack: Stack, event: EndpointEvent): void {
    if (event.type === 'observed') {
      this.#relations.set(event.relation, { path: this.#wanted.get(event.exchange) ?? '', confirmable: 'con' });
      return;
    }
    if (event.type === 'observerGone') {
      this.#relations.delete(event.relation);
      return;
    }
    if (event.type !== 'request') return;
    const { message, exchange, body } = event;
    const path = message.strings(OptionNumber.URI_PATH).join('/');
    this.requests.push(`${message.code} ${path} ${body.length} ${message.type === MessageType.CON ? 'con' : 'non'}`);
    if (message.code === Code.POST && path === 'echo') {
      stack.respond(exchange, { code: Code.CHANGED, payload: body });
    } else if (message.code === Code.PUT || message.code === Code.POST) {
      const known = this.bodies.has(path);
      this.set(path, Uint8Array.from(body));
      stack.respond(exchange, { code: known ? Code.CHANGED : Code.CREATED });
    } else if (message.code === Code.DELETE) {
      this.bodies.delete(path);
      stack.respond(exchange, { code: Code.DELETED });
    } else if (message.code === Code.FETCH) {
      stack.respond(exchange, { code: Code.CONTENT, payload: body });
    } else {
      const content = this.bodies.get(path);
      if (content === undefined) {
        stack.respond(exchange, { code: Code.NOT_FOUND });
        return;
      }
      this.#wanted.set(exchange, path);
      const observe = message.uint(OptionNumber.OBSERVE) === 0 ? { observe: { sequence: this.#sequence++ } } : {};
      stack.respond(exchange, {
        code: Code.CONTENT,
        options: [uintOption(OptionNumber.CONTENT_FORMAT, 42)],
        payload: content,
        ...observe,
      });
    }
  }
}

/** What came back to a request of the plain client. */
export interface ClientAnswer {
  readonly code: number;
  readonly body: Uint8Array;
  readonly observing: boolean;
}

/** A client of one peer. */
export class PlainClient {
  readonly notifications: Uint8Array[] = [];
  readonly #waiting = new Map<number, { resolve: (answer: ClientAnswer) => void; reject: (error: Error) => void }>();
  #ends: Awaited<ReturnType<typeof openStack>> | undefined;

  async open(): Promise<void> {
    this.#ends = await openStack((stack, event) => {
      if (event.type === 'notification') {
        this.notifications.push(Uint8Array.from(event.body));
        stack.acknowledge(event.notification);
      } else if (event.type === 'response') {
        this.#waiting
          .get(event.request)
          ?.resolve({ code: event.message.code, body: event.body, observing: event.observing });
      } else if (event.type === 'requestFailed') {
        this.#waiting.get(event.request)?.reject(new Error(`request failed: ${event.reason}`));
      }
    });
  }

  get stack(): Stack {
    if (this.#ends === undefined) throw new Error('not open');
    return this.#ends.stack;
  }

  async close(): Promise<void> {
    await this.#ends?.close();
  }

  /** Sends a request to 127.0.0.1:`port` and resolves with the whole answer. */
  send(port: number, code: number, path: string, more: Partial<OutgoingRequest> = {}): Promise<ClientAnswer> {
    const options: Option[] = path.split('/').map((segment) => stringOption(OptionNumber.URI_PATH, segment));
    return new Promise((resolve, reject) => {
      const id = this.stack.request({
        peer: plainPeer(0, '127.0.0.1', port),
        code,
        ...more,
        options: [...options, ...(more.options ?? [])],
      });
      this.#waiting.set(id, { resolve, reject });
    });
  }
}
