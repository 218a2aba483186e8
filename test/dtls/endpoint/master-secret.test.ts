/** Master secrets are told when the parameters ask for it, as Wireshark needs them, and never otherwise. */

import { describe, expect, it } from '@jest/globals';

import { toHex } from '#base';
import { nodeProvider, suiteNamed, type DtlsParameters, type Session, type Suite } from '#dtls';

import { newRecordView, readRecord } from '../../../src/dtls/codec/index.js';
import { keyBlock } from '../../../src/dtls/crypto/index.js';
import { Channel } from '../../../src/dtls/record/index.js';
import { VirtualClock } from '../../support/clock.js';
import { DtlsNode, knowsPsk, PSK, type Answerer } from '../../support/dtls.js';
import { CLEAN, VirtualLink } from '../../support/link.js';
import { SeededRandom } from '../../support/random.js';

const NAME = 'TLS_PSK_WITH_AES_128_CCM_8';

/** A device that comes by a full handshake, leaves, and comes again with its session. */
function twice(parameters: Partial<DtlsParameters>): { server: DtlsNode; client: DtlsNode } {
  const [clock, random] = [new VirtualClock(), new SeededRandom(1)];
  const link = new VirtualLink(clock, random, CLEAN);
  const sessions = new Map<string, Session>();
  const answer: Answerer = (question) => {
    const session = question.about === 'session' ? sessions.get(toHex(question.handle)) : undefined;
    return session === undefined ? knowsPsk(question) : { is: 'session', session };
  };
  const server = new DtlsNode(link, random, '192.0.2.1', { answer, parameters }).serve();
  const client = new DtlsNode(link, random, '198.51.100.7', { parameters }).connect({ psk: PSK });
  for (const text of ['one', 'two']) {
    client.say(clock.now(), server, text);
    link.run(clock.now() + 2000);
    for (const { handle, session } of server.told('session')) sessions.set(toHex(handle), session);
    client.endpoint.drop(server.peer.key);
    client.drain(clock.now());
    link.run(clock.now() + 1000);
  }
  expect(server.told('established').map(({ kind }) => kind)).toEqual(['full', 'resumed']);
  return { server, client };
}

/** Randoms of the hellos that were sent; a hello stands behind 13 bytes of record and 12 of message, its random behind 2. */
const randoms = ({ sent }: DtlsNode, type: number): string[] =>
  sent
    .filter((bytes) => bytes[0] === 22 && bytes[4] === 0 && bytes[13] === type)
    .map((bytes) => toHex(bytes.subarray(27, 59)));

describe('when it is asked for', () => {
  it('the secret of each handshake is told once, full or short, with the random of its hello', () => {
    const { client, server } = twice({ masterSecrets: 'told' });
    const told = server.told('masterSecret');
    expect(told.map(({ clientRandom }) => toHex(clientRandom))).toEqual([...new Set(randoms(client, 1))]);
    expect(told.map(({ master }) => master.length)).toEqual([48, 48]);
    // The session is the same: so is its secret. The randoms make other keys of it.
    expect(toHex(told[1]?.master ?? Buffer.alloc(0))).toBe(toHex(told[0]?.master ?? Buffer.alloc(1)));
    expect(toHex(told[0]?.clientRandom ?? Buffer.alloc(0))).not.toBe(toHex(told[1]?.clientRandom ?? Buffer.alloc(0)));
    expect(client.told('masterSecret')).toEqual([]);
  });

  it('it makes the keys that open what the device said, in both handshakes', () => {
    const { client, server } = twice({ masterSecrets: 'told', cidBytes: 0 });
    const suite = suiteNamed(NAME) as Suite;
    const servers = randoms(server, 2);
    const opened = server.told('masterSecret').map(({ clientRandom, master }, index) => {
      const serverRandom = Buffer.from(servers[index] ?? '', 'hex');
      const reader = new Channel('server', nodeProvider);
      const keys = keyBlock(nodeProvider, suite, master, clientRandom, serverRandom);
      reader.protect(suite, keys, new Uint8Array());
      return client.sent.flatMap((bytes) => {
        const view = newRecordView();
        if (bytes[0] !== 23 || readRecord(bytes, 0, 0, view) !== undefined) return [];
        const content = reader.open(bytes, view);
        return typeof content === 'string' ? [] : [Buffer.from(content).toString()];
      });
    });
    expect(opened).toEqual([['one'], ['two']]);
  });
});

describe('when it is not', () => {
  it('nothing of it is told, nor stands in any event but the session', () => {
    const { client, server } = twice({});
    expect(server.told('masterSecret')).toEqual([]);
    const [session] = server.told('session');
    const master = toHex(session?.session.master ?? new Uint8Array());
    expect(master).toHaveLength(96);
    const others = [...server.events, ...client.events].filter(({ type }) => type !== 'session');
    const hex = JSON.stringify(others, (_name, value: unknown) => (value instanceof Uint8Array ? toHex(value) : value));
    expect(hex).not.toContain(master);
  });
});
