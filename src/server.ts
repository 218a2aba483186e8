/**
 * The composition root: wires the store, the fleet, the devices' door and the door of people and programs; starts them in
 * the order that loses nothing and stops them in the reverse. Start reading here.
 */

import type { Server as HttpServer } from 'node:http';
import type { AddressInfo } from 'node:net';

import {
  AppError,
  Milliseconds,
  messageOf,
  seconds,
  showAddress,
  systemClock,
  systemRandom,
  type Clock,
  type Logger,
  type Random,
} from '#base';
import { Fleet } from '#fleet';
import { OWNER } from '#fleet/model';
import type { FleetStore } from '#fleet/ports';
import type { DefinitionLimits } from '#lwm2m/model';
import { ObjectLists, type ReadLimits } from '#lwm2m/protocol';
import { createNorthbound, type Northbound } from '#northbound';
import { Chains, Downlink, Freshness, SecureAssociations, SecureDoor, Traces, Uplink } from '#southbound';
import { openStore } from '#store';
import { reachedAt, Stack, type BoundAddress, type DatagramHook } from '#transport';
import { trustParameters } from '#trust';
import { systemDisk, type Vault } from '#vault';

import { Alarm } from './alarm.js';
import { AssociationFile } from './association-file.js';
import type { Config } from './config.js';
import { credentialForms } from './credential-forms.js';
import { makeDataFolder } from './data-folder.js';
import { handOnAssociations, leaveAssociations, takeAssociations } from './kept-associations.js';
import { KeyLog } from './key-log.js';
import { loadObjects } from './objects.js';
import { forgetOldMasterKey, openVault } from './open-vault.js';
import { OwnerToken } from './owner-token.js';
import { SecureOffer } from './secure-offer.js';
import { VERSION } from './version.js';

/** What a server needs besides its configuration. `fault` is told when an invariant breaks: the process should end. */
export interface ServerDeps {
  readonly logger: Logger;
  readonly fault: (error: unknown) => void;
  readonly clock?: Clock;
  readonly random?: Random;
  /** Sees every datagram in and out. */
  readonly watch?: DatagramHook;
}

/** A server that is up. */
export interface RunningServer {
  /** Base address of REST, such as `http://127.0.0.1:8080`. */
  readonly http: string;
  /** Addresses of the CoAP listeners, such as `coap://127.0.0.1:5683`. */
  readonly coap: readonly string[];
  /** Addresses of the secure listeners, such as `coaps://127.0.0.1:5684`. */
  readonly coaps: readonly string[];
  /** The owner token when this start made it and no file was named for it. */
  readonly newToken: string | undefined;
  readonly fleet: Fleet;
  readonly store: FleetStore;
  readonly stack: Stack;
  /** Reads key and chain of the secure listeners again. Throws AppError(`server_files_unusable`), and changes nothing then. */
  reload(): void;
  /** Answers what is under way, writes everything down, closes. */
  stop(): Promise<void>;
}

/** Starts a server. Rejects with AppError in one clear sentence when something it needs cannot be had; nothing is left open then. */
export async function startServer(config: Config, deps: ServerDeps): Promise<RunningServer> {
  const opened: (() => Promise<void> | void)[] = [];
  try {
    return await assemble(config, deps, opened);
  } catch (error) {
    for (const close of opened.reverse()) await close();
    throw error;
  }
}

async function assemble(
  config: Config,
  deps: ServerDeps,
  opened: (() => Promise<void> | void)[],
): Promise<RunningServer> {
  const { logger, fault, clock = systemClock, random = systemRandom } = deps;
  makeDataFolder(config.data);
  const opening = openStore(config.data, { limits: storeLimits(config), clock, random, logger });
  // While the threads of the store start. What is wrong with them is said once the associations are in good hands.
  const objectsOf = attempted(() => loadObjects(config.objects, definitionLimits(config)));
  const store = await opening;
  opened.push(() => store.close());
  const vault = openVault(config.data, config.masterKey, { clock, logger });
  const token = new OwnerToken(config.data);
  const first = token.exists() ? 'no' : 'yes';

  const offers = new SecureOffer(config, logger);
  const stack = new Stack({ parameters: config.parameters, dtls: config.dtls, clock, random, logger, fault });
  const associations = new AssociationFile(config.data, vault, systemDisk);
  let taken: 'yes' | 'no' = 'no';
  opened.push(async () => {
    if (taken === 'yes') leaveAssociations(stack, associations, store.opening, { clock, logger });
    else handOnAssociations(associations, store, logger);
    await stack.close();
  });
  const objects = objectsOf();
  stack.watch(deps.watch);
  const limits = readLimits(config);
  const downlink = new Downlink(stack, limits);
  const alarm = new Alarm(clock, (now) => {
    fleet.tick(now);
    return fleet.nextDeadline();
  });
  opened.push(() => {
    alarm.stop();
  });
  const lists = new ObjectLists();
  const listeners = { first: config.coap.length, count: config.coaps.length };
  const fleet: Fleet = await Fleet.start({
    store,
    link: downlink,
    keys: vault,
    secrets: vault,
    forms: credentialForms,
    serverFiles: offers,
    associations: new SecureAssociations({ stack, clock, listeners }),
    objects,
    lists,
    clock,
    random,
    settings: fleetSettings(config),
    wake: (at) => {
      alarm.set(at);
    },
    breathe: () => new Promise((resolve) => setImmediate(resolve)),
    fault,
  });
  opened.push(() => fleet.stop(OPERATION_GRACE));
  const uplink = new Uplink({
    stack,
    fleet,
    downlink,
    lists,
    logger,
    admission: config.admission,
    rules: {
      unknownParameters: config.unknownParameters,
      endpointBytes: number(config, 'endpointNameBytes'),
      links: limits.links,
      profiles: (id) => fleet.profiles.objectsOf(id),
    },
    limits,
    freshness: freshnessOf(config),
    fault,
  });
  stack.serve(uplink);
  const keyLog = config.dangerousKeyLog === undefined ? undefined : KeyLog.open(config.dangerousKeyLog, logger);
  opened.push(() => {
    keyLog?.close();
  });
  const door = new SecureDoor({
    ...{ stack, fleet, clock, logger, listeners, fault },
    chains: new Chains(fleet, clock, logger, trustParameters({ crlGrace: seconds(number(config, 'crlGrace')) })),
    keyLog: keyLog?.write,
  });
  stack.serveSecure(door);

  const traces = new Traces({
    watch: (hook) => {
      stack.watch(bothHooks(deps.watch, hook));
    },
    endpointAt: (peer) => fleet.endpointAt(peer),
    endpointOf: (location) => fleet.endpointOf(location),
    reachedAt: (listener, address) => {
      const bound = stack.bound()[listener];
      return bound === undefined ? undefined : reachedAt(bound, address);
    },
    wall: () => clock.wall(),
  });
  const northbound = createNorthbound({
    fleet,
    follow: (endpoint, listener) => traces.follow(endpoint, listener),
    authenticate: (text) => (isOwner(token, text, logger) ? OWNER : undefined),
    logger,
    version: VERSION,
    settings: {
      eventReaders: number(config, 'eventReaders'),
      traceReaders: number(config, 'traceReaders'),
      eventBuffer: number(config, 'eventBuffer'),
      bodyBytes: number(config, 'httpBodyBytes'),
      importBytes: number(config, 'importBytes'),
    },
    samples: () => samples(stack, fleet, store, uplink, downlink, vault),
  });
  const http = await listenHttp(config, northbound);
  opened.push(() => closeHttp(http, northbound));
  taken = 'yes';
  takeAssociations(stack, associations.take(store.openingBefore), door, { clock, logger });
  // Only now, with every observation known, may a datagram be read: before, a notification would get a Reset.
  const coap: BoundAddress[] = [];
  const sockets = { stack: config.coapStack, receiveBuffer: number(config, 'udpReceiveBuffer') };
  for (const { host, port } of config.coap)
    coap.push(await stack.listen({ address: host, port, ...sockets, chosenBy: '--coap HOST:PORT' }));
  const coaps: BoundAddress[] = [];
  offers.follow(fleet.serverCredentials, (offer) => {
    for (let number = 0; number < coaps.length; number += 1)
      stack.secureWith(config.coap.length + number, { role: 'server', offer });
  });
  for (const { host, port } of config.coaps)
    coaps.push(
      await stack.listen(
        { address: host, port, ...sockets, chosenBy: '--coaps HOST:PORT' },
        { role: 'server', offer: offers.offer },
      ),
    );
  alarm.set(fleet.nextDeadline());
  forgetOldMasterKey(vault, logger);
  // Last of all, so that a start that fails leaves no token behind that nobody was told.
  const newToken = first === 'yes' ? token.reset(config.ownerTokenFile) : undefined;
  const bound = http.address() as AddressInfo;
  return {
    http: `http://${showAddress(bound.address, bound.port)}`,
    coap: coap.map(({ address, port }) => `coap://${showAddress(address, port)}`),
    coaps: coaps.map(({ address, port }) => `coaps://${showAddress(address, port)}`),
    newToken: config.ownerTokenFile === undefined ? newToken : undefined,
    fleet,
    store,
    stack,
    reload: () => {
      offers.reload();
    },
    stop: async () => {
      for (const close of opened.splice(0).reverse()) await close();
    },
  };
}

/** Does `work` now; what came of it, or was thrown, comes with the call of what is returned. */
function attempted<T>(work: () => T): () => T {
  try {
    const result = work();
    return () => result;
  } catch (error) {
    return () => {
      throw error;
    };
  }
}

/** One hook that serves two, either of which may be missing. */
function bothHooks(first: DatagramHook | undefined, second: DatagramHook | undefined): DatagramHook | undefined {
  if (first === undefined || second === undefined) return first ?? second;
  return (direction, peer, bytes) => {
    first(direction, peer, bytes);
    second(direction, peer, bytes);
  };
}

/** Whether `text` is the owner token; when its digest cannot be read, nobody is the owner, and the log says why. */
function isOwner(token: OwnerToken, text: string, logger: Logger): boolean {
  try {
    return token.accepts(text);
  } catch (error) {
    logger.error('the owner token cannot be checked', { error: messageOf(error) });
    return false;
  }
}

function listenHttp(config: Config, northbound: Northbound): Promise<HttpServer> {
  const { host, port } = config.http;
  const { server } = northbound;
  return new Promise((resolve, reject) => {
    server.once('error', (cause) => {
      const why = WHY_NOT_OPEN[String('code' in cause ? cause.code : '')] ?? `cannot be opened (${cause.message})`;
      const words = `TCP ${showAddress(host, port)} ${why}: choose another with --http HOST:PORT (port 0 picks a free one)`;
      reject(new AppError('listener_unavailable', words, { cause }));
    });
    server.listen(port, host, () => {
      resolve(server);
    });
  });
}

/** Takes no new connection, lets requests end, and cuts what is left after the grace. */
function closeHttp(server: HttpServer, northbound: Northbound): Promise<void> {
  northbound.close();
  return new Promise((resolve) => {
    const cut = setTimeout(() => {
      server.closeAllConnections();
    }, DRAIN_GRACE);
    server.close(() => {
      clearTimeout(cut);
      resolve();
    });
    server.closeIdleConnections();
  });
}

function samples(
  stack: Stack,
  fleet: Fleet,
  store: FleetStore,
  uplink: Uplink,
  downlink: Downlink,
  vault: Vault,
): { counters: Record<string, number>; gauges: Record<string, number> } {
  const memory = process.memoryUsage();
  const named = (prefix: string, values: Readonly<Record<string, number>>): [string, number][] =>
    Object.entries(values).map(([name, value]) => [`${prefix}_${name}`, value]);
  return {
    counters: Object.fromEntries([
      ...named('coap', stack.counters()),
      ...named('dtls', stack.secureCounters()),
      ...named('uplink', uplink.counters),
      ...named('downlink', downlink.counters),
      ...named('fleet', fleet.counters),
      ...named('vault', vault.counters),
    ]),
    gauges: Object.fromEntries([
      ...named('coap', stack.endpoint.gauges()),
      ...named('dtls', stack.secureGauges()),
      ...named('fleet', fleet.gauges()),
      ...named('store', store.status().gauges),
      ['downlink_waiting', downlink.waiting],
      ['vault_data_keys', vault.dataKeys],
      ['process_heap_used_bytes', memory.heapUsed],
      ['process_external_bytes', memory.external],
      ['process_array_buffers_bytes', memory.arrayBuffers],
      ['process_resident_bytes', memory.rss],
    ]),
  };
}

function storeLimits(config: Config): {
  queueBytes: number;
  operationDays: number;
  operationsPerDevice: number;
  events: number;
  valueBytes: number;
} {
  return {
    queueBytes: number(config, 'storeQueueBytes'),
    operationDays: number(config, 'operationDays'),
    operationsPerDevice: number(config, 'operationsPerDevice'),
    events: number(config, 'eventsKept'),
    valueBytes: number(config, 'valueBytes'),
  };
}

function fleetSettings(config: Config): Parameters<typeof Fleet.start>[0]['settings'] {
  return {
    lifetimeGrace: seconds(number(config, 'lifetimeGrace')),
    registrations: {
      burst: number(config, 'registrationBurst'),
      interval: seconds(number(config, 'registrationInterval')),
      peers: number(config, 'registrationPeers'),
    },
    awakeWindow: seconds(number(config, 'awakeWindow')),
    models: number(config, 'models'),
    profiles: number(config, 'profiles'),
    credentialsPerDevice: number(config, 'credentialsPerDevice'),
    securedNames: number(config, 'securedNames'),
    sessionLifetime: seconds(number(config, 'dtlsSessionLifetime')),
    trustAnchors: number(config, 'trustAnchors'),
    serverCredentials: number(config, 'serverCredentials'),
    endpointNameBytes: number(config, 'endpointNameBytes'),
    operationDeadline: seconds(number(config, 'operationDeadline')),
    maxDeadline: seconds(number(config, 'operationDeadlineMax')),
    queuePerDevice: number(config, 'operationQueue'),
    queueTotal: number(config, 'operationQueueTotal'),
    observationsPerDevice: number(config, 'observationsPerDevice'),
    attributesPerDevice: number(config, 'attributesPerDevice'),
    readAfterRegistration: config.readAfterRegistration,
    events: number(config, 'eventsKept'),
    deviceTimes: { past: number(config, 'deviceTimePast'), future: number(config, 'deviceTimeFuture') },
    definitions: definitionLimits(config),
  };
}

function freshnessOf(config: Config): Freshness | undefined {
  const age = number(config, 'coapFreshness');
  return age === 0 ? undefined : new Freshness(age);
}

function definitionLimits(config: Config): DefinitionLimits {
  return {
    bytes: number(config, 'definitionBytes'),
    depth: number(config, 'definitionDepth'),
    elements: number(config, 'definitionElements'),
  };
}

function readLimits(config: Config): ReadLimits {
  return {
    formats: {
      payloadBytes: number(config, 'formatPayloadBytes'),
      records: number(config, 'formatRecords'),
      nameCharacters: number(config, 'formatNameCharacters'),
      depth: number(config, 'formatDepth'),
      cborItems: number(config, 'formatCborItems'),
    },
    links: {
      length: number(config, 'linkBytes'),
      links: number(config, 'linkCount'),
      attributes: number(config, 'linkAttributes'),
    },
  };
}

function number(config: Config, key: string): number {
  const value = config.numbers[key];
  if (value === undefined) throw new AppError('bad_configuration', `no setting ${key}`);
  return value;
}

const WHY_NOT_OPEN: Readonly<Record<string, string>> = {
  EADDRINUSE: 'is in use by another program',
  EADDRNOTAVAIL: 'is not an address of this machine',
  EACCES: 'needs more rights than this process has',
  ENOTFOUND: 'is a name that cannot be resolved',
};
/**
 * How long requests of people and programs that are under way may take to end when the server stops, and after them
 * operations on devices: together well below the 10 s after which a supervisor, or `serve` itself, ends the process.
 */
const DRAIN_GRACE = Milliseconds(4000);
const OPERATION_GRACE = Milliseconds(3000);
