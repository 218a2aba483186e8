/** `bellwether event tail` and `bellwether object …` against a whole server. */

import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';

import { TestServer } from '../../support/test-server.js';
import { bellwether, type Outcome } from '../support/command-line.js';
import { startDevices } from '../support/devices.js';
import { Bellwether } from '../support/process.js';

let server: TestServer;
let folder = '';

beforeAll(async () => {
  server = await TestServer.start();
  folder = mkdtempSync(join(tmpdir(), 'bellwether-objects-'));
  const devices = await startDevices(server.coap, 'told-', 2);
  expect(await run('device', 'read', 'told-1', '/3/0/0')).toMatchObject({ code: 0 });
  expect(await run('device', 'read', 'told-2', '/3/0/999')).toMatchObject({ code: 3 });
  await run('device', 'read', 'told-2', '/3/0/9', '/1/0/1');
  await devices.stop(2000);
});

afterAll(async () => {
  await server.stop();
  rmSync(folder, { recursive: true });
});

const access = (): Record<string, string> => ({ BELLWETHER_URL: server.http, BELLWETHER_TOKEN: server.token });
const run = (...args: string[]): Promise<Outcome> => bellwether(args, access());
const tail = (...args: string[]): Bellwether => new Bellwether(['event', 'tail', '--after', '0-0', ...args], access());

describe('bellwether event tail', () => {
  it('shows what happened and what happens, a line each, and ends with 0 by Ctrl-C', async () => {
    const process = tail();
    await process.says(/device\.deregistered +told-2/);
    expect(process.out).toMatch(/^0-\d+ {2}\d{4}-\S+Z {2}device\.registered {4}told-1 {2}lwm2m=1\.1 /m);
    expect(process.out).toMatch(/^0-\d+ {2}\S+Z {2}operation\.finished {3}told-1 {2}path=\/3\/0\/0 .*kind=read/m);
    expect(process.out).toMatch(
      /operation\.finished {3}told-2 {2}id=\w+ {2}kind=readComposite {2}paths=\/3\/0\/9,\/1\/0\/1 /m,
    );
    expect(process.out).not.toContain('value.received');
    expect(await process.end('SIGINT')).toBe(0);
    expect(process.err).toBe('');
  });

  it('shows values as paths, of one device and type only when asked to', async () => {
    const process = tail('--type', 'value.received,operation.finished', '--endpoint', 'told-1');
    await process.says(/operation\.finished/);
    expect(process.out).toMatch(/^0-\d+ {2}\S+Z {2}value\.received {7}told-1 {2}\/3\/0\/0=Bellwether {2}source=read$/m);
    expect(process.out).not.toContain('told-2');
    expect(await process.end('SIGTERM')).toBe(0);
  });

  it('gives programs one JSON object a line', async () => {
    const process = tail('--json', '--type', 'device.registered');
    await process.says(/told-2/);
    await process.end('SIGINT');
    const lines = process.out
      .trim()
      .split('\n')
      .map((line): unknown => JSON.parse(line));
    expect(lines).toMatchObject([
      { id: expect.stringMatching(/^0-\d+$/), event: 'device.registered', endpoint: 'told-1' },
      { event: 'device.registered', endpoint: 'told-2', at: expect.stringMatching(/Z$/) },
    ]);
  });

  it.each([
    [['--after', 'x'], 2, /Last-Event-ID "x" is not one of our ids/],
    [['--type', 'device.exploded'], 2, /device\.exploded/],
    [['--token', 'wrong'], 3, /this token is not valid/],
    [['--url', 'http://127.0.0.1:1'], 1, /no server answers at http:\/\/127\.0\.0\.1:1/],
  ])('with %j ends with %i and a sentence', async (args, code, words) => {
    const outcome = await run('event', 'tail', ...args);
    expect(outcome).toMatchObject({ code, out: '' });
    expect(outcome.err).toMatch(words);
  });

  it('says so when the server ends', async () => {
    const other = await TestServer.start();
    const variables = { BELLWETHER_URL: other.http, BELLWETHER_TOKEN: other.token };
    const process = new Bellwether(['event', 'tail', '--after', '0-0'], variables);
    const devices = await startDevices(other.coap, 'last-', 1);
    await process.says(/last-1/).finally(() => devices.stop(2000));
    await other.stop();
    expect(await process.ended).toBe(1);
    expect(process.err).toBe(`bellwether: the server at ${other.http} ended the connection\n`);
  });

  it('ends quietly when its reader goes away', async () => {
    const process = tail();
    await process.says(/told-2/);
    process.child.stdout?.destroy();
    const devices = await startDevices(server.coap, 'more-', 3);
    await devices.stop(2000);
    expect(await process.ended).toBe(0);
    expect(process.err).toBe('');
  });
});

describe('bellwether object', () => {
  it('lists what is known, the newest version of an object first', async () => {
    const { out } = await run('object', 'list');
    expect(out).toMatch(/^ID {4}VERSION {2}NAME\n/);
    expect(out).toMatch(/^3 +1\.2 +Device\n3 +1\.1 +Device\n3 +1\.0 +Device$/m);
    expect(JSON.parse((await run('object', 'list', '--json')).out)).toContainEqual(
      expect.objectContaining({ id: 3, version: '1.1', name: 'Device' }),
    );
  });

  it('imports definitions, and says of each what it is', async () => {
    const files = [32_001, 32_002].map((id) => join(folder, `${id}.xml`));
    for (const [index, file] of files.entries()) writeFileSync(file, definition(32_001 + index, 'Tänk'));
    expect(await run('object', 'import', ...files)).toEqual({
      code: 0,
      err: '',
      out: files.map((file, index) => `${file}: added object ${32_001 + index} version 1.0, Tänk\n`).join(''),
    });
    expect((await run('object', 'list')).out).toMatch(/^32002 {2}1\.0 {6}Tänk$/m);
    writeFileSync(files[0] ?? '', definition(32_001, 'Other'));
    expect(await run('object', 'import', files[0] ?? '')).toMatchObject({
      code: 1,
      err: expect.stringMatching(/^bellwether: \S+32001\.xml: .* \(object_exists\)\n$/),
    });
  });

  it.each([
    ['<!DOCTYPE x><LWM2M/>', 2, /\.xml: line 1: a document type declaration is not allowed \(invalid_definition\)\n$/],
    ['no XML', 2, /\.xml: .* \(invalid_definition\)\n$/],
    [Buffer.from([0x3c, 0xff]), 2, /\.xml: the definition is not valid UTF-8 \(invalid_definition\)\n$/],
    [undefined, 1, /\.xml: ENOENT: no such file or directory/],
  ])('refuses a file that holds %j, naming it', async (content, code, words) => {
    const file = join(folder, 'bad.xml');
    rmSync(file, { force: true });
    if (content !== undefined) writeFileSync(file, content);
    const outcome = await run('object', 'import', file);
    expect(outcome).toMatchObject({ code, out: '' });
    expect(outcome.err).toMatch(words);
  });
});

function definition(id: number, name: string): string {
  return `<?xml version="1.0" encoding="UTF-8"?>
<LWM2M><Object ObjectType="MODefinition">
<Name>${name}</Name><Description1></Description1><ObjectID>${id}</ObjectID><ObjectURN>urn:oma:lwm2m:x:${id}</ObjectURN>
<LWM2MVersion>1.0</LWM2MVersion><ObjectVersion>1.0</ObjectVersion>
<MultipleInstances>Multiple</MultipleInstances><Mandatory>Optional</Mandatory>
<Resources><Item ID="0"><Name>Value</Name><Operations>RW</Operations><MultipleInstances>Single</MultipleInstances>
<Mandatory>Mandatory</Mandatory><Type>Integer</Type><RangeEnumeration></RangeEnumeration><Units></Units>
<Description></Description></Item></Resources><Description2></Description2></Object></LWM2M>`;
}
