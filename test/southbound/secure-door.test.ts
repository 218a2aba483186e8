/**
 * Whose a certificate is found to be: by the judges of chains, and by a device's own entry where no judge knows its issuer.
 * What is told of a handshake that failed.
 */

import { createHash } from 'node:crypto';

import { describe, expect, it } from '@jest/globals';

import { Emitter, plainPeer, securePeer, silentLogger, systemClock, WallTime } from '#base';
import type { Peer, PeerIdentity } from '#base';
import type { FailedHandshake, Fleet, IdentityEnd } from '#fleet';
import { SecureDoor, type ChainJudges } from '#southbound';
import type { Answer, Claim, Stack } from '#transport';
import type { Rejected, RefusalReason, Validity, Verdict } from '#trust';

const CHAIN = [Uint8Array.of(1, 2, 3)];
const FINGERPRINT = createHash('sha256')
  .update(Uint8Array.of(1, 2, 3))
  .digest('hex');
const OWNER: PeerIdentity = { kind: 'x509', name: FINGERPRINT, endpoint: 'dev-1' };

const VALID: Validity = { kind: 'valid', until: WallTime(4_000_000_000_000) };

const chainsSay = (verdict: Verdict, anchor: string | undefined, more: Partial<ChainJudges>): ChainJudges => ({
  judge: () => ({ anchor, verdict }),
  alone: () => VALID,
  isRevoked: () => false,
  renewed: new Emitter(),
  ...more,
});

function doorOn(
  fleet: Fleet,
  listeners: { readonly first: number; readonly count: number },
  chains = chainsSay(refused('unknown_ca'), undefined, {}),
  stack: object = {},
): SecureDoor {
  return new SecureDoor({
    ...{ stack: stack as Stack, fleet, chains, clock: systemClock, logger: silentLogger, listeners },
    fault: (error) => {
      throw error;
    },
  });
}

/** What the door says of a chain; `entry`: the device has an entry of its own for just this certificate, which ends or has ended. */
function asked(verdict: Verdict, entry: 'entry' | 'no_entry', anchor?: string, alone: Validity = VALID): Answer {
  const handshakes = {
    ended: new Emitter<IdentityEnd>(),
    certificate: (facts: { readonly fingerprint: string }, under: string | undefined) =>
      (entry === 'entry' && facts.fingerprint === FINGERPRINT) || under === 'ca'
        ? { identity: OWNER }
        : { refused: 'anchor_unknown' },
  };
  const door = doorOn(
    { handshakes } as unknown as Fleet,
    { first: 0, count: 1 },
    chainsSay(verdict, anchor, { alone: () => alone }),
  );
  const answers: Answer[] = [];
  door.ask({ about: 'chain', chain: CHAIN }, 0, (answer) => answers.push(answer));
  expect(answers).toHaveLength(1);
  return answers[0] as Answer;
}

const accepted: Verdict = {
  kind: 'accepted',
  leaf: {
    ...{ spki: new Uint8Array(1), commonNames: ['dev-1'], dnsNames: [], uris: [], serial: '1' },
    ...{ fingerprint: FINGERPRINT, notAfter: WallTime(4_000_000_000_000) },
  },
  certificates: 'issuer:1',
};

const refused = (reason: RefusalReason): Rejected => ({ kind: 'refused', reason, sentence: 'why', alert: 45 });

describe('a certificate', () => {
  it('that is good under an anchor is of whom the anchor says', () => {
    const owner = { ...OWNER, certificates: 'issuer:1' };
    expect(asked(accepted, 'no_entry', 'ca')).toEqual({ is: 'good', owner });
  });

  it('that is good under an anchor which names nobody by it is refused', () => {
    expect(asked(accepted, 'no_entry', 'other')).toEqual({ is: 'refused', alert: 46 });
  });

  it('of an issuer that nobody knows is of the device that has an entry for it', () => {
    expect(asked(refused('unknown_ca'), 'entry')).toEqual({ is: 'good', owner: OWNER });
    expect(asked(refused('unknown_ca'), 'no_entry')).toEqual({ is: 'refused', alert: 45 });
  });

  it('of an issuer that nobody knows is nobody outside its own time, also where a device has an entry for it', () => {
    expect(asked(refused('unknown_ca'), 'entry', undefined, refused('expired'))).toEqual({ is: 'refused', alert: 45 });
  });

  it.each(['revoked', 'expired', 'weak_key', 'signature', 'crl_stale'] as const)(
    'that is refused as %s is nobody, also where a device has an entry for it',
    (reason) => {
      expect(asked(refused(reason), 'entry')).toEqual({ is: 'refused', alert: 45 });
    },
  );
});

describe('an association of before a restart', () => {
  const then = WallTime(1000);
  const asking = (says: boolean): { door: SecureDoor; rejoined: Peer[]; asked: unknown[] } => {
    const [rejoined, asked]: [Peer[], unknown[]] = [[], []];
    const handshakes = {
      ended: new Emitter<IdentityEnd>(),
      mayGoOn: (...about: unknown[]) => {
        asked.push(about);
        return says;
      },
    };
    const fleet = { handshakes, rejoined: (peer: Peer) => rejoined.push(peer) } as unknown as Fleet;
    return { door: doorOn(fleet, { first: 1, count: 2 }), rejoined, asked };
  };

  it.each([1, 2])(
    'goes on at secure listener %i when what proved its peer is still good, and its device is told',
    (listener) => {
      const { asked, door, rejoined } = asking(true);
      const peer = securePeer(listener, OWNER, '192.0.2.1', 1);
      expect(door.takesUp(peer, then)).toBe(true);
      expect([asked, rejoined]).toEqual([[[OWNER, then]], [peer]]);
    },
  );

  it('goes on no more when its certificate was revoked since', () => {
    const handshakes = { ended: new Emitter<IdentityEnd>(), mayGoOn: () => true };
    const revoked = chainsSay(accepted, 'ca', { isRevoked: ({ certificates }) => certificates === 'issuer:1' });
    const fleet = { handshakes, rejoined: () => undefined } as unknown as Fleet;
    const door = doorOn(fleet, { first: 1, count: 1 }, revoked);
    const peer = (certificates: string): Peer => securePeer(1, { ...OWNER, certificates }, '192.0.2.1', 1);
    expect([door.takesUp(peer('issuer:1'), then), door.takesUp(peer('issuer:2'), then)]).toEqual([false, true]);
  });

  it('goes on neither at a listener that is not secure any more, nor without an identity, nor with one that is good no more', () => {
    for (const [says, peer] of [
      [true, securePeer(0, OWNER, '192.0.2.1', 1)],
      [true, securePeer(3, OWNER, '192.0.2.1', 1)],
      [true, plainPeer(1, '192.0.2.1', 1)],
      [false, securePeer(1, OWNER, '192.0.2.1', 1)],
    ] as const) {
      const { door, rejoined } = asking(says);
      expect([door.takesUp(peer, then), rejoined]).toEqual([false, []]);
    }
  });
});

describe('a revocation list that comes while a handshake is under way', () => {
  it.each([
    ['ends it', 'issuer:1', 'ended'],
    ['lets it be where its certificate is not on the list', 'issuer:2', 'good'],
  ] as const)('%s', (_words, onList, expected) => {
    const renewed = new Emitter<{ readonly type: 'renewed' }>();
    const kept: unknown[] = [];
    const fleet = {
      handshakes: { ended: new Emitter<IdentityEnd>(), certificate: () => ({ identity: OWNER }) },
      sessions: { keep: (...session: unknown[]) => kept.push(session) },
    } as unknown as Fleet;
    const listed = new Set<string>();
    const isRevoked = ({ certificates = '' }: PeerIdentity): boolean => listed.has(certificates);
    const chains = chainsSay(accepted, 'ca', { isRevoked, renewed });
    const door = doorOn(fleet, { first: 0, count: 1 }, chains, { endAssociations: () => undefined });
    let peer: Peer | undefined;
    door.ask({ about: 'chain', chain: CHAIN }, 0, (answer) => {
      if (answer.is === 'good') peer = securePeer(0, answer.owner as PeerIdentity, '192.0.2.1', 1);
    });
    listed.add(onList);
    renewed.emit({ type: 'renewed' });
    door.session(peer as Peer, Uint8Array.of(1), { suite: 1, master: new Uint8Array(48) });
    expect(door.established(peer as Peer, 'full')).toBe(expected);
    expect(kept).toHaveLength(expected === 'good' ? 1 : 0);
  });
});

describe('a handshake that failed', () => {
  const psk: PeerIdentity = { kind: 'psk', name: 'id-1', endpoint: 'dev-1' };
  const place = { listener: 0, address: '192.0.2.1', port: 40_000 };

  /** What the fleet is told of it. */
  function told(reason: string, claim: Claim): FailedHandshake[] {
    const failures: FailedHandshake[] = [];
    const handshakes = { ended: new Emitter<IdentityEnd>(), failed: (one: FailedHandshake) => failures.push(one) };
    doorOn({ handshakes } as unknown as Fleet, { first: 0, count: 1 }).failed(place, reason, claim);
    return failures;
  }

  it.each<[string, string, Claim, object | undefined]>([
    [
      'with another key than the device it claims to be has',
      'handshake_timeout',
      { pskIdentity: Buffer.from('id-1'), owner: psk, finished: 'unreadable' },
      { reason: 'wrong_key', identity: { kind: 'psk', name: 'id-1' }, endpoint: 'dev-1' },
    ],
    [
      'with another key, and began anew',
      'superseded',
      { pskIdentity: Buffer.from('id-1'), owner: psk, finished: 'unreadable' },
      { reason: 'wrong_key', identity: { kind: 'psk', name: 'id-1' }, endpoint: 'dev-1' },
    ],
    [
      'because the device refused us',
      'alert_received',
      { owner: OWNER, finished: 'not_read' },
      { reason: 'alert_received', identity: { kind: 'x509', name: FINGERPRINT }, endpoint: 'dev-1' },
    ],
    [
      'under the keys of a session',
      'handshake_timeout',
      { owner: psk, finished: 'unreadable' },
      { reason: 'finished_unreadable', identity: { kind: 'psk', name: 'id-1' }, endpoint: 'dev-1' },
    ],
    [
      'with an identity that is nobody, which is no text',
      'handshake_timeout',
      { pskIdentity: Uint8Array.of(0, 0x1b), finished: 'unreadable' },
      { reason: 'unknown_identity', identity: { kind: 'psk', name: '#001b' } },
    ],
    ['with a certificate that is nobody', 'proof_refused', { finished: 'not_read' }, { reason: 'proof_refused' }],
    ['because the device began anew', 'superseded', { owner: psk, finished: 'not_read' }, undefined],
    ['before anybody was named', 'handshake_timeout', { finished: 'not_read' }, undefined],
    ['before anybody was named, with a record', 'no_common_suite', { finished: 'unreadable' }, undefined],
  ])('%s is told as what it says about a device', (_words, reason, claim, expected) => {
    const { address, port } = place;
    expect(told(reason, claim)).toEqual(expected === undefined ? [] : [{ ...expected, address, port }]);
  });
});
