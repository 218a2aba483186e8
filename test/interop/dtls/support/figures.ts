/**
 * How often each cell shakes hands, and what became of it. A cell is one peer with one suite, kind of key and size of
 * datagrams. `npm run test:interop -- --full` repeats each often and writes the figures down in `last-full-run.json`.
 */

import { existsSync, readFileSync, writeFileSync } from 'node:fs';

import { run } from '../../support/processes.js';

/** Whether each cell is repeated often. */
export const FULL = process.env['BELLWETHER_TEST_FULL'] === '1';
/** Handshakes of a cell. */
export const ROUNDS = FULL ? 50 : 3;
/** How long the test of a cell may take, in milliseconds. */
export const CELL_TIME = FULL ? 600_000 : 30_000;

const FILE = new URL('../last-full-run.json', import.meta.url).pathname;

interface Row {
  readonly cell: string;
  readonly handshakes: number;
  readonly failures: number;
}

interface Entry {
  readonly peer: string;
  readonly version: string;
  readonly commit: string;
  readonly date: string;
  readonly cells: number;
  readonly handshakes: number;
  readonly failures: number;
  readonly rows: readonly Row[];
}

/** The cells of one peer. */
export class Figures {
  readonly #peer: string;
  readonly #rows: Row[] = [];

  constructor(peer: string) {
    this.#peer = peer;
  }

  /** Runs a cell, one handshake after the other; throws the first failure when all are through. */
  async cell(name: string, handshake: (round: number) => Promise<void>, rounds = ROUNDS): Promise<void> {
    const failures: unknown[] = [];
    for (let round = 0; round < rounds; round += 1) {
      try {
        await handshake(round);
      } catch (error) {
        failures.push(error);
        if (!FULL) break;
      }
    }
    this.note(name, rounds, failures.length);
    if (failures.length > 0) throw new Error(`${name}: ${failures.length} of ${rounds} failed`, { cause: failures[0] });
  }

  /** Notes a cell whose handshakes were made elsewhere. */
  note(cell: string, handshakes: number, failures: number): void {
    this.#rows.push({ cell, handshakes, failures });
  }

  /** Prints the figures, and writes them down in a full run. No cell at all is a failure. */
  print(version: string): void {
    if (this.#rows.length === 0) throw new Error(`${this.#peer}: no cell was run`);
    const sum = (of: (row: Row) => number): number => this.#rows.reduce((total, row) => total + of(row), 0);
    const [handshakes, failures] = [sum((row) => row.handshakes), sum((row) => row.failures)];
    const lines = this.#rows.map(
      (row) => `  ${row.cell.padEnd(72)} ${row.handshakes - row.failures}/${row.handshakes}`,
    );
    const head = `${this.#peer} ${version}: ${this.#rows.length} cells, ${handshakes} handshakes, ${failures} failed`;
    process.stdout.write(`${[head, ...lines].join('\n')}\n`);
    if (!FULL) return;
    keep({
      peer: this.#peer,
      version,
      commit: commit(),
      date: new Date().toISOString(),
      cells: this.#rows.length,
      handshakes,
      failures,
      rows: this.#rows,
    });
  }
}

/** The commit that was run, marked where the working tree was not its own; the figures themselves are left out. */
function commit(): string {
  const head = run('git', ['rev-parse', '--short', 'HEAD']).trim();
  const changed = run('git', [
    'status',
    '--porcelain',
    '--',
    ':/',
    ':(exclude,top)test/interop/dtls/last-full-run.json',
  ]);
  return changed === '' ? head : `${head}-dirty`;
}

/** Takes the place of what the peer's last full run left. */
function keep(entry: Entry): void {
  const known = existsSync(FILE) ? (JSON.parse(readFileSync(FILE, 'utf8')) as { peers: Entry[] }).peers : [];
  const peers = [...known.filter(({ peer }) => peer !== entry.peer), entry];
  peers.sort((left, right) => left.peer.localeCompare(right.peer));
  writeFileSync(FILE, `${JSON.stringify({ peers }, undefined, 2)}\n`);
}
