import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { createECDH, ECDH } from 'node:crypto';
import { fromHex, InvariantError, PeerError, toHex } from '#base';
import { agreementKey, GROUPS, groupOf, NamedGroup, nodeProvider } from '../../../src/dtls/crypto/index.js';
import type { EphemeralKey } from '../../../src/dtls/crypto/index.js';

const { SECP256R1, SECP384R1, X25519 } = NamedGroup;
/** The field of P-256, big-endian. */
const P = 'ffffffff00000001000000000000000000000000ffffffffffffffffffffffff';

interface Vector {
  readonly name: string;
  readonly group: number;
  readonly private: string;
  readonly peer: string;
  readonly shared: string;
  readonly public?: string;
}

const VECTORS: Vector[] = [
  {
    name: 'NIST ECC CDH P-256 count 0',
    group: SECP256R1,
    private: '7d7dc5f71eb29ddaf80d6214632eeae03d9058af1fb6d22ed80badb62bc1a534',
    public:
      '04ead218590119e8876b29146ff89ca61770c4edbbf97d38ce385ed281d8a6b23028af61281fd35e2fa7002523acc85a429cb06ee6648325389f59edfce1405141',
    peer: '04700c48f77f56584c5cc632ca65640db91b6bacce3a4df6b42ce7cc838833d287db71e509e3fd9b060ddb20ba5c51dcc5948d46fbf640dfe0441782cab85fa4ac',
    shared: '46fc62106420ff012e54a434fbdd2d25ccc5852060561e68040dd7778997bd7b',
  },
  {
    name: 'NIST ECC CDH P-384 count 0',
    group: SECP384R1,
    private: '3cc3122a68f0d95027ad38c067916ba0eb8c38894d22e1b15618b6818a661774ad463b205da88cf699ab4d43c9cf98a1',
    peer: '04a7c76b970c3b5fe8b05d2838ae04ab47697b9eaf52e764592efda27fe7513272734466b400091adbf2d68c58e0c50066ac68f19f2e1cb879aed43a9969b91a0839c4c38a49749b661efedf243451915ed0905a32b060992b468c64766fc8437a',
    shared: '5f9d29dc5e31a163060356213669c8ce132e22f57c9a04f40ba7fcead493b457e5621e766c40a2e3d4d6a04b25e533f1',
  },
  {
    name: 'RFC 7748 §6.1 (Alice)',
    group: X25519,
    private: '77076d0a7318a57d3c16c17251b26645df4c2f87ebc0992ab177fba51db92c2a',
    public: '8520f0098930a754748b7ddcb43ef75a0dbf3a0d26381af4eba4a98eaa9b4e6a',
    peer: 'de9edb7d7b7dc1b4d35b61c2ece435373f8343c85b78674dadfc7e146f882b4f',
    shared: '4a5d9d5ba4ce2de1728e3bf480350f25e07e21c947d19e3376f09b3c1e161742',
  },
  {
    name: 'RFC 7748 §6.1 (Bob)',
    group: X25519,
    private: '5dab087e624a8a4b79e17f8b83800ee66f3bb1292618b6fd1c2f8b27ff88e0eb',
    public: 'de9edb7d7b7dc1b4d35b61c2ece435373f8343c85b78674dadfc7e146f882b4f',
    peer: '8520f0098930a754748b7ddcb43ef75a0dbf3a0d26381af4eba4a98eaa9b4e6a',
    shared: '4a5d9d5ba4ce2de1728e3bf480350f25e07e21c947d19e3376f09b3c1e161742',
  },
  {
    name: 'RFC 7748 §5.2, first',
    group: X25519,
    private: 'a546e36bf0527c9d3b16154b82465edd62144c0ac1fc5a18506a2244ba449ac4',
    peer: 'e6db6867583030db3594c1a424b15f7c726624ec26b3353b10a903a6d0ab1c4c',
    shared: 'c3da55379de9c6908e94ea4df28d084f32eccf03491c71f754b4075577a28552',
  },
  {
    name: 'RFC 7748 §5.2, second (the highest bit of the peer is ignored)',
    group: X25519,
    private: '4b66e9d4d1b4673c5ad22691957d6af5c11b6421e0ea01d42ca4169e7918ba0d',
    peer: 'e5210f12786811d3f4b7959d0538ae2c31dbe7106fc03c3efc4cd549c715a493',
    shared: '95cbde9476e8907d7aade45cb4b873f88b595a68799fa152e6f8f7647aac7957',
  },
  {
    name: 'a shared secret that begins with a zero (RFC 8422 §5.10)',
    group: SECP256R1,
    private: `${'00'.repeat(31)}01`,
    peer: '04005543894af3d00ed7d740abdbd75c96b06877b787db5f70eea78b90a8d7c00abb4c85a3d8ea29efaafa24406912dd84d5b14dc32bf656ef6c6bd58a5d943f92',
    shared: '005543894af3d00ed7d740abdbd75c96b06877b787db5f70eea78b90a8d7c00a',
  },
];

const NIST = VECTORS[0] as Vector;
const point = NIST.peer;
const converted = (form: 'compressed' | 'hybrid') =>
  ECDH.convertKey(fromHex(point), 'prime256v1', undefined, undefined, form) as Buffer;

const REFUSED: [string, number, string][] = [
  ['a point that is not on the curve', SECP256R1, `${point.slice(0, -2)}ad`],
  ['the point at infinity', SECP256R1, '00'],
  ['infinity in the length of a point', SECP256R1, '00'.repeat(65)],
  ['zero and zero', SECP256R1, `04${'00'.repeat(64)}`],
  ['a compressed point', SECP256R1, toHex(converted('compressed'))],
  ['a hybrid point', SECP256R1, toHex(converted('hybrid'))],
  ['a coordinate that is the prime of the field', SECP256R1, `04${P}${point.slice(66)}`],
  ['coordinates beyond the field', SECP256R1, `04${'ff'.repeat(64)}`],
  ['a point of another curve', SECP256R1, (VECTORS[1] as Vector).peer],
  ['a point of another curve', SECP384R1, point],
  ['a compressed point', SECP384R1, `02${'11'.repeat(48)}`],
  ['a point that is not on the curve', SECP384R1, `04${'11'.repeat(96)}`],
  ['nothing', SECP256R1, ''],
  ['nothing', SECP384R1, ''],
  ['nothing', X25519, ''],
  ['one byte too few', X25519, '09'.repeat(31)],
  ['one byte too many', X25519, '09'.repeat(33)],
  ['low order: 0', X25519, '00'.repeat(32)],
  ['low order: 1', X25519, `01${'00'.repeat(31)}`],
  ['low order: 8', X25519, 'e0eb7a7c3b41b8ae1656e3faf19fc46ada098deb9c32b1fd866205165f49b800'],
  ['low order: 8', X25519, '5f9c95bca3508c24b1d0b1559c83ef5b04445cc4581c8e86d8224eddd09f1157'],
  ['low order: p - 1', X25519, `ec${'ff'.repeat(30)}7f`],
  ['low order: p', X25519, `ed${'ff'.repeat(30)}7f`],
  ['low order: p + 1', X25519, `ee${'ff'.repeat(30)}7f`],
  ['low order: 0 with the highest bit', X25519, `${'00'.repeat(31)}80`],
];

/** What is thrown must be the peer's fault, whatever it is. */
function faultOf(key: EphemeralKey, peer: Uint8Array): string {
  try {
    key.agree(peer);
    return 'none';
  } catch (error) {
    return error instanceof PeerError ? error.reason : `not a fault of the peer: ${String(error)}`;
  }
}

describe('agreement', () => {
  it.each(VECTORS)('$name', (vector) => {
    const key = agreementKey(vector.group, fromHex(vector.private));
    expect(toHex(key.agree(fromHex(vector.peer)))).toBe(vector.shared);
    if (vector.public !== undefined) expect(toHex(key.publicKey)).toBe(vector.public);
  });

  it.each(GROUPS)('both sides of $name have the same secret, and another one each time', (group) => {
    const seen = new Set<string>();
    for (let run = 0; run < 5; run += 1) {
      const [ours, theirs] = [nodeProvider.ephemeral(group.id), nodeProvider.ephemeral(group.id)];
      expect(ours.publicKey).toHaveLength(group.publicKeyLength);
      const shared = ours.agree(theirs.publicKey);
      expect(toHex(theirs.agree(ours.publicKey))).toBe(toHex(shared));
      seen.add(toHex(shared)).add(toHex(ours.publicKey));
    }
    expect(seen.size).toBe(10);
  });

  it('agrees with a peer that keeps its key elsewhere', () => {
    const peer = createECDH('prime256v1');
    const ours = nodeProvider.ephemeral(SECP256R1);
    const shared = ours.agree(peer.generateKeys());
    expect(toHex(peer.computeSecret(ours.publicKey))).toBe(toHex(shared));
  });

  it.each(REFUSED)('refuses %s in group %i', (_what, group, peer) => {
    expect(faultOf(nodeProvider.ephemeral(group), fromHex(peer))).toBe('bad_point');
  });

  it('goes on with a key after it has refused a point', () => {
    const key = agreementKey(SECP256R1, fromHex(NIST.private));
    expect(faultOf(key, fromHex(`${point.slice(0, -2)}ad`))).toBe('bad_point');
    expect(toHex(key.agree(fromHex(point)))).toBe(NIST.shared);
  });

  it('says which form is allowed', () => {
    expect(() => nodeProvider.ephemeral(SECP256R1).agree(converted('compressed'))).toThrow(
      'secp256r1: a public key has 65 bytes, uncompressed (04); this one has 33',
    );
  });

  it.each(GROUPS)('takes any bytes of any length in $name without another exception', (group) => {
    const key = nodeProvider.ephemeral(group.id);
    const framed = fc.uint8Array({ minLength: group.publicKeyLength - 1, maxLength: group.publicKeyLength - 1 });
    const any = fc.oneof(
      fc.uint8Array({ maxLength: 140 }),
      framed.map((rest) => Uint8Array.of(4, ...rest)),
    );
    fc.assert(fc.property(any, (peer) => ['none', 'bad_point'].includes(faultOf(key, peer))));
  });

  it('knows no other groups', () => {
    expect(groupOf(25)).toBeUndefined();
    expect(() => nodeProvider.ephemeral(25)).toThrow(InvariantError);
    expect(GROUPS.map(({ id, name }) => [id, name])).toEqual([
      [23, 'secp256r1'],
      [24, 'secp384r1'],
      [29, 'x25519'],
    ]);
  });
});
