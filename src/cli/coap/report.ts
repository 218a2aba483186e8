/** What a tester sees: datagrams, responses and notifications, as lines for people or as one JSON object a line. */

import { elapsed, systemClock, toHex } from '#base';
import {
  describeCode,
  describeMessage,
  describeOptions,
  OptionNumber,
  showMessage,
  showOption,
  type Message,
} from '#coap/codec';

import { printableText, showPayload } from './payload.js';

/** How to show. `datagrams`: whether each is shown as a line, and with its bytes. JSON has the bytes always. */
export interface ReportOptions {
  readonly json: boolean;
  readonly datagrams: 'hidden' | 'lines' | 'hex';
}

/** What is told of a notification beside its message. */
export interface NotificationFacts {
  /** From 1. */
  readonly number: number;
  /** Newer than all before it (RFC 7641 §3.4). */
  readonly fresh: boolean;
  readonly confirmable: boolean;
  /** The observation ends with it. */
  readonly final: boolean;
}

/** Writes to stdout. Times are seconds since it was made. */
export class Report {
  readonly #options: ReportOptions;
  readonly #start = systemClock.now();
  readonly #seen = new Map<string, number>();

  constructor(options: ReportOptions) {
    this.#options = options;
  }

  /**
   * A datagram on the wire. One whose very bytes went the same way before is marked, and one that does not come from the
   * server but from a `stranger`, by its address.
   */
  datagram(direction: 'in' | 'out', bytes: Uint8Array, stranger?: string): void {
    const { json, datagrams } = this.#options;
    if (datagrams === 'hidden') return;
    const seconds = this.#seconds();
    const hex = toHex(bytes);
    const message = describeMessage(bytes);
    const copy = this.#countCopy(`${direction} ${hex}`);
    if (json) {
      const from = stranger === undefined ? {} : { stranger };
      line({ event: 'datagram', direction, seconds, ...from, ...(copy > 1 ? { copy } : {}), hex, message });
      return;
    }
    const again = copy > 1 ? ` (the same bytes, ${copy} times now)` : '';
    const arrow = direction === 'out' ? '>' : '<';
    const who = stranger === undefined ? '' : ` [${stranger}, not the server]`;
    say(`${seconds.toFixed(3).padStart(7)} ${arrow}${who} ${showMessage(message)}${again}`);
    if (datagrams === 'hex') say(`${' '.repeat(10)}${hex === '' ? '(no bytes)' : hex}`);
  }

  /** The response to a request, with its whole body; `saved` is the file its body went to in place of the screen. */
  response(message: Message, body: Uint8Array, saved?: string): void {
    if (this.#options.json) {
      line({ event: 'response', seconds: this.#seconds(), ...facts(message, body), ...(saved ? { file: saved } : {}) });
      return;
    }
    say(summary(message, body));
    if (saved !== undefined) say(`written to ${saved}`);
    else this.#body(message, body);
  }

  /** A notification of what is observed, with its whole body. */
  notification(message: Message, body: Uint8Array, more: NotificationFacts): void {
    if (this.#options.json) {
      line({ event: 'notification', seconds: this.#seconds(), ...more, ...facts(message, body) });
      return;
    }
    const words = [
      `notification ${more.number}`,
      ...(more.fresh ? [] : ['older than one before']),
      ...(more.final ? ['the last'] : []),
    ];
    say(`${words.join(', ')}: ${summary(message, body)}`);
    this.#body(message, body);
  }

  /** What cannot be shown as a message: an exchange that failed, with the code of its error. */
  failure(code: string, detail: string): void {
    if (this.#options.json) line({ event: 'failed', seconds: this.#seconds(), code, detail });
  }

  #body(message: Message, body: Uint8Array): void {
    if (body.length > 0) say(showPayload(body, message.uint(OptionNumber.CONTENT_FORMAT)));
  }

  #seconds(): number {
    return Math.round(elapsed(this.#start, systemClock.now())) / 1_000;
  }

  /** How often these bytes were seen, this time included; of very many only the latest are remembered. */
  #countCopy(key: string): number {
    const count = (this.#seen.get(key) ?? 0) + 1;
    this.#seen.delete(key);
    this.#seen.set(key, count);
    if (this.#seen.size > REMEMBERED) {
      for (const oldest of this.#seen.keys()) {
        this.#seen.delete(oldest);
        break;
      }
    }
    return count;
  }
}

function summary(message: Message, body: Uint8Array): string {
  const options = describeOptions(message).map(showOption);
  const length = body.length === 1 ? '1 byte' : `${body.length} bytes`;
  return [describeCode(message.code), ...options, ...(body.length === 0 ? [] : [length])].join(', ');
}

function facts(message: Message, body: Uint8Array): Readonly<Record<string, unknown>> {
  const text = printableText(body);
  return {
    code: describeCode(message.code),
    options: describeOptions(message),
    payload: { length: body.length, hex: toHex(body), ...(text === undefined ? {} : { text }) },
  };
}

function say(words: string): void {
  process.stdout.write(`${words}\n`);
}

function line(value: unknown): void {
  process.stdout.write(`${JSON.stringify(value)}\n`);
}

/** Datagrams that are remembered to tell copies. */
const REMEMBERED = 1_000;
