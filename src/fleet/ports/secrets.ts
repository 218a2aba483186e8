/** Where secrets are sealed before they are stored: the vault, implemented outside. */

/** Seals and opens secrets. */
export interface Secrets {
  /** Sealed bytes that open only for the same owner, kind and version (a whole number below 2^48). */
  seal(
    context: { readonly owner: string; readonly kind: string; readonly version: number },
    plaintext: Uint8Array,
  ): Uint8Array;
  /** What was sealed for this context. Throws AppError(`secret_unreadable`), which names the key and nothing of the content. */
  open(
    context: { readonly owner: string; readonly kind: string; readonly version: number },
    sealed: Uint8Array,
  ): Uint8Array;
}
