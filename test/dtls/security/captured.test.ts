/**
 * The captured handshake of two OpenSSL programs once more, with our server in the place of theirs: given its random numbers
 * and its cookie, every byte that it sends is theirs.
 */

import { describe, expect, it } from '@jest/globals';

import { fromHex, toHex, type Random } from '#base';
import { nodeProvider, type CryptoProvider } from '#dtls';
import { knowsPsk } from '../../support/dtls.js';
import { RECORDS } from '../crypto/capture.js';
import { cells } from './support/run.js';
import { Target } from './support/target.js';

cells('a captured handshake: cells');

const FIRST_HELLO =
  '16feff00000000000000000070010000640000000000000064fefd13deba44eaaf2b974e44003252390a7fe2ef2ae8931eb415016b30495e18374e00000004c0a800ff010000360016000000170000000d002a0028040305030603080708080809080a080b080408050806040105010601030303010302040205020602';
const VERIFY = '16feff00000000000000000023030000170000000000000017feff14daa73850c807ca4a606cf64c34abd7faf1f6ef9f';
const COOKIE = fromHex('daa73850c807ca4a606cf64c34abd7faf1f6ef9f');
const SERVER_RANDOM = RECORDS.serverHello.slice(54, 54 + 64);
const SESSION_ID = RECORDS.serverHello.slice(120, 120 + 64);
const CHANGE_CIPHER_SPEC = '14fefd0000000000000003000101';
const CLIENT_CHANGE_CIPHER_SPEC = CHANGE_CIPHER_SPEC;

/** A key of cookies that is told from all others. */
const COOKIE_KEY = new Uint8Array(32).fill(0xcc);

/** Cookies as they were given out there; everything else is as it is. */
const pinned: CryptoProvider = {
  ...nodeProvider,
  hmac: (name, key, bytes) =>
    Buffer.compare(key, COOKIE_KEY) === 0
      ? Buffer.concat([COOKIE, new Uint8Array(12)])
      : nodeProvider.hmac(name, key, bytes),
};

/** Gives the key of cookies until a handshake begins (with our Connection ID), then what the other server drew. */
class CapturedRandom implements Random {
  readonly #rest = [SERVER_RANDOM, SESSION_ID];
  #begun = false;

  bytes(count: number): Uint8Array {
    if (count === 8) {
      this.#begun = true;
      return new Uint8Array(8);
    }
    return this.#begun ? fromHex(this.#rest.shift() ?? '') : Uint8Array.from(COOKIE_KEY);
  }

  fraction(): number {
    return 0;
  }
}

describe('the captured handshake, with our server', () => {
  it('is the same to the last byte', () => {
    const server = new Target({ answer: knowsPsk, provider: pinned, random: new CapturedRandom() });
    const say = (...records: string[]): string =>
      server
        .take('198.51.100.7', 1, fromHex(records.join('')))
        .map(({ bytes }) => toHex(bytes))
        .join('');
    expect(say(FIRST_HELLO)).toBe(VERIFY);
    expect(say(RECORDS.clientHello)).toBe(RECORDS.serverHello + RECORDS.serverHelloDone);
    const { applicationData, clientFinished, clientKeyExchange, closeNotify, serverFinished } = RECORDS;
    expect(say(clientKeyExchange, CLIENT_CHANGE_CIPHER_SPEC, clientFinished)).toBe(CHANGE_CIPHER_SPEC + serverFinished);
    expect(server.count('established')).toBe(1);
    expect(say(applicationData)).toBe('');
    expect(server.delivered).toEqual(['hello\n']);
    // We say close_notify too; that program was gone by then.
    expect(say(closeNotify)).toMatch(/^15fefd00010000000000010012/);
    expect(server.count('closed')).toBe(1);
  });

  it('comes to nothing when one bit of the client is another', () => {
    const server = new Target({ answer: knowsPsk, provider: pinned, random: new CapturedRandom() });
    const take = (hex: string) => server.take('198.51.100.7', 1, fromHex(hex));
    take(RECORDS.clientHello.replace(/0602$/, '0603'));
    take(RECORDS.clientKeyExchange + CLIENT_CHANGE_CIPHER_SPEC + RECORDS.clientFinished);
    expect(server.count('established')).toBe(0);
  });
});
