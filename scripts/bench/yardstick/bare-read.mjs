/** `node bare-read.mjs FILE`: reads every row of every table of a SQLite file, as plainly as can be; prints rows and milliseconds. */

import { DatabaseSync } from '@photostructure/sqlite';

const began = performance.now();
const database = new DatabaseSync(process.argv[2], { readOnly: true });
const tables = database
  .prepare("SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%'")
  .all();
let rows = 0;
for (const { name } of tables) {
  for (const row of database.prepare(`SELECT * FROM "${name}"`).iterate()) if (row !== undefined) rows += 1;
}
database.close();
console.log(JSON.stringify({ rows, milliseconds: performance.now() - began }));
