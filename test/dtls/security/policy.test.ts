/** T26: what the server refuses whoever asks: old suites and versions, renegotiation, sessions without extended master secret. */

import { describe, expect, it } from '@jest/globals';

import { EMPTY } from '#base';
import { signingKey, type DtlsParameters } from '#dtls';
import {
  AlertDescription,
  ContentType,
  decodeServerHello,
  ExtensionType,
  HandshakeType,
  type ClientHello,
} from '#dtls/codec';
import { knowsPsk } from '../../support/dtls.js';
import { derOf, P256_CERTIFICATE, P256_PKCS8, RSA2048_PKCS8, RSA_CERTIFICATE_V1 } from '../crypto/keys.js';
import { Device, knowsDevices } from './support/device.js';
import { cells } from './support/run.js';
import { Target } from './support/target.js';
import { certificateExtensions, cookieIn, extension, helloRecord, messagesOf, recordsOf } from './support/wire.js';

cells('T26 policy: cells');

const ADDRESS = '198.51.100.7';
const EMS = extension(ExtensionType.EXTENDED_MASTER_SECRET);
const PROOFS = [
  { key: signingKey(P256_PKCS8), chain: [derOf(P256_CERTIFICATE)] },
  { key: signingKey(P256_PKCS8) },
  { key: signingKey(RSA2048_PKCS8), chain: [derOf(RSA_CERTIFICATE_V1)] },
];

/** What a hello with its cookie leads to: the suite that was chosen, or the alert; and nothing may stay of a refused one. */
function ask(
  fields: Partial<ClientHello>,
  parameters: Partial<DtlsParameters> = {},
): { suite?: number; alert?: number } {
  const server = new Target({ parameters, offer: { proofs: PROOFS, clientProofs: ['x509', 'rpk'] } });
  const cookie = cookieIn(server.take(ADDRESS, 1, helloRecord(fields)));
  const replies = server.take(ADDRESS, 1, helloRecord({ ...fields, cookie }, 1)).map(({ bytes }) => bytes);
  const [answer] = messagesOf(replies);
  if (answer?.type === HandshakeType.SERVER_HELLO) {
    return { suite: decodeServerHello(answer.body).suite };
  }
  expect(server.held()).toBe(0);
  const [alert] = replies.flatMap((bytes) => recordsOf(bytes)).filter(({ view }) => view.type === ContentType.ALERT);
  return alert?.content[1] === undefined ? {} : { alert: alert.content[1] };
}

const { decode_error, handshake_failure, illegal_parameter, protocol_version } = AlertDescription;
const certificates = certificateExtensions('x509');
const without = (type: number) => certificates.filter((each) => each.type !== type);

describe('a hello that offers one suite', () => {
  it.each([
    ['PSK_AES_128_CBC_SHA256', 0x00ae],
    ['PSK_AES_256_CBC_SHA384', 0x00af],
    ['PSK_AES_128_CBC_SHA', 0x008c],
    ['PSK_NULL_SHA256', 0x00b0],
    ['PSK_RC4_128_SHA', 0x008a],
    ['DHE_PSK_AES_128_GCM_SHA256', 0x00aa],
    ['RSA_PSK_AES_128_GCM_SHA256', 0x00ac],
    ['ECDHE_PSK_AES_128_CBC_SHA256', 0xc037],
    ['ECDHE_ECDSA_AES_128_CBC_SHA256', 0xc023],
    ['ECDHE_ECDSA_AES_128_CBC_SHA', 0xc009],
    ['ECDHE_ECDSA_NULL_SHA', 0xc006],
    ['ECDHE_ECDSA_RC4_128_SHA', 0xc007],
    ['ECDHE_RSA_AES_128_CBC_SHA256', 0xc027],
    ['RSA_AES_128_GCM_SHA256', 0x009c],
    ['RSA_AES_128_CBC_SHA', 0x002f],
    ['RSA_AES_128_CCM_8', 0xc0a0],
    ['RSA_NULL_SHA256', 0x003b],
    ['RSA_EXPORT_RC4_40_MD5', 0x0003],
    ['ECDH_ECDSA_AES_128_GCM_SHA256', 0xc02d],
    ['ECDH_anon_AES_128_CBC_SHA', 0xc018],
    ['DH_anon_AES_128_GCM_SHA256', 0x00a6],
    ['NULL_WITH_NULL_NULL', 0x0000],
    ['TLS 1.3 AES_128_GCM_SHA256', 0x1301],
    ['the signalling suite alone', 0x00ff],
    ['the fallback signal alone', 0x5600],
  ])('that is forbidden (%s) is refused', (_name, suite) => {
    expect(ask({ suites: [suite], extensions: certificates })).toEqual({ alert: handshake_failure });
  });

  it('that is permitted is answered with it, and forbidden ones beside it change nothing', () => {
    expect(ask({ suites: [0xc0a8] })).toEqual({ suite: 0xc0a8 });
    expect(ask({ suites: [0x00ae, 0xc023, 0xc0ae], extensions: certificates })).toEqual({ suite: 0xc0ae });
    expect(ask({ suites: [0xc02f], extensions: [...without(13), extension(13, '00020401')] })).toEqual({
      suite: 0xc02f,
    });
  });
});

describe('a hello', () => {
  it.each([
    ['DTLS 1.0', { version: 0xfeff }],
    ['DTLS 1.3, which lists DTLS 1.3 alone', { extensions: [EMS, extension(43, '02fefc')] }],
    ['TLS 1.3, which lists TLS 1.3 alone', { extensions: [EMS, extension(43, '020304')] }],
    ['TLS 1.2', { version: 0x0303 }],
    ['a version above DTLS 1.2', { version: 0xfefe }],
  ])('of %s is refused', (_name, fields) => {
    expect(ask(fields)).toEqual({ alert: protocol_version });
  });

  it('that lists DTLS 1.3 and 1.2 gets 1.2', () => {
    expect(ask({ extensions: [EMS, extension(43, '04fefcfefd')] })).toEqual({ suite: 0xc0a8 });
  });

  it.each([
    ['compression alone', { compressions: [1] }, illegal_parameter],
    ['a renegotiation', { extensions: [EMS, extension(0xff01, '0c000000000000000000000000')] }, handshake_failure],
    ['no extended master secret', { extensions: [] }, handshake_failure],
    ['an extended master secret with a body', { extensions: [extension(23, '00')] }, decode_error],
    ['an extension twice', undefined, decode_error],
    [
      'SHA-1 alone',
      { suites: [0xc0ae], extensions: [...without(13), extension(13, '000402030201')] },
      handshake_failure,
    ],
    ['MD5 alone', { suites: [0xc0ae], extensions: [...without(13), extension(13, '00020101')] }, handshake_failure],
    [
      'unknown groups alone',
      { suites: [0xc0ae], extensions: [...without(10), extension(10, '00040100001e')] },
      handshake_failure,
    ],
    [
      'compressed points alone',
      { suites: [0xc0ae], extensions: [...without(11), extension(11, '0101')] },
      handshake_failure,
    ],
    [
      'OpenPGP certificates',
      { suites: [0xc0ae], extensions: [...without(19), extension(19, '0101')] },
      AlertDescription.unsupported_certificate,
    ],
  ])('with %s is refused', (_name, fields, alert) => {
    expect(ask(fields ?? { extensions: [EMS, EMS] })).toEqual({ alert });
  });

  it('with no compression among others is taken, and so is one without a list of signatures', () => {
    expect(ask({ compressions: [1, 0] })).toEqual({ suite: 0xc0a8 });
    expect(ask({ suites: [0xc0ae], extensions: without(13) })).toEqual({ suite: 0xc0ae });
  });
});

describe('the extended master secret (RFC 7627 §5.3)', () => {
  const SESSION = new Uint8Array(32).fill(5);
  const owner = { kind: 'psk', name: 'Client_identity', endpoint: 'dev-1' } as const;

  /** A hello that goes on with a session: how the server goes on, by the messages it sends. */
  function goOn(
    extensions: ClientHello['extensions'],
    legacyMasterSecret: 'allowed' | 'refused',
  ): 'resumed' | 'full' | 'refused' {
    const server = new Target({
      parameters: { legacyMasterSecret },
      answer: (question) =>
        question.about === 'session'
          ? { is: 'session', session: { suite: 0xc0a8, master: new Uint8Array(48).fill(1), owner } }
          : knowsPsk(question),
    });
    const fields = { sessionId: SESSION, extensions };
    const cookie = cookieIn(server.take(ADDRESS, 1, helloRecord(fields)));
    const replies = server.take(ADDRESS, 1, helloRecord({ ...fields, cookie }, 1)).map(({ bytes }) => bytes);
    const records = replies.flatMap((bytes) => recordsOf(bytes));
    if (records.some(({ view }) => view.type === ContentType.CHANGE_CIPHER_SPEC)) return 'resumed';
    return messagesOf(replies).some(({ type }) => type === HandshakeType.SERVER_HELLO_DONE) ? 'full' : 'refused';
  }

  it.each([
    ['refused', [EMS], 'resumed'],
    ['refused', [], 'refused'],
    ['allowed', [EMS], 'resumed'],
    // Every session was made with it: to go on with one, or to make one, takes it.
    ['allowed', [], 'full'],
  ] as const)('where doing without is %s, a session and a hello with %j: %s', (legacy, extensions, expected) => {
    expect(goOn(extensions, legacy)).toBe(expected);
  });

  it.each([
    ['with it', [EMS], 32],
    ['without it, where that is allowed', [], 0],
  ])('%s: the id of a session to come is as long as it should be', (_name, extensions, bytes) => {
    const server = new Target({ parameters: { legacyMasterSecret: 'allowed' } });
    const cookie = cookieIn(server.take(ADDRESS, 1, helloRecord({ extensions })));
    const [answer] = messagesOf(
      server.take(ADDRESS, 1, helloRecord({ extensions, cookie }, 1)).map((reply) => reply.bytes),
    );
    expect(answer?.body[34]).toBe(bytes);
  });
});

describe('a renegotiation in epoch 1', () => {
  it('is refused by a warning under protection, and changes nothing', () => {
    const server = new Target({ answer: knowsDevices });
    const device = new Device(server, { address: ADDRESS, port: 1 }, 'dev-1').begin();
    device.take(device.data('one'));
    const before = server.endpoint.gauges();
    const replies = device.take(device.puppet.sealedHello());
    expect(replies).toHaveLength(1);
    expect(recordsOf(replies[0]?.bytes ?? EMPTY).map(({ view }) => [view.type, view.epoch])).toEqual([
      [ContentType.ALERT, 1],
    ]);
    expect(server.endpoint.counters['dropped_renegotiation']).toBe(1);
    expect(server.endpoint.gauges()).toEqual(before);
    device.take(device.data('two'));
    expect(server.delivered).toEqual(['one', 'two']);
  });
});
