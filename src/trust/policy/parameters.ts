/** Limits and tolerances of the judge: one row each. Checked once, where they are read; inner code never re-checks. */

import { AppError } from '#base';

/** One row of the table. */
export interface TrustParameterRow {
  readonly name: string;
  /** Its default. */
  readonly initial: number;
  readonly min: number;
  readonly max: number;
  readonly unit: 'ms' | 'count' | 'bytes';
  /** What it is and what a larger value buys and costs, in one sentence. */
  readonly help: string;
}

/** Every number the judge goes by. */
export const TRUST_PARAMETERS = [
  {
    name: 'mostCertificates',
    initial: 4,
    min: 1,
    max: 10,
    unit: 'count',
    help: 'Certificates below the anchor: more allows deeper hierarchies and costs a signature check each.',
  },
  {
    name: 'mostBytes',
    initial: 131_072,
    min: 1_024,
    max: 1_048_576,
    unit: 'bytes',
    help: 'Bytes of a whole chain: more allows larger certificates and lets a peer buy more work with one message.',
  },
  {
    name: 'skew',
    initial: 300_000,
    min: 0,
    max: 86_400_000,
    unit: 'ms',
    help: 'How far clocks may differ: longer forgives wrong clocks and lets what has expired live on as long.',
  },
  {
    name: 'crlGrace',
    initial: 86_400_000,
    min: 0,
    max: 2_592_000_000,
    unit: 'ms',
    help: 'How long a revocation list is used after its nextUpdate: longer survives an issuer that is late and learns later of what it revoked; after it every chain of the issuer is refused.',
  },
  {
    name: 'cachedVerdicts',
    initial: 4_096,
    min: 0,
    max: 1_000_000,
    unit: 'count',
    help: 'Chains whose good verdict is kept: more spares signature checks when devices come back, a few KB each.',
  },
  {
    name: 'cachedRefusals',
    initial: 512,
    min: 0,
    max: 100_000,
    unit: 'count',
    help: 'Chains whose refusal is kept, apart from the good ones so that bad ones cannot push those out.',
  },
] as const satisfies readonly TrustParameterRow[];

/** Name of a number the judge goes by. */
export type TrustParameter = (typeof TRUST_PARAMETERS)[number]['name'];

/** Whether every issuer in a path needs a revocation list, or only one that has a list loaded is asked. */
export type CrlPolicy = 'required' | 'whenLoaded';

/** What the judge goes by, checked and complete. */
export type TrustParameters = Readonly<Record<TrustParameter, number>> & { readonly crl: CrlPolicy };

/** The defaults with some values changed; throws AppError(`invalid_setting`) naming a value out of its bounds and the bounds. */
export function trustParameters(changes: Partial<TrustParameters> = {}): TrustParameters {
  const numbers = TRUST_PARAMETERS.map(({ name, initial, min, max, unit }): [TrustParameter, number] => {
    const value = changes[name] ?? initial;
    if (!Number.isInteger(value) || value < min || value > max) {
      throw new AppError(
        'invalid_setting',
        `${name} is ${value}; a whole number of ${unit} from ${min} to ${max} is expected`,
      );
    }
    return [name, value];
  });
  const values = Object.fromEntries(numbers) as Record<TrustParameter, number>;
  return Object.freeze({ ...values, crl: changes.crl ?? 'whenLoaded' });
}
