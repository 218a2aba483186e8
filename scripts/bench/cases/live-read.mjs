/**
 * A live read over REST, 64 in flight: what the way to the device and back costs, which is the CPU of live reads less that
 * of the same route answered from the last known value.
 */

import { cpuMicroseconds } from '../cpu.mjs';
import { readMetrics, rise } from '../metrics.mjs';
import { measured, median } from '../ratio.mjs';
import { restCaller } from '../rest.mjs';

const IN_FLIGHT = 64;
const PREFIX = 'read-';
/** The two take turns, so many each a round: what else the machine does then falls on both. */
const TURNS = 10;

/** Runs the case; `scale` has the number of devices and of reads a round. */
export async function liveRead({ load, echo, server, scale }) {
  const { devices, reads } = scale;
  await load.ask('open', { count: devices });
  const register = { request: 'register', prefix: PREFIX, lifetime: 86_400, links: ['</1/0>,</3303/0>'] };
  await load.ask('run', { ...register, port: server.port, from: 0, to: devices, perDevice: 1, window: 128 });
  const rest = restCaller(server, IN_FLIGHT);
  const path = (index, query) => {
    const number = String(index % devices).padStart(24 - PREFIX.length, '0');
    return ['GET', `/devices/${PREFIX}${number}/resources/3303/0/5700${query}`];
  };

  /** CPU microseconds of the server per call. */
  const cost = async (count, query) => {
    const before = cpuMicroseconds(server.pid);
    await rest.all(count, (index) => path(index, query), [200]);
    return (cpuMicroseconds(server.pid) - before) / count;
  };
  const echoOrder = { request: 'update', from: 0, to: devices, perDevice: scale.echoes, window: 128, echo: true };
  // Of two costs only the difference counts, so both must have settled: as much again as is measured of each.
  for (let warmUp = 0; warmUp < scale.warmUps; warmUp += 1) {
    await cost(Math.max(devices, reads), '?live=true');
    await cost(reads, '');
  }

  const rounds = [];
  for (let round = 0; round < 3; round += 1) {
    const bare = await measured(load, echo.pid, { ...echoOrder, port: echo.port });
    const asked = await load.ask('asked');
    const before = await readMetrics(server);
    let [stored, live] = [0, 0];
    for (let turn = 0; turn < TURNS; turn += 1) {
      stored += (await cost(reads / TURNS, '')) / TURNS;
      live += (await cost(reads / TURNS, '?live=true')) / TURNS;
    }
    const after = await readMetrics(server);
    const reached = (await load.ask('asked')) - asked;
    if (reached !== reads) throw new Error(`void: ${reads} live reads reached devices ${reached} times`);
    for (const name of after.keys()) {
      if (name.includes('dropped') && rise(before, after, name) > 0) throw new Error(`void: ${name} rose`);
    }
    rounds.push({ bare: bare.cpu, stored, live, ratio: (live - stored) / bare.cpu });
  }
  rest.close();
  const value = (pick) => median(rounds.map(pick));
  return [
    {
      ...{ title: `live read over REST, ${IN_FLIGHT} in flight, device side`, unit: 'x echo', goal: 4 },
      ...{ ratio: value((round) => round.ratio), ratios: rounds.map((round) => round.ratio) },
      ...{ cost: value((round) => round.live - round.stored), echoCost: value((round) => round.bare) },
      lines: [
        `live ${value((round) => round.live).toFixed(0)} us, last known value ${value((round) => round.stored).toFixed(0)} us`,
      ],
    },
  ];
}
