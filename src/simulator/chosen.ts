/** Which of many devices a step of a script is for: so many, a share, or those whose name fits a pattern. */

import type { DeviceChoice } from './script.js';
import { mix } from './seed.js';

/** A device among those that run together. */
export interface Member {
  /** From 1. */
  readonly number: number;
  readonly count: number;
  /** The seed that all of them have in common. */
  readonly seed: number;
}

/** Whether a device takes part. A number of devices is spread evenly over all; with which it begins follows from seed and step. */
export function isChosen(choice: DeviceChoice | undefined, step: number, name: string, member: Member): boolean {
  if (choice === undefined) return true;
  const wanted = chosenCount(choice, member.count);
  if (wanted === undefined) return patternOf(String(choice)).test(name);
  const place = (member.number - 1 + mix(member.seed, step)) % member.count;
  return Math.floor(((place + 1) * wanted) / member.count) > Math.floor((place * wanted) / member.count);
}

/** How many of `count` devices a choice is of; undefined for a pattern. */
export function chosenCount(choice: DeviceChoice, count: number): number | undefined {
  if (typeof choice === 'number') return choice;
  const share = SHARE.exec(choice)?.[1];
  return share === undefined ? undefined : Math.round((Number(share) / 100) * count);
}

/** The expression of a pattern in which `*` stands for any characters. */
function patternOf(pattern: string): RegExp {
  const parts = pattern.split(/\*+/).map((part) => part.replaceAll(/[.+?^${}()|[\]\\/-]/g, '\\$&'));
  return new RegExp(`^${parts.join('.*')}$`, 's');
}

/** A share such as `20%` or `0.5%`. */
const SHARE = /^(\d{1,3}(?:\.\d{1,6})?)%$/;
