/** Programs under test as child processes: their lines, their ends, and no process left behind. */

import { spawn, spawnSync, type ChildProcess, type ChildProcessWithoutNullStreams } from 'node:child_process';

/** A running program and what it printed. */
export class Program {
  readonly child: ChildProcessWithoutNullStreams;
  readonly lines: string[] = [];
  readonly errors: string[] = [];
  readonly #name: string;
  #ended: { readonly code: number | null; readonly signal: NodeJS.Signals | null } | undefined;
  #changed: (() => void)[] = [];

  constructor(
    name: string,
    command: string,
    args: readonly string[],
    options: { cwd?: string; env?: NodeJS.ProcessEnv } = {},
  ) {
    this.#name = name;
    this.child = spawn(command, args, { stdio: 'pipe', ...options });
    RUNNING.add(this.child);
    collect(this.child.stdout, this.lines, () => {
      this.#wake();
    });
    collect(this.child.stderr, this.errors, () => {
      this.#wake();
    });
    this.child.on('error', (error) => {
      this.errors.push(error.message);
      this.#end(-1, null);
    });
    this.child.on('close', (code, signal) => {
      this.#end(code, signal);
    });
  }

  /** Writes a line to its standard input. */
  tell(line: string): void {
    this.child.stdin.write(`${line}\n`);
  }

  /** The first line after `from` that `pattern` matches; rejects when the program ends or the time is over. */
  async line(pattern: RegExp, from = 0, milliseconds = 60_000): Promise<string> {
    const found = (): string | undefined => this.lines.slice(from).find((line) => pattern.test(line));
    await this.#until(() => found() !== undefined || this.#ended !== undefined, milliseconds);
    const line = found();
    if (line !== undefined) return line;
    throw new Error(`${this.#name}: no line like ${String(pattern)} within ${milliseconds} ms\n${this.output()}`);
  }

  /** Resolves with the exit code when the program has ended. */
  async ended(milliseconds = 30_000): Promise<number | null> {
    await this.#until(() => this.#ended !== undefined, milliseconds);
    if (this.#ended === undefined) throw new Error(`${this.#name} does not end\n${this.output()}`);
    return this.#ended.code;
  }

  /** Sends a signal and waits for the end. */
  async stop(signal: NodeJS.Signals = 'SIGTERM'): Promise<number | null> {
    this.child.kill(signal);
    return this.ended();
  }

  /** What it printed so far. */
  output(): string {
    return [...this.lines, ...this.errors.map((line) => `! ${line}`)].slice(-60).join('\n');
  }

  #end(code: number | null, signal: NodeJS.Signals | null): void {
    RUNNING.delete(this.child);
    this.#ended ??= { code, signal };
    this.#wake();
  }

  #wake(): void {
    for (const listener of this.#changed.splice(0)) listener();
  }

  async #until(condition: () => boolean, milliseconds: number): Promise<void> {
    const end = Date.now() + milliseconds;
    while (!condition() && Date.now() < end) {
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, Math.max(1, end - Date.now()));
        this.#changed.push(() => {
          clearTimeout(timer);
          resolve();
        });
      });
    }
  }
}

const RUNNING = new Set<ChildProcess>();
process.on('exit', () => {
  for (const child of RUNNING) child.kill('SIGKILL');
});

/** Runs a program to its end and returns what it printed; throws with its output when it fails. */
export function run(
  command: string,
  args: readonly string[],
  options: { cwd?: string; milliseconds?: number; input?: string | Buffer; allowFailure?: 'allow' } = {},
): string {
  const result = spawnSync(command, args, {
    encoding: 'utf8',
    cwd: options.cwd,
    timeout: options.milliseconds ?? 300_000,
    input: options.input ?? '',
    maxBuffer: 64 << 20,
  });
  const output = `${result.stdout ?? ''}${result.stderr ?? ''}`;
  if (options.allowFailure === 'allow') return output;
  if (result.error !== undefined) throw new Error(`${command} cannot be run: ${result.error.message}`);
  if (result.status !== 0)
    throw new Error(
      `${command} ${args.join(' ')} ended with ${result.status ?? result.signal}:\n${output.slice(-4000)}`,
    );
  return output;
}

/** Polls until `check` gives something; rejects with what it last saw. */
export async function eventually<T>(
  what: string,
  check: () => Promise<T | undefined> | T | undefined,
  milliseconds = 30_000,
): Promise<T> {
  const end = Date.now() + milliseconds;
  for (;;) {
    const result = await check();
    if (result !== undefined) return result;
    if (Date.now() > end) throw new Error(`${what}: not within ${milliseconds} ms`);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

function collect(stream: NodeJS.ReadableStream, lines: string[], changed: () => void): void {
  let rest = '';
  stream.setEncoding('utf8');
  stream.on('data', (chunk: string) => {
    const parts = (rest + chunk).split('\n');
    rest = parts.pop() ?? '';
    lines.push(...parts);
    changed();
  });
  stream.on('end', () => {
    if (rest !== '') lines.push(rest);
    changed();
  });
}
