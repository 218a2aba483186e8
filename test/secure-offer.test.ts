/** The files of key and chain: what is offered of them, and what is wrong with them. */

import { generateKeyPairSync } from 'node:crypto';
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';

import { silentLogger } from '#base';

import { SecureOffer } from '../src/secure-offer.js';

let folder: string;
const at = (name: string): string => join(folder, name);

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'bellwether-offer-'));
  for (const name of ['a', 'b']) {
    const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
    writeFileSync(at(`${name}.key`), privateKey.export({ type: 'pkcs8', format: 'pem' }));
    const subject = ['-subj', `/CN=${name}`, '-days', '2', '-out', at(`${name}.pem`)];
    execFileSync('openssl', ['req', '-x509', '-key', at(`${name}.key`), ...subject]);
  }
  writeFileSync(at('both.pem'), `${readFileSync(at('a.pem'), 'utf8')}${readFileSync(at('b.pem'), 'utf8')}`);
  writeFileSync(at('none.pem'), 'nothing');
});

afterAll(() => {
  rmSync(folder, { recursive: true });
});

const offer = (coapsKey?: string, coapsChain?: string): SecureOffer['offer'] =>
  new SecureOffer({ coapsKey: coapsKey && at(coapsKey), coapsChain: coapsChain && at(coapsChain) }, silentLogger).offer;

describe('the offer of the secure listeners', () => {
  it('is pre-shared keys alone without a key', () => {
    expect(offer()).toEqual({ psk: 'offered', proofs: [], clientProofs: [] });
  });

  it('has the raw public key of a key, and with a chain that first', () => {
    expect(offer('a.key').proofs.map(({ chain }) => chain?.length)).toEqual([undefined]);
    expect(offer('a.key', 'both.pem').proofs.map(({ chain }) => chain?.length)).toEqual([2, undefined]);
    expect(offer('a.key').clientProofs).toEqual(['rpk', 'x509']);
  });

  it.each([
    ['none.pem', undefined, /--coaps-key .*none\.pem cannot be used: The private key .* in PEM or DER/],
    ['missing', undefined, /--coaps-key .*missing cannot be used: ENOENT/],
    ['a.key', 'none.pem', /--coaps-chain .*none\.pem cannot be used/],
    ['a.key', 'b.pem', /the first certificate of --coaps-chain .*b\.pem is not of the key in --coaps-key .*a\.key/],
    ['b.key', 'both.pem', /is not of the key/],
  ])('is refused for the key %s and the chain %s, with the file and what is wrong', (key, chain, words) => {
    expect(() => offer(key, chain)).toThrow(words);
  });
});
