/**
 * Device → server: the registration interface under `/rd`, the Send path `/dp`, and notifications (LwM2M-Core 1.1.1
 * §6.2, §6.4). A request is judged here, carried out by the fleet, answered, and only then is the device told to be
 * reached, so that nothing of ours can overtake the answer to its registration.
 */

import { AppError, EMPTY, toHex, type Instant, type Logger } from '#base';
import { bytesOption, Code, MessageType, OptionNumber, uintOption, type Option } from '#coap/codec';
import type { Fleet } from '#fleet';
import {
  decodeNotification,
  decodeRegister,
  decodeSend,
  decodeUpdate,
  isRefresh,
  isRefusal,
  LIMIT_FAULTS,
  registeredAnswer,
  type ObjectLists,
  type ReadLimits,
  type Refusal,
  type RegistrationRules,
} from '#lwm2m/protocol';
import type { RegisterParameters } from '#lwm2m/model';
import type { EndpointEvent, ExchangeId, OutgoingResponse, Stack } from '#transport';

import type { Downlink } from './downlink.js';
import type { Freshness } from './freshness.js';

/** Who may register over plain CoAP: every name, or only names the server knows. */
export type Admission = 'open' | 'known';

type RequestEvent = Extract<EndpointEvent, { type: 'request' }>;
type NotificationEvent = Extract<EndpointEvent, { type: 'notification' }>;

/** What the uplink stands on. */
export interface UplinkOptions {
  readonly stack: Stack;
  readonly fleet: Fleet;
  readonly downlink: Downlink;
  readonly lists: ObjectLists;
  readonly logger: Logger;
  readonly admission: Admission;
  /** How Register and Update are judged. */
  readonly rules: RegistrationRules;
  /** Limits of what notifications hold. */
  readonly limits: ReadLimits;
  /** Asked for by requests that change something, when it is there (RFC 9175 §2.3). */
  readonly freshness: Freshness | undefined;
  /** A promise rejected with what is no refusal: a fault of ours. */
  readonly fault: (error: unknown) => void;
}

/** The devices' door: takes every event of the stack. */
export class Uplink {
  readonly counters: Record<string, number> = {
    refresh_updates: 0,
    registers: 0,
    updates: 0,
    deregisters: 0,
    notifications: 0,
    sends: 0,
    refused_requests: 0,
    store_busy_answers: 0,
    notifications_left: 0,
    undecodable_notifications: 0,
    ...Object.fromEntries(LIMIT_FAULTS.map((fault) => [`notifications_${fault}`, 0])),
    challenges: 0,
    refused_endpoint_too_long: 0,
    refused_links_too_long: 0,
    refused_too_many_links: 0,
    refused_too_many_attributes: 0,
  };
  readonly #options: UplinkOptions;

  constructor(options: UplinkOptions) {
    this.#options = options;
  }

  handle(event: EndpointEvent, now: Instant): void {
    switch (event.type) {
      case 'request':
        this.#request(event, now);
        return;
      case 'notification':
        this.#notification(event, now);
        return;
      case 'response':
      case 'requestFailed':
        this.#options.downlink.handle(event, now);
        return;
      case 'stray':
        this.#options.fleet.reached(event.peer, now);
        return;
      case 'foreign':
        this.#options.fleet.refused('notify', event.peer, event.owner.identity?.endpoint);
        return;
      case 'observed':
      case 'observerGone':
      case 'bodyWanted':
      case 'bodyDone':
        return;
    }
  }

  #request(event: RequestEvent, now: Instant): void {
    const { message } = event;
    if (this.#options.freshness !== undefined && message.code !== Code.GET && !this.#isFresh(event, now)) {
      this.#challenge(event, this.#options.freshness, now);
      return;
    }
    const segments = message.count(OptionNumber.URI_PATH);
    const first = segments === 0 ? '' : message.text(OptionNumber.URI_PATH, 0);
    if (first === 'rd' && segments === 2) this.#location(event, message.text(OptionNumber.URI_PATH, 1), now);
    else if (first === 'rd' && segments === 1) this.#register(event, now);
    else if (first === 'dp' && segments === 1) this.#send(event, now);
    else if (first === '.well-known' && segments === 2 && message.text(OptionNumber.URI_PATH, 1) === 'core')
      this.#core(event, now);
    else
      this.#refuseAwake(event, { refused: Code.NOT_FOUND, detail: 'no such resource: devices register at /rd' }, now);
  }

  /** Whether the request brings back an Echo value of ours, which proves its address too. */
  #isFresh({ message, peer }: RequestEvent, now: Instant): boolean {
    const echo = message.first(OptionNumber.ECHO);
    return echo !== undefined && this.#options.freshness?.accepts(echo, peer.key, now) === true;
  }

  #challenge(event: RequestEvent, freshness: Freshness, now: Instant): void {
    this.#count('challenges');
    const echo = bytesOption(OptionNumber.ECHO, freshness.challenge(event.peer.key, now));
    this.#options.stack.respond(event.exchange, { code: Code.UNAUTHORIZED, options: [echo] });
  }

  #location(event: RequestEvent, location: string, now: Instant): void {
    const { message } = event;
    if (message.code === Code.POST && isRefresh(message) && event.body.length === 0) {
      const result = this.#options.fleet.refresh(location, event.peer, now);
      if (result === 'refreshed') {
        this.#count('refresh_updates');
        this.#heard(event, CHANGED, now);
        return;
      }
    }
    if (message.code === Code.POST) this.#update(event, location, now);
    else if (message.code === Code.DELETE) this.#deregister(event, location, now);
    else this.#refuse(event, METHOD_NOT_ALLOWED);
  }

  #register(event: RequestEvent, now: Instant): void {
    const { fleet, lists, admission, rules } = this.#options;
    if (event.message.code !== Code.POST) {
      this.#refuse(event, METHOD_NOT_ALLOWED);
      return;
    }
    const wait = fleet.registersTooOften(event.peer.key, now);
    if (wait !== undefined) {
      this.#refuse(event, { ...TOO_OFTEN, maxAge: wait });
      return;
    }
    const { identity } = event.peer;
    const named = identity === undefined ? rules : { ...rules, identityEndpoint: identity.endpoint };
    const parameters = decodeRegister(event.message, event.body, lists, named);
    if ('refused' in parameters) {
      this.#refuse(event, parameters);
      return;
    }
    if (identity === undefined && admission === 'known' && !fleet.knows(parameters.endpoint)) {
      this.#refuse(event, NOT_ADMITTED);
      return;
    }
    this.#count('registers');
    void this.#registering(event, parameters, now);
  }

  async #registering(event: RequestEvent, parameters: RegisterParameters, now: Instant): Promise<void> {
    const { fleet, stack } = this.#options;
    try {
      const { location } = await fleet.register(parameters, event.peer, now);
      const answer = registeredAnswer(location);
      stack.respond(event.exchange, answer);
      if (this.#isFresh(event, now)) stack.provePeer(event.peer);
      else if (event.peer.identity === undefined) this.#budget(event, answer);
      fleet.reached(event.peer, now);
    } catch (error) {
      this.#failed(event, error);
    }
  }

  #update(event: RequestEvent, location: string, now: Instant): void {
    const { fleet, lists, rules } = this.#options;
    const dialect = fleet.dialectAt(location, event.peer);
    if (dialect === undefined) {
      this.#refuse(event, NO_REGISTRATION);
      return;
    }
    const parameters = decodeUpdate(event.message, event.body, dialect, lists, rules);
    if ('refused' in parameters) {
      this.#refuseAwake(event, parameters, now);
      return;
    }
    this.#count('updates');
    this.#settle(
      event,
      fleet.update(location, parameters, event.peer, now).then((result) => {
        if (result === 'unknown') this.#refuse(event, NO_REGISTRATION);
        else this.#heard(event, CHANGED, now);
      }),
    );
  }

  #deregister(event: RequestEvent, location: string, now: Instant): void {
    if (event.message.type !== MessageType.CON) {
      this.#refuse(event, { refused: Code.BAD_REQUEST, detail: 'De-register must be confirmable' });
      return;
    }
    this.#count('deregisters');
    this.#settle(
      event,
      this.#options.fleet.deregister(location, event.peer, now).then((result) => {
        if (result === 'unknown') this.#refuse(event, NO_REGISTRATION);
        else this.#options.stack.respond(event.exchange, DELETED);
      }),
    );
  }

  #send(event: RequestEvent, now: Instant): void {
    const { fleet, limits, stack } = this.#options;
    const sender = fleet.senderAt(event.peer.key);
    if (sender === undefined) {
      this.#refuse(event, NO_SENDER);
      if (event.peer.identity !== undefined) fleet.refused('send', event.peer);
      return;
    }
    const decoded =
      event.message.code === Code.POST
        ? decodeSend(sender, event.message, event.body, limits.formats)
        : METHOD_NOT_ALLOWED;
    if (isRefusal(decoded)) {
      this.#refuseAwake(event, decoded, now);
      return;
    }
    this.#count('sends');
    this.#settle(
      event,
      fleet.sent(event.peer.key, decoded.nodes).then((result) => {
        if (result === 'kept') stack.respond(event.exchange, CHANGED);
        else this.#refuse(event, NO_SENDER);
        fleet.reached(event.peer, now);
      }),
    );
  }

  #core(event: RequestEvent, now: Instant): void {
    if (event.message.code !== Code.GET) {
      this.#refuseAwake(event, METHOD_NOT_ALLOWED, now);
      return;
    }
    this.#options.stack.respond(event.exchange, CORE);
    this.#options.fleet.reached(event.peer, now);
  }

  #notification(event: NotificationEvent, now: Instant): void {
    const { fleet, stack } = this.#options;
    const token = toHex(event.token);
    const observation = fleet.observationOf(token, event.peer);
    if (observation === undefined) {
      stack.reject(event.notification);
      return;
    }
    this.#count('notifications');
    if (!event.fresh) {
      stack.acknowledge(event.notification);
      fleet.reached(event.peer, now);
      return;
    }
    const kept = this.#keep(event, token, observation, now);
    kept.then(
      () => {
        stack.acknowledge(event.notification);
        fleet.reached(event.peer, now);
      },
      (error: unknown) => {
        // Not acknowledged: a confirmable notification comes again, and is then handled as new.
        this.#count('notifications_left');
        stack.leave(event.notification);
        if (!(error instanceof AppError)) this.#options.fault(error);
      },
    );
  }

  #keep(
    event: NotificationEvent,
    token: string,
    observation: NonNullable<ReturnType<Fleet['observationOf']>>,
    now: Instant,
  ): Promise<void> {
    const { fleet } = this.#options;
    if (event.final) {
      const detail = `the device ended the observation with ${event.message.code >= Code.BAD_REQUEST ? 'an error' : 'an answer without Observe'}`;
      return fleet.observationEnded(token, { code: event.message.code, detail }, now);
    }
    const decoded = decodeNotification(
      observation.paths,
      observation.dialect,
      event.message,
      event.body,
      this.#options.limits.formats,
    );
    if ('error' in decoded) {
      this.#count('undecodable_notifications');
      if (decoded.fault !== undefined) this.#count(`notifications_${decoded.fault}`);
      this.#options.logger.warn('notification not understood', { peer: event.peer.address, error: decoded.error });
      return Promise.resolve();
    }
    return fleet.notified(token, decoded, now);
  }

  /** Answers a request that came under the device's own location, which proves its address, and then reaches the device. */
  #heard(event: RequestEvent, response: OutgoingResponse, now: Instant): void {
    const { stack, fleet } = this.#options;
    stack.respond(event.exchange, response);
    stack.provePeer(event.peer);
    fleet.reached(event.peer, now);
  }

  /** Until the address is proven, all we send there stays within three times what came (RFC 9175 §2.4). */
  #budget(event: RequestEvent, answer: { readonly options: readonly Option[] }): void {
    const sent = answer.options.reduce((sum, option) => sum + option.value.length + 2, ANSWER_HEADER);
    this.#options.stack.limitPeer(event.peer, Math.max(0, AMPLIFICATION * event.received - sent));
  }

  #settle(event: RequestEvent, outcome: Promise<void>): void {
    outcome.catch((error: unknown) => {
      this.#failed(event, error);
    });
  }

  #failed(event: RequestEvent, error: unknown): void {
    if (error instanceof AppError) {
      this.#refuse(event, refusalOf(error));
      return;
    }
    this.#options.stack.respond(event.exchange, { code: Code.INTERNAL_SERVER_ERROR });
    this.#options.fault(error);
  }

  /** Says no; the words come along only when they stay within what an unproven address may get (RFC 9175 §2.4). */
  #refuse(
    event: { readonly exchange: ExchangeId; readonly received: number },
    refusal: Refusal & { maxAge?: number },
  ): void {
    if (refusal.fault !== undefined) this.#count(`refused_${refusal.fault}`);
    this.#count(refusal.refused === Code.SERVICE_UNAVAILABLE ? 'store_busy_answers' : 'refused_requests');
    const detail = Buffer.from(refusal.detail, 'utf8');
    this.#options.stack.respond(event.exchange, {
      code: refusal.refused,
      options: refusal.maxAge === undefined ? [] : [uintOption(OptionNumber.MAX_AGE, refusal.maxAge)],
      payload:
        detail.length <= Math.min(AMPLIFICATION * event.received, LARGEST_UNPROVEN) - REFUSAL_HEADER ? detail : EMPTY,
    });
  }

  /**
   * As `refuse`, what came from a registered device all the same: it is awake, whatever it said (LwM2M-Core 1.1.1 §6.5). Not
   * for what names a registration that is not there: that may come from another device, which has got the address since.
   */
  #refuseAwake(event: RequestEvent, refusal: Refusal, now: Instant): void {
    this.#refuse(event, refusal);
    this.#options.fleet.reached(event.peer, now);
  }

  #count(name: string): void {
    this.counters[name] = (this.counters[name] ?? 0) + 1;
  }
}

/** A refusal of the fleet as a CoAP answer: the store's troubles are 5.03 with Max-Age, so that the device comes again. */
function refusalOf(error: AppError): Refusal & { maxAge?: number } {
  if (error.code === 'endpoint_secured') return NOT_ADMITTED;
  if (error.code === 'identity_mismatch') return NOT_ITS_NAME;
  const retryAfter = error.details['retryAfter'];
  return {
    refused: Code.SERVICE_UNAVAILABLE,
    detail: 'try again later',
    maxAge: typeof retryAfter === 'number' ? retryAfter : 5,
  };
}

const CHANGED: OutgoingResponse = { code: Code.CHANGED };
const DELETED: OutgoingResponse = { code: Code.DELETED };
/** To a name that is not known and to one that is secured alike: over plain CoAP nobody learns which. */
const NOT_ADMITTED: Refusal = { refused: Code.FORBIDDEN, detail: 'this endpoint name is not known here' };
/** LwM2M-Transport 1.2.1 §5.2.6; whether there is a device of that name makes no difference. */
const NOT_ITS_NAME: Refusal = { refused: Code.BAD_REQUEST, detail: 'ep is not the name of this identity' };
const NO_SENDER: Refusal = { refused: Code.NOT_FOUND, detail: 'no device is registered from this address' };
const METHOD_NOT_ALLOWED: Refusal = { refused: Code.METHOD_NOT_ALLOWED, detail: 'this method is not allowed here' };
/** RFC 8516: Max-Age says when to come again. */
const TOO_OFTEN: Refusal = { refused: Code.TOO_MANY_REQUESTS, detail: 'too many registrations from here' };
const NO_REGISTRATION: Refusal = { refused: Code.NOT_FOUND, detail: 'no such registration: register again' };
const CORE: OutgoingResponse = {
  code: Code.CONTENT,
  options: [uintOption(OptionNumber.CONTENT_FORMAT, 40)],
  payload: Buffer.from('</rd>;rt="core.rd";ct=40', 'utf8'),
};
/** Bytes of an answer before its options: header and token, and an empty ACK that went before it. */
const ANSWER_HEADER = 16;
const AMPLIFICATION = 3;
/** Most bytes of an answer to an address that has proven nothing (RFC 9175 §2.4). */
const LARGEST_UNPROVEN = 136;
/** Bytes of a refusal before its words: header, token, Max-Age and payload marker. */
const REFUSAL_HEADER = 19;
