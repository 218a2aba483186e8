/** Bytes ↔ messages: the CoAP codec. */

export { blockOption, blockSize, decodeBlock, encodeBlock, MAX_BLOCK_NUM, szxFor } from './block.js';
export type { Block } from './block.js';
export {
  Code,
  codeClass,
  describeCode,
  isIdempotent,
  isRequest,
  isResponse,
  isSuccess,
  parseCode,
  showCode,
} from './codes.js';
export { contentFormatName, contentFormatNamed, contentFormatNames } from './content-formats.js';
export { criticalProblem } from './critical.js';
export { describeMessage, describeOptions, showMessage, showOption } from './describe.js';
export type { DescribedMessage, DescribedOption, MalformedDescription, MessageDescription } from './describe.js';
export { formatLinks, LINK_LIMITS, parseLinks } from './link-format.js';
export type { Link, LinkLimits } from './link-format.js';
export { Message, MessageType } from './message.js';
export type { MessageParts, OptionWalk } from './message.js';
export {
  bytesOption,
  decodeUint,
  emptyOption,
  encodeUint,
  fitsRegistry,
  isCritical,
  isNoCacheKey,
  isUnsafe,
  OptionNumber,
  OPTIONS,
  stringOption,
  uintOption,
} from './options.js';
export type { Option, OptionRow } from './options.js';
export { tokenKeyOf } from './text.js';
export { decodeMessage, encodeBareAnswer, encodeEmpty, encodeMessage, isMalformed, MAX_OPTIONS } from './udp.js';
export type { Malformed, MalformedReason } from './udp.js';
