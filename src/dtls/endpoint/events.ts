/** What an endpoint tells whoever drives it. */

import type { Peer, PeerIdentity } from '#base';

import type { Question, Session } from '../handshake/index.js';

/** Number of a question that waits for its answer. */
export type QuestionId = number;

/** Why an association ended. */
export type CloseReason =
  /** The peer said so: close_notify, or a fatal alert. */
  | 'closed_by_peer'
  | 'alert'
  /** The same identity, or another at the same place, made a new one. */
  | 'superseded'
  /** We ended it: a credential was changed, a device deleted. */
  | 'dropped'
  /** It made room for another after a long silence. */
  | 'stale'
  /** Its sequence numbers are used up. */
  | 'exhausted';

/** What became known of a peer in a handshake that failed; none of it was proven. */
export interface Claim {
  /** The pre-shared-key identity it named. */
  readonly pskIdentity?: Uint8Array;
  /** Whose the identity is that it named or the session that it brought, as the last question was answered. */
  readonly owner?: PeerIdentity;
  /** unreadable: what it sent under the keys could not be opened, as when its pre-shared key is another than ours. */
  readonly finished: 'not_read' | 'unreadable';
}

/** An event. */
export type DtlsEvent =
  /** Application data. `peer` is at the place this record came from. */
  | { readonly type: 'message'; readonly peer: Peer; readonly bytes: Uint8Array }
  | {
      readonly type: 'question';
      readonly question: QuestionId;
      readonly listener: number;
      readonly ask: Question;
    }
  | {
      readonly type: 'established';
      readonly peer: Peer;
      readonly suite: string;
      readonly cid: 'used' | 'not_used';
      readonly kind: 'full' | 'resumed';
    }
  /**
   * A session was made, told before the association it comes from: whoever keeps it answers the question for it by its
   * handle. It takes the place of the peer's last one.
   */
  | { readonly type: 'session'; readonly peer: Peer; readonly handle: Uint8Array; readonly session: Session }
  /** The master secret of a handshake, with the random of its hello; only where the parameters ask for it. */
  | { readonly type: 'masterSecret'; readonly clientRandom: Uint8Array; readonly master: Uint8Array }
  /** A peer is at another address now, and has proven it. */
  | { readonly type: 'moved'; readonly peer: Peer }
  | { readonly type: 'closed'; readonly peer: Peer; readonly reason: CloseReason }
  | {
      readonly type: 'handshakeFailed';
      readonly listener: number;
      readonly address: string;
      readonly port: number;
      /** Stable word. */
      readonly reason: string;
      readonly claim: Claim;
    };
