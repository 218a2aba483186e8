/**
 * Where an association is (RFC 9146 §6, RFC 9853): answers follow the newest genuine record at once, within three times its
 * bytes; what we begin follows when the peer has shown that it truly is there.
 */

import { bytesEqual, type Instant, type Peer, type Random } from '#base';

import { NewPlace, type Association } from '../association/index.js';
import {
  ContentType,
  decodeRoutability,
  encodeRoutability,
  ROUTABILITY_COOKIE,
  RoutabilityType,
  type RecordView,
  type RoutabilityMessage,
} from '../codec/index.js';
import type { DtlsParameters } from '../policy/index.js';
import type { Output, Place } from './output.js';

/** Follows associations to new places. */
export class Moves {
  readonly #parameters: DtlsParameters;
  readonly #random: Random;
  readonly #output: Output;

  constructor(parameters: DtlsParameters, random: Random, output: Output) {
    this.#parameters = parameters;
    this.#random = random;
    this.#output = output;
  }

  /** A genuine record came from `from`; gives the peer there. `newest`: the highest number of those before it. */
  heard(now: Instant, association: Association, from: Place, record: RecordView, newest: number): Peer {
    const { peer } = association;
    const newer = record.sequence > newest;
    if (from.port === peer.port && from.address === peer.address) {
      if (newer) association.away = undefined;
      return peer;
    }
    const there = association.away?.isAt(from) === true ? association.away.peer : { ...peer, ...from };
    if (!newer) return there;
    const bytes = record.end - record.at;
    if (association.away?.isAt(from) === true) association.away.heard(bytes);
    else {
      association.away = new NewPlace(there, bytes);
      this.#output.count('moves_seen');
    }
    // An answer that is too late must not lead to the next question: on a slow path that would go on for ever.
    if (association.routability === 'checked' && record.type !== ContentType.RETURN_ROUTABILITY_CHECK)
      this.#challenge(now, association, association.away);
    return there;
  }

  /** Where to send `bytes` to; undefined when they have to wait until the place is proven. */
  placeFor(association: Association, bytes: number, purpose: 'answer' | 'own'): Peer | undefined {
    const { away } = association;
    if (away === undefined) return association.peer;
    if (!away.spend(bytes)) {
      this.#output.drop('place_unproven');
      return undefined;
    }
    if (purpose === 'own') away.asked = 'yes';
    return away.peer;
  }

  /** Whoever is at a place acknowledged what we sent to the association. */
  acknowledged(association: Association, from: Place): void {
    const { away } = association;
    if (away?.asked === 'yes' && away.isAt(from)) this.#arrive(association, away);
  }

  /** Takes a return routability message; one of unknown form, and an answer that comes too late, are ignored (RFC 9853 §4, 5). */
  check(now: Instant, association: Association, from: Place, content: Uint8Array): void {
    const message = association.routability === 'checked' ? read(content) : undefined;
    if (message === undefined) {
      this.#output.drop('routability_ignored');
      return;
    }
    if (message.type === RoutabilityType.PATH_CHALLENGE) {
      this.#send(association, from, { type: RoutabilityType.PATH_RESPONSE, cookie: message.cookie });
      return;
    }
    const { away } = association;
    if (
      message.type === RoutabilityType.PATH_RESPONSE &&
      away?.cookie !== undefined &&
      away.inTime(now, this.#parameters.routabilityWait) &&
      bytesEqual(away.cookie, message.cookie)
    )
      this.#arrive(association, away);
    else this.#output.drop('routability_ignored');
  }

  #challenge(now: Instant, association: Association, away: NewPlace): void {
    if (!away.challenge(now, this.#parameters.routabilityWait)) return;
    away.cookie = this.#random.bytes(ROUTABILITY_COOKIE);
    this.#send(association, away.peer, { type: RoutabilityType.PATH_CHALLENGE, cookie: away.cookie });
  }

  #send(association: Association, to: Place, message: RoutabilityMessage): void {
    const { away, channel } = association;
    if (channel.exhausted) return;
    const record = channel.seal(ContentType.RETURN_ROUTABILITY_CHECK, encodeRoutability(message));
    if (away?.isAt(to) === true && !away.spend(record.length)) this.#output.drop('place_unproven');
    else this.#output.send(to, record);
  }

  #arrive(association: Association, away: NewPlace): void {
    association.peer = away.peer;
    association.away = undefined;
    this.#output.count('moves');
    this.#output.tell({ type: 'moved', peer: away.peer });
  }
}

function read(content: Uint8Array): RoutabilityMessage | undefined {
  try {
    return decodeRoutability(content);
  } catch {
    return undefined;
  }
}
