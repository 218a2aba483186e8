/** Groups for the ephemeral key agreement, one row each (RFC 8422 §5.1.1). */

/** Groups as they stand on the wire. */
export const NamedGroup = Object.freeze({ SECP256R1: 23, SECP384R1: 24, X25519: 29 } as const);

/** One group. */
export interface Group {
  readonly id: number;
  /** As the IANA registry spells it. */
  readonly name: string;
  /** Bytes of a public key: an uncompressed point `04‖X‖Y`, or the 32 bytes of X25519. */
  readonly publicKeyLength: number;
  /** What node:crypto calls the curve; absent with X25519. */
  readonly curve?: 'prime256v1' | 'secp384r1';
}

/** Every group there is here. */
export const GROUPS: readonly Group[] = Object.freeze([
  Object.freeze({ id: NamedGroup.SECP256R1, name: 'secp256r1', publicKeyLength: 65, curve: 'prime256v1' }),
  Object.freeze({ id: NamedGroup.SECP384R1, name: 'secp384r1', publicKeyLength: 97, curve: 'secp384r1' }),
  Object.freeze({ id: NamedGroup.X25519, name: 'x25519', publicKeyLength: 32 }),
]);

/** The group of a number on the wire; undefined when it is none of ours. */
export function groupOf(id: number): Group | undefined {
  return GROUPS.find((group) => group.id === id);
}
