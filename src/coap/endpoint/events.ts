/**
 * What goes into the endpoint and what comes out of it: requests, responses, bodies fed piece by piece, and the events a
 * driver polls. Plain data only.
 */

import type { Peer } from '#base';
import type { Message, MessageType, Option } from '#coap/codec';

/** A received request that waits for its answer. */
export type ExchangeId = number;
/** A request of ours. */
export type RequestId = number;
/** A received notification that waits for its verdict. */
export type NotificationId = number;
/** An observer of ours (server role). */
export type RelationId = number;

/** A body fed piece by piece: the endpoint emits `bodyWanted` and its owner answers with `feed` or `failBody`. */
export interface StreamedBody {
  /** Chosen by the owner, unique among bodies in use. */
  readonly id: number;
  /** Length of the whole body in bytes. */
  readonly size: number;
  /** Tells versions of the body apart, 1 to 8 bytes; made from id and size when absent. */
  readonly etag?: Uint8Array;
}

/** A request to send. */
export interface OutgoingRequest {
  readonly peer: Peer;
  readonly code: number;
  readonly options: readonly Option[];
  readonly payload?: Uint8Array | StreamedBody;
  /** CON unless given. */
  readonly type?: MessageType;
  /** For an observation (a saved token) and its cancellation; else 8 random bytes are drawn. */
  readonly token?: Uint8Array;
  /** Adds Observe 0 or 1; after success of `register` an observation under the token exists. RFC 7641 §3.1, §3.6. */
  readonly observe?: 'register' | 'cancel';
  /** Largest block for this request and its answer, 16 to 1024. RFC 7959 §2.3. */
  readonly preferredBlockSize?: number;
}

/** An answer to a received request. */
export interface OutgoingResponse {
  readonly code: number;
  readonly options?: readonly Option[];
  readonly payload?: Uint8Array | StreamedBody;
  /** Server role: accepts the observation the request asked for; `sequence` is the Observe value, 24 bits. */
  readonly observe?: { readonly sequence: number };
}

/** A notification to an observer of ours. Without `observe`, or with an error code, it is the last one. */
export interface OutgoingNotification extends OutgoingResponse {
  readonly confirmable: 'con' | 'non';
}

/** The request an observation stands on: repeated, without Observe, to fetch the rest of a notification. */
export interface ObservedRequest {
  readonly code: number;
  readonly options: readonly Option[];
  readonly payload?: Uint8Array;
}

/** Why a request of ours ended without a response. */
export type RequestFailure =
  'timeout' | 'reset' | 'unreachable' | 'cancelled' | 'queue_full' | 'bad_response' | 'too_large' | 'body_failed';

/** Why an observer of ours is no more. */
export type RelationEnd = 'cancelled' | 'reset' | 'timeout' | 'replaced';

/** What the driver polls. */
export type EndpointEvent =
  | {
      readonly type: 'request';
      readonly exchange: ExchangeId;
      readonly peer: Peer;
      /** The request; of a body in blocks its first block. */
      readonly message: Message;
      /** The whole body. */
      readonly body: Uint8Array;
      /** Bytes of the datagrams that made it, less a third of what its 2.31 answers took: for the amplification budget. */
      readonly received: number;
    }
  | {
      readonly type: 'response';
      readonly request: RequestId;
      readonly peer: Peer;
      readonly message: Message;
      readonly body: Uint8Array;
      /** Whether an observation exists under the request's token. */
      readonly observing: boolean;
    }
  | {
      readonly type: 'requestFailed';
      readonly request: RequestId;
      readonly peer: Peer;
      readonly reason: RequestFailure;
      /** Whether any datagram of it left. */
      readonly sent: 'no' | 'yes';
    }
  | {
      readonly type: 'notification';
      readonly notification: NotificationId;
      readonly token: Uint8Array;
      readonly tokenKey: string;
      readonly peer: Peer;
      readonly message: Message;
      readonly body: Uint8Array;
      /** Newer than all before it. RFC 7641 §3.4. */
      readonly fresh: boolean;
      readonly confirmable: boolean;
      /** An error, or without Observe: the observation ends with it. RFC 7641 §3.2. */
      readonly final: boolean;
    }
  /** A ping, or a response or notification under a token that is not ours, came and was answered with Reset: the peer is there. */
  | { readonly type: 'stray'; readonly peer: Peer }
  /**
   * A response or notification under a token that belongs to another peer came, and one of the two has proven an identity: it
   * was answered with Reset, which reaches none but its sender.
   */
  | { readonly type: 'foreign'; readonly peer: Peer; readonly owner: Peer }
  | { readonly type: 'observed'; readonly relation: RelationId; readonly exchange: ExchangeId; readonly peer: Peer }
  | { readonly type: 'observerGone'; readonly relation: RelationId; readonly reason: RelationEnd }
  | { readonly type: 'bodyWanted'; readonly body: number; readonly offset: number; readonly length: number }
  | { readonly type: 'bodyDone'; readonly body: number };

/** Where datagrams go. Must not call back into the endpoint. */
export interface EndpointSink {
  send(peer: Peer, bytes: Uint8Array): void;
  /** The datagram at hand gave back what was sent to its peer alone: a message id or a token of ours. */
  proven?(): void;
}

/** Whether a payload is fed piece by piece. */
export function isStreamed(payload: Uint8Array | StreamedBody | undefined): payload is StreamedBody {
  return payload !== undefined && !(payload instanceof Uint8Array);
}
