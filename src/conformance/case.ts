/** A case of the OMA enabler test specification (ETS-LightweightM2M 1.1, 1.2), judged on the client. */

import type { Trial } from './trial.js';

/** A case. */
export interface Case {
  /** Its number: 201 is LightweightM2M-1.1-int-201. */
  readonly id: number;
  /** Release of the specification that brought it. */
  readonly release: '1.1' | '1.2';
  readonly title: string;
  /** Tries it. Throws CaseEnd when it does not pass. */
  readonly run: (trial: Trial) => Promise<void>;
}

/** Name of a case in the specification. */
export function nameOf({ id, release }: Case): string {
  return `LightweightM2M-${release}-int-${id}`;
}
