/** Keys and credentials for tests. */

import { execFileSync } from 'node:child_process';
import { generateKeyPairSync } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { encodeUtf8 } from '#base';
import type { CredentialInput } from '#fleet';

/** 16 bytes that differ by `number`, in hex. */
export function keyHex(number: number): string {
  return `${number.toString(16).padStart(2, '0')}${'5a'.repeat(15)}`;
}

/** A pre-shared key. */
export function psk(identity: string, number = 1, more: Partial<CredentialInput> = {}): CredentialInput {
  return { kind: 'psk', identity, key: `hex:${keyHex(number)}`, ...more };
}

/** The bytes of an identity that is text. */
export const bytesOf = encodeUtf8;

/** A fresh public key of a curve as PEM. */
export function publicKey(namedCurve = 'P-256'): string {
  const pair = generateKeyPairSync('ec', { namedCurve });
  return pair.publicKey.export({ format: 'pem', type: 'spki' }).toString();
}

/** A fresh self-signed certificate as PEM, made by the openssl command. */
export function certificate(name: string, kind: 'ec' | 'rsa-1024' = 'ec'): string {
  const folder = mkdtempSync(join(tmpdir(), 'bellwether-certificate-'));
  try {
    const [key, out] = [join(folder, 'key.pem'), join(folder, 'out.pem')];
    const pair =
      kind === 'ec'
        ? generateKeyPairSync('ec', { namedCurve: 'P-256' })
        : generateKeyPairSync('rsa', { modulusLength: 1024 });
    writeFileSync(key, pair.privateKey.export({ format: 'pem', type: 'pkcs8' }));
    const command = ['req', '-x509', '-key', key, '-subj', `/CN=${name}`, '-days', '3650', '-out', out];
    execFileSync('openssl', command, { stdio: 'ignore' });
    return readFileSync(out, 'utf8');
  } finally {
    rmSync(folder, { recursive: true });
  }
}
