/** Parts of a message as a tester writes them: hex, numbers, content formats, options. */

import { AppError, encodeUtf8, EMPTY, fromHex } from '#base';
import { bytesOption, contentFormatNamed, contentFormatNames, type Option } from '#coap/codec';

/** Bytes written in hex, blanks allowed between them. Throws AppError(`usage`) that names the flag. */
export function hexBytes(flag: string, text: string): Uint8Array {
  try {
    return fromHex(text);
  } catch (cause) {
    throw new AppError('usage', `${flag} must be pairs of hex digits, not "${text}"`, { cause });
  }
}

/** A token of 0 to 8 bytes in hex (RFC 7252 §5.3.1). Throws AppError(`usage`). */
export function tokenBytes(text: string): Uint8Array {
  const token = hexBytes('--token', text);
  if (token.length > 8) throw new AppError('usage', `--token has ${token.length} bytes; a token has 0 to 8`);
  return token;
}

/** A content format by number or name. Throws AppError(`usage`) that lists the names. */
export function formatNumber(flag: string, text: string): number {
  const number = /^\d{1,5}$/.test(text) ? Number(text) : contentFormatNamed(text.toLowerCase());
  if (number !== undefined && number <= 0xffff) return number;
  const names = contentFormatNames().join(', ');
  throw new AppError('usage', `${flag}: "${text}" is no content format; allowed are 0 to 65535 and the names ${names}`);
}

/** A message id, decimal or `0x` and hex. Throws AppError(`usage`). */
export function messageIdOf(text: string): number {
  const number = /^(\d{1,5}|0x[0-9a-fA-F]{1,4})$/.test(text) ? Number(text) : Number.NaN;
  if (number <= 0xffff) return number;
  throw new AppError('usage', `--message-id must be 0 to 65535 or 0x0000 to 0xffff, not "${text}"`);
}

/**
 * An option as `NUMBER=TEXT`, `NUMBER=0xHEX` or, without value, `NUMBER`. Nothing is checked against the registry: a tester
 * may want it wrong. Throws AppError(`usage`).
 */
export function optionOf(text: string): Option {
  const [, digits = '', value] = /^(\d{1,5})(?:=(.*))?$/s.exec(text) ?? [];
  const number = Number(digits);
  if (digits === '' || number > 0xffff) {
    throw new AppError('usage', `--option must be NUMBER=TEXT or NUMBER=0xHEX, NUMBER 0 to 65535, not "${text}"`);
  }
  if (value === undefined) return bytesOption(number, EMPTY);
  return bytesOption(
    number,
    value.startsWith('0x') ? hexBytes(`--option ${digits}`, value.slice(2)) : encodeUtf8(value),
  );
}
