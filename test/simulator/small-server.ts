/** A small server on the stack of this package, for devices on real sockets of the loopback interface, and swarms at it. */

import { afterEach, expect } from '@jest/globals';

import { silentLogger, systemClock, systemRandom } from '#base';
import type { Peer } from '#base';
import { Code, OptionNumber, showCode, stringOption, uintOption } from '#coap/codec';
import type { Message } from '#coap/codec';
import { parametersWith } from '#coap/endpoint';
import type { EndpointEvent, OutgoingRequest } from '#coap/endpoint';
import { Swarm } from '#simulator';
import type { DeviceEvent, SwarmOptions } from '#simulator';
import { Stack } from '#transport';
import type { StackOptions } from '#transport';

import { kindOf } from './support.js';

type Response = Extract<EndpointEvent, { type: 'response' }>;
type Notification = Extract<EndpointEvent, { type: 'notification' }>;

/** Answers registrations and asks devices. */
export class Server {
  readonly peers = new Map<string, Peer>();
  readonly locations = new Map<string, string>();
  readonly log: string[] = [];
  readonly notifications: Notification[] = [];
  readonly faults: unknown[] = [];
  /** What is said to notifications. */
  verdict: 'acknowledge' | 'reject' = 'acknowledge';
  /** How requests to /rd are answered. */
  registerCode: number = Code.CREATED;
  updateCode: number = Code.CHANGED;
  readonly #stack: Stack;
  readonly #waiting = new Map<number, (event: EndpointEvent) => void>();
  port = 0;

  constructor(parameters = parametersWith({})) {
    this.#stack = new Stack({ ...stackOptions(this.faults), parameters });
    this.#stack.serve({
      handle: (event) => {
        this.#handle(event);
      },
    });
  }

  async open(): Promise<this> {
    const bound = await this.#stack.listen({ address: '127.0.0.1', port: 0, stack: 'single', receiveBuffer: 1 << 20 });
    this.port = bound.port;
    return this;
  }

  close(): Promise<void> {
    return this.#stack.close();
  }

  /** Sends a request to a device and gives the answer. */
  async ask(
    name: string,
    request: Omit<OutgoingRequest, 'peer' | 'options'> & { path: string; accept?: number; format?: number },
  ): Promise<Response> {
    const { path, accept, format, ...rest } = request;
    const options = path
      .slice(1)
      .split('/')
      .map((segment) => stringOption(OptionNumber.URI_PATH, segment));
    if (format !== undefined) options.push(uintOption(OptionNumber.CONTENT_FORMAT, format));
    if (accept !== undefined) options.push(uintOption(OptionNumber.ACCEPT, accept));
    const event = await new Promise<EndpointEvent>((resolve) => {
      const id = this.#stack.request({ ...rest, peer: this.peers.get(name) as Peer, options });
      this.#waiting.set(id, resolve);
    });
    if (event.type !== 'response') throw new Error(`no answer: ${JSON.stringify(event)}`);
    return event;
  }

  /** Texts of the notifications under a token of one byte. */
  told(token: number): string[] {
    const own = this.notifications.filter((notification) => notification.token[0] === token);
    return own.map(({ body }) => Buffer.from(body).toString());
  }

  /** Observes a path in text under a token of one byte; whether the device agreed. */
  async observe(path: string, token: number): Promise<boolean> {
    const request = { code: Code.GET, path, accept: 0, observe: 'register', token: Uint8Array.of(token) } as const;
    return (await this.ask('sim-1', request)).observing;
  }

  async write(path: string, text: string): Promise<void> {
    const { message } = await this.ask('sim-1', { code: Code.PUT, path, format: 0, payload: Buffer.from(text) });
    expect(showCode(message.code)).toBe('2.04');
  }

  #handle(event: EndpointEvent): void {
    if (event.type === 'request') {
      this.log.push(`${event.message.code} ${pathIn(event.message)}`);
      this.#stack.respond(event.exchange, this.#answer(event.message, event.peer));
    } else if (event.type === 'response' || event.type === 'requestFailed') {
      this.#waiting.get(event.request)?.(event);
    } else if (event.type === 'notification') {
      this.notifications.push(event);
      this.#stack[this.verdict](event.notification);
    }
  }

  #answer(message: Message, peer: Peer): { code: number; options?: ReturnType<typeof stringOption>[] } {
    const path = pathIn(message);
    if (message.code === Code.DELETE) return { code: Code.DELETED };
    if (path !== '/rd') return { code: this.updateCode };
    if (this.registerCode !== Code.CREATED) return { code: this.registerCode };
    const name = message.strings(OptionNumber.URI_QUERY)[0]?.slice('ep='.length) ?? '';
    this.peers.set(name, peer);
    const location = `${name}.${this.log.length}`;
    this.locations.set(name, location);
    return {
      code: Code.CREATED,
      options: ['rd', location].map((text) => stringOption(OptionNumber.LOCATION_PATH, text)),
    };
  }
}

function pathIn(message: Message): string {
  return `/${message.strings(OptionNumber.URI_PATH).join('/')}`;
}

/** What a stack of a test is made of; `faults` takes what leaves it. */
export function stackOptions(faults: unknown[]): StackOptions {
  return {
    parameters: parametersWith({}),
    clock: systemClock,
    random: systemRandom,
    logger: silentLogger,
    fault: (error: unknown) => faults.push(error),
  };
}

/** Polls until it holds; fails after ten seconds. */
export async function until(holds: () => boolean, what: string): Promise<void> {
  const end = systemClock.now() + 10_000;
  while (!holds()) {
    if (systemClock.now() > end) throw new Error(`not within ten seconds: ${what}`);
    await new Promise((resolve) => setImmediate(resolve));
  }
}

const open: { close(): Promise<unknown> }[] = [];

afterEach(async () => {
  for (const each of open.splice(0).reverse()) await each.close();
});

/** A server that is closed after the test. */
export async function serverOf(parameters = parametersWith({})): Promise<Server> {
  const server = await new Server(parameters).open();
  open.push(server);
  return server;
}

/** A swarm and what it told. */
export interface Running {
  readonly swarm: Swarm;
  readonly events: (DeviceEvent & { readonly name: string })[];
}

/** A swarm at a port, stopped after the test; a fault in it fails the test. */
export function swarmOf(port: number, more: Partial<SwarmOptions> = {}): Running {
  const events: (DeviceEvent & { readonly name: string })[] = [];
  const faults: unknown[] = [];
  const swarm = new Swarm({
    stack: stackOptions(faults),
    server: { address: '127.0.0.1', port },
    prefix: 'sim-',
    count: 1,
    kinds: [kindOf('1.1')],
    seed: 1,
    awakeFor: undefined,
    notifications: 'con',
    loss: 0,
    onEvent: (name, event) => events.push({ name, ...event }),
    ...more,
  });
  open.push({
    close: async () => {
      await swarm.stop(0);
      if (faults.length > 0) throw faults[0];
    },
  });
  return { swarm, events };
}
