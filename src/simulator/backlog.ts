/**
 * Notifications that could not be sent when they were due, because the device was away (Notification Storing When Disabled or
 * Offline, /1/x/6; hqmax of LwM2M-Core 1.2 §5.1.2). Each keeps the time of its values.
 */

import type { PlacedNode } from '#lwm2m/model';

/** Values as they were when they should have been told. */
export interface Stored {
  /** Unix time in whole seconds, by the device's clock. */
  readonly time: number;
  readonly nodes: readonly PlacedNode[];
  readonly confirmable: 'con' | 'non';
}

/** Stored notifications by relation, in the order of the first of each. */
export class Backlog {
  readonly #byRelation = new Map<number, readonly Stored[]>();

  /**
   * Keeps one more, in place of one of the same second; of more than `most` the oldest go. The newest stays even for 0: an
   * observer has to learn it in the end (RFC 7641 §1.3).
   */
  keep(relation: number, stored: Stored, most = MOST_STORED): void {
    const before = (this.#byRelation.get(relation) ?? []).filter(({ time }) => time !== stored.time);
    this.#byRelation.set(relation, [...before, stored].slice(-Math.max(1, Math.min(most, MOST_STORED))));
  }

  /** Takes out all of one relation, the oldest first; undefined when nothing is stored. */
  take(): { readonly relation: number; readonly stored: readonly Stored[] } | undefined {
    for (const [relation, stored] of this.#byRelation) {
      this.#byRelation.delete(relation);
      return { relation, stored };
    }
    return undefined;
  }

  forget(relation: number): void {
    this.#byRelation.delete(relation);
  }

  clear(): void {
    this.#byRelation.clear();
  }
}

/** Notifications that are stored for one observation, however large hqmax is. */
const MOST_STORED = 100;
