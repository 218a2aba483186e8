/**
 * Transmission parameters and limits of the CoAP endpoint: one row each with default, bounds, unit, reference and what
 * moving it trades. Checked once, where they are read; inner code never re-checks. Spans that follow from others
 * (RFC 7252 §4.8.2) are computed, never settable.
 */

import { AppError } from '#base';

/** One row of the table of parameters. */
export interface ParameterRow {
  readonly name: string;
  /** Its default. */
  readonly initial: number;
  readonly min: number;
  readonly max: number;
  readonly unit: 'ms' | 'count' | 'bytes' | 'factor' | 'per second';
  /** Where the number comes from. */
  readonly reference: string;
  /** What it is and what a larger value buys and costs, in one sentence. */
  readonly help: string;
}

/** Every parameter of the endpoint. */
export const PARAMETERS = [
  {
    name: 'ackTimeout',
    initial: 2_000,
    min: 50,
    max: 120_000,
    unit: 'ms',
    reference: 'RFC 7252 §4.8 ACK_TIMEOUT',
    help: 'Longer spares slow networks needless retransmissions and delays the repair of real loss.',
  },
  {
    name: 'ackRandomFactor',
    initial: 1.5,
    min: 1,
    max: 3,
    unit: 'factor',
    reference: 'RFC 7252 §4.8 ACK_RANDOM_FACTOR',
    help: 'Larger spreads the retransmissions of many senders further and lengthens every derived span.',
  },
  {
    name: 'maxRetransmit',
    initial: 4,
    min: 0,
    max: 10,
    unit: 'count',
    reference: 'RFC 7252 §4.8 MAX_RETRANSMIT',
    help: 'More survives more loss; each doubles how long a dead device keeps its place.',
  },
  {
    name: 'nstart',
    initial: 1,
    min: 1,
    max: 16,
    unit: 'count',
    reference: 'RFC 7252 §4.7 NSTART',
    help: 'More requests in flight to one device finish sooner and congest constrained networks.',
  },
  {
    name: 'processingTime',
    initial: 1_000,
    min: 10,
    max: 30_000,
    unit: 'ms',
    reference: 'RFC 7252 §5.2.2',
    help: 'How long an answer may take before an empty ACK leaves: longer saves two datagrams, shorter a retransmission.',
  },
  {
    name: 'separateResponseWait',
    initial: 93_000,
    min: 1_000,
    max: 3_600_000,
    unit: 'ms',
    reference: 'RFC 7252 §4.7',
    help: 'How long a device that only acknowledged keeps its place in flight: longer suits slow commands.',
  },
  {
    name: 'unprovenWait',
    initial: 247_000,
    min: 1_000,
    max: 604_800_000,
    unit: 'ms',
    reference: 'RFC 9175 §2.4',
    help: 'How long requests wait for an address to prove itself: longer suits sleepers, shorter frees memory after spoofing.',
  },
  {
    name: 'queuePerPeer',
    initial: 16,
    min: 0,
    max: 1_024,
    unit: 'count',
    reference: 'RFC 7252 §4.7',
    help: 'Requests that may wait for their turn to one device; beyond it a request fails at once.',
  },
  {
    name: 'requestsTotal',
    initial: 200_000,
    min: 1,
    max: 10_000_000,
    unit: 'count',
    reference: 'memory',
    help: 'Requests of ours at one time over all devices; beyond it a request fails at once.',
  },
  {
    name: 'exchangesPerPeer',
    initial: 64,
    min: 1,
    max: 4_096,
    unit: 'count',
    reference: 'memory',
    help: 'Received requests one device may have unanswered; beyond it they are dropped and the device retransmits.',
  },
  {
    name: 'exchangesTotal',
    initial: 100_000,
    min: 1,
    max: 1_000_000,
    unit: 'count',
    reference: 'memory',
    help: 'Received requests unanswered over all devices; beyond it they are dropped and devices retransmit.',
  },
  {
    name: 'duplicatesPerPeer',
    initial: 64,
    min: 1,
    max: 4_096,
    unit: 'count',
    reference: 'RFC 7252 §4.5',
    help: 'Message ids remembered for one device; when full the oldest is forgotten and could run again.',
  },
  {
    name: 'duplicatesTotal',
    initial: 1_000_000,
    min: 16,
    max: 1_048_576,
    unit: 'count',
    reference: 'RFC 7252 §4.5',
    help: 'Message ids remembered over all devices, about 90 bytes each; when full the oldest is forgotten.',
  },
  {
    name: 'answerCacheBytes',
    initial: 1_024,
    min: 0,
    max: 65_536,
    unit: 'bytes',
    reference: 'RFC 7252 §4.5',
    help: 'Answers up to this size are replayed from memory; larger ones are rebuilt from the body they are a block of.',
  },
  {
    name: 'optionsPerMessage',
    initial: 64,
    min: 16,
    max: 1_024,
    unit: 'count',
    reference: 'memory',
    help: 'Options one message may have; beyond it the message is malformed.',
  },
  {
    name: 'blockSize',
    initial: 1_024,
    min: 16,
    max: 1_024,
    unit: 'bytes',
    reference: 'RFC 7959 §2.2',
    help: 'Largest block sent or asked for: larger needs fewer round trips, smaller avoids IP fragments.',
  },
  {
    name: 'assembliesPerPeer',
    initial: 2,
    min: 1,
    max: 64,
    unit: 'count',
    reference: 'RFC 7959 §2.5',
    help: 'Block1 bodies one device may have half sent; a further one is answered 4.08.',
  },
  {
    name: 'bodyBytes',
    initial: 1_048_576,
    min: 1_024,
    max: 67_108_864,
    unit: 'bytes',
    reference: 'RFC 7959 §4',
    help: 'Largest body taken in: beyond it a request is answered 4.13 and a response fails.',
  },
  {
    name: 'bufferedBytesTotal',
    initial: 268_435_456,
    min: 65_536,
    max: 4_294_967_296,
    unit: 'bytes',
    reference: 'memory',
    help: 'Bytes of half received bodies over all devices; beyond it new blocks are answered 5.03.',
  },
  {
    name: 'assemblyIdle',
    initial: 60_000,
    min: 1_000,
    max: 3_600_000,
    unit: 'ms',
    reference: 'RFC 7959 §2.5',
    help: 'A half received body without a new block is dropped after this time: longer forgives outages.',
  },
  {
    name: 'assemblyLifetime',
    initial: 300_000,
    min: 1_000,
    max: 86_400_000,
    unit: 'ms',
    reference: 'RFC 7959 §2.5',
    help: 'A half received body is dropped at this age however busy: longer suits slow links.',
  },
  {
    name: 'downloadsPerPeer',
    initial: 4,
    min: 1,
    max: 64,
    unit: 'count',
    reference: 'RFC 7959 §2.4',
    help: 'Bodies kept for one device to fetch block by block; the least recently used gives way.',
  },
  {
    name: 'downloadIdle',
    initial: 120_000,
    min: 1_000,
    max: 86_400_000,
    unit: 'ms',
    reference: 'RFC 7959 §2.4',
    help: 'A body nobody fetched a block of is released after this time: shorter than twice 45 s loses to retransmissions.',
  },
  {
    name: 'downloadBytesTotal',
    initial: 67_108_864,
    min: 65_536,
    max: 4_294_967_296,
    unit: 'bytes',
    reference: 'memory',
    help: 'Bytes of bodies kept whole for block-wise answers; streamed bodies do not count.',
  },
  {
    name: 'bodyWait',
    initial: 30_000,
    min: 100,
    max: 3_600_000,
    unit: 'ms',
    reference: 'owner of streamed bodies',
    help: 'How long the owner of a streamed body may take to give a piece before the transfer fails.',
  },
  {
    name: 'transferRestarts',
    initial: 3,
    min: 0,
    max: 16,
    unit: 'count',
    reference: 'RFC 7959 §2.4, §2.5',
    help: 'How often a block-wise transfer of ours starts again (changed ETag, 4.08) before it fails.',
  },
  {
    name: 'observationsPerPeer',
    initial: 500,
    min: 1,
    max: 100_000,
    unit: 'count',
    reference: 'memory',
    help: 'Observations kept at one device; a further registration fails at once.',
  },
  {
    name: 'notificationRate',
    initial: 10,
    min: 0.01,
    max: 100_000,
    unit: 'per second',
    reference: 'RFC 7641 §4.5',
    help: 'Notifications taken from one device on average; the rest is dropped and counted.',
  },
  {
    name: 'notificationBurst',
    initial: 100,
    min: 1,
    max: 1_000_000,
    unit: 'count',
    reference: 'RFC 7641 §4.5',
    help: 'Notifications taken from one device at once after a pause.',
  },
  {
    name: 'relationsPerPeer',
    initial: 1_000,
    min: 1,
    max: 100_000,
    unit: 'count',
    reference: 'RFC 7641 §4.1',
    help: 'Observers one peer may be of ours; a further registration is answered without Observe.',
  },
] as const satisfies readonly ParameterRow[];

/** Name of a parameter. */
export type ParameterName = (typeof PARAMETERS)[number]['name'];

/** A checked value for each parameter. */
export type Parameters = { readonly [Name in ParameterName]: number };

/** Spans that follow from the parameters, in milliseconds (RFC 7252 §4.8.2). */
export interface Spans {
  /** First transmission to last retransmission: 45 s by default. */
  readonly maxTransmitSpan: number;
  /** First transmission to giving up: 93 s by default. */
  readonly maxTransmitWait: number;
  /** How long a confirmable message id stays taken: 247 s by default. */
  readonly exchangeLifetime: number;
  /** How long a non-confirmable message id stays taken: 145 s by default. */
  readonly nonLifetime: number;
}

/**
 * The defaults with the given values in their place, frozen. Throws AppError(`invalid_parameter`) that names the
 * parameter and what is allowed.
 */
export function parametersWith(values: Partial<Parameters>): Parameters {
  const chosen = {} as Record<ParameterName, number>;
  for (const row of PARAMETERS) {
    const { name, unit, min, max }: ParameterRow & { readonly name: ParameterName } = row;
    const value = values[name] ?? row.initial;
    const whole = unit === 'count' || unit === 'bytes';
    if (value < min || value > max || (whole ? !Number.isInteger(value) : !Number.isFinite(value))) {
      const allowed = `${whole ? 'a whole number' : 'a number'} from ${min} to ${max} (${unit})`;
      throw new AppError('invalid_parameter', `${name} is ${value}; allowed is ${allowed}`);
    }
    chosen[name] = value;
  }
  return Object.freeze(chosen);
}

/** The spans that follow from parameters (RFC 7252 §4.8.2). */
export function spansOf(parameters: Parameters): Spans {
  const { ackTimeout, ackRandomFactor, maxRetransmit } = parameters;
  const maxTransmitSpan = ackTimeout * (2 ** maxRetransmit - 1) * ackRandomFactor;
  return {
    maxTransmitSpan,
    maxTransmitWait: ackTimeout * (2 ** (maxRetransmit + 1) - 1) * ackRandomFactor,
    exchangeLifetime: maxTransmitSpan + 2 * MAX_LATENCY + ackTimeout,
    nonLifetime: maxTransmitSpan + MAX_LATENCY,
  };
}

/** RFC 7252 §4.8.2 MAX_LATENCY in milliseconds: "arbitrarily defined", therefore no parameter. */
const MAX_LATENCY = 100_000;

/** The parameters of the standard, and our default limits. */
export const DEFAULT_PARAMETERS: Parameters = parametersWith({});
