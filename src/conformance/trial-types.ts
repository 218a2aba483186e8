/** What a case asks with and gets to see. */

import type { Message } from '#coap/codec';
import type { FormatName } from '#lwm2m/model';

import type { Datagram } from './rig.js';
import type { FlatValues } from './values.js';

/** What a case did at one time, and the datagrams of it. */
export interface Step {
  readonly words: string;
  /** What came of it, such as `2.05`. */
  outcome: string;
  readonly datagrams: Datagram[];
}

/** An answer of the device. */
export interface Answer {
  /** `2.05`. */
  readonly code: string;
  /** Content-Format by number, when the answer was seen and names one. */
  readonly format: number | undefined;
  readonly values: FlatValues;
  readonly links: readonly Link[];
  /** Of a Create: the path of the new instance. */
  readonly created: string | undefined;
}

/** A link of a Discover. */
export interface Link {
  readonly path: string;
  readonly attributes: Readonly<Record<string, unknown>>;
}

/** An observation of the case. */
export interface Observation {
  readonly id: string;
  readonly paths: readonly string[];
  readonly token: Uint8Array;
  /** Index of the first datagram that may be its own. */
  readonly from: number;
  /** When its request was answered. */
  readonly begunAt: number;
}

/** A notification. */
export interface Notification {
  readonly at: number;
  readonly message: Message;
  /** Undefined when it comes in several blocks. */
  readonly values: FlatValues | undefined;
}

/** What runs may be told. */
export interface TrialSettings {
  /** Seconds that the device may take beyond the moment at which something is due. */
  readonly slack: number;
  /** Seconds to wait for what the device does by itself: a Send, an Update, a new registration. */
  readonly patience: number;
  /** Images of firmware by what they are for; a case whose image is missing is not applicable. */
  readonly packages: Readonly<Partial<Record<PackageKind, Uint8Array>>>;
}

/** What an image is for: one that installs, and those that fail in a way. */
export type PackageKind = 'good' | 'corrupt' | 'unsupported' | 'failing' | 'large';

/** How a value is written. */
export interface WriteOptions {
  readonly format?: FormatName;
  readonly mode?: 'replace' | 'update';
}
