import { describe, expect, it } from '@jest/globals';
import { fromHex, toHex } from '#base';
import {
  extendedMasterSecret,
  keyBlock,
  masterSecret,
  nodeProvider,
  pskPremaster,
  suiteOf,
  verifyData,
} from '../../../src/dtls/crypto/index.js';
import type { Suite } from '../../../src/dtls/crypto/index.js';
import * as capture from './capture.js';

const SUITE = suiteOf(0xc0a8) as Suite;
const { SESSION_HASH, MASTER, KEYS, CLIENT_FINISHED, SERVER_FINISHED, fragmentOf, sealedRecord } = capture;
const clientRandom = fragmentOf('clientHello').subarray(14, 46);
const serverRandom = fragmentOf('serverHello').subarray(14, 46);

/** The transcript through ClientKeyExchange, and after it the plaintext of the client's Finished. */
function transcript() {
  const running = nodeProvider.transcript('sha256');
  for (const name of ['clientHello', 'serverHello', 'serverHelloDone', 'clientKeyExchange'] as const)
    running.update(fragmentOf(name));
  return running;
}

describe('a captured handshake of OpenSSL (PSK_AES_128_CCM_8, extended master secret)', () => {
  it('has this session hash (RFC 7627 §3)', () => {
    expect(toHex(transcript().digest())).toBe(SESSION_HASH);
  });

  it('has this premaster secret (RFC 4279 §2)', () => {
    expect(toHex(pskPremaster(capture.PSK))).toBe(`0010${'00'.repeat(16)}0010${toHex(capture.PSK)}`);
  });

  it('has this master secret (RFC 7627 §4)', () => {
    const made = extendedMasterSecret(nodeProvider, SUITE.hash, pskPremaster(capture.PSK), fromHex(SESSION_HASH));
    expect(toHex(made)).toBe(MASTER);
  });

  it('would have this one without the extension (RFC 5246 §8.1)', () => {
    const made = masterSecret(nodeProvider, SUITE.hash, pskPremaster(capture.PSK), clientRandom, serverRandom);
    expect(toHex(made)).toBe(capture.MASTER_WITHOUT_EMS);
  });

  it('has this key block (RFC 5246 §6.3)', () => {
    const told = capture.cutKeys(keyBlock(nodeProvider, SUITE, fromHex(MASTER), clientRandom, serverRandom), 16);
    expect(told).toEqual(KEYS);
  });

  it('has these Finished messages, the second of which covers the first (RFC 5246 §7.4.9)', () => {
    const running = transcript();
    const client = verifyData(nodeProvider, SUITE.hash, fromHex(MASTER), 'client', running.digest());
    expect(`1400000c000300000000000c${toHex(client)}`).toBe(CLIENT_FINISHED);
    running.update(fromHex(CLIENT_FINISHED));
    const server = verifyData(nodeProvider, SUITE.hash, fromHex(MASTER), 'server', running.digest());
    expect(`1400000c000300000000000c${toHex(server)}`).toBe(SERVER_FINISHED);
  });

  const RECORDS = [
    ['clientFinished', 'client', CLIENT_FINISHED, '000100000000000016fefd0018'],
    ['serverFinished', 'server', SERVER_FINISHED, '000100000000000016fefd0018'],
    ['applicationData', 'client', toHex(Buffer.from('hello\n')), '000100000000000117fefd0006'],
    ['closeNotify', 'client', '0100', '000100000000000215fefd0002'],
  ] as const;

  it.each(RECORDS)('%s is opened from its record and sealed to it again', (name, sender, plaintext, said) => {
    const { aad, explicit, sealed } = sealedRecord(name, SUITE.tagLength);
    expect(toHex(aad)).toBe(said);
    const key = fromHex(KEYS[`${sender}Key`]);
    const nonce = fromHex(KEYS[`${sender}Iv`] + toHex(explicit));
    const opened = nodeProvider.open(SUITE.aead, key, nonce, aad, sealed);
    expect(opened && toHex(opened)).toBe(plaintext);
    const out = new Uint8Array(sealed.length);
    nodeProvider.seal(SUITE.aead, key, nonce, aad, fromHex(plaintext), out, 0);
    expect(toHex(out)).toBe(toHex(sealed));
  });

  it('is not opened by the keys of the other direction', () => {
    const { aad, explicit, sealed } = sealedRecord('clientFinished', SUITE.tagLength);
    const nonce = fromHex(KEYS.serverIv + toHex(explicit));
    expect(nodeProvider.open(SUITE.aead, fromHex(KEYS.serverKey), nonce, aad, sealed)).toBeUndefined();
  });
});

describe('a record with a connection id (RFC 9146 §5)', () => {
  const record = fromHex(
    '19fefd0001000000000001a1b2c3d4e5f6070800270001000000000001917b7d69e8d430f8108e67635cb023b9cbc420eb9809644dbd0d7e86e18eb9',
  );
  const key = fromHex('1b7d117c7d5f690bc263cae8ef60af0f');
  const nonce = fromHex('0eb209060001000000000001');
  const aad = fromHex('ffffffffffffffff190819fefd0001000000000001a1b2c3d4e5f607080017');
  const inner = '44015d1f00003974396c6f63616c686f73748374763117';
  const start = 3 + 8 + 8 + 2 + 8;

  it('is opened with its additional data and sealed to its bytes again', () => {
    const opened = nodeProvider.open('aes-128-ccm-8', key, nonce, aad, record.subarray(start));
    expect(opened && toHex(opened)).toBe(inner);
    const out = new Uint8Array(record);
    out.fill(0, start);
    expect(nodeProvider.seal('aes-128-ccm-8', key, nonce, aad, fromHex(inner), out, start)).toBe(record.length);
    expect(toHex(out)).toBe(toHex(record));
  });

  it('is not opened with the additional data of a record without one', () => {
    const plain = fromHex('000100000000000119fefd0017');
    expect(nodeProvider.open('aes-128-ccm-8', key, nonce, plain, record.subarray(start))).toBeUndefined();
  });
});
