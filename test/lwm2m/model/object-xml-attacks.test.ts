import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { describe, expect, it } from '@jest/globals';
import { DefinitionError, parseObjectDefinition } from '#lwm2m/model';
import { milliseconds } from '../../support/cpu.js';

const MEBIBYTE = 1_048_576;

describe('external entities (CVE-2023-41034)', () => {
  it('do not read a file', () => {
    const folder = mkdtempSync(join(tmpdir(), 'bellwether-xxe-'));
    try {
      writeFileSync(join(folder, 'secret'), 'the secret');
      const doctype = `<!DOCTYPE LWM2M [<!ENTITY f SYSTEM "file://${folder}/secret">]>`;
      const error = refusal(document({ doctype, description: '&f;' }));
      expect(error).toMatchObject({ reason: 'doctype', line: 2 });
      expect(error.message).not.toContain('secret');
    } finally {
      rmSync(folder, { recursive: true });
    }
  });

  it.each([
    ['an entity', (url: string) => `<!DOCTYPE LWM2M [<!ENTITY f SYSTEM "${url}">]>`],
    ['a parameter entity', (url: string) => `<!DOCTYPE LWM2M [<!ENTITY % f SYSTEM "${url}"> %f;]>`],
    ['an external subset', (url: string) => `<!DOCTYPE LWM2M SYSTEM "${url}">`],
    ['a public identifier', (url: string) => `<!DOCTYPE LWM2M PUBLIC "-//X//Y" "${url}">`],
  ])('open no connection: %s', async (_what, doctype) => {
    const { url, connections, close } = await listen();
    expect(refusal(document({ doctype: doctype(url), description: '&f;' }))).toMatchObject({
      reason: 'doctype',
      line: 2,
    });
    await pause(20);
    await close();
    expect(connections()).toBe(0);
  });

  it('open no connection through XInclude, a schema location or a style sheet', async () => {
    const { url, connections, close } = await listen();
    const include = `<xi:include xmlns:xi="http://www.w3.org/2001/XInclude" href="${url}" parse="text"/>`;
    expect(refusal(document({ description: include }))).toMatchObject({ reason: 'xinclude', line: 9 });
    const sheet = `<?xml-stylesheet href="${url}" type="text/xsl"?>`;
    expect(refusal(document({ doctype: sheet }))).toMatchObject({ reason: 'malformed_xml', line: 2 });
    expect(parseObjectDefinition(document({ attributes: ` xsi:noNamespaceSchemaLocation="${url}"` })).id).toBe(33_001);
    await pause(20);
    await close();
    expect(connections()).toBe(0);
  });
});

describe('entities', () => {
  it.each([
    ['billion laughs', billionLaughs()],
    ['quadratic blow-up', `<!DOCTYPE LWM2M [<!ENTITY a "${'a'.repeat(50_000)}">]>`],
    ['an empty document type', '<!DOCTYPE LWM2M>'],
    ['a document type on three lines', '<!DOCTYPE LWM2M [\n<!ENTITY a "b">\n]>'],
    ['a document type that hides its end', '<!DOCTYPE LWM2M [<!-- ]> --><!ENTITY a "]>">]>'],
  ])('are refused with their document type, at the line it begins on: %s', (_what, doctype) => {
    const description = '&a;'.repeat(50_000);
    expect(quickly(() => refusal(document({ doctype, description })))).toMatchObject({ reason: 'doctype', line: 2 });
  });

  it('are refused in a document type after the root has begun or ended', () => {
    const doctype = '<!DOCTYPE LWM2M [<!ENTITY a "b">]>';
    expect(refusal(document({ description: doctype }))).toMatchObject({ reason: 'doctype' });
    expect(refusal(document({}) + doctype)).toMatchObject({ reason: 'doctype' });
  });

  it.each(['&a;', '&nbsp;', '&lol9;', '&__proto__;', '&constructor;', '&toString;', '&;', '& ;'])(
    'that nobody declared are refused: %s',
    (entity) => expect(refusal(document({ description: entity }))).toMatchObject({ reason: 'entity', line: 9 }),
  );

  it.each(['&#0;', '&#xD800;', '&#xFFFE;', '&#1114112;', '&#x;', '&#x99999999999999999999;', '&#-1;'])(
    'that stand for no character are refused: %s',
    (entity) => expect(refusal(document({ description: entity }))).toMatchObject({ reason: 'malformed_xml', line: 9 }),
  );

  it('are no trouble when they are the five predefined ones or character references', () => {
    const description = '&amp;&lt;&gt;&quot;&apos;&#65;&#x1F6E2;';
    expect(parseObjectDefinition(document({ description })).resources.get(0)?.description).toBe('&<>"\'A🛢');
  });

  it('are not expanded twice', () => {
    const description = '&amp;lt;&#38;amp;';
    expect(parseObjectDefinition(document({ description })).resources.get(0)?.description).toBe('&lt;&amp;');
  });
});

describe('encodings', () => {
  it.each([
    ['UTF-16 little-endian with byte order mark', Buffer.from(`\ufeff${document({})}`, 'utf16le')],
    ['UTF-16 big-endian with byte order mark', Buffer.from(`\ufeff${document({})}`, 'utf16le').swap16()],
    ['UTF-16 little-endian without', Buffer.from(document({}), 'utf16le')],
    ['UTF-16 big-endian without', Buffer.from(document({}), 'utf16le').swap16()],
    ['UTF-32', Buffer.from([0, 0, 0xfe, 0xff, 0, 0, 0, 0x3c])],
  ])('other than UTF-8 are refused: %s', (_what, bytes) => {
    expect(refusal(bytes)).toMatchObject({ reason: 'bad_encoding', line: 1 });
  });

  it.each(['UTF-16', 'UTF-7', 'utf-16le', 'ISO-8859-1', 'US-ASCII', 'windows-1252', 'UTF8', 'x-user-defined'])(
    'other than UTF-8 are refused when only declared: %s',
    (encoding) => {
      const error = refusal(document({ encoding }));
      expect(error).toMatchObject({ reason: 'bad_encoding', detail: `encoding "${encoding}", of UTF-8 only` });
      expect(refusal(Buffer.from(document({ encoding })))).toMatchObject({ reason: 'bad_encoding', line: 1 });
    },
  );

  it.each([
    ['with its byte order mark', '+/v8-+ADwAIQ-DOCTYPE LWM2M+AD4-'],
    [
      'hiding a document type behind a declaration',
      document({ doctype: '+ADwAIQ-DOCTYPE LWM2M SYSTEM "file:///x"+AD4-' }),
    ],
  ])('that are UTF-7 are not guessed: %s', (_what, xml) => {
    expect(refusal(Buffer.from(xml))).toMatchObject({ reason: 'malformed_xml' });
  });

  it.each([
    ['a lone continuation byte', [0x80]],
    ['an overlong slash', [0xc0, 0xaf]],
    ['an overlong quotation mark in three bytes', [0xe0, 0x80, 0xa2]],
    ['half a surrogate pair', [0xed, 0xa0, 0x80]],
    ['more than U+10FFFF', [0xf4, 0x90, 0x80, 0x80]],
    ['a sequence cut short', [0xe2, 0x82]],
    ['Latin-1', [0x46, 0xfc, 0x6c, 0x6c]],
  ])('that are broken UTF-8 are refused with their line: %s', (_what, bytes) => {
    const [before, after] = document({ description: '#' }).split('#') as [string, string];
    const broken = Buffer.concat([Buffer.from(before), Buffer.from(bytes), Buffer.from(after)]);
    expect(refusal(broken)).toMatchObject({ reason: 'bad_encoding', detail: 'not valid UTF-8', line: 9 });
  });

  it('that are broken at the very end are refused too', () => {
    const broken = Buffer.concat([Buffer.from(document({})), Buffer.from([0xe2, 0x82])]);
    expect(refusal(broken)).toMatchObject({ reason: 'bad_encoding' });
  });
});

describe('documents of 1 MiB made to cost much', () => {
  it.each([
    ['character references', document({ description: '&#65;'.repeat(200_000) })],
    ['empty sections of character data', document({ description: '<![CDATA[]]>'.repeat(80_000) })],
    ['small comments', document({ description: '<!---->'.repeat(140_000) })],
    ['lines', document({ description: '\r\n'.repeat(500_000) })],
    ['closing brackets', document({ description: ']'.repeat(1_000_000) })],
    ['blanks around a name', document({ name: `${' '.repeat(500_000)}x${' '.repeat(500_000)}y` })],
    ['a wrong version', document({ version: `1${'0'.repeat(1_000_000)}` })],
    ['a wrong URN', document({ urn: `urn:oma:lwm2m:${'x'.repeat(1_000_000)}` })],
    ['one long tag name', `<${'a'.repeat(1_000_000)}>`],
    ['one long entity name', document({ description: `&${'a'.repeat(1_000_000)};` })],
    ['an entity that never ends', document({ description: `&${'a'.repeat(1_000_000)}` })],
    ['a long attribute', document({ attributes: ` xsi:x="${'&amp;'.repeat(200_000)}"` })],
    ['many attributes', document({ attributes: ` xsi:${'a="" xsi:a'.repeat(100_000)}=""` })],
    [
      'many namespaces',
      document({ attributes: Array.from({ length: 50_000 }, (_, n) => ` xmlns:n${n}="u"`).join('') }),
    ],
    ['an open document type', `<!DOCTYPE LWM2M [${'<!ENTITY a "b">'.repeat(60_000)}`],
    ['an open comment', `<!--${'-'.repeat(1_000_000)}`],
    ['an open section of character data', document({ description: `<![CDATA[${']'.repeat(1_000_000)}` })],
    ['nested elements', '<a>'.repeat(300_000)],
    ['resources', document({ description: `</Description></Item><Item ID="1">${'<Item ID="1">'.repeat(70_000)}` })],
    ['broken text at the end', Buffer.concat([Buffer.alloc(1_000_000, '\n'), Buffer.from([0x80])])],
  ])('are read or refused within a second and 64 MiB: %s', (_what, xml) => {
    expect(xml.length).toBeLessThanOrEqual(MEBIBYTE);
    collectGarbage();
    const before = process.memoryUsage().heapUsed;
    quickly(() => outcome(xml));
    expect(process.memoryUsage().heapUsed - before).toBeLessThan(64 * MEBIBYTE);
  });
});

function outcome(xml: string | Uint8Array): unknown {
  try {
    return parseObjectDefinition(xml);
  } catch (error) {
    if (error instanceof DefinitionError) return error;
    throw error;
  }
}

function refusal(xml: string | Uint8Array): DefinitionError {
  const error = outcome(xml);
  if (error instanceof DefinitionError) return error;
  throw new Error('accepted what should be refused');
}

/** Time of the processor, so that other programs of the machine do not count. */
function quickly<T>(work: () => T): T {
  const before = process.cpuUsage();
  const result = work();
  expect(milliseconds(process.cpuUsage(before))).toBeLessThan(1000);
  return result;
}

function collectGarbage(): void {
  setFlagsFromString('--expose-gc');
  (runInNewContext('gc') as () => void)();
}

function billionLaughs(): string {
  const levels = Array.from({ length: 9 }, (_, level) => `<!ENTITY l${level + 1} "${`&l${level};`.repeat(10)}">`);
  return `<!DOCTYPE LWM2M [<!ENTITY l0 "lol">${levels.join('')}<!ENTITY a "&l9;">]>`;
}

/** A listener on this machine that counts who connects. */
async function listen(): Promise<{ url: string; connections: () => number; close: () => Promise<void> }> {
  let count = 0;
  const server = createServer((_request, response) => response.end('the secret'));
  server.on('connection', () => (count += 1));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/evil.dtd`,
    connections: () => count,
    close: () => new Promise((resolve) => server.close(() => resolve())),
  };
}

interface Parts {
  readonly encoding?: string;
  readonly doctype?: string;
  readonly attributes?: string;
  readonly name?: string;
  readonly urn?: string;
  readonly version?: string;
  readonly description?: string;
}

function document(parts: Parts): string {
  return `<?xml version="1.0" encoding="${parts.encoding ?? 'UTF-8'}"?>
${parts.doctype ?? ''}<LWM2M xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance"${parts.attributes ?? ''}><Object ObjectType="MODefinition">
<Name>${parts.name ?? 'Tank'}</Name><ObjectID>33001</ObjectID><ObjectURN>${parts.urn ?? 'urn:oma:lwm2m:x:33001'}</ObjectURN>
<ObjectVersion>${parts.version ?? '1.0'}</ObjectVersion><MultipleInstances>Multiple</MultipleInstances>
<Mandatory>Optional</Mandatory>
<Resources><Item ID="0"><Name>Level</Name><Operations>R</Operations>
<MultipleInstances>Single</MultipleInstances><Mandatory>Optional</Mandatory>
<Type>Integer</Type>
<Description>${parts.description ?? ''}</Description></Item></Resources></Object></LWM2M>
`;
}
