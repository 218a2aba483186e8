/**
 * The device's side of the registration interface (LwM2M-Core 1.1.1 §6.2; LwM2M-Transport 1.1.1 §6.4.3): Register, Update
 * before the lifetime ends or when something changed, De-register. Pure: moments and answers in, requests and events out.
 *
 *   start ─► to register ─► answer to Register ─2.01─► to update ─► answer to Update ─2.04─► to update
 *                ▲   ▲           │ refused, silent          │              │ 4.04: at once; silent: tries until expiry
 *                │   └───────────┘ (later and later)        ▼              ▼
 *                └──────────── answer to De-register ◄── disable, stop   to register
 */

import { AppError, EMPTY, after, encodeUtf8, seconds } from '#base';
import type { Instant } from '#base';
import { Code, OptionNumber, bytesOption, showCode, stringOption, uintOption } from '#coap/codec';
import type { Message, Option } from '#coap/codec';
import { diagnosticOf } from '#lwm2m/protocol';
import { FORMATS } from '#lwm2m/model';
import type { EnablerVersion } from '#lwm2m/model';

import type { ServerSettings } from './server-object.js';

/** A request to the server; one at a time. */
export interface ServerRequest {
  readonly operation: Operation;
  readonly code: number;
  readonly options: readonly Option[];
  readonly payload: Uint8Array;
}

/** What a device asks of its server. */
export type Operation = 'register' | 'update' | 'deregister';

/** What became of a registration. */
export type RegistrationEvent =
  | { readonly type: 'registered'; readonly location: string }
  | { readonly type: 'updated' }
  | {
      readonly type: 'refused';
      readonly operation: Operation;
      /** Raw CoAP code. */
      readonly code: number;
      readonly detail: string;
    }
  | { readonly type: 'unanswered'; readonly operation: Operation; readonly reason: string }
  | { readonly type: 'deregistered' };

/** What a registration needs of its device. */
export interface RegistrationOptions {
  readonly endpoint: string;
  readonly queueMode: boolean;
  lwm2m(): EnablerVersion;
  /** Lifetime and binding of the server object. */
  settings(): ServerSettings;
  /** The object list. */
  links(): string;
  /** The query of a request as it is sent. */
  queryOf(operation: Operation, query: readonly string[]): readonly string[];
  /** A number in [0, 1), so that many devices do not move in step. */
  fraction(): number;
}

/** What the server knows of the device. */
interface Announced extends ServerSettings {
  readonly links: string;
}

type State =
  | { readonly waits: 'for start' | 'for nothing' }
  | { readonly waits: 'to register'; readonly until: Instant }
  | { readonly waits: 'for answer to register'; readonly sent: Announced }
  | { readonly waits: 'to update'; readonly until: Instant | undefined }
  | { readonly waits: 'for answer to update'; readonly sent: Announced }
  | { readonly waits: 'for answer to deregister'; readonly then: Instant | undefined };

/** One device's registration with one server. */
export class Registration {
  readonly #options: RegistrationOptions;
  #state: State = { waits: 'for start' };
  /** Segments of the location, kept and sent as the bytes they came in. */
  #location: readonly Uint8Array[] = [];
  #announced: Announced = { lifetime: 0, binding: 'U', links: '' };
  /** When the server last confirmed the registration. */
  #confirmedAt: Instant | undefined;
  #attempts = 0;
  /** Whether the last Update got no answer. */
  #unheard: 'yes' | 'no' = 'no';
  /** What is to happen as soon as the request in flight has ended. */
  #then: { readonly deregisterUntil: Instant | undefined } | 'update' | undefined;
  readonly #requests: ServerRequest[] = [];
  readonly #events: RegistrationEvent[] = [];

  constructor(options: RegistrationOptions) {
    this.#options = options;
  }

  /** Registers at `at`. Whatever was in flight has been forgotten. */
  start(at: Instant): void {
    this.#requests.length = 0;
    this.#then = undefined;
    this.#attempts = 0;
    this.#state = { waits: 'to register', until: at };
  }

  /** The server does not serve the version: registers again at once, the device speaks another now (4.12). */
  handleVersionRefusal(now: Instant): void {
    this.#registerLater(now, 0);
    this.#goOn(now);
  }

  /** Sends an Update now, even when nothing changed (Execute of /1/0/8). */
  trigger(now: Instant): void {
    if (this.#state.waits === 'to update') this.#update(now);
    else if (this.#state.waits === 'for answer to update') this.#then ??= 'update';
  }

  /** Lifetime, binding or object list may have changed: tells the server at once if so. */
  noteChange(now: Instant): void {
    if (this.#state.waits === 'to update' && changes(this.#announced, this.#now()).length > 0) this.#update(now);
  }

  /** De-registers; registers again at `until`, or never. */
  leave(until: Instant | undefined): void {
    switch (this.#state.waits) {
      case 'to update':
        this.#deregister(until);
        return;
      case 'for answer to register':
      case 'for answer to update':
        this.#then = { deregisterUntil: until };
        return;
      case 'for answer to deregister':
        this.#state = { waits: 'for answer to deregister', then: until };
        return;
      case 'for start':
      case 'to register':
        this.#state = until === undefined ? { waits: 'for nothing' } : { waits: 'to register', until };
        return;
      case 'for nothing':
    }
  }

  /** The answer to the request in flight. */
  handleAnswer(now: Instant, message: Message, body: Uint8Array): void {
    switch (this.#state.waits) {
      case 'for answer to register':
        this.#registerAnswered(now, this.#state.sent, message, body);
        break;
      case 'for answer to update':
        this.#updateAnswered(now, this.#state.sent, message, body);
        break;
      case 'for answer to deregister':
        if (message.code !== Code.DELETED) this.#refused('deregister', message, body);
        this.#deregistered(this.#state.then);
        break;
      default:
        return;
    }
    this.#goOn(now);
  }

  /** The request in flight ended without an answer. */
  handleFailure(now: Instant, reason: string): void {
    switch (this.#state.waits) {
      case 'for answer to register':
        this.#events.push({ type: 'unanswered', operation: 'register', reason });
        this.#registerLater(now, this.#backoff(RETRY));
        break;
      case 'for answer to update':
        this.#events.push({ type: 'unanswered', operation: 'update', reason });
        this.#unheard = 'yes';
        this.#updateLater(now, this.#backoff(RETRY));
        break;
      case 'for answer to deregister':
        this.#events.push({ type: 'unanswered', operation: 'deregister', reason });
        this.#deregistered(this.#state.then);
        break;
      default:
        return;
    }
    this.#goOn(now);
  }

  handleTimeout(now: Instant): void {
    if (this.#state.waits === 'to register' && this.#state.until <= now) this.#register();
    else if (this.#state.waits === 'to update' && this.#state.until !== undefined && this.#state.until <= now) {
      this.#update(now);
    }
  }

  nextDeadline(): Instant | undefined {
    return this.#state.waits === 'to register' || this.#state.waits === 'to update' ? this.#state.until : undefined;
  }

  /** The next request to send. */
  nextRequest(): ServerRequest | undefined {
    return this.#requests.shift();
  }

  nextEvent(): RegistrationEvent | undefined {
    return this.#events.shift();
  }

  /** Whether the server may ask things of the device: it is registered and means to stay. */
  get isOpen(): boolean {
    if (this.#then !== undefined && this.#then !== 'update') return false;
    return this.#state.waits === 'to update' || this.#state.waits === 'for answer to update';
  }

  /** Whether the server can be told something: it answered the last Update. */
  get isHeard(): boolean {
    return this.isOpen && this.#unheard === 'no';
  }

  /** What the request in flight asks for. */
  get inFlight(): Operation | undefined {
    switch (this.#state.waits) {
      case 'for answer to register':
        return 'register';
      case 'for answer to update':
        return 'update';
      case 'for answer to deregister':
        return 'deregister';
      default:
        return undefined;
    }
  }

  /** Whether it is over for good. */
  get hasEnded(): boolean {
    return this.#state.waits === 'for nothing';
  }

  #register(): void {
    const sent = this.#now();
    const lwm2m = this.#options.lwm2m();
    const query = [`ep=${this.#options.endpoint}`, `lt=${sent.lifetime}`, `lwm2m=${lwm2m}`, `b=${sent.binding}`];
    if (this.#options.queueMode && lwm2m !== '1.0') query.push('Q');
    this.#state = { waits: 'for answer to register', sent };
    this.#send('register', Code.POST, [RD], query, sent.links);
  }

  #update(now: Instant): void {
    if (this.#isOver(now)) {
      this.#registerLater(now, 0);
      return;
    }
    const sent = this.#now();
    const changed = changes(this.#announced, sent);
    const query = changed
      .filter((name) => name !== 'links')
      .map((name) => (name === 'lifetime' ? `lt=${sent.lifetime}` : `b=${sent.binding}`));
    this.#state = { waits: 'for answer to update', sent };
    this.#send('update', Code.POST, this.#location, query, changed.includes('links') ? sent.links : '');
  }

  #deregister(then: Instant | undefined): void {
    this.#state = { waits: 'for answer to deregister', then };
    this.#send('deregister', Code.DELETE, this.#location, [], '');
  }

  #send(
    operation: Operation,
    code: number,
    path: readonly Uint8Array[],
    query: readonly string[],
    links: string,
  ): void {
    const options = path.map((segment) => bytesOption(OptionNumber.URI_PATH, segment));
    if (links !== '') options.push(uintOption(OptionNumber.CONTENT_FORMAT, FORMATS.link));
    for (const item of this.#options.queryOf(operation, query))
      options.push(stringOption(OptionNumber.URI_QUERY, item));
    this.#requests.push({ operation, code, options, payload: links === '' ? EMPTY : encodeUtf8(links) });
  }

  #registerAnswered(now: Instant, sent: Announced, message: Message, body: Uint8Array): void {
    const location = message.code === Code.CREATED ? message.all(OptionNumber.LOCATION_PATH) : [];
    if (location.length === 0) {
      this.#refused('register', message, body);
      this.#registerLater(now, retryAfter(message) ?? this.#backoff(REFUSED_RETRY));
      return;
    }
    this.#location = location.map((segment) => Uint8Array.from(segment));
    this.#confirmed(now, sent);
    this.#events.push({
      type: 'registered',
      location: location.map((segment) => `/${Buffer.from(segment).toString()}`).join(''),
    });
  }

  /** Busy: the same again later. Anything but 2.04 else: the server knows us no more, or not as we are. */
  #updateAnswered(now: Instant, sent: Announced, message: Message, body: Uint8Array): void {
    if (message.code === Code.CHANGED) {
      this.#confirmed(now, sent);
      this.#events.push({ type: 'updated' });
      return;
    }
    this.#refused('update', message, body);
    if (message.code >> 5 === 5) this.#updateLater(now, retryAfter(message) ?? this.#backoff(RETRY));
    else this.#registerLater(now, 0);
  }

  #confirmed(now: Instant, sent: Announced): void {
    this.#announced = sent;
    this.#confirmedAt = now;
    this.#attempts = 0;
    this.#unheard = 'no';
    this.#state = { waits: 'to update', until: this.#refreshAt(now, sent.lifetime) };
  }

  #deregistered(then: Instant | undefined): void {
    this.#events.push({ type: 'deregistered' });
    this.#state = then === undefined ? { waits: 'for nothing' } : { waits: 'to register', until: then };
  }

  #refused(operation: Operation, message: Message, body: Uint8Array): void {
    const detail =
      message.code === Code.CREATED ? `${showCode(message.code)} without a location` : diagnosticOf(message, body);
    this.#events.push({ type: 'refused', operation, code: message.code, detail });
  }

  /** What had to wait for the request in flight. */
  #goOn(now: Instant): void {
    const then = this.#then;
    this.#then = undefined;
    if (then !== undefined && then !== 'update') this.leave(then.deregisterUntil);
    else if (then === 'update') this.trigger(now);
    else this.noteChange(now);
  }

  #registerLater(now: Instant, wait: number): void {
    this.#confirmedAt = undefined;
    this.#state = { waits: 'to register', until: after(now, seconds(wait)) };
  }

  #updateLater(now: Instant, wait: number): void {
    this.#state = { waits: 'to update', until: after(now, seconds(wait)) };
  }

  /** Seconds until the next attempt: doubles up to a limit, and differs between devices. */
  #backoff({ first, most }: { readonly first: number; readonly most: number }): number {
    this.#attempts += 1;
    return Math.min(first * 2 ** (this.#attempts - 1), most) * (0.75 + this.#options.fraction() / 2);
  }

  /** Half of a short lifetime, or as long before the end of a long one as a lost Update may take to be given up. */
  #refreshAt(now: Instant, lifetime: number): Instant | undefined {
    if (lifetime === 0) return undefined;
    const wait = Math.max(lifetime / 2, lifetime - MAX_TRANSMIT_WAIT);
    return after(now, seconds(wait * (1 - this.#options.fraction() / 10)));
  }

  /** Whether the lifetime has passed, so that there is nothing left to update. */
  #isOver(now: Instant): boolean {
    const { lifetime } = this.#announced;
    return this.#confirmedAt === undefined || (lifetime > 0 && now - this.#confirmedAt > lifetime * 1000);
  }

  #now(): Announced {
    return { ...this.#options.settings(), links: this.#options.links() };
  }
}

/** What differs. */
function changes(before: Announced, after: Announced): (keyof Announced)[] {
  return (['lifetime', 'binding', 'links'] as const).filter((name) => before[name] !== after[name]);
}

/** Seconds after which a server that is busy (RFC 7252 §5.9.3.4), or was asked too often (RFC 8516), wants to be asked again. */
function retryAfter(message: Message): number | undefined {
  const { code } = message;
  const later = code === Code.SERVICE_UNAVAILABLE || code === Code.TOO_MANY_REQUESTS;
  return later ? message.uint(OptionNumber.MAX_AGE) : undefined;
}

/** Checks a name for use as endpoint. Throws AppError(`usage`). */
export function checkEndpoint(name: string): string {
  const size = Buffer.byteLength(`ep=${name}`);
  if (name !== '' && size <= MAX_QUERY) return name;
  throw new AppError('usage', `"${name}" cannot be an endpoint name: 1 to ${MAX_QUERY - 3} bytes are allowed`);
}

/** First segment of where devices register. */
const RD = encodeUtf8('rd');
/** Seconds: first wait and longest wait between attempts. */
const RETRY = { first: 2, most: 60 };
const REFUSED_RETRY = { first: 15, most: 300 };
/** RFC 7252 §4.8.2, in seconds. */
const MAX_TRANSMIT_WAIT = 93;
/** Bytes of a Uri-Query option. */
const MAX_QUERY = 255;
