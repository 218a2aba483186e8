/** A captured handshake, and one sample of each body with where its lengths stand. */

import { EMPTY, fromHex } from '#base';
import {
  decodeAlert,
  decodeCertificateList,
  decodeCertificateRequest,
  decodeCertificateType,
  decodeCertificateTypes,
  decodeCertificateVerify,
  decodeChangeCipherSpec,
  decodeClientHello,
  decodeConnectionId,
  decodeEcdheClientKeyExchange,
  decodeEcdhePskClientKeyExchange,
  decodeEcdhePskServerKeyExchange,
  decodeEcdheServerKeyExchange,
  decodeFinished,
  decodeHelloVerifyRequest,
  decodeMaxFragmentLength,
  decodeNewSessionTicket,
  decodePointFormats,
  decodePskClientKeyExchange,
  decodePskServerKeyExchange,
  decodeRawPublicKey,
  decodeRecordSizeLimit,
  decodeRenegotiationInfo,
  decodeServerHello,
  decodeServerHelloDone,
  decodeServerName,
  decodeSignatureAlgorithms,
  decodeSupportedGroups,
  encodeAlert,
  encodeCertificateList,
  encodeCertificateRequest,
  encodeCertificateType,
  encodeCertificateTypes,
  encodeCertificateVerify,
  encodeChangeCipherSpec,
  encodeClientHello,
  encodeConnectionId,
  encodeEcdheClientKeyExchange,
  encodeEcdhePskClientKeyExchange,
  encodeEcdhePskServerKeyExchange,
  encodeEcdheServerKeyExchange,
  encodeFinished,
  encodeHelloVerifyRequest,
  encodeMaxFragmentLength,
  encodeNewSessionTicket,
  encodePointFormats,
  encodePskClientKeyExchange,
  encodePskServerKeyExchange,
  encodeRawPublicKey,
  encodeRecordSizeLimit,
  encodeRenegotiationInfo,
  encodeServerHello,
  encodeServerName,
  encodeSignatureAlgorithms,
  encodeSupportedGroups,
} from '#dtls/codec';

/** OpenSSL 3.0.19 s_client and s_server -dtls1_2 -listen: PSK-AES128-CCM8, extended master secret, cookie, no ticket. */
export const CAPTURE = Object.freeze({
  hello:
    '16feff00000000000000000070010000640000000000000064fefd13deba44eaaf2b974e44003252390a7fe2ef2ae8931eb415016b30495e18374e' +
    '00000004c0a800ff010000360016000000170000000d002a0028040305030603080708080809080a080b0804080508060401050106010303030103' +
    '02040205020602',
  helloVerifyRequest:
    '16feff00000000000000000023030000170000000000000017feff14daa73850c807ca4a606cf64c34abd7faf1f6ef9f',
  helloWithCookie:
    '16feff00000000000000010084010000780001000000000078fefd13deba44eaaf2b974e44003252390a7fe2ef2ae8931eb415016b30495e18374e' +
    '0014daa73850c807ca4a606cf64c34abd7faf1f6ef9f0004c0a800ff010000360016000000170000000d002a0028040305030603080708080809' +
    '080a080b080408050806040105010601030303010302040205020602',
  serverFlight:
    '16fefd0000000000000001005d020000510001000000000051fefdda2dbce7b063233c75fda99c40752fca7e9d2d87a05e91c0032bf4e52db2de' +
    'd12068ea5682252558ada44917b2e214b1ebdc8320ed9d0e9a9cc9d40f5a0d812776c0a8000009ff010001000017000016fefd00000000000000' +
    '02000c0e0000000002000000000000',
  clientFlight:
    '16fefd0000000000000002001d100000110002000000000011000f436c69656e745f6964656e7469747914fefd0000000000000003000101' +
    '16fefd0001000000000000002800010000000000009ebad59ddf2f9cfc4a195960c06d76152cf95b870da054eeed49ed12c0fc2cdc',
  serverFinish:
    '14fefd0000000000000003000101' +
    '16fefd0001000000000000002800010000000000005914d3871b28db446aa08c1887a909dd88e25fff6160ecb8d6690be9ffd48398',
  data: '17fefd00010000000000010016000100000000000135f93f21f877a9a63703d2ece2e8',
  closeNotify: '15fefd000100000000000200120001000000000002a9f67954887666face5f',
});

/** Plaintext of the two Finished of that capture, decrypted with the keys that were logged. */
export const FINISHED = Object.freeze({
  client: '1400000c000300000000000c7004aaf060dd21f456ef1488',
  server: '1400000c000300000000000c707cfad6047d651a6566f616',
});

/** A record with a connection id of eight bytes, by the rules of RFC 9146 §4. */
export const CID_RECORD =
  '19fefd0001000000000001a1b2c3d4e5f6070800270001000000000001917b7d69e8d430f8108e67635cb023b9cbc420eb9809644dbd0d7e86e18eb9';

/** A length field: its offset and bytes. */
export interface LengthField {
  readonly at: number;
  readonly width: 1 | 2 | 3;
}

/** A body, how it is read and written, and every length in it. */
export interface BodySample {
  readonly name: string;
  readonly bytes: Buffer;
  readonly decode: (bytes: Uint8Array) => unknown;
  /** Reads, and writes what was read. */
  readonly rewrite: (bytes: Uint8Array) => Uint8Array;
  readonly lengths: readonly LengthField[];
  /** A prefix that is whole in itself: a hello without extensions. */
  readonly wholeAt?: number;
}

function sample<T>(
  name: string,
  hex: string,
  decode: (bytes: Uint8Array) => T,
  encode: (value: T) => Uint8Array,
  lengths: readonly (readonly [at: number, width: 1 | 2 | 3])[] = [],
  wholeAt?: number,
): BodySample {
  return {
    name,
    bytes: fromHex(hex),
    decode,
    rewrite: (bytes) => encode(decode(bytes)),
    lengths: lengths.map(([at, width]) => ({ at, width })),
    ...(wholeAt !== undefined && { wholeAt }),
  };
}

/** Bytes of a handshake message in a captured datagram, behind record and message header. */
export function bodyOf(datagram: string): string {
  return datagram.slice(2 * (13 + 12));
}

const RANDOM = '000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f';
/** The generator of P-256, uncompressed. */
const POINT =
  '046b17d1f2e12c4247f8bce6e563a440f277037d812deb33a0f4a13945d898c2964fe342e2fe1a7f9b8ee7eb4a7c0f9e162bce33576b315ececbb6406837bf51f5';
const DER = '3006020101020102';
/** SubjectPublicKeyInfo of that point: 91 bytes. */
const SPKI = `3059301306072a8648ce3d020106082a8648ce3d030107034200${POINT}`;

/** A block of extensions in hex; the offset of each length in it, the block's own first. */
function block(
  at: number,
  extensions: readonly (readonly [type: string, body: string])[],
): { hex: string; lengths: [number, 1 | 2 | 3][] } {
  const lengths: [number, 1 | 2 | 3][] = [[at, 2]];
  let hex = '';
  for (const [type, body] of extensions) {
    lengths.push([at + 2 + hex.length / 2 + 2, 2]);
    hex += type + (body.length / 2).toString(16).padStart(4, '0') + body;
  }
  return { hex: (hex.length / 2).toString(16).padStart(4, '0') + hex, lengths };
}

/** What an IoT client may offer, an unknown extension among it. */
const OFFERED = block(60, [
  ['0000', '000c0000096c6f63616c686f7374'],
  ['000a', '00020017'],
  ['000b', '0100'],
  ['000d', '00020403'],
  ['0013', '020200'],
  ['0014', '0102'],
  ['0017', ''],
  ['001c', '0200'],
  ['0023', 'c0ffee'],
  ['0036', '03010203'],
  ['fafa', '00'],
  ['ff01', '00'],
]);
const ANSWERED = block(46, [
  ['0013', '02'],
  ['0017', ''],
  ['0036', '08a1b2c3d4e5f60708'],
]);
const PSK_SUITE = 'c0a8';

/** Bodies of all handshake messages, and what records carry beside them. */
export const MESSAGES: readonly BodySample[] = [
  sample(
    'ClientHello',
    `fefd${RANDOM}08a0a1a2a3a4a5a6a704112233440008${PSK_SUITE}c0aec02b00ff0100${OFFERED.hex}`,
    decodeClientHello,
    encodeClientHello,
    [[34, 1], [43, 1], [48, 2], [58, 1], ...OFFERED.lengths],
    60,
  ),
  sample(
    'ServerHello',
    `fefd${RANDOM}08b0b1b2b3b4b5b6b7${PSK_SUITE}00${ANSWERED.hex}`,
    decodeServerHello,
    encodeServerHello,
    [[34, 1], ...ANSWERED.lengths],
    46,
  ),
  sample(
    'HelloVerifyRequest',
    'feff04daa73850',
    decodeHelloVerifyRequest,
    ({ cookie }) => encodeHelloVerifyRequest(cookie),
    [[2, 1]],
  ),
  sample('NewSessionTicket', '00000e100004deadbeef', decodeNewSessionTicket, encodeNewSessionTicket, [[4, 2]]),
  sample(
    'Certificate',
    `00001600000${DER.length / 2}${DER}00000${DER.length / 2}${DER}`,
    decodeCertificateList,
    encodeCertificateList,
    [
      [0, 3],
      [3, 3],
      [14, 3],
    ],
  ),
  sample('Certificate of a raw public key', `00005b${SPKI}`, decodeRawPublicKey, encodeRawPublicKey, [[0, 3]]),
  sample('ServerKeyExchange of PSK', '000468696e74', decodePskServerKeyExchange, encodePskServerKeyExchange, [[0, 2]]),
  sample(
    'ServerKeyExchange of ECDHE_PSK',
    `000468696e7403001741${POINT}`,
    decodeEcdhePskServerKeyExchange,
    encodeEcdhePskServerKeyExchange,
    [
      [0, 2],
      [9, 1],
    ],
  ),
  sample(
    'ServerKeyExchange of ECDHE',
    `03001741${POINT}04030008${DER}`,
    decodeEcdheServerKeyExchange,
    encodeEcdheServerKeyExchange,
    [
      [3, 1],
      [71, 2],
    ],
  ),
  sample(
    'CertificateRequest',
    '01400004040305030009000430023000000130',
    decodeCertificateRequest,
    encodeCertificateRequest,
    [
      [0, 1],
      [2, 2],
      [8, 2],
      [10, 2],
      [16, 2],
    ],
  ),
  sample('CertificateVerify', `04030008${DER}`, decodeCertificateVerify, encodeCertificateVerify, [[2, 2]]),
  sample(
    'ClientKeyExchange of PSK',
    '000f436c69656e745f6964656e74697479',
    decodePskClientKeyExchange,
    encodePskClientKeyExchange,
    [[0, 2]],
  ),
  sample(
    'ClientKeyExchange of ECDHE_PSK',
    `000364657641${POINT}`,
    decodeEcdhePskClientKeyExchange,
    encodeEcdhePskClientKeyExchange,
    [
      [0, 2],
      [5, 1],
    ],
  ),
  sample('ClientKeyExchange of ECDHE', `41${POINT}`, decodeEcdheClientKeyExchange, encodeEcdheClientKeyExchange, [
    [0, 1],
  ]),
  sample('ServerHelloDone', '', decodeServerHelloDone, () => EMPTY),
  sample('Finished', '7004aaf060dd21f456ef1488', decodeFinished, encodeFinished),
  sample('ChangeCipherSpec', '01', decodeChangeCipherSpec, encodeChangeCipherSpec),
  sample('an alert', '0228', decodeAlert, ({ level, description }) => encodeAlert(level, description)),
];

/** Bodies of all extensions that have one. */
export const EXTENSION_BODIES: readonly BodySample[] = [
  sample('server_name', '000c0000096c6f63616c686f7374', decodeServerName, (host) => encodeServerName(host ?? ''), [
    [0, 2],
    [3, 2],
  ]),
  sample('max_fragment_length', '02', decodeMaxFragmentLength, encodeMaxFragmentLength),
  sample('supported_groups', '000600170018001d', decodeSupportedGroups, encodeSupportedGroups, [[0, 2]]),
  sample('ec_point_formats', '03000102', decodePointFormats, encodePointFormats, [[0, 1]]),
  sample('signature_algorithms', '000404030503', decodeSignatureAlgorithms, encodeSignatureAlgorithms, [[0, 2]]),
  sample('certificate types of a client', '020200', decodeCertificateTypes, encodeCertificateTypes, [[0, 1]]),
  sample('the certificate type of a server', '02', decodeCertificateType, encodeCertificateType),
  sample('record_size_limit', '0200', decodeRecordSizeLimit, (limit) => encodeRecordSizeLimit(Math.min(limit, 16_385))),
  sample('connection_id', '08a1b2c3d4e5f60708', decodeConnectionId, encodeConnectionId, [[0, 1]]),
  sample('renegotiation_info', '0400010203', decodeRenegotiationInfo, encodeRenegotiationInfo, [[0, 1]]),
];
