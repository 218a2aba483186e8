/** What the secure listeners offer, from the files of key and chain. */

import { readFileSync } from 'node:fs';

import { AppError, messageOf } from '#base';
import { signingKey, type ServerOffer } from '#transport';

import type { Config } from './config.js';

/** Reads the files. Throws AppError(`bad_configuration`) that names the file and what is wrong with it. */
export function secureOffer({ coapsChain, coapsKey }: Pick<Config, 'coapsChain' | 'coapsKey'>): ServerOffer {
  if (coapsKey === undefined) return { psk: 'offered', proofs: [], clientProofs: [] };
  const key = from(coapsKey, '--coaps-key', (text) => signingKey(text));
  const chain = coapsChain === undefined ? undefined : from(coapsChain, '--coaps-chain', chainOf);
  const raw = { key };
  return {
    psk: 'offered',
    proofs: chain === undefined ? [raw] : [{ key, chain }, raw],
    clientProofs: ['rpk', 'x509'],
  };
}

function chainOf(pem: string): readonly Uint8Array[] {
  const blocks = Array.from(
    pem.matchAll(/-----BEGIN CERTIFICATE-----([A-Za-z0-9+/=\s]*)-----END CERTIFICATE-----/g),
    (match) => Buffer.from(match[1] ?? '', 'base64'),
  );
  if (blocks.length === 0) throw new AppError('bad_configuration', 'no -----BEGIN CERTIFICATE----- is in it');
  return blocks;
}

function from<T>(file: string, flag: string, read: (text: string) => T): T {
  try {
    return read(readFileSync(file, 'utf8'));
  } catch (cause) {
    throw new AppError('bad_configuration', `${flag} ${file} cannot be used: ${messageOf(cause)}`, { cause });
  }
}
