/**
 * Nodes ↔ the JSON shapes of the API, the command line and the stored results. Written values are read against the model:
 * a scalar where the definition says the type, `{"type","value"}` anywhere, which a resource without definition needs.
 */

import { AppError, invariant } from '#base';
import type { InputFault } from '#base';
import type { ModelView, ResourceDefinition } from './definitions.js';
import { MAX_ID, showPath } from './path.js';
import type { Path } from './path.js';
import { scalarFromJson, scalarToJson } from './scalar-json.js';
import type { JsonScalar } from './scalar-json.js';
import { RESOURCE_TYPES } from './value.js';
import type { InstanceNode, Node, ResourceNode, ResourceType, Scalar } from './value.js';

/** Any JSON. */
export type JsonValue = null | boolean | number | string | readonly JsonValue[] | { readonly [key: string]: JsonValue };

/** A resource with one value, or a resource instance. `name` and `units` only when there is a definition. */
export interface JsonSingle {
  readonly path: string;
  readonly name?: string;
  readonly type: ResourceType;
  readonly units?: string;
  readonly value: JsonScalar;
}

/** A resource with instances, by id. `type` is absent only when there is neither a value nor a definition to say it. */
export interface JsonMultiple {
  readonly path: string;
  readonly name?: string;
  readonly type?: ResourceType;
  readonly units?: string;
  readonly values: Readonly<Record<string, JsonScalar>>;
}

/** An object instance: its resources by id. */
export interface JsonInstance {
  readonly path: string;
  readonly resources: Readonly<Record<string, JsonSingle | JsonMultiple>>;
}

/** An object: its instances by id. */
export interface JsonObject {
  readonly path: string;
  readonly instances: Readonly<Record<string, JsonInstance>>;
}

/** A node in the shape of the API. */
export type JsonNode = JsonSingle | JsonMultiple | JsonInstance | JsonObject;

/** The node that stands at `path` in the shape of the API. */
export function nodeToJson(path: Path, node: Node, model: ModelView): JsonNode {
  switch (node.kind) {
    case 'object': {
      const instances: Record<string, JsonInstance> = {};
      for (const [id, instance] of node.instances) instances[id] = instanceToJson([...path, id], instance, model);
      return { path: showPath(path), instances };
    }
    case 'instance':
      return instanceToJson(path, node, model);
    default:
      return resourceToJson(path, node, model);
  }
}

/**
 * Reads the value a caller wants written at `path`, which has one to four ids. The model's ranges, multiplicities and
 * operations are not checked: the device judges. Throws AppError(`invalid_value`) with a fault for every wrong place, its
 * pointer relative to the value.
 */
export function nodeFromJson(path: Path, json: unknown, model: ModelView): Node {
  invariant(path.length >= 1 && path.length <= 4, 'a written value stands at a path of one to four ids');
  const reading: Reading = { model, faults: [] };
  const node = readNode(reading, path, json, '');
  if (node !== undefined && reading.faults.length === 0) return node;
  const [first] = reading.faults;
  throw new AppError('invalid_value', `the value for ${showPath(path)} cannot be used: ${first?.detail ?? ''}`, {
    faults: reading.faults,
  });
}

function instanceToJson(path: Path, node: InstanceNode, model: ModelView): JsonInstance {
  const resources: Record<string, JsonSingle | JsonMultiple> = {};
  for (const [id, resource] of node.resources) resources[id] = resourceToJson([...path, id], resource, model);
  return { path: showPath(path), resources };
}

function resourceToJson(path: Path, node: ResourceNode, model: ModelView): JsonSingle | JsonMultiple {
  const definition = definitionAt(path, model);
  const head = { path: showPath(path), ...(definition !== undefined && { name: definition.name }) };
  const units = definition?.units === undefined ? {} : { units: definition.units };
  if (node.kind === 'single') {
    return { ...head, type: node.value.type, ...units, value: scalarToJson(node.value) };
  }
  const values: Record<string, JsonScalar> = {};
  let type = typeOf(definition);
  for (const [id, scalar] of node.values) {
    values[id] = scalarToJson(scalar);
    type = scalar.type;
  }
  return { ...head, ...(type !== undefined && { type }), ...units, values };
}

interface Reading {
  readonly model: ModelView;
  readonly faults: InputFault[];
}

function readNode(reading: Reading, path: Path, json: unknown, pointer: string): Node | undefined {
  switch (path.length) {
    case 1: {
      const instances = readChildren(reading, path, json, pointer, 'object instance', readInstance);
      return instances && { kind: 'object', instances };
    }
    case 2:
      return readInstance(reading, path, json, pointer);
    case 3:
      return readResource(reading, path, json, pointer);
    default: {
      const value = readScalar(reading, path, json, pointer);
      return value && { kind: 'single', value };
    }
  }
}

function readInstance(reading: Reading, path: Path, json: unknown, pointer: string): InstanceNode | undefined {
  const resources = readChildren(reading, path, json, pointer, 'resource', readResource);
  return resources && { kind: 'instance', resources };
}

/** A scalar, `{"type","value"}` around a scalar or around values by id, or values by resource instance id. */
function readResource(reading: Reading, path: Path, json: unknown, pointer: string): ResourceNode | undefined {
  const typed = isRecord(json) && Object.hasOwn(json, 'type') ? json : undefined;
  if (typed !== undefined && isRecord(typed['value'])) {
    const type = readType(reading, typed, pointer);
    if (type === undefined) return undefined;
    const readValue: ReadChild<Scalar> = (inner, _path, child, at) => readScalarOf(inner, type, child, at);
    return multiple(readChildren(reading, path, typed['value'], `${pointer}/value`, 'resource instance', readValue));
  }
  if (typed === undefined && isRecord(json)) {
    const { multiple: many } = definitionAt(path, reading.model) ?? { multiple: 'multiple' };
    if (many === 'single' && Object.keys(json).length === 0) {
      refuse(reading, pointer, `${showPath(path)} has one value: none is given`);
      return undefined;
    }
    return multiple(readChildren(reading, path, json, pointer, 'resource instance', readScalar));
  }
  const value = readScalar(reading, path, json, pointer);
  return value && { kind: 'single', value };
}

function multiple(values: Map<number, Scalar> | undefined): ResourceNode | undefined {
  if (values === undefined) return undefined;
  return { kind: 'multiple', values };
}

function readScalar(reading: Reading, path: Path, json: unknown, pointer: string): Scalar | undefined {
  if (isRecord(json)) {
    const type = readType(reading, json, pointer);
    return type && readScalarOf(reading, type, json['value'], `${pointer}/value`);
  }
  const type = typeOf(definitionAt(path, reading.model));
  if (type !== undefined) return readScalarOf(reading, type, json, pointer);
  refuse(reading, pointer, `no definition says the type of ${showPath(path.slice(0, 3))}: give {"type","value"}`);
  return undefined;
}

function readScalarOf(reading: Reading, type: ResourceType, json: unknown, pointer: string): Scalar | undefined {
  const result = scalarFromJson(type, json);
  if (!('fault' in result)) return result;
  refuse(reading, pointer, result.fault);
  return undefined;
}

/** The type of `{"type","value"}`, which may have these two members only. */
function readType(reading: Reading, json: JsonMembers, pointer: string): ResourceType | undefined {
  const type = RESOURCE_TYPES.find((known) => known === json['type']);
  const members = Object.keys(json);
  if (type !== undefined && members.length === 2 && Object.hasOwn(json, 'value')) return type;
  if (members.length === 2 && Object.hasOwn(json, 'type') && Object.hasOwn(json, 'value')) {
    refuse(reading, `${pointer}/type`, `unknown type: allowed are ${RESOURCE_TYPES.join(', ')}`);
  } else {
    refuse(reading, pointer, 'expected a value, or an object with the members "type" and "value" and no others');
  }
  return undefined;
}

type ReadChild<T> = (reading: Reading, path: Path, json: unknown, pointer: string) => T | undefined;

/** Members named by id, each read by `read`. */
function readChildren<T>(
  reading: Reading,
  path: Path,
  json: unknown,
  pointer: string,
  what: string,
  read: ReadChild<T>,
): Map<number, T> | undefined {
  if (!isRecord(json)) {
    refuse(reading, pointer, `expected an object with values by ${what} id`);
    return undefined;
  }
  const children = new Map<number, T>();
  for (const [name, member] of Object.entries(json)) {
    const at = `${pointer}/${escapePointer(name)}`;
    const id = ID.test(name) ? Number(name) : MAX_ID + 1;
    if (id > MAX_ID) {
      refuse(reading, at, `expected a ${what} id from 0 to ${MAX_ID}`);
      continue;
    }
    const child = read(reading, [...path, id], member, at);
    if (child !== undefined) children.set(id, child);
  }
  return children;
}

function refuse(reading: Reading, pointer: string, detail: string): void {
  if (reading.faults.length < MAX_FAULTS) reading.faults.push({ pointer, detail });
}

function definitionAt(path: Path, model: ModelView): ResourceDefinition | undefined {
  return model.resource(path[0] as number, path[2] as number);
}

/** The type a definition gives; none for an executable. */
function typeOf(definition: ResourceDefinition | undefined): ResourceType | undefined {
  return definition === undefined || definition.type === 'none' ? undefined : definition.type;
}

type JsonMembers = Readonly<Record<string, unknown>>;

function isRecord(json: unknown): json is JsonMembers {
  return typeof json === 'object' && json !== null && !Array.isArray(json);
}

/** RFC 6901 §3. */
function escapePointer(name: string): string {
  return name.replaceAll('~', '~0').replaceAll('/', '~1');
}

const ID = /^(0|[1-9]\d{0,4})$/;
/** More faults than this are not listed. */
const MAX_FAULTS = 50;
