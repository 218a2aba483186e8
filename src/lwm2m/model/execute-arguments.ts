/** Arguments of Execute: `0='x',2,7='http://…'`, digits 0 to 9 with optional quoted values (LwM2M-Core 1.1.1 §6.3.6, 1.2.1 §6.3.6). */

import { AppError, encodeUtf8 } from '#base';

/**
 * The arguments as payload; '' is none. Each digit may stand once. Throws AppError(`invalid_arguments`) with the place of
 * what breaks the grammar.
 */
export function encodeArguments(text: string): Uint8Array {
  const seen = new Set<string>();
  let at = 0;
  while (at < text.length) {
    const digit = text.charAt(at);
    if (digit < '0' || digit > '9') throw invalid(at, 'a digit 0 to 9 is expected');
    if (seen.has(digit)) throw invalid(at, `argument ${digit} is given twice`);
    seen.add(digit);
    at += 1;
    if (text.charAt(at) === '=') at = endOfValue(text, at + 1);
    if (at === text.length) break;
    if (text.charAt(at) !== ',') throw invalid(at, `"," or "='value'" is expected`);
    at += 1;
    if (at === text.length) throw invalid(at, 'an argument is expected after ","');
  }
  return encodeUtf8(text);
}

/** Where the text goes on after a quoted value that begins at `start`. */
function endOfValue(text: string, start: number): number {
  if (text.charAt(start) !== "'") throw invalid(start, `"'" is expected before a value`);
  for (let at = start + 1; at < text.length; at += 1) {
    const code = text.charCodeAt(at);
    if (code === QUOTE) return at + 1;
    if (code < 0x21 || code > 0x7e || code === DOUBLE_QUOTE || code === BACKSLASH) {
      throw invalid(at, `a value may contain visible ASCII characters but no blank, ", ' or \\`);
    }
  }
  throw invalid(text.length, `"'" is expected after a value`);
}

function invalid(at: number, rule: string): AppError {
  const detail = `not in LwM2M's grammar at character ${at + 1}: ${rule}; an example is 0='x',2`;
  return new AppError('invalid_arguments', `the arguments are ${detail}`, {
    faults: [{ pointer: '/arguments', detail }],
  });
}

const DOUBLE_QUOTE = 0x22;
const QUOTE = 0x27;
const BACKSLASH = 0x5c;
