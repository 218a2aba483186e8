/** What the smoke scripts share: a program that is awaited until it is ready, asked over REST, ended, and looked for in /proc. */

import { spawn } from 'node:child_process';
import { readFileSync, readdirSync } from 'node:fs';
import { readyLine } from '../run/start.mjs';

/** Throws when `condition` does not hold. */
export function expect(condition, sentence) {
  if (!condition) throw new Error(sentence);
}

/** Asks again until an answer is there; throws after `milliseconds`. */
export async function until(what, milliseconds, ask) {
  const end = performance.now() + milliseconds;
  for (;;) {
    const answer = await ask();
    if (answer !== undefined) return answer;
    expect(performance.now() < end, `${what}: not within ${milliseconds / 1000} s`);
    await new Promise((done) => setTimeout(done, 100));
  }
}

/** Process ids below a process, by /proc, itself included. */
export function family(pid) {
  const parents = new Map();
  for (const name of readdirSync('/proc').filter((entry) => /^\d+$/.test(entry))) {
    try {
      const stat = readFileSync(`/proc/${name}/stat`, 'utf8');
      parents.set(Number(name), Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[1]));
    } catch {
      // It ended while we looked.
    }
  }
  const found = [pid];
  for (const id of found) for (const [child, parent] of parents) if (parent === id) found.push(child);
  return found;
}

/** Whether a process runs (one that ended and waits to be reaped does not). */
export function isAlive(pid) {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    return !['Z', 'X'].includes(stat[stat.lastIndexOf(')') + 2]);
  } catch {
    return false;
  }
}

/** Starts a program and shows what it says; `ready` resolves to the addresses of its ready line, `ended` to code and signal. */
export function launch(command, args, options) {
  const child = spawn(command, args, { stdio: ['ignore', 'pipe', 'inherit'], ...options });
  const ended = new Promise((resolve) => child.once('close', (code, signal) => resolve({ code, signal })));
  const ready = new Promise((resolve, reject) => {
    let text = '';
    child.stdout.setEncoding('utf8').on('data', (more) => {
      process.stdout.write(more);
      text += more;
      const found = text
        .split('\n')
        .slice(0, -1)
        .map(readyLine)
        .find((line) => line !== undefined);
      if (found !== undefined) resolve(found);
    });
    void ended.then(({ code }) => reject(new Error(`it ended with code ${code} before it was ready`)));
  });
  return { child, ready, ended };
}

/** Fetches a path of the API as JSON; undefined unless it is answered with 200. */
export async function ask(http, path, token) {
  const answer = await fetch(`${http}/api/v1${path}`, { headers: { authorization: `Bearer ${token}` } });
  return answer.status === 200 ? answer.json() : undefined;
}
