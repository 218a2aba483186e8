/** How a handshake ends, and how what was thrown in it becomes an alert. */

import { DecodeError, PeerError, type PeerIdentity } from '#base';

import { AlertDescription } from '../codec/index.js';
import type { Suite } from '../crypto/index.js';
import type { HandledSession, HandleForm } from './resumption.js';

/** Going on, or over. */
export type Outcome =
  | { readonly is: 'going' }
  | {
      readonly is: 'established';
      readonly suite: Suite;
      /** Who the peer proved to be; absent on the client's side. */
      readonly owner?: PeerIdentity;
      /** Whether Connection IDs were agreed on. */
      readonly cid: 'used' | 'not_used';
      readonly routability: 'checked' | 'unchecked';
      /** Bytes of content of a record towards the peer. */
      readonly content: number;
      readonly serverName?: string;
      /** Whether a session before this one was gone on with. */
      readonly kind: 'full' | 'resumed';
      /** A session that was made, to be kept for later. */
      readonly made?: HandledSession & { readonly form?: HandleForm };
      /** A copy of the master secret, on the server's side, when it is to be told. */
      readonly told?: Uint8Array;
    }
  | {
      readonly is: 'failed';
      /** Stable word, a metric label. */
      readonly reason: string;
      /** What the peer is told; nothing when silence is due. */
      readonly alert?: number;
    };

/** Not over yet. */
export const GOING: Outcome = Object.freeze({ is: 'going' });

/** The refusal of a handshake for a reason of the protocol. */
export class HandshakeError extends PeerError {
  readonly alert: number;

  constructor(reason: string, alert: keyof typeof AlertDescription, message: string) {
    super(reason, message);
    this.name = 'HandshakeError';
    this.alert = AlertDescription[alert];
  }
}

/** What an error in the handling of a peer's message comes to; undefined for a fault of ours. */
export function failureOf(error: unknown): Extract<Outcome, { is: 'failed' }> | undefined {
  if (error instanceof HandshakeError) return { is: 'failed', reason: error.reason, alert: error.alert };
  if (error instanceof DecodeError)
    return { is: 'failed', reason: `undecodable_${error.reason}`, alert: AlertDescription.decode_error };
  if (error instanceof PeerError)
    return { is: 'failed', reason: error.reason, alert: AlertDescription.illegal_parameter };
  return undefined;
}
