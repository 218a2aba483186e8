/**
 * The attributes a device was given by Write-Attributes, kept to be written again: a client forgets them when it registers
 * anew (LwM2M-Core 1.1.1 §5.1.2, §6.2.1). Pure steps from one list to the next.
 */

import { isWithin, parsePath, showPath } from '#lwm2m/model';
import type { Attributes, DeviceRequest } from '#lwm2m/model';
import type { KeptAttributes } from '../model/index.js';

/** The list after a request that the device carried out; the same list when it says nothing of attributes. */
export function attributesAfter(
  list: readonly KeptAttributes[],
  request: DeviceRequest,
  state: KeptAttributes['state'],
): readonly KeptAttributes[] {
  if (request.kind === 'delete') {
    const left = list.filter(({ path }) => !isWithin(parsePath(path), request.path));
    return left.length === list.length ? list : left;
  }
  if (request.kind !== 'writeAttributes') return list;
  const path = showPath(request.path);
  const others = list.filter((kept) => kept.path !== path);
  const attributes = merged(list.find((kept) => kept.path === path)?.attributes ?? {}, request.attributes);
  return Object.keys(attributes).length === 0 ? others : [...others, { path, attributes, state }];
}

/** The list when the registration they were written in is over. */
export function unwritten(list: readonly KeptAttributes[]): readonly KeptAttributes[] {
  if (list.every(({ state }) => state === 'pending')) return list;
  return list.map(({ path, attributes }) => ({ path, attributes, state: 'pending' as const }));
}

/** What `change` makes of `attributes`; only numbers are left. */
function merged(attributes: Attributes, change: Attributes): Attributes {
  return Object.fromEntries(Object.entries({ ...attributes, ...change }).filter(([, value]) => value !== 'unset'));
}
