/** How far a handshake has come, for both sides: its deadline, its end, and what an error of the peer makes of it. */

import { after, type Instant } from '#base';

import { AlertDescription } from '../codec/index.js';
import type { DtlsParameters } from '../policy/index.js';
import type { Channel } from '../record/index.js';
import type { Conversation } from './conversation.js';
import { failureOf, GOING, type Outcome } from './outcome.js';
import type { Secrets } from './secrets.js';

/** Whether a handshake goes on, and when something is due. */
export class Progress {
  readonly #channel: Channel;
  readonly #conversation: Conversation;
  readonly #deadline: Instant;
  #outcome: Outcome = GOING;
  /** Wiped when the handshake ends. */
  secrets: Secrets | undefined;

  constructor(now: Instant, parameters: DtlsParameters, channel: Channel, conversation: Conversation) {
    this.#channel = channel;
    this.#conversation = conversation;
    this.#deadline = after(now, parameters.handshakeDeadline);
  }

  get outcome(): Outcome {
    return this.#outcome;
  }

  get going(): boolean {
    return this.#outcome.is === 'going';
  }

  /** When `handleTimeout` has something to do. */
  nextDeadline(): Instant {
    const again = this.#conversation.deadline;
    return again === undefined || again > this.#deadline ? this.#deadline : again;
  }

  /** Sends a flight again, or gives up. */
  handleTimeout(now: Instant): void {
    if (now >= this.#deadline && this.going) this.fail({ is: 'failed', reason: 'handshake_timeout' });
    else this.#conversation.handleTimeout(now);
  }

  /** Does a step; what the peer did wrong in it ends the handshake, and so does a fault of ours, which is thrown on. */
  guard(step: () => void): void {
    try {
      step();
    } catch (error) {
      const failure = failureOf(error);
      this.fail(failure ?? { is: 'failed', reason: 'internal', alert: AlertDescription.internal_error });
      if (failure === undefined) throw error;
    }
  }

  fail(outcome: Extract<Outcome, { is: 'failed' }>): void {
    this.#outcome = outcome;
    this.#conversation.rest();
    this.#channel.wipe();
    this.secrets?.wipe();
  }

  /** The association stands. */
  succeed(outcome: Extract<Outcome, { is: 'established' }>): void {
    this.#outcome = outcome;
    this.secrets?.wipe();
  }
}
