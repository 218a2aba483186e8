/** A payload as people read it: JSON laid out, text as it is, everything else in hex. */

import { applyEdits, format as layOut } from 'jsonc-parser';

import { decodeUtf8, toHex } from '#base';
import { contentFormatName } from '#coap/codec';

import { escaped } from '../logger.js';

/** The text of a payload when it is UTF-8 without what a terminal would act on; undefined when it is not. */
export function printableText(payload: Uint8Array): string | undefined {
  let text: string;
  try {
    text = decodeUtf8(payload);
  } catch {
    return undefined;
  }
  const line = text.replaceAll(/\t|\r?\n/g, '');
  return escaped(line) === line ? text : undefined;
}

/** A payload of a content format (undefined: none was given) as lines without the last line's end. */
export function showPayload(payload: Uint8Array, contentFormat: number | undefined): string {
  const text = printableText(payload);
  if (text === undefined) return inLines(toHex(payload));
  return isJson(contentFormat) ? laidOut(text) : text;
}

function isJson(contentFormat: number | undefined): boolean {
  return contentFormat !== undefined && /json$/.test(contentFormatName(contentFormat) ?? '');
}

/** JSON on lines of its own, digit by digit as it came; text that is no JSON stays as it is. */
function laidOut(text: string): string {
  try {
    JSON.parse(text);
  } catch {
    return text;
  }
  return applyEdits(text, layOut(text, undefined, { tabSize: 2, insertSpaces: true, eol: '\n' }));
}

function inLines(hex: string): string {
  return (hex.match(/.{1,64}/g) ?? []).map((line) => (line.match(/../g) ?? []).join(' ')).join('\n');
}
