/** Reads that join what the reader finds in the tables with what is committed and not yet folded. */

import type { WallTime } from '#base';
import type { DeviceId, InstanceValues, NumberedEvent, OperationId, OperationRecord } from '#fleet/model';
import type { DeviceRecord, ModelRecord, SettingRecord } from '#fleet/model';
import type { LoadBatch, OperationQuery, Page, Versioned } from '#fleet/ports';
import type { Intake } from './intake.js';
import type { Row } from './messages.js';
import type { OverlayOperation } from './overlay.js';
import { capped, mergeResources } from './values.js';
import type { Resources } from './values.js';
import { unavailable } from './workers.js';
import type { Reader } from './workers.js';

const DEVICES_A_BATCH = 2000;
const OPERATIONS_A_BATCH = 1000;

/**
 * Everything the fleet keeps in memory, in batches; the next one is read while the last is used. Notes versions on the way,
 * unless they are known. `since` as in the port.
 */
export async function* loadAll(reader: Reader, intake: Intake, since: WallTime): AsyncGenerator<LoadBatch, void> {
  for await (const items of devices(reader, intake)) yield { kind: 'devices', items };
  for await (const items of operations(reader, intake, since)) yield { kind: 'operations', items };
  // Only now is every version noted.
  intake.setIndexed();
  const models = await reader.ask('models', undefined);
  if (models.length > 0) yield { kind: 'models', items: versioned<ModelRecord>(models) };
  const settings = await reader.ask('settings', undefined);
  if (settings.length > 0) yield { kind: 'settings', items: versioned<SettingRecord>(settings) };
}

function versioned<T>(rows: readonly Row[]): readonly Versioned<T>[] {
  return rows.map(([version, text]) => ({ version, record: parsed<T>(text) }));
}

async function* devices(reader: Reader, intake: Intake): AsyncGenerator<readonly Versioned<DeviceRecord>[], void> {
  let page = reader.ask('devices', { after: 0, limit: DEVICES_A_BATCH });
  for (;;) {
    const { text, last } = await page;
    page = reader.ask('devices', { after: last, limit: DEVICES_A_BATCH });
    // Whoever stops reading here leaves a question behind; its failure concerns nobody then.
    page.catch(() => undefined);
    const rows = parsed<[version: number, record: DeviceRecord, seen: number | null][]>(text);
    if (rows.length === 0) return;
    const noted = !intake.indexed;
    yield rows.map(([version, record, seen]) => {
      if (noted) intake.versions.foundDevice(record.id, version);
      if (seen !== null && seen > record.lastSeen) (record as { lastSeen: number }).lastSeen = seen;
      return { version, record };
    });
  }
}

async function* operations(
  reader: Reader,
  intake: Intake,
  since: WallTime,
): AsyncGenerator<readonly Versioned<OperationRecord>[], void> {
  let after = '';
  for (;;) {
    const { text, last } = await reader.ask('openOperations', { after, since, limit: OPERATIONS_A_BATCH });
    after = last;
    const rows = parsed<[version: number, record: OperationRecord][]>(text);
    if (rows.length === 0) return;
    const noted = !intake.indexed;
    const reachable = rows.filter(([, { device }]) => intake.versions.has(device));
    yield reachable.map(([version, record]) => {
      if (noted && record.finishedAt === undefined) intake.versions.foundOperation(record.id, record.device, version);
      return { version, record };
    });
  }
}

/** One page of operations, newest first. */
export async function listOperations(
  reader: Reader,
  { overlay, versions }: Intake,
  query: OperationQuery,
): Promise<Page<OperationRecord>> {
  const { device, states, limit } = query;
  const items: OperationRecord[] = [];
  let cursor = query.cursor;
  const near = overlay.operations(
    (operation) =>
      versions.has(operation.device) &&
      (device === undefined || operation.device === device) &&
      (query.cursor === undefined || operation.id < query.cursor),
  );
  for (;;) {
    // A row may be stale or gone from the list by what stands in the overlay: so many more are asked for.
    const wanted = limit + 1 - items.length + near.size;
    const rows = await reader.ask('operations', { device, states, cursor, limit: wanted });
    const whole = rows.length < wanted;
    const lowest = whole ? undefined : rows.at(-1)?.[0];
    const found = joined(rows, near, (operation) => states === undefined || states.includes(operation.state));
    for (const { id, text, device: owner } of found) {
      if (cursor !== undefined && id >= cursor) continue;
      if (lowest !== undefined && id < lowest) break;
      if (owner !== undefined && !versions.has(owner)) continue;
      const record = parsed<OperationRecord>(text);
      if (!versions.has(record.device)) continue;
      if (items.length === limit) return { items, next: (items.at(-1) as OperationRecord).id };
      items.push(record);
    }
    if (whole) return { items };
    cursor = lowest;
  }
}

interface Found {
  readonly id: string;
  readonly text: string;
  readonly device?: DeviceId;
}

/** Rows with the overlay laid over them, newest first. */
function joined(
  rows: readonly (readonly [id: string, version: number, text: string])[],
  near: ReadonlyMap<OperationId, OverlayOperation>,
  wanted: (operation: OverlayOperation) => boolean,
): Found[] {
  const found: Found[] = [];
  const newer = new Set<string>();
  for (const [id, version, text] of rows) {
    const other = near.get(id as OperationId);
    if (other !== undefined && other.version > version) continue;
    newer.add(id);
    found.push({ id, text });
  }
  for (const operation of near.values()) if (!newer.has(operation.id) && wanted(operation)) found.push(operation);
  return found.sort((left, right) => (left.id < right.id ? 1 : -1));
}

/** Last values of a device, by object and instance. */
export async function readValues(
  reader: Reader,
  { overlay }: Intake,
  wanted: { readonly device: DeviceId; readonly object: number | undefined; readonly instance: number | undefined },
  valueBytes: number,
): Promise<readonly InstanceValues[]> {
  const { device, object, instance } = wanted;
  const found = new Map<number, Resources>();
  const near: { readonly key: number; readonly resources: Resources }[] = [];
  // Taken before the tables are read: what is folded meanwhile stands in both places, and merging twice changes nothing.
  overlay.values(device, (itsObject, itsInstance, resources) => {
    if (object !== undefined && itsObject !== object) return;
    if (instance !== undefined && itsInstance !== instance) return;
    near.push({ key: itsObject * 0x1_00_00 + itsInstance, resources });
  });
  const rows = await reader.ask('values', { device, object, instance });
  for (const [itsObject, itsInstance, text] of rows)
    found.set(itsObject * 0x1_00_00 + itsInstance, parsed<Resources>(text));
  for (const { key, resources } of near)
    found.set(key, capped(mergeResources(found.get(key) ?? {}, resources), valueBytes));
  return [...found.keys()]
    .sort((left, right) => left - right)
    .map((key) => ({
      device,
      object: Math.floor(key / 0x1_00_00),
      instance: key % 0x1_00_00,
      resources: found.get(key) ?? {},
    }));
}

/** Kept events above `after`, at most `limit`, and the number of the oldest of the `keep` newest. */
export async function readEvents(
  reader: Reader,
  after: number,
  limit: number,
  keep: number,
): Promise<{ readonly events: readonly NumberedEvent[]; readonly oldest: number }> {
  const { texts, oldest } = await reader.ask('events', { after, limit, keep });
  return { events: parsed<NumberedEvent[]>(`[${texts.join(',')}]`), oldest };
}

/** Reads a record's JSON; throws AppError `store_unavailable` when it is damaged. */
export function parsed<T>(text: string): T {
  try {
    return JSON.parse(text) as T;
  } catch (cause) {
    throw unavailable('a record in the database file is damaged', cause);
  }
}
