/** The CoAP tool over DTLS: keys from files, both sides proven, and every refusal before anything leaves. */

import { generateKeyPairSync, X509Certificate } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';

import { bytesEqual, silentLogger, systemClock, systemRandom } from '#base';
import { Code } from '#coap/codec';
import { DEFAULT_PARAMETERS } from '#coap/endpoint';
import { DTLS_PARAMETERS, signingKey, Stack, type Answer, type Question, type ServerOffer } from '#transport';

import { issue, pem } from '../../support/x509.js';
import { bellwether, type Outcome } from '../support/command-line.js';

const KEY = '000102030405060708090a0b0c0d0e0f';
const OTHER_KEY = 'f0f1f2f3f4f5f6f7f8f9fafbfcfdfeff';
let folder: string;
const at = (name: string): string => join(folder, name);

/** A key pair and a certificate of it, in files: `name.key`, `name.pub` and `name.pem`. */
function identity(name: string): void {
  const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const spki = publicKey.export({ type: 'spki', format: 'der' });
  writeFileSync(at(`${name}.key`), privateKey.export({ type: 'pkcs8', format: 'pem' }));
  writeFileSync(at(`${name}.pub`), publicKey.export({ type: 'spki', format: 'pem' }));
  writeFileSync(
    at(`${name}.pem`),
    pem('CERTIFICATE', issue({ subject: name, key: { privateKey, spki, kind: 'ec' } }).der),
  );
  keys.set(name, { pem: privateKey.export({ type: 'pkcs8', format: 'pem' }), spki });
}
const keys = new Map<string, { readonly pem: string | Buffer; readonly spki: Buffer }>();
const certificate = (name: string): Buffer =>
  issue({
    subject: name,
    key: {
      privateKey: generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey,
      spki: keys.get(name)?.spki ?? Buffer.alloc(0),
      kind: 'ec',
    },
  }).der;

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'bellwether-coaps-'));
  for (const name of ['server', 'tester', 'stranger']) identity(name);
  writeFileSync(at('one.csv'), `endpoint,kind,identity,key\ndev1,psk,id-1,hex:${KEY}\n`);
  writeFileSync(at('two.csv'), `endpoint,identity,key\ndev1,id-1,hex:${KEY}\ndev2,,hex:${OTHER_KEY}\n`);
  writeFileSync(at('wrong.csv'), `endpoint,identity,key\ndev1,id-1,hex:${OTHER_KEY}\n`);
  writeFileSync(at('bad.csv'), 'endpoint,key\ndev1,hex:0102\n');
  writeFileSync(at('none.csv'), 'endpoint,key\n');
});

afterAll(() => {
  rmSync(folder, { recursive: true });
});

const closing: (() => Promise<void>)[] = [];

afterEach(async () => {
  for (const close of closing.splice(0)) await close();
});

/** A secure server that answers with the payload of the request, or with `hello`. */
async function serverOf(offer: Partial<ServerOffer>): Promise<{ uri: string; told: string[] }> {
  const told: string[] = [];
  const faults: unknown[] = [];
  const stack = new Stack({
    parameters: DEFAULT_PARAMETERS,
    clock: systemClock,
    random: systemRandom,
    logger: silentLogger,
    fault: (error) => faults.push(error),
    dtls: DTLS_PARAMETERS,
  });
  stack.serve({
    handle: (event) => {
      if (event.type !== 'request') return;
      const payload = event.body.length > 0 ? event.body : Buffer.from('hello');
      stack.respond(event.exchange, { code: Code.CONTENT, payload });
    },
  });
  stack.serveSecure({
    ask: (question, _listener, answer) => {
      answer(answerTo(question));
    },
    established: (peer) => {
      told.push(`${peer.identity?.kind ?? '-'} ${stack.association(peer.key)?.suite ?? '-'}`);
      return 'good';
    },
    closed: (_peer, reason) => told.push(reason),
    failed: (_place, reason) => told.push(reason),
  });
  const { port } = await stack.listen(
    { address: '127.0.0.1', port: 0, stack: 'single', receiveBuffer: 1 << 20 },
    { role: 'server', offer: { psk: 'not_offered', proofs: [], clientProofs: [], ...offer } },
  );
  closing.push(async () => {
    await stack.close();
    expect(faults).toEqual([]);
  });
  return { uri: `coaps://127.0.0.1:${port}`, told };
}

/** The server knows the key of id-1, and the tester by its key. */
function answerTo(question: Question): Answer {
  const tester = keys.get('tester')?.spki ?? Buffer.alloc(0);
  if (question.about === 'psk') {
    const name = Buffer.from(question.identity).toString();
    if (name !== 'id-1') return { is: 'refused' };
    return { is: 'key', key: Buffer.from(KEY, 'hex'), owner: { kind: 'psk', name, endpoint: 'dev1' } };
  }
  const spki =
    question.about === 'rawKey' ? question.spki : question.about === 'chain' ? spkiOf(question.chain[0]) : [];
  const kind = question.about === 'rawKey' ? 'rpk' : 'x509';
  return bytesEqual(Uint8Array.from(spki), tester)
    ? { is: 'good', owner: { kind, name: 'tester', endpoint: 'dev1' } }
    : { is: 'refused' };
}

function spkiOf(certificate: Uint8Array | undefined): Uint8Array {
  return new X509Certificate(certificate ?? '').publicKey.export({ type: 'spki', format: 'der' });
}

const raw = (): Partial<ServerOffer> => ({
  proofs: [{ key: signingKey(keys.get('server')?.pem ?? '') }],
  clientProofs: ['rpk', 'x509'],
});
const chained = (): Partial<ServerOffer> => ({
  proofs: [{ key: signingKey(keys.get('server')?.pem ?? ''), chain: [certificate('server')] }],
  clientProofs: ['rpk', 'x509'],
});

const coap = (...args: string[]): Promise<Outcome> => bellwether(['coap', ...args]);
/** Until the server has heard of the end. */
async function ended(told: readonly string[], count: number): Promise<void> {
  while (told.length < count) await new Promise((resolve) => setImmediate(resolve));
}

describe('the CoAP tool over DTLS', () => {
  it('proves itself by the one pre-shared key of a file, and ends the association when it has its answer', async () => {
    const server = await serverOf({ psk: 'offered' });
    const asked = await coap('get', `${server.uri}/time`, '--credentials', at('one.csv'));
    expect(asked).toMatchObject({ code: 0, out: '2.05 Content, 5 bytes\nhello\n' });
    await ended(server.told, 2);
    expect(server.told).toEqual(['psk TLS_PSK_WITH_AES_128_CCM_8', 'closed_by_peer']);
  });

  it('shows the messages that its records carry, in blocks and in copies too', async () => {
    const server = await serverOf({ psk: 'offered' });
    const proof = ['--credentials', at('two.csv'), '--endpoint', 'dev1'];
    const large = 'x'.repeat(100);
    const sent = await coap('put', `${server.uri}/a`, ...proof, '--payload', large, '--block-size', '64', '--hex');
    expect(sent).toMatchObject({ code: 0, out: expect.stringMatching(/> CON 0\.03 PUT, .*Block1 0\/more\/64/) });
    expect(sent.out).toContain(large);
    const copies = await coap('get', `${server.uri}/a`, ...proof, '--repeat', '3', '--in-turn', '--message-id', '7');
    expect([copies.code, copies.out.match(/ < ACK 2\.05 Content, MID 7,/g)?.length]).toEqual([0, 3]);
  });

  it.each([
    ['raw public keys', raw, [], 'server.pub', 'rpk'],
    ['a certificate of its own, and a raw public key of the server', raw, ['--certificates'], 'server.pub', 'x509'],
    ['a certificate of the server, told by its key', chained, [], 'server.pub', 'rpk'],
    ['certificates of both, told by another of the same key', chained, ['--certificates'], 'server.pem', 'x509'],
  ] as const)('proves itself by %s', async (_what, offer, flags, serverKey, kind) => {
    const server = await serverOf(offer());
    const proof = ['--private-key', at('tester.key'), '--server-key', at(serverKey)];
    const chain = flags.flatMap((flag) => [flag, at('tester.pem')]);
    expect(await coap('get', server.uri, ...proof, ...chain)).toMatchObject({ code: 0, err: '' });
    expect(server.told[0]).toBe(`${kind} TLS_ECDHE_ECDSA_WITH_AES_128_CCM_8`);
  });

  it.each([
    ['a raw public key', raw],
    ['a certificate', chained],
  ])('will not speak to a server that proves another key by %s', async (_what, offer) => {
    const server = await serverOf(offer());
    const proof = ['--private-key', at('tester.key'), '--server-key', at('stranger.pub')];
    expect(await coap('put', server.uri, ...proof, '--payload', 'secret')).toEqual({
      code: 1,
      out: '',
      err: expect.stringMatching(/^bellwether: no DTLS with 127\.0\.0\.1:\d+: server refused\n$/),
    });
  });

  it('says how far it came when the server is silent, as it is to a wrong key', async () => {
    const server = await serverOf({ psk: 'offered' });
    const asked = await coap('get', server.uri, '--credentials', at('wrong.csv'), '--timeout', '0.5');
    expect(asked).toMatchObject({
      code: 4,
      err: expect.stringMatching(/no answer from 127\.0\.0\.1:\d+ within 0\.5 s; the DTLS handshake had not come to/),
    });
    expect(asked.err).not.toContain(OTHER_KEY);
  });
});

describe('before anything leaves, the CoAP tool refuses', () => {
  const proof = (): Record<string, string[]> => ({
    psk: ['--credentials', at('one.csv')],
    key: ['--private-key', at('tester.key')],
    server: ['--server-key', at('server.pub')],
  });

  it.each([
    [
      'coaps without a key',
      'coaps',
      () => [],
      /coaps:\/\/ needs --credentials FILE, or --private-key FILE and --server-key/,
    ],
    ['keys of both kinds', 'coaps', () => [...(proof()['psk'] ?? []), ...(proof()['key'] ?? [])], /coaps:\/\/ needs/],
    [
      'a key for coap',
      'coap',
      () => proof()['psk'] ?? [],
      /--credentials FILE, .* go with coaps:\/\/, and this is coap/,
    ],
    [
      'a private key alone',
      'coaps',
      () => proof()['key'] ?? [],
      /--private-key FILE and --server-key FILE go together/,
    ],
    [
      'a key of the server alone',
      'coaps',
      () => proof()['server'] ?? [],
      /--private-key FILE and --server-key FILE go/,
    ],
    [
      'a name beside a private key',
      'coaps',
      () => [...(proof()['key'] ?? []), ...(proof()['server'] ?? []), '--endpoint', 'dev1'],
      /--endpoint NAME goes with --credentials FILE/,
    ],
    [
      'several keys',
      'coaps',
      () => ['--credentials', at('two.csv')],
      /two\.csv has 2 keys: --endpoint NAME says which/,
    ],
    ['no key in the file', 'coaps', () => ['--credentials', at('none.csv')], /none\.csv has 0 keys/],
    [
      'a name that is not in the file',
      'coaps',
      () => ['--credentials', at('one.csv'), '--endpoint', 'dev9'],
      /one\.csv has no line for the endpoint dev9/,
    ],
    [
      'a key that is none',
      'coaps',
      () => ['--credentials', at('bad.csv')],
      /bad\.csv, line 2: the key must be hex:… or/,
    ],
    [
      'a private key that is none',
      'coaps',
      () => ['--private-key', at('server.pub'), ...(proof()['server'] ?? [])],
      /--private-key .*server\.pub cannot be used: The private key cannot be used: it holds PUBLIC KEY/,
    ],
    [
      'a key of the server that is none',
      'coaps',
      () => [...(proof()['key'] ?? []), '--server-key', at('one.csv')],
      /--server-key .*one\.csv cannot be used: /,
    ],
    [
      'certificates that are none',
      'coaps',
      () => [...(proof()['key'] ?? []), ...(proof()['server'] ?? []), '--certificates', at('one.csv')],
      /--certificates .*one\.csv cannot be used: no -----BEGIN CERTIFICATE----- is in it/,
    ],
    [
      'a certificate of another key',
      'coaps',
      () => [...(proof()['key'] ?? []), ...(proof()['server'] ?? []), '--certificates', at('stranger.pem')],
      /the first certificate of --certificates .*stranger\.pem is not of the key in --private-key .*tester\.key/,
    ],
  ] as const)('%s', async (_what, scheme, flags, words) => {
    const outcome = await coap('get', `${scheme}://127.0.0.1:9/`, ...flags());
    expect(outcome).toMatchObject({ code: 2, out: '', err: expect.stringMatching(words) });
    expect(outcome.err).not.toContain(KEY);
  });

  it('raw bytes to coaps', async () => {
    expect(await coap('raw', 'coaps://127.0.0.1', '40017d34')).toMatchObject({
      code: 2,
      err: expect.stringContaining('raw datagrams go without DTLS'),
    });
  });
});
