/** What putting a credential would make of a device, judged when the device's turn has come and before anything is changed. */

import { AppError, bytesEqual } from '#base';
import type { Clock, Random } from '#base';
import { isPermitted } from '../access/guard.js';
import type { CredentialRecord, DeviceRecord, NewEvent, Principal } from '../model/index.js';
import type { Secrets } from '../ports/index.js';
import { deviceEvent } from './changes.js';
import type { NextRecord } from './changes.js';
import type { CredentialIndex } from './credential-index.js';
import type { CredentialMaterial } from './credential-material.js';
import { credentialView } from './credential-view.js';
import type { CredentialView } from './credential-view.js';
import type { Writable } from './device.js';
import type { Directory } from './directory.js';
import type { CheckCurrent } from './operator-table.js';
import { openKey, sealKey } from './seal.js';
import { Texts } from './texts.js';
import type { Trust } from './trust.js';

/** What putting a credential came to. */
export interface CredentialPut {
  readonly result: 'created' | 'changed' | 'unchanged';
  readonly view: CredentialView;
  /** The key, when it was made here: shown this once. */
  readonly generated?: Uint8Array;
  readonly warnings: readonly string[];
}

/** How to put a credential. */
export interface PutOptions {
  /** Looks at what is there when the turn has come; throws to stop the change. */
  readonly check?: CheckCurrent<CredentialView>;
  /** once: a key that is to be generated is generated when the credential is not there yet, and kept otherwise. */
  readonly generate?: 'always' | 'once';
  /** Nothing is changed: what would come of it is said. Identities of one rehearsal exclude each other. */
  readonly rehearsal?: CredentialIndex;
}

/** What is to be done. */
export interface CredentialPlan {
  readonly credential: CredentialRecord;
  readonly before: CredentialRecord | undefined;
  /** own: its identity was claimed for this change, and is to be released when the change fails. */
  readonly claim: 'own' | 'none';
  /** Undefined when nothing changes. */
  readonly next?: NextRecord;
  readonly done: CredentialPut;
}

/** What plans stand on. */
export interface PlannerParts {
  readonly directory: Directory;
  readonly index: CredentialIndex;
  readonly trust: Trust;
  readonly secrets: Secrets;
  readonly clock: Clock;
  readonly random: Random;
  /** Credentials of one device; beyond: AppError(`too_many_credentials`). */
  readonly perDevice: number;
  /** Bytes of an endpoint name. */
  readonly endpointBytes: number;
}

/** Makes plans. */
export class CredentialPlanner {
  readonly #parts: PlannerParts;
  /** Ids and kinds: a few for all devices, and each cell of a table that is imported is a text of its own. */
  readonly #texts = new Texts();

  constructor(parts: PlannerParts) {
    this.#parts = parts;
  }

  /** The plan of putting what is `given` under `id`. Throws as `Credentials.put`. */
  plan(
    principal: Principal,
    record: DeviceRecord,
    id: string,
    given: CredentialMaterial,
    options: PutOptions,
  ): CredentialPlan {
    const { clock, perDevice, trust } = this.#parts;
    const { credentials = [], endpoint } = record;
    // Many an identity is called as its device is: the text is kept once.
    const material = given.identity === endpoint ? { ...given, identity: endpoint } : given;
    const wall = clock.wall();
    const before = credentialOf(credentials, id);
    options.check?.(before === undefined ? undefined : credentialView(before, wall));
    this.#checkEndpoint(endpoint);
    if (before === undefined && credentials.length >= perDevice)
      throw new AppError('too_many_credentials', `a device has at most ${perDevice} credentials`);
    if (material.kind === 'anchor' && trust.anchor(material.identity) === undefined)
      throw new AppError('anchor_not_found', `there is no trust anchor "${material.identity}"`);
    const claims = before?.kind !== material.kind || before.identity !== material.identity;
    const { credential, generated } = this.#recordOf(record, id, material, claims ? undefined : before, options);
    const { warnings } = material;
    const shown = { view: credentialView(credential, wall), warnings, ...(generated !== undefined && { generated }) };
    if (before !== undefined && isSame(before, credential))
      return { credential, before, claim: 'none', done: { ...shown, result: 'unchanged' } };
    if (claims) this.#claim(principal, endpoint, material, options);
    const rest = credentials.filter((one) => one.id !== id);
    const [result, state] = before === undefined ? (['created', 'added'] as const) : (['changed', 'changed'] as const);
    const events = [credentialEvent(record, credential, state, clock)];
    const next = withCredentials(record, [...rest, credential], events);
    return { credential, before, claim: claims ? 'own' : 'none', next, done: { ...shown, result } };
  }

  /** The record of a credential, and its key when it was made now. `known`: what is there with the same identity. */
  #recordOf(
    { id: device }: DeviceRecord,
    id: string,
    { kind, identity, key, label, validFrom, validUntil }: CredentialMaterial,
    known: CredentialRecord | undefined,
    { generate, rehearsal }: PutOptions,
  ): { readonly credential: CredentialRecord; readonly generated?: Uint8Array } {
    const { secrets, random, clock } = this.#parts;
    const { sealed, lastUsed } = known ?? {};
    const texts = this.#texts;
    const credential: Writable<CredentialRecord> = {
      id: texts.share(id),
      kind: texts.share(kind),
      identity,
      createdAt: clock.wall(),
    };
    if (label !== undefined) credential.label = label;
    if (validFrom !== undefined) credential.validFrom = validFrom;
    if (validUntil !== undefined) credential.validUntil = validUntil;
    const kept =
      kind !== 'psk' || (key === undefined ? generate === 'once' : this.#isKey(device, identity, sealed, key));
    if (known !== undefined && kept) {
      credential.createdAt = known.createdAt;
      if (sealed !== undefined) credential.sealed = sealed;
      if (lastUsed !== undefined) credential.lastUsed = lastUsed;
      return { credential };
    }
    if (kind !== 'psk' || rehearsal !== undefined) return { credential };
    const fresh = key ?? random.bytes(GENERATED_BYTES);
    credential.sealed = sealKey(secrets, device, identity, fresh);
    return key === undefined ? { credential, generated: fresh } : { credential };
  }

  /** Whether a key is the one that is sealed; what cannot be opened any more is another. */
  #isKey(device: DeviceRecord['id'], identity: string, sealed: string | undefined, key: Uint8Array): boolean {
    if (sealed === undefined) return false;
    try {
      return bytesEqual(openKey(this.#parts.secrets, device, identity, sealed), key);
    } catch (error) {
      if (error instanceof AppError && error.code === 'secret_unreadable') return false;
      throw error;
    }
  }

  #claim(
    principal: Principal,
    endpoint: string,
    { kind, identity }: CredentialMaterial,
    { rehearsal }: PutOptions,
  ): void {
    const { index, directory } = this.#parts;
    if (kind === 'anchor') return;
    const owner =
      rehearsal === undefined
        ? index.claim(kind, identity, endpoint)
        : (index.ownerOf(kind, identity) ?? rehearsal.claim(kind, identity, endpoint));
    if (owner === undefined) return;
    const isVisible = isPermitted(principal, 'device:read', directory.byEndpoint(owner)?.id);
    const device = isVisible ? `device "${owner}"` : 'another device';
    const whose = owner === endpoint ? 'another credential of this device' : device;
    throw new AppError('credential_identity_taken', `${WHAT[kind]} belongs to ${whose}; it has one device and one key`);
  }

  #checkEndpoint(endpoint: string): void {
    const { endpointBytes, directory } = this.#parts;
    if (directory.byEndpoint(endpoint) !== undefined) return;
    const size = Buffer.byteLength(endpoint);
    if (size >= 1 && size <= endpointBytes && !/\p{Cc}/u.test(endpoint)) return;
    const detail = `no device can be called so: an endpoint name has 1 to ${endpointBytes} bytes without control characters`;
    throw new AppError('invalid_path', detail);
  }
}

/** The credential of an id. */
export function credentialOf(credentials: readonly CredentialRecord[], id: string): CredentialRecord | undefined {
  return credentials.find((one) => one.id === id);
}

/** A record with other credentials, secured as soon as it has one. */
export function withCredentials(
  record: DeviceRecord,
  credentials: readonly CredentialRecord[],
  events: readonly NewEvent[],
): NextRecord {
  const { credentials: _before, ...rest } = record;
  if (credentials.length === 0) return { record: rest, events };
  return { record: { ...rest, credentials, secured: true }, events };
}

/** The event that tells of a credential, not of its key. */
export function credentialEvent(
  device: Pick<DeviceRecord, 'id' | 'endpoint'>,
  { id, kind }: CredentialRecord,
  state: 'added' | 'changed' | 'removed',
  clock: Clock,
): NewEvent {
  return deviceEvent('credential.changed', device, clock.wall(), { credential: id, kind, state });
}

function isSame(left: CredentialRecord, right: CredentialRecord): boolean {
  return (
    left.kind === right.kind &&
    left.identity === right.identity &&
    left.sealed === right.sealed &&
    left.createdAt === right.createdAt &&
    left.label === right.label &&
    left.validFrom === right.validFrom &&
    left.validUntil === right.validUntil
  );
}

const WHAT = { psk: 'this identity', rpk: 'this public key', x509: 'this certificate' } as const;
const GENERATED_BYTES = 32;
