/**
 * Seals secrets before they are stored and opens them again. Data keys seal; the master key wraps the data keys, so that
 * another master key is a matter of a few bytes, and the stored secrets stay as they are.
 */

import { AppError, invariant, type Clock, type Logger } from '#base';

import { open, seal, type SealContext } from './envelope.js';
import { makeDataKey, rewrap, ringOf, unwrapRing, type HeldKey, type WrappedKeys } from './key-ring.js';
import type { MasterKey } from './master-key.js';
import type { MasterKeySource } from './master-source.js';

/** What a vault stands on. */
export interface VaultParts {
  readonly keys: WrappedKeys;
  readonly master: MasterKeySource;
  readonly clock: Pick<Clock, 'wall'>;
  readonly logger: Logger;
  readonly limits?: VaultLimits;
}

/** Bounds of a vault. */
export interface VaultLimits {
  /** Secrets that one data key seals; then another is made (NIST SP 800-38D §8.3: below 2^32 under random nonces). */
  readonly sealsPerKey: number;
  /** Secrets that may be sealed between two writes of the count: a restart counts all of them as sealed. */
  readonly sealsPerWrite: number;
  /** Data keys that may be kept; beyond: AppError(`too_many_data_keys`). */
  readonly dataKeys: number;
}

/** The limits of the server. */
export const VAULT_LIMITS: VaultLimits = { sealsPerKey: 2 ** 31, sealsPerWrite: 2 ** 22, dataKeys: 10_000 };

/** What may be seen of the keys. */
export interface VaultStatus {
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

/** All secrets of a server go through it. */
export class Vault {
  /** Counts since the start. */
  readonly counters = { seals: 0, opens: 0, unreadable: 0, rotations: 0 };
  readonly #parts: VaultParts;
  readonly #limits: VaultLimits;
  #master: MasterKey;
  /** The last one seals. */
  #held: readonly HeldKey[] = [];
  #byId: ReadonlyMap<string, HeldKey> = new Map();
  /** What may be sealed before the count is written again. */
  #left = 0;

  /**
   * Opens the keys of a server, or makes them when there are none. Throws AppError: `master_key_missing` (names the id of the
   * key that is needed), `bad_master_key`, `master_key_place`, `keys_damaged`, `keys_newer`,
   * `store_unavailable` (the data keys cannot be written), `master_key_not_written`.
   */
  static start(parts: VaultParts): Vault {
    const ring = parts.keys.load();
    const current = parts.master.current();
    if (ring === undefined) {
      const master = current ?? parts.master.make();
      const first = [makeDataKey(master, parts.clock.wall())];
      parts.keys.save(ringOf(master, first));
      return new Vault(parts, master, first);
    }
    const master = current?.id === ring.master ? current : parts.master.next();
    if (master?.id !== ring.master) throw missing(parts.master, ring.master, current?.id);
    const vault = new Vault(parts, master, unwrapRing(master, ring));
    vault.#tidy();
    return vault;
  }

  private constructor(parts: VaultParts, master: MasterKey, held: readonly HeldKey[]) {
    this.#parts = parts;
    this.#limits = parts.limits ?? VAULT_LIMITS;
    this.#master = master;
    this.#hold(held);
  }

  /** Seals a secret. Throws AppError `store_unavailable` or `too_many_data_keys` when it cannot be counted; nothing is sealed then. */
  seal(context: SealContext, plaintext: Uint8Array): Uint8Array {
    if (this.#left === 0) this.#reserve();
    this.#left -= 1;
    this.counters.seals += 1;
    return seal(this.#current, context, plaintext);
  }

  /** Opens what `seal` gave for the same context. Throws AppError(`secret_unreadable`), which names the data key. */
  open(context: SealContext, sealed: Uint8Array): Uint8Array {
    this.counters.opens += 1;
    try {
      return open((id) => this.#byId.get(id), context, sealed);
    } catch (error) {
      this.counters.unreadable += 1;
      throw error;
    }
  }

  /**
   * Makes a new master key in place of the current one, which is kept as the old one, wraps all data keys by it, and a new
   * data key seals from now on. Whenever it is cut off, the next start finds its keys. Throws AppError `keys_from_variable`,
   * `too_many_data_keys`, `store_unavailable` and `master_key_not_written`: in case of the last two it may have taken effect.
   */
  rotate(): VaultStatus {
    const { master: source, keys, clock } = this.#parts;
    this.#settle();
    const next = source.prepare();
    const rewrapped = this.#used().map((held) => rewrap(held, next));
    const held = this.#withRoom([...rewrapped, makeDataKey(next, clock.wall())]);
    keys.save(ringOf(next, held));
    this.#master = next;
    this.#hold(held);
    this.#left = 0;
    source.adopt();
    this.counters.rotations += 1;
    return this.status();
  }

  /** Forgets the master key before the last rotation: what it wrapped in backups opens only with a copy of it. Throws AppError(`master_key_not_written`). */
  prune(): VaultStatus {
    this.#parts.master.prune();
    return this.status();
  }

  /** What may be seen of the keys. */
  status(): VaultStatus {
    const { master } = this.#parts;
    const oldMasterKey = master.old();
    return {
      masterKey: this.#master.id,
      source: master.kind,
      ...(oldMasterKey === undefined ? {} : { oldMasterKey }),
      dataKey: this.#current.id,
      dataKeys: this.#held.map(({ id, createdAt, reserved }) => ({ id, createdAt, sealedAtMost: reserved })),
    };
  }

  /** How many data keys are held. */
  get dataKeys(): number {
    return this.#held.length;
  }

  get #current(): HeldKey {
    const current = this.#held.at(-1);
    invariant(current !== undefined, 'a vault always holds a data key');
    return current;
  }

  #hold(held: readonly HeldKey[]): void {
    this.#held = held;
    this.#byId = new Map(held.map((key) => [key.id, key]));
  }

  /** The data keys that something may be sealed with. */
  #used(): readonly HeldKey[] {
    return this.#held.filter(({ reserved }) => reserved > 0);
  }

  #withRoom(held: readonly HeldKey[]): readonly HeldKey[] {
    const { dataKeys: most } = this.#limits;
    if (held.length <= most) return held;
    throw new AppError(
      'too_many_data_keys',
      `${most} data keys are kept already, and none is dropped: secrets may need it`,
    );
  }

  /** Counts the next secrets as sealed, with a new data key when the current one has sealed enough. */
  #reserve(): void {
    const { sealsPerKey, sealsPerWrite } = this.#limits;
    const current = this.#current;
    const full = current.reserved + sealsPerWrite > sealsPerKey;
    const next = full ? makeDataKey(this.#master, this.#parts.clock.wall()) : current;
    const others = full ? this.#held : this.#held.slice(0, -1);
    const held = this.#withRoom([...others, { ...next, reserved: next.reserved + sealsPerWrite }]);
    this.#parts.keys.save(ringOf(this.#master, held));
    this.#hold(held);
    this.#left = sealsPerWrite;
  }

  /**
   * Ends what a rotation left half done. What is held is written once more first: only when it is durable for sure may a key
   * that the file might else still name be forgotten.
   */
  #settle(): void {
    const { master, keys } = this.#parts;
    if (!master.unfinished()) return;
    keys.save(ringOf(this.#master, this.#held));
    if (master.next()?.id === this.#master.id) master.adopt();
    else master.withdraw();
  }

  /** As `#settle`, at a start, which must not fail where it could go on. */
  #tidy(): void {
    try {
      this.#settle();
    } catch (error) {
      if (!(error instanceof AppError)) throw error;
      this.#parts.logger.warn('a rotation of the master key could not be ended', { error: error.message });
    }
  }
}

function missing(source: MasterKeySource, id: string, found: string | undefined): AppError {
  const there = found === undefined ? `${source.where} is not there` : `${source.where} holds ${found}`;
  const old = source.old() === id ? `, and ${source.where}.old holds the one needed: put it in its place` : '';
  return new AppError(
    'master_key_missing',
    `the master key ${id}, which the data keys are wrapped by, is missing: ${there}${old}`,
    {
      details: { masterKey: id },
    },
  );
}
