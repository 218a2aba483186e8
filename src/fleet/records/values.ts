/**
 * Last known values: what reads, notifications and writes say of a device's resources goes to the store, one change per
 * object instance, the newest of each resource staying. A value of one resource instance is joined with what is known of
 * its resource. Showing them is in value-view.ts.
 */

import { WallTime } from '#base';
import type { Clock } from '#base';
import { DEVICE_TIME_LIMITS, deviceTime, scalarToJson } from '#lwm2m/model';
import type {
  DeviceTimeLimits,
  JsonScalar,
  JsonValue,
  ModelView,
  Node,
  Path,
  PlacedNode,
  ResourceNode,
  Scalar,
} from '#lwm2m/model';
import type { Commits } from '../access/commits.js';
import type { DeviceId, InstanceValues, LastValue, NewEvent, NumberedEvent } from '../model/index.js';
import type { PastValue, ValueSource } from '../model/index.js';
import type { Writable } from '../devices/device.js';
import { Exclusive } from '../devices/exclusive.js';
import type { ValueOrigin, ValueRecorder } from '../devices/recorder.js';
import type { FleetStore } from '../ports/index.js';
import type { WeighedEvent } from './events.js';
import { instanceView } from './value-view.js';

/** Writes last values down. */
export class Values implements ValueRecorder {
  readonly counters = { values_recorded: 0, device_times_refused: 0 };
  readonly #commits: Commits;
  readonly #store: Pick<FleetStore, 'values'>;
  readonly #clock: Clock;
  readonly #times: DeviceTimeLimits;
  /** The latest moment given as receivedAt: it never goes back, or the store would take the older value for the newer. */
  #latest = WallTime(0);
  /** Joining a resource instance reads before it writes: one at a time per object instance. */
  readonly #joining = new Exclusive(256);

  constructor(
    commits: Commits,
    store: Pick<FleetStore, 'values'>,
    clock: Clock,
    times: DeviceTimeLimits = DEVICE_TIME_LIMITS,
  ) {
    this.#commits = commits;
    this.#store = store;
    this.#clock = clock;
    this.#times = times;
  }

  /** Goes on after a moment that was given before the restart. */
  resume(latest: WallTime): void {
    if (latest > this.#latest) this.#latest = latest;
  }

  /** Records nodes; resolves when all are durable. Rejects as `FleetStore`. */
  async record(origin: ValueOrigin, nodes: readonly PlacedNode[]): Promise<void> {
    this.resume(this.#clock.wall());
    const dated = nodes.some(({ time }) => time !== undefined) ? nodes.map((node) => this.#dated(node)) : nodes;
    const gathered = gather(dated, origin.source, this.#latest, origin.model);
    if (gathered.length === 1) return this.#commit(origin, gathered[0] as Gathered);
    await Promise.all(gathered.map((instance) => this.#commit(origin, instance)));
  }

  /** A node with the device's time as Unix time, and without it when it is beyond belief. */
  #dated({ path, node, time }: PlacedNode): PlacedNode {
    if (time === undefined) return { path, node };
    const moment = deviceTime(time, this.#latest / 1000, this.#times);
    if (moment !== undefined) return { path, node, time: moment };
    this.counters.device_times_refused += 1;
    return { path, node };
  }

  async #commit(origin: ValueOrigin, gathered: Gathered): Promise<void> {
    const { device } = origin;
    const { object, instance, partial } = gathered;
    const values = { device, object, instance, resources: gathered.resources };
    if (partial.size === 0) return this.#put(origin, values);
    await this.#joining.run(`${device}/${object}/${instance}`, async () => {
      const [known] = await this.#store.values(device, object, instance);
      return this.#put(origin, { ...values, resources: joined(gathered, known?.resources ?? {}) });
    });
  }

  async #put(origin: ValueOrigin, values: InstanceValues): Promise<void> {
    const { device, endpoint, actor } = origin;
    const event: NewEvent = { type: 'value.received', at: this.#clock.wall(), device, endpoint, data: NOTHING };
    await this.#commits.values(values, { actor, events: [event] }, (numbered) => {
      return new ValueEvent(numbered, origin, values);
    });
    this.counters.values_recorded += 1;
  }
}

/** What came of one object instance. */
interface Gathered {
  readonly object: number;
  readonly instance: number;
  readonly resources: Record<string, LastValue>;
  /** Resources of which only some instances came. */
  readonly partial: Set<string>;
}

/** Nodes by object instance, times in Unix seconds; of several values of a resource the latest is its value, the others its history. */
export function gather(
  nodes: readonly PlacedNode[],
  source: ValueSource,
  receivedAt: WallTime,
  model: ModelView,
): Gathered[] {
  const found: Gathered[] = [];
  const at = (object: number, instance: number): Gathered => {
    const known = found.find((other) => other.object === object && other.instance === instance);
    if (known !== undefined) return known;
    const fresh = { object, instance, resources: {}, partial: new Set<string>() };
    found.push(fresh);
    return fresh;
  };
  const resource = (path: Path, node: ResourceNode, time: number | undefined): void => {
    const [object, instance, id, resourceInstance] = path as [number, number, number, number?];
    const into = at(object, instance);
    const reportedAt = time === undefined ? undefined : WallTime(Math.round(time * 1000));
    const known = into.resources[id];
    const isInstance = resourceInstance !== undefined && node.kind === 'single';
    if (known !== undefined && (reportedAt ?? receivedAt) < (known.reportedAt ?? receivedAt)) {
      const content = isInstance ? instanceContent(node.value, resourceInstance) : contentOf(node, model, object, id);
      into.resources[id] = { ...known, history: withPast(known.history, content, reportedAt ?? receivedAt) };
      return;
    }
    const history = pastOf(known, reportedAt);
    if (isInstance) {
      const before = into.partial.has(String(id)) ? known?.values : {};
      const { type, values } = instanceContent(node.value, resourceInstance);
      into.resources[id] = lastValue(
        { type, values: { ...before, ...values } },
        receivedAt,
        source,
        reportedAt,
        history,
      );
      into.partial.add(String(id));
      return;
    }
    into.partial.delete(String(id));
    into.resources[id] = lastValue(contentOf(node, model, object, id), receivedAt, source, reportedAt, history);
  };
  for (const { path, node, time } of nodes) forEachResource(path, node, (place, value) => resource(place, value, time));
  return found;
}

type Content = Pick<LastValue, 'type' | 'value' | 'values'>;

/** Many of these are kept: all are made in the same order, so that they share their hidden class. */
function lastValue(
  content: Content,
  receivedAt: WallTime,
  source: ValueSource,
  reportedAt: WallTime | undefined,
  history: readonly PastValue[] | undefined,
): LastValue {
  const last: Writable<LastValue> = { type: content.type, receivedAt, source };
  if (content.value !== undefined) last.value = content.value;
  if (content.values !== undefined) last.values = content.values;
  if (reportedAt !== undefined) last.reportedAt = reportedAt;
  if (history !== undefined) last.history = history;
  return last;
}

/** What is past when a value with another time takes the place of `known`; values of one time are one value. */
function pastOf(known: LastValue | undefined, reportedAt: WallTime | undefined): readonly PastValue[] | undefined {
  if (known?.reportedAt === undefined || known.reportedAt === reportedAt) return known?.history;
  return withPast(known.history, known, known.reportedAt);
}

/** A history with one more value, the latest first; instances of a resource that were told of one time stand together. */
function withPast(
  history: readonly PastValue[] | undefined,
  { value, values }: Content,
  reportedAt: WallTime,
): readonly PastValue[] {
  const same = history?.find((past) => past.reportedAt === reportedAt);
  const all = values === undefined ? undefined : { ...same?.values, ...values };
  const past: PastValue = {
    ...(value !== undefined && { value }),
    ...(all !== undefined && { values: all }),
    reportedAt,
  };
  const others = (history ?? []).filter((other) => other !== same);
  return [...others, past].sort((left, right) => right.reportedAt - left.reportedAt);
}

/** The one instance of a resource that came. */
function instanceContent(scalar: Scalar, resourceInstance: number): Content & Required<Pick<Content, 'values'>> {
  return { type: scalar.type, values: { [resourceInstance]: scalarToJson(scalar) } };
}

/** Visits every resource (or the one resource instance) in a node. */
function forEachResource(path: Path, node: Node, visit: (path: Path, node: ResourceNode) => void): void {
  switch (node.kind) {
    case 'object':
      for (const [id, instance] of node.instances) forEachResource([...path, id], instance, visit);
      return;
    case 'instance':
      for (const [id, resource] of node.resources) visit([...path, id], resource);
      return;
    case 'single':
    case 'multiple':
      visit(path, node);
  }
}

function contentOf(node: ResourceNode, model: ModelView, object: number, resource: number): Content {
  if (node.kind === 'single') return { type: node.value.type, value: scalarToJson(node.value) };
  const values: Record<string, JsonScalar> = {};
  let first: Scalar | undefined;
  for (const [id, scalar] of node.values) {
    first ??= scalar;
    values[id] = scalarToJson(scalar);
  }
  const defined = model.resource(object, resource)?.type;
  return { type: first?.type ?? (defined === undefined || defined === 'none' ? 'string' : defined), values };
}

/** Resources with what was known of the other instances of those that came in part. */
function joined(gathered: Gathered, known: InstanceValues['resources']): InstanceValues['resources'] {
  const resources: Record<string, LastValue> = { ...gathered.resources };
  for (const id of gathered.partial) {
    const fresh = resources[id];
    const before = known[id]?.values;
    if (fresh !== undefined && before !== undefined)
      resources[id] = { ...fresh, values: { ...before, ...fresh.values } };
  }
  return resources;
}

/** A value.received as told; its data is made when somebody wants it. */
class ValueEvent implements WeighedEvent {
  readonly number: number;
  readonly type = 'value.received';
  readonly at: WallTime;
  readonly device: DeviceId;
  readonly endpoint: string;
  readonly characters: number;
  readonly #source: ValueSource;
  readonly #observation: string | undefined;
  readonly #model: ModelView;
  readonly #values: InstanceValues;

  constructor(event: NumberedEvent, origin: ValueOrigin, values: InstanceValues) {
    this.number = event.number;
    this.at = event.at;
    this.device = origin.device;
    this.endpoint = origin.endpoint;
    this.#source = origin.source;
    this.#observation = origin.observation;
    this.#model = origin.model;
    this.#values = values;
    this.characters = 256 + charactersOf(values);
  }

  get data(): NumberedEvent['data'] {
    const { path, resources } = instanceView(this.#values, this.#model);
    const observation = this.#observation === undefined ? {} : { observation: this.#observation };
    return { path, source: this.#source, ...observation, resources: { ...resources } };
  }
}

/** About how much text values hold: what is short counts for a round figure. */
function charactersOf({ resources }: InstanceValues): number {
  let characters = 0;
  for (const id in resources) {
    const { value, values, history = [] } = resources[id] as LastValue;
    characters += 128 + lengthOf(value) + contentCharacters(values);
    for (const past of history) characters += 64 + lengthOf(past.value) + contentCharacters(past.values);
  }
  return characters;
}

function contentCharacters(values: LastValue['values']): number {
  let characters = 0;
  for (const instance in values) characters += 64 + lengthOf(values[instance]);
  return characters;
}

function lengthOf(value: JsonValue | undefined): number {
  return typeof value === 'string' ? value.length : 0;
}

const NOTHING: NewEvent['data'] = Object.freeze({});
