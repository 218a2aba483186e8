/** How devices are spoken with: one shared value per object list and enabler version, whatever the number of devices. */

import { viewFor } from '#lwm2m/model';
import type { DeviceDialect, EnablerVersion, ModelView, ObjectCatalogue, ObjectList } from '#lwm2m/model';

/** A dialect and the object list it was made from. */
export interface ListDialect extends DeviceDialect {
  readonly list: ObjectList;
}

/** The one dialect of each object list and version in use. */
export class Dialects {
  /** For devices that are not registered: the newest version known of every object. */
  readonly anyModel: ModelView;
  readonly #catalogue: ObjectCatalogue;
  readonly #known = new WeakMap<ObjectList, Partial<Record<EnablerVersion, ListDialect>>>();

  constructor(catalogue: ObjectCatalogue) {
    this.#catalogue = catalogue;
    this.anyModel = viewFor(catalogue, (object) => catalogue.versions(object)[0]);
  }

  /** The dialect of a device with that list. */
  of(list: ObjectList, lwm2m: EnablerVersion): ListDialect {
    const known = this.#known.get(list);
    const found = known?.[lwm2m];
    if (found !== undefined) return found;
    const versions = new Map(list.objects.map((entry) => [entry.id, entry.version]));
    const model = viewFor(this.#catalogue, (object) => versions.get(object) ?? this.#catalogue.versions(object)[0]);
    const dialect = { lwm2m, root: list.root, formats: list.formats, model, list };
    this.#known.set(list, { ...known, [lwm2m]: dialect });
    return dialect;
  }
}
