/** A handshake between two programs of OpenSSL, read record by record and message by message, and written again. */

import { describe, expect, it } from '@jest/globals';
import { EMPTY, fromHex, toHex } from '#base';
import {
  ContentType,
  decodeChangeCipherSpec,
  decodeClientHello,
  decodeEmptyExtension,
  decodeFinished,
  decodeHelloVerifyRequest,
  decodePskClientKeyExchange,
  decodeRenegotiationInfo,
  decodeServerHello,
  decodeServerHelloDone,
  decodeSignatureAlgorithms,
  DTLS_1_0,
  DTLS_1_2,
  encodeChangeCipherSpec,
  encodeClientHello,
  encodeFinished,
  encodeHelloVerifyRequest,
  encodePskClientKeyExchange,
  encodeRenegotiationInfo,
  encodeServerHello,
  encodeSignatureAlgorithms,
  ExtensionType,
  findExtension,
  handshakeMessage,
  HandshakeType,
  newFragmentView,
  newRecordView,
  readFragment,
  readHelloHead,
  readRecord,
  writeFragment,
  writeRecordHeader,
} from '#dtls/codec';
import type { FragmentView, RecordView } from '#dtls/codec';
import { bodyOf, CAPTURE, FINISHED } from './support.js';

/** All records of a datagram, and no fault. */
function recordsOf(hex: string): { view: RecordView; content: Buffer }[] {
  const datagram = fromHex(hex);
  const found = [];
  for (let at = 0; at < datagram.length;) {
    const view = newRecordView();
    expect(readRecord(datagram, at, 0, view)).toBeUndefined();
    found.push({ view, content: datagram.subarray(view.start, view.end) });
    at = view.end;
  }
  return found;
}

/** The one message of a record's content, which has no other fragments. */
function messageOf(content: Buffer): { view: FragmentView; body: Buffer } {
  const view = newFragmentView();
  expect(readFragment(content, 0, content.length, view)).toBeUndefined();
  expect([view.offset, view.end, view.end - view.start]).toEqual([0, content.length, view.length]);
  return { view, body: content.subarray(view.start, view.end) };
}

/** A body after it was read and written again, by the type of its message. */
function rewritten(type: number, body: Buffer): Uint8Array {
  switch (type) {
    case HandshakeType.CLIENT_HELLO:
      return encodeClientHello(decodeClientHello(body));
    case HandshakeType.HELLO_VERIFY_REQUEST:
      return encodeHelloVerifyRequest(decodeHelloVerifyRequest(body).cookie);
    case HandshakeType.SERVER_HELLO:
      return encodeServerHello(decodeServerHello(body));
    case HandshakeType.SERVER_HELLO_DONE:
      decodeServerHelloDone(body);
      return EMPTY;
    case HandshakeType.CLIENT_KEY_EXCHANGE:
      return encodePskClientKeyExchange(decodePskClientKeyExchange(body));
    case HandshakeType.FINISHED:
      return encodeFinished(decodeFinished(body));
    default:
      throw new Error(`type ${type} is not in the capture`);
  }
}

/** A record's content after it was read and written again; what is protected stays as it is. */
function contentAgain({ type, epoch }: RecordView, content: Buffer): Uint8Array {
  if (epoch > 0) return content;
  if (type === ContentType.CHANGE_CIPHER_SPEC) {
    decodeChangeCipherSpec(content);
    return encodeChangeCipherSpec();
  }
  expect(type).toBe(ContentType.HANDSHAKE);
  const { view, body } = messageOf(content);
  const message = handshakeMessage(view.type, view.sequence, rewritten(view.type, body));
  const out = new Uint8Array(message.length);
  expect(writeFragment(out, 0, message, 0, view.length)).toBe(message.length);
  expect(out).toEqual(message);
  return out;
}

describe('a captured handshake', () => {
  it.each(Object.entries(CAPTURE))('has %s, which is written again to the byte', (_, hex) => {
    const out = new Uint8Array(hex.length / 2);
    let at = 0;
    for (const { view, content } of recordsOf(hex)) {
      const again = contentAgain(view, content);
      at = writeRecordHeader(out, at, view.type, view.epoch, view.sequence, EMPTY, again.length, view.version);
      out.set(again, at);
      at += again.length;
    }
    expect(toHex(out)).toBe(hex);
  });

  it.each(Object.entries(FINISHED))('has the Finished of the %s, which is written again to the byte', (_, hex) => {
    const { view, body } = messageOf(fromHex(hex));
    expect([view.type, view.sequence, view.length]).toEqual([HandshakeType.FINISHED, 3, 12]);
    expect(toHex(handshakeMessage(view.type, view.sequence, rewritten(view.type, body)))).toBe(hex);
  });

  it('has records of these types, epochs and sequence numbers', () => {
    const seen = Object.values(CAPTURE).flatMap((hex) =>
      recordsOf(hex).map(({ view: { type, version, epoch, sequence } }) => [type, version, epoch, sequence]),
    );
    expect(seen).toEqual([
      [22, DTLS_1_0, 0, 0],
      [22, DTLS_1_0, 0, 0],
      [22, DTLS_1_0, 0, 1],
      [22, DTLS_1_2, 0, 1],
      [22, DTLS_1_2, 0, 2],
      [22, DTLS_1_2, 0, 2],
      [20, DTLS_1_2, 0, 3],
      [22, DTLS_1_2, 1, 0],
      [20, DTLS_1_2, 0, 3],
      [22, DTLS_1_2, 1, 0],
      [23, DTLS_1_2, 1, 1],
      [21, DTLS_1_2, 1, 2],
    ]);
  });

  it('has a ClientHello that says what OpenSSL offered', () => {
    const hello = decodeClientHello(fromHex(bodyOf(CAPTURE.helloWithCookie)));
    expect({ ...hello, random: toHex(hello.random), cookie: toHex(hello.cookie), extensions: [] }).toEqual({
      version: DTLS_1_2,
      random: '13deba44eaaf2b974e44003252390a7fe2ef2ae8931eb415016b30495e18374e',
      sessionId: Buffer.alloc(0),
      cookie: 'daa73850c807ca4a606cf64c34abd7faf1f6ef9f',
      suites: [0xc0a8, 0x00ff],
      compressions: [0],
      extensions: [],
    });
    expect(hello.extensions.map(({ type }) => type)).toEqual([
      ExtensionType.ENCRYPT_THEN_MAC,
      ExtensionType.EXTENDED_MASTER_SECRET,
      ExtensionType.SIGNATURE_ALGORITHMS,
    ]);
    const offered = findExtension(hello.extensions, ExtensionType.SIGNATURE_ALGORITHMS) as Uint8Array;
    const schemes = decodeSignatureAlgorithms(offered);
    expect([schemes.length, schemes[0], schemes.at(-1)]).toEqual([20, 0x0403, 0x0602]);
    expect(toHex(encodeSignatureAlgorithms(schemes))).toBe(toHex(offered));
  });

  it('has a ServerHello that answers renegotiation_info and the extended master secret', () => {
    const [hello, done] = recordsOf(CAPTURE.serverFlight).map(({ content }) => messageOf(content));
    expect([hello?.view.sequence, done?.view.sequence, done?.view.type]).toEqual([1, 2, 14]);
    const { suite, sessionId, compression, extensions } = decodeServerHello(hello?.body as Buffer);
    expect([suite, sessionId.length, compression, extensions.length]).toEqual([0xc0a8, 32, 0, 2]);
    const info = findExtension(extensions, ExtensionType.RENEGOTIATION_INFO) as Uint8Array;
    expect(decodeRenegotiationInfo(info)).toHaveLength(0);
    expect(toHex(encodeRenegotiationInfo())).toBe(toHex(info));
    const master = findExtension(extensions, ExtensionType.EXTENDED_MASTER_SECRET) as Uint8Array;
    expect(() => decodeEmptyExtension(master)).not.toThrow();
    expect(findExtension(extensions, ExtensionType.ENCRYPT_THEN_MAC)).toBeUndefined();
  });

  it('has a HelloVerifyRequest of DTLS 1.0 whose cookie the second ClientHello returns', () => {
    const { version, cookie } = decodeHelloVerifyRequest(fromHex(bodyOf(CAPTURE.helloVerifyRequest)));
    expect(version).toBe(DTLS_1_0);
    expect(readHelloHead(fromHex(bodyOf(CAPTURE.helloWithCookie)))).toMatchObject({ cookie });
    expect(readHelloHead(fromHex(bodyOf(CAPTURE.hello)))).toMatchObject({ cookie: Buffer.alloc(0) });
  });
});
