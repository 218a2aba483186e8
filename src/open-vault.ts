/** The vault of a server: its keys in the data folder, its master key where the configuration says. */

import { messageOf, type Clock, type Logger } from '#base';
import { KeysFile, MasterKeyVariable, Vault, isOpenToOthers, masterKeyFile, systemDisk } from '#vault';

import type { MasterKeyPlace } from './config.js';

/**
 * Opens the keys in the folder `data`, which is there and held by this process, or makes them on a first start. Throws
 * AppError as `Vault.start` and `masterKeyFile`.
 */
export function openVault(
  data: string,
  place: MasterKeyPlace,
  parts: { readonly clock: Clock; readonly logger: Logger },
): Vault {
  const keys = new KeysFile(data, systemDisk);
  const master = place.kind === 'variable' ? new MasterKeyVariable(place.line) : masterKeyFile(data, place.file);
  const vault = Vault.start({ keys, master, ...parts });
  if (master.kind === 'file' && isOpenToOthers(master.where))
    parts.logger.warn('the master key is open to others than its owner: chmod 600', { file: master.where });
  return vault;
}

/** After a start that is done with the current master key: the one before it is not needed any more. */
export function forgetOldMasterKey(vault: Vault, logger: Logger): void {
  try {
    vault.prune();
  } catch (error) {
    logger.warn('the old master key is still there', { error: messageOf(error) });
  }
}
