/** What the secure listeners offer, from the files of key and chain. */

import { readFileSync } from 'node:fs';

import { AppError, bytesEqual, EMPTY, messageOf } from '#base';
import { signingKey, type ProofKind, type ServerOffer } from '#transport';
import { readCertificates } from '#trust';

import type { Config } from './config.js';

/** Reads the files. Throws AppError(`bad_configuration`) that names the file and what is wrong with it. */
export function secureOffer({ coapsChain, coapsKey }: Pick<Config, 'coapsChain' | 'coapsKey'>): ServerOffer {
  if (coapsKey === undefined) return { psk: 'offered', proofs: [], clientProofs: [] };
  const key = from(coapsKey, '--coaps-key', (file) => signingKey(file));
  const raw = { key };
  if (coapsChain === undefined) return { psk: 'offered', proofs: [raw], clientProofs: CLIENT_PROOFS };
  const chain = from(coapsChain, '--coaps-chain', (file) => readCertificates(file));
  if (!bytesEqual(chain[0]?.publicKey.spki ?? EMPTY, key.spki))
    throw new AppError(
      'bad_configuration',
      `the first certificate of --coaps-chain ${coapsChain} is not of the key in --coaps-key ${coapsKey}`,
    );
  const proofs = [{ key, chain: chain.map(({ der }) => der) }, raw];
  return { psk: 'offered', proofs, clientProofs: CLIENT_PROOFS };
}

function from<T>(file: string, flag: string, read: (file: Uint8Array) => T): T {
  try {
    return read(readFileSync(file));
  } catch (cause) {
    throw new AppError('bad_configuration', `${flag} ${file} cannot be used: ${messageOf(cause)}`, { cause });
  }
}

const CLIENT_PROOFS: readonly ProofKind[] = Object.freeze(['rpk', 'x509']);
