/**
 * Many simulated devices in one process, each on its own socket, with one timer between them. Devices start and stop a
 * limited number at a time, so that a server is not flooded by its own test. An edge: it owns sockets and timers.
 */

import { AppError, Deadlines, plainPeer } from '#base';
import type { Instant, Peer } from '#base';
import type { ClientOffer, StackOptions } from '#transport';

import type { DeviceTraits } from './traits.js';
import type { DeviceEvent } from './outputs.js';
import { checkEndpoint } from './registration.js';
import { DeviceRunner } from './runner.js';
import { checkScript } from './script-rules.js';
import { seedFor } from './seed.js';
import type { DeviceReport } from './sightings.js';

/** What a swarm is made with. */
export interface SwarmOptions extends DeviceTraits {
  readonly stack: StackOptions;
  /** IP address literal and port of the server. */
  readonly server: { readonly address: string; readonly port: number };
  /** Names are the prefix and a number from 1. */
  readonly prefix: string;
  readonly count: number;
  readonly seed: number;
  /** What a device comes to the server with over DTLS, by its name; absent: all speak plain CoAP. */
  readonly secure?: (name: string) => ClientOffer;
  readonly onEvent: (name: string, event: DeviceEvent) => void;
}

/** How many devices are in which state. */
export interface SwarmCounts {
  /** Sockets that are open. */
  readonly open: number;
  /** Devices that are registered. */
  readonly registered: number;
  /** Devices whose Register was refused and that try again. */
  readonly refused: number;
}

/** Devices that run together. */
export class Swarm {
  readonly #options: SwarmOptions;
  readonly #server: Peer;
  readonly #runners: DeviceRunner[] = [];
  readonly #deadlines = new Deadlines<DeviceRunner>();
  readonly #registered = new Set<DeviceRunner>();
  readonly #refused = new Set<DeviceRunner>();
  /** Devices whose first word from the server, or whose end, is awaited. */
  readonly #busy = new Set<DeviceRunner>();
  #made = 0;
  #stopping: 'yes' | 'no' = 'no';
  #timer: NodeJS.Timeout | undefined;
  #armedFor = Infinity;
  #wake: (() => void) | undefined;

  /** Throws AppError(`usage`) for a prefix that makes no legal names, and for a script that these devices cannot play. */
  constructor(options: SwarmOptions) {
    checkEndpoint(`${options.prefix}${options.count}`);
    if (options.script !== undefined) checkScript(options.script, options);
    this.#options = options;
    this.#server = plainPeer(0, options.server.address, options.server.port);
  }

  /**
   * Opens all sockets and registers all devices; resolves when each has had an answer, a refusal, or silence once, or
   * when the swarm is told to stop. Rejects with AppError(`listener_unavailable`) when a socket cannot be had.
   */
  async start(): Promise<void> {
    while (this.#made < this.#options.count && !this.#isStopping()) {
      if (this.#busy.size < AT_ONCE) await this.#startOne();
      else await this.#change();
    }
    while (this.#busy.size > 0 && !this.#isStopping()) await this.#change();
  }

  /**
   * De-registers all devices and closes their sockets; resolves to how many the server did not confirm within `patience`
   * milliseconds of the last confirmation.
   */
  async stop(patience: number): Promise<number> {
    this.#stopping = 'yes';
    this.#busy.clear();
    this.#wake?.();
    let silent: 'yes' | 'no' = 'no';
    const waiting = [...this.#runners];
    while (silent === 'no' && (waiting.length > 0 || this.#busy.size > 0)) {
      while (waiting.length > 0 && this.#busy.size < AT_ONCE) this.#stopOne(waiting.pop() as DeviceRunner);
      if (this.#busy.size > 0) silent = await this.#changeWithin(patience);
    }
    clearTimeout(this.#timer);
    const unconfirmed = this.#registered.size;
    await Promise.all(this.#runners.map((runner) => runner.close()));
    return unconfirmed;
  }

  counts(): SwarmCounts {
    return { open: this.#runners.length, registered: this.#registered.size, refused: this.#refused.size };
  }

  /** What each device has seen so far, in the order of their numbers. */
  reports(): DeviceReport[] {
    return this.#runners.map((runner) => runner.report());
  }

  /** A method, because it may change while something is awaited. */
  #isStopping(): boolean {
    return this.#stopping === 'yes';
  }

  async #startOne(): Promise<void> {
    const { prefix, count, seed, secure, stack, server, onEvent: _onEvent, ...traits } = this.#options;
    this.#made += 1;
    const name = `${prefix}${this.#made}`;
    const runner = await DeviceRunner.open({
      stack,
      server: this.#server,
      ...(secure !== undefined && { secure: secure(name) }),
      listen: { address: localAddress(server.address), port: 0, stack: 'single', receiveBuffer: RECEIVE_BUFFER },
      device: { ...traits, name, seed: seedFor(seed, name), member: { number: this.#made, count, seed } },
      onEvent: (which, event) => {
        this.#note(which, event);
      },
      onDeadline: (which, deadline) => {
        this.#plan(which, deadline);
      },
    }).catch((cause: unknown) => {
      throw this.#noSocket(cause);
    });
    if (this.#isStopping()) {
      await runner.close();
      return;
    }
    this.#runners.push(runner);
    this.#busy.add(runner);
    runner.start();
  }

  #stopOne(runner: DeviceRunner): void {
    this.#busy.add(runner);
    runner.stop();
    if (runner.device.hasEnded) this.#busy.delete(runner);
  }

  #note(runner: DeviceRunner, event: DeviceEvent): void {
    switch (event.type) {
      case 'registered':
        this.#registered.add(runner);
        this.#refused.delete(runner);
        break;
      case 'refused':
        if (event.operation === 'register') this.#refused.add(runner);
        if (event.operation !== 'update' || event.code >> 5 === 4) this.#registered.delete(runner);
        break;
      case 'deregistered':
      case 'rebooting':
        this.#registered.delete(runner);
        break;
      case 'unanswered':
      case 'updated':
      case 'disabled':
      case 'steppedDown':
      case 'sent':
      case 'sendRefused':
      case 'sendUnanswered':
        break;
    }
    if (event.type !== 'steppedDown' && (!this.#isStopping() || runner.device.hasEnded)) this.#busy.delete(runner);
    this.#wake?.();
    this.#options.onEvent(runner.device.name, event);
  }

  /** Resolves at the next thing that happens to a device. */
  #change(): Promise<void> {
    return new Promise((resolve) => {
      this.#wake = () => {
        this.#wake = undefined;
        resolve();
      };
    });
  }

  async #changeWithin(patience: number): Promise<'yes' | 'no'> {
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<'yes'>((resolve) => {
      timer = setTimeout(resolve, patience, 'yes');
    });
    const silent = await Promise.race([this.#change().then((): 'no' => 'no'), late]);
    clearTimeout(timer);
    return silent;
  }

  #plan(runner: DeviceRunner, deadline: Instant | undefined): void {
    if (deadline === undefined) this.#deadlines.clear(runner);
    else this.#deadlines.set(runner, deadline);
    const earliest = this.#deadlines.earliest();
    if (earliest !== undefined && earliest < this.#armedFor) this.#arm(earliest);
  }

  #arm(earliest: Instant): void {
    clearTimeout(this.#timer);
    this.#armedFor = earliest;
    const wait = Math.ceil(earliest - this.#options.stack.clock.now());
    this.#timer = setTimeout(
      () => {
        this.#timeout();
      },
      Math.min(Math.max(wait, 0), LONGEST_TIMER),
    );
  }

  #timeout(): void {
    this.#armedFor = Infinity;
    const now = this.#options.stack.clock.now();
    for (let runner = this.#deadlines.due(now); runner !== undefined; runner = this.#deadlines.due(now)) {
      runner.handleTimeout(now);
    }
    const earliest = this.#deadlines.earliest();
    if (earliest !== undefined && earliest < this.#armedFor) this.#arm(earliest);
  }

  #noSocket(cause: unknown): unknown {
    const why = cause instanceof Error ? cause.message : String(cause);
    if (!/EMFILE|ENFILE/.test(why)) return cause;
    return new AppError(
      'listener_unavailable',
      `this process may not open more than ${this.#runners.length} sockets: raise its limit of open files (ulimit -n) above --count, or choose a smaller --count`,
      { cause },
    );
  }
}

/** Where a device's socket is bound: for a server on this machine nobody else is to reach it. */
function localAddress(server: string): string {
  if (server.startsWith('127.')) return '127.0.0.1';
  if (server === '::1') return '::1';
  return server.includes(':') ? '::' : '0.0.0.0';
}

/** Devices that register, or de-register, at a time. */
const AT_ONCE = 64;
/** Bytes of a device's socket buffer: a device has one exchange or two at a time. */
const RECEIVE_BUFFER = 65_536;
/** Longest wait a Node timer takes. */
const LONGEST_TIMER = 2_147_483_647;
