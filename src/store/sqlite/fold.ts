/**
 * Folding: writes a generation of coalesced changes into the record tables in small transactions and then removes its
 * groups from the journal. Every step may be lost and done again: as long as a journal row is there, replaying the journal
 * from it on leads to the same records. Rows are made by SQL from runs of bytes, a batch a statement, because a call for
 * each row costs more than the row.
 */

import type { DatabaseSyncInstance, StatementSyncInstance } from '@photostructure/sqlite';
import { WIDTH, entryText, headNumber, headText, settingKey } from './group.js';
import type { Entry } from './group.js';
import { ENTRY } from './group.js';
import { INSTANCE_KEY } from './generation.js';
import type { Generation, InstanceChanges } from './generation.js';
import type { SqliteParameters } from './parameters.js';
import { cappedText, mergeResources } from './values.js';
import type { Resources } from './values.js';

/** Limits that folding applies. */
export interface FoldLimits {
  readonly events: number;
  readonly valueBytes: number;
}

/** One piece of work: writes some rows and returns how many; its statements run in a transaction of the caller. */
type Step = () => number;

/**
 * Rows to fold before the next group has its turn: one step's, for a group that waits makes the next one larger; once as
 * much has come as is folded at a time, twice as many rows as the last group brought, so that folding never falls behind.
 */
export function foldBudget(
  { stepRows, foldBytes }: Pick<SqliteParameters, 'stepRows' | 'foldBytes'>,
  waitingBytes: number,
  lastRows: number,
): number {
  return waitingBytes < foldBytes ? stepRows : Math.max(stepRows, 2 * lastRows);
}

const EVENTS_A_ROW = 250;
/** Journal rows that one step removes at most. */
const JOURNAL_ROWS = 64;

/** Folds generations into one database. */
export class Folder {
  readonly #limits: FoldLimits;
  readonly #statements: Statements;
  /** Rows written since the start. */
  rows = 0;
  /** Times that values of an instance were left out because it has too many bytes. */
  capped = 0;

  constructor(database: DatabaseSyncInstance, limits: FoldLimits) {
    this.#limits = limits;
    this.#statements = prepare(database);
  }

  /** The steps that fold `generation`, each of at most `stepRows` rows; `operationsOf` hears of devices that got operations. */
  *plan(generation: Generation, stepRows: number, operationsOf: (device: string) => void): Generator<Step, void> {
    const puts: Entry[] = [];
    const deletes: Entry[] = [];
    for (const id of [...generation.devices.keys()].sort()) {
      const entry = generation.devices.get(id) as Entry;
      (entry.kind === ENTRY.devicePut ? puts : deletes).push(entry);
    }
    for (const batch of batches(puts, stepRows)) yield () => this.#put(this.#statements.device, batch);
    const operations = [...generation.operations.values()];
    for (const batch of batches(operations, stepRows)) yield () => this.#putOperations(batch, operationsOf);
    for (const batch of batches(generation.values(), Math.max(1, stepRows >> 2))) yield () => this.#putValues(batch);
    for (const batch of batches([...generation.models.values()], stepRows)) yield () => this.#putModels(batch);
    for (const batch of batches([...generation.settings.values()], stepRows)) yield () => this.#putSettings(batch);
    const seen = [...generation.seen].sort(([left], [right]) => (left < right ? -1 : 1));
    for (const batch of batches(seen, stepRows * 4)) yield () => this.#putSeen(batch);
    for (const batch of batches([...generation.sessionDrops].sort(), stepRows)) yield () => this.#dropSessions(batch);
    for (const batch of batches(generation.sessions(), stepRows))
      yield () => this.#put(this.#statements.session, batch);
    yield* this.#planEvents(generation);
    // Deletes come last: what belongs to the device and was folded just now is found by the purge that follows.
    for (const batch of batches(deletes, Math.max(1, stepRows >> 3))) yield () => this.#deleteDevices(batch);
    yield () => this.#setNewest(generation.newest);
    yield* this.#planJournal(generation.lastSeq);
  }

  #put(statement: StatementSyncInstance, batch: readonly Entry[]): number {
    const { bytes, places } = gather(batch);
    statement.run(bytes, places);
    return batch.length;
  }

  #putOperations(batch: readonly Entry[], operationsOf: (device: string) => void): number {
    for (const entry of batch) operationsOf(headText(entry, WIDTH.operation, WIDTH.device));
    return this.#put(this.#statements.operation, batch);
  }

  #putValues(batch: readonly InstanceChanges[]): number {
    for (const { key, entries } of batch) {
      const device = key.slice(0, WIDTH.device);
      const object = Number(key.slice(WIDTH.device, WIDTH.device + WIDTH.id));
      const instance = Number(key.slice(WIDTH.device + WIDTH.id, INSTANCE_KEY));
      const row = this.#statements.valueGet.get(device, object, instance) as { resources: string } | undefined;
      let resources = row === undefined ? {} : (JSON.parse(row.resources) as Resources);
      for (const entry of entries) resources = mergeResources(resources, JSON.parse(entryText(entry)) as Resources);
      const { text, kept } = cappedText(resources, this.#limits.valueBytes);
      if (kept === 'some') this.capped += 1;
      this.#statements.valuePut.run(device, object, instance, text);
    }
    return batch.length * 4;
  }

  #putModels(batch: readonly Entry[]): number {
    for (const entry of batch) {
      const nameStart = WIDTH.version + WIDTH.id;
      this.#statements.model.run(
        headNumber(entry, WIDTH.version, WIDTH.id),
        entry.bytes.toString('utf8', entry.head + nameStart, entry.head + entry.headLength),
        headNumber(entry, 0, WIDTH.version),
        entryText(entry),
      );
    }
    return batch.length;
  }

  #putSettings(batch: readonly Entry[]): number {
    for (const entry of batch) {
      const [kind, name] = settingKey(entry);
      if (entry.kind === ENTRY.settingDelete) this.#statements.settingDelete.run(kind, name);
      else this.#statements.setting.run(kind, name, headNumber(entry, 0, WIDTH.version), entryText(entry));
    }
    return batch.length;
  }

  #putSeen(batch: readonly (readonly [string, number])[]): number {
    this.#statements.seen.run(JSON.stringify(batch));
    return batch.length >> 2;
  }

  #dropSessions(batch: readonly string[]): number {
    for (const device of batch) this.#statements.sessionsDrop.run(device);
    return batch.length;
  }

  #deleteDevices(batch: readonly Entry[]): number {
    for (const entry of batch) {
      const id = headText(entry, 0, WIDTH.device);
      this.#statements.deviceDelete.run(id);
      this.#statements.seenDelete.run(id);
      this.#statements.purge.run(id);
    }
    return batch.length * 8;
  }

  *#planEvents(generation: Generation): Generator<Step, void> {
    const kept = this.#unfolded(generation.events).slice(-this.#limits.events);
    for (const batch of batches(kept, EVENTS_A_ROW)) {
      yield () => {
        const texts = batch.map((entry) => entryText(entry));
        this.#statements.event.run(numberOf(batch.at(-1) as Entry), batch.length, `[${texts.join(',')}]`);
        return 16;
      };
    }
    if (kept.length > 0) yield () => this.#trimEvents();
  }

  /** A start after a crash in the middle of folding meets events that stand in runs already; runs must not overlap. */
  #unfolded(events: readonly Entry[]): readonly Entry[] {
    const first = events[0];
    const folded = (this.#statements.eventLast.get() as { last: number | null }).last ?? 0;
    if (first === undefined || numberOf(first) > folded) return events;
    return events.filter((entry) => numberOf(entry) > folded);
  }

  /** Removes runs of events that lie wholly before the newest `events`. */
  #trimEvents(): number {
    const runs = this.#statements.eventRuns.all() as { last: number; count: number }[];
    let after = 0;
    let written = 0;
    for (const { last, count } of runs) {
      if (after >= this.#limits.events) {
        this.#statements.eventTrim.run(last);
        written = 16;
        break;
      }
      after += count;
    }
    return written;
  }

  #setNewest(newest: number): number {
    this.#statements.newest.run(newest);
    return 1;
  }

  *#planJournal(lastSeq: number): Generator<Step, void> {
    let more = true;
    while (more) {
      yield () => {
        const { changes } = this.#statements.journalDelete.run(lastSeq, JOURNAL_ROWS);
        more = changes === JOURNAL_ROWS;
        return changes;
      };
    }
  }
}

/** Statements of folding. `?1` is a run of bytes and `?2` a JSON array of places in it: offset * 2^24 + length of the text. */
function prepare(database: DatabaseSyncInstance) {
  const text = (start: number, width: number) => `CAST(substr(?1, (value >> 24) + ${start + 1}, ${width}) AS TEXT)`;
  const number = (start: number, width: number) => `CAST(${text(start, width)} AS INTEGER)`;
  const record = (start: number) => `substr(?1, (value >> 24) + ${start + 1}, value & 16777215)`;
  const { device, operation, version, state, flag, time, id, digest } = WIDTH;
  const ofDevice = operation;
  const ofVersion = ofDevice + device;
  const ofState = ofVersion + version;
  const ofFlag = ofState + state;
  const ofCreated = ofFlag + flag;
  const ofFinished = ofCreated + time;
  const ofDigest = device + id;
  const ofExpiry = ofDigest + digest;
  return {
    device: database.prepare(
      `INSERT INTO device (id, version, record)
       SELECT ${text(0, device)}, ${number(device, version)}, ${record(device + version)} FROM json_each(?2) WHERE true
       ON CONFLICT (id) DO UPDATE SET version = excluded.version, record = excluded.record`,
    ),
    operation: database.prepare(
      `INSERT INTO operation (id, device, version, state, keyed, createdAt, finishedAt, record)
       SELECT ${text(0, operation)}, ${text(ofDevice, device)}, ${number(ofVersion, version)}, ${number(ofState, state)},
         ${number(ofFlag, flag)}, ${number(ofCreated, time)}, ${number(ofFinished, time)}, ${record(ofFinished + time)}
       FROM json_each(?2) WHERE true
       ON CONFLICT (id) DO UPDATE SET version = excluded.version, state = excluded.state, keyed = excluded.keyed,
         finishedAt = excluded.finishedAt, record = excluded.record`,
    ),
    valueGet: database.prepare(
      'SELECT CAST(resources AS TEXT) AS resources FROM value WHERE device = ? AND object = ? AND instance = ?',
    ),
    valuePut: database.prepare(
      `INSERT INTO value VALUES (?, ?, ?, CAST(? AS BLOB))
       ON CONFLICT (device, object, instance) DO UPDATE SET resources = excluded.resources`,
    ),
    model: database.prepare(
      `INSERT INTO model VALUES (?, ?, ?, CAST(? AS BLOB))
       ON CONFLICT (object, name) DO UPDATE SET version = excluded.version, record = excluded.record`,
    ),
    setting: database.prepare(
      `INSERT INTO setting VALUES (?, ?, ?, CAST(? AS BLOB))
       ON CONFLICT (kind, name) DO UPDATE SET version = excluded.version, record = excluded.record`,
    ),
    settingDelete: database.prepare('DELETE FROM setting WHERE kind = ? AND name = ?'),
    seen: database.prepare(
      `INSERT INTO seen SELECT value ->> 0, value ->> 1 FROM json_each(?) WHERE true
       ON CONFLICT (device) DO UPDATE SET at = max(at, excluded.at)`,
    ),
    session: database.prepare(
      `INSERT INTO session (device, listener, digest, expires, sealed)
       SELECT ${text(0, device)}, ${number(device, id)}, ${text(ofDigest, digest)}, ${number(ofExpiry, time)},
         ${record(ofExpiry + time)} FROM json_each(?2) WHERE true
       ON CONFLICT (device, listener) DO UPDATE SET digest = excluded.digest, expires = excluded.expires,
         sealed = excluded.sealed`,
    ),
    sessionsDrop: database.prepare('DELETE FROM session WHERE device = ?'),
    deviceDelete: database.prepare('DELETE FROM device WHERE id = ?'),
    seenDelete: database.prepare('DELETE FROM seen WHERE device = ?'),
    purge: database.prepare('INSERT OR IGNORE INTO purge VALUES (?)'),
    event: database.prepare('INSERT OR REPLACE INTO event VALUES (?, ?, CAST(? AS BLOB))'),
    eventRuns: database.prepare('SELECT last, count FROM event ORDER BY last DESC'),
    eventLast: database.prepare('SELECT max(last) AS last FROM event'),
    eventTrim: database.prepare('DELETE FROM event WHERE last <= ?'),
    newest: database.prepare("UPDATE meta SET value = max(value, ?) WHERE name = 'newestEvent'"),
    journalDelete: database.prepare(
      'DELETE FROM journal WHERE seq IN (SELECT seq FROM journal WHERE seq <= ? ORDER BY seq LIMIT ?)',
    ),
  };
}
type Statements = ReturnType<typeof prepare>;

/** Copies the entries' bytes into one run, with the places where each begins and how long its text is. */
function gather(batch: readonly Entry[]): { readonly bytes: Buffer; readonly places: string } {
  let total = 0;
  for (const entry of batch) total += entry.headLength + entry.textLength;
  const bytes = Buffer.allocUnsafe(total);
  const places = new Array<number>(batch.length);
  let offset = 0;
  for (let index = 0; index < batch.length; index += 1) {
    const entry = batch[index] as Entry;
    const length = entry.headLength + entry.textLength;
    entry.bytes.copy(bytes, offset, entry.head, entry.head + length);
    places[index] = offset * 0x1_00_00_00 + entry.textLength;
    offset += length;
  }
  return { bytes, places: `[${places.join(',')}]` };
}

/** Number of an event. */
function numberOf(entry: Entry): number {
  return (JSON.parse(entryText(entry)) as { readonly number: number }).number;
}

function* batches<T>(items: readonly T[], size: number): Generator<readonly T[], void> {
  for (let start = 0; start < items.length; start += size) yield items.slice(start, start + size);
}
