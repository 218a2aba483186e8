/** Associations over an orderly restart: written down when the server stops, gone on with when it starts. */

import { DecodeError, Milliseconds, messageOf, type Clock, type Logger } from '#base';
import type { FleetStore } from '#fleet/ports';
import type { SecureDoor } from '#southbound';
import type { Stack } from '#transport';

import type { AssociationFile, Left } from './association-file.js';

/** Writes down what associations there are, for the next start; a stop does not fail for it. */
export function leaveAssociations(
  stack: Stack,
  file: AssociationFile,
  opening: string,
  { clock, logger }: { readonly clock: Clock; readonly logger: Logger },
): void {
  const count = stack.secureGauges()['associations'] ?? 0;
  const snapshot = stack.retire();
  if (snapshot === undefined || count === 0) return;
  try {
    file.write(opening, snapshot, clock.wall());
    logger.info('associations are kept for the next start', { count });
  } catch (error) {
    logger.warn('associations are not kept: devices come back by short handshakes', { error: messageOf(error) });
  }
  snapshot.fill(0);
}

/** A start has failed before it took them: they wait for the next one. */
export function handOnAssociations(
  file: AssociationFile,
  { opening, openingBefore }: Pick<FleetStore, 'opening' | 'openingBefore'>,
  logger: Logger,
): void {
  try {
    file.handOn(openingBefore, opening);
  } catch (error) {
    logger.warn('associations are not kept: devices come back by short handshakes', { error: messageOf(error) });
  }
}

/** Goes on with the associations of the stop before this start, if that was an orderly one. */
export function takeAssociations(
  stack: Stack,
  left: Left,
  door: SecureDoor,
  { clock, logger }: { readonly clock: Clock; readonly logger: Logger },
): void {
  if (left.is === 'nothing') return;
  if (left.is === 'refused') {
    logger.warn('associations are not gone on with: devices come back by short handshakes', { why: left.why });
    return;
  }
  try {
    const rested = Milliseconds(Math.max(clock.wall() - left.written, 0));
    stack.adopt(left.snapshot, rested, (peer) => door.takesUp(peer, left.written));
    logger.info('associations go on', { count: stack.secureGauges()['associations'] ?? 0 });
  } catch (error) {
    if (!(error instanceof DecodeError)) throw error;
    logger.warn('associations are not gone on with: devices come back by short handshakes', { why: error.message });
  }
  left.snapshot.fill(0);
}
