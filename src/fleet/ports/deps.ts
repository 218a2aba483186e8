/** What the fleet is built on: ports, and what the composition root knows. */

import type { Clock, Instant, Random } from '#base';
import type { ObjectCatalogue, ObjectLists } from '#lwm2m/model';
import type { Associations } from './associations.js';
import type { KeyForms, ServerFiles } from './key-forms.js';
import type { KeyKeeper } from './keys.js';
import type { DeviceLink } from './link.js';
import type { Secrets } from './secrets.js';
import type { FleetSettings } from './settings.js';
import type { FleetStore } from './store.js';

/** What the fleet needs from outside. */
export interface FleetDeps {
  readonly store: FleetStore;
  readonly link: DeviceLink;
  /** The keys that secrets are sealed with. */
  readonly keys: KeyKeeper;
  /** Seals the keys of devices. */
  readonly secrets: Secrets;
  readonly forms: KeyForms;
  readonly serverFiles: ServerFiles;
  readonly associations: Associations;
  /** Definitions the server brings; those that users added join them. */
  readonly objects: ObjectCatalogue;
  /** The object lists that southbound reads registrations with. */
  readonly lists: ObjectLists;
  readonly clock: Clock;
  readonly random: Random;
  readonly settings: FleetSettings;
  /** There is something to do at that moment: `tick` is to be called then. */
  readonly wake: (at: Instant) => void;
  /** Resolves after other work had its turn; awaited between slices of long walks. */
  readonly breathe: () => Promise<void>;
  /** An invariant broke or a promise rejected that must not. */
  readonly fault: (error: unknown) => void;
}
