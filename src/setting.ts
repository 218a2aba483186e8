/** A row of the table of settings. */

import type { Parameters } from '#coap/endpoint';

/**
 * What a setting holds. `count` is a whole number. `flag` is also turned off by `--no-…`. `list` is given as repeated
 * flags, as a list in the file, or with commas in a variable.
 */
export type SettingKind = 'text' | 'number' | 'count' | 'flag' | 'list' | 'choice';

/** A row of the table. */
export interface Setting {
  /** Flag without dashes: `lifetime-grace`; the variable is `BELLWETHER_LIFETIME_GRACE`, the key in the file `lifetimeGrace`. */
  readonly flag: string;
  readonly kind: SettingKind;
  readonly initial: string | number | boolean | readonly string[];
  readonly help: string;
  /** What the argument is called in the help. */
  readonly argument?: string;
  readonly min?: number;
  readonly max?: number;
  readonly choices?: readonly string[];
  /** Shown as stars by --print-config. */
  readonly secret?: 'secret';
  /** Name of the endpoint's parameter that this row sets. */
  readonly parameter?: keyof Parameters;
}
