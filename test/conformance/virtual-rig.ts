/**
 * The rig of a conformance run without a server and without waiting: a simulated device in virtual time, spoken to with the
 * server's own encoders and decoders, and a place where what the device says can be changed on its way.
 */

import { AppError, EMPTY, Instant, WallTime, invariant } from '#base';
import {
  Code,
  LINK_LIMITS,
  MessageType,
  OptionNumber,
  decodeMessage,
  encodeEmpty,
  encodeMessage,
  isMalformed,
} from '#coap/codec';
import { stringOption, uintOption } from '#coap/codec';
import type { Message, Option } from '#coap/codec';
import type { Datagram, DeviceUnderTest, Ended, Order, Rig, WantedObservation } from '#conformance';
import type { OperationRecord, OperationRequest } from '#fleet/model';
import { parsePath, viewFor } from '#lwm2m/model';
import type { DeviceRequest, EnablerVersion, RegisterParameters } from '#lwm2m/model';
import { ObjectLists, decodeRegister, decodeResponse, encodeRequest } from '#lwm2m/protocol';
import type { EncodedRequest, RegistrationRules } from '#lwm2m/protocol';
import { SimulatedDevice } from '#simulator';
import type { DeviceOutput, Step } from '#simulator';

import { requestFrom } from '../../src/fleet/operations/requests.js';
import { outcomeRecord } from '../../src/fleet/operations/steps.js';
import { CATALOGUE, kindOf } from '../simulator/support.js';

/** What an observation is of. */
export interface Observed {
  readonly paths: readonly string[];
  readonly parameters: Readonly<Record<string, number>>;
}

/** What a device says. */
export interface Saying {
  readonly code: number;
  readonly options: readonly Option[];
  readonly payload: Uint8Array;
}

/**
 * A fault: of the simulated device, or of what it says on its way where no fault of a device is about that, such as the words of a
 * request, the parameters of an observation, or what its CoAP endpoint makes of a cancellation. undefined: it stays silent.
 */
export interface Fault {
  readonly answer?: (request: Message, answer: Saying, body: Uint8Array) => Saying | undefined;
  readonly notification?: (notification: Saying, observed: Observed) => Saying | undefined;
  /** What the simulated device itself does wrong. */
  readonly steps?: readonly Step[];
  /** A request that the device never gets: it is answered by the fault alone. */
  readonly swallow?: (request: Message) => Saying | undefined;
  /** Whether the device goes on notifying after an observation was ended so. */
  readonly deaf?: (observed: Observed, by: 'observe' | 'reset') => boolean;
}

/** Options of the device. */
export interface VirtualOptions {
  readonly lwm2m?: EnablerVersion;
  readonly objects?: readonly number[];
  /** Seconds from one Send to the next; undefined: it sends nothing. */
  readonly send?: number;
  readonly fault?: Fault;
}

interface Observing {
  readonly id: string;
  readonly request: DeviceRequest & { readonly kind: 'observe' };
  readonly relation: number;
  readonly observed: Observed;
  ended: 'no' | 'reset' | 'yes';
}

/** A simulated device as a device under test. */
export class VirtualRig implements Rig {
  readonly datagrams: Datagram[] = [];
  readonly #device: SimulatedDevice;
  readonly #fault: Fault;
  readonly #lists = new ObjectLists();
  readonly #observing: Observing[] = [];
  #now = Instant(1_000);
  #messageId = 0;
  #exchange = 0;
  #relation = 0;
  #token = 0;
  #location = 0;
  #registered: RegisterParameters | undefined;
  #answer: Extract<DeviceOutput, { type: 'answer' | 'ignore' }> | undefined;

  constructor({ lwm2m = '1.1', objects = [5, 16], send, fault = {} }: VirtualOptions = {}) {
    this.#fault = fault;
    this.#device = new SimulatedDevice({
      name: 'perfect',
      seed: 7,
      address: '127.0.0.1',
      startedAt: this.#now,
      startedAtWall: WallTime(WALL + this.#now),
      kinds: [kindOf(lwm2m, { objects })],
      awakeFor: undefined,
      notifications: 'non',
      script: { steps: fault.steps ?? [] },
      ...(send === undefined ? {} : { send: { every: send, format: 'senml-cbor' as const } }),
    });
    this.#device.start(this.#now);
    this.#drain();
  }

  device(): Promise<DeviceUnderTest> {
    const { endpoint, lwm2m, lifetime, queueMode, objects } = this.#registration();
    return Promise.resolve({
      endpoint,
      dialect: this.#dialect(),
      objects: objects.objects,
      lifetime,
      queueMode: queueMode && lwm2m !== '1.0',
    });
  }

  async order(order: Order): Promise<Ended> {
    const asked = order as unknown as OperationRequest;
    const request = requestFrom(asked, this.#dialect().model);
    const encoded = encodeRequest(request, this.#dialect());
    const answer = await this.#exchangeWith(encoded);
    if (answer === undefined) return { state: 'failed', error: { code: 'device_timeout', detail: 'no answer' } };
    const outcome = decodeResponse(request, this.#dialect(), answer, answer.payload);
    const record = outcomeRecord({ ...RECORD, request: asked }, outcome, WallTime(WALL), this.#dialect().model);
    invariant(record !== undefined, 'an outcome ends an operation');
    return record;
  }

  async observe(id: string, { paths, parameters }: WantedObservation): Promise<{ state: string; detail?: string }> {
    const token = Uint8Array.of(0xb0, (this.#token += 1) & 0xff, 0, 0, 0, 0, 0, 0);
    const terms = { paths: paths.map(parsePath), token, ...(parameters === undefined ? {} : { parameters }) };
    const request = { kind: 'observe', ...terms } as const;
    const answer = await this.#exchangeWith(encodeRequest(request, this.#dialect()));
    if (answer === undefined) return { state: 'failed', detail: 'no answer' };
    const outcome = decodeResponse(request, this.#dialect(), answer, answer.payload);
    if (outcome.kind !== 'done' || outcome.observing !== 'yes')
      return {
        state: outcome.kind === 'refused' ? 'refused' : 'failed',
        ...(outcome.kind === 'done' ? {} : { detail: outcome.detail }),
      };
    const relation = (this.#relation += 1);
    this.#observing.push({ id, request, relation, observed: { paths, parameters: parameters ?? {} }, ended: 'no' });
    this.#device.handleObserved(this.#now, relation, this.#exchange);
    this.#drain();
    return { state: 'active' };
  }

  async cancel(id: string, by: 'observe' | 'reset'): Promise<void> {
    const observing = this.#observing.find((one) => one.id === id);
    if (observing === undefined || observing.ended !== 'no') return;
    if (by === 'reset') {
      observing.ended = 'reset';
      return;
    }
    observing.ended = 'yes';
    await this.#exchangeWith(
      encodeRequest({ ...observing.request, kind: 'cancelObserve', by: 'observe' }, this.#dialect()),
    );
    if (this.#fault.deaf?.(observing.observed, 'observe') !== true) this.#device.handleObserverGone(observing.relation);
  }

  now(): number {
    return WALL + this.#now;
  }

  next(until: number): Promise<void> {
    const seen = this.datagrams.length;
    while (this.datagrams.length === seen && this.now() < until) this.#step(until);
    return Promise.resolve();
  }

  /** Goes on to the next moment at which something happens, at most to `until`. */
  #step(until: number): void {
    this.#now = Instant(Math.max(this.#now, Math.min(this.#device.nextDeadline() ?? Infinity, until - WALL)));
    this.#device.handleTimeout(this.#now);
    this.#drain();
  }

  /** The device's answer; undefined when it gives none for a minute. */
  async #exchangeWith({
    code,
    options,
    payload,
    observe,
    token = this.#nextToken(),
  }: EncodedRequest): Promise<Message | undefined> {
    const all =
      observe === undefined ? options : [uintOption(OptionNumber.OBSERVE, observe === 'register' ? 0 : 1), ...options];
    const request = this.#out(MessageType.CON, token, { code, options: all, payload });
    const end = this.now() + PATIENCE;
    for (;;) {
      const answer = this.#ask(request, payload);
      if (answer !== 'silent')
        return answer === undefined ? undefined : this.#in(MessageType.ACK, token, answer, request);
      if (this.now() >= end) return undefined;
      await this.next(Math.min(this.now() + 1000, end));
    }
  }

  #ask(request: Message, body: Uint8Array): Saying | 'silent' | undefined {
    const swallowed = this.#fault.swallow?.(request);
    if (swallowed !== undefined) return swallowed;
    this.#exchange += 1;
    this.#answer = undefined;
    this.#device.handleRequest(this.#now, this.#exchange, request, body);
    const output = this.#drain();
    // What an answer brings about is due at once.
    this.#device.handleTimeout(this.#now);
    this.#drain();
    if (output?.type !== 'answer') return 'silent';
    const { answer, observe } = output;
    const options =
      observe === undefined ? answer.options : [uintOption(OptionNumber.OBSERVE, observe.sequence), ...answer.options];
    const said = { ...answer, options };
    return this.#fault.answer === undefined ? said : this.#fault.answer(request, said, body);
  }

  #drain(): Extract<DeviceOutput, { type: 'answer' | 'ignore' }> | undefined {
    for (let output = this.#device.nextOutput(); output !== undefined; output = this.#device.nextOutput())
      this.#take(output);
    return this.#answer;
  }

  #take(output: DeviceOutput): void {
    switch (output.type) {
      case 'answer':
      case 'ignore':
        this.#answer = output;
        return;
      case 'request':
      case 'send':
        this.#serve(output.type, output.request);
        return;
      case 'notify':
        this.#notified(output.relation, output.notification);
        return;
      case 'forgetServer':
        this.#observing.length = 0;
        return;
      case 'event':
        return;
    }
  }

  /** Plays the server for a request of the device. */
  #serve(type: 'request' | 'send', said: Saying): void {
    const message = this.#in(MessageType.CON, this.#nextToken(), said);
    const reply = this.#out(MessageType.ACK, message.token, this.#answerFor(message, said), message);
    if (type === 'send') this.#device.handleSendAnswer(this.#now, reply, EMPTY);
    else this.#device.handleAnswer(this.#now, reply, EMPTY);
  }

  #answerFor(message: Message, said: Saying): Saying {
    const register =
      message.code === Code.POST &&
      message.count(OptionNumber.URI_PATH) === 1 &&
      message.text(OptionNumber.URI_PATH, 0) === 'rd';
    if (!register) return { code: Code.CHANGED, options: [], payload: EMPTY };
    const parameters = decodeRegister(message, said.payload, this.#lists, RULES);
    if ('refused' in parameters) throw new Error(`the Register is refused: ${parameters.detail}`);
    this.#registered = parameters;
    const location = String((this.#location += 1));
    const options = [
      stringOption(OptionNumber.LOCATION_PATH, 'rd'),
      stringOption(OptionNumber.LOCATION_PATH, location),
    ];
    return { code: Code.CREATED, options, payload: EMPTY };
  }

  #notified(
    relation: number,
    { code, options, payload, observe, confirmable }: Extract<DeviceOutput, { type: 'notify' }>['notification'],
  ): void {
    const observing = this.#observing.find((one) => one.relation === relation);
    if (observing === undefined) return;
    const whole = {
      code,
      payload,
      options: observe === undefined ? options : [uintOption(OptionNumber.OBSERVE, observe.sequence), ...options],
    };
    const { observed } = observing;
    const said = this.#fault.notification === undefined ? whole : this.#fault.notification(whole, observed);
    if (said === undefined) return;
    const { token } = observing.request;
    const message = this.#in(confirmable === 'con' ? MessageType.CON : MessageType.NON, token, said);
    if (observing.ended === 'reset') {
      this.#sent(encodeEmpty(MessageType.RST, message.messageId));
      observing.ended = 'yes';
      if (this.#fault.deaf?.(observed, 'reset') !== true) this.#device.handleObserverGone(relation);
    } else if (confirmable === 'con') this.#sent(encodeEmpty(MessageType.ACK, message.messageId));
  }

  #in(type: MessageType, token: Uint8Array, saying: Saying, request?: Message): Message {
    const bytes = this.#encode(type, token, saying, request);
    this.datagrams.push({ at: this.now(), direction: 'in', bytes });
    return parsed(bytes);
  }

  #out(type: MessageType, token: Uint8Array, saying: Saying, request?: Message): Message {
    const bytes = this.#encode(type, token, saying, request);
    this.#sent(bytes);
    return parsed(bytes);
  }

  #sent(bytes: Uint8Array): void {
    this.datagrams.push({ at: this.now(), direction: 'out', bytes });
  }

  #encode(type: MessageType, token: Uint8Array, saying: Saying, request: Message | undefined): Uint8Array {
    const messageId = request?.messageId ?? (this.#messageId += 1) & 0xffff;
    return encodeMessage({ type, messageId, token, ...saying });
  }

  #nextToken(): Uint8Array {
    this.#token += 1;
    return Uint8Array.of(0xa0, this.#token >> 8, this.#token & 0xff);
  }

  #registration(): RegisterParameters {
    if (this.#registered === undefined) throw new AppError('failed', 'the device is not registered');
    return this.#registered;
  }

  #dialect() {
    const { lwm2m, objects } = this.#registration();
    const versions = new Map(objects.objects.map(({ id, version }) => [id, version]));
    return {
      lwm2m,
      root: objects.root,
      formats: objects.formats,
      model: viewFor(CATALOGUE, (object) => versions.get(object)),
    };
  }
}

function parsed(bytes: Uint8Array): Message {
  const message = decodeMessage(bytes);
  invariant(!isMalformed(message), 'the rig makes whole messages');
  return message;
}

const RULES: RegistrationRules = { unknownParameters: 'ignore', endpointBytes: 256, links: LINK_LIMITS };
const WALL = 1_700_000_000_000;
/** Milliseconds a request may take. */
const PATIENCE = 60_000;
const RECORD = {
  id: '',
  device: '',
  endpoint: 'perfect',
  state: 'sent',
  createdAt: WALL,
  deadline: WALL,
} as unknown as OperationRecord;
