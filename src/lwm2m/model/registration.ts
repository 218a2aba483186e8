/** What a device says about itself when it registers (LwM2M-Core 1.1.1 §6.2.1), free of CoAP. */

import type { ModelView } from './definitions.js';

/** The enabler versions we serve. */
export const ENABLER_VERSIONS = ['1.0', '1.1', '1.2'] as const;
/** Version of the LwM2M enabler a device speaks. */
export type EnablerVersion = (typeof ENABLER_VERSIONS)[number];

/** One object a device has: its version as announced or implied (`coreVersion`), and the ids of its instances, ascending. */
export interface ObjectEntry {
  readonly id: number;
  readonly version: string;
  readonly instances: readonly number[];
}

/** An object that devices of a profile have (LwM2M-Core 1.2.1 §6.2.1.2); without a version it has that of the enabler. */
export interface ProfileObject {
  readonly id: number;
  readonly version?: string;
  /** Ascending; none for an object without instances. */
  readonly instances: readonly number[];
}

/**
 * The objects of a device. Equal lists are one shared value (`ObjectLists` in the protocol folder interns them), so that
 * a hundred thousand devices of one kind hold one list between them.
 */
export interface ObjectList {
  /** Canonical text: equal texts are equal lists. */
  readonly key: string;
  readonly objects: readonly ObjectEntry[];
  /** Path prefix of all data model requests, `''` or such as `/lwm2m`. */
  readonly root: string;
  /** Content formats the device says it supports (`ct` of the root link), ascending; empty when it says nothing. */
  readonly formats: readonly number[];
}

/** Parameters of a Register request after validation. */
export interface RegisterParameters {
  readonly endpoint: string;
  readonly lwm2m: EnablerVersion;
  /** Seconds, 0 to 2^32-1; 0 never expires. */
  readonly lifetime: number;
  /** Binding letters as announced, such as `U` or `UQ`. */
  readonly binding: string;
  readonly queueMode: boolean;
  readonly sms?: string;
  readonly objects: ObjectList;
}

/** Parameters of an Update: only what the device sent. */
export interface UpdateParameters {
  readonly lifetime?: number;
  readonly binding?: string;
  readonly queueMode?: boolean;
  readonly sms?: string;
  readonly objects?: ObjectList;
}

/** What the codecs need to know of one device to speak with it. */
export interface DeviceDialect {
  readonly lwm2m: EnablerVersion;
  readonly root: string;
  readonly formats: readonly number[];
  readonly model: ModelView;
}
