/**
 * DTLS 1.2 for all peers of all secure listeners (RFC 6347, 9146): datagrams and time in, datagrams, application data and
 * questions out. A record goes to its association by Connection ID, else by where it came from. An association stays as it
 * is until another handshake at its place, or of its identity, is finished.
 */

import { Deadlines, after, plainPeer, securePeer } from '#base';
import type { Instant, Milliseconds, Peer, PeerKey } from '#base';

import { Association, AssociationTable, Forgeries, placeOf } from '../association/index.js';
import {
  AlertDescription,
  AlertLevel,
  ContentType,
  decodeAlert,
  encodeAlert,
  HandshakeType,
  newRecordView,
  readRecord,
  type Alert,
} from '../codec/index.js';
import { ServerHandshake } from '../handshake/index.js';
import type { Answer, ClientOffer, HandshakeParts, ServerOffer } from '../handshake/index.js';
import type { CloseReason, DtlsEvent, QuestionId } from './events.js';
import type { HalfOpen } from './half-open.js';
import { Handshakes, type Established } from './handshakes.js';
import { Moves } from './moves.js';
import { Output, type DtlsSink, type Place } from './output.js';
import { layDown, takeUp } from './rest.js';

/** What people are shown of an association. */
export interface AssociationView {
  readonly peer: Peer;
  /** Name of the suite in the registry. */
  readonly suite: string;
  /** Our Connection ID, when there is one. */
  readonly cid?: Uint8Array;
  /** When it was made, down to the second. */
  readonly since: Instant;
  /** The handshake that made it. */
  readonly kind: 'full' | 'resumed';
}

/** Whether what was to be sent was sent. */
export type Sent = 'sent' | 'waits' | 'no_association' | 'too_long';

/** All associations of all secure listeners. */
export class DtlsEndpoint {
  readonly #parts: HandshakeParts;
  readonly #output: Output;
  readonly #handshakes: Handshakes;
  readonly #moves: Moves;
  readonly #associations: AssociationTable;
  /** Until when our last flights may be asked for. */
  readonly #lastFlights = new Deadlines<Association>();
  readonly #record = newRecordView();
  #retired: 'yes' | 'no' = 'no';

  constructor(parts: HandshakeParts, sink: DtlsSink) {
    this.#parts = parts;
    this.#output = new Output(sink);
    this.#associations = new AssociationTable(parts.parameters.cidBytes);
    this.#moves = new Moves(parts.parameters, parts.random, this.#output);
    this.#handshakes = new Handshakes(parts, this.#output, {
      established: (now, half, outcome) => {
        this.#established(now, half, outcome);
      },
      hasRoom: (now) => this.#hasRoom(now),
      takesCid: (cid) => this.#associations.takesCid(cid),
      lastHello: (place) => {
        const last = this.#associations.byPlace(place)?.last;
        return last instanceof ServerHandshake ? last.clientRandom : undefined;
      },
    });
  }

  /** What has happened how often, by name. */
  get counters(): Readonly<Record<string, number>> {
    return this.#output.counters;
  }

  /** What there is now, by name. */
  gauges(): Readonly<Record<string, number>> {
    return {
      associations: this.#associations.size,
      last_flights: this.#lastFlights.size,
      ...this.#handshakes.gauges(),
    };
  }

  /** From now on a listener takes devices, with what `offer` says; handshakes under way go on with what was said before. */
  serve(listener: number, offer: ServerOffer): void {
    this.#handshakes.serve(listener, offer);
  }

  /** From now on a listener goes to servers, with what `offer` says. */
  connect(listener: number, offer: ClientOffer): void {
    this.#handshakes.connect(listener, offer);
  }

  /** Takes a datagram. Never throws for what a peer sends. */
  handleDatagram(now: Instant, listener: number, address: string, port: number, datagram: Uint8Array): void {
    if (this.#retired === 'yes') return;
    const view = this.#record;
    const { cidBytes } = this.#parts.parameters;
    const place: Place = { listener, address, port };
    let text: string | undefined;
    for (let at = 0; at < datagram.length;) {
      const fault = readRecord(datagram, at, cidBytes, view);
      if (fault !== undefined) {
        this.#output.drop(fault);
        return;
      }
      at = view.end;
      if (view.type === ContentType.CID) this.#cidRecord(now, place, datagram);
      else {
        text ??= placeOf(listener, address, port);
        this.#placeRecord(now, place, text, datagram);
      }
    }
  }

  /**
   * Sends application data to a peer. Where a client has no association yet, a handshake begins and the data waits for it.
   * `purpose`: an answer goes to where the newest record came from, and so does what we begin, to be acknowledged there; both
   * within three times what came, until the place is proven. What has to wait for that is not sent.
   */
  send(now: Instant, peer: Peer, bytes: Uint8Array, purpose: 'answer' | 'own'): Sent {
    const association = this.#associations.byKey(peer.key);
    if (this.#retired === 'yes') return 'no_association';
    if (association === undefined) return this.#handshakes.open(now, peer, bytes);
    if (bytes.length > association.content) {
      this.#output.drop('data_too_long');
      return 'too_long';
    }
    if (association.channel.exhausted) {
      this.#end(association, 'exhausted');
      return 'no_association';
    }
    const { channel } = association;
    const to = this.#moves.placeFor(association, channel.overhead('sealed') + bytes.length, purpose);
    if (to === undefined) return 'waits';
    this.#output.send(to, channel.seal(ContentType.APPLICATION_DATA, bytes));
    return 'sent';
  }

  /** Takes the answer to a question; late ones change nothing. */
  answer(now: Instant, question: QuestionId, answer: Answer): void {
    if (this.#retired === 'yes') return;
    const half = this.#handshakes.answer(now, question, answer);
    // Each of them may lead to another question, and those after it are then held again.
    for (const record of half?.release() ?? [])
      this.handleDatagram(now, half?.place.listener ?? 0, half?.place.address ?? '', half?.place.port ?? 0, record);
  }

  /** Whoever is at the place of `peer` acknowledged something of ours: it truly is there. */
  acknowledged(peer: Peer): void {
    const association = this.#associations.byKey(peer.key);
    if (association !== undefined) this.#moves.acknowledged(association, peer);
  }

  /** Ends the association of a peer, which is told; whether there was one. */
  drop(peer: PeerKey): boolean {
    const association = this.#associations.byKey(peer);
    if (association === undefined) return false;
    this.#alert(association, AlertLevel.warning, AlertDescription.close_notify);
    this.#end(association, 'dropped');
    return true;
  }

  /** Ends all associations with peers of which `test` says so; each of them is told. */
  dropWhere(test: (peer: Peer) => boolean): void {
    for (const peer of this.#associations.peers()) if (test(peer)) this.drop(peer.key);
  }

  /** What people are shown of the association of a peer; undefined when there is none. */
  describe(key: PeerKey): AssociationView | undefined {
    const association = this.#associations.byKey(key);
    if (association === undefined) return undefined;
    const { channel, cid, kind, peer, since } = association;
    return { peer, suite: channel.suite?.name ?? '', ...(cid !== undefined && { cid }), since, kind };
  }

  /**
   * Gives all associations with peers that proved who they are as bytes, for `adopt` of one endpoint after this one. This one
   * sends and takes nothing any more: a record of both under one key would repeat a nonce.
   */
  retire(now: Instant): Uint8Array {
    this.#retired = 'yes';
    return layDown(this.#associations, now);
  }

  /**
   * Goes on with the associations of an endpoint that retired `rested` ago, before the first datagram is taken; `wanted`:
   * asked for each peer. Those that do not fit in are not taken up. Throws DecodeError.
   */
  adopt(now: Instant, snapshot: Uint8Array, rested: Milliseconds, wanted: (peer: Peer) => boolean): void {
    takeUp(this.#associations, snapshot, { ...this.#parts, now, rested, wanted, output: this.#output });
  }

  /** Does what is due. */
  handleTimeout(now: Instant): void {
    if (this.#retired === 'yes') return;
    this.#handshakes.handleTimeout(now);
    for (let due = this.#lastFlights.due(now); due !== undefined; due = this.#lastFlights.due(now))
      due.last = undefined;
  }

  /** When `handleTimeout` has something to do. */
  nextDeadline(): Instant | undefined {
    if (this.#retired === 'yes') return undefined;
    const [handshake, last] = [this.#handshakes.nextDeadline(), this.#lastFlights.earliest()];
    if (handshake === undefined || last === undefined) return handshake ?? last;
    return handshake < last ? handshake : last;
  }

  /** The next thing that happened. */
  nextEvent(): DtlsEvent | undefined {
    return this.#output.next();
  }

  #cidRecord(now: Instant, place: Place, datagram: Uint8Array): void {
    const view = this.#record;
    if (view.epoch !== 1) {
      this.#output.drop('epoch_unknown');
      return;
    }
    const association = this.#associations.byCid(datagram, view.cid);
    if (association !== undefined && association.peer.listener === place.listener) {
      this.#sealedRecord(now, association, place, datagram);
      return;
    }
    const half = this.#handshakes.byCid(datagram, view.cid);
    if (half === undefined || half.place.listener !== place.listener) this.#output.drop('cid_unknown');
    else if (this.#handshakes.sealed(now, half, datagram, view) === 'not_taken')
      this.#output.drop('record_not_genuine');
  }

  #placeRecord(now: Instant, place: Place, text: string, datagram: Uint8Array): void {
    const view = this.#record;
    if (view.epoch === 0) {
      this.#plainRecord(now, place, text, datagram);
      return;
    }
    if (view.epoch !== 1) {
      this.#output.drop('epoch_unknown');
      return;
    }
    const half = this.#handshakes.at(text);
    const association = this.#associations.byPlace(text);
    if (half !== undefined && (half.keyed || association === undefined)) {
      if (this.#handshakes.sealed(now, half, datagram, view) === 'taken') return;
    }
    if (association !== undefined) this.#sealedRecord(now, association, place, datagram, half);
    else this.#output.drop(half?.keyed === true ? 'record_not_genuine' : 'association_unknown');
  }

  /** A record of epoch 0: handshake messages, ChangeCipherSpec, and alerts that prove nothing. */
  #plainRecord(now: Instant, place: Place, text: string, datagram: Uint8Array): void {
    const view = this.#record;
    switch (view.type) {
      case ContentType.HANDSHAKE:
        this.#handshakes.plain(now, place, text, datagram, view);
        return;
      case ContentType.CHANGE_CIPHER_SPEC:
        this.#handshakes.change(this.#handshakes.at(text), datagram, view);
        return;
      case ContentType.ALERT:
        this.#handshakes.alert(now, this.#handshakes.at(text), datagram.subarray(view.start, view.end));
        return;
      default:
        this.#output.drop('unprotected_data');
    }
  }

  /** A record of epoch 1 for an association; `beside`: the handshake that is under way at its place. */
  #sealedRecord(now: Instant, association: Association, from: Place, datagram: Uint8Array, beside?: HalfOpen): void {
    const view = this.#record;
    if (association.forgeries?.areTooMany(now) === true && isElsewhere(association, from)) {
      this.#output.drop('forgeries');
      return;
    }
    const { newest } = association.channel;
    const content = association.channel.open(datagram, view);
    if (typeof content === 'string') {
      if (content === 'record_not_genuine' && isElsewhere(association, from)) this.#forged(now, association);
      // It may be the Finished of a handshake from the same place, which is held until its question is answered.
      if (beside?.question === undefined) this.#output.drop(content);
      else this.#handshakes.sealed(now, beside, datagram, view);
      return;
    }
    association.heard = now;
    if (association.forgeries?.areOver(now, this.#parts.parameters.forgeryWindow) === true)
      association.forgeries = undefined;
    const peer = association.usesCid ? this.#moves.heard(now, association, from, view, newest) : association.peer;
    switch (view.type) {
      case ContentType.APPLICATION_DATA:
        this.#arrived(association);
        if (content.length > 0) this.#output.tell({ type: 'message', peer, bytes: content });
        return;
      case ContentType.RETURN_ROUTABILITY_CHECK:
        this.#moves.check(now, association, from, content);
        return;
      case ContentType.HANDSHAKE:
        this.#lateHandshake(now, association, content);
        return;
      case ContentType.ALERT:
        this.#sealedAlert(association, content);
        return;
      default:
        this.#output.drop('record_type_unexpected');
    }
  }

  #forged(now: Instant, association: Association): void {
    const { forgeries, forgeryWindow } = this.#parts.parameters;
    association.forgeries ??= new Forgeries(now);
    association.forgeries.add(now, forgeries, forgeryWindow);
  }

  /** Whoever speaks has our Finished. */
  #arrived(association: Association): void {
    if (association.last === undefined) return;
    association.last = undefined;
    this.#lastFlights.clear(association);
  }

  /** After the handshake: the peer's last flight again, or a hello, which would be a renegotiation (RFC 5746 §4.4). */
  #lateHandshake(now: Instant, association: Association, content: Uint8Array): void {
    if (content[0] === HandshakeType.CLIENT_HELLO) {
      this.#output.drop('renegotiation');
      this.#alert(association, AlertLevel.warning, AlertDescription.no_renegotiation);
    } else if (association.last === undefined) this.#output.drop('message_unexpected');
    else this.#handshakes.sealedFragments(now, association.last, content);
  }

  #sealedAlert(association: Association, content: Uint8Array): void {
    const alert = readAlert(content);
    if (alert === undefined) this.#output.drop('alert_malformed');
    else if (alert.description === AlertDescription.close_notify) {
      this.#alert(association, AlertLevel.warning, AlertDescription.close_notify);
      this.#end(association, 'closed_by_peer');
    } else if (alert.level === AlertLevel.fatal) this.#end(association, 'alert');
    else this.#output.drop('alert_ignored');
  }

  #alert(association: Association, level: AlertLevel, description: AlertDescription): void {
    const { channel, peer } = association;
    if (channel.exhausted) return;
    this.#output.send(peer, channel.seal(ContentType.ALERT, encodeAlert(level, description)));
  }

  #established(now: Instant, half: HalfOpen, outcome: Established): void {
    const { cid, content, kind, made, owner, routability, suite, told } = outcome;
    const { address, listener, port } = half.place;
    const { handshake } = half;
    const peer = owner === undefined ? plainPeer(listener, address, port) : securePeer(listener, owner, address, port);
    // Who speaks last has to be ready to say it again.
    const last = (kind === 'full') === handshake instanceof ServerHandshake ? handshake : undefined;
    const association = new Association(now, {
      channel: handshake.channel,
      peer,
      cid: cid === 'used' && half.cid.length > 0 ? half.cid : undefined,
      routability,
      content,
      last,
      kind,
    });
    for (const gone of this.#associations.add(association)) this.#gone(gone, 'superseded');
    if (last !== undefined) this.#lastFlights.set(association, after(now, this.#parts.parameters.lastFlight));
    this.#output.count('established');
    this.#output.count(`established_${kind}`);
    if (told !== undefined && handshake instanceof ServerHandshake)
      this.#output.tell({ type: 'masterSecret', clientRandom: handshake.clientRandom, master: told });
    if (made !== undefined && owner !== undefined)
      this.#output.tell({ type: 'session', peer, handle: made.handle, session: made.session });
    this.#output.tell({ type: 'established', peer, suite: suite.name, cid, kind });
    for (const bytes of half.waiting()) this.send(now, peer, bytes, 'own');
  }

  /** One that is long silent goes when there are as many as there may be; those that speak stay. */
  #hasRoom(now: Instant): boolean {
    const { associations, stale } = this.#parts.parameters;
    if (this.#associations.size < associations) return true;
    const old = this.#associations.stale(now, stale);
    if (old !== undefined) this.#end(old, 'stale');
    return old !== undefined;
  }

  #end(association: Association, reason: CloseReason): void {
    if (this.#associations.remove(association)) this.#gone(association, reason);
  }

  #gone(association: Association, reason: CloseReason): void {
    this.#arrived(association);
    association.channel.wipe();
    this.#output.count(`ended_${reason}`);
    this.#output.tell({ type: 'closed', peer: association.peer, reason });
  }
}

/** Whether a record came neither from where the peer is known to be, nor from where its newest genuine record came from. */
function isElsewhere({ away, peer }: Association, from: Place): boolean {
  return (from.port !== peer.port || from.address !== peer.address) && away?.isAt(from) !== true;
}

function readAlert(content: Uint8Array): Alert | undefined {
  try {
    return decodeAlert(content);
  } catch {
    return undefined;
  }
}
