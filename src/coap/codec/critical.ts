/** Which option of a message its receiver must refuse (RFC 7252 §5.4). */

import type { Message } from './message.js';
import { fitsRegistry, isCritical, OPTIONS } from './options.js';

/**
 * Number of the first option of `message` that must be refused: critical and not `known` (RFC 7252 §5.4.1), critical and of a
 * length its row forbids (§5.4.3), or critical and repeated where it may stand once (§5.4.5). Undefined when there is none.
 * A request with one is answered 4.02 when confirmable and dropped otherwise; a response with one is rejected.
 */
export function criticalProblem(message: Message, known: (option: number) => boolean): number | undefined {
  let before = -1;
  for (const walk = message.walk(); walk.next();) {
    const { number } = walk;
    if (isCritical(number)) {
      if (!known(number) || !fitsRegistry(number, walk.end - walk.start)) return number;
      if (number === before && OPTIONS.get(number)?.repeatable === 'once') return number;
    }
    before = number;
  }
  return undefined;
}
