/**
 * Our own object definitions under test/vectors/objects, one XML file and one JSON file (what is to be read from it) each,
 * and what makes one definition's XML differ from another's, so that two sets can be compared.
 */

import { readdirSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

/** The folder of the vectors. */
export const VECTORS: string = fileURLToPath(new URL('../vectors/objects', import.meta.url));

/** The vectors' names: the files without extension, in order. */
export function vectorNames(): readonly string[] {
  return readdirSync(VECTORS)
    .filter((name) => name.endsWith('.xml'))
    .map((name) => name.slice(0, -4))
    .sort();
}

/** The ways of writing that a definition uses, each as a short text. */
export function constructsOf(bytes: Uint8Array): readonly string[] {
  const whole = Buffer.from(bytes).toString('utf8');
  const text = whole.replace(/^\ufeff/, '');
  const start = text.indexOf('<LWM2M');
  const body = text.slice(start).replace(/<!--[^]*?-->/g, '');
  return [
    `byte order mark: ${whole !== text}`,
    `line ends: ${text.includes('\r\n') ? 'CRLF' : 'LF'}`,
    `tabs: ${body.includes('\t')}`,
    `comments within: ${text.slice(start).includes('<!--')}`,
    `before the root: ${prologOf(text.slice(0, start))}`,
    `root tag: ${collapse(/^<LWM2M[^>]*>/.exec(body)?.[0] ?? '', '\u23b5')}`,
    ...orders(body),
    ...elements(body),
  ];
}

function prologOf(prolog: string): string {
  const declaration = /^<\?xml[^>]*\?>/.exec(prolog)?.[0] ?? 'no declaration';
  const comment = /(\s*)<!--/.exec(prolog);
  const gap = comment?.[1] === '' ? 'directly' : 'on a line of its own';
  return `${declaration}, ${comment === null ? 'no comment' : `a comment ${gap}`}`;
}

/** In which order children stand, and whether resources do. */
function orders(body: string): readonly string[] {
  const plain = body.replace(/<!\[CDATA\[[^]*?\]\]>/g, '');
  const items = plain.match(/<Item [^]*?<\/Item>/g) ?? [];
  const outside = plain.replace(/<Resources>[^]*<\/Resources>/, '<Resources></Resources>');
  const ids = items.map((item) => Number(/ID="\s*(\d+)/.exec(item)?.[1]));
  return [
    `object: ${names(outside)
      .filter((name) => name !== 'LWM2M' && name !== 'Object')
      .join(' ')}`,
    ...items.map((item) => `resource: ${names(item).slice(1).join(' ')}`),
    `resources ascending: ${ids.every((id, index) => index === 0 || id > (ids[index - 1] ?? 0))}`,
    `child on the line of its resource: ${items.some((item) => /^<Item [^>]*></.test(item))}`,
  ];
}

function names(xml: string): readonly string[] {
  return [...xml.matchAll(/<([A-Z]\w*)/g)].map(([, name]) => name ?? '');
}

/** How each element without children is written, and its value where only few are possible. */
function elements(body: string): readonly string[] {
  const found = body.matchAll(/<([A-Z]\w*)>((?:<!\[CDATA\[[^]*?\]\]>|[^<])*)<\/\1>|<([A-Z]\w*)(\s*)\/>/g);
  return [...found].flatMap(([tag, name, content, emptyName]) => {
    if (emptyName !== undefined) return [`empty element: ${tag}`];
    return [...forms(content ?? '').map((form) => `${name}: ${form}`), ...value(name ?? '', (content ?? '').trim())];
  });
}

function forms(content: string): readonly string[] {
  const text = content.replace(/<!\[CDATA\[([^]*?)\]\]>/g, '$1');
  if (text.trim() === '') return [text === '' ? 'nothing' : 'blanks only'];
  const trimmed = text.trim();
  return [
    ...(content.includes('<![CDATA[') ? ['a section of character data'] : ['text']),
    ...(/^\s/.test(content) ? ['a blank before'] : []),
    ...(/\s$/.test(content) ? ['a blank after'] : []),
    ...(/\n/.test(trimmed) ? ['several lines'] : []),
    ...(/ {2}/.test(trimmed) ? ['two blanks together'] : []),
    ...(/[^\x00-\x7f]/.test(trimmed) ? ['letters beyond ASCII'] : []), // eslint-disable-line no-control-regex
    ...(/[<>]/.test(trimmed) ? ['angle brackets'] : []),
    ...(/&[a-z]+;/.test(content) ? ['an entity'] : []),
    ...(/&#\d+;/.test(content) ? ['a character reference'] : []),
  ];
}

/** Values that decide how the element is read. */
function value(name: string, text: string): readonly string[] {
  if (name === 'ObjectURN') return [`urn ${text.replace(/\d+\.\d+$/, 'V').replace(/\d+(:|$)/g, 'N$1')}`];
  if (name === 'ObjectVersion')
    return [`version ${text.startsWith('1.') ? '1' : 'N'}.${text.endsWith('.0') ? '0' : 'N'}`];
  return VALUED.has(name) ? [`${name} = ${text}`] : [];
}

function collapse(text: string, newline: string): string {
  return text.replace(/\s*\n\s*/g, newline);
}

const VALUED: ReadonlySet<string> = new Set(['Operations', 'MultipleInstances', 'Mandatory', 'Type', 'LWM2MVersion']);
