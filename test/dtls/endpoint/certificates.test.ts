/** Handshakes with raw public keys and certificates between our two sides, on a link in virtual time. */

import { generateKeyPairSync } from 'node:crypto';

import { describe, expect, it } from '@jest/globals';

import { signingKey, SUITES, type Question, type ServerProof, type SigningKey } from '#dtls';
import { VirtualClock } from '../../support/clock.js';
import { DtlsNode, type Answerer } from '../../support/dtls.js';
import { CLEAN, VirtualLink } from '../../support/link.js';
import { SeededRandom } from '../../support/random.js';
import { issue, type Issued } from '../../support/x509.js';

function key(curve: 'P-256' | 'P-384'): SigningKey {
  return signingKey(
    generateKeyPairSync('ec', { namedCurve: curve }).privateKey.export({ type: 'pkcs8', format: 'der' }),
  );
}

const owner = { kind: 'rpk', name: 'abc', endpoint: 'dev-1' } as const;

interface Sides {
  readonly suite: number;
  readonly mine: Pick<ServerProof, 'key' | 'chain'>;
  readonly server?: ServerProof;
  readonly mtu?: number;
  readonly server_answers?: Answerer;
  readonly client_answers?: Answerer;
  readonly groups?: readonly number[];
}

function meet(sides: Sides): { server: DtlsNode; client: DtlsNode; asked: Question[] } {
  const asked: Question[] = [];
  const clock = new VirtualClock();
  const link = new VirtualLink(clock, new SeededRandom(3), CLEAN);
  const note =
    (answerer: Answerer): Answerer =>
    (question) => {
      asked.push(question);
      return answerer(question);
    };
  const good: Answerer = () => ({ is: 'good', owner });
  const parameters = { suites: [sides.suite], mtu: sides.mtu ?? 1232, ...(sides.groups && { groups: sides.groups }) };
  const server = new DtlsNode(link, new SeededRandom(4), '192.0.2.1', {
    answer: note(sides.server_answers ?? good),
    parameters,
  }).serve({ psk: 'not_offered', proofs: [sides.server ?? sides.mine], clientProofs: ['rpk', 'x509'] });
  const client = new DtlsNode(link, new SeededRandom(5), '198.51.100.7', {
    answer: note(sides.client_answers ?? good),
    parameters,
  }).connect({ proof: sides.mine, serverProofs: ['rpk', 'x509'] });
  client.say(clock.now(), server, 'hello');
  link.run(clock.now() + 100_000);
  return { server, client, asked };
}

const ecdsa = SUITES.filter(({ keyExchange }) => keyExchange === 'ecdhe_ecdsa');

describe('a handshake with raw public keys', () => {
  it.each(ecdsa.map(({ name, id }) => [name, id] as const))('carries data with %s', (name, suite) => {
    const [mine, theirs] = [key('P-256'), key('P-256')];
    const { server, client, asked } = meet({ suite, mine: { key: mine }, server: { key: theirs } });
    expect(server.received).toEqual(['hello']);
    expect(server.told('established')).toMatchObject([{ suite: name, peer: { identity: owner } }]);
    expect(asked).toEqual([
      { about: 'rawKey', spki: new Uint8Array(theirs.spki) },
      { about: 'rawKey', spki: new Uint8Array(mine.spki) },
    ]);
    expect(client.told('handshakeFailed')).toEqual([]);
  });

  it.each([23, 24, 29])('agrees on keys in group %d', (group) => {
    const { server } = meet({ suite: 0xc0ae, mine: { key: key('P-384') }, groups: [23, 24, group].toReversed() });
    expect(server.received).toEqual(['hello']);
  });

  it('is carried through with datagrams of 100 bytes', () => {
    const { server, client } = meet({ suite: 0xc02b, mine: { key: key('P-256') }, mtu: 100 });
    expect(server.received).toEqual(['hello']);
    for (const bytes of [...client.sent, ...server.sent]) expect(bytes.length).toBeLessThanOrEqual(100);
  });

  it('ends with an alert for a device that nobody knows, and leaves nothing', () => {
    const refused: Answerer = () => ({ is: 'refused', alert: 46 });
    const { server, client } = meet({ suite: 0xc0ae, mine: { key: key('P-256') }, server_answers: refused });
    expect(server.received).toEqual([]);
    expect(server.told('handshakeFailed')).toMatchObject([{ reason: 'proof_refused' }]);
    expect(client.told('handshakeFailed')).toMatchObject([{ reason: 'alert_received' }]);
    expect(Object.values(server.endpoint.gauges()).every((value) => value === 0)).toBe(true);
  });

  it('ends before the client says anything of itself to a server it does not know', () => {
    const refused: Answerer = () => ({ is: 'refused', alert: 46 });
    const { server, client } = meet({ suite: 0xc0ae, mine: { key: key('P-256') }, client_answers: refused });
    expect(server.received).toEqual([]);
    expect(client.told('handshakeFailed')).toMatchObject([{ reason: 'server_refused' }]);
    expect(client.sent).toHaveLength(3); // two hellos and an alert
  });
});

describe('a handshake with a certificate', () => {
  const [mine, theirs] = [issue({ subject: 'dev-1' }), issue({ subject: 'server' })];
  const proofOf = ({ der, key: { privateKey } }: Issued): Pick<ServerProof, 'key' | 'chain'> => ({
    key: signingKey(privateKey.export({ type: 'pkcs8', format: 'der' })),
    chain: [der],
  });

  it.each([
    ['the anchors of the proof that was used', { anchors: ['a', 'b'] }],
    ['none where there are none', {}],
  ])('asks whose it is with %s', (_what, more) => {
    const server = { ...proofOf(theirs), ...more };
    const { asked } = meet({ suite: 0xc0ae, mine: proofOf(mine), server });
    expect(asked).toEqual([
      { about: 'chain', chain: [new Uint8Array(theirs.der)] },
      { about: 'chain', chain: [new Uint8Array(mine.der)], ...more },
    ]);
  });
});
