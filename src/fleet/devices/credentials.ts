/**
 * Credentials of devices as callers see them: list, look at, put, delete, and say that a name need not be secured any more.
 * A device that was never seen may have some. What handshakes ask is answered by `handshakes`.
 */

import { AppError } from '#base';
import type { Clock } from '#base';
import { permit } from '../access/guard.js';
import type { CredentialRecord, NewEvent, Principal } from '../model/index.js';
import type { KeyForms } from '../ports/index.js';
import type { DeviceChanges } from './changes.js';
import { CredentialIndex } from './credential-index.js';
import { materialOf } from './credential-material.js';
import type { CredentialInput } from './credential-material.js';
import { credentialEvent, credentialOf, withCredentials } from './credential-plan.js';
import type { CredentialPlan, CredentialPlanner, CredentialPut, PutOptions } from './credential-plan.js';
import { credentialView } from './credential-view.js';
import type { CredentialView } from './credential-view.js';
import type { Device } from './device.js';
import type { Directory } from './directory.js';
import { isValid, narrows } from './handshakes.js';
import type { Handshakes } from './handshakes.js';
import type { CheckCurrent } from './operator-table.js';
import { deviceNotFound } from './registry.js';
import type { Registry } from './registry.js';
import type { SecuredNames } from './secured-names.js';

/** What credentials stand on. */
export interface CredentialsParts {
  readonly directory: Directory;
  readonly provision: Registry['provision'];
  readonly changes: DeviceChanges;
  readonly index: CredentialIndex;
  readonly secured: SecuredNames;
  readonly planner: CredentialPlanner;
  readonly handshakes: Handshakes;
  readonly forms: KeyForms;
  readonly clock: Clock;
}

/** All credentials. */
export class Credentials {
  readonly #parts: CredentialsParts;

  constructor(parts: CredentialsParts) {
    this.#parts = parts;
  }

  /** Throws unless `principal` may put credentials of some devices. */
  checkImport(principal: Principal): void {
    permit(principal, 'credential:write');
  }

  /** An empty rehearsal: see `PutOptions`. */
  rehearse(): CredentialIndex {
    return new CredentialIndex();
  }

  /** The credentials of a device, by id. Throws AppError(`device_not_found`). */
  list(principal: Principal, endpoint: string): readonly CredentialView[] {
    const { credentials } = this.#device(principal, endpoint, 'credential:read');
    const wall = this.#parts.clock.wall();
    const views = credentials.map((record) => credentialView(record, wall));
    return views.sort((left, right) => (left.id < right.id ? -1 : 1));
  }

  /** One credential. Throws AppError `device_not_found`, `credential_not_found`. */
  get(principal: Principal, endpoint: string, id: string): CredentialView {
    const record = credentialOf(this.#device(principal, endpoint, 'credential:read').credentials, id);
    if (record === undefined) throw credentialNotFound(endpoint, id);
    return credentialView(record, this.#parts.clock.wall());
  }

  /**
   * Puts a credential of a device, which need never have been seen; resolves when that is durable. Sessions made with what
   * was under this id end, and so does a registration over plain CoAP. What changes nothing is not committed. Throws
   * AppError `invalid_body`, `invalid_path` (no device can have this name), `credential_identity_taken`,
   * `too_many_credentials`, `anchor_not_found`, what `check` throws, and what the store refuses.
   */
  async put(
    principal: Principal,
    endpoint: string,
    id: string,
    input: CredentialInput,
    options: PutOptions = {},
  ): Promise<CredentialPut> {
    const { directory, forms, index, planner, provision } = this.#parts;
    permit(principal, 'credential:write', directory.byEndpoint(endpoint)?.id);
    const material = materialOf(input, endpoint, forms);
    const made: { plan?: CredentialPlan; state: 'planned' | 'done' } = { state: 'planned' };
    try {
      await provision(
        endpoint,
        principal.actor,
        (record) => {
          made.plan = planner.plan(principal, record, id, material, options);
          return options.rehearsal === undefined ? made.plan.next : undefined;
        },
        (device) => {
          made.state = 'done';
          this.#took(device, made.plan as CredentialPlan);
        },
      );
    } catch (error) {
      const { plan, state } = made;
      if (plan?.claim === 'own' && state === 'planned' && options.rehearsal === undefined)
        index.release(plan.credential.kind, plan.credential.identity);
      throw error;
    }
    return (made.plan as CredentialPlan).done;
  }

  /** Deletes a credential; its sessions end. Throws AppError `device_not_found`, `credential_not_found` and as `put`. */
  async remove(
    principal: Principal,
    endpoint: string,
    id: string,
    check: CheckCurrent<CredentialView> = ANY,
  ): Promise<void> {
    const { changes, clock } = this.#parts;
    const device = this.#device(principal, endpoint, 'credential:write');
    let before: CredentialRecord | undefined;
    const there = await changes.change(
      device,
      principal.actor,
      (record) => {
        const { credentials = [] } = record;
        before = credentialOf(credentials, id);
        if (before === undefined) throw credentialNotFound(endpoint, id);
        check(credentialView(before, clock.wall()));
        const rest = credentials.filter((one) => one.id !== id);
        return withCredentials(record, rest, [credentialEvent(device, before, 'removed', clock)]);
      },
      () => {
        this.#left(endpoint, before as CredentialRecord);
      },
    );
    if (!there) throw deviceNotFound(endpoint);
  }

  /**
   * Says that a name may speak plain CoAP again; resolves when that is durable. Throws AppError `not_secured`,
   * `device_has_credentials`, and what the store refuses.
   */
  async clearSecured(principal: Principal, endpoint: string): Promise<void> {
    const { changes, directory, secured, clock } = this.#parts;
    permit(principal, 'credential:write', directory.byEndpoint(endpoint)?.id);
    await changes.alone(endpoint, async () => {
      const device = directory.byEndpoint(endpoint);
      const marked = device?.secured === true;
      if (!marked && !secured.has(endpoint)) throw new AppError('not_secured', `the name "${endpoint}" is not secured`);
      if (device !== undefined && device.credentials.length > 0)
        throw new AppError('device_has_credentials', `"${endpoint}" has credentials: delete them first`);
      const event: NewEvent = { type: 'secured.cleared', at: clock.wall(), endpoint, data: {} };
      await secured.remove(endpoint, principal.actor, marked ? [] : [event]);
      if (!marked) return;
      const { secured: _secured, ...record } = device.record;
      await changes.put(device, principal.actor, { record, events: [{ ...event, device: device.id }] });
    });
  }

  /** A device was loaded: its identities are known. */
  restored(device: Device): void {
    const { index, handshakes } = this.#parts;
    for (const credential of device.credentials) {
      index.claim(credential.kind, credential.identity, device.endpoint);
      handshakes.watch(device, credential);
    }
  }

  /** A device was deleted: its identities are nobody's, and its sessions end. */
  removed(device: Device): void {
    const { index, handshakes } = this.#parts;
    for (const { id, kind, identity } of device.credentials) {
      index.release(kind, identity);
      handshakes.unwatch(device.endpoint, id);
    }
    if (device.secured) handshakes.tell({ type: 'endpoint', endpoint: device.endpoint });
  }

  /** A credential that was put takes effect. */
  #took(device: Device, { before, credential, claim }: CredentialPlan): void {
    const { handshakes, index, clock } = this.#parts;
    handshakes.watch(device, credential);
    if (before !== undefined && claim === 'own') index.release(before.kind, before.identity);
    const isOther = claim === 'own' || before?.sealed !== credential.sealed;
    if (before !== undefined && (isOther || !isValid(credential, clock.wall())))
      handshakes.end(device.endpoint, before);
    // Certificates that were good by the anchor alone may not be by the device's own entries.
    if (claim === 'own' && narrows(credential))
      handshakes.tell({ type: 'endpoint', endpoint: device.endpoint, kind: 'x509' });
  }

  /** A credential was removed. */
  #left(endpoint: string, credential: CredentialRecord): void {
    const { index, handshakes } = this.#parts;
    index.release(credential.kind, credential.identity);
    handshakes.unwatch(endpoint, credential.id);
    handshakes.end(endpoint, credential);
  }

  #device(principal: Principal, endpoint: string, permission: 'credential:read' | 'credential:write'): Device {
    const device = this.#parts.directory.byEndpoint(endpoint);
    permit(principal, permission, device?.id);
    if (device === undefined) throw deviceNotFound(endpoint);
    return device;
  }
}

function credentialNotFound(endpoint: string, id: string): AppError {
  return new AppError('credential_not_found', `the device "${endpoint}" has no credential "${id}"`);
}

const ANY: CheckCurrent<CredentialView> = () => undefined;
