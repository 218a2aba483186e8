/** A writer of DER that can also write what is none: each helper gives one element. */

/** An element of a tag with the given content; lengths in their shortest form. */
export function tlv(tag: number, ...content: readonly Uint8Array[]): Buffer {
  const body = Buffer.concat(content);
  return Buffer.concat([Buffer.from([tag]), length(body.length), body]);
}

/** The same with its length written in `width` bytes behind the first, however few would do. */
export function longTlv(tag: number, width: number, ...content: readonly Uint8Array[]): Buffer {
  const body = Buffer.concat(content);
  const bytes = Buffer.alloc(width);
  bytes.writeUIntBE(body.length, 0, width);
  return Buffer.concat([Buffer.from([tag, 0x80 | width]), bytes, body]);
}

/** A SEQUENCE. */
export const seq = (...content: readonly Uint8Array[]): Buffer => tlv(0x30, ...content);
/** A SET, its elements as they come. */
export const set = (...content: readonly Uint8Array[]): Buffer => tlv(0x31, ...content);
/** An OCTET STRING. */
export const octets = (content: Uint8Array): Buffer => tlv(0x04, content);
/** A BIT STRING of whole bytes. */
export const bits = (content: Uint8Array): Buffer => tlv(0x03, Buffer.from([0]), content);
/** A BOOLEAN. */
export const bool = (value: 'true' | 'false'): Buffer => tlv(0x01, Buffer.from([value === 'true' ? 0xff : 0]));
/** A UTF8String. */
export const utf8 = (text: string): Buffer => tlv(0x0c, Buffer.from(text));
/** `[number]` around elements. */
export const tagged = (number: number, ...content: readonly Uint8Array[]): Buffer => tlv(0xa0 | number, ...content);
/** `[number]` in place of a primitive element's own tag. */
export const implicit = (number: number, content: Uint8Array): Buffer => tlv(0x80 | number, content);

/** An INTEGER in two's complement. */
export function int(value: number | bigint): Buffer {
  let digits = BigInt(value);
  const bytes: number[] = [];
  do {
    bytes.unshift(Number(digits & 0xffn));
    digits >>= 8n;
  } while (digits !== 0n && digits !== -1n);
  const first = bytes[0] as number;
  if (BigInt(value) >= 0n && first > 0x7f) bytes.unshift(0);
  if (BigInt(value) < 0n && first < 0x80) bytes.unshift(0xff);
  return tlv(0x02, Buffer.from(bytes));
}

/** An OBJECT IDENTIFIER from its dotted form. */
export function oid(dotted: string): Buffer {
  const [first = 0n, second = 0n, ...rest] = dotted.split('.').map(BigInt);
  const bytes: number[] = [];
  for (const arc of [first * 40n + second, ...rest]) {
    const groups = [Number(arc & 0x7fn)];
    for (let left = arc >> 7n; left > 0n; left >>= 7n) groups.unshift(Number(left & 0x7fn) | 0x80);
    bytes.push(...groups);
  }
  return tlv(0x06, Buffer.from(bytes));
}

/** A time: UTCTime through 2049, GeneralizedTime from 2050 on (RFC 5280 §4.1.2.5). */
export function time(moment: number): Buffer {
  const digits = new Date(moment).toISOString().replaceAll(/[-:T]|\.\d+/g, '');
  return moment < Date.UTC(2050) ? tlv(0x17, Buffer.from(digits.slice(2))) : tlv(0x18, Buffer.from(digits));
}

function length(count: number): Buffer {
  if (count < 0x80) return Buffer.from([count]);
  const bytes: number[] = [];
  for (let left = count; left > 0; left = Math.floor(left / 256)) bytes.unshift(left % 256);
  return Buffer.from([0x80 | bytes.length, ...bytes]);
}
