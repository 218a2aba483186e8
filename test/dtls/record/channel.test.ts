import { describe, expect, it } from '@jest/globals';

import { EMPTY, InvariantError } from '#base';
import { ContentType, newRecordView, readRecord } from '#dtls/codec';
import { nodeProvider, suiteNamed, type Suite } from '#dtls/crypto';
import { Channel } from '#dtls/record';

const SUITE = suiteNamed('TLS_PSK_WITH_AES_128_CCM_8') as Suite;
const CID = Uint8Array.of(7, 1, 2, 3, 4, 5, 6, 7);

/** Both ends with keys that are `fill` throughout; records to the client bring `cid`. */
function pair(fill: number, cid = EMPTY) {
  const keys = () => new Uint8Array(2 * (SUITE.keyLength + 4)).fill(fill);
  const [client, server] = [new Channel('client', nodeProvider), new Channel('server', nodeProvider)];
  client.protect(SUITE, keys(), EMPTY);
  server.protect(SUITE, keys(), cid);
  return { client, server };
}

function opened(channel: Channel, datagram: Uint8Array, cidLength = 0): string {
  const view = newRecordView();
  expect(readRecord(datagram, 0, cidLength, view)).toBeUndefined();
  const content = channel.open(datagram, view);
  return typeof content === 'string' ? content : Buffer.from(content).toString();
}

const say = (channel: Channel, text: string) => channel.seal(ContentType.APPLICATION_DATA, Buffer.from(text));

describe('a channel', () => {
  it('opens what the other end sealed, with and without a Connection ID', () => {
    const { client, server } = pair(1, CID);
    expect(opened(server, say(client, 'up'))).toBe('up');
    const down = say(server, 'down');
    expect(Buffer.from(down).includes(Buffer.from(CID))).toBe(true);
    expect(opened(client, down, CID.length)).toBe('down');
  });

  it('keeps its keys apart from those of others, whose ends come and go', () => {
    const pairs = Array.from({ length: 500 }, (_, index) => pair(index % 251, index % 2 === 0 ? CID : EMPTY));
    for (let index = 0; index < 500; index += 3) {
      pairs[index]?.client.wipe();
      pairs[index]?.server.wipe();
      pairs[index] = pair((index + 100) % 251);
    }
    const said = pairs.map(({ client, server }, index) => opened(server, say(client, `${index}`)));
    expect(said).toEqual(pairs.map((_, index) => `${index}`));
    const [one, other] = [pairs[1], pairs[2]] as const;
    expect(opened(one?.server as Channel, say(other?.client as Channel, 'x'))).toBe('record_not_genuine');
  });

  it('takes keys over and leaves none where they stood', () => {
    const keys = new Uint8Array(2 * (SUITE.keyLength + 4)).fill(9);
    new Channel('client', nodeProvider).protect(SUITE, keys, EMPTY);
    expect(keys.every((byte) => byte === 0)).toBe(true);
  });

  it('neither opens nor seals once it is wiped, whoever has its memory then', () => {
    const { client, server } = pair(3);
    const record = say(client, 'late');
    server.wipe();
    server.wipe();
    const next = pair(3);
    expect(opened(server, record)).toBe('record_not_genuine');
    expect(() => say(server, 'more')).toThrow(InvariantError);
    expect(opened(next.server, say(next.client, 'mine'))).toBe('mine');
  });
});
