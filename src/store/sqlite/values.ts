/**
 * Merging last values: resource by resource the one with the later `receivedAt` stays, of two equal ones the later change;
 * beyond the cap the oldest resources go. Used where values are folded and where they are read, with the same outcome.
 */

import type { LastValue } from '#fleet/model';

/** Resources of one instance by id. */
export type Resources = Readonly<Record<string, LastValue>>;

/** `base` with `change` laid over it. */
export function mergeResources(base: Resources, change: Resources): Resources {
  const merged: Record<string, LastValue> = { ...base };
  for (const id of Object.keys(change)) {
    const next = change[id] as LastValue;
    const known = merged[id];
    if (known === undefined || known.receivedAt <= next.receivedAt) merged[id] = next;
  }
  return merged;
}

/** The resources as JSON of at most `limit` bytes: the oldest are left out until it fits; whether all were kept. */
export function cappedText(
  resources: Resources,
  limit: number,
): { readonly text: string; readonly kept: 'all' | 'some' } {
  const whole = JSON.stringify(resources);
  if (fits(whole, limit)) return { text: whole, kept: 'all' };
  const kept = Object.entries(resources).sort(([, left], [, right]) => right.receivedAt - left.receivedAt);
  const sizes = kept.map(([id, value]) => Buffer.byteLength(JSON.stringify(value)) + id.length + 4);
  let total = 2;
  let count = 0;
  while (count < kept.length && total + (sizes[count] as number) <= limit) total += sizes[count++] as number;
  return { text: JSON.stringify(Object.fromEntries(kept.slice(0, count))), kept: 'some' };
}

/** The resources without the oldest ones that `cappedText` would leave out. */
export function capped(resources: Resources, limit: number): Resources {
  return JSON.parse(cappedText(resources, limit).text) as Resources;
}

/**
 * What decides whether a later change replaces this one outright: the resource ids and the moment all of them were
 * received. The moment is 0 when they differ, and then nothing is replaced unread.
 */
export function shapeOf(resources: Resources): { readonly ids: string; readonly receivedAt: number } {
  let ids = '';
  let receivedAt = -1;
  for (const id in resources) {
    ids = ids === '' ? id : `${ids},${id}`;
    const at = (resources[id] as LastValue).receivedAt;
    if (receivedAt === -1) receivedAt = at;
    else if (receivedAt !== at) receivedAt = 0;
  }
  return { ids, receivedAt: Math.max(receivedAt, 0) };
}

function fits(text: string, limit: number): boolean {
  return text.length * 3 <= limit || Buffer.byteLength(text) <= limit;
}
