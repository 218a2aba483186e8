/**
 * T4: all sequences of messages to a server, against an automaton: none but the legal ones end in an association. Where a
 * beginning leaves nothing at the server, what follows it is what follows no beginning at all, and is not played again;
 * that this is so is tried on a sample drawn from all sequences.
 */

import { expect } from '@jest/globals';

import { seconds } from '#base';
import { nodeProvider, signingKey, type CryptoProvider, type Question, type Answer } from '#dtls';
import { SeededRandom } from '../../../support/random.js';
import { derOf, P256_CERTIFICATE, P256_PKCS8 } from '../../crypto/keys.js';
import { ALPHABET, Automaton, type Letter } from './automaton.js';
import { cheapProvider, cheapRandom } from './cheap-provider.js';
import { Puppet, type Puppeteer, type PuppetKind } from './puppet.js';
import { attack, FULL, size, type Did, type Progress } from './run.js';
import { Target, type Reply } from './target.js';
import { cookieIn } from './wire.js';

const ADDRESS = '198.51.100.7';
const KEY = signingKey(P256_PKCS8);
const CERTIFICATE = derOf(P256_CERTIFICATE);
const SESSION = { handle: new Uint8Array(32).fill(5), master: new Uint8Array(48).fill(6) };
const RANDOMS = [new Uint8Array(32).fill(1), new Uint8Array(32).fill(2)] as const;
const KINDS: readonly PuppetKind[] = ['psk', 'x509', 'rpk'];
/** Sequences that are held against one server before it is looked over. */
const BATCH = 500;

/** Servers that meet one sequence after another, each from a port of its own. */
class Range {
  readonly #kind: PuppetKind;
  readonly #provider: CryptoProvider;
  #server: Target;
  #port = 0;
  #associations = 0;
  sequences = 0;
  messages = 0;
  established = 0;

  constructor(kind: PuppetKind, provider: CryptoProvider) {
    this.#kind = kind;
    this.#provider = provider;
    this.#server = this.#start();
  }

  #start(): Target {
    const kind = this.#kind;
    const answer = (question: Question): Answer => {
      const owner = {
        kind: kind === 'psk' ? 'psk' : 'rpk',
        name: `${this.#port}`,
        endpoint: `dev-${this.#port}`,
      } as const;
      if (question.about === 'psk') return { is: 'key', key: new Uint8Array(16).fill(3), owner };
      if (question.about === 'session')
        return { is: 'session', session: { suite: kind === 'psk' ? 0xc0a8 : 0xc0ae, master: SESSION.master, owner } };
      return { is: 'good', owner };
    };
    const proof = kind === 'rpk' ? { key: KEY } : { key: KEY, chain: [CERTIFICATE] };
    return new Target({
      answer,
      provider: this.#provider,
      random: cheapRandom(),
      // Nothing is said again before the handshake is given up: what that costs belongs to other tests.
      parameters: { mtu: 4000, retransmission: seconds(60) },
      offer: kind === 'psk' ? {} : { psk: 'not_offered', proofs: [proof], clientProofs: [kind] },
      turns: 'by_hand',
    });
  }

  /**
   * Says a sequence; throws when the server makes something else of any beginning of it than the automaton. Whether it holds
   * anything of that place afterwards.
   */
  try(sequence: readonly Letter[]): 'nothing' | 'something' {
    this.#port += 1;
    const server = this.#server;
    const before = server.held();
    const automaton = new Automaton(this.#kind);
    const play = new Play(server, this.#port, this.#who(), automaton);
    const [established, delivered, failed] = [
      server.count('established'),
      server.delivered.length,
      server.count('handshakeFailed'),
    ];
    for (let at = 0; at < sequence.length; at += 1) {
      play.say(sequence[at] as Letter);
      if (
        server.count('established') - established === automaton.established &&
        server.delivered.length - delivered === automaton.delivered &&
        server.count('handshakeFailed') - failed === automaton.failed
      )
        continue;
      throw new Error(
        `${this.#kind}: ${sequence.slice(0, at + 1).join(' ')}: established ${server.count('established') - established}, ` +
          `delivered ${server.delivered.length - delivered}, failed ${server.count('handshakeFailed') - failed}; due ` +
          `${automaton.established}, ${automaton.delivered}, ${automaton.failed}`,
      );
    }
    const left = server.held() === before ? 'nothing' : 'something';
    if (automaton.idle !== (left === 'nothing'))
      throw new Error(`${this.#kind}: ${sequence.join(' ')}: ${left} is held`);
    if (server.waiting !== (automaton.due === 'turn' ? 1 : 0))
      throw new Error(`${this.#kind}: ${sequence.join(' ')}: ${server.waiting} wait`);
    // The next sequence is not to wait behind this one.
    if (server.waiting > 0) server.turn();
    this.#associations += automaton.associations;
    this.established += automaton.established;
    this.sequences += 1;
    this.messages += sequence.length;
    if (this.sequences % BATCH === 0) this.lookOver();
    return left;
  }

  /** After the deadline of handshakes nothing is left but the associations; after theirs nothing of the last flights. */
  lookOver(): void {
    this.#server.pass(61_000);
    expect(this.#server.endpoint.gauges()).toMatchObject({
      associations: this.#associations,
      half_open: 0,
      half_open_cids: 0,
      questions: 0,
      ecdhe_waiting: 0,
    });
    this.#server.pass(240_000);
    expect(this.#server.endpoint.gauges()).toMatchObject({ last_flights: 0 });
    this.#server = this.#start();
    this.#associations = 0;
    this.#port = 0;
  }

  #who(): Puppeteer {
    return {
      kind: this.#kind,
      provider: this.#provider,
      identity: Buffer.from(`${this.#port}`),
      psk: new Uint8Array(16).fill(3),
      key: KEY,
      certificate: CERTIFICATE,
      session: SESSION,
      randoms: RANDOMS,
    };
  }
}

/** One sequence from one port. */
class Play {
  readonly #server: Target;
  readonly #port: number;
  readonly #puppet: Puppet;
  readonly #automaton: Automaton;

  constructor(server: Target, port: number, who: Puppeteer, automaton: Automaton) {
    this.#server = server;
    this.#port = port;
    this.#puppet = new Puppet(who);
    this.#automaton = automaton;
  }

  say(letter: Letter): void {
    const puppet = this.#puppet;
    switch (letter) {
      case 'hello':
        this.#take(puppet.hello('full', 'without'), letter);
        return;
      case 'helloWithCookie':
        this.#hello(letter, 'full');
        return;
      case 'resumingHello':
        this.#hello(letter, 'resumed');
        return;
      case 'certificate':
        this.#plain(puppet.certificate('own'), letter);
        return;
      case 'emptyCertificate':
        this.#plain(puppet.certificate('empty'), letter);
        return;
      case 'keyExchangePsk':
      case 'keyExchangeEcdhe': {
        const { datagram, taken } = puppet.keyExchange(letter === 'keyExchangePsk' ? 'psk' : 'ecdhe');
        if (this.#take(datagram, letter).verdict === 'taken') taken();
        return;
      }
      case 'certificateVerify':
        this.#plain(puppet.certificateVerify('these messages'), letter);
        return;
      case 'badCertificateVerify':
        this.#plain(puppet.certificateVerify('other messages'), letter);
        return;
      case 'changeCipherSpec':
        this.#take(puppet.changeCipherSpec(), letter);
        return;
      case 'finished':
        this.#take(puppet.finished('sealed'), letter);
        return;
      case 'badFinished':
        this.#take(puppet.finished('sealed', 'wrong'), letter);
        return;
      case 'plainFinished':
        this.#take(puppet.finished('plain'), letter);
        return;
      case 'plainData':
        this.#take(puppet.data('plain', 'x'), letter);
        return;
      case 'sealedData':
        this.#take(puppet.data('sealed', 'x'), letter);
        return;
      case 'closeNotify':
        this.#take(puppet.alert(1, 0), letter);
        return;
      case 'helloRequest':
        this.#take(puppet.junk(0), letter);
        return;
      case 'turn': {
        const { replies, verdict } = this.#heard(this.#server.turn(), letter);
        if (verdict === 'begins') puppet.begun('full', replies);
        return;
      }
    }
  }

  #hello(letter: Letter, mode: 'full' | 'resumed'): void {
    const puppet = this.#puppet;
    puppet.given(mode, cookieIn(this.#server.take(ADDRESS, this.#port, puppet.hello(mode, 'without'))));
    const { replies, verdict } = this.#take(puppet.hello(mode, 'with'), letter);
    if (verdict === 'begins') puppet.begun(mode, replies);
    // Whatever was under way gave way to it.
    if (verdict === 'waits') puppet.failed();
  }

  #plain(datagram: Uint8Array, letter: Letter): void {
    if (this.#take(datagram, letter).verdict === 'taken') this.#puppet.took(datagram);
  }

  #take(datagram: Uint8Array, letter: Letter) {
    return this.#heard(this.#server.take(ADDRESS, this.#port, datagram), letter);
  }

  #heard(replies: readonly Reply[], letter: Letter) {
    const verdict = this.#automaton.say(letter);
    if (verdict === 'establishes') this.#puppet.established();
    if (verdict === 'fails') this.#puppet.failed();
    if (verdict === 'ends') this.#puppet.ended();
    return { replies, verdict };
  }
}

/** Every beginning of a handshake that goes well, the whole of it too. */
function beginnings(kind: PuppetKind): Letter[][] {
  return (['full', 'resumed'] as const).flatMap((mode) => {
    const way = Automaton.way(kind, mode);
    return way.map((_letter, index) => way.slice(0, index + 1));
  });
}

/** So many sequences there are of a length or shorter. */
function upTo(length: number): number {
  let count = 0;
  for (let each = 1; each <= length; each += 1) count += ALPHABET.length ** each;
  return count;
}

const did = ({ sequences: done, messages, established }: Range, seeds: string, all: Did['counts'] = {}): Did => ({
  counts: {
    ...all,
    'sequences played': done,
    messages,
    'associations, all of them due': established,
  },
  seeds,
});

/** The tests of one kind of server. */
export function testStates(kind: PuppetKind): void {
  attack(`T4 ${kind}: all sequences`, (progress) => {
    const range = new Range(kind, cheapProvider);
    const length = size(4, 5);
    playAll(range, [[]], length, progress);
    const seed = 30 + KINDS.indexOf(kind);
    const random = new SeededRandom(seed);
    const sample = size(1000, 100_000);
    for (let count = 0; count < sample; count += 1) range.try(Array.from({ length }, () => random.pick(ALPHABET)));
    range.lookOver();
    return did(range, `${seed}`, { sequences: upTo(length), 'of them at random again': sample });
  });

  attack(`T4 ${kind}: all sequences after each beginning of a handshake`, (progress) => {
    const range = new Range(kind, cheapProvider);
    const length = size(2, 3);
    const begun = beginnings(kind);
    playAll(range, begun, length, progress);
    return did(range, 'none', { sequences: begun.length * (1 + upTo(length)) });
  });

  attack(`T4 ${kind}: sequences of twelve at random, and such as lean to what is due`, (progress) => {
    const range = new Range(kind, cheapProvider);
    const seed = 40 + KINDS.indexOf(kind);
    const random = new SeededRandom(seed);
    const all = size(1500, 334_000);
    for (let count = all; count > 0; count -= 1) {
      range.try(drawn(random, kind, count % 2 === 0 ? 0 : 0.7));
      progress(all - count, all);
    }
    range.lookOver();
    expect(range.established).toBeGreaterThan(100);
    return did(range, `${seed}`);
  });

  attack(`T4 ${kind}: the same with real cryptography`, (progress) => {
    const range = new Range(kind, nodeProvider);
    const seed = 50 + KINDS.indexOf(kind);
    const random = new SeededRandom(seed);
    const all = size(300, 20_000);
    for (let count = all; count > 0; count -= 1) {
      range.try(drawn(random, kind, 0.7));
      progress(all - count, all);
    }
    range.lookOver();
    expect(range.established).toBeGreaterThan(FULL ? 1000 : 20);
    return did(range, `${seed}`);
  });
}

/** Plays all sequences up to a length after each of some beginnings. */
function playAll(range: Range, begun: readonly (readonly Letter[])[], length: number, progress: Progress): void {
  const all = begun.length * ALPHABET.length;
  let done = 0;
  const follow = (beginning: readonly Letter[], left: number): void => {
    for (const letter of ALPHABET) {
      const sequence = [...beginning, letter];
      if (range.try(sequence) === 'something' && left > 1) follow(sequence, left - 1);
      if (left === length) progress((done += 1), all);
    }
  };
  for (const beginning of begun) follow(beginning, length);
  range.lookOver();
  expect(range.established).toBeGreaterThan(0);
}

/** Twelve letters, of which a share is what the automaton waits for. */
function drawn(random: SeededRandom, kind: PuppetKind, lean: number): Letter[] {
  const automaton = new Automaton(kind);
  return Array.from({ length: 12 }, () => {
    const letter = random.chance(lean)
      ? (automaton.due ?? random.pick(['helloWithCookie', 'resumingHello', 'sealedData'] as const))
      : random.pick(ALPHABET);
    automaton.say(letter);
    return letter;
  });
}
