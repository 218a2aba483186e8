/**
 * No 2.01, 2.04, 2.02, 202, 200 or promised acknowledgement leaves before what it acknowledges is written down. In each round
 * the writer is held while one request of each kind is under way, which nobody may answer; then it goes on, with a group so
 * large that writing it takes a while, and at the moment of each answer the files of the store are copied as a crash would
 * leave them: a start from the copy must know what was acknowledged. That the write is synced is shown by the system calls,
 * in test/interop/sync-order.test.ts.
 */

import { afterAll, afterEach, beforeAll, expect, it } from '@jest/globals';
import { WallTime } from '#base';
import { ScriptedClient, CREATED, named, utf8 } from '../support/conformance.js';
import { crashImage, lookInto } from '../support/crash-image.js';
import type { Found } from '../support/crash-image.js';
import { TestServer, until } from '../support/test-server.js';

const ROUNDS = 4;
/** Bytes that go into each group beside the changes under test. */
const BALLAST = 4_000_000;
const OBJECTS = '</1/0>,</3/0>';

let server: TestServer;
let release: () => void = () => undefined;
const clients: ScriptedClient[] = [];

beforeAll(async () => {
  server = await TestServer.start();
});
afterEach(() => {
  release();
  for (const client of clients.splice(0)) client.close();
});
afterAll(async () => {
  await server.stop();
});

async function registered(endpoint: string): Promise<ScriptedClient> {
  const client = await ScriptedClient.registered(server, endpoint, OBJECTS);
  clients.push(client);
  return client;
}

/** One promise under way: resolves, when it is answered, with the files of that moment and what must be found in them. */
interface Acknowledged {
  readonly what: string;
  readonly image: string;
  readonly has: (found: Found) => unknown;
}

const deviceOf = (found: Found, endpoint: string) =>
  found.devices.find(({ record }) => record.endpoint === endpoint)?.record;

const valueOf = (found: Found) =>
  found.values.flatMap(({ object, resources }) => (object === 3 ? [resources[9]?.value] : []))[0];

/** A definition, as a change of its own; puts itself in the place of what it was before. */
const bulk = (expected: number, xml: string) =>
  server.store.commit({
    ...{ aggregate: 'model', expected, actor: { kind: 'system' }, fence: server.store.fence, events: [] },
    record: { object: 40_000, version: '1.0', xml, addedAt: WallTime(0) },
  });

it(`acknowledges only what a start after a crash at that moment would find (${ROUNDS} rounds of seven kinds)`, async () => {
  const watched = await registered('watched');
  const witness = await registered('witness');
  const level = server.rest('PUT', '/devices/watched/observations/level', { paths: ['/3/0/9'], format: 'text' });
  const { T = '' } = await watched.peer.answer(
    '4801MMMM TTTTTTTTTTTTTTTT 60 5133 0130 0139 60',
    '6845MMMM TTTTTTTTTTTTTTTT 6101 60 ff 3935',
  );
  expect((await level).status).toBe(200);
  for (let round = 1; round <= ROUNDS; round += 1) {
    const names = ['new', 'upd', 'gone', 'tag', 'del', 'op'].map((name) => `${name}${round}`);
    const [comer = '', changer = '', leaver = '', tagged = '', doomed = '', ordered = ''] = names;
    const coming = await ScriptedClient.silent(server, comer);
    clients.push(coming);
    const changing = await registered(changer);
    const leaving = await registered(leaver);
    await Promise.all([registered(tagged), registered(doomed), registered(ordered)]);
    const answered: string[] = [];
    const image = async (what: string, answer: Promise<unknown>, has: Acknowledged['has']): Promise<Acknowledged> => {
      await answer;
      const files = crashImage(server.folder);
      answered.push(what);
      return { what, image: files, has };
    };

    release = server.store.holdWriter();
    // A small group goes first, so that all that follows is one group, with its ballast.
    const plug = bulk(2 * round - 2, '');
    const register = `42027d38ab01 b27264 1128 ${named(comer)} 066c743d333030 096c776d326d3d312e31 ff ${utf8(OBJECTS)}`;
    const number = (0x5000 + round).toString(16);
    const sequence = (1 + round).toString(16).padStart(2, '0');
    let operation = '';
    const order = server
      .rest('POST', `/devices/${ordered}/operations`, { kind: 'execute', path: '/3/0/4' }, { prefer: 'wait=0' })
      .then(({ status, body }) => {
        expect(status).toBe(202);
        operation = String(body['id']);
      });
    const change = changing.peer.ask(
      '42027d39ab02 b27264 0aLLLLLLLLLLLLLLLLLLLL 466c743d343030',
      '62447d39ab02',
      changing.location,
    );
    const leave = leaving.peer.ask('42047d39ab03 b27264 0aLLLLLLLLLLLLLLLLLLLL', '62427d39ab03', leaving.location);
    const notify = watched.peer.ask(
      `4845${number} TTTTTTTTTTTTTTTT 61${sequence} 60 ff ${utf8(`${10 + round}`)}`,
      `6000${number}`,
      { T },
    );
    const tags = server.rest('PATCH', `/devices/${tagged}`, { tags: { round: `${round}` } });
    const underWay = [
      image('Register 2.01', coming.peer.ask(register, CREATED), (found) => deviceOf(found, comer)?.registration),
      image('Update 2.04', change, (found) => deviceOf(found, changer)?.registration?.lifetime === 400),
      image('De-register 2.02', leave, (found) => deviceOf(found, leaver)?.registration === undefined),
      image('PATCH 200', tags, (found) => deviceOf(found, tagged)?.tags['round'] === `${round}`),
      image('DELETE 204', server.rest('DELETE', `/devices/${doomed}`), (found) => !deviceOf(found, doomed)),
      image('operation 202', order, (found) => found.operations.some(({ record }) => record.id === operation)),
      image('ACK of a notification', notify, (found) => valueOf(found) === 10 + round),
    ];
    // Once the store holds a change of each, and a witness has been answered after that, the held writer is all they wait for.
    await until('every change has come to the store', async () =>
      (server.store.status().gauges['queueChanges'] ?? 0) > underWay.length ? 'yes' : undefined,
    );
    const ballast = bulk(2 * round - 1, 'x'.repeat(BALLAST));
    for (let turn = 0; turn < 5; turn += 1) await witness.updates((0x6000 + turn).toString(16));
    expect(answered).toEqual([]);
    release();
    await Promise.all([plug, ballast]);
    for (const { what, image: files, has } of await Promise.all(underWay)) {
      const found = await lookInto(files);
      expect({ round, what, found: Boolean(has(found)) }).toEqual({ round, what, found: true });
    }
  }
}, 120_000);
