/**
 * An orderly restart: all associations are written down, sealed and synced, and read, opened and gone on with by the next
 * endpoint. Beside it, sealing and writing as many bytes with nothing else. Times pass on the disk too, so both are wall times.
 */

import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { AssociationFile } from '../../../dist/association-file.js';
import { silentLogger, systemClock } from '../../../dist/base/index.js';
import {
  KeysFile,
  MasterKeyVariable,
  Vault,
  makeMasterKey,
  replaceFile,
  systemDisk,
} from '../../../dist/vault/index.js';
import { Clients, Server, shakeHands, WAYS } from '../dtls/parties.mjs';
import { median } from '../ratio.mjs';

/** Runs the case; `scale` has how many associations, and how often the server is restarted. */
export function associations({ scale }) {
  const { devices, rounds } = scale;
  const folder = mkdtempSync(join(tmpdir(), 'bellwether-associations-'));
  try {
    const vault = Vault.start({
      keys: new KeysFile(folder, systemDisk),
      master: new MasterKeyVariable(makeMasterKey().line),
      clock: systemClock,
      logger: silentLogger,
    });
    const file = new AssociationFile(folder, vault, systemDisk);
    const clients = new Clients(WAYS.psk, devices);
    let server = new Server(WAYS.psk);
    shakeHands(1_000_000, server, clients, devices);
    const [saves, loads, bares] = [[], [], []];
    let bytes = 0;
    for (let round = 0; round < rounds; round += 1) {
      let snapshot;
      saves.push(
        timed(() => {
          snapshot = server.endpoint.retire(2_000_000);
          file.write(`${round}-000000000000`, snapshot, Date.now());
        }),
      );
      bytes = snapshot.length;
      const next = new Server(WAYS.psk);
      loads.push(
        timed(() => {
          const left = file.take(`${round}-000000000000`);
          if (left.is !== 'associations') throw new Error(`void: ${left.why}`);
          next.endpoint.adopt(2_000_000, left.snapshot, 0, () => true);
        }),
      );
      const content = randomBytes(bytes);
      bares.push(
        timed(() => {
          replaceFile(
            systemDisk,
            join(folder, 'bare'),
            vault.seal({ owner: 'bare', kind: 'snapshot', version: 1 }, content),
          );
        }),
      );
      server = next;
      server.take(2_000_000, clients.speak(2_000_000));
      if (server.heard !== devices) throw new Error(`void: ${server.heard} of ${devices} devices were heard`);
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

function timed(work) {
  const began = performance.now();
  work();
  return performance.now() - began;
}
