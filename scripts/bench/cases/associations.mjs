/**
 * An orderly restart: all associations are written down, sealed and synced, and read, opened and gone on with by the next
 * start. Both happen once in the life of a process, so each is measured as the first of its process: V8 has compiled nothing
 * of it yet. Beside it, sealing and writing as many bytes with nothing else. Times pass on the disk too, so all are wall times.
 */

import { fork } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { median } from '../ratio.mjs';

/** Runs the case; `scale` has how many associations, and how often a server is stopped and another started. */
export async function associations({ scale }) {
  const { devices, rounds } = scale;
  const folder = mkdtempSync(join(tmpdir(), 'bellwether-associations-'));
  try {
    const [saves, loads, bares] = [[], [], []];
    let bytes = 0;
    for (let round = 0; round < rounds; round += 1) {
      const stopped = await inProcess('last-stop', { folder: mkdtempSync(join(folder, 'data-')), devices });
      const started = await inProcess('next-start', stopped);
      if (started.heard !== devices) throw new Error(`void: ${started.heard} of ${devices} devices were heard`);
      saves.push(stopped.save);
      loads.push(started.load);
      bares.push(stopped.bare);
      bytes = stopped.bytes;
    }
    const [save, load, bare] = [saves, loads, bares].map(median);
    return [
      {
        title: `${devices} associations over an orderly restart, save and load`,
        ...{ unit: 'x sealing and writing as many bytes', goal: 5, ratio: (save + load) / bare },
        ratios: saves.map((one, index) => (one + loads[index]) / bares[index]),
        lines: [
          `save ${save.toFixed(1)} ms, load ${load.toFixed(1)} ms, the bare file ${bare.toFixed(1)} ms; ${(bytes / devices).toFixed(0)} bytes each`,
          'Californium, measured elsewhere for 4000: 44 to 89 ms and 54 ms',
        ],
      },
    ];
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** What a program of its own, in a fresh process, answers to `order`. */
function inProcess(name, order) {
  return new Promise((resolve, reject) => {
    const program = fileURLToPath(new URL(`../dtls/${name}.mjs`, import.meta.url));
    const child = fork(program, { serialization: 'advanced', stdio: 'inherit' });
    child.once('message', resolve);
    child.once('exit', (code) => reject(new Error(`${name} ended with code ${code} and no answer`)));
    child.send(order);
  });
}
