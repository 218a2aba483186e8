/** A sound device with a pre-shared key, said by hand step by step: at each step it can stop, or somebody can come between. */

import { nodeProvider, signingKey, type Answer, type CryptoProvider, type Question } from '#dtls';
import { derOf, P256_CERTIFICATE, P256_PKCS8 } from '../../crypto/keys.js';
import { Puppet, type PuppetKind, type Puppeteer } from './puppet.js';
import { Target, type Reply, type TargetParts } from './target.js';
import { cookieIn } from './wire.js';

/** The key of every device here. */
export const DEVICE_KEY = new Uint8Array(16).fill(3);
const KEY = signingKey(P256_PKCS8);
const CERTIFICATE = derOf(P256_CERTIFICATE);
const SESSION = { handle: new Uint8Array(32).fill(5), master: new Uint8Array(48) };

/** Knows every device, by the identity it names. */
export function knowsDevices(question: Question): Answer {
  if (question.about !== 'psk') return { is: 'refused' };
  const name = Buffer.from(question.identity).toString('latin1');
  return { is: 'key', key: DEVICE_KEY, owner: { kind: 'psk', name, endpoint: name } };
}

/** A server for devices with certificates, each of which is whoever it says it is by its place in the queue. */
export function certificateTarget(provider: CryptoProvider): Target {
  let owners = 0;
  return new Target({
    provider,
    parameters: { mtu: 4000 },
    offer: { psk: 'not_offered', proofs: [{ key: KEY, chain: [CERTIFICATE] }], clientProofs: ['x509'] },
    answer: () => {
      owners += 1;
      return { is: 'good', owner: { kind: 'rpk', name: `${owners}`, endpoint: `dev-${owners}` } };
    },
  });
}

/** A server for devices of all kinds: with a key they are whoever they say, else whoever they are by their place in the queue. */
export function openTarget(
  kind: 'x509' | 'rpk',
  sessions: 'known' | 'forgotten',
  parts: Omit<TargetParts, 'offer' | 'answer'>,
): Target {
  let owners = 0;
  return new Target({
    ...parts,
    parameters: { mtu: 4000, ...parts.parameters },
    offer: { proofs: [kind === 'rpk' ? { key: KEY } : { key: KEY, chain: [CERTIFICATE] }], clientProofs: [kind] },
    answer: (question) => {
      if (question.about === 'psk' || (question.about === 'session' && sessions === 'forgotten'))
        return knowsDevices(question);
      owners += 1;
      const owner = { kind: 'rpk', name: `${owners}`, endpoint: `proven-${owners}` } as const;
      if (question.about !== 'session') return { is: 'good', owner };
      return { is: 'session', session: { suite: 0xc0ae, master: SESSION.master, owner } };
    },
  });
}

/** Steps of a handshake with a pre-shared key. */
export const STEPS = ['hello', 'helloWithCookie', 'keyExchange', 'changeCipherSpec', 'finished'] as const;

/** A device at an address. */
export class Device {
  readonly puppet: Puppet;
  readonly address: string;
  readonly port: number;
  readonly #server: Target;

  constructor(
    server: Target,
    place: { readonly address: string; readonly port: number },
    identity: string,
    parts: {
      readonly provider?: CryptoProvider;
      readonly psk?: Uint8Array;
      readonly random?: number;
      readonly kind?: PuppetKind;
    } = {},
  ) {
    this.#server = server;
    this.address = place.address;
    this.port = place.port;
    const who: Puppeteer = {
      kind: parts.kind ?? 'psk',
      provider: parts.provider ?? nodeProvider,
      identity: Buffer.from(identity, 'latin1'),
      psk: parts.psk ?? DEVICE_KEY,
      key: KEY,
      certificate: CERTIFICATE,
      session: SESSION,
      randoms: [new Uint8Array(32).fill(parts.random ?? 1), new Uint8Array(32).fill(2)],
    };
    this.puppet = new Puppet(who);
  }

  /** Says the first `steps` steps of a handshake. */
  begin(steps: number = STEPS.length): this {
    const { puppet } = this;
    if (steps > 0) puppet.given('full', cookieIn(this.take(puppet.hello('full', 'without'))));
    if (steps > 1) puppet.begun('full', this.take(puppet.hello('full', 'with')));
    if (steps > 2) {
      const { datagram, taken } = puppet.keyExchange('psk');
      this.take(datagram);
      taken();
    }
    if (steps > 3) this.take(puppet.changeCipherSpec());
    if (steps > 4) {
      this.take(puppet.finished('sealed'));
      puppet.established();
    }
    return this;
  }

  /** Says its hello with the cookie again, as after a wait without an answer; gives the answer. */
  again(): readonly Reply[] {
    return this.answered(this.take(this.puppet.hello('full', 'with')));
  }

  /** Takes what the server answered to its hello. */
  answered(replies: readonly Reply[]): readonly Reply[] {
    if (replies.length > 0) this.puppet.begun('full', replies);
    return replies;
  }

  /** Says all that is left of a handshake with a key or certificate of its own, once the hello is answered. */
  prove(): this {
    const { puppet } = this;
    const say = (datagram: Uint8Array): void => {
      this.take(datagram);
      puppet.took(datagram);
    };
    say(puppet.certificate('own'));
    const { datagram, taken } = puppet.keyExchange('ecdhe');
    this.take(datagram);
    taken();
    say(puppet.certificateVerify('these messages'));
    this.take(puppet.changeCipherSpec());
    this.take(puppet.finished('sealed'));
    puppet.established();
    return this;
  }

  /** A record with data, not sent yet. */
  data(text: string): Uint8Array {
    return this.puppet.data('sealed', text);
  }

  /** Hands a datagram to the server as coming from here. */
  take(datagram: Uint8Array): readonly Reply[] {
    return this.#server.take(this.address, this.port, datagram);
  }
}
