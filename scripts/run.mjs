/**
 * What `npm start`, `npm test` and the other scripts of package.json run: `node scripts/run.mjs COMMAND [ARGUMENT…]`.
 * Needs nothing but Node, and imports nothing before it has checked that Node is one this project runs on, so that a Node
 * which is too old ends with one sentence and not with a stack.
 */

/** The floors of `engines` in package.json: within these majors at least this release, or anything newer. */
const FLOORS = [
  [20, 20, 2],
  [22, 22, 2],
  [24, 14, 1],
];

/** Whether a version such as `v20.20.2` is at or above the floor of its major, or of a later major than all of them. */
function isSupported(version) {
  const [major, minor, patch] = version.replace(/^v/, '').split('.').map(Number);
  if (major > FLOORS[FLOORS.length - 1][0]) return true;
  return FLOORS.some(
    ([atMajor, atMinor, atPatch]) => major === atMajor && (minor > atMinor || (minor === atMinor && patch >= atPatch)),
  );
}

if (!isSupported(process.version)) {
  console.error(
    'bellwether: Node ' +
      process.version +
      ' is not supported: install Node 20.20.2, 22.22.2 or 24.14.1, or a later release of these.',
  );
  process.exit(1);
}

import('./run/commands.mjs').then(
  (commands) => commands.main(process.argv.slice(2)),
  (error) => {
    console.error(error);
    process.exit(1);
  },
);
