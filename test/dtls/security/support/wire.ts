/** Records, fragments and hellos put together by hand, sound ones and others. */

import { EMPTY, fromHex } from '#base';
import {
  ContentType,
  encodeClientHello,
  encodePointFormats,
  encodeSignatureAlgorithms,
  encodeSupportedGroups,
  ExtensionType,
  HANDSHAKE_HEADER,
  handshakeMessage,
  HandshakeType,
  newFragmentView,
  newRecordView,
  readFragment,
  readRecord,
  RECORD_HEADER,
  writeRecordHeader,
  type ClientHello,
  type Extension,
} from '#dtls/codec';

/** A record without a Connection ID. */
export function record(type: number, epoch: number, sequence: number, content: Uint8Array): Buffer {
  const bytes = Buffer.alloc(RECORD_HEADER + content.length);
  writeRecordHeader(bytes, 0, type, epoch, sequence, EMPTY, content.length);
  bytes.set(content, RECORD_HEADER);
  return bytes;
}

/** A handshake message, unprotected, in one fragment. */
export function said(type: number, messageSequence: number, body: Uint8Array, sequence = messageSequence): Buffer {
  return record(ContentType.HANDSHAKE, 0, sequence, handshakeMessage(type, messageSequence, body));
}

/** A fragment whose header says what it is told to. */
export function fragment(
  type: number,
  messageSequence: number,
  length: number,
  offset: number,
  bytes: Uint8Array,
  claimed = bytes.length,
): Buffer {
  const header = Buffer.alloc(HANDSHAKE_HEADER);
  header[0] = type;
  header.writeUIntBE(length, 1, 3);
  header.writeUInt16BE(messageSequence, 4);
  header.writeUIntBE(offset, 6, 3);
  header.writeUIntBE(claimed, 9, 3);
  return Buffer.concat([header, bytes]);
}

/** An extension. */
export function extension(type: number, hex = ''): Extension {
  return { type, body: fromHex(hex) };
}

/** Extensions of a hello for certificates; `kind`: X.509 or raw public keys on both sides. */
export function certificateExtensions(kind: 'x509' | 'rpk'): Extension[] {
  const types = kind === 'rpk' ? '0102' : '0100';
  return [
    extension(ExtensionType.EXTENDED_MASTER_SECRET),
    { type: ExtensionType.SUPPORTED_GROUPS, body: encodeSupportedGroups([23]) },
    { type: ExtensionType.EC_POINT_FORMATS, body: encodePointFormats([0]) },
    { type: ExtensionType.SIGNATURE_ALGORITHMS, body: encodeSignatureAlgorithms([0x0403]) },
    extension(ExtensionType.CLIENT_CERTIFICATE_TYPE, types),
    extension(ExtensionType.SERVER_CERTIFICATE_TYPE, types),
  ];
}

/** Body of a hello; what is not said is that of a sound one with a pre-shared key. */
export function hello(fields: Partial<ClientHello> = {}): Uint8Array {
  return encodeClientHello({
    version: 0xfefd,
    random: new Uint8Array(32).fill(0x11),
    sessionId: EMPTY,
    cookie: EMPTY,
    suites: [0xc0a8, 0x00ff],
    compressions: [0],
    extensions: [extension(ExtensionType.EXTENDED_MASTER_SECRET)],
    ...fields,
  });
}

/** A record with a whole hello. */
export function helloRecord(fields: Partial<ClientHello> = {}, messageSequence = 0): Buffer {
  return said(HandshakeType.CLIENT_HELLO, messageSequence, hello(fields));
}

/** The records of a datagram: type, epoch, sequence number, content, and the whole as bytes. */
export function recordsOf(datagram: Uint8Array, cidBytes = 0) {
  const found = [];
  for (let at = 0; at < datagram.length;) {
    const view = newRecordView();
    if (readRecord(datagram, at, cidBytes, view) !== undefined) break;
    const content = datagram.subarray(view.start, view.end);
    found.push({ view, content, bytes: datagram.subarray(at, view.end) });
    at = view.end;
  }
  return found;
}

/** The unprotected handshake messages of datagrams that carry them in one fragment each. */
export function messagesOf(datagrams: readonly Uint8Array[]) {
  const found: {
    readonly type: number;
    readonly sequence: number;
    readonly bytes: Uint8Array;
    readonly body: Uint8Array;
  }[] = [];
  for (const datagram of datagrams) {
    for (const { view, content } of recordsOf(datagram)) {
      if (view.type !== ContentType.HANDSHAKE || view.epoch !== 0) continue;
      for (let at = 0; at < content.length;) {
        const part = newFragmentView();
        if (readFragment(content, at, content.length, part) !== undefined) break;
        const bytes = content.subarray(at, part.end);
        found.push({ type: part.type, sequence: part.sequence, bytes, body: bytes.subarray(HANDSHAKE_HEADER) });
        at = part.end;
      }
    }
  }
  return found;
}

/** The cookie in an answer to a hello; empty when the answer is something else. */
export function cookieIn(replies: readonly { readonly bytes: Uint8Array }[]): Uint8Array {
  const [message] = messagesOf(replies.map(({ bytes }) => bytes));
  return message?.type === HandshakeType.HELLO_VERIFY_REQUEST ? message.body.subarray(3) : EMPTY;
}
