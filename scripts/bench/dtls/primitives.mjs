/**
 * What a handshake asks of cryptography: recorded call by call on its way, counted against what the standard makes
 * necessary, and done again by itself to know what it costs without everything around it.
 */

import { nodeProvider } from '../../../dist/dtls/index.js';
import { cpuNow } from './parties.mjs';

/** A provider that does what `nodeProvider` does, and writes down every call with copies of what it was given. */
export function recordingProvider(calls) {
  const copy = (value) => (value instanceof Uint8Array ? Uint8Array.from(value) : value);
  const noted =
    (name) =>
    (...given) => {
      calls.push({ name, given: given.map(copy) });
      return nodeProvider[name](...given);
    };
  return {
    ...{ hash: noted('hash'), hmac: noted('hmac'), seal: noted('seal'), open: noted('open') },
    ...{ sign: noted('sign'), verify: noted('verify'), equal: noted('equal') },
    transcript: (hash) => {
      const steps = [];
      calls.push({ name: 'transcript', given: [hash], steps });
      const running = nodeProvider.transcript(hash);
      return {
        update: (bytes) => {
          steps.push(copy(bytes));
          running.update(bytes);
        },
        digest: () => {
          steps.push('digest');
          return running.digest();
        },
      };
    },
    ephemeral: (group) => {
      calls.push({ name: 'ephemeral', given: [group] });
      const key = nodeProvider.ephemeral(group);
      return {
        publicKey: key.publicKey,
        agree: (peer) => {
          calls.push({ name: 'agree', given: [copy(peer)], group });
          return key.agree(peer);
        },
      };
    },
  };
}

/** Does a recorded call again. */
function again({ name, given, steps }, fresh) {
  if (name === 'agree') return fresh.pop().agree(...given);
  if (name !== 'transcript') return nodeProvider[name](...given);
  const running = nodeProvider.transcript(...given);
  let last;
  for (const step of steps) {
    if (step === 'digest') last = running.digest();
    else running.update(step);
  }
  return last;
}

/** The kinds that are listed, in order: what a call of theirs is called, and which calls they are. */
const KINDS = [
  ['cookie HMAC', ({ name, given }, place) => name === 'hmac' && Buffer.from(given[2]).includes(place)],
  ['HMAC of the PRF', ({ name, given }, place) => name === 'hmac' && !Buffer.from(given[2]).includes(place)],
  ['transcript', ({ name }) => name === 'transcript'],
  ['AEAD seal', ({ name }) => name === 'seal'],
  ['AEAD open', ({ name }) => name === 'open'],
  ['keygen', ({ name }) => name === 'ephemeral'],
  ['ECDH', ({ name }) => name === 'agree'],
  ['sign', ({ name }) => name === 'sign'],
  ['verify', ({ name }) => name === 'verify'],
  ['comparison', ({ name }) => name === 'equal'],
  ['hash', ({ name }) => name === 'hash'],
];

/** The recorded calls of one handshake by kind; `place` is a text that cookies alone are made over. */
export function byKind(calls, place) {
  return KINDS.map(([kind, is]) => ({ kind, calls: calls.filter((call) => is(call, place)) })).filter(
    (each) => each.calls.length > 0,
  );
}

/** Throws when a handshake has more calls of a kind than `most` says, or fewer. */
export function countsMustBe(kinds, most) {
  const counts = Object.fromEntries(kinds.map(({ kind, calls }) => [kind, calls.length]));
  const names = new Set([...Object.keys(counts), ...Object.keys(most)]);
  const wrong = [...names].filter((name) => (counts[name] ?? 0) !== (most[name] ?? 0));
  const told = wrong.map((name) => `${name}: ${counts[name] ?? 0}, not ${most[name] ?? 0}`);
  if (wrong.length > 0) throw new Error(`void: a handshake asks otherwise of cryptography: ${told.join('; ')}`);
}

/** Microseconds that the calls of each kind take in one handshake, when they are done `times` times. */
export function costs(kinds, times) {
  return kinds.map(({ calls }) => {
    // A key is agreed with once: what its first use costs is part of it.
    const fresh = calls.flatMap(({ name, group }) =>
      name === 'agree' ? Array.from({ length: times }, () => nodeProvider.ephemeral(group)) : [],
    );
    const began = cpuNow();
    for (let time = 0; time < times; time += 1) for (const call of calls) again(call, fresh);
    return (cpuNow() - began) / times;
  });
}
