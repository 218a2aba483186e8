/** Sealing of secrets: data keys seal, a master key that is kept apart wraps them. Start at vault.ts. */

export { removeFile, replaceFile, systemDisk } from './disk.js';
export type { Disk } from './disk.js';
export type { SealContext } from './envelope.js';
export type { KeyRing, WrappedKey, WrappedKeys } from './key-ring.js';
export { KeysFile, parseRing } from './keys-file.js';
export { makeMasterKey } from './master-key.js';
export { MASTER_KEY_VARIABLE, MasterKeyFile, MasterKeyVariable } from './master-source.js';
export type { MasterKeySource } from './master-source.js';
export { isOpenToOthers, masterKeyFile } from './place.js';
export { VAULT_LIMITS, Vault } from './vault.js';
export type { VaultLimits, VaultParts, VaultStatus } from './vault.js';
