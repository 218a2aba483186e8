/**
 * What devices of one kind have in common: enabler version, objects with their definitions and first values, content
 * formats, and the object list they register with (LwM2M-Core 1.1.1 §6.2.1, §7.2.2). Made once for a whole swarm.
 */

import { AppError } from '#base';
import { FORMATS, coreVersion, viewFor } from '#lwm2m/model';
import type {
  EnablerVersion,
  ModelView,
  ObjectCatalogue,
  ObjectDefinition,
  ResourceDefinition,
  ResourceNode,
} from '#lwm2m/model';

import { behaviourOf } from './behaviour.js';
import type { Behaviour } from './behaviour.js';
import { SUPPORTED, firstValue } from './generate.js';
import type { Settings } from './generate.js';

/** A resource as devices of this kind have it. */
export interface ResourceKind {
  readonly definition: ResourceDefinition;
  /** Its value in a fresh instance; undefined when it has none there. */
  readonly first: ResourceNode | undefined;
  /** Where its value comes from while nothing is written over it. */
  readonly behaviour: Behaviour | undefined;
}

/** An object as devices of this kind have it. */
export interface ObjectKind {
  readonly definition: ObjectDefinition;
  /** Version as registered or implied. */
  readonly version: string;
  /** Ids of its first instances, ascending. */
  readonly instances: readonly number[];
  /** By ascending id. */
  readonly resources: ReadonlyMap<number, ResourceKind>;
  /** Whether a server may create and delete instances. */
  readonly instancesAre: 'fixed' | 'free';
}

/** One kind of device. */
export interface DeviceKind {
  readonly lwm2m: EnablerVersion;
  /** By ascending id. */
  readonly objects: ReadonlyMap<number, ObjectKind>;
  readonly model: ModelView;
  /** Content formats of values that are read and written, by number. */
  readonly formats: ReadonlySet<number>;
  readonly settings: Settings;
}

/** What a kind is made from. */
export interface KindOptions extends Settings {
  readonly lwm2m: EnablerVersion;
  readonly catalogue: ObjectCatalogue;
  /** Ids of objects beside the ones every simulated device has. */
  readonly objects: readonly number[];
}

/**
 * Makes a kind. Throws AppError(`usage`) for an object without definition, and for objects a device cannot have here:
 * those that only a Bootstrap-Server sees.
 */
export function makeKind(options: KindOptions): DeviceKind {
  const { catalogue, lwm2m } = options;
  const ids = [...new Set([...STANDARD_OBJECTS, ...options.objects])].sort((left, right) => left - right);
  const objects = new Map(ids.map((id) => [id, makeObject(id, options)]));
  const model = viewFor(catalogue, (id) => objects.get(id)?.version);
  return { lwm2m, objects, model, formats: new Set(VALUE_FORMATS[lwm2m]), settings: options };
}

/**
 * The object list as payload of Register or Update, for the instances a device has now. Before 1.1 a version is quoted
 * (LwM2M-Core 1.0.2 §5.3.1).
 */
export function objectLinks(kind: DeviceKind, instancesOf: (object: number) => readonly number[]): string {
  const links = [`</>;rt="oma.lwm2m"${contentTypes(kind.lwm2m)}`];
  for (const [id, { version }] of kind.objects) {
    const instances = instancesOf(id);
    if (version !== coreVersion(kind.lwm2m, id)) {
      links.push(`</${id}>;ver=${kind.lwm2m === '1.0' ? `"${version}"` : version}`);
    } else if (instances.length === 0) links.push(`</${id}>`);
    for (const instance of instances) links.push(`</${id}/${instance}>`);
  }
  return links.join(',');
}

/** `ct` names what is beyond the formats of every device: text, opaque and link-format, in 1.0 TLV. */
function contentTypes(lwm2m: EnablerVersion): string {
  const beyond = VALUE_FORMATS[lwm2m].filter((format) => !MANDATORY_FORMATS[lwm2m].includes(format));
  return beyond.length === 1 ? `;ct=${beyond.join()}` : `;ct="${beyond.join(' ')}"`;
}

function makeObject(id: number, options: KindOptions): ObjectKind {
  if (HIDDEN_OBJECTS.has(id)) throw new AppError('usage', `object ${id} cannot be simulated: no server may see it`);
  const definition = definitionOf(id, options);
  const supported = SUPPORTED.get(id);
  const resources = new Map<number, ResourceKind>();
  for (const resource of definition.resources.values()) {
    if (resource.operations === '' || (supported !== undefined && !supported.includes(resource.id))) continue;
    resources.set(resource.id, {
      definition: resource,
      first: firstValue(definition, resource, options),
      behaviour: behaviourOf(definition, resource.id),
    });
  }
  const { version } = definition;
  const instancesAre = STANDARD_CORE.has(id) || definition.mandatory === 'mandatory' ? 'fixed' : 'free';
  return { definition, version, instances: [0], resources, instancesAre };
}

/** The version that goes with the enabler for its own objects, else the newest that is known. */
function definitionOf(id: number, { catalogue, lwm2m }: KindOptions): ObjectDefinition {
  const bundled = id <= LAST_CORE ? catalogue.find(id, coreVersion(lwm2m, id)) : undefined;
  const definition = bundled ?? catalogue.find(id, catalogue.versions(id)[0] ?? '');
  if (definition !== undefined) return definition;
  throw new AppError('usage', `object ${id} has no definition here: give the folder that holds it as well`);
}

const { text, opaque, tlv, cbor, json } = FORMATS;
const SENML = [FORMATS['senml-json'], FORMATS['senml-cbor']];
/** Formats of values: JSON is that of 1.0 alone, LwM2M CBOR is there from 1.2 on (LwM2M-Core 1.2 §7.5). */
const VALUE_FORMATS: Readonly<Record<EnablerVersion, readonly number[]>> = {
  '1.0': [text, opaque, tlv, json],
  '1.1': [text, opaque, cbor, ...SENML, tlv],
  '1.2': [text, opaque, cbor, ...SENML, tlv, FORMATS['lwm2m-cbor']],
};
const MANDATORY_FORMATS: Readonly<Record<EnablerVersion, readonly number[]>> = {
  '1.0': [text, opaque, tlv],
  '1.1': [text, opaque],
  '1.2': [text, opaque],
};
/** Objects every simulated device has. */
export const STANDARD_OBJECTS: readonly number[] = [1, 3, 4, 6, 7, 3303];
/** Those of them whose one instance stays. */
const STANDARD_CORE: ReadonlySet<number> = new Set([1, 3, 4, 6, 7]);
/** Security and OSCORE. */
const HIDDEN_OBJECTS: ReadonlySet<number> = new Set([0, 21]);
/** LwM2M's own objects have ids up to here. */
const LAST_CORE = 1_023;
