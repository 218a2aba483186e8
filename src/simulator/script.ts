/**
 * A script: what devices do over time and by occasion, as data. A test, or the command line from a file, hands it in; when its
 * steps begin and end is in playback.ts, what they do to a device in stage.ts, what is allowed in script-rules.ts.
 */

import type { JsonScalar, Path } from '#lwm2m/model';

import type { Fault, FaultScope } from './faults.js';
import type { FirmwareTerms } from './firmware.js';
import type { DeviceEvent } from './outputs.js';
import type { SendFormat } from './send.js';

/** What each of the devices that run it does. */
export interface Script {
  readonly steps: readonly Step[];
}

/** One step. */
export type Step = StepTiming & Act;

/** When a step begins, for how long it lasts, and on which devices. Times are in seconds. */
export interface StepTiming {
  /** What the report calls it; absent: by its number. */
  readonly name?: string;
  /** It begins so long after the device was started, or after each occasion of `on`; absent: 0. */
  readonly at?: number;
  readonly on?: Trigger;
  /** So long, for what lasts; absent: for ever. */
  readonly for?: number;
  /** It begins again and again; absent `times`: without end. An occasion of `on` starts this anew. */
  readonly repeat?: { readonly every: number; readonly times?: number };
  /** Each beginning is later by up to so much, as the seed decides. */
  readonly jitter?: number;
  /** With which chance it begins each time, above 0 to 1; the seed decides. */
  readonly chance?: number;
  /** Which devices do it; absent: all. */
  readonly devices?: DeviceChoice;
}

/** So many, such a share as `20%`, or those whose name fits a pattern such as `sim-1*`. */
export type DeviceChoice = number | string;

/** An occasion: something that happened to the device, or a request of the server that has been answered. */
export type Trigger =
  | { readonly event: DeviceEvent['type']; readonly times?: number; readonly chance?: number }
  | (FaultScope & { readonly event?: never });

/** What a step does. */
export type Act =
  /** The device does wrong while the step lasts. */
  | { readonly do: 'fault'; readonly fault: Fault }
  /** A resource, or resource instance, has other values while the step lasts; afterwards it is as it was before. */
  | (ValueAct & Course)
  /** Queue mode: it listens `awake` seconds after an exchange, and wakes every so many seconds, or whenever it has to. */
  | { readonly do: 'sleep'; readonly awake?: number; readonly every?: number }
  /** One Send of what stands at paths. */
  | { readonly do: 'send'; readonly paths: readonly Path[]; readonly format?: SendFormat }
  /** Nothing passes its link, either way. */
  | { readonly do: 'offline' }
  /** Packages are judged so. */
  | ({ readonly do: 'firmware' } & FirmwareTerms)
  | { readonly do: 'reboot' }
  /** It sends an Update. */
  | { readonly do: 'update' };

interface ValueAct {
  readonly do: 'value';
  readonly path: Path;
}

/** Values of a resource, in the JSON of its type. */
export type Course =
  | { readonly value: JsonScalar }
  /** One after the other, every so many seconds, and from the first again. */
  | { readonly values: readonly JsonScalar[]; readonly every: number }
  /** Every so many seconds another number: in steps of `by`, and from the first again, or anywhere between the two. */
  | { readonly from: number; readonly to: number; readonly by?: number; readonly every: number };

/** What a step can do. */
export const ACTS = ['fault', 'value', 'sleep', 'send', 'offline', 'firmware', 'reboot', 'update'] as const;

/** How often a step began, and how often what it stands for happened: requests befallen, values changed, packs sent. */
export interface StepCount {
  readonly began: number;
  readonly happened: number;
}

/** Whether a step is something that lasts, so that it ends. */
export function lasts(act: Act): boolean {
  return act.do !== 'send' && act.do !== 'reboot' && act.do !== 'update';
}

/** What a person calls a step: its number from 1, and its name or what it does. */
export function stepName(step: Step, index: number): string {
  return `step ${index + 1} (${step.name ?? (step.do === 'fault' ? `fault ${step.fault.type}` : step.do)})`;
}
