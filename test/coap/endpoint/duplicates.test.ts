/** Deduplication under load: what the ring of a peer and the table keep, and that nothing runs twice (security.md row 7). */

import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { Instant, plainPeer, toHex } from '#base';
import { Code, encodeMessage, MessageType, OptionNumber, stringOption } from '#coap/codec';
import { DuplicateTable } from '../../../src/coap/endpoint/duplicates.js';
import { PeerTable } from '../../../src/coap/endpoint/peers.js';
import { DEVICE, Script } from './harness.js';

const NO_TOKEN = new Uint8Array(0);

/** A POST with a message id, as hex. */
function post(messageId: number, path = 'dp', type: MessageType = MessageType.CON): string {
  const options = [stringOption(OptionNumber.URI_PATH, path)];
  const payload = NO_TOKEN;
  return toHex(encodeMessage({ type, code: Code.POST, messageId, token: NO_TOKEN, options, payload }));
}

/** Sends a request and answers it; whether it was handed out. */
function run(script: Script, hex: string, code: number = Code.CHANGED): boolean {
  script.receive(hex);
  const request = script.events().find((event) => event.type === 'request');
  if (request === undefined) return false;
  const location = [stringOption(OptionNumber.LOCATION_PATH, 'rd'), stringOption(OptionNumber.LOCATION_PATH, 'x')];
  const options = code === Code.CREATED ? location : [];
  script.endpoint.respond(script.now, request.exchange, { code, options });
  return true;
}

describe('deduplication', () => {
  it('remembers at most 64 ids of a peer, drops no request for a full ring, and the oldest goes first', () => {
    const script = new Script();
    for (let id = 0; id < 65_536; id += 1) {
      if (!run(script, post(id))) throw new Error(`request ${id} was not handed out`);
      script.pass(10_000 / 65_536);
      if (id % 1_000 === 0) expect(script.endpoint.gauges()['duplicates']).toBeLessThanOrEqual(64);
    }
    expect(script.endpoint.gauges()['duplicates']).toBe(64);
    expect(script.endpoint.counters['duplicates_forgotten']).toBe(65_536 - 64);
    for (let id = 65_536 - 64; id < 65_536; id += 1) expect(run(script, post(id))).toBe(false);
    expect(run(script, post(65_536 - 65))).toBe(true);
  });

  it("keeps the peer's newest Register its whole life, also in a full ring", () => {
    const script = new Script();
    run(script, post(1, 'rd'), Code.CREATED);
    run(script, post(2, 'rd'), Code.CREATED);
    for (let id = 100; id < 400; id += 1) run(script, post(id));
    expect(run(script, post(2, 'rd'), Code.CREATED)).toBe(false);
    expect(run(script, post(1, 'rd'), Code.CREATED)).toBe(true);
    script.pass(248_000);
    expect(script.alive()).toEqual({});
  });

  it('keeps it also when its answer went separately, because the commit was slow', () => {
    const script = new Script();
    script.receive(post(1, 'rd'));
    const { exchange } = script.event('request');
    script.pass(1_500);
    const options = ['rd', 'x'].map((segment) => stringOption(OptionNumber.LOCATION_PATH, segment));
    script.endpoint.respond(script.now, exchange, { code: Code.CREATED, options });
    for (let id = 100; id < 400; id += 1) run(script, post(id));
    script.sent();
    expect(run(script, post(1, 'rd'), Code.CREATED)).toBe(false);
    expect(script.one()).toBe('60000001');
  });

  it('forgets what is answered before what is being handled', () => {
    const script = new Script({ duplicatesPerPeer: 4 });
    script.receive(post(1));
    for (let id = 2; id < 50; id += 1) run(script, post(id));
    script.receive(post(1));
    expect(script.types()).toEqual(['request']);
  });

  it('has one cap over all peers: the oldest entry of all goes', () => {
    const script = new Script({ duplicatesTotal: 16 });
    const peers = Array.from({ length: 20 }, (_, index) => plainPeer(0, '10.0.0.1', 1_000 + index));
    for (const peer of peers) script.receive('40020001', peer);
    script.events();
    expect(script.endpoint.gauges()['duplicates']).toBe(16);
    script.receive('40020001', peers[4]);
    script.receive('40020001', peers[19]);
    expect(script.types()).toEqual([]);
    script.receive('40020001', peers[3]);
    expect(script.types()).toEqual(['request']);
  });

  it('replays answers of any size up to 1 KiB byte for byte', () => {
    for (const size of [0, 20, 31, 32, 33, 600, 880]) {
      const script = new Script();
      script.receive('40010001');
      const payload = new Uint8Array(size).fill(size);
      script.endpoint.respond(script.now, script.event('request').exchange, { code: Code.CONTENT, payload });
      script.receive('40010001');
      const [first, again] = script.sent();
      expect(again).toBe(first);
      expect(first?.length).toBe(size === 0 ? 8 : 2 * (size + 5));
    }
  });

  it('rebuilds an answer that is too large to keep', () => {
    const script = new Script();
    const payload = new Uint8Array(1_024).fill(7);
    script.receive('40010001');
    script.endpoint.respond(script.now, script.event('request').exchange, { code: Code.CONTENT, payload });
    script.receive('40010001');
    const [first, again] = script.sent();
    expect(first).toHaveLength(2 * (1_024 + 5));
    expect(again).toBe(first);
    expect(script.types()).toEqual([]);
    script.pass(300_000);
    expect(script.alive()).toEqual({});
  });

  it('behaves as a list of ids with ages, for any sequence of operations', () => {
    const limits = { perPeer: 5, total: 12, confirmableLife: 247_000, nonConfirmableLife: 145_000 };
    const operation = fc.record({
      peer: fc.integer({ min: 0, max: 3 }),
      id: fc.integer({ min: 0, max: 12 }),
      kind: fc.constantFrom('con' as const, 'non' as const),
      wait: fc.constantFrom(0, 1, 5_000, 60_000, 150_000),
      what: fc.constantFrom('add', 'remove', 'expire', 'keep'),
    });
    fc.assert(
      fc.property(fc.array(operation, { maxLength: 120 }), (operations) => {
        const peers = new PeerTable();
        const table = new DuplicateTable(limits, peers);
        const model = new Model(limits);
        let now = 0;
        for (const { peer, id, kind, wait, what } of operations) {
          now += wait;
          const state = peers.obtain(plainPeer(0, 'a', peer));
          const entry = table.find(state, id);
          expect(entry >= 0 && model.alive(now, peer, id)).toBe(model.alive(now, peer, id));
          if (what === 'expire') {
            table.expire(Instant(now));
            model.expire(now);
          } else if (what === 'add' && entry < 0) {
            table.keepAnswer(table.add(Instant(now), state, id, kind), Uint8Array.of(peer, id));
            model.add(now, peer, id, kind);
          } else if (what === 'remove' && entry >= 0) {
            table.remove(entry);
            model.remove(peer, id);
          } else if (what === 'keep' && entry >= 0) {
            expect([...table.answer(entry)]).toEqual([peer, id]);
            expect(table.entryOf(table.handle(entry))).toBe(entry);
          }
          peers.release(state);
          expect(table.size).toBeLessThanOrEqual(limits.total);
        }
        table.expire(Instant(now + 250_000));
        expect([table.size, peers.size, table.nextExpiry()]).toEqual([0, 0, undefined]);
      }),
      { numRuns: 300, seed: 7 },
    );
  });

  it('never takes the handle of a forgotten entry for a new one, not even after its memory was given back', () => {
    const peers = new PeerTable();
    const table = new DuplicateTable(
      { perPeer: 2_000, total: 2_000, confirmableLife: 100, nonConfirmableLife: 100 },
      peers,
    );
    const seen = new Set<number>();
    for (let round = 0; round < 3; round += 1) {
      const now = Instant(round * 1_000);
      for (let id = 0; id < 1_000; id += 1) {
        const entry = table.add(now, peers.obtain(DEVICE), id, 'con');
        const handle = table.handle(entry);
        expect(seen.has(handle)).toBe(false);
        seen.add(handle);
      }
      table.expire(Instant(round * 1_000 + 500));
      for (const handle of seen) expect(table.entryOf(handle)).toBe(-1);
    }
  });
});

interface Remembered {
  readonly peer: number;
  readonly id: number;
  readonly until: number;
  readonly at: number;
}

/** The same rules, written for reading. It may know less than the table only of what is overdue. */
class Model {
  #all: Remembered[] = [];
  readonly #limits: { perPeer: number; total: number; confirmableLife: number; nonConfirmableLife: number };

  constructor(limits: { perPeer: number; total: number; confirmableLife: number; nonConfirmableLife: number }) {
    this.#limits = limits;
  }

  /** Whether the id must be known. */
  alive(now: number, peer: number, id: number): boolean {
    return this.#all.some((one) => one.peer === peer && one.id === id && one.until > now);
  }

  add(now: number, peer: number, id: number, kind: 'con' | 'non'): void {
    const life = kind === 'con' ? this.#limits.confirmableLife : this.#limits.nonConfirmableLife;
    const mine = this.#all.filter((one) => one.peer === peer);
    if (mine.length >= this.#limits.perPeer) this.#all.splice(this.#all.indexOf(mine[0] as Remembered), 1);
    if (this.#all.length >= this.#limits.total) this.#all.shift();
    this.#all.push({ peer, id, until: now + life, at: now });
  }

  remove(peer: number, id: number): void {
    this.#all = this.#all.filter((one) => one.peer !== peer || one.id !== id);
  }

  expire(now: number): void {
    this.#all = this.#all.filter((one) => one.until > now);
  }
}
