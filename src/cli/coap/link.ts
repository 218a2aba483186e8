/**
 * What a tester wants otherwise than the endpoint does it: chosen message ids, datagrams that leave several times,
 * acknowledgements that do not leave, a payload in one datagram whatever its size. Stands between endpoint and socket, so
 * that the endpoint keeps to the standard and believes it is alone. Pure: bytes in, bytes out.
 */

import { decodeMessage, encodeMessage, isMalformed, isRequest, MessageType, type Message } from '#coap/codec';
import type { DatagramLink } from '#transport';

/** What is to be done otherwise. */
export interface LinkPlan {
  /** Message id of the first message of ours; those after it follow, one up each. */
  readonly messageId?: number | undefined;
  /** How often each request leaves, 1 or more; a retransmission leaves once. */
  readonly repeat: number;
  /** Whether empty acknowledgements of ours are lost. */
  readonly acknowledgements: 'sent' | 'withheld';
  /** Put into each request as it is; the endpoint must have been given none. */
  readonly payload?: Uint8Array | undefined;
}

/** The link of one exchange. */
export class TesterLink implements DatagramLink {
  readonly #plan: LinkPlan;
  /** What is added to message ids of the endpoint to have those on the wire. */
  #shift: number | undefined;
  /** Message ids on the wire of requests that have left, with how many answers are to come for them. */
  readonly #due = new Map<number, number>();
  #withheld = 0;
  #latest: { readonly bytes: Uint8Array; readonly messageId: number; readonly answers: 0 | 1 } | undefined;

  constructor(plan: LinkPlan) {
    this.#plan = plan;
  }

  /** How many acknowledgements did not leave. */
  get withheld(): number {
    return this.#withheld;
  }

  /** How many acknowledgements and resets are to come for the requests that have left, one for each time they did. */
  get due(): number {
    return [...this.#due.values()].reduce((sum, count) => sum + count, 0);
  }

  /** The request that left last, to be sent once more past the endpoint; undefined before the first. One more answer is due. */
  again(): Uint8Array | undefined {
    if (this.#latest === undefined) return undefined;
    const { bytes, messageId, answers } = this.#latest;
    this.#due.set(messageId, (this.#due.get(messageId) ?? 0) + answers);
    return bytes;
  }

  out(bytes: Uint8Array): readonly Uint8Array[] {
    const message = decodeMessage(bytes);
    if (isMalformed(message)) return [bytes];
    if (message.type === MessageType.ACK && message.code === 0 && this.#plan.acknowledgements === 'withheld') {
      this.#withheld += 1;
      return [];
    }
    // An acknowledgement and a reset carry the peer's message id.
    if (message.type === MessageType.ACK || message.type === MessageType.RST) return [bytes];
    const carried = this.#shifted(this.#filled(bytes, message), message.messageId);
    if (!isRequest(message.code)) return [carried];
    const messageId = idOf(carried);
    if (this.#due.has(messageId)) return [carried];
    const times = this.#plan.repeat;
    this.#latest = { bytes: carried, messageId, answers: message.type === MessageType.CON ? 1 : 0 };
    this.#due.set(messageId, times * this.#latest.answers);
    return Array.from({ length: times }, () => carried);
  }

  in(bytes: Uint8Array): readonly Uint8Array[] {
    const message = decodeMessage(bytes);
    if (isMalformed(message) || (message.type !== MessageType.ACK && message.type !== MessageType.RST)) return [bytes];
    const due = this.#due.get(message.messageId) ?? 0;
    if (due > 0) this.#due.set(message.messageId, due - 1);
    return [this.#shift === undefined ? bytes : withId(bytes, message.messageId - this.#shift)];
  }

  #filled(bytes: Uint8Array, message: Message): Uint8Array {
    const { payload } = this.#plan;
    if (payload === undefined || !isRequest(message.code)) return bytes;
    const { type, code, messageId, token } = message;
    return encodeMessage({ type, code, messageId, token, options: message.options(), payload });
  }

  #shifted(bytes: Uint8Array, messageId: number): Uint8Array {
    const first = this.#plan.messageId;
    if (first === undefined) return bytes;
    this.#shift ??= first - messageId;
    return withId(bytes, messageId + this.#shift);
  }
}

function idOf(bytes: Uint8Array): number {
  return ((bytes[2] as number) << 8) | (bytes[3] as number);
}

function withId(bytes: Uint8Array, messageId: number): Uint8Array {
  const changed = Uint8Array.from(bytes);
  changed[2] = (messageId >> 8) & 0xff;
  changed[3] = messageId & 0xff;
  return changed;
}
