/** `openssl verify` as the reference for path validation. */

import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { pem } from './x509.js';

/** What is put before `openssl verify`. */
export interface Question {
  readonly chain: readonly Uint8Array[];
  readonly anchors: readonly Uint8Array[];
  readonly lists?: readonly Uint8Array[];
  readonly role?: 'client' | 'server';
  /** Revocation lists for every certificate, for the leaf, or for none. */
  readonly check?: 'all' | 'leaf' | 'none';
  /** Security level: 2 begins at RSA 2048, 3 at P-256 (and leaves RSA 2048 behind). */
  readonly level: 2 | 3;
  /** Milliseconds since 1970. */
  readonly now: number;
}

/** The version of the command, or undefined when this machine has none. */
export function opensslVersion(): string | undefined {
  const { status, stdout } = spawnSync('openssl', ['version'], { encoding: 'utf8' });
  return status === 0 ? stdout.trim() : undefined;
}

/** Whether OpenSSL finds a chain good, and what it printed. */
export function opensslVerify(question: Question): { readonly good: boolean; readonly words: string } {
  const folder = mkdtempSync(join(tmpdir(), 'bellwether-verify-'));
  try {
    const file = (name: string, label: string, ders: readonly Uint8Array[]): string => {
      const path = join(folder, name);
      writeFileSync(path, ders.map((der) => pem(label, der)).join(''));
      return path;
    };
    const { chain, anchors, lists = [], check = 'none' } = question;
    const [leaf, ...others] = chain;
    const args = [
      'verify',
      '-partial_chain',
      // Without the first OpenSSL takes a delta for a whole list.
      ...['-extended_crl', '-policy_check', '-policy', 'anyPolicy'],
      '-verify_depth',
      '3',
      '-no-CAfile',
      '-no-CApath',
      '-no-CAstore',
    ];
    args.push('-purpose', question.role === 'server' ? 'sslserver' : 'sslclient');
    args.push('-attime', String(Math.floor(question.now / 1000)), '-auth_level', String(question.level));
    if (anchors.length > 0) args.push('-trusted', file('anchors.pem', 'CERTIFICATE', anchors));
    if (others.length > 0) args.push('-untrusted', file('others.pem', 'CERTIFICATE', others));
    if (lists.length > 0) args.push('-CRLfile', file('lists.pem', 'X509 CRL', lists));
    if (check !== 'none') args.push(check === 'all' ? '-crl_check_all' : '-crl_check');
    args.push(file('leaf.pem', 'CERTIFICATE', leaf === undefined ? [] : [leaf]));
    const { status, stdout, stderr } = spawnSync('openssl', args, { encoding: 'utf8' });
    return { good: status === 0, words: `${stdout}${stderr}` };
  } finally {
    rmSync(folder, { recursive: true });
  }
}
