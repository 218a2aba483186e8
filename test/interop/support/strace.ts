/** The system calls of a running process, in the order in which they ended, as strace tells them. */

import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { need } from './leshan.js';
import { Program, run } from './processes.js';

/** One call: which, what it began with (bytes as \xNN), and the file it was about; its place in time: from when to when it ran. */
export interface SystemCall {
  readonly name: string;
  readonly text: string;
  readonly began: number;
  readonly ended: number;
}

const TRACED = 'fdatasync,fsync,recvmsg,recvmmsg,sendmsg,sendmmsg,read,write,writev,pwrite64';

/** Watches all threads of a process until `stop`. */
export class Strace {
  readonly #folder = mkdtempSync(join(tmpdir(), 'bellwether-strace-'));
  #program: Program | undefined;

  /** Begins; gives a sentence when it may not trace here, and throws one that says what is missing when strace cannot be had. */
  async start(pid: number): Promise<string | undefined> {
    need('strace', 'strace');
    const args = [
      '-f',
      '-ttt',
      '-T',
      '-y',
      '-x',
      '-s',
      '512',
      '-e',
      `trace=${TRACED}`,
      '-o',
      this.#file,
      '-p',
      `${pid}`,
    ];
    this.#program = new Program('strace', 'strace', args);
    const said = await Promise.race([
      until(() => this.#program?.errors.find((line) => /attached|ptrace|not permitted/i.test(line))),
      this.#program.ended().then((code) => `strace ended with code ${code}`),
    ]);
    if (said !== undefined && /attached/.test(said)) return undefined;
    const why = [said ?? '', ...this.#program.errors].join(' ');
    if (/ptrace|not permitted/i.test(why)) return `no process may be traced here (ptrace is not allowed): ${why}`;
    throw new Error(`strace did not begin: ${why}`);
  }

  /** Ends and gives all calls in the order of their ends. */
  async stop(): Promise<readonly SystemCall[]> {
    await this.#program?.stop('SIGINT');
    const calls = existsSync(this.#file) ? parse(readFileSync(this.#file, 'latin1')) : [];
    rmSync(this.#folder, { recursive: true, force: true });
    return calls;
  }

  get #file(): string {
    return join(this.#folder, 'calls.txt');
  }
}

/** Version of strace. */
export function straceVersion(): string {
  return run('strace', ['-V']).split('\n')[0] ?? '';
}

async function until<T>(found: () => T | undefined): Promise<T | undefined> {
  const end = Date.now() + 20_000;
  for (;;) {
    const value = found();
    if (value !== undefined || Date.now() > end) return value;
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

/** Lines such as `17 1700000000.1 fdatasync(5</a.db-wal>) = 0 <0.001>`, also cut in two by `<unfinished ...>`. */
function parse(text: string): SystemCall[] {
  const calls: SystemCall[] = [];
  const open = new Map<string, { name: string; text: string; began: number }>();
  for (const line of text.split('\n')) {
    const whole = /^(\d+)\s+(\d+\.\d+) (\w+)\((.*)$/.exec(line);
    const resumed = /^(\d+)\s+(\d+\.\d+) <\.\.\. (\w+) resumed>(.*)$/.exec(line);
    const took = Number(/<(\d+\.\d+)>$/.exec(line)?.[1] ?? 0);
    if (whole !== null) {
      const [, thread = '', at = '', name = '', rest = ''] = whole;
      const began = Number(at);
      if (rest.endsWith('<unfinished ...>')) open.set(thread, { name, text: rest, began });
      else calls.push({ name, text: rest, began, ended: began + took });
    } else if (resumed !== null) {
      const [, thread = '', at = '', , rest = ''] = resumed;
      const first = open.get(thread);
      open.delete(thread);
      if (first !== undefined) calls.push({ ...first, text: first.text + rest, ended: Number(at) });
    }
  }
  return calls.sort((left, right) => left.ended - right.ended);
}
