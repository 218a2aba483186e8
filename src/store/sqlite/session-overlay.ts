/**
 * Sessions that are committed and not yet folded, and what was said since of those in the table. Two layers, as in the
 * overlay of operations and values: the one being folded and the one that waits.
 */

import type { DeviceId, SessionRecord } from '#fleet/model';

/** What a layer says of a place: which session is there, in the order of all that was said. */
interface Kept {
  readonly session: SessionRecord;
  readonly order: number;
}

interface Layer {
  readonly byDigest: Map<string, Kept>;
  /** The last session of each device and listener. */
  readonly byPlace: Map<string, Kept>;
  /** When the sessions of a device were dropped. */
  readonly drops: Map<DeviceId, number>;
}

/** Committed sessions that are not in the table yet. */
export class SessionOverlay {
  #waiting: Layer = emptyLayer();
  #folding: Layer = emptyLayer();
  #order = 0;

  /** Adds a committed session, in the place of the last one of its device and listener. */
  put(session: SessionRecord): void {
    const kept = { session, order: (this.#order += 1) };
    const { byDigest, byPlace } = this.#waiting;
    const place = placeOf(session);
    const last = byPlace.get(place);
    if (last !== undefined) byDigest.delete(last.session.digest);
    byDigest.set(session.digest, kept);
    byPlace.set(place, kept);
  }

  /** The sessions of a device are gone. */
  drop(device: DeviceId): void {
    this.#waiting.drops.set(device, (this.#order += 1));
  }

  /** What waits is being folded from now on. */
  fold(): void {
    this.#folding = this.#waiting;
    this.#waiting = emptyLayer();
  }

  /** What was being folded is in the table. */
  folded(): void {
    this.#folding = emptyLayer();
  }

  /** The session with a digest, when it is here. */
  find(digest: string): SessionRecord | undefined {
    return (this.#waiting.byDigest.get(digest) ?? this.#folding.byDigest.get(digest))?.session;
  }

  /** Whether another session took the place of this one, or it was dropped. */
  knowsBetter(session: SessionRecord): boolean {
    const { device, digest } = session;
    const place = placeOf(session);
    const last = this.#waiting.byPlace.get(place) ?? this.#folding.byPlace.get(place);
    if (last !== undefined && last.session.digest !== digest) return true;
    const dropped = this.#waiting.drops.get(device) ?? this.#folding.drops.get(device);
    return dropped !== undefined && dropped > (last?.order ?? 0);
  }
}

function emptyLayer(): Layer {
  return { byDigest: new Map(), byPlace: new Map(), drops: new Map() };
}

function placeOf({ device, listener }: SessionRecord): string {
  return `${device} ${listener}`;
}
