/** What a caller asks, as a request to a device: paths and values read, against the definitions that hold for the device. */

import { AppError } from '#base';
import { ATTRIBUTE_NAMES, encodeArguments, levelOf, nodeFromJson, tryParsePath } from '#lwm2m/model';
import type {
  AttributeName,
  Attributes,
  DeviceRequest,
  JsonValue,
  Level,
  ModelView,
  Node,
  Path,
  PlacedNode,
} from '#lwm2m/model';
import type { Permission } from '../access/guard.js';
import type { OperationKind, OperationRequest } from '../model/index.js';

/**
 * The request to send. What a device may refuse is not judged, only what cannot be said. Throws AppError `invalid_path`,
 * `invalid_value`, `invalid_arguments`, `invalid_attributes`.
 */
export function requestFrom(request: OperationRequest, model: ModelView): DeviceRequest {
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

/** `nodeFromJson`, its faults pointing into the request, whose member `value` it is. */
function readValue(path: Path, value: JsonValue, model: ModelView): Node {
  try {
    return nodeFromJson(path, value, model);
  } catch (error) {
    if (!(error instanceof AppError)) throw error;
    const faults = error.faults.map(({ pointer, detail }) => ({ pointer: `/value${pointer}`, detail }));
    throw new AppError(error.code, error.message, { faults });
  }
}

/** What a successful request says of the device's values, beyond what the answer holds. */
export function writtenNodes(request: DeviceRequest, created: Path | undefined): readonly PlacedNode[] {
  if (request.kind === 'write') return [{ path: request.path, node: request.node }];
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

/**
 * Attributes as asked for: null removes one. Refused is what the grammar of their values (LwM2M-Core 1.2.1 §5.1.2, §7.3.2)
 * cannot say: all but gt and lt are never negative, and those that count or switch are integers. Throws
 * AppError(`invalid_attributes`).
 */
export function readAttributes(attributes: Readonly<Record<string, number | null>>): Attributes {
  const read: Partial<Record<AttributeName, number | 'unset'>> = {};
  for (const [name, value] of Object.entries(attributes)) {
    const known = ATTRIBUTE_NAMES.find((candidate) => candidate === name);
    const wrong = known === undefined ? `must be one of ${ATTRIBUTE_NAMES.join(', ')}` : faultOf(known, value);
    if (known === undefined || wrong !== undefined) {
      const detail = `"${name}" ${wrong ?? ''}, or null to remove it`;
      throw new AppError('invalid_attributes', detail, { faults: [{ pointer: `/attributes/${name}`, detail }] });
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

/** Per kind: what its path may point at in any version, and the permission it needs. */
const KINDS: Readonly<Record<OperationKind, { readonly levels: readonly Level[]; readonly permission: Permission }>> = {
  read: { levels: DATA_LEVELS, permission: 'operation:read' },
  discover: { levels: DATA_LEVELS, permission: 'operation:read' },
  write: { levels: ['instance', 'resource', 'resourceInstance'], permission: 'operation:write' },
  writeAttributes: { levels: DATA_LEVELS, permission: 'operation:write' },
  execute: { levels: ['resource'], permission: 'operation:write' },
  create: { levels: ['object'], permission: 'operation:write' },
  delete: { levels: ['instance', 'resourceInstance'], permission: 'operation:write' },
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
