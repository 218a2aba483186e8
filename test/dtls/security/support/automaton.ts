/**
 * What a server has to make of any sequence of messages from one place, written down apart from it: which message each
 * state takes, which one ends a handshake, and that all others change nothing.
 */

import type { PuppetKind } from './puppet.js';

/** All of it; `turn` is no message: the server comes to what waits until all else is done. */
export const ALPHABET = [
  'hello',
  'helloWithCookie',
  'resumingHello',
  'certificate',
  'emptyCertificate',
  'keyExchangePsk',
  'keyExchangeEcdhe',
  'certificateVerify',
  'badCertificateVerify',
  'changeCipherSpec',
  'finished',
  'badFinished',
  'plainFinished',
  'plainData',
  'sealedData',
  'closeNotify',
  'helloRequest',
  'turn',
] as const;

/** What a client can say, and the turn. */
export type Letter = (typeof ALPHABET)[number];

/** The messages after a hello with its cookie that lead to an association, in this order and no other. */
const CERTIFICATE_PATH: readonly Letter[] = [
  'turn',
  'certificate',
  'keyExchangeEcdhe',
  'certificateVerify',
  'changeCipherSpec',
  'finished',
];
const PATHS: Readonly<Record<PuppetKind | 'resumed', readonly Letter[]>> = {
  psk: ['keyExchangePsk', 'changeCipherSpec', 'finished'],
  x509: CERTIFICATE_PATH,
  rpk: CERTIFICATE_PATH,
  resumed: ['changeCipherSpec', 'finished'],
};
/** What ends a handshake in place of the message that is due. */
const FATAL: Readonly<Partial<Record<Letter, Letter>>> = {
  keyExchangePsk: 'keyExchangeEcdhe',
  keyExchangeEcdhe: 'keyExchangePsk',
  certificate: 'emptyCertificate',
  certificateVerify: 'badCertificateVerify',
  finished: 'badFinished',
};

/** What a message did. */
export type Verdict = 'waits' | 'begins' | 'taken' | 'establishes' | 'fails' | 'delivered' | 'ends' | 'nothing';

/** The state of one place. */
export class Automaton {
  readonly #kind: PuppetKind;
  #under: { readonly mode: 'full' | 'resumed'; readonly path: readonly Letter[]; at: number } | undefined;
  /** `fresh`: the server spoke last and may have to say it again. */
  #association: 'none' | 'fresh' | 'used' = 'none';
  established = 0;
  delivered = 0;
  /** Handshakes that ended in another way, those that made room for the next one included. */
  failed = 0;

  constructor(kind: PuppetKind) {
    this.#kind = kind;
  }

  /** Associations there are in the end. */
  get associations(): number {
    return this.#association === 'none' ? 0 : 1;
  }

  /** Whether all is as before the first message. */
  get idle(): boolean {
    return this.#under === undefined && this.#association === 'none';
  }

  /** All messages of a handshake that goes well. */
  static way(kind: PuppetKind, mode: 'full' | 'resumed'): readonly Letter[] {
    return mode === 'full' ? ['helloWithCookie', ...PATHS[kind]] : ['resumingHello', ...PATHS.resumed];
  }

  /** What would go on with what there is. */
  get due(): Letter | undefined {
    return this.#under?.path[this.#under.at];
  }

  say(letter: Letter): Verdict {
    const { due } = this;
    if (letter === 'helloWithCookie' || letter === 'resumingHello') return this.#hello(letter);
    // What is sealed is sealed with the newest keys there are.
    const keys = this.#keyed() ? 'of the handshake' : this.#association === 'none' ? 'none' : 'of the association';
    if (keys === 'of the association' && letter === 'sealedData') {
      this.#association = 'used';
      this.delivered += 1;
      return 'delivered';
    }
    if (keys === 'of the association' && letter === 'closeNotify') {
      this.#association = 'none';
      return 'ends';
    }
    if (this.#under === undefined || due === undefined) return 'nothing';
    if (FATAL[due] === letter) {
      this.#under = undefined;
      this.failed += 1;
      return 'fails';
    }
    if (letter !== due) return 'nothing';
    this.#under.at += 1;
    if (letter === 'turn') return 'begins';
    if (letter !== 'finished') return 'taken';
    this.#association = this.#under.mode === 'full' ? 'fresh' : 'used';
    this.#under = undefined;
    this.established += 1;
    return 'establishes';
  }

  #hello(letter: Letter): Verdict {
    const mode = letter === 'helloWithCookie' ? 'full' : 'resumed';
    if (this.#under?.mode === mode) return 'nothing';
    // The hello that the association came from, which may have been long on its way.
    if (mode === 'full' && this.#association === 'fresh') return 'nothing';
    if (this.#under !== undefined) this.failed += 1;
    this.#under = { mode, path: mode === 'full' ? PATHS[this.#kind] : PATHS.resumed, at: 0 };
    return this.due === 'turn' ? 'waits' : 'begins';
  }

  #keyed(): boolean {
    if (this.#under === undefined) return false;
    const { at, mode, path } = this.#under;
    return mode === 'resumed' || at > path.findIndex((letter) => letter.startsWith('keyExchange'));
  }
}
