/**
 * The client's side of a handshake (RFC 5246 §7.3, RFC 6347 §4.2, RFC 4279, 5489, 7250, 7627, 8422): enough for simulated
 * devices and for tests against servers that others wrote. It proves the server as it proves itself: a raw key or a chain
 * is asked about before anything secret is said.
 */

import { EMPTY, type Instant } from '#base';

import {
  AlertDescription,
  decodeCertificateRequest,
  decodeEcdhePskServerKeyExchange,
  decodeEcdheServerKeyExchange,
  decodeFinished,
  decodeHelloVerifyRequest,
  decodeNewSessionTicket,
  decodePskServerKeyExchange,
  decodeServerHello,
  decodeServerHelloDone,
  encodeFinished,
  HandshakeType,
  RANDOM_LENGTH,
  type CertificateRequest,
  type EcdhParameters,
  type FragmentView,
} from '../codec/index.js';
import { Channel } from '../record/index.js';
import {
  acceptServerHello,
  clientHello,
  type Accepted,
  type ClientOffer,
  type OfferedSession,
} from './client-hello.js';
import { sayCertificate, sayKeyExchange, sayVerify } from './client-flight.js';
import { Conversation } from './conversation.js';
import { HandshakeError, type Outcome } from './outcome.js';
import type { HandshakeParts, HandshakePlace } from './parts.js';
import { PeerProof } from './peer-proof.js';
import { Progress } from './progress.js';
import type { Answer } from './questions.js';
import { Reassembly, type FragmentOutcome, type HandshakeMessage } from './reassembly.js';
import { HANDLE_BYTES, type HandleForm, type Session } from './resumption.js';
import { Secrets } from './secrets.js';

const { CERTIFICATE, CERTIFICATE_REQUEST, FINISHED, HELLO_VERIFY_REQUEST } = HandshakeType;
const { NEW_SESSION_TICKET, SERVER_HELLO, SERVER_HELLO_DONE, SERVER_KEY_EXCHANGE } = HandshakeType;

/** Which messages each state takes. */
const EXPECTED: Readonly<Record<ClientState, readonly number[]>> = Object.freeze({
  hello: [HELLO_VERIFY_REQUEST, SERVER_HELLO],
  verified: [SERVER_HELLO],
  certificate: [CERTIFICATE],
  keyExchange: [SERVER_KEY_EXCHANGE],
  /** Plain PSK: a server without a hint says nothing. */
  hint: [SERVER_KEY_EXCHANGE, SERVER_HELLO_DONE],
  request: [CERTIFICATE_REQUEST, SERVER_HELLO_DONE],
  done: [SERVER_HELLO_DONE],
  server: [],
  ticket: [NEW_SESSION_TICKET],
  change: [],
  finished: [FINISHED],
  over: [],
});

/** A state of the client. */
export type ClientState =
  | 'hello'
  | 'verified'
  | 'certificate'
  | 'keyExchange'
  | 'hint'
  | 'request'
  | 'done'
  | 'server'
  | 'ticket'
  | 'change'
  | 'finished'
  | 'over';

/** One handshake. */
export class ClientHandshake {
  readonly channel: Channel;
  readonly #parts: HandshakeParts;
  readonly #place: HandshakePlace;
  readonly #offer: ClientOffer;
  readonly #conversation: Conversation;
  readonly #progress: Progress;
  readonly #reassembly: Reassembly;
  readonly #random: Uint8Array;
  #state: ClientState = 'hello';
  #accepted: Accepted | undefined;
  #proof: PeerProof | undefined;
  #agreement: EcdhParameters | undefined;
  #request: CertificateRequest | undefined;
  #kind: 'full' | 'resumed' = 'full';
  /** Of the session that is being made. */
  #made: { readonly handle: Uint8Array; readonly form: HandleForm } | undefined;
  readonly #offered: OfferedSession | undefined;
  readonly #sessionId: Uint8Array;

  /** `offered`: a session to go on with. */
  constructor(
    now: Instant,
    parts: HandshakeParts,
    place: HandshakePlace,
    offer: ClientOffer,
    offered: OfferedSession | undefined,
  ) {
    const { parameters, provider, random } = parts;
    this.#parts = parts;
    this.#place = place;
    this.#offer = offer;
    this.channel = new Channel('client', provider);
    const { transmit } = place;
    this.#conversation = new Conversation({ parameters, provider, channel: this.channel, transmit }, 0);
    this.#progress = new Progress(now, parameters, this.channel, this.#conversation);
    this.#reassembly = new Reassembly(parameters, 0);
    this.#random = random.bytes(RANDOM_LENGTH);
    // A server that keeps nothing needs the hello up to its cookie in one piece: where that has no room, no session is offered.
    const session = parameters.mtu < HELLO_WITH_SESSION ? undefined : offered;
    this.#offered = session;
    this.#sessionId =
      session === undefined ? EMPTY : session.form === 'ticket' ? random.bytes(HANDLE_BYTES) : session.handle;
    this.#hello(now, EMPTY);
  }

  get outcome(): Outcome {
    return this.#progress.outcome;
  }

  get state(): ClientState {
    return this.#progress.outcome.is === 'failed' ? 'over' : this.#state;
  }

  /** Whether the server has to put our Connection ID into its records. */
  get expectsCid(): boolean {
    return this.#accepted?.peerCid !== undefined && (this.#offer.cid ?? EMPTY).length > 0;
  }

  /** When `handleTimeout` has something to do. */
  nextDeadline(): Instant {
    return this.#progress.nextDeadline();
  }

  /** Takes a fragment that came without protection. */
  plain(now: Instant, bytes: Uint8Array, view: FragmentView): FragmentOutcome | 'message_unexpected' {
    if (this.#state === 'finished' || this.#state === 'over') return 'message_unexpected';
    return this.#add(now, bytes, view);
  }

  /** Takes a fragment out of a record of epoch 1. */
  sealed(now: Instant, bytes: Uint8Array, view: FragmentView): FragmentOutcome | 'message_unexpected' {
    if (this.#state === 'over' && this.#kind === 'resumed') {
      const outcome = this.#reassembly.add(bytes, view);
      if (outcome === 'old' && view.type === FINISHED) this.#conversation.repeat(now);
      return outcome;
    }
    if (this.#state !== 'finished') return 'message_unexpected';
    return this.#add(now, bytes, view);
  }

  /** Takes a ChangeCipherSpec. */
  change(): 'kept' | 'message_unexpected' {
    if (this.#state !== 'change') return 'message_unexpected';
    this.#reassembly.clear();
    this.#state = 'finished';
    return 'kept';
  }

  /** Takes the answer to the question whether the server is good. */
  answer(now: Instant, answer: Answer): void {
    if (this.#state !== 'server') return;
    this.#progress.guard(() => {
      if (answer.is === 'good') this.#prove(now);
      else if (answer.is === 'refused')
        throw new HandshakeError('server_refused', nameOf(answer.alert), 'the server is not who it should be');
    });
  }

  /** Sends a flight again, or gives up. */
  handleTimeout(now: Instant): void {
    this.#progress.handleTimeout(now);
  }

  /** Ends the handshake without a word. */
  abandon(reason: string): void {
    if (this.#progress.going) this.#progress.fail({ is: 'failed', reason });
  }

  #add(now: Instant, bytes: Uint8Array, view: FragmentView): FragmentOutcome {
    const outcome = this.#reassembly.add(bytes, view);
    if (outcome === 'kept') this.#progress.guard(() => this.#advance(now));
    return outcome;
  }

  #advance(now: Instant): void {
    while (this.#progress.going) {
      const type = this.#reassembly.nextType;
      if (type === undefined) return;
      if (!EXPECTED[this.#state].includes(type)) {
        // While the server is asked about, what follows may wait; otherwise it has no place here.
        if (this.#state !== 'server') this.#reassembly.refuseNext();
        return;
      }
      const message = this.#reassembly.take();
      if (message === undefined) return;
      this.#step(now, message);
    }
  }

  #step(now: Instant, message: HandshakeMessage): void {
    const { bytes, body, type } = message;
    switch (type) {
      case HELLO_VERIFY_REQUEST:
        this.#hello(now, decodeHelloVerifyRequest(body).cookie);
        this.#state = 'verified';
        return;
      case SERVER_HELLO:
        this.#serverHello(message);
        return;
      case CERTIFICATE:
        this.#conversation.heard(bytes);
        this.#certificate(body);
        return;
      case SERVER_KEY_EXCHANGE:
        this.#conversation.heard(bytes);
        this.#keyExchange(body);
        return;
      case CERTIFICATE_REQUEST:
        this.#conversation.heard(bytes);
        this.#request = decodeCertificateRequest(body);
        this.#state = 'done';
        return;
      case SERVER_HELLO_DONE:
        decodeServerHelloDone(body);
        this.#conversation.heard(bytes);
        this.#done(now);
        return;
      case NEW_SESSION_TICKET:
        this.#conversation.heard(bytes);
        this.#made = { handle: Uint8Array.from(decodeNewSessionTicket(body).ticket), form: 'ticket' };
        this.#state = 'change';
        return;
      case FINISHED:
        this.#finished(now, message);
        return;
    }
  }

  #hello(now: Instant, cookie: Uint8Array): void {
    // The hash is known only when the server has chosen; the first hello and its answer are not part of it.
    this.#conversation.restart();
    const { parameters } = this.#parts;
    const ticket = this.#offered?.form === 'ticket' ? this.#offered.handle : EMPTY;
    const said = { random: this.#random, cookie, sessionId: this.#sessionId, ticket };
    this.#conversation.say(HandshakeType.CLIENT_HELLO, clientHello(this.#offer, parameters, said));
    this.#conversation.flush(now, 'answered');
  }

  #serverHello({ bytes, body }: HandshakeMessage): void {
    const accepted = acceptServerHello(decodeServerHello(body), this.#offer, this.#parts.parameters);
    this.#accepted = accepted;
    this.#conversation.rest();
    this.#conversation.heard(bytes);
    this.#conversation.hash(accepted.suite.hash);
    this.#conversation.limitContent(accepted.content);
    if (this.#offered !== undefined && isSame(accepted.sessionId, this.#sessionId)) {
      this.#goOn(accepted, this.#offered.session);
      return;
    }
    if (accepted.sessionId.length > 0) this.#made = { handle: accepted.sessionId, form: 'session_id' };
    switch (accepted.suite.keyExchange) {
      case 'psk':
        this.#state = 'hint';
        return;
      case 'ecdhe_psk':
        this.#state = 'keyExchange';
        return;
      case 'ecdhe_ecdsa':
      case 'ecdhe_rsa':
        this.#state = 'certificate';
        return;
    }
  }

  /** The server goes on with the session: its Finished comes next. */
  #goOn(accepted: Accepted, session: Session): void {
    const { masterSecret, peerCid = EMPTY, serverRandom, suite } = accepted;
    if (suite.id !== session.suite)
      throw new HandshakeError('suite_not_offered', 'illegal_parameter', 'a session is gone on with in its own suite');
    const agreement = { suite, masterSecret, clientRandom: this.#random, serverRandom };
    this.#kind = 'resumed';
    const secrets = Secrets.again(this.#parts.provider, agreement, session.master);
    this.#progress.secrets = secrets;
    this.#conversation.forgetMessages();
    this.channel.protect(suite, secrets.keys(), peerCid);
    this.#state = 'change';
  }

  #certificate(body: Uint8Array): void {
    this.#proof = new PeerProof(this.#accepted?.serverProof ?? 'x509');
    this.#proof.take(body);
    this.#state = 'keyExchange';
  }

  #keyExchange(body: Uint8Array): void {
    const { suite, serverRandom } = this.#accepted as Accepted;
    const { parameters } = this.#parts;
    switch (suite.keyExchange) {
      case 'psk':
        decodePskServerKeyExchange(body);
        this.#state = 'done';
        return;
      case 'ecdhe_psk':
        this.#agreement = decodeEcdhePskServerKeyExchange(body);
        this.#state = 'done';
        break;
      case 'ecdhe_ecdsa':
      case 'ecdhe_rsa': {
        const { group, point, params, scheme, signature } = decodeEcdheServerKeyExchange(body);
        const signed = Buffer.concat([this.#random, serverRandom, params]);
        (this.#proof as PeerProof).verify(scheme, signed, signature, this.#parts);
        this.#agreement = { group, point };
        this.#state = 'request';
        break;
      }
    }
    if (!parameters.groups.includes(this.#agreement.group))
      throw new HandshakeError(
        'group_not_offered',
        'illegal_parameter',
        'the server uses a group that was not offered',
      );
  }

  #done(now: Instant): void {
    const { suite } = this.#accepted as Accepted;
    if (suite.keyExchange === 'psk' || suite.keyExchange === 'ecdhe_psk') {
      this.#prove(now);
      return;
    }
    this.#state = 'server';
    this.#place.ask((this.#proof as PeerProof).question());
  }

  /** Our whole second flight. */
  #prove(now: Instant): void {
    const { suite, masterSecret, serverRandom, peerCid = EMPTY } = this.#accepted as Accepted;
    const { provider } = this.#parts;
    const conversation = this.#conversation;
    const request = this.#request;
    if (request !== undefined) sayCertificate(conversation, this.#offer, this.#accepted?.clientProof);
    const premaster = sayKeyExchange(conversation, suite, this.#offer.psk, this.#agreement, provider);
    const session = conversation.digest();
    const agreement = { suite, masterSecret, clientRandom: this.#random, serverRandom };
    const secrets = Secrets.of(provider, agreement, premaster, session);
    this.#progress.secrets = secrets;
    if (request !== undefined) sayVerify(conversation, this.#offer.proof, request, this.#parts);
    conversation.forgetMessages();
    this.channel.protect(suite, secrets.keys(), peerCid);
    conversation.change();
    conversation.say(FINISHED, encodeFinished(secrets.finished('client', conversation.digest())), 'sealed');
    conversation.flush(now, 'answered');
    this.#state = this.#accepted?.ticket === 'to_come' ? 'ticket' : 'change';
  }

  #finished(now: Instant, { body, bytes }: HandshakeMessage): void {
    const { content, peerCid, routability, suite } = this.#accepted as Accepted;
    const secrets = this.#progress.secrets as Secrets;
    const conversation = this.#conversation;
    const expected = secrets.finished('server', conversation.digest());
    if (!this.#parts.provider.equal(expected, decodeFinished(body)))
      throw new HandshakeError('bad_finished', 'decrypt_error', 'the Finished does not verify');
    if (this.#kind === 'resumed') {
      conversation.heard(bytes);
      conversation.change();
      conversation.say(FINISHED, encodeFinished(secrets.finished('client', conversation.digest())), 'sealed');
      conversation.flush(now, 'last');
    } else conversation.rest();
    const made = this.#made;
    const { serverName } = this.#offer;
    const session = { suite: suite.id, master: secrets.master(), ...(serverName !== undefined && { serverName }) };
    this.#state = 'over';
    this.#progress.succeed({
      is: 'established',
      suite,
      cid: peerCid === undefined ? 'not_used' : 'used',
      routability,
      content,
      kind: this.#kind,
      ...(made !== undefined && made.handle.length > 0 && { made: { ...made, session } }),
    });
  }
}

function isSame(left: Uint8Array, right: Uint8Array): boolean {
  return Buffer.compare(left, right) === 0;
}

function nameOf(alert: number | undefined): keyof typeof AlertDescription {
  const known = Object.entries(AlertDescription).find(([, number]) => number === alert);
  return (known?.[0] ?? 'bad_certificate') as keyof typeof AlertDescription;
}

/** Bytes of UDP payload up to the end of a cookie of 20 bytes, with a session id of 32: headers, version, random, both. */
const HELLO_WITH_SESSION = 113;
