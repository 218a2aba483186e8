/**
 * One simulated device on a socket of its own: hands what the stack says to the device and what the device says to the
 * stack. Things that happen while the device is being worked on wait until that is done.
 */

import type { Instant, Peer } from '#base';
import { OptionNumber, uintOption } from '#coap/codec';
import { DTLS_PARAMETERS, Stack } from '#transport';
import type { ClientOffer, RequestHandler, StackOptions, UdpOptions } from '#transport';

import { SimulatedDevice } from './device.js';
import type { DeviceOptions } from './traits.js';
import type { DeviceEvent, DeviceOutput } from './outputs.js';
import { Sightings } from './sightings.js';
import type { DeviceReport } from './sightings.js';

/** What the stack tells. */
type StackEvent = Parameters<RequestHandler['handle']>[0];

/** What a runner is made with. */
export interface RunnerOptions {
  readonly stack: StackOptions;
  readonly server: Peer;
  readonly listen: UdpOptions;
  /** What the device comes to the server with over DTLS; absent: plain CoAP. */
  readonly secure?: ClientOffer;
  /** Everything of the device but what only its socket knows. */
  readonly device: Omit<DeviceOptions, 'address' | 'startedAt' | 'startedAtWall'>;
  /** Something happened to the device. */
  readonly onEvent: (runner: DeviceRunner, event: DeviceEvent) => void;
  /** The device's next deadline may have changed. */
  readonly onDeadline: (runner: DeviceRunner, deadline: Instant | undefined) => void;
}

/** A device that runs. */
export class DeviceRunner {
  readonly device: SimulatedDevice;
  readonly #options: RunnerOptions;
  readonly #stack: Stack;
  readonly #sightings = new Sightings();
  /** The request of the device's registration that is in flight, and its Send. */
  #request: number | undefined;
  #send: number | undefined;
  readonly #waiting: StackEvent[] = [];
  #working: 'yes' | 'no' = 'no';

  private constructor(options: RunnerOptions, stack: Stack, address: string) {
    const { clock } = options.stack;
    this.#options = options;
    this.#stack = stack;
    this.device = new SimulatedDevice({
      ...options.device,
      address,
      startedAt: clock.now(),
      startedAtWall: clock.wall(),
    });
    stack.watch((direction, _peer, bytes) => {
      this.device.countDatagram(direction, bytes.length);
    });
    stack.serve({
      handle: (event, now) => {
        this.#waiting.push(event);
        if (this.#working === 'no') this.#work(now);
      },
    });
  }

  /** Opens the device's socket. Rejects with AppError(`listener_unavailable`). */
  static async open(options: RunnerOptions): Promise<DeviceRunner> {
    // The stack is made before the device, whose link says what is lost.
    const made: { runner?: DeviceRunner } = {};
    const loses = (direction: 'in' | 'out', bytes: Uint8Array): boolean =>
      made.runner?.device.link.loses(direction, bytes) ?? false;
    const stack = new Stack({
      ...options.stack,
      loses,
      ...(options.secure !== undefined && { dtls: DTLS_PARAMETERS }),
    });
    const { listen, secure } = options;
    const bound = await stack.listen(listen, secure === undefined ? undefined : { role: 'client', offer: secure });
    made.runner = new DeviceRunner(options, stack, bound.address);
    return made.runner;
  }

  /** Registers. */
  start(): void {
    const now = this.#options.stack.clock.now();
    this.device.start(now);
    this.#work(now);
  }

  /** De-registers. */
  stop(): void {
    const now = this.#options.stack.clock.now();
    this.device.stop(now);
    this.#work(now);
  }

  /** The device's deadline has come. */
  handleTimeout(now: Instant): void {
    this.device.handleTimeout(now);
    this.#work(now);
  }

  /** What the device has seen so far. */
  report(): DeviceReport {
    return this.#sightings.report(this.device.name, this.#stack.counters(), this.device.stepCounts());
  }

  /** Closes the socket; nothing is sent afterwards. */
  close(): Promise<void> {
    return this.#stack.close();
  }

  /** Carries out what the device says and hands it what waits, until there is neither. */
  #work(now: Instant): void {
    this.#working = 'yes';
    for (;;) {
      const output = this.device.nextOutput();
      if (output !== undefined) {
        this.#carryOut(output);
        continue;
      }
      const event = this.#waiting.shift();
      if (event === undefined) break;
      this.#handle(event, now);
    }
    this.#working = 'no';
    this.#options.onDeadline(this, this.device.nextDeadline());
  }

  #carryOut(output: DeviceOutput): void {
    const { server } = this.#options;
    switch (output.type) {
      case 'request': {
        const { code, options, payload } = output.request;
        this.#request = this.#stack.request({ peer: server, code, options, payload });
        return;
      }
      case 'send': {
        const { code, options, payload } = output.request;
        this.#send = this.#stack.request({ peer: server, code, options, payload });
        return;
      }
      case 'answer': {
        const { code, options, payload } = output.answer;
        const observe = output.observe === undefined ? {} : { observe: output.observe };
        this.#sightings.noteAnswer();
        this.#stack.respond(output.exchange, { code, options, payload, ...observe });
        return;
      }
      case 'ignore':
        this.#stack.ignore(output.exchange);
        return;
      case 'notify': {
        const { code, options, payload, observe, confirmable } = output.notification;
        const sequence = observe === undefined ? {} : { observe };
        this.#sightings.noteNotification();
        this.#stack.notify(output.relation, { code, options, payload, confirmable, ...sequence });
        return;
      }
      case 'forgetServer':
        this.#request = undefined;
        this.#send = undefined;
        this.#stack.dropPeer(server.key);
        return;
      case 'event':
        this.#sightings.note(output.event);
        this.#options.onEvent(this, output.event);
        return;
    }
  }

  #handle(event: StackEvent, now: Instant): void {
    switch (event.type) {
      case 'request':
        if (event.peer.key === this.#options.server.key) {
          this.device.handleRequest(now, event.exchange, event.message, event.body);
        } else this.#stack.respond(event.exchange, UNKNOWN_SERVER);
        return;
      case 'response':
        if (event.request === this.#request) this.device.handleAnswer(now, event.message, event.body);
        else if (event.request === this.#send) this.device.handleSendAnswer(now, event.message, event.body);
        return;
      case 'requestFailed':
        if (event.request === this.#request) this.device.handleFailure(now, event.reason);
        else if (event.request === this.#send) this.device.handleSendFailure(now, event.reason);
        return;
      case 'observed':
        this.device.handleObserved(now, event.relation, event.exchange);
        return;
      case 'observerGone':
        this.device.handleObserverGone(event.relation);
        return;
      case 'notification':
        this.#stack.reject(event.notification);
        return;
      case 'stray':
      case 'foreign':
      case 'bodyWanted':
      case 'bodyDone':
        return;
    }
  }
}

/** 4.01: only the server a device registered with may ask things of it (LwM2M-Core 1.1.1 §8). */
const UNKNOWN_SERVER = { code: 0x81, options: [uintOption(OptionNumber.MAX_AGE, 0)] };
