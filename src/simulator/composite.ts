/**
 * Read-Composite and Write-Composite, and the values of Observe-Composite (LwM2M-Core 1.1.1 §6.3.8 to §6.3.10; 1.2 with
 * SenML-ETCH, RFC 8790): several paths of any objects in one request. A read takes what is there and leaves out the rest, a
 * write is all or nothing.
 */

import { Code, OptionNumber, uintOption } from '#coap/codec';
import { decodeComposite, decodePaths, encodeComposite } from '#lwm2m/formats';
import { FORMATS, isWithin, samePath } from '#lwm2m/model';
import type { EnablerVersion, InstanceNode, Path, PlacedNode } from '#lwm2m/model';

import { RequestFault, badRequest, encoding, refusing } from './refusal.js';
import type { ObjectTree } from './objects.js';
import type { Content } from './reading.js';
import { partialWrite, removal } from './writing.js';
import type { Payload } from './writing.js';

/**
 * The paths that a Read- or Observe-Composite lists, the root as all objects. Throws RequestFault: 4.00 for what is no list or an
 * empty one, 4.01 for objects no server may see, 4.13, 4.15.
 */
export function pathsIn(tree: ObjectTree, { format, bytes }: Payload): readonly Path[] {
  const number = checkFormat(format, BODY_FORMATS[tree.kind.lwm2m]);
  const listed = refusing(() => decodePaths(number, bytes));
  if (listed.length === 0) throw badRequest('the list of paths is empty');
  for (const path of listed) checkVisible(path);
  return listed.flatMap((path) => (path.length === 0 ? [...tree.kind.objects.keys()].map((id) => [id]) : [path]));
}

/** What can be read at the paths, each value once: a path that lies in another one is part of that one. */
export function readableNodes(tree: ObjectTree, paths: readonly Path[]): readonly PlacedNode[] {
  const outermost = paths.filter(
    (path, index) =>
      !paths.some((other, at) => (samePath(path, other) ? at < index : isWithin(path, other)) && at !== index),
  );
  return outermost.flatMap((path) => {
    const node = isReadable(tree, path) ? tree.node(path) : undefined;
    return node === undefined ? [] : [{ path, node }];
  });
}

/**
 * The format of an answer and of notifications: what was asked for, else plain SenML of the family that the request's body is of.
 * Throws RequestFault 4.06 for a format that carries no several paths.
 */
export function answerFormat(tree: ObjectTree, accept: number | undefined, body: number | undefined): number {
  const json = body === FORMATS['senml-json'] || body === FORMATS['senml-etch-json'];
  const format = accept ?? FORMATS[json ? 'senml-json' : 'senml-cbor'];
  if (ANSWER_FORMATS[tree.kind.lwm2m].has(format)) return format;
  throw new RequestFault(Code.NOT_ACCEPTABLE, `content format ${format} carries no several paths here`);
}

/** Nodes at several paths as an answer or notification. Throws RequestFault 4.06 for what the format cannot carry. */
export function compositeContent(nodes: readonly PlacedNode[], format: number): Content {
  const payload = encoding(() => encodeComposite(format, nodes));
  return { code: Code.CONTENT, options: [uintOption(OptionNumber.CONTENT_FORMAT, format)], payload };
}

/**
 * Carries out a Write-Composite; gives what it changed. Everything is judged before anything is changed. Throws RequestFault as a
 * partial Write does, and 4.00 for a removal in a format that has none.
 */
export function writeComposite(tree: ObjectTree, { format, bytes }: Payload): readonly Path[] {
  const number = checkFormat(format, BODY_FORMATS[tree.kind.lwm2m]);
  const { nodes, removed } = refusing(() => decodeComposite(number, bytes, tree.kind.model));
  if (nodes.length + removed.length === 0) throw badRequest('no value is given');
  if (removed.length > 0 && !REMOVING.has(number)) throw badRequest(`content format ${number} cannot remove anything`);
  const writes = instancesOf(nodes).map(({ path, node }) => ({
    path,
    write: partialWrite(tree, path, node.resources),
  }));
  const removals = removed.map((path) => {
    checkVisible(path);
    return { path, write: removal(tree, path) };
  });
  for (const { write } of [...writes, ...removals]) write();
  return [...writes, ...removals].map(({ path }) => path);
}

/** The instances in what was decoded. */
function instancesOf(nodes: readonly PlacedNode[]): { readonly path: Path; readonly node: InstanceNode }[] {
  return nodes.flatMap(({ path, node, time }) => {
    if (time !== undefined) throw badRequest('values with a time of their own cannot be written');
    checkVisible(path);
    return node.kind === 'object'
      ? [...node.instances].map(([id, instance]) => ({ path: [...path, id], node: instance }))
      : [];
  });
}

function isReadable(tree: ObjectTree, [object, , resource]: Path): boolean {
  if (object === undefined || resource === undefined) return true;
  return tree.kind.objects.get(object)?.resources.get(resource)?.definition.operations.includes('R') === true;
}

function checkVisible([object]: Path): void {
  if (object === 0 || object === 21) throw new RequestFault(Code.UNAUTHORIZED, 'no server may see this object');
}

/** The format of a body. Throws RequestFault 4.00 without one (RFC 8132 §2.2), 4.15 for one that is not taken. */
function checkFormat(format: number | undefined, allowed: ReadonlySet<number>): number {
  if (format === undefined) throw badRequest('the payload has no Content-Format');
  if (allowed.has(format)) return format;
  throw new RequestFault(
    Code.UNSUPPORTED_CONTENT_FORMAT,
    `content format ${format} is not taken: send ${[...allowed].join(', ')}`,
  );
}

type ByVersion = Readonly<Record<EnablerVersion, ReadonlySet<number>>>;

const NONE: ReadonlySet<number> = new Set();
const SENML: readonly number[] = [FORMATS['senml-json'], FORMATS['senml-cbor']];
const ETCH: readonly number[] = [FORMATS['senml-etch-json'], FORMATS['senml-etch-cbor']];
const TREE = FORMATS['lwm2m-cbor'];
/** Formats of lists of paths and of values to write: from 1.2 on SenML-ETCH, beside the plain SenML of 1.1. */
const BODY_FORMATS: ByVersion = { '1.0': NONE, '1.1': new Set(SENML), '1.2': new Set([...ETCH, ...SENML, TREE]) };
/** Formats of answers and notifications. */
const ANSWER_FORMATS: ByVersion = { '1.0': NONE, '1.1': new Set(SENML), '1.2': new Set([...SENML, TREE]) };
/** Formats in which null removes a resource instance. */
const REMOVING: ReadonlySet<number> = new Set([...ETCH, TREE]);
