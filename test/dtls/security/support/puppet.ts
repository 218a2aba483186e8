/**
 * A client on strings: it says any message at any moment, with the numbers, hashes and keys that the messages so far call
 * for. What the server made of what it said it has to be told, for that is what the next message has to fit.
 */

import { EMPTY } from '#base';
import type { CryptoProvider, SigningKey } from '#dtls';
import {
  ContentType,
  decodeEcdheServerKeyExchange,
  decodeServerHello,
  encodeAlert,
  encodeCertificateList,
  encodeCertificateVerify,
  encodeEcdheClientKeyExchange,
  encodeFinished,
  encodePskClientKeyExchange,
  encodeRawPublicKey,
  ExtensionType,
  handshakeMessage,
  HandshakeType,
  type ClientHello,
} from '#dtls/codec';
import { extendedMasterSecret, prf, pskPremaster, suiteOf, verifyData, type Suite } from '#dtls/crypto';
import { Channel } from '#dtls/record';
import type { Reply } from './target.js';
import { certificateExtensions, extension, hello, messagesOf, record } from './wire.js';

/** How a handshake is held. */
export type PuppetKind = 'psk' | 'x509' | 'rpk';

/** Who a puppet is. */
export interface Puppeteer {
  readonly kind: PuppetKind;
  readonly provider: CryptoProvider;
  readonly identity: Uint8Array;
  readonly psk: Uint8Array;
  readonly key: SigningKey;
  readonly certificate: Uint8Array;
  /** A session that the server knows. */
  readonly session: { readonly handle: Uint8Array; readonly master: Uint8Array };
  /** Randoms of its hello, and of its hello that goes on with the session. */
  readonly randoms: readonly [full: Uint8Array, resumed: Uint8Array];
}

/** Keys of one association or of one to be, with the numbers of its records. */
interface Protected {
  readonly channel: Channel;
  readonly master: Uint8Array;
}

/** A client that does as it is told. */
export class Puppet {
  readonly #who: Puppeteer;
  readonly #suite: Suite;
  #plainSequence = 0;
  #cookies: [full: Uint8Array, resumed: Uint8Array] = [EMPTY, EMPTY];
  /** Messages of the handshake under way that both sides took. */
  #messages: Uint8Array[] = [];
  #serverRandom: Uint8Array = EMPTY;
  #point: Uint8Array = EMPTY;
  #mode: 'full' | 'resumed' = 'full';
  #pending: Protected | undefined;
  #current: Protected | undefined;
  /** message_seq of the next message; the hello with a cookie has 1. */
  #next = 2;
  #finishedSequence = 2;

  constructor(who: Puppeteer) {
    this.#who = who;
    this.#suite = suiteOf(who.kind === 'psk' ? 0xc0a8 : 0xc0ae) as Suite;
  }

  /** The hello; `mode`: for a handshake of its own or to go on with the session. Without a cookie before it was given one. */
  hello(mode: 'full' | 'resumed', cookie: 'with' | 'without'): Uint8Array {
    return this.#handshake(HandshakeType.CLIENT_HELLO, this.#helloBody(mode, cookie), cookie === 'with' ? 1 : 0);
  }

  /** A hello under the protection of the association: a renegotiation. */
  sealedHello(): Uint8Array {
    const body = this.#helloBody('full', 'without');
    return this.#sealed(ContentType.HANDSHAKE, handshakeMessage(HandshakeType.CLIENT_HELLO, 0, body));
  }

  /** Keeps the cookie for hellos of a mode. */
  given(mode: 'full' | 'resumed', cookie: Uint8Array): void {
    this.#cookies[mode === 'full' ? 0 : 1] = cookie;
  }

  /** The server took the hello: a handshake begins with what it answered. */
  begun(mode: 'full' | 'resumed', replies: readonly Reply[]): void {
    const answer = messagesOf(replies.map(({ bytes }) => bytes));
    const own = handshakeMessage(HandshakeType.CLIENT_HELLO, 1, this.#helloBody(mode, 'with'));
    this.#messages = [own, ...answer.map(({ bytes }) => bytes)];
    this.#next = 2;
    this.#mode = mode;
    this.#pending = undefined;
    for (const { type, body } of answer) {
      if (type === HandshakeType.SERVER_HELLO) this.#serverRandom = decodeServerHello(body).random;
      if (type === HandshakeType.SERVER_KEY_EXCHANGE) this.#point = decodeEcdheServerKeyExchange(body).point;
    }
    if (mode === 'full') return;
    this.#pending = this.#protect(this.#who.session.master);
    // The server's Finished came under protection: what it says is known.
    const data = this.#verifyData('server');
    this.#messages.push(handshakeMessage(HandshakeType.FINISHED, 2, encodeFinished(data)));
  }

  certificate(content: 'own' | 'empty'): Uint8Array {
    const { certificate, key, kind } = this.#who;
    if (content === 'empty') return this.#handshake(HandshakeType.CERTIFICATE, Uint8Array.of(0, 0, 0));
    const body = kind === 'rpk' ? encodeRawPublicKey(key.spki) : encodeCertificateList([certificate]);
    return this.#handshake(HandshakeType.CERTIFICATE, body);
  }

  /** A ClientKeyExchange, and what becomes the premaster secret if the server takes it. */
  keyExchange(form: 'psk' | 'ecdhe'): { readonly datagram: Uint8Array; readonly taken: () => void } {
    const { identity, provider, psk } = this.#who;
    const own = form === 'psk' ? undefined : provider.ephemeral(23);
    const body = own === undefined ? encodePskClientKeyExchange(identity) : encodeEcdheClientKeyExchange(own.publicKey);
    const message = handshakeMessage(HandshakeType.CLIENT_KEY_EXCHANGE, this.#next, body);
    return {
      datagram: this.#plain(message),
      taken: () => {
        this.#took(message);
        const premaster = own === undefined ? pskPremaster(psk) : own.agree(this.#point);
        this.#pending = this.#protect(extendedMasterSecret(provider, this.#suite.hash, premaster, this.#digest()));
      },
    };
  }

  certificateVerify(signed: 'these messages' | 'other messages'): Uint8Array {
    const { key, provider } = this.#who;
    const bytes = Buffer.concat(signed === 'these messages' ? this.#messages : [...this.#messages, Uint8Array.of(0)]);
    const body = encodeCertificateVerify({ scheme: 0x0403, signature: provider.sign(0x0403, key, bytes) });
    return this.#handshake(HandshakeType.CERTIFICATE_VERIFY, body);
  }

  changeCipherSpec(): Uint8Array {
    return record(ContentType.CHANGE_CIPHER_SPEC, 0, this.#sequence(), Uint8Array.of(1));
  }

  /** A Finished, right as far as there is anything to be right about; that of an association is said again. */
  finished(protection: 'sealed' | 'plain', content: 'right' | 'wrong' = 'right'): Uint8Array {
    const again = this.#pending === undefined && this.#current !== undefined;
    const sequence = again ? this.#finishedSequence : this.#next;
    const data = this.#pending === undefined ? new Uint8Array(12) : this.#verifyData('client');
    if (content === 'wrong') data[11] = (data[11] as number) ^ 1;
    const message = handshakeMessage(HandshakeType.FINISHED, sequence, encodeFinished(data));
    return protection === 'plain' ? this.#plain(message) : this.#sealed(ContentType.HANDSHAKE, message);
  }

  /** The server took the Finished: there is an association. */
  established(): void {
    this.#current = this.#pending;
    this.#pending = undefined;
    this.#finishedSequence = this.#next;
  }

  /** The handshake is over; what keys there were for it mean nothing. */
  failed(): void {
    this.#pending = undefined;
    this.#messages = [];
    this.#next = 2;
  }

  /** The association is over. */
  ended(): void {
    this.#current = undefined;
  }

  data(protection: 'sealed' | 'plain', text: string): Uint8Array {
    const bytes = Buffer.from(text, 'latin1');
    if (protection === 'sealed') return this.#sealed(ContentType.APPLICATION_DATA, bytes);
    return record(ContentType.APPLICATION_DATA, 0, this.#sequence(), bytes);
  }

  /** An alert of the newest keys there are, else unprotected. */
  alert(level: 1 | 2, description: number): Uint8Array {
    const content = encodeAlert(level, description);
    if (this.#pending !== undefined || this.#current !== undefined) return this.#sealed(ContentType.ALERT, content);
    return record(ContentType.ALERT, 0, this.#sequence(), content);
  }

  /** A message of any type where the next one would be. */
  junk(type: number): Uint8Array {
    return this.#handshake(type, EMPTY);
  }

  /** The server took a message that was said: it is part of the handshake. */
  took(datagram: Uint8Array): void {
    this.#took(datagram.subarray(13));
  }

  #took(message: Uint8Array): void {
    this.#messages.push(message);
    this.#next += 1;
  }

  #helloBody(mode: 'full' | 'resumed', cookie: 'with' | 'without'): Uint8Array {
    const { kind, randoms, session } = this.#who;
    const which = mode === 'full' ? 0 : 1;
    const fields: Partial<ClientHello> = {
      random: randoms[which],
      suites: [this.#suite.id, 0x00ff],
      extensions: kind === 'psk' ? [extension(ExtensionType.EXTENDED_MASTER_SECRET)] : certificateExtensions(kind),
      ...(mode === 'resumed' && { sessionId: session.handle }),
      ...(cookie === 'with' && { cookie: this.#cookies[which] }),
    };
    return hello(fields);
  }

  #handshake(type: number, body: Uint8Array, sequence = this.#next): Uint8Array {
    return this.#plain(handshakeMessage(type, sequence, body));
  }

  #plain(message: Uint8Array): Uint8Array {
    return record(ContentType.HANDSHAKE, 0, this.#sequence(), message);
  }

  #sealed(type: number, content: Uint8Array): Uint8Array {
    const keys = this.#pending ?? this.#current ?? this.#protect(new Uint8Array(48));
    return keys.channel.seal(type, content);
  }

  #sequence(): number {
    this.#plainSequence += 1;
    return this.#plainSequence;
  }

  #protect(master: Uint8Array): Protected {
    const { provider, randoms } = this.#who;
    const suite = this.#suite;
    const seed = [this.#serverRandom, randoms[this.#mode === 'full' ? 0 : 1]];
    const channel = new Channel('client', provider);
    channel.protect(suite, prf(provider, suite.hash, master, 'key expansion', seed, 2 * (suite.keyLength + 4)), EMPTY);
    return { channel, master };
  }

  #verifyData(side: 'client' | 'server'): Uint8Array {
    const { provider } = this.#who;
    const { hash } = this.#suite;
    return verifyData(provider, hash, this.#pending?.master ?? new Uint8Array(48), side, this.#digest());
  }

  #digest(): Uint8Array {
    const transcript = this.#who.provider.transcript(this.#suite.hash);
    for (const message of this.#messages) transcript.update(message);
    return transcript.digest();
  }
}
