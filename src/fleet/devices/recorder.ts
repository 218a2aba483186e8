/** The place where values of a device are written down, as those see it who have some. records/values.ts implements it. */

import type { ModelView, PlacedNode } from '#lwm2m/model';
import type { Actor, DeviceId, ValueSource } from '../model/index.js';

/** Whose values, how they came, and with which model to show them. */
export interface ValueOrigin {
  readonly device: DeviceId;
  readonly endpoint: string;
  readonly model: ModelView;
  readonly source: ValueSource;
  readonly actor: Actor;
  /** The wanted observation that brought them. */
  readonly observation?: string;
}

/** Writes last values down. */
export interface ValueRecorder {
  /** Resolves when all are durable. Rejects as `FleetStore`. */
  record(origin: ValueOrigin, nodes: readonly PlacedNode[]): Promise<void>;
}
