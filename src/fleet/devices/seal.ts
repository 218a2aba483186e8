/** Keys at rest: each is sealed for its device and its identity, so that neither can be exchanged for another's. */

import { decodeBase64, encodeBase64, invariant } from '#base';
import type { DeviceId } from '../model/index.js';
import type { Secrets } from '../ports/index.js';

/** A pre-shared key as stored. */
export function sealKey(secrets: Secrets, device: DeviceId, identity: string, key: Uint8Array): string {
  return encodeBase64(secrets.seal(contextOf(device, identity), key));
}

/** A pre-shared key as it was. Throws as `Secrets.open`. */
export function openKey(secrets: Secrets, device: DeviceId, identity: string, sealed: string): Uint8Array {
  const bytes = decodeBase64(sealed);
  invariant(bytes !== undefined, 'a sealed key is base64');
  return secrets.open(contextOf(device, identity), bytes);
}

function contextOf(owner: string, identity: string): { owner: string; kind: string; version: number } {
  return { owner, kind: `psk ${identity}`, version: 1 };
}
