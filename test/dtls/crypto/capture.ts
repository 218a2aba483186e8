/**
 * A DTLS 1.2 handshake between two OpenSSL programs (PSK-AES128-CCM8, extended master secret, cookie, no ticket), record by
 * record, and what was derived from it by another implementation.
 */

import { fromHex } from '#base';

/** Records of the second and later flights, in the order sent; the first ClientHello and its answer are in no hash. */
export const RECORDS = {
  clientHello:
    '16feff00000000000000010084010000780001000000000078fefd13deba44eaaf2b974e44003252390a7fe2ef2ae8931eb415016b30495e18374e0014daa73850c807ca4a606cf64c34abd7faf1f6ef9f0004c0a800ff010000360016000000170000000d002a0028040305030603080708080809080a080b080408050806040105010601030303010302040205020602',
  serverHello:
    '16fefd0000000000000001005d020000510001000000000051fefdda2dbce7b063233c75fda99c40752fca7e9d2d87a05e91c0032bf4e52db2ded12068ea5682252558ada44917b2e214b1ebdc8320ed9d0e9a9cc9d40f5a0d812776c0a8000009ff0100010000170000',
  serverHelloDone: '16fefd0000000000000002000c0e0000000002000000000000',
  clientKeyExchange: '16fefd0000000000000002001d100000110002000000000011000f436c69656e745f6964656e74697479',
  clientFinished:
    '16fefd0001000000000000002800010000000000009ebad59ddf2f9cfc4a195960c06d76152cf95b870da054eeed49ed12c0fc2cdc',
  serverFinished:
    '16fefd0001000000000000002800010000000000005914d3871b28db446aa08c1887a909dd88e25fff6160ecb8d6690be9ffd48398',
  applicationData: '17fefd00010000000000010016000100000000000135f93f21f877a9a63703d2ece2e8',
  closeNotify: '15fefd000100000000000200120001000000000002a9f67954887666face5f',
} as const;

export const PSK = fromHex('000102030405060708090a0b0c0d0e0f');
export const SESSION_HASH = '96eaca85526568be310f7e6f26fb2e17f2d219fa3444fc4e829dc7b09704735b';
export const MASTER =
  'd29e78f732533882811c7ef4ebc26db9580d416ef8e269108de104b3f3b488cef295cb1721be9d42bf5db92938c0acbb';
export const MASTER_WITHOUT_EMS =
  '1cd714bebf0b75c7ba5e1b2abf47e24c21f27ed1f5192e33899fb2a333df4b4abfd8ec0d2dba8adb1019a4774b4bd888';
export const KEYS = {
  clientKey: '804faa737a2ade2d8019ab766ee9395b',
  serverKey: '8a34926d368c7aa9b03ae31e27102d53',
  clientIv: '3a6c6546',
  serverIv: '1e575900',
} as const;
export const CLIENT_FINISHED = '1400000c000300000000000c7004aaf060dd21f456ef1488';
export const SERVER_FINISHED = '1400000c000300000000000c707cfad6047d651a6566f616';

/** The fragment of a record: what follows its header of 13 bytes. */
export function fragmentOf(name: keyof typeof RECORDS): Buffer {
  return fromHex(RECORDS[name]).subarray(13);
}

/** A sealed record taken apart: additional data (RFC 5246 §6.2.3.3), explicit nonce, ciphertext and tag. */
export function sealedRecord(name: keyof typeof RECORDS, tagLength: number) {
  const record = fromHex(RECORDS[name]);
  const length = record.length - 13 - 8 - tagLength;
  const aad = Buffer.concat([record.subarray(3, 11), record.subarray(0, 3), Buffer.from([length >> 8, length & 0xff])]);
  return { aad, explicit: record.subarray(13, 21), sealed: record.subarray(21) };
}

/** A key block by its parts. */
export function cutKeys(
  block: Uint8Array,
  keyLength: number,
): Record<'clientKey' | 'serverKey' | 'clientIv' | 'serverIv', string> {
  const hex = Buffer.from(block).toString('hex');
  const [key, iv] = [2 * keyLength, 8];
  return {
    clientKey: hex.slice(0, key),
    serverKey: hex.slice(key, 2 * key),
    clientIv: hex.slice(2 * key, 2 * key + iv),
    serverIv: hex.slice(2 * key + iv),
  };
}
