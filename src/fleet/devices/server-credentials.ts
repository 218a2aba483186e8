/**
 * Keys of the server and their chains, each for some host names or for all the others: kept sealed, shown without the private
 * half, handed out as they are to whoever makes the offer of the secure listeners. Those in the operator's files are shown too.
 */

import { AppError, EMPTY, Emitter, decodeBase64, encodeBase64, rfc3339 } from '#base';
import type { Clock } from '#base';
import type { Commits } from '../access/commits.js';
import { permit } from '../access/guard.js';
import type { NewEvent, Principal, ServerCredentialSetting } from '../model/index.js';
import type { KeyForms, Secrets, ServerFiles, ServerKeyFacts, ServerKeyPublic, Versioned } from '../ports/index.js';
import { Exclusive } from './exclusive.js';
import { OperatorTable } from './operator-table.js';
import type { CheckCurrent } from './operator-table.js';
import type { Trust } from './trust.js';
import { labelled, readAs } from './trust.js';

/** A key of the server as shown. */
export interface ServerCredentialView extends ServerKeyFacts, ServerKeyPublic {
  readonly id: string;
  /** files: what --coaps-key and --coaps-chain name. */
  readonly source: 'files' | 'stored';
  readonly hosts?: readonly string[];
  readonly anchors?: readonly string[];
  readonly label?: string;
  readonly createdAt?: string;
}

/** What is said of a key of the server. */
export interface ServerCredentialInput {
  /** Private key as PEM; absent: the one that is kept under this id. */
  readonly key?: string;
  /** Certificates as PEM, its own first. */
  readonly chain?: string;
  readonly hosts?: readonly string[];
  readonly anchors?: readonly string[];
  readonly label?: string;
}

/** A key of the server to offer. */
export interface ServerCredentialMaterial {
  readonly id: string;
  /** PKCS#8 in DER, a secret; undefined: what is stored cannot be opened. */
  readonly privateKey: Uint8Array | undefined;
  readonly chain?: string;
  readonly hosts?: readonly string[];
  readonly anchors?: readonly string[];
}

/** What they stand on. */
export interface ServerCredentialsParts {
  readonly commits: Commits;
  readonly clock: Clock;
  readonly secrets: Secrets;
  readonly forms: KeyForms;
  readonly trust: Trust;
  readonly serverFiles: ServerFiles;
  /** How many are kept; beyond: AppError(`too_many_server_credentials`). */
  readonly limit: number;
}

/** The id under which what the files hold is shown; nothing is stored under it. */
export const FILES_ID = 'files';

/** All keys of the server. */
export class ServerCredentials {
  /** Told when what is kept has changed and that is durable. */
  readonly changes = new Emitter<{ readonly type: 'changed' }>();
  readonly counters = { server_credentials_unreadable: 0 };
  readonly #parts: ServerCredentialsParts;
  readonly #table: OperatorTable<ServerCredentialSetting, ServerCredentialView>;
  /** One change at a time over all ids: no two may be for the same host. */
  readonly #exclusive = new Exclusive();

  constructor(parts: ServerCredentialsParts) {
    const { clock, commits, limit } = parts;
    this.#parts = parts;
    this.#table = new OperatorTable({
      ...{ commits, kind: 'serverCredential', limit },
      full: (most) => new AppError('too_many_server_credentials', `${most} server credentials are there already`),
      missing,
      view: (record) => this.#view(record),
      event: (id, record): NewEvent => ({
        type: 'serverCredential.changed',
        at: clock.wall(),
        data: { serverCredential: id, known: record !== undefined },
      }),
    });
  }

  /** How many are kept. */
  get size(): number {
    return this.#table.size;
  }

  /** Takes a loaded setting in. */
  restore(setting: Versioned<ServerCredentialSetting>): void {
    this.#table.restore(setting);
  }

  /** All of them, that of the files first, then by id. */
  list(principal: Principal): readonly ServerCredentialView[] {
    permit(principal, 'trust:read');
    return [...this.#ofFiles(), ...this.#table.list()];
  }

  /** One of them. Throws AppError(`server_credential_not_found`). */
  get(principal: Principal, id: string): ServerCredentialView {
    permit(principal, 'trust:read');
    return this.#ofFiles().find((view) => view.id === id) ?? this.#table.get(id);
  }

  /**
   * Puts a key of the server, or another chain, other hosts or anchors for the one that is kept; resolves when that is durable,
   * and the next handshake has it. Associations go on. What changes nothing is not committed. Throws AppError `invalid_body`,
   * `anchor_not_found`, `server_credential_of_files`, `server_host_taken`, `too_many_server_credentials`, `secret_unreadable`
   * (the key that is kept is to be used, and cannot be), what `check` throws, and what the store refuses.
   */
  put(
    principal: Principal,
    id: string,
    input: ServerCredentialInput,
    check: CheckCurrent<ServerCredentialView> = ANY,
  ): Promise<ServerCredentialView> {
    permit(principal, 'trust:write');
    refuseFiles(id);
    return this.#exclusive.run('', async () => {
      const record = this.#record(id, input);
      this.#checkHosts(record);
      const { createdAt: _put, ...known } = this.#table.record(id) ?? { createdAt: undefined };
      const { createdAt: _now, ...wanted } = record;
      const same = JSON.stringify(sorted(known)) === JSON.stringify(sorted(wanted));
      const view = await this.#table.put(principal, record, check, () => same);
      if (!same) this.changes.emit({ type: 'changed' });
      return view;
    });
  }

  /** Offers a key no more; resolves when that is durable. Throws AppError `server_credential_not_found` and as `put`. */
  remove(principal: Principal, id: string, check: CheckCurrent<ServerCredentialView> = ANY): Promise<void> {
    permit(principal, 'trust:write');
    refuseFiles(id);
    return this.#exclusive.run('', async () => {
      await this.#table.remove(principal, id, check);
      this.changes.emit({ type: 'changed' });
    });
  }

  /**
   * Reads the files of key and chain again, for the next handshake; resolves when that is told. Throws
   * AppError(`server_files_unusable`), and changes nothing then.
   */
  async reload(principal: Principal): Promise<readonly ServerCredentialView[]> {
    permit(principal, 'trust:write');
    const { clock, commits, serverFiles } = this.#parts;
    serverFiles.reload();
    const event: NewEvent = { type: 'serverCredential.reloaded', at: clock.wall(), data: {} };
    await commits.notice({ actor: principal.actor, events: [event] });
    return this.list(principal);
  }

  /** All that are kept, by id, for whoever makes the offer. Their private keys are to be overwritten after use. */
  material(): readonly ServerCredentialMaterial[] {
    return this.#table.records().map((record) => {
      const { anchors, chain, hosts, name: id } = record;
      return {
        ...{ id, privateKey: this.#open(record) },
        ...(chain !== undefined && { chain }),
        ...(hosts !== undefined && { hosts }),
        ...(anchors !== undefined && { anchors }),
      };
    });
  }

  /** Whether what was good under a trust anchor may be gone on with where a host name was asked for. */
  admits(host: string | undefined, anchor: string): boolean {
    const records = this.#table.records();
    const named = records.filter(({ hosts }) => host !== undefined && hosts?.includes(host) === true);
    const meant = named.length > 0 ? named : this.#ofOthers(records);
    return meant.length === 0 || meant.some(({ anchors }) => anchors === undefined || anchors.includes(anchor));
  }

  /** Those for hosts that no key is for; where there is none for them, any key is offered to them. */
  #ofOthers(records: readonly ServerCredentialSetting[]): readonly ServerCredentialSetting[] {
    const others = records.filter(({ hosts }) => hosts === undefined);
    return others.length > 0 || this.#parts.serverFiles.current() !== undefined ? others : records;
  }

  #record(id: string, input: ServerCredentialInput): ServerCredentialSetting {
    const { clock, forms, secrets, trust } = this.#parts;
    const known = this.#table.record(id);
    const wall = clock.wall();
    const { anchors, hosts, key, label } = input;
    for (const anchor of anchors ?? [])
      if (trust.anchor(anchor) === undefined)
        throw new AppError('anchor_not_found', `there is no trust anchor "${anchor}"`);
    const read = key === undefined ? undefined : readAs('/key', () => forms.serverKey(key));
    const publicKey = read?.publicKey ?? known?.publicKey;
    if (publicKey === undefined) throw invalid('/key', `must be there: no key is kept under "${id}"`);
    const its = known?.publicKey === publicKey && this.#isReadable(known) ? known : undefined;
    if (read === undefined && its === undefined)
      throw new AppError('secret_unreadable', `the key that is kept under "${id}" cannot be read: hand it in again`);
    const text = input.chain;
    const chain = text === undefined ? undefined : readAs('/chain', () => forms.serverChain(text, publicKey, wall));
    const sealed =
      its?.sealed ?? encodeBase64(secrets.seal(contextOf(id), (read as { privateKey: Uint8Array }).privateKey));
    read?.privateKey.fill(0);
    const kept = {
      ...({ kind: 'serverCredential', name: id, sealed, publicKey } as const),
      ...(chain !== undefined && { chain }),
      ...(hosts !== undefined && { hosts: [...new Set(hosts.map(hostOf))].sort() }),
      ...(anchors !== undefined && { anchors: [...anchors].sort() }),
    };
    return { ...kept, ...labelled(label), createdAt: wall };
  }

  /** For one host, or for all others, there is one key of each type: which one a device gets must not depend on chance. */
  #checkHosts(record: ServerCredentialSetting): void {
    const { keyType } = this.#parts.forms.serverFacts(record);
    for (const other of this.#table.records()) {
      if (other.name === record.name || this.#parts.forms.serverFacts(other).keyType !== keyType) continue;
      const isDefault = other.hosts === undefined && record.hosts === undefined;
      const host = isDefault ? undefined : record.hosts?.find((name) => other.hosts?.includes(name));
      if (!isDefault && host === undefined) continue;
      const what = host === undefined ? 'all hosts that no other is for' : `the host "${host}"`;
      throw new AppError('server_host_taken', `"${other.name}" is the ${keyType} key for ${what} already`);
    }
  }

  #view(record: ServerCredentialSetting): ServerCredentialView {
    const { anchors, hosts, label, name: id, publicKey, chain, createdAt } = record;
    const key = { publicKey, ...(chain !== undefined && { chain }) };
    return {
      ...{ id, source: 'stored', ...this.#parts.forms.serverFacts(key), ...key },
      ...(hosts !== undefined && { hosts }),
      ...(anchors !== undefined && { anchors }),
      ...labelled(label),
      createdAt: rfc3339(createdAt),
    };
  }

  #ofFiles(): readonly ServerCredentialView[] {
    const { forms, serverFiles } = this.#parts;
    const key = serverFiles.current();
    return key === undefined ? [] : [{ id: FILES_ID, source: 'files', ...forms.serverFacts(key), ...key }];
  }

  #isReadable(record: ServerCredentialSetting): boolean {
    return this.#open(record)?.fill(0) !== undefined;
  }

  #open({ name, sealed }: ServerCredentialSetting): Uint8Array | undefined {
    try {
      return this.#parts.secrets.open(contextOf(name), decodeBase64(sealed) ?? EMPTY);
    } catch (error) {
      if (!(error instanceof AppError)) throw error;
      this.counters.server_credentials_unreadable += 1;
      return undefined;
    }
  }
}

function contextOf(id: string): { owner: string; kind: string; version: number } {
  return { owner: `server credential ${id}`, kind: 'server key', version: 1 };
}

/** A host name as a hello has it (RFC 6066 §3): in lower case, letters, digits and hyphens, no address and no dot at its end. */
function hostOf(text: string): string {
  const host = text.toLowerCase();
  const labels = host.split('.');
  const fits = host.length <= 253 && labels.every((label) => /^[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?$/.test(label));
  if (fits && !/^\d+$/.test(labels.at(-1) ?? '')) return host;
  throw invalid(
    '/hosts',
    `"${text}" is no host name: labels of letters, digits and hyphens with dots between, no address`,
  );
}

function sorted(record: object): readonly (readonly [string, unknown])[] {
  return Object.entries(record).sort(([left], [right]) => (left < right ? -1 : 1));
}

function refuseFiles(id: string): void {
  if (id !== FILES_ID) return;
  const words = `"${FILES_ID}" is what --coaps-key and --coaps-chain name: change the files and reload, or choose another id`;
  throw new AppError('server_credential_of_files', words);
}

function missing(id: string): AppError {
  return new AppError('server_credential_not_found', `there is no server credential "${id}"`);
}

function invalid(pointer: string, detail: string): AppError {
  return new AppError('invalid_body', `the body does not fit: ${pointer} ${detail}`, { faults: [{ pointer, detail }] });
}

const ANY: CheckCurrent<unknown> = () => undefined;
