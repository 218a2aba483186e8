/**
 * Sessions at rest: suite (2 bytes), master secret (48), then as JSON whose session it is; sealed for the device and the
 * digest of the handle, so that neither can be exchanged for another's. No secret ever stands in a text.
 */

import { AppError, decodeBase64, encodeBase64, invariant } from '#base';
import type { IdentityKind, WallTime } from '#base';
import type { DeviceId } from '../model/index.js';
import type { Secrets } from '../ports/index.js';

/** What it takes to go on with a session. */
export interface SessionSecrets {
  /** Number of the suite, 16 bits. */
  readonly suite: number;
  /** 48 bytes. */
  readonly master: Uint8Array;
  readonly owner: SessionOwner;
}

/** Whose session it is, and by what that was proven. */
export interface SessionOwner {
  readonly kind: IdentityKind;
  readonly name: string;
  readonly endpoint: string;
  readonly certificates?: string;
  /** Host name of the handshake. */
  readonly serverName?: string;
  /** Id of the device's credential. */
  readonly credential?: string;
  /** Id of the trust anchor that its certificate was good under. */
  readonly anchor?: string;
  /** When it was proven. */
  readonly since: WallTime;
  /** Until when it may be gone on with. */
  readonly expires: WallTime;
}

/** A session as stored. Throws as `Secrets.seal`. */
export function sealSession(secrets: Secrets, device: DeviceId, digest: string, session: SessionSecrets): string {
  const { master, owner, suite } = session;
  invariant(master.length === MASTER_BYTES, 'a master secret has 48 bytes');
  const rest = Buffer.from(JSON.stringify(owner));
  const plain = Buffer.alloc(OWNER_AT + rest.length);
  plain.writeUInt16BE(suite, 0);
  plain.set(master, MASTER_AT);
  plain.set(rest, OWNER_AT);
  try {
    return encodeBase64(secrets.seal(contextOf(device, digest), plain));
  } finally {
    plain.fill(0);
  }
}

/** A session as it was. Throws AppError(`secret_unreadable`). */
export function openSession(secrets: Secrets, device: DeviceId, digest: string, sealed: string): SessionSecrets {
  const bytes = decodeBase64(sealed);
  if (bytes === undefined) throw new AppError('secret_unreadable', 'a session cannot be read: it is no base64');
  const plain = secrets.open(contextOf(device, digest), bytes);
  const view = Buffer.from(plain.buffer, plain.byteOffset, plain.length);
  const session = {
    suite: view.readUInt16BE(0),
    master: Uint8Array.from(view.subarray(MASTER_AT, OWNER_AT)),
    owner: JSON.parse(view.toString('utf8', OWNER_AT)) as SessionOwner,
  };
  plain.fill(0);
  return session;
}

function contextOf(owner: string, digest: string): { owner: string; kind: string; version: number } {
  return { owner, kind: `session ${digest}`, version: 1 };
}

const MASTER_BYTES = 48;
const MASTER_AT = 2;
const OWNER_AT = MASTER_AT + MASTER_BYTES;
