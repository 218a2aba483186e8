/**
 * A fleet in virtual time over a store in memory and devices that answer as a test says. A World outlives its fleet: it can be
 * killed and started again on what was durable.
 */

import { Milliseconds, plainPeer, securePeer } from '#base';
import type { Instant, Peer, PeerIdentity } from '#base';
import { DEFAULT_FLEET_SETTINGS, Fleet } from '#fleet';
import type { FleetSettings } from '#fleet';
import type { NumberedEvent } from '#fleet/model';
import type { AssociationFacts, DeviceLink, FleetStore, KeyKeeper, KeyStatus, LinkTarget } from '#fleet/ports';
import type { ServerFiles } from '#fleet/ports';
import { ObjectCatalogue, ObjectLists, showPath } from '#lwm2m/model';
import type {
  DeviceRequest,
  Node,
  ObjectEntry,
  ObjectList,
  Outcome,
  Path,
  RegisterParameters,
  Scalar,
} from '#lwm2m/model';
import { credentialForms } from '../../src/credential-forms.js';
import { loadObjects } from '../../src/objects.js';
import { VirtualClock } from '../support/clock.js';
import { Disk, MemoryStore, WIDE } from '../support/memory-store.js';
import { SeededRandom } from '../support/random.js';
import { SealingKey } from '../support/sealing-key.js';
import { toHex } from '#base';

/** A server without files of key and chain. */
const NO_FILES: ServerFiles = {
  current: () => undefined,
  reload: () => {
    throw new Error('no files are named');
  },
};

/** One request on its way. */
export interface Flight {
  readonly target: LinkTarget;
  readonly request: DeviceRequest;
  /** Whether a datagram of it has left: what `gone` says of it. */
  sent: 'yes' | 'no';
  answer(outcome: Outcome): void;
}

/** What devices answer; undefined leaves the request open. */
export type Behaviour = (request: DeviceRequest, target: LinkTarget) => Outcome | undefined;

/** Keys that are nothing but numbers. */
export class FakeKeys implements KeyKeeper {
  /** Thrown by what is ordered. */
  refusal: Error | undefined;
  readonly log: string[] = [];
  #master = 1;
  #old: number | undefined;

  status(): KeyStatus {
    const old = this.#old === undefined ? {} : { oldMasterKey: keyId(this.#old) };
    const dataKeys = [{ id: keyId(0xd), createdAt: 0, sealedAtMost: 0 }];
    return { masterKey: keyId(this.#master), source: 'file', ...old, dataKey: keyId(0xd), dataKeys };
  }

  rotate(): KeyStatus {
    this.#begin('rotate');
    this.#old = this.#master;
    this.#master += 1;
    return this.status();
  }

  prune(): KeyStatus {
    this.#begin('prune');
    this.#old = undefined;
    return this.status();
  }

  #begin(order: string): void {
    this.log.push(order);
    if (this.refusal !== undefined) throw this.refusal;
  }
}

/** A key's id from a number. */
export function keyId(number: number): string {
  return number.toString(16).padStart(16, '0');
}

/** Devices at the other end, without a wire. */
export class FakeLink implements DeviceLink {
  /** Every request that was handed over, in order. */
  readonly log: { readonly request: DeviceRequest; readonly target: LinkTarget }[] = [];
  readonly restored: string[] = [];
  readonly forgotten: string[] = [];
  readonly moves: string[] = [];
  readonly left: string[] = [];
  readonly flights: Flight[] = [];
  behaviour: Behaviour;
  /** Most requests open at once per peer. */
  most = 0;

  constructor(behaviour: Behaviour) {
    this.behaviour = behaviour;
  }

  perform(target: LinkTarget, request: DeviceRequest): Promise<Outcome> {
    this.log.push({ target, request });
    const outcome = this.behaviour(request, target);
    if (outcome !== undefined) return Promise.resolve(outcome);
    return new Promise((resolve) => {
      const flight: Flight = {
        target,
        request,
        sent: 'yes',
        answer: (answer) => {
          this.flights.splice(this.flights.indexOf(flight), 1);
          resolve(answer);
        },
      };
      this.flights.push(flight);
      const open = this.flights.filter((other) => other.target.peer.key === target.peer.key).length;
      this.most = Math.max(this.most, open);
    });
  }

  restore(_target: LinkTarget, observation: DeviceRequest & { readonly kind: 'observe' }): void {
    this.restored.push(toHex(observation.token));
  }

  forget(token: Uint8Array): void {
    this.forgotten.push(toHex(token));
  }

  moved(from: Peer, to: Peer): void {
    this.moves.push(`${from.port} -> ${to.port}`);
  }

  gone(peer: Peer): void {
    this.left.push(peer.key);
    for (const flight of this.flights.filter(({ target }) => target.peer.key === peer.key)) {
      flight.answer({ kind: 'failed', reason: 'cancelled', detail: 'the peer is gone', sent: flight.sent });
    }
  }

  /** Requests so far as `kind path`. */
  get lines(): string[] {
    return this.log.map(({ request }) => `${request.kind} ${pathsOf(request).map(showPath).join(' ')}`);
  }

  /** The one open request. */
  get flight(): Flight {
    const [only, ...more] = this.flights;
    if (only === undefined || more.length > 0) throw new Error(`${this.flights.length} requests are open`);
    return only;
  }
}

/** What a test may change of a world. */
export interface WorldOptions {
  readonly settings?: Partial<FleetSettings>;
  readonly clock?: VirtualClock;
  readonly behaviour?: Behaviour;
}

/** A server's inside, its devices and its disk. */
export class World {
  readonly clock: VirtualClock;
  readonly disk = new Disk();
  readonly keys = new FakeKeys();
  readonly secrets = new SealingKey();
  readonly lists = new ObjectLists();
  readonly settings: FleetSettings;
  readonly faults: unknown[] = [];
  /** Secure associations by listener and endpoint name, `1 dev`. */
  readonly associations = new Map<string, AssociationFacts>();
  readonly random = new SeededRandom(7);
  store: MemoryStore;
  link: FakeLink;
  fleet!: Fleet;
  #alarm = Number.POSITIVE_INFINITY;
  readonly #behaviour: Behaviour;

  private constructor({ settings, clock, behaviour }: WorldOptions) {
    this.clock = clock ?? new VirtualClock();
    this.settings = { ...DEFAULT_FLEET_SETTINGS, readAfterRegistration: [], ...settings };
    this.#behaviour = behaviour ?? (() => undefined);
    this.store = new MemoryStore(this.disk);
    this.link = new FakeLink(this.#behaviour);
  }

  /** A world whose fleet is up. */
  static async start(options: WorldOptions = {}): Promise<World> {
    const world = new World(options);
    await world.boot();
    return world;
  }

  /** The fleet ends without warning: what was not durable is lost. Another one starts on the disk. */
  async crash(): Promise<void> {
    this.store.kill();
    await this.boot();
  }

  /** Starts a fleet on the disk. */
  async boot(): Promise<void> {
    this.store = new MemoryStore(this.disk, WIDE, () => this.clock.wall());
    this.link = new FakeLink(this.#behaviour);
    this.#alarm = Number.POSITIVE_INFINITY;
    this.fleet = await this.startOn(this.store);
  }

  /** Starts a fleet on a store, beside the world's own. */
  startOn(store: FleetStore): Promise<Fleet> {
    return Fleet.start({
      store,
      link: this.link,
      keys: this.keys,
      secrets: this.secrets,
      forms: credentialForms,
      serverFiles: NO_FILES,
      associations: { of: (endpoint, listener) => this.associations.get(`${listener ?? 1} ${endpoint}`) },
      objects: definitions(),
      lists: this.lists,
      clock: this.clock,
      random: this.random,
      settings: this.settings,
      wake: (at) => {
        this.#alarm = Math.min(this.#alarm, at);
      },
      breathe: () => settle(),
      fault: (error) => this.faults.push(error),
    });
  }

  /** Lets `span` milliseconds pass, waking the fleet when it asked to be. */
  async pass(span: number): Promise<void> {
    const end = this.clock.now() + span;
    await settle();
    while (this.#alarm <= end) {
      this.clock.moveTo(this.#alarm);
      this.#alarm = Number.POSITIVE_INFINITY;
      this.fleet.tick(this.clock.now());
      await settle();
    }
    this.clock.moveTo(end);
    await settle();
  }

  now(): Instant {
    return this.clock.now();
  }

  /** Registers a device and answers it; its location. */
  async register(endpoint: string, more: Partial<RegisterParameters> = {}, peer: Peer = peerAt(1000)): Promise<string> {
    const { location } = await this.fleet.register(this.parameters(endpoint, more), peer, this.now());
    this.fleet.reached(peer, this.now());
    await settle();
    return location;
  }

  /** What a device says when it registers. */
  parameters(endpoint: string, more: Partial<RegisterParameters> = {}): RegisterParameters {
    return {
      endpoint,
      lwm2m: '1.1',
      lifetime: 300,
      binding: 'U',
      queueMode: false,
      objects: this.objects(),
      ...more,
    };
  }

  /** A shared object list; by default objects 1, 3 and 3303. */
  objects(entries: readonly ObjectEntry[] = OBJECTS): ObjectList {
    return this.lists.intern({ objects: entries, root: '', formats: [60, 112] });
  }

  /** Events stored so far, by type. */
  async told(): Promise<string[]> {
    return (await this.events()).map(({ type }) => type);
  }

  /** Events stored so far. */
  async events(): Promise<readonly NumberedEvent[]> {
    return (await this.store.events(undefined, 0, 100_000)).events;
  }
}

/** Lets every promise that can go on go on. */
export async function settle(): Promise<void> {
  for (let round = 0; round < 3; round += 1) await new Promise((resolve) => setImmediate(resolve));
}

/** A peer at a port of this machine. */
export function peerAt(port: number, address = '127.0.0.1'): Peer {
  return plainPeer(0, address, port);
}

/** The peer that has proven to be `endpoint`, at a port of this machine on secure listener 1. */
export function provenPeer(endpoint: string, port: number, more: Partial<PeerIdentity> = {}): Peer {
  return securePeer(1, { kind: 'psk', name: endpoint, endpoint, ...more }, '127.0.0.1', port);
}

/** A definition with a string resource 1, in the registry's format. */
export function definitionXml(id: number, version: string): string {
  return `<LWM2M><Object ObjectType="MODefinition"><Name>Test</Name><Description1>For tests.</Description1>
    <ObjectID>${id}</ObjectID><ObjectURN>urn:oma:lwm2m:x:${id}${version === '1.0' ? '' : `:${version}`}</ObjectURN><LWM2MVersion>1.0</LWM2MVersion>
    <ObjectVersion>${version}</ObjectVersion><MultipleInstances>Multiple</MultipleInstances>
    <Mandatory>Optional</Mandatory><Resources><Item ID="1"><Name>Text</Name><Operations>RW</Operations>
    <MultipleInstances>Single</MultipleInstances><Mandatory>Optional</Mandatory><Type>String</Type>
    <RangeEnumeration></RangeEnumeration><Units></Units><Description>Any text.</Description></Item></Resources>
    <Description2></Description2></Object></LWM2M>`;
}

/** Days, in milliseconds. */
export function days(count: number): Milliseconds {
  return Milliseconds(count * 86_400_000);
}

/** A success with that code and what comes with it. */
export function done(code: number, more: Partial<Outcome & { kind: 'done' }> = {}): Outcome {
  return { kind: 'done', code, ...more };
}

/** A successful read of one value. */
export function content(path: readonly number[], value: Scalar): Outcome {
  return done(0x45, { format: 112, nodes: [{ path, node: single(value) }] });
}

/** What a request is about. */
export function pathsOf(request: DeviceRequest): readonly Path[] {
  if ('path' in request) return [request.path];
  return 'paths' in request ? request.paths : request.entries.map(({ path }) => path);
}

/** The first path that a request is about. */
export function pathOf(request: DeviceRequest): Path {
  return pathsOf(request)[0] ?? [];
}

/** A resource with one value. */
export function single(value: Scalar): Node {
  return { kind: 'single', value };
}

/** A failure. */
export function failed(reason: (Outcome & { kind: 'failed' })['reason'], sent: 'yes' | 'no' = 'yes'): Outcome {
  return { kind: 'failed', reason, detail: reason, sent };
}

/** A device that answers everything well: reads with 95, creates as instance 2, accepts observations. */
export const OBLIGING: Behaviour = (request) => {
  switch (request.kind) {
    case 'read':
      return content(request.path, { type: 'integer', value: 95 });
    case 'observe':
      return done(0x45, {
        format: 112,
        observing: 'yes',
        nodes: [{ path: pathOf(request), node: single({ type: 'float', value: 20.5 }) }],
      });
    case 'discover':
      return done(0x45, { format: 40, links: [{ path: '/3/0/7', attributes: { pmin: 10, dim: 2 } }] });
    case 'create':
      return done(0x41, { created: [...request.path, request.instance ?? 2] });
    case 'delete':
      return done(0x42);
    case 'write':
    case 'writeAttributes':
    case 'execute':
    case 'cancelObserve':
    case 'writeComposite':
      return done(0x44);
    case 'readComposite':
      return done(0x45, { format: 112, nodes: [] });
  }
};

const OBJECTS: readonly ObjectEntry[] = [
  { id: 1, version: '1.1', instances: [0] },
  { id: 3, version: '1.1', instances: [0] },
  { id: 3303, version: '1.1', instances: [0, 1] },
];

function definitions(): ObjectCatalogue {
  const catalogue = new ObjectCatalogue();
  for (const definition of BUILT_IN.all()) catalogue.add(definition);
  return catalogue;
}

const BUILT_IN = loadObjects([]);
