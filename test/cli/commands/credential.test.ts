/** `bellwether credential …`, `bellwether trust …` and `bellwether server-credential …`: keys from files and standard input, never from the command line. */

import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { certificate, keyHex } from '../../fleet/security/keys.js';
import { authorityNow, serverKey } from '../../support/server-keys.js';
import { TestServer } from '../../support/test-server.js';
import { bellwether, type Outcome } from '../support/command-line.js';

let server: TestServer;

beforeAll(async () => {
  server = await TestServer.start();
});
afterAll(async () => {
  await server.stop();
});

const run = (...args: string[]): Promise<Outcome> =>
  bellwether(args, { BELLWETHER_URL: server.http, BELLWETHER_TOKEN: server.token });

/** A file with that content, in the server's folder. */
function file(name: string, content: string): string {
  const path = join(server.folder, name);
  writeFileSync(path, content);
  return path;
}

describe('bellwether credential', () => {
  it('puts, lists and deletes credentials, and lets a name speak plain CoAP again', async () => {
    const key = file('key', `hex:${keyHex(1)}\n`);
    expect(await run('credential', 'put', 'd1', 'factory', '--identity', 'id-1', '--key-file', key)).toEqual({
      ...{ code: 0, out: 'created credential factory of d1\n', err: '' },
    });
    expect((await run('credential', 'list', 'd1')).out).toBe(
      'ID       KIND  IDENTITY  VALIDITY  LAST USED  LABEL\nfactory  psk   id-1      valid\n',
    );
    expect(JSON.parse((await run('credential', 'list', 'd1', '--json')).out)).toMatchObject([{ identity: 'id-1' }]);
    expect(await run('credential', 'clear-secured', 'd1')).toMatchObject({
      ...{ code: 1, err: 'bellwether: "d1" has credentials: delete them first (device_has_credentials)\n' },
    });
    expect((await run('credential', 'delete', 'd1', 'factory')).out).toBe('d1 has no credential factory any more\n');
    expect((await run('credential', 'clear-secured', 'd1')).out).toBe('d1 may speak plain CoAP again\n');
    expect((await run('credential', 'list', 'd1')).err).toBe('this device has no credentials\n');
  });

  it('prints a key that the server made, once, and warns of a short one', async () => {
    const { out } = await run('credential', 'generate', 'd2', 'made', '--identity-hex', 'ff00');
    expect(out).toMatch(/^created credential made of d2\nthe key, shown this once, is hex:[0-9a-f]{64}\n$/);
    expect((await run('credential', 'list', 'd2')).out).toContain('#ff00');
    const key = file('short', 'base64:AAECAwQFBgc=');
    expect((await run('credential', 'put', 'd2', 'short', '--key-file', key)).err).toBe(
      'warning: a key of 8 bytes is short: 16 random bytes or more are recommended\n',
    );
  });

  it('takes a key from nowhere but a file or standard input', async () => {
    const { out } = await run('credential', 'put', '--help');
    expect(out).toMatch(/--key-file <FILE> .*- for standard\s+input/s);
    expect(out).not.toMatch(/--key </);
    expect(await run('credential', 'put', 'd3', 'k', '--key', `hex:${keyHex(1)}`)).toMatchObject({ code: 2 });
    expect(await run('credential', 'put', 'd3', 'k', '--key-file', join(server.folder, 'none'))).toMatchObject({
      code: 1,
    });
    expect(await run('credential', 'put', 'd3', 'k')).toMatchObject({
      ...{ code: 2, err: expect.stringContaining('/key is missing') as unknown },
    });
    expect(await run('credential', 'put', 'd3', 'a b')).toMatchObject({ code: 2 });
  });

  it('imports a file, tries it before, and says line by line what failed', async () => {
    const csv = file(
      'all.csv',
      `endpoint,id,kind,identity,key,generate\ni1,k,psk,i-1,hex:${keyHex(1)},\ni2,k,psk,i-1,hex:${keyHex(2)},\ni3,k,psk,,,true\n`,
    );
    const dry = await run('credential', 'import', csv, '--dry-run');
    expect(dry.code).toBe(1);
    expect(dry.out).toMatch(/^line 3 i2 k: this identity belongs to .*\(credential_identity_taken\)$/m);
    expect(dry.out).toMatch(
      /3 lines: nothing was changed; it would be: 2 created, 0 changed, 0 unchanged, 1 failed\n$/,
    );
    const { code, out } = await run('credential', 'import', csv);
    expect(code).toBe(1);
    expect(out).toMatch(/^line 4 i3 k: the key, shown this once, is hex:[0-9a-f]{64}$/m);
    expect(out).toMatch(/3 lines: 2 created, 0 changed, 0 unchanged, 1 failed\n$/);
    const lines = file(
      'all.ndjson',
      `{"endpoint":"i1","id":"k","kind":"psk","identity":"i-1","key":"hex:${keyHex(1)}"}\n`,
    );
    const again = await run('credential', 'import', lines, '--json');
    expect(again.code).toBe(0);
    expect(
      again.out
        .trimEnd()
        .split('\n')
        .map((line) => JSON.parse(line) as unknown),
    ).toMatchObject([
      { line: 1, result: 'unchanged' },
      { lines: 1, unchanged: 1 },
    ]);
    expect(await run('credential', 'import', file('x', ''))).toMatchObject({ code: 2 });
  });
});

describe('bellwether trust', () => {
  it('puts, lists and deletes trust anchors and revocation lists', async () => {
    const pem = file('ca.pem', certificate('CA'));
    expect((await run('trust', 'list')).err).toBe('nothing is trusted\n');
    expect((await run('trust', 'put', 'ca', '--certificate-file', pem, '--rule', 'urn:dev:{cn}')).out).toBe(
      'ca is trusted\n',
    );
    expect((await run('trust', 'list')).out).toMatch(/^ca +CN=CA +urn:dev:\{cn\} /m);
    expect(await run('trust', 'put', 'cb', '--certificate-file', pem, '--rule', 'x')).toMatchObject({ code: 2 });
    expect((await run('trust', 'delete', 'ca')).out).toBe('ca is not trusted any more\n');
    const list = file('ca.crl', 'MAA=');
    expect((await run('trust', 'put-crl', 'ca', '--list-file', list)).out).toBe('the revocation list ca is kept\n');
    expect(JSON.parse((await run('trust', 'list-crl', '--json')).out)).toMatchObject([{ id: 'ca' }]);
    expect((await run('trust', 'delete-crl', 'ca')).out).toBe('the revocation list ca is gone\n');
    expect(await run('trust', 'delete-crl', 'ca')).toMatchObject({ code: 1 });
  });
});

describe('bellwether server-credential', () => {
  it('puts, lists and deletes keys of the server, and has its files read again', async () => {
    const { key, chain } = serverKey(authorityNow('CA'), 'door');
    const [keyFile, chainFile] = [file('door.key', key), file('door.pem', chain)];
    expect((await run('server-credential', 'list')).err).toBe(
      'the server has no key: devices come with pre-shared keys alone\n',
    );
    const pem = file('anchor.pem', certificate('DA'));
    await run('trust', 'put', 'da', '--certificate-file', pem);
    const put = await run(
      ...['server-credential', 'put', 'door', '--key-file', keyFile, '--chain-file', chainFile],
      ...['--host', 'a.example', '--host', 'b.example', '--anchor', 'da', '--label', 'ours'],
    );
    expect(put).toEqual({ code: 0, out: 'the server proves itself by door\n', err: '' });
    expect((await run('server-credential', 'list')).out).toMatch(
      /^door +stored +P-256 +CN=door +20\S+Z +a\.example b\.example +da +ours$/m,
    );
    const again = await run('server-credential', 'put', 'door', '--label', 'raw', '--json');
    expect(JSON.parse(again.out)).toMatchObject({ label: 'raw', certificates: [] });
    expect((await run('server-credential', 'list', '--json')).out).not.toContain('PRIVATE');
    expect(await run('server-credential', 'reload')).toMatchObject({
      code: 1,
      err: 'bellwether: the server was started without --coaps-key: no file is to be read (server_files_unusable)\n',
    });
    expect((await run('server-credential', 'delete', 'door')).out).toBe('the server proves itself by door no more\n');
    expect(await run('server-credential', 'delete', 'a b')).toMatchObject({ code: 2 });
  });
});
