/**
 * May this principal do this to that? Every method of the API side goes through `permit` once, with the device concerned
 * where there is one. Today the owner may do everything and nobody else anything; roles and scopes come later, here.
 */

import { AppError } from '#base';
import type { DeviceId, Principal } from '../model/index.js';

/** Everything that can be permitted, `resource:action`. */
export const PERMISSIONS = [
  'device:read',
  'device:update',
  'device:delete',
  'operation:read',
  'operation:write',
  'value:read',
  'observation:read',
  'observation:write',
  'event:read',
  'trace:read',
  'profile:read',
  'profile:write',
  'object:read',
  'object:write',
  'model:read',
  'model:write',
  'keys:read',
  'keys:write',
  'credential:read',
  'credential:write',
  'trust:read',
  'trust:write',
] as const;
/** One of the permissions. */
export type Permission = (typeof PERMISSIONS)[number];

/** Whether `principal` has `permission`, over `device` when one is concerned. */
export function isPermitted(principal: Principal, _permission: Permission, _device?: DeviceId): boolean {
  return principal.actor.kind === 'owner';
}

/** Throws AppError(`not_permitted`) unless `principal` has `permission`, over `device` when one is concerned. */
export function permit(principal: Principal, permission: Permission, device?: DeviceId): void {
  if (isPermitted(principal, permission, device)) return;
  const over = device === undefined ? '' : ` for this device`;
  throw new AppError('not_permitted', `${permission} is not permitted${over}`);
}
