/** The flags of a request read into what is sent and how; everything wrong is refused before a socket is opened. */

import { AppError, encodeUtf8, systemRandom } from '#base';
import { MessageType, OptionNumber, uintOption, type Option } from '#coap/codec';

import { readBytes } from '../files.js';
import { formatNumber, hexBytes, messageIdOf, optionOf, tokenBytes } from './fields.js';
import { TesterLink } from './link.js';
import type { ReportOptions } from './report.js';
import { readSecurity, type Security, type SecurityFlags } from './security.js';
import type { SessionRequest } from './session.js';
import { parseCoapUri } from './uri.js';

/** The flags that all requests have, as commander gives them. */
export interface RequestFlags extends SecurityFlags {
  readonly payload?: string;
  readonly payloadHex?: string;
  readonly payloadFile?: string;
  readonly contentFormat?: string;
  readonly accept?: string;
  readonly option?: readonly string[];
  readonly blockSize?: string;
  readonly non: boolean;
  readonly token?: string;
  readonly messageId?: string;
  /** Seconds. */
  readonly timeout: number;
  readonly repeat: number;
  readonly inTurn: boolean;
  readonly withholdAck: boolean;
  readonly hex: boolean;
  readonly json: boolean;
}

/** A request, and how it is sent and shown. */
export interface Plan {
  readonly host: string;
  readonly port: number;
  /** What DTLS is spoken with, if it is. */
  readonly security: Security | undefined;
  readonly request: SessionRequest & { readonly token: Uint8Array };
  readonly link: TesterLink;
  /** How often each request leaves; in turn: the last one, each time after the answer to the time before. */
  readonly repeat: number;
  readonly copies: 'at once' | 'in turn';
  /** Milliseconds. */
  readonly timeout: number;
  readonly report: ReportOptions;
}

/** What the flags and the URI ask for. Throws AppError(`usage`), or `failed` when a file cannot be read. */
export function readPlan(code: number, uri: string, flags: RequestFlags): Plan {
  const { scheme, host, kind, port, options } = parseCoapUri(uri);
  if (flags.inTurn && flags.repeat === 1) {
    throw new AppError('usage', '--in-turn says when copies leave: --repeat says how many, 2 or more');
  }
  const security = readSecurity(scheme, kind === 'name' ? host : undefined, flags);
  const own = (flags.option ?? []).map(optionOf);
  const payload = payloadOf(flags);
  // Who writes Block1 by hand wants this one block: the endpoint would cut the payload, and judge the answer, by itself.
  const byHand = own.some(({ number }) => number === OptionNumber.BLOCK1);
  return {
    host,
    port,
    security,
    request: {
      code,
      options: [...options, ...formatOptions(flags), ...own],
      type: flags.non ? MessageType.NON : MessageType.CON,
      token: flags.token === undefined ? systemRandom.bytes(TOKEN_LENGTH) : tokenBytes(flags.token),
      ...(flags.blockSize === undefined ? {} : { preferredBlockSize: Number(flags.blockSize) }),
      ...(payload === undefined || byHand ? {} : { payload }),
    },
    link: new TesterLink({
      messageId: flags.messageId === undefined ? undefined : messageIdOf(flags.messageId),
      repeat: flags.inTurn ? 1 : flags.repeat,
      acknowledgements: flags.withholdAck ? 'withheld' : 'sent',
      payload: byHand ? payload : undefined,
    }),
    repeat: flags.repeat,
    copies: flags.inTurn ? 'in turn' : 'at once',
    timeout: flags.timeout * 1_000,
    report: { json: flags.json, datagrams: datagramsShown(flags) },
  };
}

function formatOptions({ contentFormat, accept }: RequestFlags): Option[] {
  const format = (number: number, flag: string, text: string | undefined): Option[] =>
    text === undefined ? [] : [uintOption(number, formatNumber(flag, text))];
  return [
    ...format(OptionNumber.CONTENT_FORMAT, '--content-format', contentFormat),
    ...format(OptionNumber.ACCEPT, '--accept', accept),
  ];
}

function payloadOf({ payload, payloadHex, payloadFile }: RequestFlags): Uint8Array | undefined {
  if ([payload, payloadHex, payloadFile].filter((given) => given !== undefined).length > 1) {
    throw new AppError('usage', 'there is one payload: give one of --payload, --payload-hex and --payload-file');
  }
  if (payload !== undefined) return encodeUtf8(payload);
  if (payloadHex !== undefined) return hexBytes('--payload-hex', payloadHex);
  return payloadFile === undefined ? undefined : readBytes(payloadFile);
}

/** Whoever repeats or withholds wants to see what comes of it. */
function datagramsShown({ hex, repeat, withholdAck }: RequestFlags): ReportOptions['datagrams'] {
  if (hex) return 'hex';
  return repeat > 1 || withholdAck ? 'lines' : 'hidden';
}

const TOKEN_LENGTH = 8;
