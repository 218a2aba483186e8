/**
 * The stop before `next-start.mjs`, for `cases/associations.mjs`: a server with as many associations as it is told lays them
 * down for the first time. Says how long that took, and sealing and writing as many bytes; and what its devices say next.
 */

import { randomBytes } from 'node:crypto';
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
import { Clients, Server, shakeHands, WAYS } from './parties.mjs';

const OPENING = '0-000000000000';

process.once('message', ({ folder, devices }) => {
  const { line } = makeMasterKey();
  const key = Buffer.from(line.bytes).toString();
  const vault = Vault.start({
    keys: new KeysFile(folder, systemDisk),
    master: new MasterKeyVariable(line),
    clock: systemClock,
    logger: silentLogger,
  });
  const file = new AssociationFile(folder, vault, systemDisk);
  const clients = new Clients(WAYS.psk, devices);
  const server = new Server(WAYS.psk);
  shakeHands(1_000_000, server, clients, devices);
  let snapshot;
  const save = timed(() => {
    snapshot = server.endpoint.retire(2_000_000);
    file.write(OPENING, snapshot, Date.now());
  });
  const content = randomBytes(snapshot.length);
  const bare = timed(() => {
    const sealed = vault.seal({ owner: 'bare', kind: 'snapshot', version: 1 }, content);
    replaceFile(systemDisk, join(folder, 'bare'), sealed);
  });
  const said = clients.speak(2_000_000);
  process.send({ folder, key, opening: OPENING, said, save, bare, bytes: snapshot.length }, () => process.disconnect());
});

function timed(work) {
  const began = performance.now();
  work();
  return performance.now() - began;
}
