/** Which table a loaded setting belongs to. */

import type { Keys } from '../access/keys.js';
import type { SettingRecord } from '../model/index.js';
import type { Versioned } from '../ports/index.js';
import type { Models } from './models.js';
import type { Profiles } from './profiles.js';
import type { Security } from './security.js';

/** The tables of settings. */
export interface SettingTables {
  readonly models: Models;
  readonly profiles: Profiles;
  readonly keys: Keys;
  readonly security: Security;
}

/** Takes a loaded setting in. */
export function restoreSetting(tables: SettingTables, { record, version }: Versioned<SettingRecord>): void {
  switch (record.kind) {
    case 'model':
      tables.models.restore({ record, version });
      return;
    case 'profile':
      tables.profiles.restore({ record, version });
      return;
    case 'keys':
      tables.keys.restore({ record, version });
      return;
    case 'secured':
    case 'anchor':
    case 'crl':
    case 'serverCredential':
      tables.security.restore({ record, version });
      return;
  }
}
