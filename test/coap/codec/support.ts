/** Sample datagrams with what they say, and short ways to read and write messages. */

import { decodeMessage, encodeMessage, isMalformed, MessageType } from '#coap/codec';
import { EMPTY, fromHex } from '#base';
import type { Message, MessageParts, Option } from '#coap/codec';

/** A datagram in hex and the parts it is made of, in the order of the wire. */
export interface Sample {
  readonly name: string;
  readonly hex: string;
  readonly parts: MessageParts;
}

/** Parts with what is usual: CON, message id 0, no token, no options, no payload. */
export function parts(changes: Partial<MessageParts>): MessageParts {
  return { type: MessageType.CON, code: 1, messageId: 0, token: EMPTY, options: [], payload: EMPTY, ...changes };
}

/** An option by hex. */
export function option(number: number, hex: string): Option {
  return { number, value: fromHex(hex) };
}

/** An option by text. */
export function text(number: number, value: string): Option {
  return { number, value: Buffer.from(value) };
}

/** Reads hex that must be a message. */
export function decoded(hex: string): Message {
  return read(fromHex(hex));
}

/** Reads bytes that must be a message. */
export function read(bytes: Uint8Array): Message {
  const message = decodeMessage(bytes);
  if (isMalformed(message)) throw new Error(`malformed: ${message.malformed}`);
  return message;
}

/** A message that went over the wire. */
export function sent(changes: Partial<MessageParts>): Message {
  return read(encodeMessage(parts(changes)));
}

/** Why hex is no message; 'none' when it is one. */
export function reasonOf(hex: string): string {
  const message = decodeMessage(fromHex(hex));
  return isMalformed(message) ? message.malformed : 'none';
}

/** A message as parts, with values as Buffers of their own, to compare with. */
export function partsOf(message: Message): MessageParts {
  const { type, code, messageId } = message;
  const options = message.options().map(({ number, value }) => ({ number, value: Buffer.from(value) }));
  return { type, code, messageId, token: Buffer.from(message.token), options, payload: Buffer.from(message.payload) };
}

const RD = text(11, 'rd');

/** RFC 7252 Appendix A, RFC 8613 Appendix C.4, and one message of each kind LwM2M has. */
export const SAMPLES: readonly Sample[] = [
  {
    name: 'RFC 7252 Appendix A figure 16, request',
    hex: '40017d34 bb74656d7065726174757265',
    parts: parts({ code: 0x01, messageId: 0x7d34, options: [text(11, 'temperature')] }),
  },
  {
    name: 'RFC 7252 Appendix A figure 16, piggybacked response',
    hex: '60457d34 ff32322e332043',
    parts: parts({ type: 2, code: 0x45, messageId: 0x7d34, payload: Buffer.from('22.3 C') }),
  },
  {
    name: 'RFC 7252 Appendix A figure 17, request with a token',
    hex: '41017d3520 bb74656d7065726174757265',
    parts: parts({ code: 0x01, messageId: 0x7d35, token: fromHex('20'), options: [text(11, 'temperature')] }),
  },
  {
    name: 'RFC 7252 Appendix A figure 19, empty acknowledgement',
    hex: '60007d38',
    parts: parts({ type: 2, code: 0, messageId: 0x7d38 }),
  },
  {
    name: 'RFC 8613 Appendix C.4, unprotected request',
    hex: '44015d1f00003974 396c6f63616c686f7374 83747631',
    parts: parts({
      code: 0x01,
      messageId: 0x5d1f,
      token: fromHex('00003974'),
      options: [text(3, 'localhost'), text(11, 'tv1')],
    }),
  },
  {
    name: 'Register',
    hex: '42027d38ab01 b27264 1128 3865703d6e6f646531 066c743d333030 096c776d326d3d312e31 03623d55 ff 3c2f312f303e2c3c2f332f303e',
    parts: parts({
      code: 0x02,
      messageId: 0x7d38,
      token: fromHex('ab01'),
      options: [RD, option(12, '28'), ...['ep=node1', 'lt=300', 'lwm2m=1.1', 'b=U'].map((query) => text(15, query))],
      payload: Buffer.from('</1/0>,</3/0>'),
    }),
  },
  {
    name: 'Created at rd/5a3f',
    hex: '62417d38ab01 827264 0435613366',
    parts: parts({
      type: 2,
      code: 0x41,
      messageId: 0x7d38,
      token: fromHex('ab01'),
      options: [text(8, 'rd'), text(8, '5a3f')],
    }),
  },
  {
    name: 'Update',
    hex: '42027d39ab02 b27264 0435613366',
    parts: parts({ code: 0x02, messageId: 0x7d39, token: fromHex('ab02'), options: [RD, text(11, '5a3f')] }),
  },
  {
    name: 'Read of /3/0 with Accept 11542',
    hex: '41010001c1 b133 0130 622d16',
    parts: parts({
      code: 0x01,
      messageId: 1,
      token: fromHex('c1'),
      options: [text(11, '3'), text(11, '0'), option(17, '2d16')],
    }),
  },
  {
    name: 'Observe of /3/0/9 with Accept 110',
    hex: '41010002c2 60 5133 0130 0139 616e',
    parts: parts({
      code: 0x01,
      messageId: 2,
      token: fromHex('c2'),
      options: [option(6, ''), text(11, '3'), text(11, '0'), text(11, '9'), option(17, '6e')],
    }),
  },
  {
    name: 'cancellation of that observation',
    hex: '41010003c2 6101 5133 0130 0139 616e',
    parts: parts({
      code: 0x01,
      messageId: 3,
      token: fromHex('c2'),
      options: [option(6, '01'), text(11, '3'), text(11, '0'), text(11, '9'), option(17, '6e')],
    }),
  },
  {
    name: 'Write-Attributes of /3/0/9',
    hex: '41030004c3 b133 0130 0139 47706d696e3d3130 07706d61783d3630',
    parts: parts({
      code: 0x03,
      messageId: 4,
      token: fromHex('c3'),
      options: [text(11, '3'), text(11, '0'), text(11, '9'), text(15, 'pmin=10'), text(15, 'pmax=60')],
    }),
  },
  {
    name: 'Execute of /1/0/8',
    hex: '41020005c4 b131 0130 0138',
    parts: parts({
      code: 0x02,
      messageId: 5,
      token: fromHex('c4'),
      options: [text(11, '1'), text(11, '0'), text(11, '8')],
    }),
  },
  {
    name: 'first block of a Write to /5/0/0',
    hex: '41030006c5 b135 0130 0130 112a d1020d d314011170',
    parts: parts({
      code: 0x03,
      messageId: 6,
      token: fromHex('c5'),
      options: [
        ...[text(11, '5'), text(11, '0'), text(11, '0')],
        ...[option(12, '2a'), option(27, '0d'), option(60, '011170')],
      ],
    }),
  },
  {
    name: 'Read-Composite at the root',
    hex: '4105000ac9 c170 5170 ff 82a100662f332f302f39a100662f312f302f31',
    parts: parts({
      code: 0x05,
      messageId: 10,
      token: fromHex('c9'),
      options: [option(12, '70'), option(17, '70')],
      payload: fromHex('82a100662f332f302f39a100662f312f302f31'),
    }),
  },
  {
    name: 'Bootstrap-Request',
    hex: '41020008c7 b26273 4865703d6e6f646531 097063743d3131353432',
    parts: parts({
      code: 0x02,
      messageId: 8,
      token: fromHex('c7'),
      options: [text(11, 'bs'), text(15, 'ep=node1'), text(15, 'pct=11542')],
    }),
  },
  {
    name: 'Bootstrap-Finish',
    hex: '41020007c6 b26273',
    parts: parts({ code: 0x02, messageId: 7, token: fromHex('c6'), options: [text(11, 'bs')] }),
  },
];
