/** The CoAP tool of the command line against libcoap's server. */

import { createSocket } from 'node:dgram';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';

import { bellwether, type Outcome } from '../cli/support/command-line.js';
import { Credentials, PSK } from './dtls/support/credentials.js';
import { need } from './support/leshan.js';
import { eventually, Program } from './support/processes.js';

const SERVER = 'coap-server-notls';
const folder = mkdtempSync(join(tmpdir(), 'bellwether-coap-tool-'));
let theirs: Program;
let uri: string;

beforeAll(async () => {
  need(SERVER, 'libcoap3-bin');
  const port = await freePort();
  uri = `coap://127.0.0.1:${port}`;
  theirs = new Program('libcoap server', SERVER, ['-A', '127.0.0.1', '-p', String(port), '-d', '100']);
  await eventually("libcoap's server", async () => {
    const { code } = await coap('get', `${uri}/time`, '--timeout', '0.5');
    return code === 0 ? true : undefined;
  });
}, 300_000);

afterAll(async () => {
  await theirs?.stop('SIGKILL');
  rmSync(folder, { recursive: true, force: true });
}, 60_000);

function coap(...args: string[]): Promise<Outcome> {
  return bellwether(['coap', ...args]);
}

describe("the CoAP tool and libcoap's server", () => {
  it('fetches a list of links in blocks and shows it whole', async () => {
    const { code, out } = await coap('get', `${uri}/.well-known/core`, '--block-size', '64');
    expect(code).toBe(0);
    expect(out).toMatch(/^2\.05 Content, .*Content-Format 40 \(link\), .*Block2 0\/more\/64.*\n<\/>.*<\/time>;.*\n$/);
  });

  it('acknowledges a separate response, and sees it again when that is withheld', async () => {
    const acknowledged = await coap('get', `${uri}/async?1`, '--hex');
    expect(acknowledged.out).toMatch(/< ACK 0\.00 Empty,[^]*< CON 2\.05 Content,[^]*> ACK 0\.00 Empty,[^]*\ndone\n$/);
    const withheld = await coap('get', `${uri}/async?1`, '--withhold-ack', '--timeout', '5');
    expect(withheld.code).toBe(0);
    expect(withheld.out).toMatch(/\ndone\n.*< CON 2\.05 Content, .* \(the same bytes, 2 times now\)\n/);
    expect(withheld.out).not.toContain('> ACK');
  });

  it.each(['16', '128', '1024'])('puts and gets 5,000 bytes in blocks of %s', async (size) => {
    const [file, got] = [join(folder, `body-${size}`), join(folder, `got-${size}`)] as const;
    const content = Buffer.from(Array.from({ length: 5000 }, (_, index) => 33 + (index % 90)));
    writeFileSync(file, content);
    const resource = `${uri}/block${size}`;
    const put = await coap('put', resource, '--payload-file', file, '--content-format', 'text', '--block-size', size);
    expect(put).toMatchObject({ code: 0, err: '' });
    expect(await coap('get', resource, '--block-size', size, '--output', got)).toMatchObject({ code: 0, err: '' });
    expect(readFileSync(got).equals(content)).toBe(true);
  });

  it('observes and de-registers', async () => {
    const { code, out } = await coap('observe', `${uri}/time`, '--count', '2');
    expect(code).toBe(0);
    expect(out).toMatch(
      /^2\.05 Content, Observe \d+,[^]*\nnotification 2: 2\.05 Content, Observe \d+,[^]*\n2\.05 Content, (?!Observe)/,
    );
  });

  it('sees each copy of a request answered, and a broken message rejected', async () => {
    const { code, out } = await coap('get', `${uri}/time`, '--repeat', '3', '--in-turn', '--timeout', '5');
    expect([code, out.match(/ > CON /g)?.length, out.match(/ < ACK 2\.05 /g)?.length]).toEqual([0, 3, 3]);
    expect(await coap('raw', uri, '40017d34ff', '--count', '1')).toMatchObject({
      code: 0,
      out: expect.stringContaining('< RST 0.00 Empty, MID 32052\n          70007d34\n'),
    });
  });

  it('shows a 4.02 that it may not take, for libcoap repeats the critical option nobody knows (RFC 7252 §5.4.1)', async () => {
    const { code, err } = await coap('get', `${uri}/time`, '--option', '2049=0x01', '--token', 'a1');
    expect(code).toBe(3);
    expect(err).toMatch(/the last datagram was ACK 4\.02 Bad Option, MID \d+, token a1, option 2049 0x01/);
  });
});

describe("the CoAP tool and libcoap's secure servers", () => {
  let credentials: Credentials;

  beforeAll(() => {
    need('coap-server-openssl', 'libcoap3-bin');
    need('coap-server-gnutls', 'libcoap3-bin');
    need('openssl', 'openssl');
    credentials = new Credentials();
    const key = Buffer.from(PSK.text).toString('hex');
    writeFileSync(credentials.path('keys.csv'), `endpoint,kind,identity,key\ndev1,psk,text,hex:${key}\n`);
  }, 300_000);

  afterAll(() => {
    credentials?.dispose();
  });

  const cases = (['psk', 'x509', 'rpk'] as const).flatMap((how) =>
    // OpenSSL as libcoap uses it has no raw public keys.
    (how === 'rpk' ? (['gnutls'] as const) : (['openssl', 'gnutls'] as const)).map((build) => [build, how] as const),
  );
  const theirProof = {
    psk: () => ['-k', PSK.text, '-h', ''],
    x509: () => ['-c', credentials.path('srv-both.pem'), '-C', credentials.path('ca.pem')],
    rpk: () => ['-M', credentials.path('srv.rpk.pem')],
  };
  const own = (): string[] => ['--private-key', credentials.path('cli.key')];
  const ourProof = {
    psk: () => ['--credentials', credentials.path('keys.csv')],
    x509: () => [
      ...own(),
      ...['--certificates', credentials.path('cli.pem'), '--server-key', credentials.path('srv.pem')],
    ],
    rpk: () => [...own(), '--server-key', credentials.path('srv.pub.pem')],
  };

  it.each(cases)(
    'of %s: puts, gets in blocks and observes with %s',
    async (build, how) => {
      const plain = await freePort();
      const common = ['-A', '127.0.0.1', '-p', String(plain), '-d', '100'];
      const server = new Program('secure server', `coap-server-${build}`, [...common, ...theirProof[how]()]);
      const secure = `coaps://127.0.0.1:${plain + 1}`;
      const proof = ourProof[how]();
      try {
        await eventually("libcoap's secure server", async () => {
          const { code } = await coap('get', `${secure}/time`, '--timeout', '3', ...proof);
          return code === 0 ? true : undefined;
        });
        const text = 'z'.repeat(300);
        expect(await coap('put', `${secure}/kept`, '--payload', text, '--block-size', '64', ...proof)).toMatchObject({
          code: 0,
          out: expect.stringMatching(/^2\.01 Created/),
        });
        const got = await coap('get', `${secure}/kept`, '--block-size', '64', '--hex', ...proof);
        expect(got).toMatchObject({ code: 0, out: expect.stringMatching(/< ACK 2\.05 Content,.*Block2 1\/more\/64/) });
        expect(got.out).toContain(`\n${text}\n`);
        const seen = await coap('observe', `${secure}/time`, '--count', '1', ...proof);
        expect(seen).toMatchObject({
          code: 0,
          out: expect.stringContaining('\nnotification 1: 2.05 Content, Observe '),
        });
      } finally {
        await server.stop('SIGKILL');
      }
    },
    60_000,
  );
});

async function freePort(): Promise<number> {
  const socket = createSocket('udp4');
  await new Promise<void>((resolve) => socket.bind(0, '127.0.0.1', resolve));
  const { port } = socket.address();
  await new Promise<void>((resolve) => {
    socket.close(resolve);
  });
  return port;
}
