/**
 * A simulated device without sockets: the bench plays its server and its clock. Requests are given as CoAP messages, what
 * the device puts out is sorted by kind, and time moves only when the bench says so.
 */

import { EMPTY, Instant, WallTime, invariant } from '#base';
import { Code, MessageType, OptionNumber, decodeMessage, encodeMessage, isMalformed, showCode } from '#coap/codec';
import { stringOption, uintOption } from '#coap/codec';
import type { Message, Option } from '#coap/codec';
import type { EnablerVersion } from '#lwm2m/model';
import { SimulatedDevice, makeKind } from '#simulator';
import type { DeviceEvent, DeviceKind, DeviceOutput, Fault, KindOptions, Script, SendTerms } from '#simulator';

import { loadObjects } from '../../src/objects.js';

/** The package's own definitions. */
export const CATALOGUE = loadObjects([]);

/** Kind of device for a test. */
export function kindOf(lwm2m: EnablerVersion = '1.1', more: Partial<KindOptions> = {}): DeviceKind {
  return makeKind({
    lwm2m,
    catalogue: CATALOGUE,
    objects: [],
    lifetime: 300,
    binding: 'U',
    seed: 1,
    madeAt: 1e9,
    ...more,
  });
}

/** A request in the words of a test. */
export interface Asked {
  readonly code: number;
  /** Path such as `/3/0/9`. */
  readonly path: string;
  readonly format?: number;
  readonly accept?: number;
  readonly observe?: number;
  readonly query?: readonly string[];
  readonly payload?: Uint8Array | string;
}

/** The message of a request. */
export function messageOf(asked: Asked): { readonly message: Message; readonly body: Uint8Array } {
  const options: Option[] = [];
  if (asked.observe !== undefined) options.push(uintOption(OptionNumber.OBSERVE, asked.observe));
  for (const segment of asked.path.slice(1).split('/')) {
    if (asked.path !== '/') options.push(stringOption(OptionNumber.URI_PATH, segment));
  }
  if (asked.format !== undefined) options.push(uintOption(OptionNumber.CONTENT_FORMAT, asked.format));
  for (const item of asked.query ?? []) options.push(stringOption(OptionNumber.URI_QUERY, item));
  if (asked.accept !== undefined) options.push(uintOption(OptionNumber.ACCEPT, asked.accept));
  return parsed(asked.code, options, bytesOf(asked.payload));
}

/** A response of the server to the device. */
export function answerOf(code: number, options: readonly Option[] = [], payload: string | Uint8Array = EMPTY) {
  return parsed(code, options, bytesOf(payload));
}

function parsed(code: number, options: readonly Option[], payload: Uint8Array) {
  const bytes = encodeMessage({ type: MessageType.CON, code, messageId: 1, token: EMPTY, options, payload });
  const message = decodeMessage(bytes);
  invariant(!isMalformed(message), 'the test made a malformed message');
  return { message, body: payload };
}

function bytesOf(payload: Uint8Array | string | undefined): Uint8Array {
  return typeof payload === 'string' ? Buffer.from(payload) : (payload ?? EMPTY);
}

/** A notification or answer, as a test reads it. */
export interface Told {
  readonly code: string;
  readonly format: number | undefined;
  readonly text: string;
  readonly payload: Uint8Array;
  readonly location: string;
  readonly observed: boolean;
}

/** A request of the device to its server, as a test reads it. */
export interface Said {
  readonly code: number;
  readonly path: string;
  readonly query: readonly string[];
  readonly links: string;
}

/** A Send, as a test reads it. */
export interface Pack {
  readonly path: string;
  readonly format: number | undefined;
  readonly payload: Uint8Array;
  /** The records of SenML JSON. */
  readonly text: string;
}

export interface BenchOptions {
  readonly kinds?: readonly [DeviceKind, ...DeviceKind[]];
  readonly awakeFor?: number;
  readonly sleepFor?: number;
  readonly send?: SendTerms;
  readonly faults?: readonly Fault[];
  readonly script?: Script;
  readonly notifications?: 'con' | 'non';
  readonly seed?: number;
}

/** A device, its clock and its server. */
export class Bench {
  readonly device: SimulatedDevice;
  now = Instant(1_000);
  readonly said: Said[] = [];
  readonly events: DeviceEvent[] = [];
  readonly notified: {
    readonly relation: number;
    readonly told: Told;
    readonly confirmable: string;
    readonly at: number;
  }[] = [];
  readonly order: DeviceOutput['type'][] = [];
  /** Requests of the device as they are. */
  readonly requests: Extract<DeviceOutput, { type: 'request' }>['request'][] = [];
  /** What the device sent of its own accord. */
  readonly sends: Pack[] = [];
  /** The exchange of the last request of the server. */
  exchange = 0;
  #relation = 0;
  #answer: Told | 'ignored' | undefined;
  #observe: { readonly sequence: number } | undefined;

  constructor(options: BenchOptions = {}) {
    this.device = new SimulatedDevice({
      name: 'sim-1',
      seed: options.seed ?? 42,
      address: '127.0.0.1',
      startedAt: this.now,
      startedAtWall: WallTime(1_700_000_000_000),
      kinds: options.kinds ?? [kindOf()],
      awakeFor: options.awakeFor,
      notifications: options.notifications ?? 'non',
      ...(options.sleepFor === undefined ? {} : { sleepFor: options.sleepFor }),
      ...(options.send === undefined ? {} : { send: options.send }),
      ...(options.faults === undefined ? {} : { faults: options.faults }),
      ...(options.script === undefined ? {} : { script: options.script }),
    });
  }

  /** A device that is registered at /rd/abc. */
  static registered(options: BenchOptions = {}): Bench {
    const bench = new Bench(options);
    bench.device.start(bench.now);
    bench.drain();
    bench.accept();
    bench.said.length = 0;
    bench.events.length = 0;
    bench.order.length = 0;
    return bench;
  }

  /** The server answers the Register of the device with 2.01. */
  accept(location = 'abc'): void {
    this.answer(Code.CREATED, [
      stringOption(OptionNumber.LOCATION_PATH, 'rd'),
      stringOption(OptionNumber.LOCATION_PATH, location),
    ]);
  }

  /** The server answers the request in flight. */
  answer(code: number, options: readonly Option[] = [], payload = ''): void {
    const { message, body } = answerOf(code, options, payload);
    this.device.handleAnswer(this.now, message, body);
    this.drain();
  }

  /** The server answers the Send in flight. */
  answerSend(code: number): void {
    const { message, body } = answerOf(code);
    this.device.handleSendAnswer(this.now, message, body);
    this.drain();
  }

  failSend(): void {
    this.device.handleSendFailure(this.now, 'timeout');
    this.drain();
  }

  fail(reason = 'timeout'): void {
    this.device.handleFailure(this.now, reason);
    this.drain();
  }

  /** The server asks; its answer, or undefined when the device stays silent. */
  ask(asked: Asked): Told | undefined {
    const { message, body } = messageOf(asked);
    this.exchange += 1;
    this.#answer = undefined;
    this.device.handleRequest(this.now, this.exchange, message, body);
    this.drain();
    const answer = this.#answer as Told | 'ignored' | undefined;
    return answer === 'ignored' ? undefined : answer;
  }

  /** The newest answer to any request. */
  get lastAnswer(): Told | undefined {
    return this.#answer === 'ignored' ? undefined : this.#answer;
  }

  /** The server observes a path; the number of the relation. */
  observe(path: string, more: Partial<Asked> = {}): number {
    const answer = this.ask({ code: Code.GET, path, observe: 0, ...more });
    if (answer?.observed !== true) throw new Error(`not observed: ${answer?.code ?? 'silent'} ${answer?.text ?? ''}`);
    this.#relation += 1;
    this.device.handleObserved(this.now, this.#relation, this.exchange);
    return this.#relation;
  }

  /** Sets attributes, which must be accepted. */
  attach(path: string, ...query: readonly string[]): void {
    const answer = this.ask({ code: Code.PUT, path, query });
    if (answer?.code !== '2.04') throw new Error(`attributes refused: ${answer?.text ?? 'silent'}`);
  }

  /** Writes text to a resource, which must be accepted. */
  write(path: string, text: string): void {
    const answer = this.ask({ code: Code.PUT, path, format: 0, payload: text });
    if (answer?.code !== '2.04') throw new Error(`write refused: ${answer?.code ?? 'silent'} ${answer?.text ?? ''}`);
  }

  read(path: string): string {
    return this.ask({ code: Code.GET, path, accept: 0 })?.text ?? '(silent)';
  }

  /** Time passes; everything that falls due meanwhile happens at its moment. */
  pass(seconds: number): void {
    const end = this.now + seconds * 1000;
    for (let next = this.device.nextDeadline(); next !== undefined && next <= end; next = this.device.nextDeadline()) {
      this.now = Instant(Math.max(next, this.now));
      this.device.handleTimeout(this.now);
      this.drain();
    }
    this.now = Instant(end);
  }

  /** Seconds since the device was switched on. */
  get seconds(): number {
    return (this.now - 1_000) / 1000;
  }

  drain(): void {
    for (let output = this.device.nextOutput(); output !== undefined; output = this.device.nextOutput()) {
      this.order.push(output.type);
      this.#take(output);
    }
  }

  #take(output: DeviceOutput): void {
    switch (output.type) {
      case 'request':
        this.requests.push(output.request);
        this.said.push(saidOf(output.request));
        return;
      case 'send':
        this.sends.push(packOf(output.request));
        return;
      case 'answer':
        this.#observe = output.observe;
        this.#answer = toldOf(output.answer, this.#observe !== undefined);
        return;
      case 'ignore':
        this.#answer = 'ignored';
        return;
      case 'notify': {
        const { relation, notification } = output;
        const told = toldOf(notification, notification.observe !== undefined);
        this.notified.push({ relation, told, confirmable: notification.confirmable, at: this.seconds });
        return;
      }
      case 'event':
        this.events.push(output.event);
        return;
      case 'forgetServer':
        return;
    }
  }
}

function toldOf(
  { code, options, payload }: { code: number; options: readonly Option[]; payload: Uint8Array },
  observed: boolean,
): Told {
  const { message } = parsed(code, options, payload);
  return {
    code: showCode(code),
    format: message.uint(OptionNumber.CONTENT_FORMAT),
    text: Buffer.from(payload).toString('utf8'),
    payload,
    location: message.strings(OptionNumber.LOCATION_PATH).join('/'),
    observed,
  };
}

function saidOf({ code, options, payload }: { code: number; options: readonly Option[]; payload: Uint8Array }): Said {
  const { message } = parsed(code, options, payload);
  return {
    code,
    path: message
      .all(OptionNumber.URI_PATH)
      .map((segment) => `/${Buffer.from(segment).toString()}`)
      .join(''),
    query: message.strings(OptionNumber.URI_QUERY),
    links: Buffer.from(payload).toString('utf8'),
  };
}

function packOf({ code, options, payload }: { code: number; options: readonly Option[]; payload: Uint8Array }): Pack {
  const { message } = parsed(code, options, payload);
  return {
    path: `/${message.strings(OptionNumber.URI_PATH).join('/')}`,
    format: message.uint(OptionNumber.CONTENT_FORMAT),
    payload,
    text: Buffer.from(payload).toString('utf8'),
  };
}
