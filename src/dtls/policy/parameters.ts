/**
 * What a DTLS endpoint allows and how long it waits: every limit and timer of the core in one table, with the defaults of
 * the server. A limit that is reached is counted under its own name.
 */

import { Milliseconds, seconds } from '#base';

/** Timers, caps and permitted algorithms of an endpoint. */
export interface DtlsParameters {
  /** Numbers of permitted cipher suites, the preferred first; the server's order decides. */
  readonly suites: readonly number[];
  /** Numbers of permitted groups, the preferred first (RFC 8422 §5.1.1). */
  readonly groups: readonly number[];
  /** Numbers of permitted signature schemes, the preferred first (RFC 5246 §7.4.1.4.1). */
  readonly schemes: readonly number[];
  /** First wait for an answer to a flight; doubled with every retransmission (RFC 6347 §4.2.4.1). */
  readonly retransmission: Milliseconds;
  /** Longest wait for an answer to a flight. */
  readonly longestRetransmission: Milliseconds;
  /** How long a handshake may take as a whole, unanswered questions and the wait for a turn included. */
  readonly handshakeDeadline: Milliseconds;
  /** How long our last flight can be asked for again: 2 MSL (RFC 6347 §4.2.4). */
  readonly lastFlight: Milliseconds;
  /** Bytes of UDP payload that a datagram of ours has at most. */
  readonly mtu: number;
  /** How long the key of cookies is used; the one before it is still accepted. */
  readonly cookieKey: Milliseconds;
  /** Handshakes under way at once. */
  readonly halfOpen: number;
  /** Those of one address (IPv6: of one /64) that no other takes the place of when there are as many as there may be. */
  readonly halfOpenShare: number;
  /** Handshakes that wait for their turn to be answered with a key agreement; for one more another is turned away. */
  readonly ecdheWaiting: number;
  /** Associations at once. */
  readonly associations: number;
  /** Since when an association is unheard that may be given up for a new one. */
  readonly stale: Milliseconds;
  /** Bytes of one handshake message. */
  readonly messageBytes: number;
  /** Bytes of handshake messages that are kept until they can be used, per handshake. */
  readonly handshakeBytes: number;
  /** Messages after the expected one that are kept. */
  readonly futureMessages: number;
  /** Bytes of records that are kept while a question is open, per handshake. */
  readonly heldBytes: number;
  /** Bytes of the Connection IDs we ask for; 0: we neither use nor offer them (RFC 9146 §3). */
  readonly cidBytes: number;
  /** How long a peer has to answer whether it is at a new address (RFC 9853 §5). */
  readonly routabilityWait: Milliseconds;
  /** Records that are not genuine and come from elsewhere than the peer, per association; beyond, such are not opened. */
  readonly forgeries: number;
  /** In which time they are counted, and for how long such are then not opened. */
  readonly forgeryWindow: Milliseconds;
  /** First byte of our Connection IDs: the number of this node. */
  readonly node: number;
  /** Whether sessions are made that a client can go on with later by a short handshake (RFC 5246 §7.3, RFC 5077). */
  readonly resumption: 'offered' | 'not_offered';
  /** Seconds that a client is told a ticket lives. */
  readonly ticketLifetime: number;
  /** Handshakes without the extended master secret (RFC 7627): refused unless devices of old need them. */
  readonly legacyMasterSecret: 'refused' | 'allowed';
  /**
   * Whether the master secret of each handshake with a client is told as an event. Whoever has it reads all that was and
   * will be said: for finding faults among test devices, and never otherwise.
   */
  readonly masterSecrets: 'kept' | 'told';
}

/** The defaults. */
export const DTLS_PARAMETERS: DtlsParameters = Object.freeze({
  suites: Object.freeze([
    ...[0xc0_a8, 0xc0_a4, 0x00_a8, 0xc0_a9, 0xc0_a5, 0x00_a9],
    ...[0xc0_ae, 0xc0_ac, 0xc0_2b, 0xc0_2c, 0xc0_2f],
    ...[0xd0_03, 0xd0_05, 0xd0_01],
  ]),
  groups: Object.freeze([29, 23, 24]),
  schemes: Object.freeze([0x04_03, 0x05_03, 0x08_04, 0x04_01, 0x05_01]),
  retransmission: seconds(1),
  longestRetransmission: seconds(60),
  handshakeDeadline: seconds(30),
  lastFlight: seconds(240),
  mtu: 1280 - 48,
  cookieKey: seconds(60),
  halfOpen: 5000,
  halfOpenShare: 64,
  ecdheWaiting: 256,
  associations: 150_000,
  stale: Milliseconds(30 * 60_000),
  messageBytes: 8192,
  handshakeBytes: 16_384,
  futureMessages: 5,
  heldBytes: 4096,
  cidBytes: 8,
  routabilityWait: seconds(1),
  forgeries: 100,
  forgeryWindow: seconds(10),
  node: 0,
  resumption: 'offered',
  ticketLifetime: 86_400,
  legacyMasterSecret: 'refused',
  masterSecrets: 'kept',
});

/** Smallest `mtu`: below it a record of a handshake fragment would carry next to nothing. */
export const SMALLEST_MTU = 100;
