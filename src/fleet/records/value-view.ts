/** Last known values in the shape of the API: the node that stands at a path, each resource in it with where it came from. */

import { rfc3339 } from '#base';
import type { JsonValue, ModelView, Path, ResourceType } from '#lwm2m/model';
import { showPath } from '#lwm2m/model';
import type { InstanceValues, LastValue, PastValue, ValueSource } from '../model/index.js';

/** A resource (or one instance of it) with its last known value. Type aliases, so that they are JSON values too. */
export type ResourceValueView = {
  readonly path: string;
  readonly name?: string;
  readonly type: ResourceType;
  readonly units?: string;
  readonly value?: JsonValue;
  readonly values?: Readonly<Record<string, JsonValue>>;
  readonly reportedAt?: string;
  readonly receivedAt: string;
  readonly source: ValueSource;
  /** What the device told in the same message with earlier times, the latest first. */
  readonly history?: readonly PastValueView[];
};

/** A value the device told late. */
export type PastValueView = {
  readonly value?: JsonValue;
  readonly values?: Readonly<Record<string, JsonValue>>;
  readonly reportedAt: string;
};

/** An object instance with what is known of its resources. */
export type InstanceValueView = {
  readonly path: string;
  readonly resources: Readonly<Record<string, ResourceValueView>>;
};

/** An object with what is known of its instances. */
export type ObjectValueView = {
  readonly path: string;
  readonly instances: Readonly<Record<string, InstanceValueView>>;
};

/** What is known at a path. */
export type ValueView = ResourceValueView | InstanceValueView | ObjectValueView;

/** What is known at `path`, from all instances that may matter; undefined when nothing is. */
export function valueView(path: Path, known: readonly InstanceValues[], model: ModelView): ValueView | undefined {
  const [object, instance, resource, resourceInstance] = path;
  const own = known.filter((values) => values.object === object && Object.keys(values.resources).length > 0);
  if (instance === undefined) {
    if (own.length === 0) return undefined;
    return {
      path: showPath(path),
      instances: Object.fromEntries(own.map((values) => [values.instance, instanceView(values, model)])),
    };
  }
  const values = own.find((other) => other.instance === instance);
  if (values === undefined) return undefined;
  if (resource === undefined) return instanceView(values, model);
  const last = values.resources[resource];
  if (last === undefined) return undefined;
  return resourceInstance === undefined
    ? resourceView(path, last, model)
    : resourceInstanceView(path, last, resourceInstance, model);
}

/** All that is known of one object instance. */
export function instanceView({ object, instance, resources }: InstanceValues, model: ModelView): InstanceValueView {
  const shown: Record<string, ResourceValueView> = {};
  for (const [id, last] of Object.entries(resources)) {
    shown[id] = resourceView([object, instance, Number(id)], last, model);
  }
  return { path: `/${object}/${instance}`, resources: shown };
}

function resourceInstanceView(
  path: Path,
  last: LastValue,
  resourceInstance: number,
  model: ModelView,
): ResourceValueView | undefined {
  const value = last.values?.[resourceInstance];
  if (value === undefined) return undefined;
  const { values: _values, history: _history, ...rest } = last;
  const history = last.history?.flatMap(({ values, reportedAt }) => {
    const past = values?.[resourceInstance];
    return past === undefined ? [] : [{ value: past, reportedAt }];
  });
  const told = history === undefined || history.length === 0 ? {} : { history };
  return resourceView(path, { ...rest, value, ...told }, model);
}

function resourceView(path: Path, last: LastValue, model: ModelView): ResourceValueView {
  const definition = model.resource(path[0] as number, path[2] as number);
  return {
    path: showPath(path),
    ...(definition !== undefined && { name: definition.name }),
    type: last.type,
    ...(definition?.units !== undefined && { units: definition.units }),
    ...(last.value !== undefined && { value: last.value }),
    ...(last.values !== undefined && { values: last.values }),
    ...(last.reportedAt !== undefined && { reportedAt: rfc3339(last.reportedAt) }),
    receivedAt: rfc3339(last.receivedAt),
    source: last.source,
    ...(last.history !== undefined && { history: last.history.map(pastView) }),
  };
}

function pastView({ value, values, reportedAt }: PastValue): PastValueView {
  return {
    ...(value !== undefined && { value }),
    ...(values !== undefined && { values }),
    reportedAt: rfc3339(reportedAt),
  };
}
