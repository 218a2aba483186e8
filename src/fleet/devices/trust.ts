/**
 * Trust anchors with the rule by which certificates under them name endpoints, and revocation lists: kept and handed out as
 * they are. Whether a certificate is good is judged outside.
 */

import { AppError, Emitter } from '#base';
import type { Clock, WallTime } from '#base';
import { rfc3339 } from '#base';
import type { Commits } from '../access/commits.js';
import { permit } from '../access/guard.js';
import type { AnchorSetting, NewEvent, Principal, RevocationListSetting } from '../model/index.js';
import type { KeyForms, Versioned } from '../ports/index.js';
import { checkNameRule } from './name-rule.js';
import { OperatorTable } from './operator-table.js';
import type { CheckCurrent } from './operator-table.js';

/** A trust anchor as shown. */
export interface AnchorView {
  readonly id: string;
  readonly certificate: string;
  readonly fingerprint: string;
  readonly subject: string;
  readonly notAfter: string;
  readonly rule: string;
  readonly label?: string;
  readonly createdAt: string;
}

/** What is said of a trust anchor. */
export interface AnchorInput {
  /** PEM or base64 of its DER. */
  readonly certificate: string;
  /** `{cn}` unless given. */
  readonly rule?: string;
  readonly label?: string;
}

/** A revocation list as shown. */
export interface RevocationListView {
  readonly id: string;
  readonly list: string;
  readonly label?: string;
  readonly createdAt: string;
}

/** What is said of a revocation list. */
export interface RevocationListInput {
  /** PEM or base64 of its DER. */
  readonly list: string;
  readonly label?: string;
}

/** anchor: the certificates or the rule of one are others now, or it is gone; lists: a revocation list came, changed or went. */
export type TrustChange = { readonly type: 'anchor'; readonly anchor: string } | { readonly type: 'lists' };

/** What trust stands on. */
export interface TrustParts {
  readonly commits: Commits;
  readonly clock: Clock;
  readonly forms: KeyForms;
  /** Trust anchors there may be, and as many revocation lists; beyond: AppError(`too_many_anchors`). */
  readonly limit: number;
}

/** All trust anchors and revocation lists. */
export class Trust {
  /** Told when what is trusted has changed and that is durable. */
  readonly changes = new Emitter<TrustChange>();
  readonly #parts: TrustParts;
  readonly #anchors: OperatorTable<AnchorSetting, AnchorView>;
  readonly #lists: OperatorTable<RevocationListSetting, RevocationListView>;

  constructor(parts: TrustParts) {
    this.#parts = parts;
    const { commits, limit, clock, forms } = parts;
    const event = (what: 'anchor' | 'revocationList', id: string, record: object | undefined): NewEvent => ({
      type: 'trust.changed',
      at: clock.wall(),
      data: { [what]: id, known: record !== undefined },
    });
    this.#anchors = new OperatorTable({
      ...{ commits, kind: 'anchor', limit },
      full: (most) => new AppError('too_many_anchors', `${most} trust anchors are there already`),
      missing: (id) => new AppError('anchor_not_found', `there is no trust anchor "${id}"`),
      view: ({ name: id, certificate, rule, label, createdAt }) => {
        const { fingerprint, subject, notAfter } = forms.certificate(certificate);
        const shown = { id, certificate, fingerprint, subject, notAfter, rule };
        return { ...shown, ...(label !== undefined && { label }), createdAt: rfc3339(createdAt) };
      },
      event: (id, record) => event('anchor', id, record),
    });
    this.#lists = new OperatorTable({
      ...{ commits, kind: 'crl', limit },
      full: (most) => new AppError('too_many_anchors', `${most} revocation lists are there already`),
      missing: (id) => new AppError('revocation_list_not_found', `there is no revocation list "${id}"`),
      view: ({ name: id, list, label, createdAt }) => ({
        ...{ id, list },
        ...(label !== undefined && { label }),
        createdAt: rfc3339(createdAt),
      }),
      event: (id, record) => event('revocationList', id, record),
    });
  }

  /** Trust anchors and revocation lists there are. */
  get size(): number {
    return this.#anchors.size + this.#lists.size;
  }

  /** Takes a loaded setting in. */
  restore(setting: Versioned<AnchorSetting> | Versioned<RevocationListSetting>): void {
    if (isAnchor(setting)) this.#anchors.restore(setting);
    else this.#lists.restore(setting);
  }

  /** One trust anchor. */
  anchor(id: string): AnchorSetting | undefined {
    return this.#anchors.record(id);
  }

  /** All trust anchors and all revocation lists, for whoever judges certificates. */
  material(): { readonly anchors: readonly AnchorSetting[]; readonly lists: readonly RevocationListSetting[] } {
    return { anchors: this.#anchors.records(), lists: this.#lists.records() };
  }

  /** Whether a revocation list came or changed at `since` or later. */
  listedSince(since: WallTime): boolean {
    return this.#lists.records().some(({ createdAt }) => createdAt >= since);
  }

  /** All trust anchors, by id. */
  anchors(principal: Principal): readonly AnchorView[] {
    permit(principal, 'trust:read');
    return this.#anchors.list();
  }

  /** One trust anchor. Throws AppError(`anchor_not_found`). */
  getAnchor(principal: Principal, id: string): AnchorView {
    permit(principal, 'trust:read');
    return this.#anchors.get(id);
  }

  /**
   * Puts a trust anchor; resolves when that is durable. What changes nothing is not committed. Throws AppError `invalid_body`,
   * `too_many_anchors`, what `check` throws, and what the store refuses.
   */
  async putAnchor(
    principal: Principal,
    id: string,
    { certificate, rule = '{cn}', label }: AnchorInput,
    check: CheckCurrent<AnchorView> = ANY,
  ): Promise<AnchorView> {
    permit(principal, 'trust:write');
    checkNameRule(rule);
    const { clock, forms } = this.#parts;
    const { pem } = readAs('/certificate', () => forms.certificate(certificate));
    const known = this.anchor(id);
    const trusts = ({ certificate: its, rule: its2 }: AnchorSetting): boolean => its === pem && its2 === rule;
    const createdAt = known !== undefined && trusts(known) ? known.createdAt : clock.wall();
    const record: AnchorSetting = { kind: 'anchor', name: id, certificate: pem, rule, ...labelled(label), createdAt };
    let before: AnchorSetting | undefined;
    const view = await this.#anchors.put(principal, record, check, (current) => {
      before = current;
      return trusts(current) && current.label === record.label;
    });
    if (before === undefined || !trusts(before)) this.changes.emit({ type: 'anchor', anchor: id });
    return view;
  }

  /** Trusts an anchor no more; resolves when that is durable. Throws AppError(`anchor_not_found`) and as `putAnchor`. */
  async removeAnchor(principal: Principal, id: string, check: CheckCurrent<AnchorView> = ANY): Promise<void> {
    permit(principal, 'trust:write');
    await this.#anchors.remove(principal, id, check);
    this.changes.emit({ type: 'anchor', anchor: id });
  }

  /** All revocation lists, by id. */
  lists(principal: Principal): readonly RevocationListView[] {
    permit(principal, 'trust:read');
    return this.#lists.list();
  }

  /** One revocation list. Throws AppError(`revocation_list_not_found`). */
  getList(principal: Principal, id: string): RevocationListView {
    permit(principal, 'trust:read');
    return this.#lists.get(id);
  }

  /** Puts a revocation list; resolves when that is durable. Throws as `putAnchor`. */
  async putList(
    principal: Principal,
    id: string,
    { list, label }: RevocationListInput,
    check: CheckCurrent<RevocationListView> = ANY,
  ): Promise<RevocationListView> {
    permit(principal, 'trust:write');
    const { clock, forms } = this.#parts;
    const pem = readAs('/list', () => forms.revocationList(list));
    const record = { kind: 'crl', name: id, list: pem, ...labelled(label), createdAt: clock.wall() } as const;
    const same = (current: RevocationListSetting): boolean => current.list === pem && current.label === record.label;
    const view = await this.#lists.put(principal, record, check, same);
    this.changes.emit({ type: 'lists' });
    return view;
  }

  /** Forgets a revocation list. Throws AppError(`revocation_list_not_found`) and as `putAnchor`. */
  async removeList(principal: Principal, id: string, check: CheckCurrent<RevocationListView> = ANY): Promise<void> {
    permit(principal, 'trust:write');
    await this.#lists.remove(principal, id, check);
    this.changes.emit({ type: 'lists' });
  }
}

function isAnchor(setting: Versioned<AnchorSetting | RevocationListSetting>): setting is Versioned<AnchorSetting> {
  return setting.record.kind === 'anchor';
}

/** A label as kept: an empty one is none. */
export function labelled(label: string | undefined): { readonly label?: string } {
  return label === undefined || label === '' ? {} : { label };
}

/** What `form` gives; what it refuses is said of the member: AppError(`invalid_body`). */
export function readAs<T>(pointer: string, form: () => T): T {
  try {
    return form();
  } catch (error) {
    if (!(error instanceof AppError)) throw error;
    const detail = error.message;
    throw new AppError('invalid_body', `the body does not fit: ${pointer} ${detail}`, {
      faults: [{ pointer, detail }],
    });
  }
}

const ANY: CheckCurrent<unknown> = () => undefined;
