/**
 * Random lives of a fleet with kills in the middle of commits, beside a ledger of what was acknowledged: nothing acknowledged
 * is lost or reverted, nothing unacknowledged is reported done, and no write reaches a device twice.
 */

import { describe, expect, it } from '@jest/globals';
import { AppError } from '#base';
import type { Submitted } from '#fleet';
import { OWNER, isFinished } from '#fleet/model';
import type { OperationId, OperationRequest, OperationState } from '#fleet/model';
import type { DeviceRequest } from '#lwm2m/model';
import { SeededRandom } from '../support/random.js';
import { OBLIGING, World, failed, peerAt, settle } from './world.js';
import type { Behaviour } from './world.js';

const NAMES = ['a', 'b', 'c'] as const;

/** What may stand in the store for one thing: what was acknowledged last, and everything asked for since. */
class Possible<T> {
  #may: T[];

  constructor(first: T) {
    this.#may = [first];
  }

  asked(value: T): void {
    this.#may.push(value);
  }

  acknowledged(value: T): void {
    this.#may = [value, ...this.#may.slice(this.#may.indexOf(value) + 1)];
  }

  check(found: T, what: string): void {
    if (!this.#may.includes(found))
      throw new Error(`${what}: found ${String(found)}, possible ${this.#may.join(' | ')}`);
    this.#may = [found];
  }
}

/** One life: a world, its ledger, and steps drawn from a seed. */
class Life {
  readonly random: SeededRandom;
  world!: World;
  kills = 0;
  acknowledged = 0;
  readonly #sends = new Map<number, number>();
  readonly #ports = new Map<string, number>();
  readonly #registered = new Map<string, Possible<string>>(NAMES.map((name) => [name, new Possible('')]));
  readonly #tags = new Map<string, Possible<string>>(NAMES.map((name) => [name, new Possible('')]));
  readonly #observed = new Map<string, Possible<string>>(NAMES.map((name) => [name, new Possible('')]));
  readonly #operations = new Map<OperationId, OperationState | 'accepted'>();
  #counter = 0;

  constructor(seed: number) {
    this.random = new SeededRandom(seed);
  }

  async run(steps: number): Promise<void> {
    this.world = await World.start({ behaviour: this.#behaviour() });
    for (const name of NAMES) this.#register(name);
    await settle();
    for (let step = 0; step < steps; step += 1) {
      if (this.random.chance(0.1)) this.#armKill();
      this.#step();
      await (this.random.chance(0.3) ? settle() : Promise.resolve());
      if (this.random.chance(0.2)) await this.world.pass(this.random.integer(0, 120_000));
      if (this.random.chance(0.2)) this.#answerOne();
      if (this.#dead) await this.#restart();
    }
    await this.#restart();
    expect(this.world.faults).toEqual([]);
  }

  #dead = false;

  #armKill(): void {
    this.world.store.killAt(this.random.integer(1, 4), this.random.pick(['before', 'after']), () => {
      this.#dead = true;
    });
  }

  async #restart(): Promise<void> {
    this.#dead = false;
    this.kills += 1;
    await this.world.crash();
    for (const name of NAMES) this.#checkDevice(name);
    for (const [id, acknowledged] of this.#operations) await this.#checkOperation(id, acknowledged);
    for (const [value, sends] of this.#sends) if (sends > 1) throw new Error(`write ${value} was sent ${sends} times`);
  }

  #checkDevice(name: string): void {
    if (!this.world.fleet.knows(name)) {
      this.#registered.get(name)?.check('', `registration of ${name}`);
      return;
    }
    const [row] = [...this.world.disk.devices.values()].filter(({ text }) => text.includes(`"endpoint":"${name}"`));
    const record = JSON.parse(row?.text ?? '{}') as {
      registration?: { address: { port: number } };
      observations: { path: string }[];
    };
    this.#registered.get(name)?.check(String(record.registration?.address.port ?? ''), `registration of ${name}`);
    this.#ports.set(name, record.registration?.address.port ?? 0);
    this.#observed.get(name)?.check(record.observations[0]?.path ?? '', `observation of ${name}`);
    const { tags } = this.world.fleet.devices.get(OWNER, name).view;
    this.#tags.get(name)?.check(tags['t'] ?? '', `tag of ${name}`);
  }

  async #checkOperation(id: OperationId, acknowledged: OperationState | 'accepted'): Promise<void> {
    const { state } = await this.world.fleet.operations.get(OWNER, id);
    if (acknowledged !== 'accepted' && state !== acknowledged)
      throw new Error(`operation ${id} was ${acknowledged} and is ${state}`);
    if (isFinished(state)) this.#operations.set(id, state);
  }

  #step(): void {
    const name = this.random.pick(NAMES);
    const step = this.random.pick([
      'register',
      'uplink',
      'uplink',
      'write',
      'write',
      'write',
      'read',
      'tag',
      'observe',
      'unobserve',
      'deregister',
    ] as const);
    switch (step) {
      case 'register':
        this.#register(name);
        return;
      case 'uplink':
        this.world.fleet.reached(peerAt(this.#ports.get(name) ?? 0), this.world.now());
        return;
      case 'write':
        this.#submit(name, { kind: 'write', path: '/1/0/1', mode: 'replace', value: (this.#counter += 1) });
        return;
      case 'read':
        this.#submit(name, { kind: 'read', path: '/3/0/9' });
        return;
      case 'tag':
        this.#tag(name, String((this.#counter += 1)));
        return;
      case 'observe':
        this.#observe(name, `/3303/${(this.#counter += 1)}`);
        return;
      case 'unobserve':
        this.#unobserve(name);
        return;
      case 'deregister':
        this.#deregister(name);
    }
  }

  #register(name: string): void {
    const port = 1000 + (this.#counter += 1);
    this.#registered.get(name)?.asked(String(port));
    const queueMode = this.random.chance(0.5);
    const { world } = this;
    const parameters = world.parameters(name, { lifetime: 0, queueMode });
    this.#follow(world.fleet.register(parameters, peerAt(port), world.now()), () => {
      this.#registered.get(name)?.acknowledged(String(port));
      this.#ports.set(name, port);
      world.fleet.reached(peerAt(port), world.now());
    });
  }

  #deregister(name: string): void {
    const { world } = this;
    const port = this.#ports.get(name) ?? 0;
    const [row] = [...world.disk.devices.values()].filter(
      ({ text }) => text.includes(`"port":${port},`) || text.includes(`"port":${port}}`),
    );
    const location = /"location":"([^"]+)"/.exec(row?.text ?? '')?.[1];
    if (location === undefined) return;
    this.#registered.get(name)?.asked('');
    this.#follow(world.fleet.deregister(location, peerAt(port), world.now()), (result) => {
      if (result === 'removed') this.#registered.get(name)?.acknowledged('');
    });
  }

  #tag(name: string, value: string): void {
    this.#tags.get(name)?.asked(value);
    this.#follow(this.world.fleet.devices.patch(OWNER, name, { tags: { t: value } }), () => {
      this.#tags.get(name)?.acknowledged(value);
    });
  }

  #observe(name: string, path: string): void {
    this.#observed.get(name)?.asked(path);
    this.#follow(this.world.fleet.observations.put(OWNER, name, 'o', { paths: [path] }), () => {
      this.#observed.get(name)?.acknowledged(path);
    });
  }

  #unobserve(name: string): void {
    this.#observed.get(name)?.asked('');
    this.#follow(this.world.fleet.observations.remove(OWNER, name, 'o', 'observe'), () => {
      this.#observed.get(name)?.acknowledged('');
    });
  }

  #submit(name: string, request: OperationRequest): void {
    this.#follow(this.world.fleet.operations.submit(OWNER, name, request), (submitted: Submitted) => {
      const { id, waitingFor } = submitted.view();
      if (waitingFor === 'contact' || this.random.chance(0.5)) {
        this.#follow(submitted.persist(), () => {
          if (!this.#operations.has(id)) this.#operations.set(id, 'accepted');
        });
      }
      this.#follow(submitted.finished, ({ state }) => {
        this.#operations.set(id, state);
      });
    });
  }

  /** Notes an acknowledgement; what the store or the state of things refuses is none. */
  #follow<T>(promise: Promise<T>, acknowledged: (result: T) => void): void {
    const { store } = this.world;
    promise.then(
      (result) => {
        if (store !== this.world.store) return;
        this.acknowledged += 1;
        acknowledged(result);
      },
      (error: unknown) => {
        if (!(error instanceof AppError)) throw error;
      },
    );
  }

  /** Answers, does not answer, or leaves the request open; counts how often each write left. */
  #behaviour(): Behaviour {
    return (request, target) => {
      const fate = this.random.pick(['answer', 'answer', 'open', 'timeout', 'unsent'] as const);
      if (fate !== 'unsent') this.#left(request);
      if (fate === 'answer') return OBLIGING(request, target);
      if (fate === 'open') return undefined;
      return fate === 'timeout' ? failed('timeout') : failed('cancelled', 'no');
    };
  }

  #left(request: DeviceRequest): void {
    if (request.kind !== 'write' || request.node.kind !== 'single') return;
    const value = Number(request.node.value.value);
    this.#sends.set(value, (this.#sends.get(value) ?? 0) + 1);
  }

  #answerOne(): void {
    const { flights } = this.world.link;
    const flight = flights[this.random.integer(0, Math.max(0, flights.length - 1))];
    flight?.answer(OBLIGING(flight.request, flight.target) ?? failed('timeout'));
  }
}

describe('any life of a fleet with kills in it', () => {
  it.each(Array.from({ length: 40 }, (_, index) => index + 1))('keeps what it acknowledged (seed %s)', async (seed) => {
    const life = new Life(seed);
    await life.run(150);
    expect(life.kills).toBeGreaterThan(2);
    expect(life.acknowledged).toBeGreaterThan(30);
  });
});
