/**
 * Register of a new device, durable: every request comes from a source of its own under a name of its own, 2,000 are under
 * way at once, and none is answered before its commit. Beside the ratio: the 99th percentile of the answers, to that of a
 * bare commit of 200 rows on the same disk.
 */

import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { faults, readMetrics } from '../metrics.mjs';
import { measured, median, ratios } from '../ratio.mjs';

const HANDLER = 'bellwether_uplink_registers_total';
const ECHO_WINDOW = 128;

/** The 99th percentile, in milliseconds, of bare synced commits of 200 rows of 400 bytes, each under a random key of 16 bytes. */
export async function bareCommit(commits) {
  const { DatabaseSync } = await import('@photostructure/sqlite');
  const folder = mkdtempSync(join(tmpdir(), 'bellwether-commit-'));
  const database = new DatabaseSync(join(folder, 'bare.db'));
  database.exec(
    'PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; CREATE TABLE row (id BLOB NOT NULL UNIQUE, body BLOB)',
  );
  const insert = database.prepare('INSERT INTO row (id, body) VALUES (?, ?)');
  const times = [];
  for (let commit = 0; commit < commits; commit += 1) {
    const began = performance.now();
    database.exec('BEGIN');
    for (let row = 0; row < 200; row += 1) insert.run(randomBytes(16), Buffer.alloc(400, row));
    database.exec('COMMIT');
    times.push(performance.now() - began);
  }
  database.close();
  rmSync(folder, { recursive: true });
  return times.sort((a, b) => a - b)[Math.floor(times.length * 0.99)];
}

/** Runs the case; `scale` has how many devices register a round, and how many are under way. */
export async function register({ load, echo, server, scale }) {
  const { registrations, inFlight, warmUp } = scale;
  await load.ask('open', { count: warmUp + 3 * registrations });
  const order = { request: 'register', prefix: 'register-', lifetime: 86_400, perDevice: 1, window: inFlight };
  const links = ['</1/0>,</3303/0>'];
  await load.ask('run', { ...order, links, port: echo.port, from: 0, to: warmUp, window: ECHO_WINDOW, echo: true });
  await load.ask('run', { ...order, links, port: server.port, from: 0, to: warmUp });
  const bare = [];
  const result = await ratios({
    ...{ load, echo },
    echoOrder: { ...order, links, from: warmUp, to: warmUp + registrations, window: ECHO_WINDOW },
    subject: async (round) => {
      bare.push(await bareCommit(scale.commits));
      const from = warmUp + round * registrations;
      const before = await readMetrics(server);
      const report = await measured(load, server.pid, {
        ...order,
        links,
        port: server.port,
        from,
        to: from + registrations,
      });
      const wrong = faults(before, await readMetrics(server), HANDLER, report.operations);
      if (wrong.length > 0) throw new Error(`void: ${wrong.join('; ')}`);
      return report;
    },
  });
  const commit = median(bare);
  const title = `Register of a new device, durable, ${inFlight} in flight`;
  return [
    { title, unit: 'x echo', goal: 5, ...result, lines: [] },
    {
      title: `${title}: p99 to that of a bare synced commit of 200 rows`,
      ...{ unit: 'x commit', goal: 5, ratio: result.p99 / commit },
      lines: [`p99 ${result.p99.toFixed(0)} ms, the commit's ${commit.toFixed(0)} ms`],
    },
  ];
}
