/** A `coap` or `coaps` URI taken apart into where a request goes and the options it carries (RFC 7252 §6.1, §6.2, §6.4). */

import { AppError } from '#base';
import { bytesOption, OptionNumber, stringOption, type Option } from '#coap/codec';

/** Where a request goes, and what of its URI it carries. */
export interface Target {
  readonly scheme: 'coap' | 'coaps';
  /** An IP address without brackets, or a name to look up, in small letters. */
  readonly host: string;
  /** Whether the host is an address or a name. */
  readonly kind: 'address' | 'name';
  readonly port: number;
  /** Uri-Host when the host is a name, Uri-Path and Uri-Query. */
  readonly options: readonly Option[];
}

/**
 * Takes a URI such as `coap://[2001:db8::1]:61616/3/0?pmin=10` apart. Characters beyond ASCII stand for their UTF-8. Throws
 * AppError(`usage`) that says what is wrong and what is allowed.
 */
export function parseCoapUri(text: string): Target {
  const [, scheme = '', authority, path = '', query, fragment] = PARTS.exec(text) ?? [];
  const bad = (why: string): AppError => new AppError('usage', `"${text}" is not a URI that can be asked: ${why}`);
  const [, secure] = /^coap(s?)$/i.exec(scheme) ?? [];
  if (secure === undefined || authority === undefined) throw bad(`expected is ${EXPECTED}`);
  if (fragment !== undefined) throw bad('a URI of CoAP has no fragment (#)');
  const { host, kind, port } = parseAuthority(authority, secure === '' ? COAP_PORT : COAPS_PORT, bad);
  const wrong = /[^!$&-;=?-Z_a-z~%\u0080-\u{10ffff}]/u.exec(path + (query ?? ''));
  if (wrong !== null) throw bad(`the character ${JSON.stringify(wrong[0])} must be written as ${percent(wrong[0])}`);
  return {
    scheme: secure === '' ? 'coap' : 'coaps',
    host,
    kind,
    port,
    options: [
      ...(kind === 'name' ? [stringOption(OptionNumber.URI_HOST, host)] : []),
      ...segmentsOf(path, bad).map((segment) => bytesOption(OptionNumber.URI_PATH, segment)),
      ...(query?.split('&') ?? []).map((argument) => bytesOption(OptionNumber.URI_QUERY, decode(argument, bad))),
    ],
  };
}

type Bad = (why: string) => AppError;

function parseAuthority(authority: string, usual: number, bad: Bad): Pick<Target, 'host' | 'kind' | 'port'> {
  const [, six, other = '', digits = ''] = /^(?:\[([^\]]*)\]|([^:@[\]]*))(?::(\d*))?$/.exec(authority) ?? [];
  const port = digits === '' ? usual : Number(digits);
  if (port < 1 || port > 65_535) throw bad(`the port ${digits} is none of 1 to 65535`);
  if (six !== undefined) {
    if (!URL.canParse(`coap://[${six}]`)) throw bad(`[${six}] is not an IPv6 address`);
    // In the one form in which addresses of datagrams are compared.
    return { host: new URL(`coap://[${six}]`).hostname.slice(1, -1), kind: 'address', port };
  }
  if (other === '') throw bad(`expected is ${EXPECTED}`);
  const host = decode(other, bad).toString('utf8').toLowerCase();
  if (/^\d{1,3}([.]\d{1,3}){3}$/.test(host)) {
    if (!host.split('.').every((part) => String(Number(part)) === part && Number(part) <= 255)) {
      throw bad(`${host} is not an IPv4 address`);
    }
    return { host, kind: 'address', port };
  }
  return { host, kind: 'name', port };
}

/** The segments of a path, none of `/`, without `.` and `..` (RFC 3986 §5.2.4), percent-decoded. */
function segmentsOf(path: string, bad: Bad): Buffer[] {
  if (path === '' || path === '/') return [];
  const kept: string[] = [];
  const all = path.slice(1).split('/');
  all.forEach((segment, index) => {
    if (segment !== '.' && segment !== '..') {
      kept.push(segment);
      return;
    }
    if (segment === '..') kept.pop();
    // Behind the last of them the path ends with a slash.
    if (index === all.length - 1 && kept.length > 0) kept.push('');
  });
  return kept.map((segment) => {
    const bytes = decode(segment, bad);
    const shown = bytes.toString('latin1');
    if (shown === '.' || shown === '..') {
      throw bad(
        `a segment may not be "${shown}" (RFC 7252 §5.10.1); --option ${OptionNumber.URI_PATH}=${shown} sends it`,
      );
    }
    return bytes;
  });
}

function decode(text: string, bad: Bad): Buffer {
  const broken = /%(?![0-9a-fA-F]{2})/.exec(text);
  if (broken !== null) throw bad(`"${text.slice(broken.index, broken.index + 3)}" is not % and two hex digits`);
  const pieces = text.split(/(%[0-9a-fA-F]{2})/);
  return Buffer.concat(
    pieces.map((piece, index) => (index % 2 === 1 ? Buffer.from(piece.slice(1), 'hex') : Buffer.from(piece, 'utf8'))),
  );
}

function percent(character: string): string {
  return Array.from(
    Buffer.from(character, 'utf8'),
    (byte) => `%${byte.toString(16).toUpperCase().padStart(2, '0')}`,
  ).join('');
}

/** RFC 3986 Appendix B: scheme, authority, path, query, fragment. */
const PARTS = /^([A-Za-z][A-Za-z0-9+.-]*):(?:\/\/([^/?#]*))?([^?#]*)(?:\?([^#]*))?(?:#(.*))?$/s;
const EXPECTED = 'coap://host[:port]/path?query, with an IPv6 address in brackets, or coaps:// for DTLS';
const COAP_PORT = 5_683;
const COAPS_PORT = 5_684;
