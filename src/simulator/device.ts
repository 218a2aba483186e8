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
import { handleFaultyRequest, occasionOf } from './faulty.js';
import { Firmware } from './firmware.js';
import { Hardware } from './hardware.js';
import type { DeviceKind } from './kind.js';
import { Late, earliest } from './late.js';
import type { Asked } from './late.js';
import { Link } from './link.js';
import { ObjectTree, numberAt } from './objects.js';
import type { DeviceEvent, DeviceOutput } from './outputs.js';
import { Registration } from './registration.js';
import { Reports } from './reports.js';
import type { Reach, Report } from './reports.js';
import { handleRequest } from './requests.js';
import type { Effect } from './requests.js';
import type { Script, StepCount } from './script.js';
import { fractionOf } from './seed.js';
import { Sends } from './send.js';
import { serverSettings } from './server-object.js';
import { Sleep } from './sleep.js';
import { Stage } from './stage.js';
import type { DeviceOptions } from './traits.js';

/** A device. */
export class SimulatedDevice {
  readonly name: string;
  /** What its link loses; the driver asks at each datagram. */
  readonly link: Link;
  readonly #options: DeviceOptions;
  readonly #faults: Faults;
  readonly #hardware: Hardware;
  readonly #attributes = new AttributeStore();
  readonly #registration: Registration;
  readonly #outputs: DeviceOutput[] = [];
  /** Requests that a fault makes wait. */
  readonly #late = new Late();
  #rebootAt: Instant | undefined;
  #kind = 0;
  #tree: ObjectTree;
  #reports: Reports;
  readonly #sleep: Sleep;
  readonly #firmware = new Firmware(() => this.#tree);
  readonly #sends: Sends;
  readonly #stage: Stage | undefined;
  #now: Instant;
  #sequence = 0;
  #draws = 100;

  constructor(options: DeviceOptions) {
    this.name = options.name;
    this.#options = options;
    this.#faults = new Faults(options.faults ?? [], options.seed);
    this.link = new Link(options.seed, options.loss ?? 0, this.#faults);
    this.#hardware = new Hardware(options);
    this.#tree = new ObjectTree(options.kinds[0], this.#hardware);
    this.#reports = this.#makeReports();
    this.#sleep = new Sleep({ awake: options.awakeFor, every: options.sleepFor }, options.startedAt);
    this.#sends = new Sends(options.send, this.#hardware, this.#faults);
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
    this.#stage = options.script === undefined ? undefined : this.#makeStage(options.script);
  }

  /** Registers now. */
  start(now: Instant): void {
    this.#at(now);
    this.#stage?.start(now);
    this.#registration.start(now);
    this.handleTimeout(now);
  }

  /** De-registers; `hasEnded` says when that is done. */
  stop(now: Instant): void {
    this.#at(now);
    this.#stage?.stop();
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
    if (late !== undefined) this.#late.add(after(now, seconds(late.seconds)), { exchange, message, body });
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
    this.#sends.answered();
    const { code } = message;
    const event: DeviceEvent =
      code === Code.CHANGED ? { type: 'sent' } : { type: 'sendRefused', code, detail: diagnosticOf(message, body) };
    this.#happened(event);
  }

  /** The Send in flight ended without an answer. */
  handleSendFailure(now: Instant, reason: string): void {
    this.#at(now);
    this.#sends.failed();
    this.#happened({ type: 'sendUnanswered', reason });
  }

  /** Does what is due at `now`. */
  handleTimeout(now: Instant): void {
    this.#at(now);
    this.#stage?.handleTimeout(now);
    if (this.#rebootAt !== undefined && this.#rebootAt <= now) {
      this.#faults.note('reboot');
      this.#reboot(now);
    }
    for (const asked of this.#late.take(now)) this.#answer(now, asked);
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
      this.#stage?.nextDeadline(),
      this.#late.nextDeadline(),
      reach === undefined ? undefined : this.#reports.nextDeadline(reach),
      reach === undefined ? undefined : this.#sends.nextDeadline(reach),
    ]);
  }

  /** What came of each step of its script; undefined for those that are not for it. */
  stepCounts(): readonly (StepCount | undefined)[] {
    return this.#stage?.counts() ?? [];
  }

  /** Whether it is de-registered and will stay so. */
  get hasEnded(): boolean {
    return this.#registration.hasEnded;
  }

  #at(now: Instant): void {
    this.#now = now;
    this.#hardware.at(now);
  }

  /** Something that a person may want to know, or a step waits for. */
  #happened(event: DeviceEvent): void {
    this.#outputs.push({ type: 'event', event });
    this.#stage?.noteEvent(this.#now, event.type);
  }

  /** Answers a request, and does what it means. */
  #answer(now: Instant, { exchange, message, body }: Asked): void {
    this.#stage?.noteRequest(now, occasionOf(this.#tree, message, body));
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
    return this.#sleep.terms.awake ?? (written ? AWAKE_SECONDS : undefined);
  }

  #stepDown(now: Instant): void {
    this.#kind += 1;
    this.#tree = new ObjectTree(this.#options.kinds[this.#kind] as DeviceKind, this.#hardware);
    this.#reports = this.#makeReports();
    this.#happened({ type: 'steppedDown', lwm2m: this.#tree.kind.lwm2m });
    this.#stage?.renew(now);
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

  #makeStage(script: Script): Stage {
    const { name, seed, member = { number: 1, count: 1, seed } } = this.#options;
    return new Stage(script, {
      ...{ name, seed, member, faults: this.#faults, firmware: this.#firmware, sleep: this.#sleep },
      ...{ sends: this.#sends, link: this.link, tree: () => this.#tree },
      changed: (now, path) => {
        this.#noteChange(now, [path]);
      },
      attributesChanged: (now, path) => {
        this.#reports.touch(now, path);
      },
      reboot: (now) => {
        this.#reboot(now);
      },
      update: (now) => {
        this.#registration.trigger(now);
      },
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
    if (this.#faults.has('noUpdate')) this.#faults.note('noUpdate');
    else this.#registration.noteChange(now);
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
    this.#happened({ type: 'disabled' });
    this.#forgetServer();
    this.#registration.leave(after(now, seconds(span)));
  }

  #reboot(now: Instant): void {
    this.#happened({ type: 'rebooting' });
    this.#attributes.clear();
    this.#forgetServer();
    this.#stage?.renew(now);
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
    this.#sends.end();
    this.#late.clear();
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
    this.#sends.sample(now, this.#tree);
    const request = reach === 'there' ? this.#sends.next(now, this.#tree) : undefined;
    if (request === undefined) return;
    this.#stayAwake(now);
    this.#outputs.push({ type: 'send', request });
  }

  /** Moves what the registration says into the outputs. A new Register forgets everything of the old registration. */
  #collect(now: Instant): void {
    for (let event = this.#registration.nextEvent(); event !== undefined; event = this.#registration.nextEvent()) {
      if (event.type === 'registered') {
        this.#sleep.begin(now);
        this.#sends.begin(now);
        this.#planReboot(now);
      }
      this.#happened(event);
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

/** Seconds a device is away while it boots. */
const REBOOT_SECONDS = 1;
/** MAX_TRANSMIT_WAIT (RFC 7252 §4.8.2). */
const AWAKE_SECONDS = 93;
/** Default of /1/x/5. */
const DISABLE_SECONDS = 86_400;
