/**
 * The embedded store's tables. `journal` takes one row a group commit and is appended to; the other tables are what it is
 * folded into. `event` holds runs of events, not single ones. `purge` names devices whose operations, values and
 * sessions are still to be removed. Texts of records are stored as JSON bytes.
 */

/** Marks a file as ours (`PRAGMA application_id`): "BELL". */
export const APPLICATION_ID = 0x42_45_4c_4c;
/** Version of the tables below (`PRAGMA user_version`). */
export const SCHEMA_VERSION = 3;
/** Bytes of a page. */
export const PAGE_SIZE = 4096;

/** Makes the tables of version 1. */
export const SCHEMA_1 = `
CREATE TABLE journal (seq INTEGER PRIMARY KEY, newest INTEGER NOT NULL, body BLOB NOT NULL);
CREATE TABLE meta (name TEXT PRIMARY KEY, value INTEGER NOT NULL) WITHOUT ROWID;
INSERT INTO meta VALUES ('fence', 0), ('newestEvent', 0);
CREATE TABLE device (id TEXT NOT NULL UNIQUE, version INTEGER NOT NULL, record BLOB NOT NULL);
CREATE TABLE seen (device TEXT PRIMARY KEY, at INTEGER NOT NULL) WITHOUT ROWID;
CREATE TABLE operation (
  id TEXT NOT NULL UNIQUE,
  device TEXT NOT NULL,
  version INTEGER NOT NULL,
  state INTEGER NOT NULL,
  keyed INTEGER NOT NULL,
  createdAt INTEGER NOT NULL,
  finishedAt INTEGER NOT NULL,
  record BLOB NOT NULL
);
CREATE INDEX operationOfDevice ON operation (device, id, state);
CREATE INDEX operationOpen ON operation (id) WHERE state < 2;
CREATE INDEX operationKeyed ON operation (id) WHERE keyed = 1;
CREATE TABLE value (
  device TEXT NOT NULL,
  object INTEGER NOT NULL,
  instance INTEGER NOT NULL,
  resources BLOB NOT NULL,
  PRIMARY KEY (device, object, instance)
) WITHOUT ROWID;
CREATE TABLE model (
  object INTEGER NOT NULL,
  name TEXT NOT NULL,
  version INTEGER NOT NULL,
  record BLOB NOT NULL,
  PRIMARY KEY (object, name)
) WITHOUT ROWID;
CREATE TABLE event (last INTEGER PRIMARY KEY, count INTEGER NOT NULL, body BLOB NOT NULL);
CREATE TABLE purge (device TEXT PRIMARY KEY) WITHOUT ROWID;
`;

/** What version 2 adds: what operators set. */
export const SCHEMA_2 = `
CREATE TABLE setting (
  kind TEXT NOT NULL,
  name TEXT NOT NULL,
  version INTEGER NOT NULL,
  record BLOB NOT NULL,
  PRIMARY KEY (kind, name)
) WITHOUT ROWID;
`;

/** What version 3 adds: sessions of the secure transport. */
export const SCHEMA_3 = `
CREATE TABLE session (
  device TEXT NOT NULL,
  listener INTEGER NOT NULL,
  digest TEXT NOT NULL,
  expires INTEGER NOT NULL,
  sealed BLOB NOT NULL,
  PRIMARY KEY (device, listener)
) WITHOUT ROWID;
CREATE INDEX sessionByDigest ON session (digest);
CREATE INDEX sessionByExpiry ON session (expires);
`;
