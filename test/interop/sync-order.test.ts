/**
 * What the kernel saw: for each promise of the server, one after the other, the write-ahead log is written and synced after
 * the request was read and before the answer is sent. Where no process may be traced this says so, and
 * test/flows/sync-before-answer.test.ts is what shows it.
 */

import { afterAll, beforeAll, expect, it } from '@jest/globals';

import { ScriptedPeer } from '../support/scripted-peer.js';
import { Bellwether } from './support/bellwether.js';
import { Strace, straceVersion, type SystemCall } from './support/strace.js';

const ROUNDS = 10;
const server = new Bellwether();
const strace = new Strace();
const peers: ScriptedPeer[] = [];

beforeAll(async () => {
  await server.start();
}, 120_000);
afterAll(async () => {
  for (const peer of peers) peer.close();
  await server.dispose();
});

const hexOf = (text: string): string => Buffer.from(text).toString('hex');
/** Bytes as strace shows them with -x, which are never all printable here. */
const escaped = (hex: string): string => hex.replaceAll(/../g, String.raw`\x$&`);

/** An exchange: hex that its request and its answer hold (or words, over HTTP), and what it is. */
interface Exchange {
  readonly what: string;
  readonly request: string;
  readonly answer: string;
}

/** When a call whose data hold `mark` ended (or began, for what is sent), after a moment. */
function moment(calls: readonly SystemCall[], names: RegExp, mark: string, after: number): SystemCall | undefined {
  return calls.find(({ name, text, began }) => began >= after && names.test(name) && text.includes(mark));
}

it('writes and syncs the log between reading a request and sending its 2.01, 2.04, 2.02, 202, 200, 204 or acknowledgement', async () => {
  const refusal = await strace.start(server.program?.child.pid ?? 0);
  if (refusal !== undefined) {
    console.log(`sync order: ${refusal}; see test/flows/sync-before-answer.test.ts`);
    return;
  }
  console.log(`sync order: ${straceVersion()}`);
  const exchanges: Exchange[] = [];
  for (let round = 0; round < ROUNDS; round += 1) {
    const digit = round.toString(16);
    const peer = await ScriptedPeer.open(server.coap);
    peers.push(peer);
    const name = `sync${digit}`;
    const register = `42021${digit}01a${digit}01 b27264 1128 38${hexOf('ep=')}${hexOf(name)} 056c743d3330 096c776d326d3d312e31 ff ${hexOf('</1/0>,</3/0>')}`;
    const { L = '' } = await peer.ask(register, `62411${digit}01a${digit}01 827264 0aLLLLLLLLLLLLLLLLLLLL`);
    // Whatever it is asked after its registration it does not have.
    const { M = '', T = '' } = await peer.expect('4801MMMM TTTTTTTTTTTTTTTT b133 0130 0130');
    peer.send('6884MMMM TTTTTTTTTTTTTTTT', { M, T });
    for (const last of ['31', '33'])
      await peer.answer(`4801MMMM TTTTTTTTTTTTTTTT b133 0130 01${last}`, '6884MMMM TTTTTTTTTTTTTTTT');
    await peer.ask(
      `42021${digit}02a${digit}02 b27264 0aLLLLLLLLLLLLLLLLLLLL 456c743d3430`,
      `62441${digit}02a${digit}02`,
      { L },
    );
    const ordered = server.rest(
      'POST',
      `/devices/${name}/operations`,
      { kind: 'execute', path: '/3/0/4' },
      { prefer: 'wait=0' },
    );
    const { status } = await ordered;
    expect(status).toBe(202);
    await peer.answer('4802MMMM TTTTTTTTTTTTTTTT b133 0130 0134', '6844MMMM TTTTTTTTTTTTTTTT');
    const wanted = server.rest('PUT', `/devices/${name}/observations/level`, { paths: ['/3/0/9'], format: 'text' });
    const { T: observed = '' } = await peer.answer(
      '4801MMMM TTTTTTTTTTTTTTTT 60 5133 0130 0139 60',
      '6845MMMM TTTTTTTTTTTTTTTT 6101 60 ff 3935',
    );
    expect((await wanted).status).toBe(200);
    await peer.ask(`48455${digit}04 TTTTTTTTTTTTTTTT 6102 60 ff 3932`, `60005${digit}04`, { T: observed });
    expect((await server.rest('PATCH', `/devices/${name}`, { tags: { round: digit } })).status).toBe(200);
    await peer.ask(`42041${digit}03a${digit}03 b27264 0aLLLLLLLLLLLLLLLLLLLL`, `62421${digit}03a${digit}03`, { L });
    expect((await server.rest('DELETE', `/devices/${name}`)).status).toBe(204);
    exchanges.push(
      {
        what: 'Register 2.01',
        request: escaped(`42021${digit}01a${digit}01`),
        answer: escaped(`62411${digit}01a${digit}01`),
      },
      {
        what: 'Update 2.04',
        request: escaped(`42021${digit}02a${digit}02`),
        answer: escaped(`62441${digit}02a${digit}02`),
      },
      { what: 'operation 202', request: `POST /api/v1/devices/${name}/operations`, answer: 'HTTP/1.1 202' },
      {
        what: 'ACK of a notification',
        request: escaped(`48455${digit}04`),
        answer: escaped(`60005${digit}04`),
      },
      { what: 'PATCH 200', request: `PATCH /api/v1/devices/${name}`, answer: 'HTTP/1.1 200' },
      {
        what: 'De-register 2.02',
        request: escaped(`42041${digit}03a${digit}03`),
        answer: escaped(`62421${digit}03a${digit}03`),
      },
      { what: 'DELETE 204', request: `DELETE /api/v1/devices/${name}`, answer: 'HTTP/1.1 204' },
    );
  }
  const calls = await strace.stop();
  let after = 0;
  for (const { what, request, answer } of exchanges) {
    const read = moment(calls, /^(recvmsg|recvmmsg|read)$/, request, after);
    if (read === undefined) throw new Error(`${what}: its request ${request} is not among ${calls.length} calls`);
    const sent = moment(calls, /^(sendmsg|sendmmsg|write|writev)$/, answer, read.ended);
    if (sent === undefined) throw new Error(`${what}: its answer ${answer} is not among ${calls.length} calls`);
    const written = moment(calls, /^pwrite64$/, '.db-wal', read.ended);
    const synced = calls.some(
      ({ name, text, began, ended }) =>
        /sync$/.test(name) &&
        text.includes('.db-wal') &&
        began >= (written?.ended ?? Number.POSITIVE_INFINITY) &&
        ended <= sent.began,
    );
    expect({ what, synced }).toEqual({ what, synced: true });
    after = read.ended;
  }
}, 120_000);
