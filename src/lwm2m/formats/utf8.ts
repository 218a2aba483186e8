/** Strict UTF-8 (RFC 3629 §4) over a span of bytes, without making a string: overlong forms and surrogates are malformed. */

/** Offset of the first malformed sequence in `bytes[start..end)`, or -1. */
export function utf8ErrorAt(bytes: Uint8Array, start: number, end: number): number {
  let at = start;
  while (at < end) {
    const lead = bytes[at] as number;
    if (lead < 0x80) {
      at += 1;
      continue;
    }
    const length = sequenceLength(lead);
    if (length === 0 || length > end - at) return at;
    const second = bytes[at + 1] as number;
    if (second < lowestSecond(lead) || second > highestSecond(lead)) return at;
    for (let index = 2; index < length; index += 1) if (((bytes[at + index] as number) & 0xc0) !== 0x80) return at;
    at += length;
  }
  return -1;
}

/** Bytes of the sequence that begins with `lead`; 0 when none does. */
function sequenceLength(lead: number): number {
  if (lead >= 0xc2 && lead <= 0xdf) return 2;
  if (lead >= 0xe0 && lead <= 0xef) return 3;
  return lead >= 0xf0 && lead <= 0xf4 ? 4 : 0;
}

function lowestSecond(lead: number): number {
  if (lead === 0xe0) return 0xa0;
  return lead === 0xf0 ? 0x90 : 0x80;
}

function highestSecond(lead: number): number {
  if (lead === 0xed) return 0x9f;
  return lead === 0xf4 ? 0x8f : 0xbf;
}
