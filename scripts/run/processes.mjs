/**
 * Child processes of the scripts: started in the foreground or in a group of their own, told of signals, waited for. A
 * script that is told to end ends its children first and leaves none behind.
 */

import { spawn } from 'node:child_process';
import { constants } from 'node:os';
import { fileURLToPath } from 'node:url';

/** Folder of the repository. */
export const ROOT = fileURLToPath(new URL('../../', import.meta.url));

/** Says what is being done, on the error stream, so that standard output stays that of the program. */
export function say(text) {
  process.stderr.write(`bellwether: ${text}\n`);
}

/** Ends the script with one sentence and exit code 1. */
export class Refusal extends Error {}

let told = false;

/** Whether a signal came while a program ran in the foreground. */
export function wasTold() {
  return told;
}

/** Exit code of an ended process as a shell would have it. */
function exitCode(code, signal) {
  return code ?? 128 + (constants.signals[signal] ?? 0);
}

/**
 * Runs a program to its end with our own standard streams; signals to us go to it. Resolves to its exit code.
 * `options` are those of `spawn`.
 */
export function foreground(command, args, options = {}) {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, { cwd: ROOT, stdio: 'inherit', ...options });
    const forward = (signal) => {
      told = true;
      child.kill(signal);
    };
    const names = ['SIGTERM', 'SIGINT', 'SIGHUP'];
    for (const name of names) process.on(name, forward);
    const finish = () => {
      for (const name of names) process.off(name, forward);
    };
    child.once('error', (error) => {
      finish();
      reject(error);
    });
    child.once('close', (code, signal) => {
      finish();
      resolve(exitCode(code, signal));
    });
  });
}

/** Runs one of Node's programs (a path within the repository) to its end; resolves to its exit code. */
export function node(args, options) {
  return foreground(process.execPath, args, options);
}

/**
 * Starts a program of Node in a group of its own: a Ctrl-C in the terminal reaches us alone, and we tell it once. `lines`
 * are handed to `onLine` as they come; `ended` resolves to the exit code.
 */
export function background(args, onLine) {
  const child = spawn(process.execPath, args, { cwd: ROOT, stdio: ['ignore', 'pipe', 'inherit'], detached: true });
  let rest = '';
  child.stdout.setEncoding('utf8');
  child.stdout.on('data', (text) => {
    const lines = (rest + text).split('\n');
    rest = lines.pop();
    for (const line of lines) onLine(line);
  });
  const ended = new Promise((resolve) => {
    child.once('error', () => resolve(1));
    child.once('close', (code, signal) => {
      if (rest !== '') onLine(rest);
      resolve(exitCode(code, signal));
    });
  });
  return { child, ended, kill: (signal) => child.exitCode === null && child.signalCode === null && child.kill(signal) };
}
