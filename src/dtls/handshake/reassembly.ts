/**
 * Fragments → handshake messages in order (RFC 6347 §4.2.3). Fragments belong together by message_seq; type and length must
 * be those of the first, and where two overlap they must agree, else the later one is dropped. Memory is bounded by the
 * lengths that messages claim, and those by the caps.
 */

import { handshakeMessage, HANDSHAKE_HEADER, type FragmentView } from '../codec/index.js';

/** A whole message. */
export interface HandshakeMessage {
  readonly type: number;
  readonly sequence: number;
  /** Header as of one fragment, and body: what is hashed (RFC 6347 §4.2.6). */
  readonly bytes: Uint8Array;
  readonly body: Uint8Array;
}

/** What became of a fragment. `old`: of a message that was handled already. The rest are metric labels of what is dropped. */
export type FragmentOutcome =
  'kept' | 'old' | 'message_too_long' | 'message_too_far_ahead' | 'handshake_too_long' | 'fragment_differs';

/** Caps, from the parameters. */
export interface ReassemblyLimits {
  readonly messageBytes: number;
  readonly handshakeBytes: number;
  readonly futureMessages: number;
}

interface Slot {
  readonly type: number;
  readonly bytes: Uint8Array;
  /** One bit a byte of the body; ALL of a message that came in one piece. */
  readonly seen: Uint8Array;
  missing: number;
}

/** The messages of one peer in one handshake. */
export class Reassembly {
  readonly #limits: ReassemblyLimits;
  readonly #slots = new Map<number, Slot>();
  #next: number;
  #claimed = 0;

  /** `next`: message_seq of the message that is expected first. */
  constructor(limits: ReassemblyLimits, next: number) {
    this.#limits = limits;
    this.#next = next;
  }

  /** message_seq of the next message. */
  get next(): number {
    return this.#next;
  }

  /** Takes a fragment of `bytes`. */
  add(bytes: Uint8Array, view: FragmentView): FragmentOutcome {
    const { sequence, length } = view;
    if (sequence < this.#next) return 'old';
    if (sequence > this.#next + this.#limits.futureMessages) return 'message_too_far_ahead';
    if (length > this.#limits.messageBytes) return 'message_too_long';
    const known = this.#slots.get(sequence);
    if (known === undefined && this.#claimed + length > this.#limits.handshakeBytes) return 'handshake_too_long';
    if (known === undefined && view.offset === 0 && view.end - view.start === length) {
      this.#whole(bytes, view);
      return 'kept';
    }
    const slot = known ?? this.#open(view);
    if (slot.type !== view.type || slot.bytes.length !== HANDSHAKE_HEADER + length || !agrees(slot, bytes, view))
      return 'fragment_differs';
    place(slot, bytes, view);
    return 'kept';
  }

  /** The next message if it is whole; it counts as handled then. */
  take(): HandshakeMessage | undefined {
    const slot = this.#slots.get(this.#next);
    if (slot === undefined || slot.missing > 0) return undefined;
    const sequence = this.#next;
    this.#drop(sequence, slot);
    this.#next += 1;
    return { type: slot.type, sequence, bytes: slot.bytes, body: slot.bytes.subarray(HANDSHAKE_HEADER) };
  }

  /** Type of the next message as its first fragment says, if one came. */
  get nextType(): number | undefined {
    return this.#slots.get(this.#next)?.type;
  }

  /** Forgets what came of the next message: another may take its place. */
  refuseNext(): void {
    const slot = this.#slots.get(this.#next);
    if (slot !== undefined) this.#drop(this.#next, slot);
  }

  /** Forgets all that is not whole and handled. */
  clear(): void {
    this.#slots.clear();
    this.#claimed = 0;
  }

  /** A message that comes in one piece, as most do. */
  #whole(bytes: Uint8Array, { type, sequence, length, start, end }: FragmentView): void {
    const message = handshakeMessage(type, sequence, bytes.subarray(start, end));
    this.#slots.set(sequence, { type, bytes: message, seen: ALL, missing: 0 });
    this.#claimed += length;
  }

  #open({ type, sequence, length }: FragmentView): Slot {
    const slot: Slot = {
      type,
      bytes: handshakeMessage(type, sequence, new Uint8Array(length)),
      seen: new Uint8Array((length + 7) >> 3),
      missing: length,
    };
    this.#slots.set(sequence, slot);
    this.#claimed += length;
    return slot;
  }

  #drop(sequence: number, slot: Slot): void {
    this.#slots.delete(sequence);
    this.#claimed -= slot.bytes.length - HANDSHAKE_HEADER;
  }
}

function agrees(slot: Slot, bytes: Uint8Array, { offset, start, end }: FragmentView): boolean {
  for (let from = start, at = offset; from < end; from += 1, at += 1) {
    if (has(slot, at) && slot.bytes[HANDSHAKE_HEADER + at] !== bytes[from]) return false;
  }
  return true;
}

function place(slot: Slot, bytes: Uint8Array, { offset, start, end }: FragmentView): void {
  for (let from = start, at = offset; from < end; from += 1, at += 1) {
    if (has(slot, at)) continue;
    slot.bytes[HANDSHAKE_HEADER + at] = bytes[from] as number;
    slot.seen[at >> 3] = (slot.seen[at >> 3] as number) | (1 << (at & 7));
    slot.missing -= 1;
  }
}

function has(slot: Slot, at: number): boolean {
  return slot.seen === ALL || (((slot.seen[at >> 3] as number) >> (at & 7)) & 1) === 1;
}

/** Every byte of a message was received. */
const ALL = new Uint8Array(0);
