/**
 * Sessions: what a short handshake needs of a full one (RFC 5246 §7.3, RFC 5077, RFC 7627 §5.3). The handle of a session is
 * its session id, or stands in its ticket; nothing can be learned from it, and who made it looks the session up by it. Only
 * sessions with the extended master secret are made, and only hellos with it go on with one.
 */

import type { PeerIdentity } from '#base';

import { ExtensionType, findExtension, type ClientHello } from '../codec/index.js';
import { suiteOf, type Suite } from '../crypto/index.js';
import type { DtlsParameters } from '../policy/index.js';
import type { Choice, Making } from './negotiate.js';

/** Bytes of a handle of ours. */
export const HANDLE_BYTES = 32;

/** A session that can be gone on with. */
export interface Session {
  /** Number of the suite. */
  readonly suite: number;
  /** 48 bytes. A secret. */
  readonly master: Uint8Array;
  /** Host name of the handshake; another one needs a handshake of its own (RFC 6066 §3). */
  readonly serverName?: string;
  /** Whose session it is; absent on the client's side. */
  readonly owner?: PeerIdentity;
}

/** A session with the handle it was given. */
export interface HandledSession {
  readonly handle: Uint8Array;
  readonly session: Session;
}

/** How a client was given the handle. */
export type HandleForm = 'session_id' | 'ticket';

/** The handle that a hello brings; a ticket goes before a session id (RFC 5077 §3.4). */
export function handleIn(hello: ClientHello): Uint8Array | undefined {
  const ticket = findExtension(hello.extensions, ExtensionType.SESSION_TICKET);
  if (ticket !== undefined && ticket.length > 0) return ticket;
  return hello.sessionId.length > 0 ? hello.sessionId : undefined;
}

/** In which form the client wants the handle of a new session. */
export function handleForm({ extensions }: ClientHello): HandleForm {
  return findExtension(extensions, ExtensionType.SESSION_TICKET) === undefined ? 'session_id' : 'ticket';
}

/** The session that a full handshake makes. */
export function newSession(
  { id }: Suite,
  master: Uint8Array,
  owner: PeerIdentity,
  serverName: string | undefined,
): Session {
  const session: Making<Session> = { suite: id, master, owner };
  if (serverName !== undefined) session.serverName = serverName;
  return session;
}

/** The suite to go on with, if hello and session fit together. */
export function resumedSuite(
  hello: ClientHello,
  choice: Choice,
  session: Session,
  { suites }: DtlsParameters,
): Suite | undefined {
  const fits =
    session.owner !== undefined &&
    session.serverName === choice.serverName &&
    hello.suites.includes(session.suite) &&
    suites.includes(session.suite);
  return fits ? suiteOf(session.suite) : undefined;
}

/** What of a choice counts in a short handshake: nobody proves anything by a certificate in it. */
export function resumedChoice(choice: Choice, suite: Suite): Choice {
  const { extensions } = choice;
  return { ...choice, suite, extensions: extensions.filter(({ type }) => !CERTIFICATE_TYPES.includes(type)) };
}

const CERTIFICATE_TYPES: readonly number[] = [
  ExtensionType.CLIENT_CERTIFICATE_TYPE,
  ExtensionType.SERVER_CERTIFICATE_TYPE,
];
