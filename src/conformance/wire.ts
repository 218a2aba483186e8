/** Reading what went over the wire: exchanges, notifications, and requests of the device among the datagrams of a run. */

import { bytesEqual } from '#base';
import { Code, OptionNumber, codeClass, decodeBlock, decodeMessage, isMalformed } from '#coap/codec';
import type { Message } from '#coap/codec';
import type { Datagram } from './rig.js';

/** A datagram that is a message. */
export interface Seen {
  readonly at: number;
  readonly direction: 'in' | 'out';
  readonly message: Message;
}

/** The messages among `datagrams` from index `from` on. */
export function messagesIn(datagrams: readonly Datagram[], from: number): Seen[] {
  const found: Seen[] = [];
  for (let index = from; index < datagrams.length; index += 1) {
    const { at, direction, bytes } = datagrams[index] as Datagram;
    const message = decodeMessage(bytes);
    if (!isMalformed(message)) found.push({ at, direction, message });
  }
  return found;
}

/** Whether a message is a request with that code and path. */
export function isRequestFor(message: Message, code: number, path: string): boolean {
  return message.code === code && pathOf(message) === path;
}

/** Uri-Path as text. */
export function pathOf(message: Message): string {
  return `/${message
    .all(OptionNumber.URI_PATH)
    .map((segment) => Buffer.from(segment).toString('latin1'))
    .join('/')}`;
}

/** The final answer of the device to the first request of that code and path from `from` on; undefined: not yet. */
export function answerTo(seen: readonly Seen[], code: number, path: string): Seen | undefined {
  const request = seen.find(({ direction, message }) => direction === 'out' && isRequestFor(message, code, path));
  if (request === undefined) return undefined;
  const { message } = request;
  return seen.find(
    (other) =>
      other.direction === 'in' &&
      isAnswer(other.message) &&
      bytesEqual(other.message.token, message.token) &&
      other.at >= request.at,
  );
}

function isAnswer(message: Message): boolean {
  return codeClass(message.code) >= 2 && message.code !== Code.CONTINUE;
}

/** Notifications of the observation under `token`: messages of the device with that token and Observe, after its first answer. */
export function notificationsOf(seen: readonly Seen[], token: Uint8Array): Seen[] {
  return seen.filter(
    ({ direction, message }) =>
      direction === 'in' &&
      isAnswer(message) &&
      bytesEqual(message.token, token) &&
      (message.has(OptionNumber.OBSERVE) || codeClass(message.code) > 2),
  );
}

/** Requests of the device with that code to a path that begins with `prefix`. */
export function requestsOf(seen: readonly Seen[], code: number, prefix: string): Seen[] {
  return seen.filter(
    ({ direction, message }) => direction === 'in' && message.code === code && pathOf(message).startsWith(prefix),
  );
}

/** Queries of a message, such as `lt=60`. */
export function queriesOf(message: Message): string[] {
  return message.all(OptionNumber.URI_QUERY).map((value) => Buffer.from(value).toString('utf8'));
}

/** The payload when the datagram has the whole of it; undefined when it is one block of several. */
export function wholePayload(message: Message): Uint8Array | undefined {
  const block = message.first(OptionNumber.BLOCK2);
  if (block === undefined) return message.payload;
  const decoded = decodeBlock(block);
  return decoded === undefined || decoded.more || decoded.num > 0 ? undefined : message.payload;
}
