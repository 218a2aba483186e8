/** What the server object (/1) allows and means for the registration (LwM2M-Core 1.1.1 §6.2.1.2, Appendix E.2). */

import type { EnablerVersion, Scalar } from '#lwm2m/model';

import { numberAt, scalarAt } from './objects.js';
import type { ObjectTree } from './objects.js';

/** Why a value cannot be written to a resource of /1; undefined when it can. */
export function settingFault(lwm2m: EnablerVersion, resource: number, { value }: Scalar): string | undefined {
  if (PERIODS.has(resource)) {
    const seconds = Number(value);
    return seconds >= 0 && seconds <= MAX_SECONDS ? undefined : `seconds must be 0 to ${MAX_SECONDS}`;
  }
  if (resource !== 7) return undefined;
  const allowed = lwm2m === '1.0' ? ['U', 'UQ'] : ['U'];
  return typeof value === 'string' && allowed.includes(value)
    ? undefined
    : `the device can be reached by ${allowed.join(' or ')} only`;
}

/** Lifetime and binding as the server object has them. */
export interface ServerSettings {
  /** Seconds; 0 never expires. */
  readonly lifetime: number;
  readonly binding: string;
}

/** What the server object says now. */
export function serverSettings(tree: ObjectTree): ServerSettings {
  const binding = scalarAt(tree, 1, 0, 7)?.value;
  return { lifetime: numberAt(tree, 1, 0, 1) ?? 0, binding: typeof binding === 'string' ? binding : 'U' };
}

/** Whether notifications are stored while the device is away (/1/x/6, true unless it says otherwise). */
export function storesNotifications(tree: ObjectTree): boolean {
  return scalarAt(tree, 1, 0, 6)?.value !== false;
}

/** Default Notification Mode (/1/x/26); undefined when nobody has set it. */
export function notificationMode(tree: ObjectTree): 'con' | 'non' | undefined {
  const mode = numberAt(tree, 1, 0, 26);
  if (mode === undefined) return undefined;
  return mode === 1 ? 'con' : 'non';
}

/** Lifetime, default periods and disable timeout. */
const PERIODS: ReadonlySet<number> = new Set([1, 2, 3, 5]);
const MAX_SECONDS = 0xffff_ffff;
