/**
 * What makes two requests parts of one block-wise transfer (RFC 7959 §2.4, §2.5; RFC 9175 §3.3): equal method and equal
 * cache-key options, Request-Tag among them, save those that steer the transfer itself.
 */

import { Code, isNoCacheKey, OptionNumber, tokenKeyOf } from '#coap/codec';
import type { Message } from '#coap/codec';

/** The key of a request within its peer. */
export function transferKey(message: Message): string {
  let key = String.fromCharCode(message.code);
  message.forEachOption((number, value) => {
    if (steers(number) || isNoCacheKey(number)) return;
    key += String.fromCharCode(number, value.length) + tokenKeyOf(value);
  });
  return key;
}

/** Tells the bodies of FETCH requests apart, which belong to their cache key (RFC 8132 §2); '' for other methods. */
export function bodyKey(code: number, body: Uint8Array): string {
  return code === Code.FETCH ? tokenKeyOf(body) : '';
}

function steers(number: number): boolean {
  return (
    number === OptionNumber.BLOCK1 ||
    number === OptionNumber.BLOCK2 ||
    number === OptionNumber.OBSERVE ||
    number === OptionNumber.ETAG
  );
}
