/** Notifications from literal bytes. */

import { describe, expect, it } from '@jest/globals';
import type { Path } from '#lwm2m/model';
import { decodeNotification } from '#lwm2m/protocol';
import { dialect, received } from './support.js';

function notified(path: Path, hex: string): ReturnType<typeof decodeNotification> {
  const message = received(hex);
  return decodeNotification([path], dialect(), message, message.payload);
}

describe('a notification', () => {
  it('LightweightM2M-1.1-int-301: holds the new value', () => {
    expect(notified([3, 0, 9], '41450009c2 6108 60 ff 3934')).toEqual({
      nodes: [{ path: [3, 0, 9], node: { kind: 'single', value: { type: 'integer', value: 94 } } }],
    });
  });

  it('holds several values in SenML CBOR', () => {
    const cbor = '83 a3 21 65 2f332f302f 00 6139 02 185f a2 00 623133 02 1a5182428f a2 00 623136 03 6155';
    const told = notified([3, 0], `51450009c2 6108 6170 ff ${cbor}`);
    expect(told).toMatchObject({ nodes: [{ path: [3, 0], node: { kind: 'instance' } }] });
  });

  it('holds historical values with their times (RFC 8428 §4.5.3)', () => {
    const cbor = '82 a3 21 6c 2f333330332f302f35373030 22 1a6553f100 02 fa41ac0000 a2 06 24 02 fa41aa0000';
    const told = notified([3303, 0, 5700], `51450009c2 6108 6170 ff ${cbor}`);
    const nodes = 'nodes' in told ? [...told.nodes] : [];
    expect(nodes.sort((left, right) => (left.time ?? 0) - (right.time ?? 0))).toEqual([
      { path: [3303, 0, 5700], node: { kind: 'single', value: { type: 'float', value: 21.25 } }, time: 1699999995 },
      { path: [3303, 0, 5700], node: { kind: 'single', value: { type: 'float', value: 21.5 } }, time: 1700000000 },
    ]);
  });

  it('that is an error says which', () => {
    expect(notified([3, 0, 9], '41840009c2')).toEqual({ error: '4.04 Not Found' });
    expect(notified([3, 0, 9], '41800009c2 ff 6e6f')).toEqual({ error: '4.00 no' });
    expect(notified([3, 0, 9], '41430009c2 6108')).toMatchObject({ error: expect.stringContaining('2.03') });
  });

  it.each(['60 ff 78', '622d16 ff c80014', '6170 ff ff', '62ffff ff 00', '6128 ff 3c2f333e'])(
    'that cannot be decoded says why: %s',
    (hex) => {
      const told = notified([3, 0, 9], `41450009c2 6108 ${hex}`);
      expect('error' in told && told.error.length > 5).toBe(true);
    },
  );
});
