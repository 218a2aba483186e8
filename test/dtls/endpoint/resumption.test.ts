/** Short handshakes: a session of before is gone on with, by its id or by a ticket (RFC 5246 §7.3, RFC 5077, RFC 7627 §5.3). */

import { describe, expect, it } from '@jest/globals';

import { toHex } from '#base';
import type { ClientOffer, DtlsParameters, Session } from '#dtls';
import { VirtualClock } from '../../support/clock.js';
import { devOne, DtlsNode, knowsPsk, PSK, type Answerer } from '../../support/dtls.js';
import { CLEAN, VirtualLink, type LinkConditions } from '../../support/link.js';
import { SeededRandom } from '../../support/random.js';

interface World {
  readonly clock: VirtualClock;
  readonly link: VirtualLink;
  server: DtlsNode;
  readonly client: DtlsNode;
  readonly sessions: Map<string, Session>;
  restart(): void;
}

function world(
  offer: Partial<ClientOffer> = {},
  server: Partial<DtlsParameters> = {},
  conditions: LinkConditions = CLEAN,
  seed = 1,
  client: Partial<DtlsParameters> = {},
): World {
  const clock = new VirtualClock();
  const random = new SeededRandom(seed);
  const link = new VirtualLink(clock, random, conditions);
  const sessions = new Map<string, Session>();
  const answer: Answerer = (question) => {
    if (question.about !== 'session') return knowsPsk(question);
    const session = sessions.get(toHex(question.handle));
    return session === undefined ? { is: 'refused' } : { is: 'session', session };
  };
  const start = (): DtlsNode => new DtlsNode(link, random, '192.0.2.1', { answer, parameters: server }).serve();
  const all: World = {
    clock,
    link,
    sessions,
    server: start(),
    client: new DtlsNode(link, random, '198.51.100.7', { parameters: client }).connect({ psk: PSK, ...offer }),
    restart() {
      all.server = start();
    },
  };
  return all;
}

/** The client says something, and what the server made is kept as it would be. */
function say(all: World, text: string, span = 2000): void {
  all.client.say(all.clock.now(), all.server, text);
  all.link.run(all.clock.now() + span);
  for (const { handle, session } of all.server.told('session')) all.sessions.set(toHex(handle), session);
}

function close(all: World): void {
  all.client.endpoint.drop(all.server.peer.key);
  all.client.drain(all.clock.now());
  all.link.run(all.clock.now() + 1000);
}

const kinds = (node: DtlsNode): string[] => node.told('established').map(({ kind }) => kind);

describe.each([
  ['a session id', {}],
  ['a ticket', { tickets: 'wanted' }],
] as const)('a session with %s', (_form, offer) => {
  it.each([
    [113, 'resumed'],
    [112, 'full'],
    [100, 'full'],
  ])(
    'is offered with datagrams of %i bytes when the hello reaches the end of its cookie in the first: %s',
    (mtu, kind) => {
      const all = world(offer, {}, CLEAN, 1, { mtu });
      say(all, 'one');
      close(all);
      say(all, 'two', 20_000);
      expect(kinds(all.server)).toEqual(['full', kind]);
      expect(all.server.received).toEqual(['one', 'two']);
      expect(Math.max(...all.client.sent.map(({ length }) => length))).toBeLessThanOrEqual(mtu);
    },
  );

  it('is gone on with after the client closed, and after the server was killed', () => {
    const all = world(offer);
    say(all, 'one');
    close(all);
    say(all, 'two');
    expect(kinds(all.server)).toEqual(['full', 'resumed']);
    const { sessions } = all;
    all.restart();
    close(all);
    say(all, 'three');
    expect(sessions.size).toBe(1);
    expect(kinds(all.server)).toEqual(['resumed']);
    expect(all.server.received).toEqual(['three']);
    expect(all.server.heard).toEqual(devOne(all.client));
    expect(kinds(all.client)).toEqual(['full', 'resumed', 'resumed']);
  });

  it('is told of by the association that was made with it, and since when that is there', () => {
    const all = world(offer);
    const made = (): object | undefined => all.server.endpoint.describe(devOne(all.client).key);
    const second = (): number => Math.floor(all.clock.now() / 1000) * 1000;
    const first = second();
    say(all, 'one', 400);
    expect(made()).toMatchObject({ kind: 'full', since: first });
    close(all);
    expect(made()).toBeUndefined();
    all.link.run(all.clock.now() + 5000);
    const again = second();
    say(all, 'two', 400);
    expect(made()).toMatchObject({ kind: 'resumed', since: again });
    expect(again).toBeGreaterThan(first);
  });

  it('becomes a full handshake when the server knows it no more', () => {
    const all = world(offer);
    say(all, 'one');
    close(all);
    all.sessions.clear();
    say(all, 'two');
    expect(kinds(all.server)).toEqual(['full', 'full']);
    expect(all.server.received).toEqual(['one', 'two']);
  });

  it('is carried through on a bad link', () => {
    for (let seed = 0; seed < 30; seed += 1) {
      const all = world(offer, {}, CLEAN, seed);
      say(all, 'one');
      close(all);
      all.link.conditions = { loss: 0.2, duplicate: 0.1, reorder: 0.2, delay: [5, 30], longDelay: [30, 300] };
      all.client.say(all.clock.now(), all.server, 'two');
      const ok = all.link.run(
        all.clock.now() + 100_000,
        () => kinds(all.client).length === 2 && kinds(all.server).length === 2,
      );
      expect(ok).toBe(true);
      expect(kinds(all.server)).toEqual(['full', 'resumed']);
      all.link.conditions = CLEAN;
      all.link.run(all.clock.now() + 1000);
      all.client.say(all.clock.now(), all.server, 'three');
      all.link.run(all.clock.now() + 1000);
      expect(all.server.received.at(-1)).toBe('three');
    }
  });

  it('takes fresh keys and no work with keys of identities', () => {
    const all = world(offer);
    say(all, 'one');
    close(all);
    say(all, 'two');
    expect(all.server.events.filter((event) => event.type === 'question').map((event) => event.ask.about)).toEqual([
      'psk',
      'session',
    ]);
    const cookie = all.server.sent.filter((bytes) => bytes[13] === 3);
    expect(cookie).toHaveLength(2);
  });

  it('is not made where sessions are not offered', () => {
    const all = world(offer, { resumption: 'not_offered' });
    say(all, 'one');
    close(all);
    say(all, 'two');
    expect(all.server.told('session')).toEqual([]);
    expect(kinds(all.server)).toEqual(['full', 'full']);
  });
});

describe('a session', () => {
  it('is not gone on with under another host name', () => {
    const all = world({ serverName: 'a.example' });
    say(all, 'one');
    close(all);
    all.client.connect({ psk: PSK, serverName: 'b.example' });
    say(all, 'two');
    expect(kinds(all.server)).toEqual(['full', 'full']);
  });

  it('is not gone on with in a suite that is not permitted any more', () => {
    const all = world({}, {});
    say(all, 'one');
    close(all);
    for (const [handle, session] of all.sessions) all.sessions.set(handle, { ...session, suite: 0x00ae });
    say(all, 'two');
    expect(kinds(all.server)).toEqual(['full', 'full']);
  });

  it('comes to nothing with another secret, and the client falls back to a full handshake', () => {
    const all = world();
    say(all, 'one');
    close(all);
    for (const [handle, session] of all.sessions) all.sessions.set(handle, { ...session, master: new Uint8Array(48) });
    say(all, 'two', 200_000);
    expect(all.client.told('handshakeFailed')).toMatchObject([{ reason: 'handshake_timeout' }]);
    say(all, 'three');
    expect(kinds(all.server)).toEqual(['full', 'full']);
    expect(all.server.received).toEqual(['one', 'three']);
  });
});
