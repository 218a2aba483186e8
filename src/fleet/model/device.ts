/**
 * A device as it is remembered: one aggregate with its registration and its wanted observations. Everything else that
 * belongs to a device (operations, last values) refers to it by its internal id, which is never used again, so a deleted
 * and re-created endpoint inherits nothing.
 */

import type { Attributes, EnablerVersion, FormatName } from '#lwm2m/model';
import type { IdentityKind, WallTime } from '#base';
import type { CredentialRecord } from './credential.js';

declare const deviceId: unique symbol;

/**
 * Internal id of a device: 128 bits as 32 hex digits. The first 12 digits are the millisecond it was made, so ids made
 * later sort later (records are appended, not scattered); the rest is random.
 */
export type DeviceId = string & { readonly [deviceId]: true };

/** Marks text as a DeviceId. */
export function DeviceId(text: string): DeviceId {
  return text as DeviceId;
}

/** Where a device was heard. `listener` is the number of the listener in the order of configuration. */
export interface DeviceAddress {
  readonly listener: number;
  readonly address: string;
  readonly port: number;
  /** What it proved on a secure listener, whose endpoint is the device's own; absent on a plain one. */
  readonly identity?: { readonly kind: IdentityKind; readonly name: string };
}

/** A registration as stored (LwM2M-Core 1.1.1 §6.2). */
export interface RegistrationRecord {
  /** Last segment of the location `/rd/{location}`: 10 base64url characters. */
  readonly location: string;
  readonly lwm2m: EnablerVersion;
  /** Seconds; 0 never expires. */
  readonly lifetime: number;
  readonly binding: string;
  readonly queueMode: boolean;
  readonly sms?: string;
  /** Canonical text of the object list (`ObjectList.key`); equal texts are equal lists. */
  readonly objects: string;
  readonly address: DeviceAddress;
  readonly registeredAt: WallTime;
  /** Of the last Register or Update that changed anything. */
  readonly updatedAt: WallTime;
}

/** pending: to be sent to the device; active: the device accepted; refused: it said no; lost: it was active and ended. */
export type ObservationState = 'pending' | 'active' | 'refused' | 'lost';

/** A wanted observation: kept alive over registrations and restarts. */
export interface ObservationRecord {
  /** Chosen by the caller: 1-64 of `[A-Za-z0-9._-]`. */
  readonly id: string;
  /** Path as text, such as `/3303/0/5700`. */
  readonly path: string;
  /** Of an Observe-Composite: the paths after the first, in the caller's order. */
  readonly morePaths?: readonly string[];
  /** Written to each path before the observation begins. */
  readonly attributes?: Attributes;
  /** Sent with the observation itself and good for it alone (LwM2M 1.2). */
  readonly parameters?: Attributes;
  readonly format?: FormatName;
  readonly state: ObservationState;
  /** Token of the observation on the wire, 16 hex digits; stored before success is reported. */
  readonly token?: string;
  /** Why it was refused or lost: a stable code, and the CoAP code when the device answered. */
  readonly error?: { readonly code: string; readonly coapCode?: string; readonly detail: string };
}

/** Attributes that Write-Attributes gave a path, by themselves and not for an observation: written again in each registration. */
export interface KeptAttributes {
  /** Path as text. */
  readonly path: string;
  /** Only numbers. */
  readonly attributes: Attributes;
  /** pending: to be written in this registration; refused: the device took them once and does not now. */
  readonly state: 'pending' | 'written' | 'refused';
}

/** Everything that is remembered of a device in one aggregate. */
export interface DeviceRecord {
  readonly id: DeviceId;
  readonly endpoint: string;
  /** When it first registered; while it was never heard, when it was made. */
  readonly firstSeen: WallTime;
  /** Written behind: in the store at most 60 s late. */
  readonly lastSeen: WallTime;
  readonly manufacturer?: string;
  readonly model?: string;
  readonly firmware?: string;
  readonly tags: Readonly<Record<string, string>>;
  /** Seconds; in place of the model's or the default awake window. */
  readonly awakeWindow?: number;
  /** Absent when the device is not registered. */
  readonly registration?: RegistrationRecord;
  readonly observations: readonly ObservationRecord[];
  /** Absent when there are none. */
  readonly attributes?: readonly KeptAttributes[];
  /** Absent when there are none. */
  readonly credentials?: readonly CredentialRecord[];
  /** It had a credential, or proved an identity: no plain CoAP for it until an operator says so. Absent: no. */
  readonly secured?: true;
}

/** Computed, never stored (fleet.md §3.1). */
export type Presence = 'online' | 'asleep' | 'offline' | 'neverSeen';
