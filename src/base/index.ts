/** What every part may use. Imports nothing of the project. */

export { decodeBase64, encodeBase64, encodeBase64Url } from './base64.js';
export { EMPTY, Reader, Writer, bytesEqual, decodeUtf8, encodeUtf8, flat, fromHex, toHex } from './bytes.js';
export { BoundedQueue, Permit } from './bounded.js';
export { csvRows } from './csv.js';
export type { CsvRow } from './csv.js';
export { ChurnMap } from './churn-map.js';
export { Deadlines } from './deadlines.js';
export { AppError, DecodeError, InvariantError, PeerError, invariant, messageOf, unreachable } from './errors.js';
export type { InputFault } from './errors.js';
export { Emitter } from './events.js';
export type { Occurrence } from './events.js';
export { silentLogger } from './log.js';
export type { LogFields, Logger } from './log.js';
export { peerOfKey, plainPeer, secureKey, securePeer, showAddress } from './peer.js';
export type { IdentityKind, Peer, PeerIdentity, PeerKey } from './peer.js';
export { MAX_PSK_IDENTITY, pskIdentityBytes, pskIdentityText } from './psk-identity.js';
export { systemRandom } from './random.js';
export type { Random } from './random.js';
export { Secret } from './secret.js';
export { Instant, Milliseconds, WallTime, after, elapsed, rfc3339, seconds, systemClock, wallAfter } from './time.js';
export type { Clock } from './time.js';
