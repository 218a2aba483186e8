/** What people are shown of secure associations: implements the fleet's Associations over the stack. */

import { elapsed, secureKey, WallTime, type Clock } from '#base';
import type { AssociationFacts, Associations } from '#fleet/ports';
import type { AssociationView, Stack } from '#transport';

/** What it stands on. */
export interface SecureAssociationsParts {
  readonly stack: Pick<Stack, 'association'>;
  readonly clock: Clock;
  /** How many secure listeners there are, numbered after the plain ones. */
  readonly listeners: { readonly first: number; readonly count: number };
}

/** The associations of the secure listeners. */
export class SecureAssociations implements Associations {
  readonly #parts: SecureAssociationsParts;

  constructor(parts: SecureAssociationsParts) {
    this.#parts = parts;
  }

  of(endpoint: string, listener: number | undefined): AssociationFacts | undefined {
    const { listeners, stack } = this.#parts;
    const all = Array.from({ length: listeners.count }, (_, index) => listeners.first + index);
    const order = listener === undefined ? all : [listener, ...all];
    for (const number of order) {
      const view = stack.association(secureKey(number, endpoint));
      if (view !== undefined) return this.#facts(view);
    }
    return undefined;
  }

  #facts({ cid, kind, peer, since, suite }: AssociationView): AssociationFacts | undefined {
    const { address, identity, port } = peer;
    if (identity === undefined) return undefined;
    const { clock } = this.#parts;
    // The endpoint keeps seconds of the monotonic clock: what is below a second here would be made up.
    const made = Math.round((clock.wall() - elapsed(since, clock.now())) / 1000) * 1000;
    return {
      suite,
      identity: { kind: identity.kind, name: identity.name },
      ...(cid !== undefined && { cid }),
      address,
      port,
      since: WallTime(made),
      handshake: kind,
    };
  }
}
