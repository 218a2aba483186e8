/** `bellwether conformance …` as a tester runs it: over REST and the trace of a whole server, against a simulated device. */

import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { SaxesParser } from 'saxes';

import { bellwether, type Outcome } from '../cli/support/command-line.js';
import { ScriptedClient, utf8 } from '../support/conformance.js';
import { simulated } from '../support/simulated.js';
import { TestServer, until } from '../support/test-server.js';

let server: TestServer;
let devices: Awaited<ReturnType<typeof simulated>>;
let folder = '';

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'bellwether-conformance-'));
  server = await TestServer.start();
  devices = await simulated(server.coap, 'tested-', { kind: { objects: [5, 16] } });
  await until('the device is registered', async () =>
    (await server.device('tested-1'))['registration'] === undefined ? undefined : 'yes',
  );
});
afterAll(async () => {
  await devices.stop(2000);
  await server.stop();
  rmSync(folder, { recursive: true });
});

const run = (...args: string[]): Promise<Outcome> =>
  bellwether(['conformance', ...args], { BELLWETHER_URL: server.http, BELLWETHER_TOKEN: server.token });
const file = (name: string): string => join(folder, name);

/** Element names and attributes of a document; throws when it is not well-formed. */
function elementsOf(xml: string): { readonly name: string; readonly attributes: Record<string, string> }[] {
  const found: { name: string; attributes: Record<string, string> }[] = [];
  const parser = new SaxesParser();
  parser.on('opentag', ({ name, attributes }) => {
    found.push({ name, attributes });
  });
  parser.on('error', (error) => {
    throw error;
  });
  parser.write(xml).close();
  return found;
}

describe('bellwether conformance', () => {
  it('lists its cases', async () => {
    const { code, out } = await run('list');
    expect(code).toBe(0);
    expect(out).toMatch(/^201 {3}LightweightM2M-1\.1-int-201 {3}Querying basic information in plain text$/m);
    const listed = JSON.parse((await run('list', '--json')).out) as { id: number }[];
    expect(listed.length).toBeGreaterThan(60);
  });

  it('runs cases, tells how each ended, puts back what it changed, and writes reports with every datagram', async () => {
    writeFileSync(file('image'), 'bellwether-firmware 3.0.0\nimage');
    const before = await server.order('tested-1', { kind: 'read', path: '/1/0' });
    const { code, out, err } = await run(
      ...['run', '--endpoint', 'tested-1', '--case', '201-225,227,229-231,236,241,256-261,280-281,770-772,1630-1635'],
      ...['--package', file('image'), '--patience', '20'],
      ...['--report-json', file('r.json'), '--report-junit', file('r.xml'), '--report-html', file('r.html')],
    );
    expect(err).toBe('');
    expect(out).not.toMatch(/FAIL|inconclusive {2}|not put back/);
    expect(out).toMatch(/^ 201 {2}pass {12}Querying basic information in plain text \(\d+\.\d s\)$/m);
    expect(out).toMatch(/^ 771 {2}not applicable {2}.*\n {6}the server hosts no files yet that a device could pull$/m);
    expect(out).toMatch(/^\d+ pass, 0 fail, 0 inconclusive, \d+ not applicable$/m);
    expect(code).toBe(0);
    const after = await server.order('tested-1', { kind: 'read', path: '/1/0' });
    expect(after['result']).toEqual(before['result']);

    const report = JSON.parse(readFileSync(file('r.json'), 'utf8')) as {
      endpoint: string;
      cases: {
        id: number;
        verdict: string;
        steps: { words: string; datagrams: { direction: string; hex: string; decoded: string }[] }[];
      }[];
    };
    expect(report.endpoint).toBe('tested-1');
    const text = report.cases.find(({ id }) => id === 201);
    const step = text?.steps.find(({ words }) => words === 'Read /3/0/0 in text');
    expect(step?.datagrams.map(({ direction }) => direction)).toEqual(['out', 'in']);
    expect(step?.datagrams[0]?.decoded).toMatch(/^CON 0\.01 GET, .*Uri-Path "3", Uri-Path "0", Uri-Path "0", Accept 0/);
    expect(step?.datagrams[1]?.hex).toMatch(/ff42656c6c776574686572$/);

    const junit = elementsOf(readFileSync(file('r.xml'), 'utf8'));
    expect(junit[0]).toMatchObject({ name: 'testsuites', attributes: { failures: '0', errors: '0' } });
    expect(junit.filter(({ name }) => name === 'testcase')).toHaveLength(report.cases.length);
    const page = readFileSync(file('r.html'), 'utf8');
    expect(page).toContain('<details id="case-201" class="pass">');
    expect(page).toContain(step?.datagrams[1]?.hex);
    expect(page).not.toContain('<script');
  }, 120_000);

  it('tells of a failure by its rule, and exits with 3', async () => {
    const client = await ScriptedClient.registered(server, 'broken', '</1/0>,</3/0>');
    const links = utf8('</3/0>,</3/0/3>');
    const [{ code, out }] = await Promise.all([
      run('run', '--endpoint', 'broken', '--case', '652'),
      client.peer
        .answer('4801MMMM TTTTTTTTTTTTTTTT b133 0130 6128', `6845MMMM TTTTTTTTTTTTTTTT c128 ff ${links}`)
        .then(() => client.peer.answer('4801MMMM TTTTTTTTTTTTTTTT b133 0130 0133', '6884MMMM TTTTTTTTTTTTTTTT')),
    ]);
    expect(out).toMatch(
      /^ 652 {2}FAIL .*\n {6}rule: a Read that succeeds is answered 2\.05 .*\n {6}the answer is 4\.04, expected 2\.05$/m,
    );
    expect(code).toBe(3);
    client.close();
  });

  it('says when it cannot be told, and exits with 1', async () => {
    // A device that sends nothing by itself.
    const { code, out } = await run('run', '--endpoint', 'tested-1', '--case', '306', '--patience', '1', '--json');
    expect(code).toBe(1);
    const { cases } = JSON.parse(out) as { cases: { verdict: string; detail: string }[] };
    expect(cases[0]).toMatchObject({ verdict: 'inconclusive' });
  });

  it.each([
    [['--endpoint', 'nobody'], 1, 'no device has the endpoint name'],
    [['--endpoint', 'tested-1', '--case', '9'], 2, 'there is no case "9"'],
    [['--endpoint', 'tested-1', '--case', '201', '--package', '/nowhere/image'], 1, '/nowhere/image'],
    [
      ['--endpoint', 'tested-1', '--case', '201', '--report-html', '/nowhere/r.html'],
      2,
      '/nowhere/r.html cannot be written',
    ],
    [['--case', '201'], 2, '--endpoint'],
  ])('refuses %j', async (args, code, words) => {
    const outcome = await run('run', ...args);
    expect(outcome.code).toBe(code);
    expect(outcome.err).toContain(words);
  });
});
