/** Requests and notifications of a device that has faults: which faults befall them, and what comes of it. */

import { AppError, EMPTY, encodeUtf8 } from '#base';
import { Code, OptionNumber, decodeUint, isSuccess, stringOption, uintOption } from '#coap/codec';
import type { Message, Option } from '#coap/codec';
import { codecFor, decodeComposite, decodePack, decodePaths, encodeComposite } from '#lwm2m/formats';
import { FORMATS, tryParsePath } from '#lwm2m/model';
import type { Path, PlacedNode } from '#lwm2m/model';

import { editBytes, editLinks, editNodes, isOfValues } from './edits.js';
import type { FaultOperation, Faults, Occasion } from './faults.js';
import type { ObjectTree } from './objects.js';
import type { ObservationTerms } from './observations.js';
import type { Content } from './reading.js';
import { handleRequest } from './requests.js';
import type { Effect, Handled, Subject as Parts } from './requests.js';

/** What a request asks for, as far as faults look at it. */
export function occasionOf(tree: ObjectTree, message: Message, body: Uint8Array): Occasion {
  const path = tryParsePath(`/${message.strings(OptionNumber.URI_PATH).join('/')}`) ?? [];
  const accept = message.uint(OptionNumber.ACCEPT);
  const contentFormat = message.uint(OptionNumber.CONTENT_FORMAT);
  const operation = operationOf(path, message, body);
  const isComposite = message.code === Code.FETCH || message.code === Code.IPATCH;
  return isComposite
    ? { operation, form: 'composite', paths: pathsOf(tree, contentFormat, body), accept, contentFormat }
    : { operation, form: 'one', paths: [path], accept, contentFormat };
}

/** What a notification tells, as far as faults look at it. */
function notificationOccasion({ type, paths, format }: ObservationTerms): Occasion {
  return { operation: 'notify', form: type, paths, accept: format, contentFormat: undefined };
}

/** Carries out a request in the way that the faults make of the right one. */
export function handleFaultyRequest(parts: Parts, faults: Faults, message: Message, body: Uint8Array): Handled {
  const occasion = occasionOf(parts.tree, message, body);
  const [wrong] = faults.take('answerCode', occasion);
  if (wrong !== undefined && !isSuccess(wrong.code)) return { answer: withCode(NOTHING, wrong.code), effect: NONE };
  const done = faults.take('noEffect', occasion).length > 0 ? DONE[occasion.operation] : undefined;
  const right: Handled =
    done === undefined ? handleRequest(parts, message, body) : { answer: { ...NOTHING, code: done }, effect: NONE };
  const answer = faultyContent(parts.tree, faults, occasion, right.answer);
  const unobserved = right.effect.type === 'observe' && faults.take('notObserved', occasion).length > 0;
  return {
    answer: wrong === undefined ? answer : withCode(answer, wrong.code),
    effect: unobserved ? NONE : right.effect,
  };
}

/** The notification that the faults make of the right one; undefined for none. */
export function faultyNotification(
  tree: ObjectTree,
  faults: Faults,
  terms: ObservationTerms,
  content: Content,
): Content | undefined {
  const occasion = notificationOccasion(terms);
  if (faults.take('silence', occasion).length > 0) return undefined;
  const [wrong] = faults.take('answerCode', occasion);
  const edited = faultyContent(tree, faults, occasion, content);
  return wrong === undefined ? edited : withCode(edited, wrong.code);
}

/** The content that the faults make of the right one. */
function faultyContent(tree: ObjectTree, faults: Faults, occasion: Occasion, content: Content): Content {
  const edits = faults.take('payload', occasion).map(({ edit }) => edit);
  const [as] = faults.take('answerFormat', occasion);
  let edited = content;
  if (content.code === Code.CONTENT && occasion.operation === 'discover') {
    edited = { ...content, payload: editLinks(content.payload, edits) };
  } else if (content.code === Code.CONTENT && (as !== undefined || edits.some(isOfValues))) {
    const nodes = editNodes(nodesOf(tree, occasion, content), edits);
    edited = encoded(tree, occasion, nodes, as?.format ?? formatOf(content));
  }
  edited = { ...edited, payload: editBytes(edited.payload, edits) };
  for (const { option, value } of faults.take('answerOption', occasion)) {
    edited = { ...edited, options: withOption(edited.options, option, value) };
  }
  return edited;
}

/** An answer with another code; what is an error, or was one, has no content. */
function withCode(content: Content, code: number): Content {
  if (!isSuccess(code)) return { code, options: [], payload: encodeUtf8('a fault that was asked for') };
  return isSuccess(content.code) ? { ...content, code } : { code, options: [], payload: EMPTY };
}

function operationOf(path: Path, message: Message, body: Uint8Array): FaultOperation {
  const observe = message.uint(OptionNumber.OBSERVE);
  switch (message.code) {
    case Code.FETCH:
      if (observe === 1) return 'cancelObserve';
      return observe === 0 ? 'observeComposite' : 'readComposite';
    case Code.IPATCH:
      return 'writeComposite';
    case Code.PUT:
      return message.has(OptionNumber.CONTENT_FORMAT) || body.length > 0 ? 'write' : 'writeAttributes';
    case Code.POST:
      if (path.length === 1) return 'create';
      // Arguments of an Execute are text, or nothing; any other content on a resource is a partial Write.
      return path.length === 3 && (message.uint(OptionNumber.CONTENT_FORMAT) ?? FORMATS.text) === FORMATS.text
        ? 'execute'
        : 'write';
    case Code.DELETE:
      return 'delete';
    default:
      if (message.uint(OptionNumber.ACCEPT) === FORMATS.link) return 'discover';
      if (observe === 1) return 'cancelObserve';
      return observe === 0 ? 'observe' : 'read';
  }
}

/** The paths in a composite body; none when it cannot be read. */
function pathsOf(tree: ObjectTree, format: number | undefined, body: Uint8Array): readonly Path[] {
  if (format === undefined) return [];
  return attempted(() => decodePaths(format, body)) ?? attempted(() => writtenPaths(tree, format, body)) ?? [];
}

function writtenPaths(tree: ObjectTree, format: number, body: Uint8Array): Path[] {
  const { nodes, removed } = decodeComposite(format, body, tree.kind.model);
  const written = nodes.flatMap(({ path, node }) =>
    node.kind !== 'object'
      ? []
      : [...node.instances].flatMap(([instance, { resources }]) =>
          [...resources.keys()].map((resource) => [...path, instance, resource]),
        ),
  );
  return [...written, ...removed];
}

/** What `decode` gives; undefined when the body is no such thing, which the request's own answer will say. */
function attempted<T>(decode: () => T): T | undefined {
  try {
    return decode();
  } catch {
    return undefined;
  }
}

function nodesOf(tree: ObjectTree, occasion: Occasion, content: Content): readonly PlacedNode[] {
  const format = formatOf(content);
  const { model } = tree.kind;
  if (occasion.form === 'composite') return decodePack(format, content.payload, model);
  return codecFor(format)?.decode(content.payload, occasion.paths[0] ?? [], model) ?? [];
}

/** Nodes in a format, also in one that the device does not speak; 4.06 when it cannot carry them. */
function encoded(tree: ObjectTree, { form }: Occasion, nodes: readonly PlacedNode[], format: number): Content {
  const options = [uintOption(OptionNumber.CONTENT_FORMAT, format)];
  const [first] = nodes;
  if (form === 'one' && first === undefined) return { ...NOTHING, code: Code.NOT_FOUND };
  try {
    // What was stored has times, which several nodes of one path tell apart.
    const isPack = form === 'composite' || nodes.length > 1 || first?.time !== undefined;
    const payload =
      isPack || first === undefined
        ? encodeComposite(format, nodes)
        : (codecFor(format)?.encode(first.path, first.node, tree.kind.model) ?? EMPTY);
    return { code: Code.CONTENT, options, payload };
  } catch (error) {
    if (!(error instanceof AppError)) throw error;
    return { ...NOTHING, code: Code.NOT_ACCEPTABLE };
  }
}

function formatOf({ options }: Content): number {
  const option = options.find(({ number }) => number === OptionNumber.CONTENT_FORMAT);
  return (option === undefined ? undefined : decodeUint(option.value)) ?? FORMATS.text;
}

/** Options with another value for one of them, or (undefined) without it. */
export function withOption(
  options: readonly Option[],
  number: number,
  value: number | string | undefined,
): readonly Option[] {
  const others = options.filter((option) => option.number !== number);
  if (value === undefined) return others;
  const set = typeof value === 'number' ? uintOption(number, value) : stringOption(number, value);
  return [...others, set].sort((left, right) => left.number - right.number);
}

/** The code of success of each operation that changes something. */
const DONE: Readonly<Partial<Record<FaultOperation, number>>> = {
  write: Code.CHANGED,
  writeAttributes: Code.CHANGED,
  execute: Code.CHANGED,
  create: Code.CREATED,
  delete: Code.DELETED,
  writeComposite: Code.CHANGED,
};
const NOTHING: Content = { code: Code.CONTENT, options: [], payload: EMPTY };
const NONE: Effect = { type: 'none' };
