/**
 * `node scripts/bench/profile.mjs FILE.cpuprofile [N]`: where a thread's time went: the N functions (30) with most time of
 * their own, and the same by file. Profiles are written by `npm run bench -- --profile FOLDER`.
 */

import { readFileSync } from 'node:fs';

const { nodes, samples, timeDeltas } = JSON.parse(readFileSync(process.argv[2], 'utf8'));
const count = Number(process.argv[3] ?? 30);
const byId = new Map(nodes.map((node) => [node.id, node]));
const functions = new Map();
const files = new Map();
let busy = 0;
samples.forEach((id, index) => {
  const { functionName, url, lineNumber } = byId.get(id).callFrame;
  if (functionName === '(idle)' || functionName === '(program)') return;
  const file = url.replace(/^.*\/(dist|node_modules|scripts)\//, '$1/') || '(native)';
  const name = `${functionName || '(anonymous)'} ${file}:${lineNumber + 1}`;
  functions.set(name, (functions.get(name) ?? 0) + timeDeltas[index]);
  files.set(file, (files.get(file) ?? 0) + timeDeltas[index]);
  busy += timeDeltas[index];
});

const table = (entries) => {
  for (const [name, time] of [...entries].sort((a, b) => b[1] - a[1]).slice(0, count)) {
    console.log(
      `${((100 * time) / busy).toFixed(1).padStart(6)} %  ${(time / 1000).toFixed(0).padStart(7)} ms  ${name}`,
    );
  }
};
console.log(
  `busy ${(busy / 1000).toFixed(0)} ms of ${(timeDeltas.reduce((sum, delta) => sum + delta, 0) / 1000).toFixed(0)} ms`,
);
table(functions);
console.log('by file');
table(files);
