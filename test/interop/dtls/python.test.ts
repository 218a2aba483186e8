/** Mbed TLS (by python-mbedtls) and aiocoap on tinydtls (by DTLSSocket) against our server. */

import { existsSync } from 'node:fs';
import { join } from 'node:path';

import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';

import type { ServerOffer } from '#transport';

import { need } from '../support/leshan.js';
import { Program, run } from '../support/processes.js';
import { Credentials } from './support/credentials.js';
import { CELL_TIME, Figures, ROUNDS } from './support/figures.js';
import { SecureServer } from './support/secure-ends.js';

const CACHE = new URL('../../../.cache/dtls-python', import.meta.url).pathname;
const SOURCE = new URL('python', import.meta.url).pathname;
const python = join(CACHE, 'bin', 'python');
const mbedtls = new Figures('python-mbedtls (Mbed TLS)');
const tinydtls = new Figures('aiocoap on DTLSSocket (tinydtls)');
let credentials: Credentials;

beforeAll(() => {
  need('python3', 'python3');
  // DTLSSocket comes as source, with the C of tinydtls.
  for (const tool of ['autoconf', 'automake', 'libtool']) need(tool === 'libtool' ? 'libtoolize' : tool, tool);
  need('cc', 'build-essential');
  if (!existsSync(join(CACHE, 'complete'))) {
    try {
      run('python3', ['-m', 'venv', CACHE]);
    } catch {
      const install = 'apt-get update -qq && apt-get install -y --no-install-recommends -qq python3-venv';
      run('sh', ['-c', install], { milliseconds: 600_000 });
      run('python3', ['-m', 'venv', CACHE]);
    }
    run(join(CACHE, 'bin', 'pip'), ['install', '-q', 'python-mbedtls==2.10.1', 'aiocoap==0.4.17', 'DTLSSocket==0.2.3']);
    run('touch', [join(CACHE, 'complete')]);
  }
  credentials = new Credentials();
}, 600_000);

afterAll(() => {
  credentials?.dispose();
  const versionOf = (name: string): string =>
    run(python, ['-c', `from importlib.metadata import version; print(version("${name}"))`]).trim();
  const library = run(python, ['-c', 'import mbedtls.version as v; print(v.version)']).trim();
  mbedtls.print(`${versionOf('python-mbedtls')} (${library})`);
  tinydtls.print(`${versionOf('aiocoap')} on ${versionOf('DTLSSocket')}`);
}, 60_000);

/** Runs a program that shakes hands again and again, and looks at both ends of what it did. */
async function cell(
  figures: Figures,
  name: string,
  suite: string,
  offer: Partial<ServerOffer>,
  args: (port: number) => string[],
): Promise<void> {
  const server = await SecureServer.open(credentials, offer);
  try {
    const program = new Program(name, python, args(server.port));
    const code = await program.ended(CELL_TIME);
    const good = Number(/^DONE (\d+)$/m.exec(program.output())?.[1] ?? '0');
    figures.note(name, ROUNDS, ROUNDS - good);
    expect({ code, good, output: program.errors }).toEqual({ code: 0, good: ROUNDS, output: [] });
    expect(server.told.suites).toEqual(Array<string>(ROUNDS).fill(suite));
    expect(server.told.failed).toEqual([]);
  } finally {
    await server.close();
  }
}

describe("Mbed TLS's client against our server", () => {
  const script = join(SOURCE, 'mbedtls_client.py');

  it.each([
    ['TLS-PSK-WITH-AES-128-CCM-8', 'TLS_PSK_WITH_AES_128_CCM_8'],
    ['TLS-PSK-WITH-AES-128-CCM', 'TLS_PSK_WITH_AES_128_CCM'],
    ['TLS-PSK-WITH-AES-128-GCM-SHA256', 'TLS_PSK_WITH_AES_128_GCM_SHA256'],
    ['TLS-PSK-WITH-AES-256-CCM-8', 'TLS_PSK_WITH_AES_256_CCM_8'],
    ['TLS-PSK-WITH-AES-256-GCM-SHA384', 'TLS_PSK_WITH_AES_256_GCM_SHA384'],
  ])(
    'talks with a pre-shared key under %s',
    (theirs, suite) =>
      cell(mbedtls, theirs, suite, { psk: 'offered' }, (port) => [
        ...[script, String(port), theirs, 'psk', credentials.folder, String(ROUNDS)],
      ]),
    CELL_TIME,
  );

  it.each([
    ['TLS-ECDHE-ECDSA-WITH-AES-128-CCM-8', 'TLS_ECDHE_ECDSA_WITH_AES_128_CCM_8'],
    ['TLS-ECDHE-ECDSA-WITH-AES-128-GCM-SHA256', 'TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256'],
  ])(
    'talks with certificates of both sides under %s',
    (theirs, suite) => {
      const offer: Partial<ServerOffer> = { proofs: [credentials.proof('srv', 'x509')], clientProofs: ['x509'] };
      return cell(mbedtls, `${theirs}, certificates`, suite, offer, (port) => [
        ...[script, String(port), theirs, 'x509', credentials.folder, String(ROUNDS)],
      ]);
    },
    CELL_TIME,
  );
});

describe('aiocoap on tinydtls against our server', () => {
  it(
    'talks with a pre-shared key',
    () =>
      cell(tinydtls, 'TLS_PSK_WITH_AES_128_CCM_8', 'TLS_PSK_WITH_AES_128_CCM_8', { psk: 'offered' }, (port) => [
        ...[join(SOURCE, 'aiocoap_client.py'), String(port), String(ROUNDS)],
      ]),
    CELL_TIME,
  );
});
