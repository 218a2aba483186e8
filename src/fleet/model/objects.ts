/** Object definitions that users added. */

import type { WallTime } from '#base';

/** A definition as stored: its registry XML, by id and version. */
export interface ModelRecord {
  readonly object: number;
  readonly version: string;
  readonly xml: string;
  readonly addedAt: WallTime;
}
