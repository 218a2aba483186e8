/**
 * What a conformance run stands on: a server that carries out orders on one device, and every datagram between the two.
 * Implemented over REST and the trace for devices of a running server, and in virtual time by the tests.
 */

import type { DeviceDialect, ObjectEntry, ReadFormat } from '#lwm2m/model';

/** A datagram of the device under test. */
export interface Datagram {
  /** When it was seen, in milliseconds of one clock. */
  readonly at: number;
  /** in: from the device. */
  readonly direction: 'in' | 'out';
  readonly bytes: Uint8Array;
}

/** The device as it is registered. */
export interface DeviceUnderTest {
  readonly endpoint: string;
  readonly dialect: DeviceDialect;
  readonly objects: readonly ObjectEntry[];
  readonly lifetime: number;
  readonly queueMode: boolean;
}

/** An operation to carry out, as REST takes it. */
export interface Order {
  readonly kind: string;
  readonly path?: string;
  readonly paths?: readonly string[];
  readonly mode?: 'replace' | 'update';
  readonly value?: unknown;
  readonly format?: ReadFormat;
  readonly depth?: number;
  readonly instance?: number;
  readonly attributes?: Readonly<Record<string, number | null>>;
}

/** An operation that ended, as REST shows it; only what a run looks at. */
export interface Ended {
  readonly state: string;
  readonly result?: {
    readonly coapCode?: string;
    readonly node?: unknown;
    readonly nodes?: unknown;
    readonly links?: readonly { readonly path: string; readonly attributes: Readonly<Record<string, unknown>> }[];
    readonly path?: string;
  };
  readonly error?: { readonly code: string; readonly coapCode?: string; readonly detail?: string };
}

/** An observation to want, as REST takes it. */
export interface WantedObservation {
  readonly paths: readonly string[];
  readonly parameters?: Readonly<Record<string, number>>;
}

/** The server side of a run. */
export interface Rig {
  /** The device now. Rejects with AppError when it is not registered. */
  device(): Promise<DeviceUnderTest>;
  /** Carries out an operation and resolves when it has ended. Rejects with AppError when the server does not take it. */
  order(order: Order): Promise<Ended>;
  /** Observes; resolves to the state the observation came to: active, or what the device made of it. */
  observe(id: string, wanted: WantedObservation): Promise<{ readonly state: string; readonly detail?: string }>;
  /** Ends an observation by Observe 1, or by a Reset to the next notification. */
  cancel(id: string, by: 'observe' | 'reset'): Promise<void>;
  /** All datagrams seen so far, the oldest first; the list grows. */
  readonly datagrams: readonly Datagram[];
  /** Now, on the clock of the datagrams. */
  now(): number;
  /** Resolves when one more datagram was seen or `until` has come. */
  next(until: number): Promise<void>;
}
