/** Ways in which a device can be wrong, put together from small changes to what it says. */

import { EMPTY } from '#base';
import { Code, OptionNumber, decodeUint, uintOption } from '#coap/codec';
import type { Message, Option } from '#coap/codec';
import { codecFor, decodePack, decodePaths, encodeComposite } from '#lwm2m/formats';
import { parsePath, showPath } from '#lwm2m/model';
import type { CompositeEntry, ModelView, Node, ResourceNode, Scalar } from '#lwm2m/model';

import { kindOf } from '../simulator/support.js';
import type { Fault, Observed, Saying } from './virtual-rig.js';

/** Which requests a fault is about. */
export interface About {
  readonly code: number;
  readonly path: string;
  readonly accept?: number | 'none';
  readonly format?: number;
  readonly query?: string;
  /** Paths in a composite body. */
  readonly paths?: readonly string[];
  /** Part of the payload. */
  readonly holds?: string;
}

/** Whether a request is meant. */
function isMeant(about: About, request: Message, body: Uint8Array): boolean {
  const path = `/${request.strings(OptionNumber.URI_PATH).join('/')}`;
  const accept = request.uint(OptionNumber.ACCEPT);
  if (request.code !== about.code || path !== about.path) return false;
  if (about.accept !== undefined && accept !== (about.accept === 'none' ? undefined : about.accept)) return false;
  const format = request.uint(OptionNumber.CONTENT_FORMAT);
  if (about.format !== undefined && format !== about.format) return false;
  if (about.query !== undefined && !request.strings(OptionNumber.URI_QUERY).includes(about.query)) return false;
  if (about.holds !== undefined && !Buffer.from(body).includes(about.holds)) return false;
  if (about.paths === undefined) return true;
  if (request.has(OptionNumber.OBSERVE)) return false;
  return (
    decodePaths(format ?? 0, body)
      .map(showPath)
      .join() === about.paths.join()
  );
}

/** Answers a request otherwise. */
export function answers(about: About, change: (answer: Saying) => Saying): Fault {
  return { answer: (request, answer, body) => (isMeant(about, request, body) ? change(answer) : answer) };
}

/** Answers one kind of request otherwise once after each of another kind. */
export function afterwards(first: About, then: About, change: (answer: Saying) => Saying): Fault {
  let armed: 'yes' | 'no' = 'no';
  return {
    answer: (request, answer, body) => {
      if (isMeant(first, request, body)) armed = 'yes';
      if (armed === 'no' || !isMeant(then, request, body)) return answer;
      armed = 'no';
      return change(answer);
    },
  };
}

/** Says that it did what was asked, and does nothing. */
export function ignores(about: About, code: number = Code.CHANGED): Fault {
  return {
    swallow: (request) =>
      isMeant(about, request, request.payload) ? { code, options: [], payload: EMPTY } : undefined,
  };
}

/** Answers with another code and nothing else. */
export function withCode(code: number): (answer: Saying) => Saying {
  return () => ({ code, options: [], payload: EMPTY });
}

/** Says it in another content format; undefined: in none. */
export function inFormat(format: number | undefined, payload?: Uint8Array | string): (answer: Saying) => Saying {
  return (answer) => {
    const options = answer.options.filter(({ number }) => number !== OptionNumber.CONTENT_FORMAT);
    const named =
      format === undefined ? options : sorted([...options, uintOption(OptionNumber.CONTENT_FORMAT, format)]);
    return { ...answer, options: named, payload: payload === undefined ? answer.payload : bytesOf(payload) };
  };
}

/** Changes the text of the payload. */
export function rewriting(change: (text: string) => string): (answer: Saying) => Saying {
  return (answer) => ({ ...answer, payload: Buffer.from(change(Buffer.from(answer.payload).toString())) });
}

/** Changes single values by path in the payload of a read of `path`: undefined takes one out. */
export function editing(
  path: string,
  edit: (at: string, node: ResourceNode) => ResourceNode | undefined,
): (answer: Saying) => Saying {
  return (answer) => {
    const format = formatOf(answer);
    const codec = codecFor(format);
    const target = parsePath(path);
    const [placed] = codec?.decode(answer.payload, target, MODEL) ?? [];
    if (codec === undefined || placed === undefined) return answer;
    const node = edited(target, placed.node, edit);
    return { ...answer, payload: node === undefined ? EMPTY : codec.encode(target, node, MODEL) };
  };
}

/** Takes out what stands at paths. */
export function without(path: string, ...gone: readonly string[]): (answer: Saying) => Saying {
  return editing(path, (at, node) => (gone.includes(at) ? undefined : node));
}

/** Gives a resource another value. */
export function valued(path: string, resource: string, value: Scalar): (answer: Saying) => Saying {
  return editing(path, (at, node) => (at === resource ? { kind: 'single', value } : node));
}

/** Changes the objects in a payload of several paths. */
export function together(
  change: (nodes: readonly CompositeEntry[]) => readonly CompositeEntry[],
): (answer: Saying) => Saying {
  return (answer) => {
    const format = formatOf(answer);
    return { ...answer, payload: encodeComposite(format, change(decodePack(format, answer.payload, MODEL))) };
  };
}

/** Takes out of a payload of several paths what stands at or below some. */
export function leavingOut(...gone: readonly string[]): (answer: Saying) => Saying {
  return together((entries) =>
    entries.flatMap((entry): CompositeEntry[] => {
      if (entry.node === 'removed') return [entry];
      const node = edited(entry.path, entry.node, (at, value) =>
        gone.some((path) => at === path || at.startsWith(`${path}/`)) ? undefined : value,
      );
      return node === undefined ? [] : [{ ...entry, node }];
    }),
  );
}

/** Adds a value to a payload of several paths. */
export function adding(path: string, value: Scalar): (answer: Saying) => Saying {
  return together((entries) => [...entries, { path: parsePath(path), node: { kind: 'single', value } }]);
}

/** Says notifications of some paths otherwise; undefined: not at all. */
export function notifies(
  of: (observed: Observed) => boolean,
  change: (notification: Saying) => Saying | undefined,
): Fault {
  return { notification: (notification, observed) => (of(observed) ? change(notification) : notification) };
}

/** An observation of just these paths. */
export function paths(...wanted: readonly string[]): (observed: Observed) => boolean {
  return (observed) => observed.paths.join() === wanted.join();
}

type Edit = (at: string, node: ResourceNode) => ResourceNode | undefined;

function edited(path: readonly number[], node: Node, edit: Edit): Node | undefined {
  switch (node.kind) {
    case 'object': {
      const instances = new Map(
        [...node.instances].flatMap(([id, instance]) => {
          const next = edited([...path, id], instance, edit);
          return next?.kind === 'instance' ? [[id, next] as const] : [];
        }),
      );
      return instances.size === 0 ? undefined : { kind: 'object', instances };
    }
    case 'instance': {
      const resources = new Map(
        [...node.resources].flatMap(([id, resource]) => {
          const next = edit(showPath([...path, id]), resource);
          return next === undefined ? [] : [[id, next] as const];
        }),
      );
      return resources.size === 0 ? undefined : { kind: 'instance', resources };
    }
    default:
      return edit(showPath(path), node);
  }
}

function formatOf({ options }: Saying): number {
  const option = options.find(({ number }) => number === OptionNumber.CONTENT_FORMAT);
  return option === undefined ? 0 : (decodeUint(option.value) ?? 0);
}

function sorted(options: readonly Option[]): Option[] {
  return options.toSorted((left, right) => left.number - right.number);
}

function bytesOf(payload: Uint8Array | string): Uint8Array {
  return typeof payload === 'string' ? Buffer.from(payload) : payload;
}

const MODEL: ModelView = kindOf('1.2', { objects: [5, 16] }).model;
