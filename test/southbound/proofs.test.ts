/** Whether what an identity was proven by was ended while its handshake was under way. */

import { describe, expect, it } from '@jest/globals';

import { WallTime, type PeerIdentity } from '#base';
import type { IdentityEnd, SessionProof } from '#fleet';
import { Proofs } from '../../src/southbound/proofs.js';

const identity = (kind: PeerIdentity['kind'], name = 'n', endpoint = 'e'): PeerIdentity => ({ kind, name, endpoint });
const proofOf = (of: PeerIdentity): SessionProof => ({ identity: of, since: WallTime(0) });

/** Whether the proof of an identity stands after an end that came behind it. */
function stands(of: PeerIdentity, ...ends: readonly IdentityEnd[]): boolean {
  const proofs = new Proofs();
  proofs.add(proofOf(of), proofs.mark);
  for (const end of ends) proofs.end(end);
  return proofs.current(of) !== undefined;
}

describe('a proof', () => {
  it('stands until it is deleted, and after ends that came before it', () => {
    const proofs = new Proofs();
    const of = identity('psk');
    expect(proofs.current(of)).toBeUndefined();
    proofs.end({ type: 'identity', identity: of });
    proofs.add(proofOf(of), proofs.mark);
    expect(proofs.current(of)).toEqual(proofOf(of));
    proofs.delete(of);
    expect(proofs.current(of)).toBeUndefined();
  });

  it.each<[string, PeerIdentity, IdentityEnd, boolean]>([
    ['its identity', identity('psk'), { type: 'identity', identity: identity('psk') }, false],
    ['an identity of another kind', identity('psk'), { type: 'identity', identity: identity('rpk') }, true],
    ['another name', identity('psk'), { type: 'identity', identity: identity('psk', 'm') }, true],
    ['its endpoint', identity('psk'), { type: 'endpoint', endpoint: 'e' }, false],
    ['another endpoint', identity('psk'), { type: 'endpoint', endpoint: 'f' }, true],
    ['the certificates of its endpoint', identity('psk'), { type: 'endpoint', endpoint: 'e', kind: 'x509' }, true],
    ['its certificate with all of them', identity('x509'), { type: 'endpoint', endpoint: 'e', kind: 'x509' }, false],
    ['a trust anchor, of a key', identity('rpk'), { type: 'anchor', anchor: 'ca' }, true],
    ['a trust anchor, of a certificate', identity('x509'), { type: 'anchor', anchor: 'ca' }, false],
  ])('knows the end of %s', (_what, of, end, expected) => {
    expect(stands(of, end)).toBe(expected);
  });

  it('counts as ended when what came since is not remembered any more, and only then', () => {
    const proofs = new Proofs(2);
    const [early, late] = [identity('psk', 'early'), identity('psk', 'late')];
    proofs.add(proofOf(early), proofs.mark);
    const end = (name: string): void => {
      proofs.end({ type: 'identity', identity: identity('psk', name) });
    };
    end('a');
    end('b');
    proofs.add(proofOf(late), proofs.mark);
    expect([early, late].map((of) => proofs.current(of) !== undefined)).toEqual([true, true]);
    end('c');
    expect([early, late].map((of) => proofs.current(of) !== undefined)).toEqual([false, true]);
  });
});
