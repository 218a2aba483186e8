/**
 * The server's side of a handshake whose hello brought its cookie back (RFC 5246 §7.3, RFC 4279, 5489, 7250, 7627, 8422).
 * Each state expects one thing and is left by it alone; whatever else comes is dropped, because before the Finished nothing
 * says who sent it. What is expected and does not hold ends the handshake.
 */

import { EMPTY, type Instant, type PeerIdentity } from '#base';

import {
  decodeCertificateVerify,
  decodeClientHello,
  decodeEcdheClientKeyExchange,
  decodeEcdhePskClientKeyExchange,
  decodeFinished,
  decodePskClientKeyExchange,
  encodeFinished,
  encodeNewSessionTicket,
  ExtensionType,
  HandshakeType,
  RANDOM_LENGTH,
  type ClientHello,
  type Extension,
  type FragmentView,
} from '../codec/index.js';
import { ecdhePskPremaster, pskPremaster, type EphemeralKey } from '../crypto/index.js';
import { Channel } from '../record/index.js';
import { Conversation } from './conversation.js';
import { negotiate, type Choice, type Making, type ServerOffer } from './negotiate.js';
import { HandshakeError, type Outcome } from './outcome.js';
import type { HandshakeParts, HandshakePlace } from './parts.js';
import { PeerProof } from './peer-proof.js';
import { Progress } from './progress.js';
import type { Answer } from './questions.js';
import { Reassembly, type FragmentOutcome, type HandshakeMessage } from './reassembly.js';
import { HANDLE_BYTES, handleForm, handleIn, newSession, resumedChoice, resumedSuite } from './resumption.js';
import type { HandleForm } from './resumption.js';
import { Secrets, type Agreement } from './secrets.js';
import { answerHello, serverHello } from './server-hello.js';

/** What each state waits for. `answer`: to our question; `turn`: to do costly work; `change`: ChangeCipherSpec. */
const EXPECTED = Object.freeze({
  hello: HandshakeType.CLIENT_HELLO,
  session: 'answer',
  turn: 'turn',
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
  /** Random of the hello: another hello with it is the same one again. */
  readonly clientRandom: Uint8Array;
  readonly #parts: HandshakeParts;
  readonly #place: HandshakePlace;
  readonly #offer: ServerOffer;
  readonly #cid: Uint8Array;
  readonly #conversation: Conversation;
  readonly #progress: Progress;
  readonly #reassembly: Reassembly;
  #state: ServerState = 'hello';
  #hello: ClientHello | undefined;
  #choice: Choice | undefined;
  /** Whether both sides begin with a Finished instead of keys. */
  #kind: 'full' | 'resumed' = 'full';
  /** Of the session that is being made; empty when none is. */
  #handle: Uint8Array = EMPTY;
  #handleForm: HandleForm = 'session_id';
  #serverRandom: Uint8Array = EMPTY;
  #ephemeral: EphemeralKey | undefined;
  /** Of ECDHE_PSK, until the key is known. */
  #shared: Uint8Array | undefined;
  #session: Uint8Array = EMPTY;
  #proof: PeerProof | undefined;
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
    this.clientRandom = new Uint8Array(hello.random);
    this.channel = new Channel('server', provider);
    this.channel.plainSequence = hello.record;
    const { transmit } = place;
    this.#conversation = new Conversation({ parameters, provider, channel: this.channel, transmit }, hello.sequence);
    this.#progress = new Progress(now, parameters, this.channel, this.#conversation);
    this.#reassembly = new Reassembly(parameters, hello.sequence);
  }

  get outcome(): Outcome {
    return this.#progress.outcome;
  }

  get state(): ServerState {
    return this.#progress.outcome.is === 'failed' ? 'over' : this.#state;
  }

  /** Whether the client has to put our Connection ID into its records. */
  get expectsCid(): boolean {
    return this.#choice?.peerCid !== undefined && this.#cid.length > 0;
  }

  /** When `handleTimeout` has something to do. */
  nextDeadline(): Instant {
    return this.#progress.nextDeadline();
  }

  /** Takes a fragment that came without protection. */
  plain(now: Instant, bytes: Uint8Array, view: FragmentView): FragmentOutcome | 'message_unexpected' {
    if (this.#state === 'change' || this.#state === 'finished' || this.#state === 'over') {
      // What is left to come comes under protection; but who got nothing of a short handshake says hello again.
      const again = view.type === HandshakeType.CLIENT_HELLO && view.offset === 0 && this.#kind === 'resumed';
      if (again && this.#state !== 'over') this.#conversation.repeat(now);
      return again ? 'old' : 'message_unexpected';
    }
    // Who got no answer yet has nothing to say but its hello.
    if (this.#state === 'turn' && view.type !== HandshakeType.CLIENT_HELLO) return 'message_unexpected';
    const outcome = this.#reassembly.add(bytes, view);
    if (outcome === 'old' && view.type === HandshakeType.CLIENT_HELLO && view.offset === 0)
      this.#conversation.repeat(now);
    if (outcome === 'kept') this.#progress.guard(() => this.#advance(now));
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
    if (outcome === 'kept') this.#progress.guard(() => this.#advance(now));
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
    this.#progress.guard(() => {
      if (this.#state === 'session') this.#remembered(now, answer);
      else if (this.#state === 'key') this.#keyed(answer);
      else this.#owned(answer);
      this.#advance(now);
    });
  }

  /** Its turn has come. */
  turn(now: Instant): void {
    if (this.state === 'turn') this.#progress.guard(() => this.#answerHello(now));
  }

  /** Sends a flight again, or gives up. */
  handleTimeout(now: Instant): void {
    this.#progress.handleTimeout(now);
  }

  /** Ends the handshake without a word. */
  abandon(reason: string): void {
    if (this.#progress.going) this.#progress.fail({ is: 'failed', reason });
  }

  /** Handles all messages that are there and expected. */
  #advance(now: Instant): void {
    while (this.#progress.going) {
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
        this.#greeted(now, message);
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
      default:
        return;
    }
  }

  #greeted(now: Instant, { bytes, body }: HandshakeMessage): void {
    const { parameters, random } = this.#parts;
    const hello = decodeClientHello(body);
    const choice = negotiate(hello, parameters, this.#offer);
    if ('refused' in choice) {
      this.#progress.fail({ is: 'failed', reason: choice.refused, alert: choice.alert });
      return;
    }
    this.#hello = hello;
    this.#choice = choice;
    this.#serverRandom = random.bytes(RANDOM_LENGTH);
    this.#conversation.limitContent(choice.content);
    this.#conversation.heard(bytes);
    const sessions = parameters.resumption === 'offered' && choice.masterSecret === 'extended';
    const handle = sessions ? handleIn(hello) : undefined;
    if (sessions) {
      this.#handle = random.bytes(HANDLE_BYTES);
      this.#handleForm = handleForm(hello);
    }
    if (handle === undefined) {
      this.#full(now, choice);
      return;
    }
    this.#state = 'session';
    this.#place.ask({ about: 'session', handle: new Uint8Array(handle) });
  }

  /** A full handshake: answered at once with a pre-shared key alone; what takes a key agreement waits for its turn. */
  #full(now: Instant, choice: Choice): void {
    if (choice.group === 0) {
      this.#answerHello(now);
      return;
    }
    this.#state = 'turn';
    if (this.#place.wait(now) === 'full') this.#progress.fail({ is: 'failed', reason: 'ecdhe_waiting_full' });
  }

  /** The first flight of a full handshake. */
  #answerHello(now: Instant): void {
    const [hello, choice] = [this.#hello as ClientHello, this.#choice as Choice];
    const conversation = this.#conversation;
    const ticket = this.#handle.length > 0 && this.#handleForm === 'ticket';
    if (ticket) this.#choice = { ...choice, extensions: [...choice.extensions, TICKET_TO_COME] };
    conversation.hash(choice.suite.hash);
    if (choice.clientProof === undefined) conversation.forgetMessages();
    else this.#proof = new PeerProof(choice.clientProof);
    const randoms = { client: hello.random, server: this.#serverRandom };
    const ids = { cid: this.#cid, sessionId: ticket ? EMPTY : this.#handle };
    this.#ephemeral = answerHello(conversation, this.#choice ?? choice, randoms, ids, this.#parts);
    conversation.flush(now, 'answered');
    this.#state = choice.clientProof === undefined ? 'keyExchange' : 'certificate';
  }

  /** A session is gone on with if it is known and fits; else the handshake is a full one. */
  #remembered(now: Instant, answer: Answer): void {
    const { parameters, provider } = this.#parts;
    const [hello, choice] = [this.#hello as ClientHello, this.#choice as Choice];
    const session = answer.is === 'session' ? answer.session : undefined;
    const suite = session === undefined ? undefined : resumedSuite(hello, choice, session, parameters);
    if (session === undefined || suite === undefined) {
      this.#full(now, choice);
      return;
    }
    this.#kind = 'resumed';
    this.#handle = EMPTY;
    this.#owner = session.owner;
    const resumed = resumedChoice(choice, suite);
    this.#choice = resumed;
    const conversation = this.#conversation;
    conversation.hash(suite.hash);
    conversation.forgetMessages();
    const body = serverHello(resumed, this.#serverRandom, hello.sessionId, this.#cid);
    conversation.say(HandshakeType.SERVER_HELLO, body);
    this.#protect(Secrets.again(provider, this.#agreement(), session.master));
    this.#sayFinished();
    conversation.flush(now, 'answered');
  }

  #certificate({ bytes, body }: HandshakeMessage): void {
    this.#conversation.heard(bytes);
    this.#proof?.take(body);
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
        this.#protect(this.#secretsOf(this.#agree(decodeEcdheClientKeyExchange(body))));
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
    this.#place.ask({ about: 'psk', identity: new Uint8Array(identity) });
  }

  /** Whoever names an identity that is not known gets a key nobody has, and fails where a wrong key fails. */
  #keyed(answer: Answer): void {
    const known = answer.is === 'key';
    // Drawn in either case, which takes as long.
    const nobodys = this.#parts.random.bytes(UNKNOWN_KEY_BYTES);
    const key = known ? answer.key : nobodys;
    this.#owner = known ? answer.owner : undefined;
    const shared = this.#shared;
    this.#shared = undefined;
    this.#protect(this.#secretsOf(shared === undefined ? pskPremaster(key) : ecdhePskPremaster(shared, key)));
    shared?.fill(0);
    // What came without protection and ahead of its turn must not stand where the Finished belongs.
    this.#reassembly.clear();
  }

  #certificateVerify({ bytes, body }: HandshakeMessage): void {
    const { scheme, signature } = decodeCertificateVerify(body);
    const proof = this.#proof as PeerProof;
    proof.verify(scheme, this.#conversation.messages(), signature, this.#parts);
    this.#conversation.heard(bytes);
    this.#conversation.forgetMessages();
    this.#state = 'owner';
    this.#place.ask(proof.question(this.#choice?.proof?.anchors));
  }

  #owned(answer: Answer): void {
    if (answer.is !== 'good' || answer.owner === undefined) {
      const alert = answer.is === 'refused' ? answer.alert : undefined;
      this.#progress.fail({ is: 'failed', reason: 'proof_refused', ...(alert !== undefined && { alert }) });
      return;
    }
    this.#owner = answer.owner;
    this.#reassembly.clear();
    this.#state = 'change';
  }

  #agreement(): Agreement {
    const { masterSecret, suite } = this.#choice as Choice;
    return { suite, masterSecret, clientRandom: this.clientRandom, serverRandom: this.#serverRandom };
  }

  #secretsOf(premaster: Uint8Array): Secrets {
    return Secrets.of(this.#parts.provider, this.#agreement(), premaster, this.#session);
  }

  /** From now on there are keys: what comes next comes under their protection. */
  #protect(secrets: Secrets): void {
    const { suite, peerCid = EMPTY } = this.#choice as Choice;
    this.#progress.secrets = secrets;
    this.channel.protect(suite, secrets.keys(), peerCid);
    this.#state = 'change';
  }

  #sayFinished(): void {
    const conversation = this.#conversation;
    conversation.change();
    const own = (this.#progress.secrets as Secrets).finished('server', conversation.digest());
    conversation.say(HandshakeType.FINISHED, encodeFinished(own), 'sealed');
  }

  #finished(now: Instant, { bytes, body }: HandshakeMessage): void {
    const { parameters, provider } = this.#parts;
    const secrets = this.#progress.secrets as Secrets;
    const conversation = this.#conversation;
    const expected = secrets.finished('client', conversation.digest());
    if (!provider.equal(expected, decodeFinished(body)) || this.#owner === undefined)
      throw new HandshakeError('bad_finished', 'decrypt_error', 'the Finished does not verify');
    conversation.heard(bytes);
    if (this.#kind === 'full') {
      if (this.#handle.length > 0 && this.#handleForm === 'ticket') {
        const ticket = { lifetime: parameters.ticketLifetime, ticket: this.#handle };
        conversation.say(HandshakeType.NEW_SESSION_TICKET, encodeNewSessionTicket(ticket));
      }
      this.#sayFinished();
      conversation.flush(now, 'last');
    } else conversation.rest();
    this.#state = 'over';
    this.#progress.succeed(this.#established(secrets, this.#owner));
  }

  #established(secrets: Secrets, owner: PeerIdentity): Extract<Outcome, { is: 'established' }> {
    const { content, peerCid, routability, serverName, suite } = this.#choice as Choice;
    const outcome: Making<Extract<Outcome, { is: 'established' }>> = {
      is: 'established',
      suite,
      owner,
      cid: peerCid === undefined ? 'not_used' : 'used',
      routability,
      content,
      kind: this.#kind,
    };
    if (serverName !== undefined) outcome.serverName = serverName;
    if (this.#handle.length > 0)
      outcome.made = { handle: this.#handle, session: newSession(suite, secrets.master(), owner, serverName) };
    if (this.#parts.parameters.masterSecrets === 'told') outcome.told = secrets.master();
    return outcome;
  }
}

const UNKNOWN_KEY_BYTES = 16;
const TICKET_TO_COME: Extension = { type: ExtensionType.SESSION_TICKET, body: EMPTY };
