/**
 * The fleet: builds its parts from the ports, and says who listens to what. Two sides: devices come in through register,
 * update, reached, notified …, people and programs through `devices`, `operations`, `observations`, `values`, `objects`,
 * `models`, `keys` and `events`. Time comes in by `tick`.
 */

import { Instant, WallTime, seconds } from '#base';
import type { Milliseconds, Peer, PeerKey } from '#base';
import type { DeviceDialect, PlacedNode, RegisterParameters, UpdateParameters } from '#lwm2m/model';
import { Commits } from './access/commits.js';
import { Keys } from './access/keys.js';
import { Agenda } from './devices/agenda.js';
import { DeviceChanges } from './devices/changes.js';
import type { Device } from './devices/device.js';
import { Dialects } from './devices/dialects.js';
import { Directory } from './devices/directory.js';
import { OperationIds } from './devices/ids.js';
import { LastSeen } from './devices/last-seen.js';
import { Models } from './devices/models.js';
import { Profiles } from './devices/profiles.js';
import { isReachable, markAwake } from './devices/presence.js';
import { RegistrationRate } from './devices/registration-rate.js';
import { Registry } from './devices/registry.js';
import { Security } from './devices/security.js';
import { Devices } from './devices/service.js';
import { restoreSetting } from './devices/settings.js';
import { Texts } from './devices/texts.js';
import { EVERYTHING } from './model/index.js';
import type { DeviceRecord, OperationRecord } from './model/index.js';
import { Objects } from './objects/catalogue.js';
import { Exchange } from './operations/exchange.js';
import { IdempotencyKeys, REMEMBERED } from './operations/idempotency.js';
import { Identities } from './operations/identity.js';
import { Ledger } from './operations/ledger.js';
import { Notifications } from './operations/notifications.js';
import type { ObservationTarget } from './operations/notifications.js';
import { Observations } from './operations/observations.js';
import { Operations } from './operations/operations.js';
import { OperationQueue } from './operations/queue.js';
import { Renewal } from './operations/renewal.js';
import { resume } from './operations/resumption.js';
import { Sends } from './operations/sends.js';
import type { SendingDevice } from './operations/sends.js';
import { OperationRunner } from './operations/runner.js';
import { Workers } from './operations/workers.js';
import type { FleetDeps, Versioned } from './ports/index.js';
import { EventLog } from './records/events.js';
import { KnownValues } from './records/known-values.js';
import { Values } from './records/values.js';

/** The fleet of one server. */
export class Fleet {
  readonly devices: Devices;
  readonly operations: Operations;
  readonly observations: Observations;
  readonly values: KnownValues;
  readonly objects: Objects;
  readonly models: Models;
  readonly profiles: Profiles;
  readonly keys: Keys;
  readonly credentials: Security['credentials'];
  readonly trust: Security['trust'];
  readonly serverCredentials: Security['serverCredentials'];
  readonly handshakes: Security['handshakes'];
  readonly sessions: Security['sessions'];
  readonly events: EventLog;
  readonly #deps: FleetDeps;
  readonly #agenda: Agenda;
  readonly #commits: Commits;
  readonly #changes: DeviceChanges;
  readonly #directory = new Directory();
  readonly #dialects: Dialects;
  readonly #lastSeen: LastSeen;
  readonly #registry: Registry;
  readonly #security: Security;
  readonly #registrationRate: RegistrationRate;
  readonly #recorder: Values;
  readonly #exchange: Exchange;
  readonly #queue = new OperationQueue();
  readonly #keys: IdempotencyKeys;
  readonly #ids = new OperationIds();
  readonly #runner: OperationRunner;
  readonly #renewal: Renewal;
  readonly #identities: Identities;
  readonly #notifications: Notifications;
  readonly #sends: Sends;
  readonly #workers: Workers;
  #phase: 'starting' | 'running' | 'stopping' = 'starting';

  /**
   * Loads everything and gives a fleet that is ready: before the first datagram is read every observation is recognised.
   * Rejects with what the store says.
   */
  static async start(deps: FleetDeps): Promise<Fleet> {
    const fleet = new Fleet(deps);
    await fleet.#load();
    return fleet;
  }

  private constructor(deps: FleetDeps) {
    const { associations, store, link, lists, clock, settings, fault, breathe } = deps;
    const { lifetimeGrace: grace } = settings;
    const awakeWindow = (device: Device): Milliseconds => this.models.awakeWindow(device);
    const reachable = (device: Device): boolean => isReachable(device, clock.now(), awakeWindow);
    const poke = (device: Device): void => {
      this.#workers.poke(device);
    };
    this.#deps = deps;
    this.events = new EventLog({ store, limit: settings.events, breathe });
    this.#agenda = new Agenda(clock, deps.wake);
    this.#commits = new Commits(store, (events) => {
      this.events.publish(events);
    });
    this.profiles = new Profiles({ commits: this.#commits, clock, limit: settings.profiles });
    this.models = new Models({ commits: this.#commits, clock, usual: settings.awakeWindow, limit: settings.models });
    this.keys = new Keys({ keeper: deps.keys, commits: this.#commits, clock });
    const texts = new Texts();
    this.#changes = new DeviceChanges(this.#commits, texts);
    this.#dialects = new Dialects(deps.objects);
    this.#lastSeen = new LastSeen(store, clock, this.#agenda);
    this.#recorder = new Values(this.#commits, store, clock, settings.deviceTimes);
    this.#exchange = new Exchange(link, clock, this.#lastSeen);
    this.#keys = new IdempotencyKeys(settings.queueTotal);
    const ledger = new Ledger(this.#commits, this.#changes);
    const shared = {
      ...deps,
      agenda: this.#agenda,
      commits: this.#commits,
      changes: this.#changes,
      directory: this.#directory,
      dialects: this.#dialects,
      exchange: this.#exchange,
      values: this.#recorder,
      queue: this.#queue,
      keys: this.#keys,
      ids: this.#ids,
      ledger,
      awakeWindow,
      poke,
      isReachable: reachable,
    };
    this.#security = new Security({ ...shared, provision: (...change) => this.#registry.provision(...change) });
    const { secured, refused } = this.#security;
    ({ credentials: this.credentials, trust: this.trust, serverCredentials: this.serverCredentials } = this.#security);
    ({ handshakes: this.handshakes, sessions: this.sessions } = this.#security);
    this.#registry = new Registry({ ...shared, secured, refused, lists, lastSeen: this.#lastSeen, texts, grace });
    this.#registrationRate = new RegistrationRate(settings.registrations, this.#agenda);
    this.#runner = new OperationRunner({
      ...shared,
      isPresent: (device) => this.#changes.isPresent(device),
      forget: ({ id, record }) => {
        if (record.idempotency !== undefined) this.#keys.forget(record.idempotency.key, id);
      },
    });
    this.#renewal = new Renewal(shared);
    this.#identities = new Identities({ ...shared, paths: settings.readAfterRegistration });
    this.#notifications = new Notifications({ ...shared, refused, renewal: this.#renewal });
    this.#sends = new Sends(this.#directory, this.#changes, this.#recorder);
    this.#workers = new Workers([this.#renewal, this.#runner, this.#identities], reachable, fault);
    const view = { clock, awakeWindow, grace, associations };
    this.devices = new Devices({ ...shared, registry: this.#registry, view });
    this.operations = new Operations({ ...shared, runner: this.#runner });
    const { observationsPerDevice: perDevice } = settings;
    this.observations = new Observations({ ...shared, renewal: this.#renewal, perDevice });
    this.values = new KnownValues(store, this.#directory, this.#dialects);
    this.objects = new Objects(deps.objects, this.#commits, clock, settings.definitions);
    this.#listen();
  }

  /** Does what is due. */
  tick(now: Instant): void {
    this.#agenda.tick(now);
  }

  /** When there is something to do next; undefined when nothing is waited for. */
  nextDeadline(): Instant | undefined {
    return this.#agenda.nextDeadline();
  }

  /** Begins nothing any more, lets what is under way end for at most `grace`, and writes down when devices were heard. */
  async stop(grace: Milliseconds = STOP_GRACE): Promise<void> {
    this.#phase = 'stopping';
    await Promise.race([this.#workers.stop(), this.#agenda.pause(grace)]);
    await this.#lastSeen.flush();
  }

  /** Whether a device of that name is known. */
  knows(endpoint: string): boolean {
    return this.#directory.byEndpoint(endpoint) !== undefined;
  }

  /**
   * A refresh Update: a POST on a location with nothing in it. No commit, no promise. moved: the device is at another
   * address, which is a change: use `update`.
   */
  refresh(location: string, peer: Peer, now: Instant): 'refreshed' | 'moved' | 'unknown' {
    return this.#registry.refresh(location, peer, now);
  }

  /**
   * Whether that peer may register now, which counts as one registration of it: undefined, or after how many whole seconds it
   * may. To be asked before a Register is even read; an Update is no registration.
   */
  registersTooOften(peer: PeerKey, now: Instant): number | undefined {
    return this.#registrationRate.take(peer, now);
  }

  /** Registers a device, in place of its registration before; resolves when that is durable. Rejects as `FleetStore`. */
  register(parameters: RegisterParameters, peer: Peer, now: Instant): Promise<{ location: string }> {
    return this.#registry.register(parameters, peer, now);
  }

  /** An Update; resolves when it is durable, or at once when nothing but time has changed. Rejects as `FleetStore`. */
  update(location: string, parameters: UpdateParameters, peer: Peer, now: Instant): Promise<'updated' | 'unknown'> {
    return this.#registry.update(location, parameters, peer, now);
  }

  /** Ends a registration; resolves when that is durable. Rejects as `FleetStore`. */
  deregister(location: string, peer: Peer, _now: Instant): Promise<'removed' | 'unknown'> {
    return this.#registry.deregister(location, peer);
  }

  /** Endpoint name of the device that is registered from there. */
  endpointAt(peer: PeerKey): string | undefined {
    return this.#directory.byPeer(peer)?.endpoint;
  }

  /** Endpoint name of the device whose registration has a location. */
  endpointOf(location: string): string | undefined {
    return this.#directory.byLocation(location)?.endpoint;
  }

  /** How to speak with the device registered at a location; undefined when nobody is, or the registration is not the peer's. */
  dialectAt(location: string, peer: Peer): DeviceDialect | undefined {
    return this.#registry.locate(location, peer, 'update')?.dialect;
  }

  /** Somebody tried to send or to notify as a device that its identity does not own. */
  refused(tried: 'send' | 'notify', peer: Peer, endpoint?: string): void {
    this.#security.refuse(tried, peer, endpoint);
  }

  /** The device that is registered from there, as the sender of values; undefined: nobody is. */
  senderAt(peer: PeerKey): SendingDevice | undefined {
    return this.#sends.at(peer);
  }

  /**
   * The device that is registered from there sent values; resolves when all are durable, or to `unknown` when it is gone.
   * Rejects as `FleetStore`.
   */
  sent(peer: PeerKey, nodes: readonly PlacedNode[]): Promise<'kept' | 'unknown'> {
    return this.#sends.sent(peer, nodes);
  }

  /**
   * The answer to a message of a device was handed to the stack: the device is awake, and what waits for it goes out, one
   * piece at a time.
   */
  reached(peer: Peer, now: Instant): void {
    const device = this.#registry.at(peer);
    if (device === undefined) return;
    this.#lastSeen.note(device, now);
    // The answer to a registration may have waited for the store; the device listens from now on.
    markAwake(device, device.quiet ? this.#deps.clock.now() : now);
    device.quiet = false;
    this.#renewal.contact(device);
    this.#identities.contact(device);
    this.#workers.poke(device);
  }

  /** The association with a device is over: what waits for it goes out when it has come with another. */
  parted(peer: Peer): void {
    const device = this.#registry.at(peer);
    if (device !== undefined) device.away = true;
  }

  /** The association with a device goes on after a restart. */
  rejoined(peer: Peer): void {
    const device = this.#registry.at(peer);
    if (device !== undefined) device.away = false;
  }

  /** The observation under a token of 16 hex digits; undefined when its notifications are not expected, or not from there. */
  observationOf(token: string, peer: Peer): ObservationTarget | undefined {
    return this.#notifications.target(token, peer);
  }

  /** Values came under a token; resolves when they are durable. Rejects as `FleetStore`. */
  notified(token: string, notification: { readonly nodes: readonly PlacedNode[] }, _now: Instant): Promise<void> {
    return this.#notifications.notified(token, notification.nodes);
  }

  /** The device ended an observation; resolves when that is durable. Rejects as `FleetStore`. */
  observationEnded(
    token: string,
    why: { readonly code: number; readonly detail: string },
    _now: Instant,
  ): Promise<void> {
    return this.#notifications.ended(token, why.code, why.detail);
  }

  /** Whether the fleet can do its work, and what is unwell. */
  health(): { readonly ready: boolean; readonly problems: readonly string[] } {
    const { problem } = this.#deps.store.status();
    const problems = problem === undefined ? [] : [problem];
    if (this.#phase === 'starting') problems.push('the fleet is being loaded');
    if (this.#phase === 'stopping') problems.push('the server is stopping');
    return { ready: problems.length === 0, problems };
  }

  /** How much there is of what is bounded. */
  gauges(): Record<string, number> {
    return {
      devices: this.#directory.size,
      devices_registered: this.#directory.registered,
      devices_changing: this.#changes.running,
      devices_working: this.#workers.size,
      registration_buckets: this.#registrationRate.size,
      last_seen_waiting: this.#lastSeen.waiting,
      operations_unfinished: this.#queue.size,
      idempotency_keys: this.#keys.size,
      observation_tokens: this.#directory.tokens,
      observations_due: this.#renewal.size,
      identities_due: this.#identities.size,
      model_settings: this.models.size,
      profiles: this.profiles.size,
      ...this.#security.gauges(),
      event_subscribers: this.events.subscribers,
      events_in_memory: this.events.size,
      events_in_memory_characters: this.events.characters,
    };
  }

  /** Counts since the start. */
  get counters(): Record<string, number> {
    return {
      ...this.#commits.counters,
      ...this.#registry.counters,
      ...this.#registrationRate.counters,
      ...this.#security.counters,
      ...this.#recorder.counters,
      ...this.#exchange.counters,
      ...this.operations.counters,
      ...this.#runner.counters,
      ...this.#renewal.counters,
      ...this.#identities.counters,
      ...this.#notifications.counters,
      ...this.#sends.counters,
      ...this.objects.counters,
    };
  }

  /** The one list of who listens to what. */
  #listen(): void {
    for (const part of [this.#registry, this.#registrationRate, this.#runner, this.#lastSeen]) this.#agenda.add(part);
    this.#registry.followers.on(({ type, device }) => {
      switch (type) {
        case 'registered':
          this.#renewal.registered(device);
          this.#identities.registered(device);
          this.sessions.registered(device);
          return;
        case 'unregistered':
          this.#renewal.gone(device);
          this.#identities.gone(device);
          return;
        case 'removed':
          this.#renewal.gone(device);
          this.#identities.gone(device);
          this.credentials.removed(device);
          this.operations.removed(device);
          for (const { token } of device.observations) if (token !== undefined) this.#directory.clearToken(token);
          return;
      }
    });
  }

  async #load(): Promise<void> {
    const { store, clock } = this.#deps;
    await this.events.start();
    const since = WallTime(clock.wall() - REMEMBERED);
    const operations: Versioned<OperationRecord>[] = [];
    const tables = { models: this.models, profiles: this.profiles, keys: this.keys, security: this.#security };
    for await (const batch of store.load(EVERYTHING, since)) {
      switch (batch.kind) {
        case 'devices':
          for (const { record, version } of batch.items) this.#restore(record, version);
          break;
        case 'operations':
          operations.push(...batch.items);
          break;
        case 'models':
          for (const model of batch.items) this.objects.restore(model);
          break;
        case 'settings':
          for (const setting of batch.items) restoreSetting(tables, setting);
          break;
      }
    }
    const [newest] = (await store.operations(EVERYTHING, { limit: 1 })).items;
    if (newest !== undefined) this.#ids.resume(newest.id);
    operations.sort((left, right) => (left.record.id < right.record.id ? -1 : 1));
    await this.operations.restore(operations);
    this.#directory.sorted();
    this.#phase = 'running';
    this.#agenda.due(this.nextDeadline() ?? NEVER);
    const waiting = [...this.#queue.devices(), ...this.#renewal.devices()];
    resume(waiting, this.#agenda, (device) => this.#workers.poke(device)).catch(this.#deps.fault);
  }

  #restore(record: DeviceRecord, version: number): void {
    const device = this.#registry.restore(record, version, this.#deps.clock.now());
    this.credentials.restored(device);
    this.#recorder.resume(record.lastSeen);
    for (const { token } of record.observations) if (token !== undefined) this.#directory.setToken(token, device);
    if (record.observations.length > 0 || record.attributes !== undefined) this.#renewal.restored(device);
    this.#identities.restored(device);
  }
}

/** How long what is under way may go on when the fleet stops. */
const STOP_GRACE = seconds(5);
const NEVER = Instant(Number.POSITIVE_INFINITY);
