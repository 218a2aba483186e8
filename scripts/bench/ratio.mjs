/** Ratios to the raw echo: the same devices drive both, one after the other, three times; the median counts. */

import { cpuMicroseconds } from './cpu.mjs';

export const median = (values) => [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)];

/** A run of the load against a process: CPU microseconds of that process per operation beside the load's own report. */
export async function measured(load, pid, order) {
  const before = cpuMicroseconds(pid);
  const report = await load.ask('run', order);
  const cpu = (cpuMicroseconds(pid) - before) / report.operations;
  if (report.wrong > 0) throw new Error(`void: ${report.wrong} of ${report.operations} requests got another answer`);
  return { ...report, cpu };
}

/**
 * Three pairs of an echo run and a run of the subject; `subject(round)` gives the second. Returns the ratios, their median
 * and both costs in microseconds.
 */
export async function ratios({ load, echo, echoOrder, subject, rounds = 3 }) {
  const pairs = [];
  for (let round = 0; round < rounds; round += 1) {
    const bare = await measured(load, echo.pid, { ...echoOrder, port: echo.port, echo: true });
    const ours = await subject(round);
    pairs.push({ bare, ours });
  }
  return summary(pairs);
}

/** What pairs of an echo run and a run of the subject come to. */
export function summary(pairs) {
  const all = pairs.map((pair) => pair.ours.cpu / pair.bare.cpu);
  return {
    ...{ pairs, ratios: all, ratio: median(all) },
    ...{ echoCost: median(pairs.map((pair) => pair.bare.cpu)), cost: median(pairs.map((pair) => pair.ours.cpu)) },
    p50: median(pairs.map((pair) => pair.ours.p50)),
    p99: median(pairs.map((pair) => pair.ours.p99)),
    retransmissions: pairs.reduce((sum, pair) => sum + pair.ours.retransmissions + pair.bare.retransmissions, 0),
  };
}
