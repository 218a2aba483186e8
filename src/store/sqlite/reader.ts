/**
 * The reader: the worker thread with a read-only connection, for whatever may take long. Each answer comes from one
 * snapshot of what is committed; long lists are asked for in pages, so that no snapshot holds up the write-ahead log. The
 * file is opened with the first question, so that the thread can start while the writer still sees to it.
 */

import { parentPort, workerData } from 'node:worker_threads';
import { DatabaseSync } from '@photostructure/sqlite';
import type { DatabaseSyncInstance, StatementSyncInstance } from '@photostructure/sqlite';
import { invariant } from '#base';
import { OPERATION_STATES } from '#fleet/model';
import { clauseOf } from './failures.js';
import { ENTRY, entryText, readGroup } from './group.js';
import type { FromReader, ReadName, ReaderData, Reads, ToReader } from './messages.js';

type Answers = { readonly [N in ReadName]: (ask: Reads[N]['ask']) => Reads[N]['answer'] };

/** A number and JSON text of an event. */
interface NumberedText {
  readonly number: number;
  readonly text: string;
}

/** All reads over one connection. */
function answers(database: DatabaseSyncInstance): Answers {
  const rows = <T>(sql: string) => {
    const statement: StatementSyncInstance = database.prepare(sql, { returnArrays: true });
    return (...parameters: (string | number | null)[]) => statement.all(...parameters) as T[];
  };
  const devices = rows<[text: string | null, last: number | null]>(
    `SELECT '[' || group_concat('[' || version || ',' || CAST(record AS TEXT) || ',' || coalesce(at, 'null') || ']') || ']', max(row)
     FROM (SELECT device.rowid AS row, version, record, at FROM device LEFT JOIN seen ON seen.device = device.id
           WHERE device.rowid > ? ORDER BY device.rowid LIMIT ?)`,
  );
  const open = rows<[text: string | null, last: string | null]>(
    `SELECT '[' || group_concat('[' || version || ',' || CAST(record AS TEXT) || ']') || ']', max(id)
     FROM (SELECT id, version, record FROM operation WHERE id IN (
       SELECT id FROM (SELECT id FROM operation WHERE state < 2 AND id > ?1 ORDER BY id LIMIT ?3)
       UNION SELECT id FROM (
         SELECT id FROM operation WHERE keyed = 1 AND createdAt >= ?2 AND id > ?1 ORDER BY id LIMIT ?3)
       ORDER BY id LIMIT ?3) ORDER BY id)`,
  );
  const allDevices = rows<[string, number]>('SELECT id, version FROM device');
  const allOpen = rows<[string, string, number]>('SELECT id, device, version FROM operation WHERE state < 2');
  const models = rows<[number, string]>('SELECT version, CAST(record AS TEXT) FROM model ORDER BY object, name');
  const settings = rows<[number, string]>('SELECT version, CAST(record AS TEXT) FROM setting ORDER BY kind, name');
  const operation = rows<[number, string]>('SELECT version, CAST(record AS TEXT) FROM operation WHERE id = ?');
  const values = rows<[number, number, string]>(
    `SELECT object, instance, CAST(resources AS TEXT) FROM value
     WHERE device = ?1 AND object BETWEEN ?2 AND ?3 AND instance BETWEEN ?4 AND ?5 ORDER BY object, instance`,
  );
  const session = rows<[string]>(
    `SELECT json_object('digest', digest, 'device', device, 'listener', listener, 'expires', expires,
       'sealed', CAST(sealed AS TEXT)) FROM session WHERE digest = ?`,
  );
  const operationsOf = operationLists(rows);
  const events = eventReads(database, rows);
  return {
    index: () => ({ devices: allDevices(), operations: allOpen() }),
    devices: ({ after, limit }) => {
      const [text, last] = devices(after, limit)[0] ?? [null, null];
      return { text: text ?? '[]', last: last ?? after };
    },
    openOperations: ({ after, limit, since }) => {
      const [text, last] = open(after, since, limit)[0] ?? [null, null];
      return { text: text ?? '[]', last: last ?? after };
    },
    models: () => models(),
    settings: () => settings(),
    operation: (id) => operation(id)[0],
    session: (digest) => session(digest)[0]?.[0],
    operations: operationsOf,
    values: ({ device, object, instance }) =>
      values(device, object ?? 0, object ?? MAX_ID, instance ?? 0, instance ?? MAX_ID),
    events,
  };
}

const MAX_ID = 0xff_ff;
/** Sorts after every operation id. */
const AFTER_ALL = '~';

function operationLists(
  rows: <T>(sql: string) => (...parameters: (string | number | null)[]) => T[],
): Answers['operations'] {
  type Found = [id: string, version: number, text: string];
  const columns = 'SELECT id, version, CAST(record AS TEXT) FROM operation';
  const chosen = 'id < ?1 AND state IN (SELECT value FROM json_each(?2)) ORDER BY id DESC LIMIT ?3';
  const ofAll = rows<Found>(`${columns} WHERE ${chosen}`);
  const ofDevice = rows<Found>(`${columns} WHERE device = ?4 AND ${chosen}`);
  return ({ device, states, cursor, limit }) => {
    const wanted = JSON.stringify((states ?? OPERATION_STATES).map((state) => OPERATION_STATES.indexOf(state)));
    const before = cursor ?? AFTER_ALL;
    return device === undefined ? ofAll(before, wanted, limit) : ofDevice(before, wanted, limit, device);
  };
}

function eventReads(
  database: DatabaseSyncInstance,
  rows: <T>(sql: string) => (...parameters: (string | number | null)[]) => T[],
): Answers['events'] {
  const runs = rows<[last: number, count: number]>('SELECT last, count FROM event ORDER BY last');
  const body = rows<[string]>('SELECT CAST(body AS TEXT) FROM event WHERE last = ?');
  const journal = rows<[Uint8Array]>('SELECT body FROM journal WHERE newest > ? ORDER BY seq');
  const run = (last: number) => JSON.parse(body(last)[0]?.[0] ?? '[]') as { readonly number: number }[];

  const journalled = (after: number): NumberedText[] => {
    const found: NumberedText[] = [];
    for (const [group] of journal(after)) {
      readGroup(group, (entry) => {
        if (entry.kind !== ENTRY.event) return;
        const text = entryText(entry);
        const { number } = JSON.parse(text) as { readonly number: number };
        if (number > after) found.push({ number, text });
      });
    }
    return found;
  };

  const read: Answers['events'] = ({ after, limit, keep }) => {
    const folded = runs();
    // A generation that is being folded stands in both places: the journal counts from where the runs end.
    const rest = journalled(folded.at(-1)?.[0] ?? 0);
    let excess = folded.reduce((sum, [, count]) => sum + count, rest.length) - keep;
    let oldest: number | undefined;
    const texts: string[] = [];
    for (const [last, count] of folded) {
      const skipped = Math.min(Math.max(excess, 0), count);
      excess -= count;
      if (skipped === count || (oldest !== undefined && (last <= after || texts.length >= limit))) continue;
      const kept = run(last).slice(skipped);
      oldest ??= kept[0]?.number;
      for (const event of kept) if (event.number > after && texts.length < limit) texts.push(JSON.stringify(event));
    }
    for (const { number, text } of rest.slice(Math.max(excess, 0))) {
      oldest ??= number;
      if (number > after && texts.length < limit) texts.push(text);
    }
    return { texts, oldest: oldest ?? 0 };
  };

  return (ask) => {
    database.exec('BEGIN');
    try {
      return read(ask);
    } finally {
      database.exec('COMMIT');
    }
  };
}

interface Opened {
  readonly database: DatabaseSyncInstance;
  readonly answers: { readonly [name in ReadName]: (ask: unknown) => unknown };
}

function open({ file, cacheBytes }: ReaderData): Opened {
  const database = new DatabaseSync(file, { readOnly: true });
  database.exec(`PRAGMA cache_size = -${Math.ceil(cacheBytes / 1024)}; PRAGMA trusted_schema = OFF`);
  return { database, answers: answers(database) as Opened['answers'] };
}

function start(): void {
  const port = parentPort;
  invariant(port !== null, 'the reader runs in a worker thread');
  let opened: Opened | undefined;
  port.on('message', (message: ToReader) => {
    if (message === 'close') {
      opened?.database.close();
      port.close();
      return;
    }
    const reply = (answer: FromReader) => port.postMessage(answer);
    try {
      opened ??= open(workerData as ReaderData);
      reply({ id: message.id, answer: opened.answers[message.name](message.ask) });
    } catch (error) {
      reply({ id: message.id, error: clauseOf(error) });
    }
  });
}

start();
