/** Records as kept in memory: whatever many devices have in common is one value. */

import type { ObjectLists } from '#lwm2m/model';
import type { DeviceRecord, ObservationRecord } from '../model/index.js';

/** Makes records small. */
export class Compactor {
  readonly #lists: ObjectLists;
  readonly #texts = new Map<string, string>();

  constructor(lists: ObjectLists) {
    this.#lists = lists;
  }

  /** The same record, sharing what can be shared. Throws DecodeError when its object list cannot be read. */
  compact(record: DeviceRecord): DeviceRecord {
    const { id, endpoint, firstSeen, lastSeen, manufacturer, model, firmware, tags, awakeWindow, registration } =
      record;
    return {
      id,
      endpoint,
      firstSeen,
      lastSeen,
      ...(manufacturer !== undefined && { manufacturer: this.#share(manufacturer) }),
      ...(model !== undefined && { model: this.#share(model) }),
      ...(firmware !== undefined && { firmware: this.#share(firmware) }),
      tags: Object.keys(tags).length === 0 ? NO_TAGS : tags,
      ...(awakeWindow !== undefined && { awakeWindow }),
      ...(registration !== undefined && {
        registration: {
          ...registration,
          lwm2m: this.#share(registration.lwm2m) as typeof registration.lwm2m,
          binding: this.#share(registration.binding),
          objects: this.#lists.fromText(registration.objects).key,
        },
      }),
      observations: record.observations.length === 0 ? NO_OBSERVATIONS : record.observations,
    };
  }

  #share(text: string): string {
    const known = this.#texts.get(text);
    if (known !== undefined) return known;
    if (this.#texts.size < MAX_TEXTS) this.#texts.set(text, text);
    return text;
  }
}

/** No tags, shared. */
export const NO_TAGS: DeviceRecord['tags'] = Object.freeze({});
/** No observations, shared. */
export const NO_OBSERVATIONS: readonly ObservationRecord[] = Object.freeze([]);
/** Different texts remembered. */
const MAX_TEXTS = 10_000;
