/** Which critical options this endpoint understands (RFC 7252 §5.4.1); OSCORE, Q-Block and those of proxies are not among them. */

import { OptionNumber } from '#coap/codec';

/** Critical options an endpoint understands; the paths and queries among them are judged by the application. */
export function isUnderstood(option: number): boolean {
  switch (option) {
    case OptionNumber.IF_MATCH:
    case OptionNumber.URI_HOST:
    case OptionNumber.IF_NONE_MATCH:
    case OptionNumber.URI_PORT:
    case OptionNumber.URI_PATH:
    case OptionNumber.URI_QUERY:
    case OptionNumber.ACCEPT:
    case OptionNumber.BLOCK1:
    case OptionNumber.BLOCK2:
      return true;
    default:
      return false;
  }
}
