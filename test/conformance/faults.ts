/** Ways in which a device can be wrong, put together from small changes to what it says. */

import { EMPTY } from '#base';
import { Code, OptionNumber, uintOption } from '#coap/codec';
import type { Message, Option } from '#coap/codec';
import { decodePaths } from '#lwm2m/formats';
import { parsePath, showPath } from '#lwm2m/model';
import type { Scalar } from '#lwm2m/model';
import type { Fault as DeviceFault, FaultOperation, FaultScope } from '#simulator';

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

type PayloadFault = Extract<DeviceFault, { type: 'payload' }>;

/** What a fault of the device befalls: an operation at just this path. */
export function at(operation: FaultOperation, path: string, more: Omit<FaultScope, 'path'> = {}): FaultScope {
  return { operation, path: parsePath(path), ...more };
}

/** The device itself does wrong. */
export function does(fault: DeviceFault): Fault {
  return { steps: [{ do: 'fault', fault }] };
}

/** The device does wrong once after each request of a kind. */
export function afterwards(first: FaultScope, fault: PayloadFault): Fault {
  return { steps: [{ on: first, do: 'fault', fault: { ...fault, times: 1 } }] };
}

/** What stands at or below a path is missing in what is asked or told. */
export function without(path: string, scope: FaultScope): PayloadFault {
  return { type: 'payload', edit: { kind: 'without', path: parsePath(path) }, ...scope };
}

/** A resource has another value in what is asked or told, or one where it has none; or only in place of a certain value. */
export function valued(path: string, value: Scalar, scope: FaultScope, over?: Scalar): PayloadFault {
  const edit = { kind: 'with', path: parsePath(path), value, ...(over === undefined ? {} : { over }) } as const;
  return { type: 'payload', edit, ...scope };
}

/** Says notifications of some paths otherwise; undefined: not at all. */
export function notifies(
  of: (observed: Observed) => boolean,
  change: (notification: Saying) => Saying | undefined,
): Fault {
  return { notification: (notification, observed) => (of(observed) ? change(notification) : notification) };
}

function sorted(options: readonly Option[]): Option[] {
  return options.toSorted((left, right) => left.number - right.number);
}

function bytesOf(payload: Uint8Array | string): Uint8Array {
  return typeof payload === 'string' ? Buffer.from(payload) : payload;
}
