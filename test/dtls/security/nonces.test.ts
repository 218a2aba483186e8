/**
 * T2: no nonce is used twice under one key, over the whole life of associations: orderly restarts, kills, and snapshots that
 * somebody puts back. Every record that either side seals is looked at.
 */

import { describe, expect } from '@jest/globals';

import { EMPTY, seconds, WallTime, type Peer } from '#base';
import { nodeProvider, type CryptoProvider, type Question, type Session } from '#dtls';
import { AssociationFile } from '../../../src/association-file.js';
import { VirtualClock } from '../../support/clock.js';
import { devOne, DtlsNode, knowsPsk, PSK } from '../../support/dtls.js';
import { CLEAN, VirtualLink } from '../../support/link.js';
import { MemoryDisk } from '../../support/memory-disk.js';
import { Disk, MemoryStore } from '../../support/memory-store.js';
import { SeededRandom } from '../../support/random.js';
import { startOn } from '../../vault/support.js';
import { attack, size } from './support/run.js';

const FILE = '/data/associations.sealed';
const SEED = 21;

/** Sees each key and nonce: under one key numbers go up and never back. */
class Watch {
  records = 0;
  repeated = 0;
  readonly #last = new Map<string, bigint>();
  readonly provider: CryptoProvider = {
    ...nodeProvider,
    seal: (aead, key, nonce, ...rest) => {
      const name = Buffer.from(key).toString('hex') + Buffer.from(nonce.subarray(0, 4)).toString('hex');
      const number = Buffer.from(nonce).readBigUInt64BE(4);
      this.records += 1;
      if ((this.#last.get(name) ?? -1n) >= number) this.repeated += 1;
      this.#last.set(name, number);
      return nodeProvider.seal(aead, key, nonce, ...rest);
    },
  };

  get keys(): number {
    return this.#last.size;
  }
}

/** A server that is stopped, killed and started again on the same disk, and its device. */
class Life {
  readonly watch = new Watch();
  readonly client: DtlsNode;
  readonly #clock = new VirtualClock();
  readonly #random = new SeededRandom(SEED);
  readonly #link = new VirtualLink(this.#clock, this.#random, CLEAN);
  readonly #store = new Disk();
  readonly #files = new MemoryDisk();
  readonly #vault = startOn(new MemoryDisk());
  readonly #sessions = new Map<string, Session>();
  #opening = '';
  server: DtlsNode;
  refused = 0;

  constructor() {
    this.server = this.start();
    const parts = { provider: this.watch.provider };
    this.client = new DtlsNode(this.#link, this.#random, '198.51.100.7', parts).connect({ psk: PSK, cid: EMPTY });
  }

  get #file(): AssociationFile {
    return new AssociationFile('/data', this.#vault, this.#files);
  }

  start(): DtlsNode {
    const { opening, openingBefore } = new MemoryStore(this.#store);
    this.#opening = opening;
    this.server = new DtlsNode(this.#link, this.#random, '192.0.2.1', {
      answer: (question) => this.#answer(question),
      provider: this.watch.provider,
    }).serve();
    const left = this.#file.take(openingBefore);
    if (left.is === 'associations')
      this.server.endpoint.adopt(this.#clock.now(), left.snapshot, seconds(0), () => true);
    if (left.is === 'refused') this.refused += 1;
    return this.server;
  }

  /** Stops in good order; gives a copy of what is left behind. */
  stop(): Uint8Array {
    this.#keepSessions();
    this.#file.write(this.#opening, this.server.endpoint.retire(this.#clock.now()), WallTime(0));
    return this.#files.read(FILE) as Uint8Array;
  }

  kill(): void {
    this.#keepSessions();
  }

  putBack(copy: Uint8Array): void {
    this.#files.create(FILE, copy);
  }

  /** So many messages each way, and the answers of both. */
  talk(messages: number): void {
    const peer: Peer = devOne(this.client);
    for (let count = 0; count < messages; count += 1) {
      this.client.say(this.#clock.now(), this.server, 'up');
      this.#link.run(this.#clock.now() + 100);
      this.server.say(this.#clock.now(), peer, 'down');
      this.#link.run(this.#clock.now() + 100);
    }
  }

  /** The device makes another association, by its session if it has one. */
  again(): void {
    this.client.endpoint.drop(this.server.peer.key);
    this.client.drain(this.#clock.now());
    this.#link.run(this.#clock.now() + 100);
  }

  #keepSessions(): void {
    for (const { handle, session } of this.server.told('session'))
      this.#sessions.set(Buffer.from(handle).toString('hex'), session);
  }

  #answer(question: Question): ReturnType<typeof knowsPsk> {
    if (question.about !== 'session') return knowsPsk(question);
    const session = this.#sessions.get(Buffer.from(question.handle).toString('hex'));
    return session === undefined ? { is: 'refused' } : { is: 'session', session };
  }
}

describe('keys and nonces', () => {
  attack('T2 no nonce comes twice under a key over orderly stops, kills, and snapshots put back', () => {
    const restarts = size(10, 100);
    const messages = size(8, 1300);
    const life = new Life();
    life.talk(messages);
    const before = life.client.told('established').length;
    for (let count = 0; count < restarts; count += 1) {
      life.stop();
      life.start();
      life.talk(messages);
    }
    // Nothing was lost, and no handshake was needed.
    expect(life.client.told('established')).toHaveLength(before);
    expect(life.server.received).toHaveLength(messages);
    for (let count = 0; count < restarts; count += 1) {
      life.kill();
      life.start();
      life.again();
      life.talk(messages);
    }
    expect(life.client.told('established')).toHaveLength(before + restarts);
    expect(life.refused).toBe(0);
    for (let count = 0; count < restarts; count += 1) {
      const copy = life.stop();
      life.start();
      life.talk(messages);
      life.kill();
      life.putBack(copy);
      life.start();
      expect(life.server.endpoint.gauges()['associations']).toBe(0);
      life.again();
      life.talk(messages);
    }
    const { keys, records, repeated } = life.watch;
    expect(life.refused).toBe(restarts);
    expect(repeated).toBe(0);
    expect(keys).toBeGreaterThanOrEqual(2 * (1 + 2 * restarts));
    return { counts: { restarts: 4 * restarts, records, keys, repeated, refused: life.refused }, seeds: String(SEED) };
  });
});
