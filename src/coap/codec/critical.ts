/** Which options a receiver must refuse (RFC 7252 §5.4). */

import { isCritical, OPTIONS } from './options.js';

/** Whether an option is critical and unknown, of a wrong length, or a repetition of one that may stand once. */
export function isUnknownCritical(
  number: number,
  length: number,
  occurrence: 'first' | 'again',
  known: (option: number) => boolean,
): boolean {
  if (!isCritical(number)) return false;
  const row = OPTIONS.get(number);
  if (row === undefined || !known(number)) return true;
  if (length < row.min || length > row.max) return true;
  return occurrence === 'again' && row.repeatable === 'once';
}
