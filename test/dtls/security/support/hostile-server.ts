/**
 * A client of ours that goes to a server which says anything at any moment. The server can be anything but the right one: it
 * has no key that the client knows.
 */

import { EMPTY, Instant, plainPeer } from '#base';
import {
  DTLS_PARAMETERS,
  DtlsEndpoint,
  signingKey,
  type Answer,
  type CryptoProvider,
  type DtlsParameters,
} from '#dtls';
import {
  ContentType,
  decodeClientHello,
  encodeAlert,
  encodeCertificateList,
  encodeCertificateRequest,
  encodeEcdheServerKeyExchange,
  encodeEcdhParameters,
  encodeFinished,
  encodeHelloVerifyRequest,
  encodeNewSessionTicket,
  encodePskServerKeyExchange,
  encodeServerHello,
  ExtensionType,
  handshakeMessage,
  HandshakeType,
  type ServerHello,
} from '#dtls/codec';
import { PSK } from '../../../support/dtls.js';
import { SeededRandom } from '../../../support/random.js';
import { derOf, P256_CERTIFICATE, P256_PKCS8 } from '../../crypto/keys.js';
import { cheapProvider } from './cheap-provider.js';
import { heldBy } from './target.js';
import { extension, messagesOf, record } from './wire.js';

/** What the client comes with. */
export type ClientKind = 'psk' | 'x509';

/** What the client wants to say, which nobody may see. */
export const SECRET = 'what nobody else may see';

const SERVER = plainPeer(0, '192.0.2.66', 5684);
const KEY = signingKey(P256_PKCS8);
const CHAIN = [derOf(P256_CERTIFICATE)];
const RANDOM = new Uint8Array(32).fill(0x55);
/** RSA, ECDSA. */
const CERTIFICATE_TYPES = [1, 64];
const P256 = 23;
const ECDSA_SHA256 = 0x0403;

/** Everything such a server can say. */
export const HOSTILE_LETTERS = [
  'helloVerifyRequest',
  'serverHello',
  'foreignHello',
  'certificate',
  'emptyCertificate',
  'keyExchange',
  'badKeyExchange',
  'request',
  'done',
  'ticket',
  'changeCipherSpec',
  'plainFinished',
  'sealedFinished',
  'plainData',
  'sealedData',
  'helloRequest',
  'fatalAlert',
] as const;
export type HostileLetter = (typeof HOSTILE_LETTERS)[number];

/** A client, and the server it must not trust. */
export class HostileServer {
  readonly client: DtlsEndpoint;
  now = Instant(1_000_000);
  /** What the client sent. */
  readonly sent: Uint8Array[] = [];
  readonly told: Record<string, number> = {};
  readonly failures: string[] = [];
  readonly #kind: ClientKind;
  readonly #provider: CryptoProvider;
  readonly #answer: Answer;
  #sequence = 0;
  #record = 0;

  constructor(
    kind: ClientKind,
    parts: {
      readonly provider?: CryptoProvider;
      readonly answer?: Answer;
      readonly parameters?: Partial<DtlsParameters>;
    } = {},
  ) {
    this.#kind = kind;
    this.#provider = parts.provider ?? cheapProvider;
    this.#answer = parts.answer ?? { is: 'good' };
    this.client = new DtlsEndpoint(
      {
        parameters: { ...DTLS_PARAMETERS, mtu: 4000, ...parts.parameters },
        provider: this.#provider,
        random: new SeededRandom(9),
      },
      { send: (_listener, _address, _port, bytes) => this.sent.push(Uint8Array.from(bytes)) },
    );
    const proof = { key: KEY, chain: CHAIN };
    this.client.connect(0, kind === 'psk' ? { psk: PSK, serverProofs: [] } : { proof, serverProofs: ['x509'] });
    this.client.send(this.now, SERVER, Buffer.from(SECRET), 'own');
    this.#drain();
  }

  /** A message where the next one would be, or at `sequence`; it counts as said when the client took it. */
  say(type: number, body: Uint8Array, sequence = this.#sequence): void {
    const before = this.#refused();
    this.give(record(ContentType.HANDSHAKE, 0, this.#next(), handshakeMessage(type, sequence, body)));
    if (this.#refused() === before) this.#sequence = sequence + 1;
  }

  /** A record as it is. */
  give(datagram: Uint8Array): void {
    this.client.handleDatagram(this.now, 0, SERVER.address, SERVER.port, datagram);
    this.#drain();
  }

  /** Content in a record of its own, unprotected, or with a protection that nobody agreed on. */
  content(type: number, bytes: Uint8Array, epoch: 0 | 1 = 0): void {
    this.give(record(type, epoch, this.#next(), bytes));
  }

  letter(letter: HostileLetter): void {
    switch (letter) {
      case 'helloVerifyRequest':
        this.say(HandshakeType.HELLO_VERIFY_REQUEST, encodeHelloVerifyRequest(new Uint8Array(20).fill(this.#record)));
        return;
      case 'serverHello':
        this.hello();
        return;
      case 'foreignHello':
        this.hello({ suite: this.#kind === 'psk' ? 0xc0ae : 0xc0a8 });
        return;
      case 'certificate':
        this.say(HandshakeType.CERTIFICATE, encodeCertificateList(CHAIN));
        return;
      case 'emptyCertificate':
        this.say(HandshakeType.CERTIFICATE, encodeCertificateList([]));
        return;
      case 'keyExchange':
      case 'badKeyExchange':
        this.keyExchange(letter === 'keyExchange' ? RANDOM : EMPTY);
        return;
      case 'request':
        this.say(
          HandshakeType.CERTIFICATE_REQUEST,
          encodeCertificateRequest({ types: CERTIFICATE_TYPES, schemes: [ECDSA_SHA256], authorities: [] }),
        );
        return;
      case 'done':
        this.say(HandshakeType.SERVER_HELLO_DONE, EMPTY);
        return;
      case 'ticket':
        this.say(
          HandshakeType.NEW_SESSION_TICKET,
          encodeNewSessionTicket({ lifetime: 100, ticket: new Uint8Array(32).fill(1) }),
        );
        return;
      case 'changeCipherSpec':
        this.content(ContentType.CHANGE_CIPHER_SPEC, Uint8Array.of(1));
        return;
      case 'plainFinished':
        this.say(HandshakeType.FINISHED, encodeFinished(new Uint8Array(12)));
        return;
      case 'sealedFinished':
        this.content(ContentType.HANDSHAKE, new Uint8Array(48), 1);
        return;
      case 'plainData':
        this.content(ContentType.APPLICATION_DATA, Buffer.from('y'));
        return;
      case 'sealedData':
        this.content(ContentType.APPLICATION_DATA, new Uint8Array(40), 1);
        return;
      case 'helloRequest':
        this.say(0, EMPTY);
        return;
      case 'fatalAlert':
        this.content(ContentType.ALERT, encodeAlert(2, 40));
        return;
    }
  }

  /** A ServerHello; what is not given is as it should be. */
  hello(fields: Partial<ServerHello> = {}): void {
    const hello: ServerHello = {
      version: 0xfefd,
      random: RANDOM,
      sessionId: new Uint8Array(32).fill(4),
      suite: this.#kind === 'psk' ? 0xc0a8 : 0xc0ae,
      compression: 0,
      extensions: [extension(ExtensionType.EXTENDED_MASTER_SECRET), extension(ExtensionType.RENEGOTIATION_INFO, '00')],
      ...fields,
    };
    this.say(HandshakeType.SERVER_HELLO, encodeServerHello(hello));
  }

  /** ServerKeyExchange: signed for this hello when `random` is that of ours, else for another one. */
  keyExchange(random: Uint8Array, group = P256): void {
    if (this.#kind === 'psk') {
      this.say(HandshakeType.SERVER_KEY_EXCHANGE, encodePskServerKeyExchange(Buffer.from('hint')));
      return;
    }
    const provider = this.#provider;
    const params = encodeEcdhParameters({ group, point: provider.ephemeral(group).publicKey });
    const signed = Buffer.concat([this.#clientRandom(), random, params]);
    const signature = provider.sign(ECDSA_SHA256, KEY, signed);
    this.say(
      HandshakeType.SERVER_KEY_EXCHANGE,
      encodeEcdheServerKeyExchange({ params, scheme: ECDSA_SHA256, signature }),
    );
  }

  /** As far as a server comes that knows no key: everything before its ChangeCipherSpec. */
  flight(): void {
    this.letter('helloVerifyRequest');
    this.hello();
    if (this.#kind === 'x509')
      for (const letter of ['certificate', 'keyExchange', 'request'] as const) this.letter(letter);
    this.letter('done');
  }

  /** Time passes, deadline by deadline. */
  pass(span: number): void {
    const end = this.now + span;
    for (let at = this.client.nextDeadline(); at !== undefined && at <= end; at = this.client.nextDeadline()) {
      this.now = Instant(Math.max(at, this.now));
      this.client.handleTimeout(this.now);
      this.#drain();
    }
    this.now = Instant(end);
  }

  /** What came of it has to be nothing: no association, nothing delivered, nothing told, and in the end nothing held. */
  verify(): void {
    if ((this.told['established'] ?? 0) > 0) throw new Error('there is an association');
    if ((this.told['message'] ?? 0) > 0) throw new Error('data was delivered');
    if (this.sent.some((bytes) => Buffer.from(bytes).includes(SECRET))) throw new Error('the secret was told');
    this.pass(70_000);
    const held = heldBy(this.client);
    if (held !== 0) throw new Error(`${held} things are held`);
    if (this.client.nextDeadline() !== undefined) throw new Error('something is to come');
  }

  /** Alerts that the client sent: their descriptions. */
  alerts(): number[] {
    return this.sent
      .filter((bytes) => bytes[0] === ContentType.ALERT && bytes.length === 15)
      .map((bytes) => bytes[14] ?? 0);
  }

  /** How often something was dropped for a reason. */
  dropped(reason: string): number {
    return this.client.counters[`dropped_${reason}`] ?? 0;
  }

  #clientRandom(): Uint8Array {
    const hello = messagesOf(this.sent).find(({ type }) => type === HandshakeType.CLIENT_HELLO);
    return hello === undefined ? EMPTY : decodeClientHello(hello.body).random;
  }

  #next(): number {
    this.#record += 1;
    return this.#record;
  }

  #refused(): number {
    let count = 0;
    for (const [name, times] of Object.entries(this.client.counters))
      if (name.startsWith('dropped_') || name === 'retransmitted_by_peer') count += times;
    return count;
  }

  #drain(): void {
    for (let event = this.client.nextEvent(); event !== undefined; event = this.client.nextEvent()) {
      this.told[event.type] = (this.told[event.type] ?? 0) + 1;
      if (event.type === 'handshakeFailed') this.failures.push(event.reason);
      if (event.type === 'question') this.client.answer(this.now, event.question, this.#answer);
    }
  }
}
