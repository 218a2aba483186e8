/**
 * Register of a new device, durable: every request comes from a source of its own under a name of its own, 2,000 are under
 * way at once, and none is answered before its commit. Beside the ratio: the 99th percentile of the answers, to that of a
 * bare commit of 200 rows on the same disk.
 */

import { bareCommit } from '../bare-commit.mjs';
import { faults, readMetrics } from '../metrics.mjs';
import { cpuMicroseconds } from '../cpu.mjs';
import { measured, median, summary } from '../ratio.mjs';

const HANDLER = 'bellwether_uplink_registers_total';
const ECHO_WINDOW = 128;

/**
 * One round: `chunks` times so many devices send the request first to the echo and then, from the same sockets, to the
 * server, and go. The server's CPU counts from the first chunk to the end of the last without a gap, so that what it does
 * after its answers (folding the journal, collecting garbage) is in it.
 */
async function round({ load, echo, server, order, first, chunks, chunk }) {
  const total = chunks * chunk;
  const before = await readMetrics(server);
  const began = cpuMicroseconds(server.pid);
  const sum = { echo: 0, retransmissions: 0, p50: [], p99: [] };
  for (let from = first; from < first + total; from += chunk) {
    const part = { ...order, from, to: from + chunk };
    await load.ask('open', { count: from + chunk });
    const bare = await measured(load, echo.pid, { ...part, window: ECHO_WINDOW, port: echo.port, echo: true });
    const ours = await measured(load, server.pid, { ...part, port: server.port });
    await load.ask('close', { from, to: from + chunk });
    sum.echo += bare.cpu / chunks;
    sum.p50.push(ours.p50);
    sum.p99.push(ours.p99);
    sum.retransmissions += bare.retransmissions + ours.retransmissions;
  }
  const cpu = (cpuMicroseconds(server.pid) - began) / total;
  const wrong = faults(before, await readMetrics(server), HANDLER, total);
  if (wrong.length > 0) throw new Error(`void: ${wrong.join('; ')}`);
  const bare = { cpu: sum.echo, retransmissions: 0 };
  return { bare, ours: { cpu, p50: median(sum.p50), p99: median(sum.p99), retransmissions: sum.retransmissions } };
}

/** Runs the case; `scale` has how many devices are a chunk, how many chunks a round, and how many requests are under way. */
export async function register({ load, echo, server, scale }) {
  const { chunk, chunks, inFlight, warmUp, rounds } = scale;
  const order = { request: 'register', prefix: 'register-', lifetime: 86_400, perDevice: 1, window: inFlight };
  const run = { load, echo, server, chunk, order: { ...order, links: ['</1/0>,</3303/0>'] } };
  if (warmUp > 0) await round({ ...run, first: 0, chunks: warmUp });
  const bare = [];
  const pairs = [];
  for (let number = 0; number < rounds; number += 1) {
    bare.push(await bareCommit(scale.commits));
    pairs.push(await round({ ...run, first: (warmUp + number * chunks) * chunk, chunks }));
  }
  const result = summary(pairs);
  const commit = median(bare);
  const rate = Math.round(0.5 / (result.p50 / 1000 / inFlight));
  const from = (warmUp + rounds * chunks) * chunk;
  await load.ask('open', { count: from + chunk });
  const paced = await load.ask('run', { ...run.order, from, to: from + chunk, port: server.port, rate });
  const title = `Register of a new device, durable, ${inFlight} in flight`;
  return [
    { title, unit: 'x echo', goal: 5, ...result, lines: [] },
    {
      title: `${title}: p99 to that of a bare synced commit of 200 rows`,
      ...{ unit: 'x commit', goal: 5, ratio: result.p99 / commit },
      lines: [
        `p99 ${result.p99.toFixed(0)} ms, the commit's ${commit.toFixed(0)} ms; ${inFlight} always under way wait for each other`,
        `half as many a second, ${rate}: p99 ${paced.p99.toFixed(0)} ms = ${(paced.p99 / commit).toFixed(2)} x commit`,
      ],
    },
  ];
}
