/**
 * What a device that follows the standard will refuse, told before anything is sent: by its version, the objects it registered,
 * and the definitions that are known (LwM2M-Core 1.1.1 §6.3, 1.2 §6.3, §7). What the definitions do not say is let pass.
 */

import { attributeFault } from './attribute-rules.js';
import type { ObjectDefinition, ResourceDefinition } from './definitions.js';
import type { Attributes, DeviceRequest, ObservationTerms } from './operation.js';
import { showPath } from './path.js';
import type { Path } from './path.js';
import type { DeviceDialect, ObjectList } from './registration.js';
import type { Node } from './value.js';

/** A device as its registration shows it. */
export interface RegisteredModel extends DeviceDialect {
  readonly list: ObjectList;
}

/** A refusal: the CoAP code such as `4.05`, and why, in a sentence. */
export interface ExpectedRefusal {
  readonly code: '4.00' | '4.01' | '4.04' | '4.05';
  readonly detail: string;
}

/** Why the device will refuse the request; undefined when nothing is known that speaks against it. */
export function expectedRefusal(request: DeviceRequest, device: RegisteredModel): ExpectedRefusal | undefined {
  switch (request.kind) {
    case 'read':
      return placeFault(request.path, device) ?? readFault(request.path, device);
    case 'discover':
      return placeFault(request.path, device) ?? discoverFault(request.path, request.depth, device);
    case 'write':
      return (
        placeFault(request.path, device) ??
        levelFault(request.path, request.mode, device) ??
        writeFault(request.path, request.node, device)
      );
    case 'writeAttributes':
      return placeFault(request.path, device) ?? attributesFault(request.path, request.attributes, device);
    case 'execute':
      return placeFault(request.path, device) ?? executeFault(request.path, device);
    case 'create':
      return hiddenFault(request.path) ?? createFault(request.path, request.instance, request.node, device);
    case 'delete':
      return placeFault(request.path, device) ?? deleteFault(request.path, device);
    case 'readComposite':
      return first(request.paths, (path) => hiddenFault(path));
    case 'writeComposite':
      return first(request.entries, ({ path, node }) => {
        const fault = placeFault(path, device);
        if (fault !== undefined) return fault;
        return node === 'removed' ? deleteFault(path, device) : writeFault(path, node, device);
      });
    case 'observe':
      return first(request.paths, (path) => observeFault(path, request, device));
    case 'cancelObserve':
      return undefined;
  }
}

function observeFault(
  path: Path,
  { paths, parameters }: ObservationTerms,
  device: RegisteredModel,
): ExpectedRefusal | undefined {
  // Of several paths those that are not there are left out, and may come later (LwM2M-Core 1.1.1 §6.4.4; OMA 308).
  const fault = paths.length > 1 ? hiddenFault(path) : (placeFault(path, device) ?? readFault(path, device));
  return fault ?? (parameters === undefined ? undefined : attributesFault(path, parameters, device));
}

function first<T>(all: readonly T[], judge: (one: T) => ExpectedRefusal | undefined): ExpectedRefusal | undefined {
  for (const one of all) {
    const fault = judge(one);
    if (fault !== undefined) return fault;
  }
  return undefined;
}

/** Security and OSCORE are for Bootstrap-Servers alone (LwM2M-Core 1.1.1 §6.3). */
function hiddenFault([object]: Path): ExpectedRefusal | undefined {
  return object === 0 || object === 21
    ? refusal('4.01', `object ${object} is not open to servers, only to a Bootstrap-Server`)
    : undefined;
}

/** Whether the device registered the object, and the instance, that a path leads into. */
function placeFault(path: Path, device: RegisteredModel): ExpectedRefusal | undefined {
  const hidden = hiddenFault(path);
  if (hidden !== undefined) return hidden;
  const [object, instance, resource] = path;
  const entry = device.list.objects.find(({ id }) => id === object);
  if (object === undefined || entry === undefined)
    return refusal('4.04', `the device did not register object ${object ?? ''}`);
  if (instance !== undefined && !entry.instances.includes(instance))
    return refusal('4.04', `the device did not register instance ${showPath([object, instance])}`);
  if (resource === undefined || device.model.object(object) === undefined) return undefined;
  const definition = device.model.resource(object, resource);
  if (definition === undefined) return refusal('4.04', `object ${object} has no resource ${resource}`);
  if (path.length < 4) return undefined;
  if (device.lwm2m === '1.0') return refusal('4.05', 'LwM2M 1.0 has no requests on resource instances');
  if (definition.multiple === 'single')
    return refusal('4.05', `${nameOf(path, definition)} has one value and no instances`);
  return undefined;
}

function readFault(path: Path, device: RegisteredModel): ExpectedRefusal | undefined {
  const definition = resourceAt(path, device);
  if (definition === undefined || definition.operations.includes('R')) return undefined;
  return refusal('4.05', `${nameOf(path, definition)} cannot be read: its operations are "${definition.operations}"`);
}

function discoverFault(path: Path, depth: number | undefined, device: RegisteredModel): ExpectedRefusal | undefined {
  if (path.length === 4) return refusal('4.05', 'a Discover goes down to resources, not to resource instances');
  if (depth !== undefined && device.lwm2m !== '1.2')
    return refusal('4.00', `a Discover has a depth from LwM2M 1.2 on; the device speaks ${device.lwm2m}`);
  return undefined;
}

/** Levels that a Write has in the device's version. */
function levelFault(path: Path, mode: 'replace' | 'update', { lwm2m }: RegisteredModel): ExpectedRefusal | undefined {
  if (path.length === 1) return refusal('4.05', 'a server writes to instances and resources, not to objects');
  if (mode === 'update' && path.length === 4 && lwm2m !== '1.2')
    return refusal('4.05', `a partial write of a resource instance is there from LwM2M 1.2 on`);
  return undefined;
}

function writeFault(path: Path, node: Node, device: RegisteredModel): ExpectedRefusal | undefined {
  switch (node.kind) {
    case 'object':
      return first([...node.instances], ([id, child]) => writeFault([...path, id], child, device));
    case 'instance':
      return first([...node.resources], ([id, child]) => writeFault([...path, id], child, device));
    default:
  }
  const definition = resourceAt(path, device);
  if (definition === undefined) {
    const [object = 0, , resource] = path;
    return device.model.object(object) === undefined
      ? undefined
      : refusal('4.04', `object ${object} has no resource ${resource ?? ''}`);
  }
  if (!definition.operations.includes('W'))
    return refusal(
      '4.05',
      `${nameOf(path, definition)} cannot be written: its operations are "${definition.operations}"`,
    );
  if (node.kind === 'multiple' && definition.multiple === 'single')
    return refusal('4.00', `${nameOf(path, definition)} has one value, several are given`);
  if (node.kind === 'single' && definition.multiple === 'multiple' && path.length === 3)
    return refusal('4.00', `${nameOf(path, definition)} has instances: give values by id, such as {"0":…}`);
  const values = node.kind === 'single' ? [node.value] : [...node.values.values()];
  return first(values, (scalar) => rangeFault(path, definition, scalar.value));
}

/** A registered range such as `0..255` of a number; what is written otherwise is free text. */
function rangeFault(path: Path, definition: ResourceDefinition, value: unknown): ExpectedRefusal | undefined {
  const match = /^(-?\d{1,20}(?:\.\d{1,20})?)\.\.(-?\d{1,20}(?:\.\d{1,20})?)$/.exec(definition.range ?? '');
  if (match === null) return undefined;
  const [low, high] = [Number(match[1]), Number(match[2])];
  const measured = typeof value === 'string' ? value.length : value;
  if (typeof measured !== 'number' && typeof measured !== 'bigint') return undefined;
  if (measured >= low && measured <= high) return undefined;
  const what = typeof value === 'string' ? `a text of ${String(measured)} characters` : String(measured);
  return refusal('4.00', `${nameOf(path, definition)} is in the range ${low}..${high}: ${what} is not`);
}

function attributesFault(path: Path, attributes: Attributes, device: RegisteredModel): ExpectedRefusal | undefined {
  const fault = attributeFault(attributes, path, resourceAt(path, device)?.type, device.lwm2m);
  return fault === undefined ? undefined : refusal('4.00', fault);
}

function executeFault(path: Path, device: RegisteredModel): ExpectedRefusal | undefined {
  const definition = resourceAt(path, device);
  if (definition === undefined || definition.operations === 'E') return undefined;
  return refusal(
    '4.05',
    `${nameOf(path, definition)} cannot be executed: its operations are "${definition.operations}"`,
  );
}

function createFault(
  path: Path,
  instance: number | undefined,
  node: Node,
  device: RegisteredModel,
): ExpectedRefusal | undefined {
  const [object = 0] = path;
  const entry = device.list.objects.find(({ id }) => id === object);
  if (entry === undefined) return refusal('4.04', `the device did not register object ${object}`);
  if (instance !== undefined && entry.instances.includes(instance))
    return refusal('4.00', `${showPath([object, instance])} is there already`);
  const definition = device.model.object(object);
  if (definition === undefined) return undefined;
  if (definition.multiple === 'single' && entry.instances.length > 0)
    return refusal('4.05', `object ${object} (${definition.name}) has one instance, and it is there`);
  return missingFault(definition, node) ?? writeFault([object, instance ?? 0], node, device);
}

/** A new instance needs what is mandatory and a server's to write. */
function missingFault(definition: ObjectDefinition, node: Node): ExpectedRefusal | undefined {
  if (node.kind !== 'instance') return undefined;
  for (const resource of definition.resources.values()) {
    if (resource.mandatory !== 'mandatory' || !resource.operations.includes('W')) continue;
    if (!node.resources.has(resource.id))
      return refusal('4.00', `resource ${resource.id} (${resource.name}) is mandatory and not given`);
  }
  return undefined;
}

function deleteFault(path: Path, device: RegisteredModel): ExpectedRefusal | undefined {
  const [object = 0] = path;
  if (path.length === 2) {
    const definition = device.model.object(object);
    const fixed = object === 3 || (definition?.mandatory === 'mandatory' && definition.multiple === 'single');
    return fixed ? refusal('4.05', `object ${object} must keep its instance`) : undefined;
  }
  if (path.length !== 4) return refusal('4.05', 'a delete names an instance or a resource instance');
  if (device.lwm2m !== '1.2') return refusal('4.05', 'a resource instance can be deleted from LwM2M 1.2 on');
  const definition = resourceAt(path, device);
  if (definition === undefined || definition.operations.includes('W')) return undefined;
  return refusal(
    '4.05',
    `${nameOf(path, definition)} cannot be written: its operations are "${definition.operations}"`,
  );
}

function resourceAt([object, , resource]: Path, { model }: RegisteredModel): ResourceDefinition | undefined {
  return object === undefined || resource === undefined ? undefined : model.resource(object, resource);
}

function nameOf(path: Path, { name }: ResourceDefinition): string {
  return `${showPath(path)} (${name})`;
}

function refusal(code: ExpectedRefusal['code'], detail: string): ExpectedRefusal {
  return { code, detail };
}
