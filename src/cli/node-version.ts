/** Whether this Node is one that the program runs on: asked before anything else is loaded. */

/** The floors of `engines` in package.json: within these majors at least this release, or any later major. */
const FLOORS: readonly (readonly [number, number, number])[] = [
  [20, 20, 2],
  [22, 22, 2],
  [24, 14, 1],
];

/** What is wrong with a version such as `v18.20.8`, in one sentence; undefined when nothing is. */
export function whyNotThisNode(version: string): string | undefined {
  const [major = 0, minor = 0, patch = 0] = version
    .replace(/^v/, '')
    .split('.')
    .map((part) => Number.parseInt(part, 10));
  const newest = FLOORS[FLOORS.length - 1] as readonly [number, number, number];
  if (major > newest[0]) return undefined;
  const fits = FLOORS.some(
    ([atMajor, atMinor, atPatch]) => major === atMajor && (minor > atMinor || (minor === atMinor && patch >= atPatch)),
  );
  if (fits) return undefined;
  const names = FLOORS.map((floor) => floor.join('.'));
  return `Node ${version} is not supported: install Node ${names.slice(0, -1).join(', ')} or ${names.at(-1) ?? ''}, or a later release of these.`;
}
