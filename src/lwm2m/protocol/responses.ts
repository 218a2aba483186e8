/**
 * What a device answered, as an Outcome (LwM2M-Core 1.1.1 §6.3, §6.4; LwM2M-Transport 1.1.1 §6.4.5, §6.4.6). An error of
 * the device is a refusal, an answer that makes no sense a failure; neither is an exception.
 */

import { PeerError, decodeUtf8 } from '#base';
import { Code, OptionNumber, codeClass, showCode } from '#coap/codec';
import type { Message } from '#coap/codec';
import { FORMATS, MAX_ID } from '#lwm2m/model';
import type { DeviceDialect, DeviceRequest, Outcome, Path } from '#lwm2m/model';
import { parseDiscovered } from './attributes.js';
import { decodeCompositeContent, decodeContent, decodeObserved } from './content.js';
import { READ_LIMITS } from './limits.js';
import type { ReadLimits } from './limits.js';

/** Judges the answer to `request`. `body` is the whole payload. Throws nothing that a device can bring about. */
export function decodeResponse(
  request: DeviceRequest,
  dialect: DeviceDialect,
  message: Message,
  body: Uint8Array,
  limits: ReadLimits = READ_LIMITS,
): Outcome {
  const { code } = message;
  const kind = codeClass(code);
  if (kind === 4 || kind === 5) return { kind: 'refused', code, detail: diagnosticOf(message, body) };
  if (kind !== 2 || code === Code.CONTINUE) return badAnswer(`${showCode(code)} is no answer to this request`);
  try {
    return decodeSuccess(request, dialect, message, body, limits);
  } catch (error) {
    if (error instanceof PeerError) return { ...badAnswer(error.message), fault: error.reason };
    throw error;
  }
}

/** The reason a device gave with an error: its diagnostic payload, else what the code means (RFC 7252 §5.5.2). */
export function diagnosticOf(message: Message, body: Uint8Array): string {
  const format = message.uint(OptionNumber.CONTENT_FORMAT) ?? FORMATS.text;
  const text = format === FORMATS.text ? beginningOf(body) : '';
  return text === '' ? meaningOf(message.code) : text;
}

/** The beginning of a text, up to a whole character; '' when it is not UTF-8. */
function beginningOf(body: Uint8Array): string {
  let end = Math.min(body.length, MAX_DIAGNOSTIC);
  if (end < body.length) while (end > 0 && ((body[end] as number) & 0xc0) === 0x80) end -= 1;
  try {
    return decodeUtf8(body.subarray(0, end));
  } catch {
    return '';
  }
}

function decodeSuccess(
  request: DeviceRequest,
  dialect: DeviceDialect,
  message: Message,
  body: Uint8Array,
  limits: ReadLimits,
): Outcome {
  const { code } = message;
  const format = message.uint(OptionNumber.CONTENT_FORMAT);
  const done = { kind: 'done', code, ...(format === undefined ? {} : { format }) } as const;
  switch (request.kind) {
    case 'read':
      return code === Code.CONTENT
        ? { ...done, nodes: decodeContent(request.path, dialect, message, body, limits.formats) }
        : notContent(code);
    case 'readComposite':
      return code === Code.CONTENT
        ? { ...done, nodes: decodeCompositeContent(request.paths, dialect, message, body, limits.formats) }
        : notContent(code);
    case 'observe': {
      if (code !== Code.CONTENT) return notContent(code);
      const observing = message.has(OptionNumber.OBSERVE) ? 'yes' : 'no';
      return { ...done, nodes: decodeObserved(request.paths, dialect, message, body, limits.formats), observing };
    }
    case 'discover': {
      if (code !== Code.CONTENT) return notContent(code);
      if (format !== undefined && format !== FORMATS.link)
        return badAnswer(`content format ${format} is not link-format`);
      return { ...done, links: parseDiscovered(decodeUtf8(body), dialect.root, limits.links) };
    }
    case 'create': {
      const created = createdPath(request.path, request.instance, message);
      return created === undefined ? done : { ...done, created };
    }
    case 'cancelObserve':
    case 'write':
    case 'writeComposite':
    case 'writeAttributes':
    case 'execute':
    case 'delete':
      return done;
  }
}

/** The path of a new instance: the end of Location-Path, which may or may not begin with the root; else as asked for. */
function createdPath(path: Path, asked: number | undefined, message: Message): Path | undefined {
  const [under, last = ''] = message.all(OptionNumber.LOCATION_PATH).slice(-2).map(latin1);
  const instance = under === String(path[0]) && /^\d{1,5}$/.test(last) && Number(last) <= MAX_ID ? Number(last) : asked;
  return instance === undefined ? undefined : [path[0] as number, instance];
}

function latin1(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('latin1');
}

function notContent(code: number): Outcome {
  return badAnswer(`${showCode(Code.CONTENT)} is expected, the answer is ${showCode(code)}`);
}

function badAnswer(detail: string): Outcome & { readonly kind: 'failed' } {
  return { kind: 'failed', reason: 'bad_answer', detail, sent: 'yes' };
}

/** `METHOD_NOT_ALLOWED` as `Method Not Allowed`. */
function meaningOf(code: number): string {
  const name = Object.entries(Code).find(([, value]) => value === code)?.[0];
  if (name === undefined) return `error ${showCode(code)}`;
  const words = name.split('_').map((word) => word.charAt(0) + word.slice(1).toLowerCase());
  return words.join(' ');
}

/** Bytes of a diagnostic payload that are kept. */
const MAX_DIAGNOSTIC = 256;
