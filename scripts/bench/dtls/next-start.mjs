/**
 * The start after an orderly stop, for `cases/associations.mjs`: a process that has run nothing of it yet, as a start is. Takes
 * the file up, then the devices' datagrams; says how long taking it up took, and how many devices were heard.
 */

import { AssociationFile } from '../../../dist/association-file.js';
import { Secret, silentLogger, systemClock } from '../../../dist/base/index.js';
import { KeysFile, MasterKeyVariable, Vault, systemDisk } from '../../../dist/vault/index.js';
import { Server, WAYS } from './parties.mjs';

process.once('message', ({ folder, key, opening, said }) => {
  const vault = Vault.start({
    keys: new KeysFile(folder, systemDisk),
    master: new MasterKeyVariable(Secret.ofText(key)),
    clock: systemClock,
    logger: silentLogger,
  });
  const file = new AssociationFile(folder, vault, systemDisk);
  const server = new Server(WAYS.psk);
  const began = performance.now();
  const left = file.take(opening);
  if (left.is === 'associations') server.endpoint.adopt(2_000_000, left.snapshot, 0, () => true);
  const load = performance.now() - began;
  server.take(2_000_000, said);
  process.send({ load, heard: server.heard }, () => process.disconnect());
});
