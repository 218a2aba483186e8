/**
 * One simulated LwM2M device: objects, registration, observations, and what its commands do. Pure: it has no socket and
 * no timer. Whoever drives it hands in requests, answers and moments, then takes outputs until there is none, then waits
 * for the next input or for `nextDeadline`.
 */

import { after, seconds } from '#base';
import type { Instant } from '#base';
import { Code } from '#coap/codec';
import type { Message } from '#coap/codec';
import type { Path } from '#lwm2m/model';
import { diagnosticOf } from '#lwm2m/protocol';

import { AttributeStore } from './attributes.js';
import { execute } from './commands.js';
import { Faults } from './faults.js';
import type { Fault } from './faults.js';
import { handleFaultyRequest, occasionOf } from './faulty.js';
import { Firmware } from './firmware.js';
import { Hardware } from './hardware.js';
import type { HardwareOptions } from './hardware.js';
import type { DeviceKind } from './kind.js';
import { ObjectTree, numberAt } from './objects.js';
import type { DeviceEvent, DeviceOutput } from './outputs.js';
import { Registration } from './registration.js';
import { Reports } from './reports.js';
import type { Reach, Report } from './reports.js';
import { handleRequest } from './requests.js';
import type { Effect } from './requests.js';
import { fractionOf } from './seed.js';
import { Sends } from './send.js';
import type { SendTerms } from './send.js';
import { serverSettings } from './server-object.js';
import { Sleep } from './sleep.js';

/** What a device is made with. */
export interface DeviceOptions extends HardwareOptions, DeviceTraits {}

/** How a device behaves: what many devices may have in common. */
export interface DeviceTraits {
  /** The kind to register as first, then what to fall back to when the server does not serve its version (4.12). */
  readonly kinds: readonly [DeviceKind, ...DeviceKind[]];
  /** Queue mode (LwM2M-Core 1.1.1 §6.5): how long the device listens after an exchange, in seconds; undefined: always. */
  readonly awakeFor: number | undefined;
  /** Queue mode with a schedule: the device wakes each so many seconds, by an Update; absent: whenever it has to. */
  readonly sleepFor?: number;
  /** Type of notifications where no attribute says it. */
  readonly notifications: 'con' | 'non';
  /** Values that the device sends of its own accord, from 1.1 on; absent: none. */
  readonly send?: SendTerms;
  /** What the device does wrong; absent: nothing. */
  readonly faults?: readonly Fault[];
}

/** A request of the server. */
interface Asked {
  readonly exchange: number;
  readonly message: Message;
  readonly body: Uint8Array;
}

/** A device. */
export class SimulatedDevice {
  readonly name: string;
  readonly #options: DeviceOptions;
  readonly #faults: Faults;
  readonly #hardware: Hardware;
  readonly #attributes = new AttributeStore();
  readonly #registration: Registration;
  readonly #outputs: DeviceOutput[] = [];
  /** Requests that a fault makes wait. */
  #late: readonly (Asked & { readonly at: Instant })[] = [];
  #rebootAt: Instant | undefined;
  #kind = 0;
  #tree: ObjectTree;
  #reports: Reports;
  readonly #sleep: Sleep;
  readonly #firmware = new Firmware(() => this.#tree);
  readonly #sends: Sends | undefined;
  #now: Instant;
  #sequence = 0;
  #draws = 100;

  constructor(options: DeviceOptions) {
    this.name = options.name;
    this.#options = options;
    this.#faults = new Faults(options.faults ?? []);
    this.#hardware = new Hardware(options);
    this.#tree = new ObjectTree(options.kinds[0], this.#hardware);
    this.#reports = this.#makeReports();
    this.#sleep = new Sleep(options.sleepFor, options.startedAt);
    this.#sends = options.send === undefined ? undefined : new Sends(options.send, this.#hardware, this.#faults);
    this.#now = options.startedAt;
    this.#registration = new Registration({
      endpoint: options.name,
      queueMode: options.awakeFor !== undefined,
      lwm2m: () => this.#tree.kind.lwm2m,
      settings: () => serverSettings(this.#tree),
      links: () => this.#tree.links(),
      queryOf: (operation, query) => this.#faults.queryOf(operation, query),
      fraction: () => fractionOf(options.seed, (this.#draws += 1)),
    });
  }

  /** Registers now. */
  start(now: Instant): void {
    this.#at(now);
    this.#registration.start(now);
    this.handleTimeout(now);
  }

  /** De-registers; `hasEnded` says when that is done. */
  stop(now: Instant): void {
    this.#at(now);
    this.#reports.clear();
    this.#rebootAt = undefined;
    this.#registration.leave(undefined);
    this.#collect(now);
  }

  /** A request of the server. */
  handleRequest(now: Instant, exchange: number, message: Message, body: Uint8Array): void {
    this.#at(now);
    if (!this.#listens(now)) {
      this.#outputs.push({ type: 'ignore', exchange });
      return;
    }
    this.#stayAwake(now);
    const occasion = this.#faults.none ? undefined : occasionOf(this.#tree, message, body);
    const [late] = occasion === undefined ? [] : this.#faults.take('late', occasion);
    if (late !== undefined)
      this.#late = [...this.#late, { at: after(now, seconds(late.seconds)), exchange, message, body }];
    else if (occasion !== undefined && this.#faults.take('silence', occasion).length > 0) {
      this.#outputs.push({ type: 'ignore', exchange });
    } else this.#answer(now, { exchange, message, body });
  }

  /** The server observes: what `exchange` asked for has begun as `relation`. */
  handleObserved(now: Instant, relation: number, exchange: number): void {
    this.#at(now);
    this.#reports.begin(now, relation, exchange);
  }

  /** The server observes no more. */
  handleObserverGone(relation: number): void {
    this.#reports.end(relation);
  }

  /** The server's answer to the request in flight. */
  handleAnswer(now: Instant, message: Message, body: Uint8Array): void {
    this.#at(now);
    this.#stayAwake(now);
    const refused = message.code === Code.PRECONDITION_FAILED && this.#registration.inFlight === 'register';
    if (refused && this.#kind + 1 < this.#options.kinds.length) this.#stepDown(now);
    else this.#registration.handleAnswer(now, message, body);
    this.#collect(now);
    if (this.#reach() === 'there') {
      this.#tell(this.#reports.stored());
      this.#send(now, 'there');
    }
  }

  /** The request in flight ended without an answer. */
  handleFailure(now: Instant, reason: string): void {
    this.#at(now);
    this.#registration.handleFailure(now, reason);
    this.#collect(now);
  }

  /** The server's answer to the Send in flight. */
  handleSendAnswer(now: Instant, message: Message, body: Uint8Array): void {
    this.#at(now);
    this.#stayAwake(now);
    this.#sends?.answered();
    const { code } = message;
    const event: DeviceEvent =
      code === Code.CHANGED ? { type: 'sent' } : { type: 'sendRefused', code, detail: diagnosticOf(message, body) };
    this.#outputs.push({ type: 'event', event });
  }

  /** The Send in flight ended without an answer. */
  handleSendFailure(now: Instant, reason: string): void {
    this.#at(now);
    this.#sends?.failed();
    this.#outputs.push({ type: 'event', event: { type: 'sendUnanswered', reason } });
  }

  /** Does what is due at `now`. */
  handleTimeout(now: Instant): void {
    this.#at(now);
    if (this.#rebootAt !== undefined && this.#rebootAt <= now) this.#reboot(now);
    this.#answerLate(now);
    if (this.#sleep.wakes(now)) this.#registration.trigger(now);
    this.#registration.handleTimeout(now);
    this.#install(now);
    this.#collect(now);
    const reach = this.#reach();
    if (reach === undefined) return;
    this.#tell(this.#reports.due(now, reach));
    this.#send(now, reach);
  }

  /** A datagram left or arrived; object 7 counts them. */
  countDatagram(direction: 'in' | 'out', bytes: number): void {
    this.#hardware.countDatagram(direction, bytes);
  }

  /** The next thing to carry out. */
  nextOutput(): DeviceOutput | undefined {
    return this.#outputs.shift();
  }

  /** When something is due without any input. */
  nextDeadline(): Instant | undefined {
    const reach = this.#reach();
    return earliest([
      this.#registration.nextDeadline(),
      this.#sleep.nextDeadline(),
      this.#firmware.nextDeadline(),
      this.#rebootAt,
      ...this.#late.map(({ at }) => at),
      reach === undefined ? undefined : this.#reports.nextDeadline(reach),
      reach === undefined ? undefined : this.#sends?.nextDeadline(reach),
    ]);
  }

  /** Whether it is de-registered and will stay so. */
  get hasEnded(): boolean {
    return this.#registration.hasEnded;
  }

  #at(now: Instant): void {
    this.#now = now;
    this.#hardware.at(now);
  }

  /** Answers a request, and does what it means. */
  #answer(now: Instant, { exchange, message, body }: Asked): void {
    const parts = { tree: this.#tree, attributes: this.#attributes };
    const { answer, effect } = this.#faults.none
      ? handleRequest(parts, message, body)
      : handleFaultyRequest(parts, this.#faults, message, body);
    const observe = effect.type === 'observe' ? { sequence: this.#nextSequence() } : undefined;
    if (effect.type === 'observe') this.#reports.expect(exchange, effect.terms);
    this.#outputs.push({ type: 'answer', exchange, answer, observe });
    this.#apply(now, effect);
    this.#collect(now);
  }

  /** Answers the requests whose time has come. */
  #answerLate(now: Instant): void {
    const due = this.#late.filter(({ at }) => at <= now);
    if (due.length === 0) return;
    this.#late = this.#late.filter(({ at }) => at > now);
    for (const asked of due) this.#answer(now, asked);
  }

  #listens(now: Instant): boolean {
    if (!this.#registration.isOpen) return false;
    return this.#awakeFor() === undefined || this.#sleep.isAwake(now) || this.#registration.inFlight !== undefined;
  }

  #stayAwake(now: Instant): void {
    const span = this.#awakeFor();
    if (span !== undefined) this.#sleep.stayAwake(now, span);
  }

  /** Whether observers can be told something; undefined when there is no registration. Who wakes by schedule updates first. */
  #reach(): Reach | undefined {
    if (!this.#registration.isOpen) return undefined;
    const updates = this.#sleep.hasSchedule && this.#registration.inFlight !== undefined;
    return updates || this.#sleep.isAsleep(this.#now) || !this.#registration.isHeard ? 'away' : 'there';
  }

  /** Seconds of listening after an exchange; undefined out of queue mode. In 1.0 a written binding turns it on too. */
  #awakeFor(): number | undefined {
    const written = this.#tree.kind.lwm2m === '1.0' && serverSettings(this.#tree).binding.includes('Q');
    return this.#options.awakeFor ?? (written ? AWAKE_SECONDS : undefined);
  }

  #stepDown(now: Instant): void {
    this.#kind += 1;
    this.#tree = new ObjectTree(this.#options.kinds[this.#kind] as DeviceKind, this.#hardware);
    this.#reports = this.#makeReports();
    this.#outputs.push({ type: 'event', event: { type: 'steppedDown', lwm2m: this.#tree.kind.lwm2m } });
    this.#registration.handleVersionRefusal(now);
  }

  #makeReports(): Reports {
    return new Reports({
      tree: this.#tree,
      attributes: this.#attributes,
      hardware: this.#hardware,
      faults: this.#faults,
      notifications: this.#options.notifications,
      nextSequence: () => this.#nextSequence(),
    });
  }

  #apply(now: Instant, effect: Effect): void {
    switch (effect.type) {
      case 'none':
      case 'observe':
        return;
      case 'attributes':
        this.#reports.touch(now, effect.path);
        return;
      case 'executed':
        this.#execute(now, effect.path);
        return;
      case 'deleted':
        this.#attributes.forget(effect.path);
        this.#noteChange(now, [effect.path]);
        return;
      case 'created':
        this.#noteChange(now, [effect.path]);
        return;
      case 'changed':
        this.#noteChange(now, effect.paths);
        return;
    }
  }

  #noteChange(now: Instant, paths: readonly Path[]): void {
    if (paths.some(([object]) => object === 5) && this.#firmware.written() === 'changed')
      this.#reports.touch(now, [5, 0]);
    for (const path of paths) this.#reports.touch(now, path);
    if (!this.#faults.has('noUpdate')) this.#registration.noteChange(now);
  }

  #execute(now: Instant, path: Path): void {
    const { touched, then } = execute(this.#tree, this.#hardware, path);
    for (const one of touched) this.#reports.touch(now, one);
    if (then === 'disable') this.#disable(now);
    else if (then === 'update') this.#registration.trigger(now);
    else if (then === 'reboot') this.#reboot(now);
    else if (then === 'install') this.#beginInstall(now);
  }

  #disable(now: Instant): void {
    const span = numberAt(this.#tree, 1, 0, 5) ?? DISABLE_SECONDS;
    this.#outputs.push({ type: 'event', event: { type: 'disabled' } });
    this.#forgetServer();
    this.#registration.leave(after(now, seconds(span)));
  }

  #reboot(now: Instant): void {
    this.#outputs.push({ type: 'event', event: { type: 'rebooting' } });
    this.#attributes.clear();
    this.#forgetServer();
    this.#registration.start(after(now, seconds(REBOOT_SECONDS)));
  }

  #beginInstall(now: Instant): void {
    this.#firmware.update(now);
    this.#reports.touch(now, [5, 0]);
  }

  #install(now: Instant): void {
    const ended = this.#firmware.handleTimeout(now);
    if (ended === undefined) return;
    this.#reports.touch(now, [5, 0]);
    if (ended === 'reboot') this.#reboot(now);
  }

  #planReboot(now: Instant): void {
    const span = this.#faults.rebootsAfter;
    this.#rebootAt = span === undefined ? undefined : after(now, seconds(span));
  }

  /** Nothing of what the server asked for lasts. */
  #forgetServer(): void {
    this.#reports.clear();
    this.#sleep.end();
    this.#sends?.end();
    this.#late = [];
    this.#rebootAt = undefined;
    this.#outputs.push({ type: 'forgetServer' });
  }

  #tell(reports: readonly Report[]): void {
    for (const { relation, notification } of reports) {
      this.#stayAwake(this.#now);
      this.#outputs.push({ type: 'notify', relation, notification });
    }
  }

  #send(now: Instant, reach: Reach): void {
    this.#sends?.sample(now, this.#tree);
    const request = reach === 'there' ? this.#sends?.next(now, this.#tree) : undefined;
    if (request === undefined) return;
    this.#stayAwake(now);
    this.#outputs.push({ type: 'send', request });
  }

  /** Moves what the registration says into the outputs. A new Register forgets everything of the old registration. */
  #collect(now: Instant): void {
    for (let event = this.#registration.nextEvent(); event !== undefined; event = this.#registration.nextEvent()) {
      if (event.type === 'registered') {
        this.#sleep.begin(now);
        this.#sends?.begin(now);
        this.#planReboot(now);
      }
      this.#outputs.push({ type: 'event', event });
    }
    this.#registration.handleTimeout(now);
    for (let next = this.#registration.nextRequest(); next !== undefined; next = this.#registration.nextRequest()) {
      if (next.operation === 'register') this.#forgetServer();
      this.#stayAwake(now);
      this.#outputs.push({ type: 'request', request: next });
    }
  }

  #nextSequence(): number {
    this.#sequence = (this.#sequence + 1) & 0xff_ffff;
    return this.#sequence;
  }
}

function earliest(moments: readonly (Instant | undefined)[]): Instant | undefined {
  return moments.reduce(
    (first, moment) => (first === undefined || (moment ?? first) < first ? moment : first),
    undefined,
  );
}

/** Seconds a device is away while it boots. */
const REBOOT_SECONDS = 1;
/** MAX_TRANSMIT_WAIT (RFC 7252 §4.8.2). */
const AWAKE_SECONDS = 93;
/** Default of /1/x/5. */
const DISABLE_SECONDS = 86_400;
