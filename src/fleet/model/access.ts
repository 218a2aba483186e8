/** Who acts, and over what. Today there is one owner who may do everything; roles come later and fill these same types. */

import type { DeviceId } from './device.js';

/** Who caused a change. */
export type Actor =
  { readonly kind: 'owner' } | { readonly kind: 'device'; readonly id: DeviceId } | { readonly kind: 'system' };

/** A caller of the API after authentication. */
export interface Principal {
  readonly actor: Actor;
  readonly scope: Scope;
}

/** Which devices a list, count or stream may show. Today: all. */
export type Scope = { readonly kind: 'all' };

/** The scope of the owner. */
export const EVERYTHING: Scope = { kind: 'all' };

/** The owner. */
export const OWNER: Principal = { actor: { kind: 'owner' }, scope: EVERYTHING };
