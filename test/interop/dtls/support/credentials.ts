/** Keys and certificates of both sides, made anew for each run into a temporary folder by openssl. */

import { createHash, createPublicKey, X509Certificate } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import type { PeerIdentity } from '#base';
import { signingKey, type Answer, type Question } from '#transport';
import type { ServerProof } from '#dtls';

import { run } from '../../support/processes.js';

/** Identity and key of the device, as hex for programs that take hex and as text for those that take text. */
export const PSK = Object.freeze({
  identity: 'dev1',
  hex: '000102030405060708090a0b0c0d0e0f',
  wrong: 'ff0102030405060708090a0b0c0d0e0f',
  text: 'secretPSK',
});

/** Names whose keys and certificates there are: `rsa` is a second server, all others have keys on P-256. */
export type Name = 'ca' | 'srv' | 'cli' | 'rsa' | 'stranger';

/** The folder of one test. */
export class Credentials {
  readonly folder = mkdtempSync(join(tmpdir(), 'bellwether-dtls-'));

  constructor() {
    const subject = (name: Name): string => (name === 'cli' ? '/CN=dev1' : `/CN=${name}`);
    for (const name of ['ca', 'srv', 'cli', 'rsa', 'stranger'] as const) {
      if (name === 'rsa') this.#openssl('genrsa', '-traditional', '-out', `${name}.key`, '2048');
      else this.#openssl('ecparam', '-name', 'prime256v1', '-genkey', '-noout', '-out', `${name}.key`);
      this.#openssl('pkey', '-in', `${name}.key`, '-pubout', '-out', `${name}.pub.pem`);
      if (name === 'ca' || name === 'stranger') {
        this.#openssl(
          'req',
          '-x509',
          '-key',
          `${name}.key`,
          '-subj',
          subject(name),
          '-days',
          '30',
          '-out',
          `${name}.pem`,
        );
        continue;
      }
      this.#openssl('req', '-new', '-key', `${name}.key`, '-subj', subject(name), '-out', `${name}.csr`);
      writeFileSync(this.path(`${name}.ext`), 'subjectAltName=DNS:localhost,IP:127.0.0.1\n');
      this.#openssl(
        ...['x509', '-req', '-in', `${name}.csr`, '-CA', 'ca.pem', '-CAkey', 'ca.key', '-CAcreateserial'],
        ...['-days', '30', '-extfile', `${name}.ext`, '-out', `${name}.pem`],
      );
    }
    for (const name of ['srv', 'cli'] as const) {
      writeFileSync(this.path(`${name}-both.pem`), this.read(`${name}.pem`) + this.read(`${name}.key`));
      this.#openssl('pkcs8', '-topk8', '-nocrypt', '-in', `${name}.key`, '-outform', 'DER', '-out', `${name}.p8.der`);
      writeFileSync(this.path(`${name}.rpk.pem`), this.read(`${name}.pub.pem`) + this.read(`${name}.key`));
    }
  }

  path(file: string): string {
    return join(this.folder, file);
  }

  read(file: string): string {
    return readFileSync(this.path(file), 'utf8');
  }

  /** What we prove ourselves by. */
  proof(name: Name, kind: 'x509' | 'rpk', names?: readonly string[]): ServerProof {
    const key = signingKey(this.read(`${name}.key`));
    return {
      key,
      ...(kind === 'x509' && { chain: [new X509Certificate(this.read(`${name}.pem`)).raw] }),
      ...(names !== undefined && { names }),
    };
  }

  /** Answers the questions of our side about one peer: the device (to a server) or the server (to a client). */
  answer(question: Question, peer: Name): Answer {
    switch (question.about) {
      case 'psk': {
        const name = Buffer.from(question.identity).toString();
        if (name === PSK.identity) return { is: 'key', key: Buffer.from(PSK.hex, 'hex'), owner: owner('psk', name) };
        if (name === 'text') return { is: 'key', key: Buffer.from(PSK.text), owner: owner('psk', name) };
        return { is: 'refused' };
      }
      case 'session':
        return { is: 'refused' };
      case 'rawKey':
        return this.#spki(peer).equals(question.spki)
          ? { is: 'good', owner: owner('rpk', fingerprint(question.spki)) }
          : { is: 'refused' };
      case 'chain': {
        const [leaf] = question.chain;
        const expected = fingerprint(new X509Certificate(this.read(`${peer}.pem`)).raw);
        return leaf !== undefined && fingerprint(leaf) === expected
          ? { is: 'good', owner: owner('x509', expected) }
          : { is: 'refused', alert: UNKNOWN_CA };
      }
    }
  }

  dispose(): void {
    rmSync(this.folder, { recursive: true, force: true });
  }

  #spki(name: Name): Buffer {
    return createPublicKey(this.read(`${name}.pub.pem`)).export({ type: 'spki', format: 'der' });
  }

  #openssl(...args: string[]): void {
    run('openssl', args, { cwd: this.folder });
  }
}

function owner(kind: PeerIdentity['kind'], name: string): PeerIdentity {
  return { kind, name, endpoint: 'dev1' };
}

function fingerprint(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex');
}

const UNKNOWN_CA = 48;
