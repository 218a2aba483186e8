/**
 * Numbers that look random and follow from a seed alone: the same device shows the same values in every run. Not for
 * secrets: tokens and message ids come from the Random the stack is given.
 */

/** A 32-bit number that follows from `seed` and `salt`, well mixed. */
export function mix(seed: number, salt: number): number {
  let hash = (seed ^ Math.imul(salt, 0x9e37_79b1)) >>> 0;
  hash = Math.imul(hash ^ (hash >>> 16), 0x85eb_ca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2_ae35);
  return (hash ^ (hash >>> 16)) >>> 0;
}

/** A number in [0, 1) that follows from `seed` and `salt`. */
export function fractionOf(seed: number, salt: number): number {
  return mix(seed, salt) / 0x1_0000_0000;
}

/** A seed from a number and a name, so that devices of one run differ. */
export function seedFor(seed: number, name: string): number {
  let hash = mix(seed >>> 0, name.length);
  for (let index = 0; index < name.length; index += 1) hash = mix(hash, name.charCodeAt(index));
  return hash;
}

/**
 * A smooth wander around 0 within -1 to 1 at second `at`: two slow waves and a little noise that changes every
 * SAMPLE_SECONDS. Equal arguments give equal values, whatever was asked before.
 */
export function wander(seed: number, at: number): number {
  const sample = Math.floor(at / SAMPLE_SECONDS);
  const time = sample * SAMPLE_SECONDS;
  const slow = Math.sin((2 * Math.PI * time) / SLOW_WAVE + 2 * Math.PI * fractionOf(seed, 1));
  const quick = Math.sin((2 * Math.PI * time) / QUICK_WAVE + 2 * Math.PI * fractionOf(seed, 2));
  const noise = 2 * fractionOf(seed, sample + 3) - 1;
  return 0.65 * slow + 0.25 * quick + 0.1 * noise;
}

/** Seconds between two samples of what a device measures. */
export const SAMPLE_SECONDS = 5;
/** Periods of the two waves in seconds. */
const SLOW_WAVE = 1_800;
const QUICK_WAVE = 170;
