/**
 * Server → device: carries out one request over CoAP and says what came of it. Implements the fleet's DeviceLink; every
 * failure is an outcome.
 */

import { AppError, ChurnMap, type Instant, type Peer } from '#base';
import { Code, type Message } from '#coap/codec';
import type { DeviceLink, LinkTarget } from '#fleet/ports';
import type { DeviceRequest, Outcome } from '#lwm2m/model';
import {
  LIMIT_FAULTS,
  READ_LIMITS,
  decodeResponse,
  encodeRequest,
  type EncodedRequest,
  type ReadLimits,
} from '#lwm2m/protocol';
import type { EndpointEvent, RequestId, Stack } from '#transport';

interface Pending {
  readonly target: LinkTarget;
  readonly request: DeviceRequest;
  readonly settle: (outcome: Outcome) => void;
}

type ResponseEvent = Extract<EndpointEvent, { type: 'response' }>;
type FailureEvent = Extract<EndpointEvent, { type: 'requestFailed' }>;

/** The way to devices over the stack. */
export class Downlink implements DeviceLink {
  /** Answers that could not be read, by the reason; those that speak of a limit are there from the start. */
  readonly counters: Record<string, number> = Object.fromEntries(LIMIT_FAULTS.map((fault) => [`answers_${fault}`, 0]));
  readonly #stack: Stack;
  readonly #limits: ReadLimits;
  readonly #pending = new ChurnMap<RequestId, Pending>();
  #inFlight: 'request' | undefined;
  readonly #early = new ChurnMap<RequestId, ResponseEvent | FailureEvent>();

  constructor(stack: Stack, limits: ReadLimits = READ_LIMITS) {
    this.#stack = stack;
    this.#limits = limits;
  }

  /** Requests that wait for their outcome. */
  get waiting(): number {
    return this.#pending.size;
  }

  perform(target: LinkTarget, request: DeviceRequest): Promise<Outcome> {
    if (request.kind === 'cancelObserve' && request.by === 'reset') {
      // The next notification of a forgotten token is answered with RST, which is this cancellation (RFC 7641 §3.6).
      this.#stack.forgetObservation(request.token);
      return Promise.resolve({ kind: 'done', code: Code.EMPTY });
    }
    const encoded = encodedOrWhyNot(target, request);
    if (encoded instanceof AppError) {
      return Promise.resolve({ kind: 'failed', reason: 'bad_request', detail: encoded.message, sent: 'no' });
    }
    return new Promise((resolve) => {
      this.#inFlight = 'request';
      const id = this.#stack.request({ peer: target.peer, ...encoded });
      this.#inFlight = undefined;
      this.#pending.set(id, { target, request, settle: resolve });
      const early = this.#early.get(id);
      if (early === undefined) return;
      this.#early.delete(id);
      this.#finish(early);
    });
  }

  restore(target: LinkTarget, observation: DeviceRequest & { readonly kind: 'observe' }): void {
    const encoded = encodedOrWhyNot(target, observation);
    // What cannot be said was never sent: no notification of it can come.
    if (encoded instanceof AppError) return;
    const { code, options, payload } = encoded;
    this.#stack.restoreObservation(observation.token, target.peer, { code, options, payload });
  }

  forget(token: Uint8Array): void {
    this.#stack.forgetObservation(token);
  }

  moved(from: Peer, to: Peer): void {
    this.#stack.movePeer(from.key, to);
  }

  gone(peer: Peer): void {
    this.#stack.dropPeer(peer.key);
  }

  /** Takes the end of a request from the stack. */
  handle(event: ResponseEvent | FailureEvent, _now: Instant): void {
    if (this.#inFlight === 'request' && !this.#pending.has(event.request)) this.#early.set(event.request, event);
    else this.#finish(event);
  }

  #finish(event: ResponseEvent | FailureEvent): void {
    const pending = this.#pending.get(event.request);
    if (pending === undefined) return;
    this.#pending.delete(event.request);
    pending.settle(event.type === 'response' ? this.#answered(pending, event) : failed(event));
  }

  #answered(pending: Pending, event: ResponseEvent): Outcome {
    const message = event.message satisfies Message;
    const outcome = decodeResponse(pending.request, pending.target.dialect, message, event.body, this.#limits);
    if (outcome.kind === 'failed' && outcome.fault !== undefined) {
      const name = `answers_${outcome.fault}`;
      this.counters[name] = (this.counters[name] ?? 0) + 1;
    }
    return outcome;
  }
}

/** A request as CoAP, or why it has no form on the wire. */
function encodedOrWhyNot({ dialect }: LinkTarget, request: DeviceRequest): EncodedRequest | AppError {
  try {
    return encodeRequest(request, dialect);
  } catch (error) {
    if (error instanceof AppError) return error;
    throw error;
  }
}

function failed(event: FailureEvent): Outcome {
  const reason = REASONS[event.reason];
  return { kind: 'failed', reason, detail: DETAILS[event.reason], sent: event.sent };
}

const REASONS = {
  timeout: 'timeout',
  reset: 'reset',
  unreachable: 'unreachable',
  cancelled: 'cancelled',
  queue_full: 'busy',
  bad_response: 'bad_answer',
  too_large: 'too_large',
  body_failed: 'cancelled',
} as const;

const DETAILS = {
  timeout: 'the device did not answer',
  reset: 'the device answered with a Reset',
  unreachable: 'the network refused to carry the request',
  cancelled: 'the exchange was ended before it was answered',
  queue_full: 'too many requests already wait for this device',
  bad_response: "the device's answer breaks the rules of CoAP",
  too_large: "the device's answer is larger than allowed",
  body_failed: 'the content to send could not be read',
} as const;
