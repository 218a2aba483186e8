import { describe, expect, it } from '@jest/globals';

import { Instant, securePeer } from '#base';
import { Association, CidMap } from '#dtls/association';
import { nodeProvider } from '#dtls/crypto';
import { Channel } from '#dtls/record';

function withCid(cid: Uint8Array | undefined): Association {
  return new Association(Instant(0), {
    channel: new Channel('server', nodeProvider),
    peer: securePeer(0, { kind: 'psk', name: 'dev', endpoint: 'dev' }, '192.0.2.1', 5684),
    ...{ cid, routability: 'unchecked', content: 16_384, last: undefined, kind: 'full' },
  });
}

const CID = Uint8Array.of(0, 255, 128, 3, 4, 5, 6, 7);

describe('a map of Connection IDs', () => {
  it('finds a value by the bytes of its Connection ID wherever they stand, and by no others', () => {
    const map = new CidMap<Association>(8);
    const association = withCid(CID);
    map.set(CID, association);
    expect(map.get(Uint8Array.of(9, 9, ...CID, 9), 2)).toBe(association);
    for (let at = 0; at < CID.length; at += 1) {
      const other = Uint8Array.from(CID);
      other[at] = (other[at] as number) ^ 1;
      expect(map.get(other, 0)).toBeUndefined();
    }
    expect(map.takes(CID)).toBe(true);
    expect(map.delete(CID)).toBe(true);
    expect(map.get(CID, 0)).toBeUndefined();
  });

  it.each([1, 3, 4, 20, 255])('keeps apart those of %i bytes', (bytes) => {
    const map = new CidMap<Association>(bytes);
    const cids = Array.from({ length: 200 }, (_, index) =>
      new Uint8Array(bytes).fill(0x80 + (index % 3), 0, -1).fill(index, -1),
    );
    for (const cid of cids) map.set(cid, withCid(cid));
    for (const cid of cids) expect(map.get(cid, 0)?.cid).toEqual(Buffer.from(cid));
    expect(map.size).toBe(200);
  });
});

describe('an association', () => {
  it('without a Connection ID bears none', () => {
    const association = withCid(undefined);
    expect([association.usesCid, association.cid, association.bearsCid(CID, 0)]).toEqual([false, undefined, false]);
  });
});
