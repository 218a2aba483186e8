/** `bellwether` as a process of its own: what it writes as it comes, signals, and how it ended. */

import { spawn, type ChildProcess } from 'node:child_process';
import { resolve } from 'node:path';

import { until } from '../../support/test-server.js';

const MAIN = resolve('dist/cli/main.js');

/** A process that was started. */
export class Bellwether {
  readonly child: ChildProcess;
  out = '';
  err = '';
  /** Exit code, or the signal that ended it. */
  readonly ended: Promise<number | string>;

  constructor(args: readonly string[], variables: Readonly<Record<string, string>> = {}, cwd = process.cwd()) {
    const own = Object.entries(process.env).filter(([name]) => !name.startsWith('BELLWETHER_'));
    this.child = spawn(process.execPath, [MAIN, ...args], {
      cwd,
      env: { ...Object.fromEntries(own), ...variables },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    this.child.stdout?.setEncoding('utf8').on('data', (text: string) => (this.out += text));
    this.child.stderr?.setEncoding('utf8').on('data', (text: string) => (this.err += text));
    this.ended = new Promise((done) =>
      this.child.once('close', (code, signal) => {
        done(code ?? signal ?? 'lost');
      }),
    );
  }

  /** Waits at most so many seconds until its output has this, and gives the match; fails at once when it ends before. */
  async says(words: RegExp, seconds = 10): Promise<RegExpExecArray> {
    let code: number | string | undefined;
    void this.ended.then((ended) => (code = ended));
    return until(
      `${String(words)} in ${JSON.stringify(this.out + this.err)}`,
      () => {
        const match = words.exec(this.out) ?? words.exec(this.err);
        if (match === null && code !== undefined)
          throw new Error(`it ended with ${code} before it said ${String(words)}: ${this.out}${this.err}`);
        return Promise.resolve(match ?? undefined);
      },
      seconds,
    );
  }

  /** Sends a signal and gives the exit code. */
  end(signal: NodeJS.Signals = 'SIGTERM'): Promise<number | string> {
    this.child.kill(signal);
    return this.ended;
  }
}
