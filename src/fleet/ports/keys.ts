/** Who keeps the keys that secrets are sealed with: the vault, implemented outside. */

/** What may be seen of the keys. */
export interface KeyStatus {
  /** Id of the master key. */
  readonly masterKey: string;
  readonly source: 'file' | 'variable';
  /** Id of the master key before the last rotation, while it is kept. */
  readonly oldMasterKey?: string;
  /** Id of the data key that seals. */
  readonly dataKey: string;
  readonly dataKeys: readonly {
    readonly id: string;
    /** Milliseconds since 1970. */
    readonly createdAt: number;
    /** It has sealed no more than so many secrets. */
    readonly sealedAtMost: number;
  }[];
}

/** The keys of a server. */
export interface KeyKeeper {
  status(): KeyStatus;
  /** A new master key and a new data key, at once. Throws AppError. */
  rotate(): KeyStatus;
  /** Forgets the master key before the last rotation. Throws AppError. */
  prune(): KeyStatus;
}
