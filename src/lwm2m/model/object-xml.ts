/**
 * Object definitions in the registry's XML format -> ObjectDefinition (LwM2M-Core 1.1.1 §7.2, schema LWM2M.xsd 1.0 and
 * 1.1). A streaming reader over saxes that knows the few elements of the schema and nothing else: no DTD, no entities
 * beyond the predefined five, no inclusion, no tree, no I/O. Everything refused names its line.
 */

import { SaxesParser } from 'saxes';
import type { SaxesTagNS } from 'saxes';
import { DefinitionError, objectFrom, quote, resourceFrom } from './definition-fields.js';
import type { Field } from './definition-fields.js';
import type { ObjectDefinition, ResourceDefinition } from './definitions.js';

/** What one definition may cost to read. */
export interface DefinitionLimits {
  /** Size of the document, in bytes (characters when it is given as text). */
  readonly bytes: number;
  /** Elements within elements; the schema itself needs 5. */
  readonly depth: number;
  /** Elements in all; a resource takes 9. */
  readonly elements: number;
}

/** Default limits; the largest registered definition has 34 kB and fewer than 800 elements. */
export const DEFINITION_LIMITS: DefinitionLimits = Object.freeze({ bytes: 1_048_576, depth: 16, elements: 10_000 });

/**
 * Reads one definition. Blanks around values, missing range, units, descriptions and versions (then 1.0), and type names
 * in any case are accepted, since registered files have them. Throws DefinitionError with the reason `too_large`,
 * `bad_encoding`, `doctype`, `entity`, `xinclude`, `too_deep`, `too_many_elements`, `malformed_xml`, `not_a_definition`
 * or `bad_definition`.
 */
export function parseObjectDefinition(
  xml: string | Uint8Array,
  limits: DefinitionLimits = DEFINITION_LIMITS,
): ObjectDefinition {
  if (xml.length > limits.bytes) {
    throw new DefinitionError('too_large', 1, `${xml.length} bytes, of at most ${limits.bytes}`);
  }
  return new DefinitionReader(limits).read(typeof xml === 'string' ? xml : decodeDocument(xml));
}

/** Where the reader stands: which element it is directly within. */
type Place = 'document' | 'root' | 'object' | 'resources' | 'item' | 'field';

class DefinitionReader {
  readonly #limits: DefinitionLimits;
  readonly #parser = new SaxesParser({ xmlns: true, position: false });
  readonly #object = new Map<string, Field>();
  readonly #item = new Map<string, Field>();
  readonly #resources = new Map<number, ResourceDefinition>();
  #place: Place = 'document';
  #elements = 0;
  #depth = 0;
  #attributes = 0;
  /** Name, line and text so far of the field being read, and whose it is. */
  #field = '';
  #fieldLine = 0;
  #fieldOf: 'object' | 'item' = 'object';
  #text = '';
  #itemLine = 0;
  #resourcesSeen = false;
  #definition: ObjectDefinition | undefined;

  constructor(limits: DefinitionLimits) {
    this.#limits = limits;
  }

  read(text: string): ObjectDefinition {
    const parser = this.#parser;
    parser.on('error', (error) => this.#malformed(error));
    parser.on('xmldecl', ({ version, encoding }) => this.#declaration(version, encoding));
    parser.on('doctype', (doctype) => this.#doctype(doctype));
    parser.on('processinginstruction', () => this.#fail('malformed_xml', 'processing instructions are not allowed'));
    parser.on('opentagstart', () => {
      this.#attributes = 0;
    });
    parser.on('attribute', () => this.#attribute());
    parser.on('opentag', (tag) => this.#open(tag));
    parser.on('closetag', () => this.#close());
    parser.on('text', (part) => this.#append(part));
    parser.on('cdata', (part) => this.#append(part));
    parser.write(text).close();
    return this.#definition ?? this.#fail('not_a_definition', 'there is no <Object>');
  }

  #malformed(error: Error): never {
    const detail = error.message.slice(0, 200);
    if (detail === LATE_DOCTYPE) this.#fail('doctype', 'a document type declaration is not allowed', error);
    if (ENTITY_FAULTS.has(detail)) {
      this.#fail('entity', 'no entities but &amp; &lt; &gt; &quot; &apos; and character references', error);
    }
    return this.#fail('malformed_xml', detail, error);
  }

  #declaration(version: string | undefined, encoding: string | undefined): void {
    if (version !== '1.0') this.#fail('malformed_xml', `XML version ${quote(version ?? '')}, of 1.0 only`);
    if (encoding !== undefined && encoding.toLowerCase() !== 'utf-8') {
      this.#fail('bad_encoding', `encoding ${quote(encoding)}, of UTF-8 only`);
    }
  }

  #doctype(doctype: string): never {
    const started = this.#parser.line - (doctype.split('\n').length - 1);
    throw new DefinitionError('doctype', started, 'a document type declaration is not allowed');
  }

  /** Bounds what one element can hold; those of the schema have at most one attribute, the root three. */
  #attribute(): void {
    this.#attributes += 1;
    if (this.#attributes > MAX_ATTRIBUTES) this.#fail('malformed_xml', `more than ${MAX_ATTRIBUTES} attributes`);
  }

  #open(tag: SaxesTagNS): void {
    this.#elements += 1;
    this.#depth += 1;
    if (tag.uri === XINCLUDE) this.#fail('xinclude', 'inclusion is not allowed');
    if (this.#elements > this.#limits.elements) {
      this.#fail('too_many_elements', `more than ${this.#limits.elements} elements`);
    }
    if (this.#depth > this.#limits.depth) this.#fail('too_deep', `elements nested deeper than ${this.#limits.depth}`);
    const name = tag.uri === '' ? tag.name : undefined;
    switch (this.#place) {
      case 'document':
        if (name !== 'LWM2M') this.#fail('not_a_definition', `<${tag.name.slice(0, 60)}> where <LWM2M> should be`);
        this.#place = 'root';
        return;
      case 'root':
        this.#openObject(tag, name);
        return;
      case 'object':
        if (name === 'Resources') this.#openResources();
        else if (name !== undefined && OBJECT_FIELDS.has(name)) this.#openField('object', name);
        else this.#unexpected(tag, 'Object');
        return;
      case 'resources':
        if (name !== 'Item') this.#unexpected(tag, 'Resources');
        this.#openItem(tag);
        return;
      case 'item':
        if (name !== undefined && RESOURCE_FIELDS.has(name)) this.#openField('item', name);
        else this.#unexpected(tag, 'Item');
        return;
      case 'field':
        this.#unexpected(tag, this.#field);
    }
  }

  #openObject(tag: SaxesTagNS, name: string | undefined): void {
    if (name !== 'Object') this.#unexpected(tag, 'LWM2M');
    const kind = tag.attributes['ObjectType']?.value.trim() ?? '';
    if (kind !== 'MODefinition') {
      this.#fail('not_a_definition', `ObjectType is ${quote(kind)}, should be "MODefinition"`);
    }
    if (this.#definition !== undefined) this.#fail('bad_definition', 'a second <Object>: one file holds one object');
    this.#place = 'object';
  }

  #openResources(): void {
    if (this.#resourcesSeen) this.#fail('bad_definition', 'a second <Resources>');
    this.#resourcesSeen = true;
    this.#place = 'resources';
  }

  #openItem(tag: SaxesTagNS): void {
    this.#item.clear();
    this.#itemLine = this.#parser.line;
    this.#item.set('ID', { text: tag.attributes['ID']?.value ?? '', line: this.#itemLine });
    this.#place = 'item';
  }

  #openField(of: 'object' | 'item', name: string): void {
    if ((of === 'object' ? this.#object : this.#item).has(name)) this.#fail('bad_definition', `a second <${name}>`);
    this.#fieldOf = of;
    this.#field = name;
    this.#fieldLine = this.#parser.line;
    this.#text = '';
    this.#place = 'field';
  }

  #close(): void {
    this.#depth -= 1;
    switch (this.#place) {
      case 'field':
        this.#closeField();
        return;
      case 'item':
        this.#closeItem();
        return;
      case 'resources':
        this.#place = 'object';
        return;
      case 'object':
        this.#definition = objectFrom(this.#object, this.#resources, this.#parser.line);
        this.#place = 'root';
        return;
      case 'root':
      case 'document':
        this.#place = 'document';
    }
  }

  #closeField(): void {
    const fields = this.#fieldOf === 'object' ? this.#object : this.#item;
    fields.set(this.#field, { text: this.#text.trim(), line: this.#fieldLine });
    this.#place = this.#fieldOf;
  }

  #closeItem(): void {
    const resource = resourceFrom(this.#item, this.#itemLine);
    if (this.#resources.has(resource.id)) {
      throw new DefinitionError('bad_definition', this.#itemLine, `a second resource ${resource.id}`);
    }
    this.#resources.set(resource.id, resource);
    this.#place = 'resources';
  }

  #append(part: string): void {
    if (this.#place === 'field') {
      this.#text += part;
    } else if (part.trim() !== '') {
      const reason = this.#place === 'document' ? 'malformed_xml' : 'bad_definition';
      this.#fail(reason, `text ${quote(part.trim())} between elements`);
    }
  }

  #unexpected(tag: SaxesTagNS, parent: string): never {
    return this.#fail('bad_definition', `unexpected <${tag.name.slice(0, 60)}> in <${parent}>`);
  }

  #fail(reason: string, detail: string, cause?: Error): never {
    throw new DefinitionError(reason, this.#parser.line, detail, cause === undefined ? undefined : { cause });
  }
}

/** UTF-8 bytes, with or without byte order mark, as text. */
function decodeDocument(bytes: Uint8Array): string {
  const [first = 0x20, second = 0x20] = bytes;
  if (first === 0 || second === 0 || (first === 0xfe && second === 0xff) || (first === 0xff && second === 0xfe)) {
    throw new DefinitionError('bad_encoding', 1, 'UTF-16 or UTF-32, of UTF-8 only');
  }
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch (cause) {
    throw new DefinitionError('bad_encoding', lineOfInvalid(bytes), 'not valid UTF-8', { cause });
  }
}

/** The line of the first byte that is no UTF-8: a prefix up to there decodes, one beyond does not. */
function lineOfInvalid(bytes: Uint8Array): number {
  let valid = 0;
  let invalid = bytes.length;
  while (invalid - valid > 1) {
    const middle = (valid + invalid) >> 1;
    if (isUtf8Prefix(bytes.subarray(0, middle))) valid = middle;
    else invalid = middle;
  }
  let line = 1;
  for (let index = 0; index < valid; index += 1) if (bytes[index] === 0x0a) line += 1;
  return line;
}

function isUtf8Prefix(bytes: Uint8Array): boolean {
  try {
    new TextDecoder('utf-8', { fatal: true }).decode(bytes, { stream: true });
    return true;
  } catch {
    return false;
  }
}

const XINCLUDE = 'http://www.w3.org/2001/XInclude';
const MAX_ATTRIBUTES = 16;
/** Messages of saxes that deserve a reason of their own. */
const LATE_DOCTYPE = 'inappropriately located doctype declaration.';
const ENTITY_FAULTS: ReadonlySet<string> = new Set([
  'undefined entity.',
  'empty entity name.',
  'disallowed character in entity name.',
]);

const OBJECT_FIELDS: ReadonlySet<string> = new Set([
  'Name',
  'Description1',
  'ObjectID',
  'ObjectURN',
  'LWM2MVersion',
  'ObjectVersion',
  'MultipleInstances',
  'Mandatory',
  'Description2',
]);

const RESOURCE_FIELDS: ReadonlySet<string> = new Set([
  'Name',
  'Operations',
  'MultipleInstances',
  'Mandatory',
  'Type',
  'RangeEnumeration',
  'Units',
  'Description',
]);
