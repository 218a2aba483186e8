/**
 * Requests of the server as operations (LwM2M-Transport 1.1.1 §6.4.5, §6.4.6): which one it is by method, path, options
 * and payload; its answer; and what it means for the rest of the device. The one place where a fault becomes an answer.
 */

import { AppError, DecodeError, EMPTY, encodeUtf8 } from '#base';
import { Code, OptionNumber, stringOption } from '#coap/codec';
import type { Message } from '#coap/codec';
import { FORMATS, encodeArguments, showPath, tryParsePath } from '#lwm2m/model';
import type { Path, PlacedNode } from '#lwm2m/model';

import { applyChange, parseAttributes } from './attributes.js';
import type { AttributeSet, AttributeStore } from './attributes.js';
import { answerFormat, compositeContent, pathsIn, readableNodes, writeComposite } from './composite.js';
import { mayUpdate } from './firmware.js';
import { RequestFault, badRequest, notAllowed, notFound } from './refusal.js';
import type { ObjectTree } from './objects.js';
import type { ObservationTerms } from './observations.js';
import { checkThere, contentOf, discover, readableNode } from './reading.js';
import type { Content } from './reading.js';
import { create, remove, replace, textOf, update } from './writing.js';

/** What requests work on. */
export interface Subject {
  readonly tree: ObjectTree;
  readonly attributes: AttributeStore;
}

/** What a request means beyond its answer. */
export type Effect =
  | { readonly type: 'none' }
  | { readonly type: 'changed'; readonly paths: readonly Path[] }
  | { readonly type: 'created' | 'deleted'; readonly path: Path }
  | { readonly type: 'executed'; readonly path: Path }
  | { readonly type: 'attributes'; readonly path: Path }
  | { readonly type: 'observe'; readonly terms: ObservationTerms };

/** An answer and the effect of what was asked. */
export interface Handled {
  readonly answer: Content;
  readonly effect: Effect;
}

/** Carries out a request. Never throws what a server can bring about. */
export function handleRequest(subject: Subject, message: Message, body: Uint8Array): Handled {
  try {
    return carryOut(subject, message, body);
  } catch (error) {
    return { answer: refusalOf(error), effect: NONE };
  }
}

/** The answer that a fault deserves. Other errors are not the server's fault and go on. */
export function refusalOf(error: unknown): Content {
  if (error instanceof RequestFault) return refusal(error.code, error.message);
  if (error instanceof DecodeError) return refusal(Code.BAD_REQUEST, error.message);
  throw error;
}

/** What an observation's paths hold now. Throws RequestFault as a Read does. */
export function observedNodes(tree: ObjectTree, { type, paths }: ObservationTerms): readonly PlacedNode[] {
  const [path] = paths;
  if (type === 'one' && path !== undefined) return [{ path, node: readableNode(tree, path) }];
  return readableNodes(tree, paths);
}

/** Nodes of an observation as a notification. Throws RequestFault for what its format cannot carry. */
export function observedContent(tree: ObjectTree, terms: ObservationTerms, nodes: readonly PlacedNode[]): Content {
  const [first] = nodes;
  if (terms.type === 'one' && first !== undefined) return contentOf(tree, first.path, first.node, terms.format);
  return compositeContent(nodes, terms.format ?? FORMATS['senml-cbor']);
}

function carryOut(subject: Subject, message: Message, body: Uint8Array): Handled {
  const path = pathOf(message);
  if (path[0] === 0 || path[0] === 21) throw new RequestFault(Code.UNAUTHORIZED, 'no server may see this object');
  if (path.length === 0) return several(subject, message, body);
  switch (message.code) {
    case Code.GET:
      return get(subject, path, message);
    case Code.PUT:
      return put(subject, path, message, body);
    case Code.POST:
      return post(subject, path, message, body);
    case Code.DELETE:
      remove(subject.tree, path);
      return {
        answer: plain(Code.DELETED),
        effect: path.length === 2 ? { type: 'deleted', path } : { type: 'changed', paths: [path] },
      };
    default:
      throw notAllowed('the method is not known here: composite operations go to the root');
  }
}

/** Operations on the root: those on several paths, which LwM2M has from 1.1 on. */
function several(subject: Subject, message: Message, body: Uint8Array): Handled {
  const known = subject.tree.kind.lwm2m !== '1.0';
  if (known && message.code === Code.FETCH) return fetch(subject, message, body);
  if (!known || message.code !== Code.IPATCH) throw notAllowed('the root has no such operation');
  const paths = writeComposite(subject.tree, payloadOf(message, body));
  return { answer: plain(Code.CHANGED), effect: { type: 'changed', paths } };
}

/** A Read-Composite, or with Observe an Observe-Composite or its cancellation. */
function fetch({ tree }: Subject, message: Message, body: Uint8Array): Handled {
  const payload = payloadOf(message, body);
  const paths = pathsIn(tree, payload);
  const format = answerFormat(tree, message.uint(OptionNumber.ACCEPT), payload.format);
  const observe = message.uint(OptionNumber.OBSERVE);
  const own = ownAttributes(tree, message.strings(OptionNumber.URI_QUERY), observe, 'composite');
  const answer = compositeContent(readableNodes(tree, paths), format);
  const terms: ObservationTerms = { type: 'composite', paths, format, own };
  return { answer, effect: observe === 0 ? { type: 'observe', terms } : NONE };
}

function get({ tree, attributes }: Subject, path: Path, message: Message): Handled {
  const accept = message.uint(OptionNumber.ACCEPT);
  const query = message.strings(OptionNumber.URI_QUERY);
  if (accept === FORMATS.link) {
    return { answer: discover(tree, attributes, path, depthIn(query)), effect: NONE };
  }
  const observe = message.uint(OptionNumber.OBSERVE);
  const own = ownAttributes(tree, query, observe, path);
  const answer = contentOf(tree, path, readableNode(tree, path), accept);
  const terms: ObservationTerms = { type: 'one', paths: [path], format: accept, own };
  return { answer, effect: observe === 0 ? { type: 'observe', terms } : NONE };
}

/** A PUT with content is a Write, one with nothing but a query a Write-Attributes. */
function put({ tree, attributes }: Subject, path: Path, message: Message, body: Uint8Array): Handled {
  if (message.has(OptionNumber.CONTENT_FORMAT) || body.length > 0) {
    replace(tree, path, payloadOf(message, body));
    return { answer: plain(Code.CHANGED), effect: { type: 'changed', paths: [path] } };
  }
  const query = message.strings(OptionNumber.URI_QUERY);
  if (query.length === 0) throw badRequest('neither a value nor attributes are given');
  checkThere(tree, path);
  const change = parseAttributes(query, { lwm2m: tree.kind.lwm2m, path, type: typeAt(tree, path) });
  attributes.set(path, applyChange(attributes.own(path), change));
  return { answer: plain(Code.CHANGED), effect: { type: 'attributes', path } };
}

/** A POST is a Create on an object, an update on an instance, an Execute on a resource. */
function post({ tree }: Subject, path: Path, message: Message, body: Uint8Array): Handled {
  const payload = payloadOf(message, body);
  if (path.length === 1) {
    const made = create(tree, path[0] as number, payload);
    const options =
      made.chosen === 'here' ? made.path.map((id) => stringOption(OptionNumber.LOCATION_PATH, String(id))) : [];
    return { answer: { code: Code.CREATED, options, payload: EMPTY }, effect: { type: 'created', path: made.path } };
  }
  if (path.length === 2 || isPartialWrite(tree, path, payload.format)) {
    if (payload.format === undefined) throw badRequest('the payload has no Content-Format');
    update(tree, path, payload);
    return { answer: plain(Code.CHANGED), effect: { type: 'changed', paths: [path] } };
  }
  execute(tree, path, payload);
  return { answer: plain(Code.CHANGED), effect: { type: 'executed', path } };
}

function execute(tree: ObjectTree, path: Path, payload: { format: number | undefined; bytes: Uint8Array }): void {
  checkThere(tree, path);
  const [object, , resource] = path as [number, number, number];
  const operations = tree.kind.objects.get(object)?.resources.get(resource)?.definition.operations;
  if (path.length !== 3 || operations !== 'E') throw notAllowed(`${showPath(path)} cannot be executed`);
  if (object === 5 && resource === 2 && !mayUpdate(tree)) throw notAllowed('no package has been downloaded');
  if (payload.format !== undefined && payload.format !== FORMATS.text) {
    throw new RequestFault(Code.UNSUPPORTED_CONTENT_FORMAT, 'arguments of Execute are text');
  }
  try {
    encodeArguments(textOf(payload.bytes));
  } catch (error) {
    throw error instanceof AppError ? badRequest(error.message) : error;
  }
}

/** From 1.2 a POST with content on a multiple resource adds to it. */
function isPartialWrite(tree: ObjectTree, path: Path, format: number | undefined): boolean {
  if (path.length !== 3 || format === undefined || tree.kind.lwm2m < '1.2') return false;
  const [object, , resource] = path as [number, number, number];
  return tree.kind.objects.get(object)?.resources.get(resource)?.definition.multiple === 'multiple';
}

/** Ids of the Uri-Path. Throws RequestFault 4.05 for a level that is skipped, 4.04 for what is no id. */
function pathOf(message: Message): Path {
  const segments = message.strings(OptionNumber.URI_PATH);
  if (segments.includes('')) throw notAllowed('a level of the path is missing');
  const path = tryParsePath(`/${segments.join('/')}`);
  if (path === undefined || path.length !== segments.length) throw notFound('there is nothing under this path');
  return path;
}

function depthIn(query: readonly string[]): number | undefined {
  const [first, ...more] = query;
  if (first === undefined) return undefined;
  const match = /^depth=([0-3])$/.exec(first);
  if (match === null || more.length > 0) throw badRequest('a Discover may have depth=0 to depth=3 and nothing else');
  return Number(match[1]);
}

/** Attributes of one observation, from 1.2 on; several paths have those that say when to tell, and how. */
function ownAttributes(
  tree: ObjectTree,
  query: readonly string[],
  observe: number | undefined,
  target: Path | 'composite',
): AttributeSet {
  if (query.length === 0) return NO_ATTRIBUTES;
  const { lwm2m } = tree.kind;
  if (observe === undefined || lwm2m < '1.2') throw badRequest('a query has no meaning here');
  // An object has just the attributes that go with several paths.
  const path = target === 'composite' ? SOME_OBJECT : target;
  const own = applyChange(NO_ATTRIBUTES, parseAttributes(query, { lwm2m, path, type: typeAt(tree, path) }));
  if (target === 'composite' && own.hqmax !== undefined) throw badRequest('hqmax does not go with several paths');
  return own;
}

function typeAt(tree: ObjectTree, [object, , resource]: Path): ReturnType<typeof resourceType> {
  return object === undefined || resource === undefined ? undefined : resourceType(tree, object, resource);
}

function resourceType(tree: ObjectTree, object: number, resource: number) {
  return tree.kind.objects.get(object)?.resources.get(resource)?.definition.type;
}

function payloadOf(message: Message, bytes: Uint8Array): { format: number | undefined; bytes: Uint8Array } {
  return { format: message.uint(OptionNumber.CONTENT_FORMAT), bytes };
}

function plain(code: number): Content {
  return { code, options: [], payload: EMPTY };
}

/** RFC 7252 §5.5.2: why, in words, as diagnostic payload. */
function refusal(code: number, why: string): Content {
  return { code, options: [], payload: encodeUtf8(why) };
}

const NONE: Effect = { type: 'none' };
const NO_ATTRIBUTES: AttributeSet = Object.freeze({});
const SOME_OBJECT: Path = [3];
