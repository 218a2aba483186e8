/**
 * What our stack costs without a server on it, beside Californium's bare server in the same run: a POST that is answered
 * 2.04 over PSK with CCM_8, and a full handshake with one such request. CPU of the servers' processes with all their threads.
 */

import { startCalifornium } from '../californium.mjs';
import { startYardstick } from '../processes.mjs';
import { measured, median, ratios } from '../ratio.mjs';

const WINDOW = 128;
const PREFIX = 'bare-';

/** Runs the case; `scale` has the devices, their requests and handshakes each in a round, and how often before they count. */
export async function securePost({ load, echo, open, profile, scale }) {
  const ours = await open(startYardstick('bare-secure', profile));
  let theirs;
  let without = [];
  try {
    theirs = await open(startCalifornium());
  } catch (error) {
    without = [`Californium cannot be had, so that it is not compared with: ${error.message}`];
  }
  const { devices } = scale;
  await load.ask('open', { count: devices, secure: PREFIX });
  const post = { request: 'update', from: 0, to: devices, window: WINDOW };
  const rows = [];
  for (const { title, goal, order, times, warmUp } of [
    {
      ...{ title: 'bare POST answered 2.04 over PSK CCM_8', goal: 1, order: post },
      ...{ times: scale.requests, warmUp: scale.warmUpRequests },
    },
    {
      ...{ title: 'full PSK handshake with one POST', goal: 0.5, order: { ...post, fresh: true } },
      ...{ times: scale.handshakes, warmUp: scale.warmUpHandshakes },
    },
  ]) {
    const run = async (server, perDevice) => {
      const before = await load.ask('handshakes');
      const report = await measured(load, server.pid, { ...order, perDevice, port: server.port });
      const made = (await load.ask('handshakes')).established - before.established;
      if (order.fresh && made !== report.operations)
        throw new Error(`void: ${made} handshakes for ${report.operations} requests`);
      return report;
    };
    const echoOrder = { ...post, perDevice: scale.echoes };
    await measured(load, echo.pid, { ...echoOrder, port: echo.port, echo: true });
    // Each side after the other in each round, so that both meet the same machine.
    if (warmUp > 0) for (const server of [ours, theirs]) if (server !== undefined) await run(server, warmUp);
    const other = [];
    const mine = await ratios({
      ...{ load, echo, echoOrder },
      subject: async () => {
        const report = await run(ours, times);
        if (theirs !== undefined) other.push((await run(theirs, times)).cpu);
        return report;
      },
    });
    const echoes = `ours ${mine.ratio.toFixed(2)} x echo`;
    if (theirs === undefined) {
      rows.push({ title, unit: 'x echo', ...mine, lines: without });
      continue;
    }
    const pairs = mine.pairs.map(({ ours: { cpu } }, round) => cpu / other[round]);
    const beside = other.map((cpu, round) => cpu / mine.pairs[round].bare.cpu);
    rows.push({
      ...{
        title: `${title}: to Californium's`,
        unit: 'x Californium',
        goal,
        ...mine,
        ratio: median(pairs),
        ratios: pairs,
      },
      lines: [`${echoes}, Californium ${median(beside).toFixed(2)} x echo`],
    });
  }
  return rows;
}
