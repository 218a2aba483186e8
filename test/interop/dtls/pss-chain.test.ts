/** OpenSSL's s_client at a whole server, with certificates that openssl signed by RSASSA-PSS: each side judges the other's chain. */

import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { afterAll, beforeAll, expect, it } from '@jest/globals';

import { TestServer, until } from '../../support/test-server.js';
import { need } from '../support/leshan.js';
import { Program, run } from '../support/processes.js';

const folder = mkdtempSync(join(tmpdir(), 'bellwether-pss-'));
const path = (file: string): string => join(folder, file);
const read = (file: string): string => readFileSync(path(file), 'utf8');
let server: TestServer;

beforeAll(async () => {
  need('openssl', 'openssl');
  makeCertificates();
  server = await TestServer.start();
  await put('/trust-anchors/pss', { certificate: read('root.pem'), rule: '{cn}' });
}, 300_000);

afterAll(async () => {
  await server?.stop();
  rmSync(folder, { recursive: true, force: true });
});

it.each([
  ['P-256', 'ec', 'ECDHE-ECDSA-AES128-CCM8'],
  ['RSA', 'rsa', 'ECDHE-RSA-AES128-GCM-SHA256'],
] as const)('a device with a key of %s registers', async (_words, kind, cipher) => {
  await put('/server-credentials/door', { key: read(`server-${kind}.key`), chain: read(`server-${kind}.pem`) });
  const client = new Program('s_client', 'openssl', [
    ...['s_client', '-dtls1_2', '-connect', new URL(server.coaps.replace('coaps:', 'http:')).host, '-cipher', cipher],
    ...['-cert', path(`device-${kind}.pem`), '-key', path(`device-${kind}.key`), '-cert_chain', path('sub.pem')],
    ...['-CAfile', path('root.pem'), '-verify_return_error'],
  ]);
  client.child.stdin.write(register(`device-${kind}`));
  await until(`device-${kind} is registered`, async () =>
    'registration' in (await server.device(`device-${kind}`)) ? 'yes' : undefined,
  );
  expect(await server.device(`device-${kind}`)).toMatchObject({ association: { identity: { kind: 'x509' } } });
  expect(client.output()).toContain('Verification: OK');
  await client.stop('SIGKILL');
});

it('what openssl has signed is PSS in all certificates', () => {
  for (const name of ['root', 'sub', 'device-ec', 'device-rsa', 'server-ec', 'server-rsa']) {
    const text = run('openssl', ['x509', '-in', path(`${name}.pem`), '-noout', '-text']);
    expect([name, /Signature Algorithm: (\S+)/.exec(text)?.[1]]).toEqual([name, 'rsassaPss']);
  }
});

async function put(where: string, body: unknown): Promise<void> {
  const answer = await server.rest('PUT', where, body);
  expect([where, answer.status, answer.body['detail']]).toEqual([where, 200, undefined]);
}

/** A root, a CA below it, and below that a device and a server with a key of each kind. */
function makeCertificates(): void {
  const rsa = (name: string): void => {
    openssl('genrsa', '-out', `${name}.key`, '2048');
  };
  rsa('root');
  rsa('sub');
  const ca = 'basicConstraints=critical,CA:TRUE\nkeyUsage=critical,keyCertSign,cRLSign\n';
  openssl(
    ...['req', '-x509', '-key', 'root.key', '-subj', '/CN=PSS root', '-days', '30', '-out', 'root.pem', ...PSS],
    ...['-addext', 'keyUsage=critical,keyCertSign,cRLSign'],
  );
  issue('sub', 'root', ca);
  for (const kind of ['ec', 'rsa']) {
    for (const [who, usage] of [
      ['device', 'clientAuth'],
      ['server', 'serverAuth'],
    ] as const) {
      const name = `${who}-${kind}`;
      if (kind === 'rsa') rsa(name);
      else openssl('ecparam', '-name', 'prime256v1', '-genkey', '-noout', '-out', `${name}.key`);
      issue(name, 'sub', `keyUsage=critical,digitalSignature\nextendedKeyUsage=${usage}\n`);
      if (who === 'server') writeFileSync(path(`${name}.pem`), read(`${name}.pem`) + read('sub.pem'));
    }
  }
}

function issue(name: string, by: string, extensions: string): void {
  writeFileSync(path(`${name}.ext`), extensions);
  openssl('req', '-new', '-key', `${name}.key`, '-subj', `/CN=${name}`, '-out', `${name}.csr`);
  openssl(
    ...['x509', '-req', '-in', `${name}.csr`, '-CA', `${by}.pem`, '-CAkey', `${by}.key`, '-CAcreateserial'],
    ...['-days', '30', '-extfile', `${name}.ext`, '-out', `${name}.pem`, ...PSS],
  );
}

function openssl(...args: string[]): void {
  run('openssl', args, { cwd: folder });
}

/** CON POST /rd?ep=…&lt=60&lwm2m=1.0&b=U (RFC 7252 §3), in one line. */
function register(endpoint: string): Buffer {
  const option = (delta: number, value: string): string => {
    const long = value.length > 12;
    return `${String.fromCharCode((delta << 4) | (long ? 13 : value.length))}${long ? String.fromCharCode(value.length - 13) : ''}${value}`;
  };
  const options = [
    ...[option(11, 'rd'), option(1, String.fromCharCode(40)), option(3, `ep=${endpoint}`)],
    ...[option(0, 'lt=60'), option(0, 'lwm2m=1.0'), option(0, 'b=U')],
  ];
  return Buffer.from(`\x41\x02ABt${options.join('')}\xff</1/0>,</3/0>`, 'latin1');
}

const PSS = ['-sha256', '-sigopt', 'rsa_padding_mode:pss', '-sigopt', 'rsa_pss_saltlen:digest'];
