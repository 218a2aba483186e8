/**
 * All handshakes under way. Nothing is kept of a peer that has not brought its cookie back; one that has holds one place
 * here, and gives it back whatever becomes of it.
 */

import { Deadlines, EMPTY, type Instant } from '#base';

import { CidMap, newCid, placeOf } from '../association/index.js';
import {
  AlertLevel,
  ContentType,
  DTLS_1_0,
  encodeAlert,
  encodeHelloVerifyRequest,
  handshakeMessage,
  HandshakeType,
  MAX_SEQUENCE,
  newFragmentView,
  readFragment,
  readHelloHead,
  RECORD_HEADER,
  writeRecordHeader,
  type FragmentView,
  type RecordView,
} from '../codec/index.js';
import { ClientHandshake, Cookies, ServerHandshake } from '../handshake/index.js';
import type { Answer, ClientOffer, HandshakeParts, OfferedSession, Outcome, ServerOffer } from '../handshake/index.js';
import type { QuestionId } from './events.js';
import { HalfOpen } from './half-open.js';
import type { Output, Place } from './output.js';
import { Sources } from './sources.js';
import { Turns } from './turns.js';

/** An outcome of success. */
export type Established = Extract<Outcome, { is: 'established' }>;

/** What is asked of the associations. */
export interface Beside {
  /** A handshake is over; what it made is an association now. */
  established(now: Instant, half: HalfOpen, outcome: Established): void;
  /** Whether there is room for one association more. */
  hasRoom(now: Instant): boolean;
  /** Whether a Connection ID cannot be given out. */
  takesCid(cid: Uint8Array): boolean;
  /** Random of the hello that the association there came from, while its last flight may be asked for. */
  lastHello(place: string): Uint8Array | undefined;
}

/** The handshakes. */
export class Handshakes {
  readonly #parts: HandshakeParts;
  readonly #output: Output;
  readonly #beside: Beside;
  readonly #cookies: Cookies;
  readonly #servers = new Map<number, ServerOffer>();
  readonly #clients = new Map<number, ClientOffer>();
  readonly #byPlace = new Map<string, HalfOpen>();
  readonly #byCid: CidMap<HalfOpen>;
  /** Those of clients of ours. */
  readonly #sources: Sources;
  /** The session a client last made at a place. */
  readonly #sessions = new Map<string, OfferedSession>();
  readonly #questions = new Map<QuestionId, HalfOpen>();
  readonly #deadlines = new Deadlines<HalfOpen>();
  /** Those of servers of ours that are to be answered with a key agreement. */
  readonly #turns: Turns;
  readonly #fragment: FragmentView = newFragmentView();
  #question = 0;

  constructor(parts: HandshakeParts, output: Output, beside: Beside) {
    const { parameters, provider, random } = parts;
    this.#parts = parts;
    this.#output = output;
    this.#beside = beside;
    this.#cookies = new Cookies(provider, random, parameters.cookieKey);
    this.#byCid = new CidMap(parameters.cidBytes);
    this.#sources = new Sources(parameters.halfOpenShare);
    this.#turns = new Turns(parameters.ecdheWaiting);
  }

  /** What there is now, by name. */
  gauges(): Readonly<Record<string, number>> {
    return {
      half_open: this.#byPlace.size,
      half_open_cids: this.#byCid.size,
      questions: this.#questions.size,
      ecdhe_waiting: this.#turns.size,
    };
  }

  serve(listener: number, offer: ServerOffer): void {
    this.#servers.set(listener, offer);
  }

  connect(listener: number, offer: ClientOffer): void {
    this.#clients.set(listener, offer);
  }

  /** The handshake at a place. */
  at(place: string): HalfOpen | undefined {
    return this.#byPlace.get(place);
  }

  /** The handshake in which the Connection ID at `at` was asked for. */
  byCid(bytes: Uint8Array, at: number): HalfOpen | undefined {
    return this.#byCid.get(bytes, at);
  }

  takesCid(cid: Uint8Array): boolean {
    return this.#byCid.takes(cid);
  }

  /** When `handleTimeout` has something to do. */
  nextDeadline(): Instant | undefined {
    const [earliest, turn] = [this.#deadlines.earliest(), this.#turns.since];
    if (earliest === undefined || turn === undefined) return earliest ?? turn;
    return earliest < turn ? earliest : turn;
  }

  /** Does what is due; of those that wait for a turn, one has it, and the next one's is due at once. */
  handleTimeout(now: Instant): void {
    for (let due = this.#deadlines.due(now); due !== undefined; due = this.#deadlines.due(now)) {
      due.handshake.handleTimeout(now);
      this.#settle(now, due);
    }
    const half = this.#turns.next();
    if (!(half?.handshake instanceof ServerHandshake)) return;
    half.handshake.turn(now);
    this.#settle(now, half);
  }

  /** Takes an unprotected record with handshake messages. */
  plain(now: Instant, place: Place, text: string, datagram: Uint8Array, record: RecordView): void {
    const view = this.#fragment;
    const { end, sequence, start } = record;
    for (let at = start; at < end; at = view.end) {
      const fault = readFragment(datagram, at, end, view);
      if (fault !== undefined) {
        this.#output.drop(fault);
        return;
      }
      if (view.type === HandshakeType.CLIENT_HELLO && this.#servers.has(place.listener))
        this.#hello(now, place, text, datagram, sequence);
      else this.#fragmentOf(now, this.#byPlace.get(text), datagram);
    }
  }

  /** Takes an unprotected ChangeCipherSpec. */
  change(half: HalfOpen | undefined, datagram: Uint8Array, record: RecordView): void {
    if (half === undefined) this.#output.drop('association_unknown');
    else if (half.question !== undefined) this.#hold(half, datagram, record);
    else if (half.handshake.change() !== 'kept') this.#output.drop('message_unexpected');
  }

  /** Takes an unprotected alert. It is a hint: it may end a handshake, and nothing else. */
  alert(now: Instant, half: HalfOpen | undefined, content: Uint8Array): void {
    if (half === undefined || content.length !== 2 || content[0] !== AlertLevel.fatal) {
      this.#output.drop('alert_ignored');
      return;
    }
    half.handshake.abandon('alert_received');
    this.#settle(now, half);
  }

  /** Takes a record of epoch 1: a Finished, or what has to wait until a question is answered. */
  sealed(now: Instant, half: HalfOpen, datagram: Uint8Array, record: RecordView): 'taken' | 'not_taken' {
    if (half.question !== undefined) {
      this.#hold(half, datagram, record);
      return 'taken';
    }
    // Who agreed to use a Connection ID has to (RFC 9146 §3).
    if (!half.keyed || (half.handshake.expectsCid && record.cidLength === 0)) return 'not_taken';
    const content = half.handshake.channel.open(datagram, record);
    if (typeof content === 'string') {
      // What an association of before still sends from there says nothing about the new keys.
      if (record.type !== ContentType.APPLICATION_DATA) half.unreadable();
      return 'not_taken';
    }
    if (record.type === ContentType.HANDSHAKE) {
      this.sealedFragments(now, half.handshake, content);
      this.#settle(now, half);
    } else this.#output.drop('message_unexpected');
    return 'taken';
  }

  /** Hands the content of a protected handshake record to a handshake, which may be over. */
  sealedFragments(now: Instant, handshake: ServerHandshake | ClientHandshake, content: Uint8Array): void {
    const view = this.#fragment;
    for (let at = 0; at < content.length; at = view.end) {
      const fault = readFragment(content, at, content.length, view);
      if (fault !== undefined) {
        this.#output.drop(fault);
        return;
      }
      this.#output.fragment(handshake.sealed(now, content, view));
    }
  }

  /** Takes the answer to a question; gives the handshake whose held records can be taken now. */
  answer(now: Instant, question: QuestionId, answer: Answer): HalfOpen | undefined {
    const half = this.#questions.get(question);
    if (half === undefined) return undefined;
    this.#questions.delete(question);
    half.question = undefined;
    half.answered(answer);
    half.handshake.answer(now, answer);
    this.#settle(now, half);
    return half;
  }

  /** A client's first word to a server, or more to say while the handshake is held. */
  open(now: Instant, place: Place, bytes: Uint8Array): 'waits' | 'no_association' {
    const offer = this.#clients.get(place.listener);
    if (offer === undefined) return 'no_association';
    const text = placeOf(place.listener, place.address, place.port);
    let half = this.#byPlace.get(text);
    if (half === undefined) {
      this.#output.count('handshakes');
      const handshake = new ClientHandshake(
        now,
        this.#parts,
        this.#holding(place, text),
        offer,
        this.#sessions.get(text),
      );
      half = new HalfOpen(place, text, handshake, offer.cid ?? EMPTY);
      this.#add(half);
      this.#settle(now, half);
    }
    half.wait(bytes);
    return 'waits';
  }

  #fragmentOf(now: Instant, half: HalfOpen | undefined, datagram: Uint8Array): void {
    if (half === undefined) {
      this.#output.drop('association_unknown');
      return;
    }
    this.#output.fragment(half.handshake.plain(now, datagram, this.#fragment));
    this.#settle(now, half);
  }

  /** A fragment of a hello: judged by the first one alone, and nothing is kept before the cookie is right. */
  #hello(now: Instant, place: Place, text: string, datagram: Uint8Array, record: number): void {
    const view = this.#fragment;
    const half = this.#byPlace.get(text);
    if (view.offset > 0) {
      this.#fragmentOf(now, half, datagram);
      return;
    }
    const head = readHelloHead(datagram.subarray(view.start, view.end));
    if (typeof head === 'string') {
      this.#output.drop(head);
      return;
    }
    if (!this.#cookies.accepts(now, text, head)) {
      this.#output.count(head.cookie.length === 0 ? 'hellos' : 'cookies_wrong');
      this.#verify(place, this.#cookies.make(now, text, head), record);
      return;
    }
    const { handshake } = half ?? {};
    if (handshake instanceof ServerHandshake && same(handshake.clientRandom, head.random)) {
      this.#fragmentOf(now, half, datagram);
      return;
    }
    if (same(this.#beside.lastHello(text) ?? EMPTY, head.random)) {
      this.#output.drop('hello_late');
      return;
    }
    if (view.sequence > LAST_MESSAGE_SEQUENCE || record > LAST_RECORD) {
      this.#output.drop('hello_numbers');
      return;
    }
    if (half !== undefined) this.#abandon(now, half, 'superseded');
    this.#begin(now, place, text, { sequence: view.sequence, record, random: head.random });
    if (this.#byPlace.has(text)) this.#fragmentOf(now, this.#byPlace.get(text), datagram);
  }

  /** HelloVerifyRequest: in the record number of the hello, and saying DTLS 1.0 (RFC 6347 §4.2.1). */
  #verify(place: Place, cookie: Uint8Array, record: number): void {
    const message = handshakeMessage(HandshakeType.HELLO_VERIFY_REQUEST, 0, encodeHelloVerifyRequest(cookie));
    const datagram = Buffer.allocUnsafe(RECORD_HEADER + message.length);
    writeRecordHeader(datagram, 0, ContentType.HANDSHAKE, 0, record, EMPTY, message.length);
    datagram.writeUInt16BE(DTLS_1_0, 1);
    datagram.set(message, RECORD_HEADER);
    this.#output.send(place, datagram);
  }

  #begin(
    now: Instant,
    place: Place,
    text: string,
    hello: { readonly sequence: number; readonly record: number; readonly random: Uint8Array },
  ): void {
    const { parameters, random } = this.#parts;
    const offer = this.#servers.get(place.listener);
    if (offer === undefined) return;
    const full = this.#byPlace.size >= parameters.halfOpen;
    const inTheWay = full ? this.#sources.inTheWayOf(place.address) : undefined;
    if (full && inTheWay === undefined) {
      this.#output.drop('half_open_full');
      return;
    }
    if (!this.#beside.hasRoom(now)) {
      this.#output.drop('associations_full');
      return;
    }
    if (inTheWay !== undefined) this.#abandon(now, inTheWay, 'displaced');
    const { cidBytes, node } = parameters;
    const taken = (id: Uint8Array): boolean => this.#byCid.takes(id) || this.#beside.takesCid(id);
    const cid = cidBytes === 0 ? EMPTY : newCid(random, node, cidBytes, taken);
    this.#output.count('handshakes');
    const handshake = new ServerHandshake(now, this.#parts, this.#holding(place, text), hello, offer, cid);
    const half = new HalfOpen(place, text, handshake, cid);
    this.#add(half);
    this.#sources.add(half);
  }

  /** What a handshake at a place sends and asks with. */
  #holding(place: Place, text: string): ConstructorParameters<typeof ServerHandshake>[2] {
    return {
      transmit: (datagram) => {
        this.#output.send(place, datagram);
      },
      ask: (ask) => {
        const half = this.#byPlace.get(text);
        if (half === undefined) return;
        this.#question += 1;
        half.question = this.#question;
        half.asked(ask);
        this.#questions.set(this.#question, half);
        this.#output.tell({ type: 'question', question: this.#question, listener: place.listener, ask });
      },
      wait: (now) => {
        const half = this.#byPlace.get(text);
        const other = half === undefined ? undefined : this.#turns.add(now, half);
        if (other === half) return 'full';
        if (other !== undefined) this.#abandon(now, other, 'ecdhe_waiting_full');
        return 'waits';
      },
    };
  }

  #add(half: HalfOpen): void {
    this.#byPlace.set(half.at, half);
    if (half.cid.length > 0) this.#byCid.set(half.cid, half);
  }

  #hold(half: HalfOpen, datagram: Uint8Array, { at, end }: RecordView): void {
    const kept = half.hold(datagram.subarray(at, end), this.#parts.parameters.heldBytes);
    if (kept !== 'kept') this.#output.drop('held_too_much');
  }

  /** Ends a handshake in favour of another. */
  #abandon(now: Instant, half: HalfOpen, reason: 'superseded' | 'displaced' | 'ecdhe_waiting_full'): void {
    half.handshake.abandon(reason);
    this.#settle(now, half);
  }

  /** Looks at how far a handshake has come. */
  #settle(now: Instant, half: HalfOpen): void {
    const text = half.at;
    if (this.#byPlace.get(text) !== half) return;
    const { outcome } = half.handshake;
    if (outcome.is === 'going') {
      this.#deadlines.set(half, half.handshake.nextDeadline());
      return;
    }
    this.#byPlace.delete(text);
    if (half.cid.length > 0) this.#byCid.delete(half.cid);
    this.#sources.delete(half);
    if (half.question !== undefined) this.#questions.delete(half.question);
    this.#turns.delete(half);
    this.#deadlines.clear(half);
    const client = half.handshake instanceof ClientHandshake;
    if (outcome.is === 'established') {
      if (client && outcome.made?.form !== undefined) this.#sessions.set(text, { form: 'session_id', ...outcome.made });
      this.#beside.established(now, half, outcome);
    } else {
      // A session that came to nothing is not offered again.
      if (client) this.#sessions.delete(text);
      this.#failed(half, outcome);
    }
  }

  #failed(half: HalfOpen, { alert, reason }: Extract<Outcome, { is: 'failed' }>): void {
    this.#output.count(`failed_${reason}`);
    if (alert !== undefined) {
      const content = encodeAlert(AlertLevel.fatal, alert);
      const datagram = Buffer.allocUnsafe(RECORD_HEADER + content.length);
      half.handshake.channel.writePlain(datagram, 0, ContentType.ALERT, content);
      this.#output.send(half.place, datagram);
    }
    const { address, listener, port } = half.place;
    this.#output.tell({ type: 'handshakeFailed', listener, address, port, reason, claim: half.claim });
  }
}

/** Ours begin with the numbers of the hello: as many as a handshake may take have to be left, retransmissions included. */
const LAST_MESSAGE_SEQUENCE = 2 ** 15;
const LAST_RECORD = MAX_SEQUENCE / 2;

function same(left: Uint8Array, right: Uint8Array): boolean {
  return Buffer.compare(left, right) === 0;
}
