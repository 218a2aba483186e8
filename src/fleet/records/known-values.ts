/** Last known values as callers see them. */

import { AppError } from '#base';
import { levelOf, showPath } from '#lwm2m/model';
import type { Path } from '#lwm2m/model';
import { permit } from '../access/guard.js';
import type { Principal } from '../model/index.js';
import type { FleetStore } from '../ports/index.js';
import type { Dialects } from '../devices/dialects.js';
import type { Directory } from '../devices/directory.js';
import { deviceNotFound } from '../devices/registry.js';
import { valueView } from './value-view.js';
import type { ValueView } from './value-view.js';

/** What is known of devices. */
export class KnownValues {
  readonly #store: Pick<FleetStore, 'values'>;
  readonly #directory: Directory;
  readonly #dialects: Dialects;

  constructor(store: Pick<FleetStore, 'values'>, directory: Directory, dialects: Dialects) {
    this.#store = store;
    this.#directory = directory;
    this.#dialects = dialects;
  }

  /** What is known at a path of one to four ids. Throws AppError `device_not_found`, `no_value`, `invalid_path`. */
  async get(principal: Principal, endpoint: string, path: Path): Promise<ValueView> {
    const device = this.#directory.byEndpoint(endpoint);
    permit(principal, 'value:read', device?.id);
    if (device === undefined) throw deviceNotFound(endpoint);
    if (levelOf(path) === 'root') throw new AppError('invalid_path', 'a path of at least an object is needed');
    const [object, instance] = path;
    const known = await this.#store.values(device.id, object, instance);
    const view = valueView(path, known, device.dialect?.model ?? this.#dialects.anyModel);
    if (view === undefined) throw new AppError('no_value', `no value of ${showPath(path)} is known`);
    return view;
  }
}
