/** What a handshake costs, in calls of cryptography: no more than is listed here, and repeated hellos cost nothing anew. */

import { describe, expect, it } from '@jest/globals';

import { countingProvider, nodeProvider, signingKey, type ClientOffer, type ServerOffer } from '#dtls';
import { VirtualClock } from '../../support/clock.js';
import { DtlsNode, knowsPsk, PSK } from '../../support/dtls.js';
import { VirtualLink } from '../../support/link.js';
import { SeededRandom } from '../../support/random.js';
import { derOf, P256_CERTIFICATE, P256_PKCS8 } from '../crypto/keys.js';
import { cells } from './support/run.js';
import { Target } from './support/target.js';
import { certificateExtensions, cookieIn, helloRecord } from './support/wire.js';

cells('what handshakes cost: cells');

const key = signingKey(P256_PKCS8);
const chain = [derOf(P256_CERTIFICATE)];
const owner = { kind: 'rpk', name: 'abc', endpoint: 'dev-1' } as const;

/** Calls of the server in a handshake and one record of data. */
function calls(suite: number, server: Partial<ServerOffer>, client: Partial<ClientOffer>) {
  const provider = countingProvider(nodeProvider);
  const clock = new VirtualClock();
  const link = new VirtualLink(clock, new SeededRandom(1));
  const parameters = { suites: [suite] };
  const theirs = new DtlsNode(link, new SeededRandom(2), '192.0.2.1', {
    provider,
    parameters,
    answer: (question) => (question.about === 'psk' ? knowsPsk(question) : { is: 'good', owner }),
  }).serve(server);
  const mine = new DtlsNode(link, new SeededRandom(3), '198.51.100.7', {
    parameters,
    answer: () => ({ is: 'good' }),
  }).connect(client);
  mine.say(clock.now(), theirs, 'x');
  link.run(clock.now() + 5000);
  expect(theirs.received).toEqual(['x']);
  return { ...provider.counts };
}

/** Two cookies, the extended master secret, the keys, both Finished; each 32 bytes of the PRF are two. */
const HMACS = 2 + 4 + 4 + 2 + 2;

describe('a handshake', () => {
  it('with a pre-shared key takes no public-key operation', () => {
    expect(calls(0xc0a8, {}, { psk: PSK })).toEqual({
      ...{ transcript: 1, hash: 0, hmac: HMACS, equal: 2, seal: 1, open: 2 },
      ...{ ephemeral: 0, agree: 0, sign: 0, verify: 0 },
    });
  });

  it.each([
    [
      'certificates',
      { proofs: [{ key, chain }], clientProofs: ['x509'] },
      { proof: { key, chain }, serverProofs: ['x509'] },
    ],
    ['raw public keys', { proofs: [{ key }], clientProofs: ['rpk'] }, { proof: { key }, serverProofs: ['rpk'] }],
  ] as const)('with %s takes one key, one agreement, one signature and one verification', (_kind, server, client) => {
    expect(calls(0xc0ae, server, client)).toEqual({
      ...{ transcript: 1, hash: 0, hmac: HMACS, equal: 2, seal: 1, open: 2 },
      ...{ ephemeral: 1, agree: 1, sign: 1, verify: 1 },
    });
  });
});

describe('a hello with its cookie', () => {
  it('that comes a thousand times is signed for once, and answered with the same messages', () => {
    const provider = countingProvider(nodeProvider);
    const server = new Target({ provider, offer: { proofs: [{ key, chain }], clientProofs: ['x509'] } });
    const fields = { suites: [0xc0ae], extensions: certificateExtensions('x509') };
    const cookie = cookieIn(server.take('198.51.100.7', 1, helloRecord(fields)));
    const again = helloRecord({ ...fields, cookie }, 1);
    const [first] = server.take('198.51.100.7', 1, again);
    for (let count = 1; count < 1000; count += 1) {
      const [reply] = server.take('198.51.100.7', 1, again);
      // The records have new numbers; what is in them is the same.
      expect(Buffer.from(reply?.bytes.subarray(13, 60) ?? [])).toEqual(
        Buffer.from(first?.bytes.subarray(13, 60) ?? []),
      );
    }
    expect(provider.counts).toMatchObject({ sign: 1, ephemeral: 1, verify: 0, agree: 0 });
    expect(server.endpoint.gauges()).toMatchObject({ half_open: 1 });
  });
});
