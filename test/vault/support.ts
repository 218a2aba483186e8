/** Vaults on a disk in memory. */

import { WallTime, silentLogger, type LogFields, type Logger } from '#base';
import { KeysFile, MasterKeyFile, Vault, type MasterKeySource, type SealContext, type VaultLimits } from '#vault';
import type { MemoryDisk } from '../support/memory-disk.js';

export const KEYS = '/data/keys.json';
export const MASTER = '/data.key/master.key';
export const PSK: SealContext = { owner: '00112233445566778899aabbccddeeff', kind: 'psk', version: 1 };
export const NOW = Date.parse('2026-11-28T10:00:00.000Z');

/** What a start may be given. */
export interface StartOptions {
  readonly limits?: VaultLimits;
  readonly master?: MasterKeySource;
  readonly logger?: Logger;
}

/** Starts on a disk. */
export function startOn(disk: MemoryDisk, { limits, logger = silentLogger, master }: StartOptions = {}): Vault {
  return Vault.start({
    keys: new KeysFile('/data', disk),
    master: master ?? new MasterKeyFile(MASTER, disk, () => undefined),
    clock: { wall: () => WallTime(NOW) },
    logger,
    ...(limits === undefined ? {} : { limits }),
  });
}

/** The code of what a call throws. */
export function codeOf(call: () => unknown): string {
  try {
    call();
  } catch (error) {
    return (error as { code?: string }).code ?? String(error);
  }
  return 'nothing';
}

/** A logger that keeps its lines as text. */
export function recorder(): { readonly lines: string[]; readonly logger: Logger } {
  const lines: string[] = [];
  const note = (message: string, fields?: LogFields): void =>
    void lines.push(`${message} ${JSON.stringify(fields ?? {})}`);
  return { lines, logger: { debug: note, info: note, warn: note, error: note } };
}
