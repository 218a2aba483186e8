/** What a caller asks, as a request to a device: paths and values read, against the definitions that hold for the device. */

import { AppError } from '#base';
import {
  ATTRIBUTE_NAMES,
  encodeArguments,
  expectedRefusal,
  isWithin,
  levelOf,
  nodeFromJson,
  samePath,
  showPath,
  tryParsePath,
} from '#lwm2m/model';
import type {
  AttributeName,
  Attributes,
  CompositeEntry,
  DeviceRequest,
  JsonValue,
  Level,
  ModelView,
  Node,
  Path,
  PlacedNode,
  RegisteredModel,
} from '#lwm2m/model';
import type { Permission } from '../access/guard.js';
import type { OperationKind, OperationRequest } from '../model/index.js';

/**
 * The request to send. What a device may refuse is not judged, only what cannot be said. Throws AppError `invalid_path`,
 * `invalid_value`, `invalid_arguments`, `invalid_attributes`.
 */
export function requestFrom(request: OperationRequest, model: ModelView): DeviceRequest {
  if (request.kind === 'readComposite') {
    const { paths, ...rest } = request;
    return { ...rest, paths: readPaths(paths, COMPOSITE_LEVELS) };
  }
  if (request.kind === 'writeComposite') {
    const { value, ...rest } = request;
    return { ...rest, entries: readEntries(value, model) };
  }
  const path = readPath(request.path, KINDS[request.kind].levels);
  switch (request.kind) {
    case 'read':
      return request.format === undefined ? { kind: 'read', path } : { kind: 'read', path, format: request.format };
    case 'execute':
      if (request.arguments !== undefined) encodeArguments(request.arguments);
      return { ...request, path };
    case 'discover':
    case 'delete':
      return { ...request, path };
    case 'write': {
      const { value, ...rest } = request;
      return { ...rest, path, node: readValue(path, value, model) };
    }
    case 'create': {
      const { value, ...rest } = request;
      // The new instance's id may be the device's to choose: any stands in for it, only the object and resources matter.
      const node = readValue([...path, request.instance ?? 0], value, model);
      if (node.kind !== 'instance') throw new AppError('invalid_value', 'a created instance has values by resource id');
      return { ...rest, path, node };
    }
    case 'writeAttributes':
      return { ...request, path, attributes: readAttributes(request.attributes) };
  }
}

/** What a composite write does, path by path. Throws AppError `invalid_path`, `invalid_value`. */
function readEntries(value: Readonly<Record<string, JsonValue>>, model: ModelView): CompositeEntry[] {
  const entries: CompositeEntry[] = [];
  for (const [text, json] of Object.entries(value)) {
    const pointer = `/value/${text.replaceAll('~', '~0').replaceAll('/', '~1')}`;
    const path = readPath(text, DATA_LEVELS, pointer);
    const other = entries.find((entry) => isWithin(path, entry.path) || isWithin(entry.path, path));
    if (other !== undefined) {
      const detail = `${text} and ${showPath(other.path)} overlap: one of them is within the other`;
      throw new AppError('invalid_path', detail, { faults: [{ pointer, detail }] });
    }
    if (json !== null) entries.push({ path, node: readValue(path, json, model, pointer) });
    else if (path.length === 4) entries.push({ path, node: 'removed' });
    else {
      const detail = `null removes a resource instance, such as /3/0/6/1; ${text} is none`;
      throw new AppError('invalid_value', detail, { faults: [{ pointer, detail }] });
    }
  }
  if (entries.length > 0) return entries;
  const detail = 'no value is given: expected values by path, such as {"/1/0/1":60}';
  throw new AppError('invalid_value', detail, { faults: [{ pointer: '/value', detail }] });
}

/** `nodeFromJson`, its faults pointing into the request, where the value stands at `at`. */
function readValue(path: Path, value: JsonValue, model: ModelView, at = '/value'): Node {
  try {
    return nodeFromJson(path, value, model);
  } catch (error) {
    if (!(error instanceof AppError)) throw error;
    const faults = error.faults.map(({ pointer, detail }) => ({ pointer: `${at}${pointer}`, detail }));
    throw new AppError(error.code, error.message, { faults });
  }
}

/** Throws AppError(`would_be_refused`) when a device that follows the standard will refuse the request. */
export function refuseBeforehand(request: DeviceRequest, device: RegisteredModel): void {
  const expected = expectedRefusal(request, device);
  if (expected === undefined) return;
  const detail = `the device would answer ${expected.code}: ${expected.detail}`;
  throw new AppError('would_be_refused', detail, { details: { coapCode: expected.code } });
}

/** What a successful request says of the device's values, beyond what the answer holds. */
export function writtenNodes(request: DeviceRequest, created: Path | undefined): readonly PlacedNode[] {
  if (request.kind === 'write') return [{ path: request.path, node: request.node }];
  if (request.kind === 'writeComposite') return request.entries.filter((entry) => entry.node !== 'removed');
  if (request.kind !== 'create') return [];
  const path = created ?? (request.instance === undefined ? undefined : [...request.path, request.instance]);
  return path?.length === 2 ? [{ path, node: request.node }] : [];
}

/** The permission that an operation needs. */
export function permissionFor(kind: OperationKind): Permission {
  return KINDS[kind].permission;
}

/** Reads a path that must be of one of `levels` and stands at `pointer`. Throws AppError(`invalid_path`). */
export function readPath(text: string, levels: readonly Level[], pointer = '/path'): Path {
  const path = tryParsePath(text);
  if (path !== undefined && levels.includes(levelOf(path))) return path;
  const detail = `"${text}" is not the path of ${levels.map((level) => LEVEL_NAMES[level]).join(' or ')}, such as ${
    EXAMPLES[levels[levels.length - 1] as Level]
  }`;
  throw new AppError('invalid_path', detail, { faults: [{ pointer, detail }] });
}

/** Reads one or more paths of any of `levels`, the list standing at `/paths`; none twice. Throws AppError(`invalid_path`). */
export function readPaths(texts: readonly string[], levels: readonly Level[] = DATA_LEVELS): readonly Path[] {
  const paths: Path[] = [];
  for (const [index, text] of texts.entries()) {
    const pointer = `/paths/${index}`;
    const path = readPath(text, levels, pointer);
    if (paths.some((other) => samePath(other, path))) {
      const detail = `${text} is given twice`;
      throw new AppError('invalid_path', detail, { faults: [{ pointer, detail }] });
    }
    paths.push(path);
  }
  if (paths.length > 0) return paths;
  const detail = 'at least one path is needed';
  throw new AppError('invalid_path', detail, { faults: [{ pointer: '/paths', detail }] });
}

/**
 * Attributes as asked for, standing at `pointer`: null removes one. Refused is what the grammar of their values (LwM2M-Core 1.2.1 §5.1.2, §7.3.2)
 * cannot say: all but gt and lt are never negative, and those that count or switch are integers. Throws
 * AppError(`invalid_attributes`).
 */
export function readAttributes(
  attributes: Readonly<Record<string, number | null>>,
  pointer = '/attributes',
): Attributes {
  const read: Partial<Record<AttributeName, number | 'unset'>> = {};
  for (const [name, value] of Object.entries(attributes)) {
    const known = ATTRIBUTE_NAMES.find((candidate) => candidate === name);
    const wrong = known === undefined ? `must be one of ${ATTRIBUTE_NAMES.join(', ')}` : faultOf(known, value);
    if (known === undefined || wrong !== undefined) {
      const detail = `"${name}" ${wrong ?? ''}, or null to remove it`;
      throw new AppError('invalid_attributes', detail, { faults: [{ pointer: `${pointer}/${name}`, detail }] });
    }
    read[known] = value ?? 'unset';
  }
  return read;
}

function faultOf(name: AttributeName, value: number | null): string | undefined {
  if (value === null) return undefined;
  if (!Number.isFinite(value)) return 'must be a number';
  if (name === 'gt' || name === 'lt') return undefined;
  if (name === 'st') return value < 0 ? 'must be a number from 0' : undefined;
  return Number.isSafeInteger(value) && value >= 0 ? undefined : 'must be an integer from 0';
}

/** Every level that has a path of one to four ids. */
export const DATA_LEVELS: readonly Level[] = ['object', 'instance', 'resource', 'resourceInstance'];

/** A composite read may name the root, which stands for everything. */
const COMPOSITE_LEVELS: readonly Level[] = ['root', ...DATA_LEVELS];

/** Per kind: what its path may point at in any version, and the permission it needs. */
const KINDS: Readonly<Record<OperationKind, { readonly levels: readonly Level[]; readonly permission: Permission }>> = {
  read: { levels: DATA_LEVELS, permission: 'operation:read' },
  discover: { levels: DATA_LEVELS, permission: 'operation:read' },
  write: { levels: ['instance', 'resource', 'resourceInstance'], permission: 'operation:write' },
  writeAttributes: { levels: DATA_LEVELS, permission: 'operation:write' },
  execute: { levels: ['resource'], permission: 'operation:write' },
  create: { levels: ['object'], permission: 'operation:write' },
  delete: { levels: ['instance', 'resourceInstance'], permission: 'operation:write' },
  readComposite: { levels: COMPOSITE_LEVELS, permission: 'operation:read' },
  writeComposite: { levels: DATA_LEVELS, permission: 'operation:write' },
};

const LEVEL_NAMES: Readonly<Record<Level, string>> = {
  root: 'everything',
  object: 'an object',
  instance: 'an object instance',
  resource: 'a resource',
  resourceInstance: 'a resource instance',
};
const EXAMPLES: Readonly<Record<Level, string>> = {
  root: '/',
  object: '/3',
  instance: '/3/0',
  resource: '/3/0/0',
  resourceInstance: '/3/0/6/1',
};
