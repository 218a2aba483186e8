/** What a server counts, read from GET /metrics: how often a handler ran, and whether anything was dropped. */

/** All samples of a server's metrics by name; those with labels under their name and labels. */
export async function readMetrics({ http, token }) {
  const answer = await fetch(`${http}/metrics`, { headers: { authorization: `Bearer ${token}` } });
  if (!answer.ok) throw new Error(`/metrics answered ${answer.status}`);
  const samples = new Map();
  for (const line of (await answer.text()).split('\n')) {
    const sample = /^([^#\s{]+(?:\{[^}]*\})?) (\S+)/.exec(line);
    if (sample !== null) samples.set(sample[1], Number(sample[2]));
  }
  return samples;
}

/** How much a sample rose between two readings. */
export function rise(before, after, name) {
  return (after.get(name) ?? 0) - (before.get(name) ?? 0);
}

/** Why a run of `operations` requests does not count: a sentence each. Empty when it does. */
export function faults(before, after, handler, operations) {
  const found = [];
  const ran = rise(before, after, handler);
  if (!after.has(handler)) found.push(`the server has no counter ${handler}`);
  else if (ran !== operations) found.push(`${handler} rose by ${ran}, not by ${operations}`);
  for (const name of after.keys()) {
    const dropped = name.includes('dropped') ? rise(before, after, name) : 0;
    if (dropped !== 0) found.push(`${name} rose by ${dropped}`);
  }
  return found;
}
