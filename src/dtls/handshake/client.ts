/**
 * The client's side of a handshake (RFC 5246 §7.3, RFC 6347 §4.2, RFC 4279, 5489, 7250, 7627, 8422): enough for simulated
 * devices and for tests against servers that others wrote. It proves the server as it proves itself: a raw key or a chain
 * is asked about before anything secret is said.
 */

import { after, EMPTY, type Instant } from '#base';

import {
  AlertDescription,
  decodeCertificateList,
  decodeCertificateRequest,
  decodeEcdhePskServerKeyExchange,
  decodeEcdheServerKeyExchange,
  decodeFinished,
  decodeHelloVerifyRequest,
  decodePskServerKeyExchange,
  decodeRawPublicKey,
  decodeServerHello,
  decodeServerHelloDone,
  encodeCertificateList,
  encodeCertificateVerify,
  encodeEcdheClientKeyExchange,
  encodeEcdhePskClientKeyExchange,
  encodeFinished,
  encodePskClientKeyExchange,
  encodeRawPublicKey,
  HandshakeType,
  RANDOM_LENGTH,
  type CertificateRequest,
  type EcdhParameters,
  type FragmentView,
} from '../codec/index.js';
import { ecdhePskPremaster, pskPremaster, schemeFits, spkiOfCertificate, type Suite } from '../crypto/index.js';
import { Channel } from '../record/index.js';
import { acceptServerHello, clientHello, type Accepted, type ClientOffer } from './client-hello.js';
import { Conversation } from './conversation.js';
import { failureOf, GOING, HandshakeError, type Outcome } from './outcome.js';
import type { Answer } from './questions.js';
import { Reassembly, type FragmentOutcome, type HandshakeMessage } from './reassembly.js';
import { Secrets } from './secrets.js';
import type { HandshakeParts, HandshakePlace } from './server.js';

const { CERTIFICATE, CERTIFICATE_REQUEST, FINISHED, HELLO_VERIFY_REQUEST } = HandshakeType;
const { SERVER_HELLO, SERVER_HELLO_DONE, SERVER_KEY_EXCHANGE } = HandshakeType;

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
  | 'change'
  | 'finished'
  | 'over';

/** One handshake. */
export class ClientHandshake {
  readonly channel: Channel;
  /** When the handshake has to be over. */
  readonly deadline: Instant;
  readonly #parts: HandshakeParts;
  readonly #place: HandshakePlace;
  readonly #offer: ClientOffer;
  readonly #conversation: Conversation;
  readonly #reassembly: Reassembly;
  readonly #random: Uint8Array;
  #state: ClientState = 'hello';
  #outcome: Outcome = GOING;
  #accepted: Accepted | undefined;
  #serverKey: Uint8Array = EMPTY;
  #chain: readonly Uint8Array[] = [];
  #agreement: EcdhParameters | undefined;
  #request: CertificateRequest | undefined;
  #secrets: Secrets | undefined;

  constructor(now: Instant, parts: HandshakeParts, place: HandshakePlace, offer: ClientOffer) {
    const { parameters, provider, random } = parts;
    this.#parts = parts;
    this.#place = place;
    this.#offer = offer;
    this.deadline = after(now, parameters.handshakeDeadline);
    this.channel = new Channel('client', provider);
    const { transmit } = place;
    this.#conversation = new Conversation({ parameters, provider, channel: this.channel, transmit }, 0);
    this.#reassembly = new Reassembly(parameters, 0);
    this.#random = random.bytes(RANDOM_LENGTH);
    this.#hello(now, EMPTY);
  }

  get outcome(): Outcome {
    return this.#outcome;
  }

  get state(): ClientState {
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
    if (this.#state === 'finished' || this.#state === 'over') return 'message_unexpected';
    return this.#add(now, bytes, view);
  }

  /** Takes a fragment out of a record of epoch 1. */
  sealed(now: Instant, bytes: Uint8Array, view: FragmentView): FragmentOutcome | 'message_unexpected' {
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
    this.#guard(() => {
      if (answer.is === 'good') this.#prove(now);
      else if (answer.is === 'refused')
        throw new HandshakeError('server_refused', nameOf(answer.alert), 'the server is not who it should be');
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

  #add(now: Instant, bytes: Uint8Array, view: FragmentView): FragmentOutcome {
    const outcome = this.#reassembly.add(bytes, view);
    if (outcome === 'kept') this.#guard(() => this.#advance(now));
    return outcome;
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

  #advance(now: Instant): void {
    for (;;) {
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
      case FINISHED:
        this.#finished(message);
        return;
    }
  }

  #hello(now: Instant, cookie: Uint8Array): void {
    // The hash is known only when the server has chosen; the first hello and its answer are not part of it.
    this.#conversation.restart();
    const { parameters } = this.#parts;
    this.#conversation.say(
      HandshakeType.CLIENT_HELLO,
      clientHello(this.#offer, parameters, { random: this.#random, cookie }),
    );
    this.#conversation.flush(now, 'answered');
  }

  #serverHello({ bytes, body }: HandshakeMessage): void {
    const accepted = acceptServerHello(decodeServerHello(body), this.#offer, this.#parts.parameters);
    this.#accepted = accepted;
    this.#conversation.rest();
    this.#conversation.heard(bytes);
    this.#conversation.hash(accepted.suite.hash);
    this.#conversation.limitContent(accepted.content);
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

  #certificate(body: Uint8Array): void {
    if (this.#accepted?.serverProof === 'rpk') {
      this.#serverKey = decodeRawPublicKey(body);
    } else {
      this.#chain = decodeCertificateList(body);
      const [own] = this.#chain;
      if (own === undefined)
        throw new HandshakeError('no_certificate', 'bad_certificate', 'a server has a certificate');
      this.#serverKey = spkiOfCertificate(own);
    }
    this.#state = 'keyExchange';
  }

  #keyExchange(body: Uint8Array): void {
    const { suite, serverRandom } = this.#accepted as Accepted;
    const { parameters, provider } = this.#parts;
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
        const fits = parameters.schemes.includes(scheme) && schemeFits(scheme, this.#serverKey);
        if (!fits || !provider.verify(scheme, this.#serverKey, signed, signature))
          throw new HandshakeError('bad_signature', 'decrypt_error', 'the ServerKeyExchange does not verify');
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
    const raw = this.#accepted?.serverProof === 'rpk';
    this.#place.ask(raw ? { about: 'rawKey', spki: this.#serverKey } : { about: 'chain', chain: this.#chain });
  }

  /** Our whole second flight. */
  #prove(now: Instant): void {
    const { suite, masterSecret, serverRandom, peerCid = EMPTY } = this.#accepted as Accepted;
    const { provider } = this.#parts;
    const conversation = this.#conversation;
    const request = this.#request;
    if (request !== undefined) this.#sayCertificate();
    const premaster = this.#sayKeyExchange(suite);
    const session = conversation.digest();
    const agreement = { suite, masterSecret, clientRandom: this.#random, serverRandom };
    const secrets = Secrets.of(provider, agreement, premaster, session);
    this.#secrets = secrets;
    if (request !== undefined && this.#offer.proof !== undefined) this.#sayVerify(request);
    conversation.forgetMessages();
    this.channel.protect(suite, secrets.keys(), peerCid);
    conversation.change();
    conversation.say(FINISHED, encodeFinished(secrets.finished('client', conversation.digest())), 'sealed');
    conversation.flush(now, 'answered');
    this.#state = 'change';
  }

  #sayCertificate(): void {
    const { proof } = this.#offer;
    const kind = this.#accepted?.clientProof;
    const body =
      proof === undefined
        ? encodeCertificateList([])
        : kind === 'rpk'
          ? encodeRawPublicKey(proof.key.spki)
          : encodeCertificateList(proof.chain ?? []);
    this.#conversation.say(CERTIFICATE, body);
  }

  #sayKeyExchange({ keyExchange }: Suite): Uint8Array {
    const { provider } = this.#parts;
    const { psk } = this.#offer;
    const say = (body: Uint8Array): void => {
      this.#conversation.say(HandshakeType.CLIENT_KEY_EXCHANGE, body);
    };
    if (keyExchange === 'psk') {
      say(encodePskClientKeyExchange(psk?.identity ?? EMPTY));
      return pskPremaster(psk?.key ?? EMPTY);
    }
    const { group, point } = this.#agreement as EcdhParameters;
    const own = provider.ephemeral(group);
    const shared = own.agree(point);
    if (keyExchange !== 'ecdhe_psk') {
      say(encodeEcdheClientKeyExchange(own.publicKey));
      return shared;
    }
    say(encodeEcdhePskClientKeyExchange({ identity: psk?.identity ?? EMPTY, point: own.publicKey }));
    return ecdhePskPremaster(shared, psk?.key ?? EMPTY);
  }

  #sayVerify({ schemes }: CertificateRequest): void {
    const { parameters, provider } = this.#parts;
    const { proof } = this.#offer;
    if (proof === undefined) return;
    const scheme = parameters.schemes.find((id) => schemes.includes(id) && schemeFits(id, proof.key.spki));
    if (scheme === undefined)
      throw new HandshakeError(
        'no_shared_signature',
        'handshake_failure',
        'the server verifies no signature of our key',
      );
    const signature = provider.sign(scheme, proof.key, this.#conversation.messages());
    this.#conversation.say(HandshakeType.CERTIFICATE_VERIFY, encodeCertificateVerify({ scheme, signature }));
  }

  #finished({ body }: HandshakeMessage): void {
    const { suite, peerCid, content } = this.#accepted as Accepted;
    const secrets = this.#secrets as Secrets;
    const expected = secrets.finished('server', this.#conversation.digest());
    if (!this.#parts.provider.equal(expected, decodeFinished(body)))
      throw new HandshakeError('bad_finished', 'decrypt_error', 'the Finished does not verify');
    secrets.wipe();
    this.#conversation.rest();
    this.#state = 'over';
    this.#outcome = { is: 'established', suite, cid: peerCid === undefined ? 'not_used' : 'used', content };
  }
}

function nameOf(alert: number | undefined): keyof typeof AlertDescription {
  const known = Object.entries(AlertDescription).find(([, number]) => number === alert);
  return (known?.[0] ?? 'bad_certificate') as keyof typeof AlertDescription;
}
