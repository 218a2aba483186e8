/**
 * The server's side of a handshake whose hello brought its cookie back (RFC 5246 §7.3, RFC 4279, 5489, 7250, 7627, 8422).
 * Each state expects one thing and is left by it alone; whatever else comes is dropped, because before the Finished nothing
 * says who sent it. What is expected and does not hold ends the handshake.
 */

import { after, EMPTY, type Instant, type PeerIdentity, type Random } from '#base';

import {
  AlertDescription,
  decodeCertificateList,
  decodeCertificateVerify,
  decodeClientHello,
  decodeEcdheClientKeyExchange,
  decodeEcdhePskClientKeyExchange,
  decodeFinished,
  decodePskClientKeyExchange,
  decodeRawPublicKey,
  encodeFinished,
  HandshakeType,
  RANDOM_LENGTH,
  type FragmentView,
} from '../codec/index.js';
import {
  ecdhePskPremaster,
  pskPremaster,
  schemeFits,
  spkiOfCertificate,
  type CryptoProvider,
  type EphemeralKey,
} from '../crypto/index.js';
import type { DtlsParameters } from '../policy/index.js';
import { Channel } from '../record/index.js';
import { Conversation } from './conversation.js';
import { negotiate, type Choice, type ServerOffer } from './negotiate.js';
import { failureOf, GOING, HandshakeError, type Outcome } from './outcome.js';
import type { Answer, Question } from './questions.js';
import { Reassembly, type FragmentOutcome, type HandshakeMessage } from './reassembly.js';
import { Secrets } from './secrets.js';
import { answerHello } from './server-hello.js';

/** What every handshake of an endpoint shares. */
export interface HandshakeParts {
  readonly parameters: DtlsParameters;
  readonly provider: CryptoProvider;
  readonly random: Random;
}

/** Where one handshake is held. */
export interface HandshakePlace {
  /** Sends a datagram to the peer. */
  readonly transmit: (datagram: Uint8Array) => void;
  /** Asks; the answer comes to `answer`. */
  readonly ask: (question: Question) => void;
}

/** What each state waits for. `answer`: to our question; `change`: ChangeCipherSpec. */
const EXPECTED = Object.freeze({
  hello: HandshakeType.CLIENT_HELLO,
  certificate: HandshakeType.CERTIFICATE,
  keyExchange: HandshakeType.CLIENT_KEY_EXCHANGE,
  key: 'answer',
  certificateVerify: HandshakeType.CERTIFICATE_VERIFY,
  owner: 'answer',
  change: 'change',
  finished: HandshakeType.FINISHED,
  over: 'nothing',
} as const);

/** A state of the server. */
export type ServerState = keyof typeof EXPECTED;

/** One handshake. */
export class ServerHandshake {
  readonly channel: Channel;
  readonly deadline: Instant;
  /** Random of the hello: another hello with it is the same one again. */
  readonly clientRandom: Uint8Array;
  readonly #parts: HandshakeParts;
  readonly #place: HandshakePlace;
  readonly #offer: ServerOffer;
  readonly #cid: Uint8Array;
  readonly #conversation: Conversation;
  readonly #reassembly: Reassembly;
  #state: ServerState = 'hello';
  #outcome: Outcome = GOING;
  #choice: Choice | undefined;
  #serverRandom: Uint8Array = EMPTY;
  #ephemeral: EphemeralKey | undefined;
  /** Of ECDHE_PSK, until the key is known. */
  #shared: Uint8Array | undefined;
  #session: Uint8Array = EMPTY;
  #secrets: Secrets | undefined;
  #chain: readonly Uint8Array[] = [];
  #peerKey: Uint8Array = EMPTY;
  #owner: PeerIdentity | undefined;

  /**
   * `sequence`: message_seq of the hello, from which our messages are numbered too (RFC 6347 §4.2.2). `cid`: the Connection ID
   * we ask for if the client can.
   */
  constructor(
    now: Instant,
    parts: HandshakeParts,
    place: HandshakePlace,
    hello: { readonly sequence: number; readonly record: number; readonly random: Uint8Array },
    offer: ServerOffer,
    cid: Uint8Array,
  ) {
    const { parameters, provider } = parts;
    this.#parts = parts;
    this.#place = place;
    this.#offer = offer;
    this.#cid = cid;
    this.clientRandom = Uint8Array.from(hello.random);
    this.deadline = after(now, parameters.handshakeDeadline);
    this.channel = new Channel('server', provider);
    this.channel.plainSequence = hello.record;
    const { transmit } = place;
    this.#conversation = new Conversation({ parameters, provider, channel: this.channel, transmit }, hello.sequence);
    this.#reassembly = new Reassembly(parameters, hello.sequence);
  }

  get outcome(): Outcome {
    return this.#outcome;
  }

  get state(): ServerState {
    return this.#state;
  }

  /** How often we sent a flight again. */
  get retransmissions(): number {
    return this.#conversation.retransmissions;
  }

  /** When `handleTimeout` has something to do. */
  nextDeadline(): Instant {
    const again = this.#conversation.deadline;
    return again === undefined || again > this.deadline ? this.deadline : again;
  }

  /** Takes a fragment that came without protection. */
  plain(now: Instant, bytes: Uint8Array, view: FragmentView): FragmentOutcome | 'message_unexpected' {
    if (this.#state === 'change' || this.#state === 'finished' || this.#state === 'over') {
      // Our flight is asked for again by who has not got it; the Finished comes under protection.
      return 'message_unexpected';
    }
    const outcome = this.#reassembly.add(bytes, view);
    if (outcome === 'old' && view.type === HandshakeType.CLIENT_HELLO && view.offset === 0)
      this.#conversation.repeat(now);
    if (outcome === 'kept') this.#guard(() => this.#advance(now));
    return outcome;
  }

  /** Takes a fragment out of a record of epoch 1. */
  sealed(now: Instant, bytes: Uint8Array, view: FragmentView): FragmentOutcome | 'message_unexpected' {
    if (this.#state !== 'finished' && this.#state !== 'over') return 'message_unexpected';
    const outcome = this.#reassembly.add(bytes, view);
    if (this.#state === 'over') {
      // Whoever sends the Finished again did not get ours.
      if (outcome === 'old' && view.type === HandshakeType.FINISHED) this.#conversation.repeat(now);
      return outcome;
    }
    if (outcome === 'kept') this.#guard(() => this.#advance(now));
    return outcome;
  }

  /** Takes a ChangeCipherSpec. */
  change(): 'kept' | 'message_unexpected' {
    if (this.#state !== 'change') return 'message_unexpected';
    this.#state = 'finished';
    return 'kept';
  }

  /** Takes the answer to the question that is open. */
  answer(now: Instant, answer: Answer): void {
    if (EXPECTED[this.#state] !== 'answer') return;
    this.#guard(() => {
      if (this.#state === 'key') this.#keyed(answer);
      else this.#owned(answer);
      this.#advance(now);
    });
  }

  /** Sends a flight again, or gives up. */
  handleTimeout(now: Instant): void {
    if (now >= this.deadline && this.#outcome.is === 'going') this.#fail({ is: 'failed', reason: 'handshake_timeout' });
    else this.#conversation.handleTimeout(now);
  }

  /** Ends the handshake without a word. */
  abandon(reason: string): void {
    if (this.#outcome.is === 'going') this.#fail({ is: 'failed', reason });
  }

  #guard(step: () => void): void {
    try {
      step();
    } catch (error) {
      const failure = failureOf(error);
      this.#fail(failure ?? { is: 'failed', reason: 'internal', alert: AlertDescription.internal_error });
      if (failure === undefined) throw error;
    }
  }

  #fail(outcome: Outcome): void {
    this.#state = 'over';
    this.#outcome = outcome;
    this.#conversation.rest();
    this.#secrets?.wipe();
    this.channel.wipe();
  }

  /** Handles all messages that are there and expected. */
  #advance(now: Instant): void {
    for (;;) {
      const expected = EXPECTED[this.#state];
      const type = this.#reassembly.nextType;
      if (type === undefined || typeof expected === 'string') return;
      if (type !== expected) {
        this.#reassembly.refuseNext();
        return;
      }
      const message = this.#reassembly.take();
      if (message === undefined) return;
      this.#step(now, message);
    }
  }

  #step(now: Instant, message: HandshakeMessage): void {
    switch (this.#state) {
      case 'hello':
        this.#hello(now, message);
        return;
      case 'certificate':
        this.#conversation.rest();
        this.#certificate(message);
        return;
      case 'keyExchange':
        this.#conversation.rest();
        this.#keyExchange(message);
        return;
      case 'certificateVerify':
        this.#certificateVerify(message);
        return;
      case 'finished':
        this.#finished(now, message);
        return;
      case 'key':
      case 'owner':
      case 'change':
      case 'over':
        return;
    }
  }

  #hello(now: Instant, { bytes, body }: HandshakeMessage): void {
    const { parameters, random } = this.#parts;
    const hello = decodeClientHello(body);
    const choice = negotiate(hello, parameters, this.#offer);
    if ('refused' in choice) {
      this.#fail({ is: 'failed', reason: choice.refused, alert: choice.alert });
      return;
    }
    this.#choice = choice;
    const conversation = this.#conversation;
    conversation.limitContent(choice.content);
    conversation.heard(bytes);
    conversation.hash(choice.suite.hash);
    if (choice.clientProof === undefined) conversation.forgetMessages();
    this.#serverRandom = random.bytes(RANDOM_LENGTH);
    const randoms = { client: hello.random, server: this.#serverRandom };
    this.#ephemeral = answerHello(conversation, choice, randoms, this.#cid, this.#parts);
    conversation.flush(now, 'answered');
    this.#state = choice.clientProof === undefined ? 'keyExchange' : 'certificate';
  }

  #certificate({ bytes, body }: HandshakeMessage): void {
    this.#conversation.heard(bytes);
    if (this.#choice?.clientProof === 'rpk') {
      this.#peerKey = decodeRawPublicKey(body);
    } else {
      this.#chain = decodeCertificateList(body);
      const [own] = this.#chain;
      if (own === undefined)
        throw new HandshakeError('no_certificate', 'handshake_failure', 'a certificate is required');
      this.#peerKey = spkiOfCertificate(own);
    }
    this.#state = 'keyExchange';
  }

  #keyExchange({ bytes, body }: HandshakeMessage): void {
    const { suite, clientProof } = this.#choice as Choice;
    this.#conversation.heard(bytes);
    this.#session = this.#conversation.digest();
    switch (suite.keyExchange) {
      case 'psk':
        this.#askKey(decodePskClientKeyExchange(body));
        return;
      case 'ecdhe_psk': {
        const { identity, point } = decodeEcdhePskClientKeyExchange(body);
        this.#shared = this.#agree(point);
        this.#askKey(identity);
        return;
      }
      case 'ecdhe_ecdsa':
      case 'ecdhe_rsa':
        this.#protect(this.#agree(decodeEcdheClientKeyExchange(body)));
        if (clientProof !== undefined) this.#state = 'certificateVerify';
        return;
    }
  }

  #agree(point: Uint8Array): Uint8Array {
    const shared = (this.#ephemeral as EphemeralKey).agree(point);
    this.#ephemeral = undefined;
    return shared;
  }

  #askKey(identity: Uint8Array): void {
    this.#state = 'key';
    this.#place.ask({ about: 'psk', identity: Uint8Array.from(identity) });
  }

  /** Whoever names an identity that is not known gets a key nobody has, and fails where a wrong key fails. */
  #keyed(answer: Answer): void {
    const known = answer.is === 'key';
    const key = known ? answer.key : this.#parts.random.bytes(UNKNOWN_KEY_BYTES);
    this.#owner = known ? answer.owner : undefined;
    const shared = this.#shared;
    this.#shared = undefined;
    this.#protect(shared === undefined ? pskPremaster(key) : ecdhePskPremaster(shared, key));
    shared?.fill(0);
    // What came without protection and ahead of its turn must not stand where the Finished belongs.
    this.#reassembly.clear();
  }

  #certificateVerify({ bytes, body }: HandshakeMessage): void {
    const { parameters, provider } = this.#parts;
    const { scheme, signature } = decodeCertificateVerify(body);
    const said = this.#conversation.messages();
    this.#conversation.heard(bytes);
    this.#conversation.forgetMessages();
    const fits = parameters.schemes.includes(scheme) && schemeFits(scheme, this.#peerKey);
    if (!fits || !provider.verify(scheme, this.#peerKey, said, signature))
      throw new HandshakeError('bad_signature', 'decrypt_error', 'the CertificateVerify does not verify');
    this.#state = 'owner';
    const raw = this.#choice?.clientProof === 'rpk';
    this.#place.ask(raw ? { about: 'rawKey', spki: this.#peerKey } : { about: 'chain', chain: this.#chain });
  }

  #owned(answer: Answer): void {
    if (answer.is !== 'good' || answer.owner === undefined) {
      const alert = answer.is === 'refused' ? answer.alert : undefined;
      this.#fail({ is: 'failed', reason: 'proof_refused', ...(alert !== undefined && { alert }) });
      return;
    }
    this.#owner = answer.owner;
    this.#chain = [];
    this.#reassembly.clear();
    this.#state = 'change';
  }

  /** From now on there are keys: what comes next comes under their protection. */
  #protect(premaster: Uint8Array): void {
    const choice = this.#choice as Choice;
    const { suite, masterSecret, peerCid = EMPTY } = choice;
    const { clientRandom } = this;
    const agreement = { suite, masterSecret, clientRandom, serverRandom: this.#serverRandom };
    this.#secrets = Secrets.of(this.#parts.provider, agreement, premaster, this.#session);
    this.channel.protect(suite, this.#secrets.keys(), peerCid);
    this.#state = 'change';
  }

  #finished(now: Instant, { bytes, body }: HandshakeMessage): void {
    const { provider } = this.#parts;
    const choice = this.#choice as Choice;
    const secrets = this.#secrets as Secrets;
    const conversation = this.#conversation;
    const expected = secrets.finished('client', conversation.digest());
    if (!provider.equal(expected, decodeFinished(body)) || this.#owner === undefined)
      throw new HandshakeError('bad_finished', 'decrypt_error', 'the Finished does not verify');
    conversation.heard(bytes);
    conversation.change();
    const own = secrets.finished('server', conversation.digest());
    conversation.say(HandshakeType.FINISHED, encodeFinished(own), 'sealed');
    conversation.flush(now, 'last');
    secrets.wipe();
    this.#state = 'over';
    this.#outcome = {
      is: 'established',
      suite: choice.suite,
      owner: this.#owner,
      cid: choice.peerCid === undefined ? 'not_used' : 'used',
      content: choice.content,
      ...(choice.serverName !== undefined && { serverName: choice.serverName }),
    };
  }
}

const UNKNOWN_KEY_BYTES = 16;
