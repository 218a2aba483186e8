/**
 * The texts of a definition's elements -> ObjectDefinition: which are required, what each may say (schema LWM2M.xsd 1.0
 * and 1.1; LwM2M-Core 1.1.1 §7.2). Tolerant exactly where registered files need it; everything refused names its line.
 */

import { DecodeError } from '#base';
import type { ObjectDefinition, ResourceDefinition, ResourceOperations } from './definitions.js';
import { MAX_ID } from './path.js';
import type { ResourceType } from './value.js';

/** XML that is no acceptable object definition. `line` counts from 1; `detail` is the message without it. */
export class DefinitionError extends DecodeError {
  readonly line: number;
  readonly detail: string;

  constructor(reason: string, line: number, detail: string, options?: ErrorOptions) {
    super(reason, `line ${line}: ${detail}`, undefined, options);
    this.name = 'DefinitionError';
    this.line = line;
    this.detail = detail;
  }
}

/** The text of a child element and the line it began on. */
export interface Field {
  readonly text: string;
  readonly line: number;
}

/** Child elements by name. */
export type Fields = ReadonlyMap<string, Field>;

/** The object of these elements; `line` is that of its end tag. Throws DefinitionError(`bad_definition`). */
export function objectFrom(
  fields: Fields,
  resources: ReadonlyMap<number, ResourceDefinition>,
  line: number,
): ObjectDefinition {
  if (resources.size === 0) throw new DefinitionError('bad_definition', line, 'an object without resources');
  const id = idFrom(required(fields, 'ObjectID', line), 'ObjectID');
  const version = versionFrom(fields, 'ObjectVersion');
  const description = [fields.get('Description1')?.text, fields.get('Description2')?.text].filter(Boolean).join('\n\n');
  return {
    id,
    version,
    name: nameFrom(fields, line),
    urn: urnFrom(required(fields, 'ObjectURN', line), id, version),
    lwm2mVersion: versionFrom(fields, 'LWM2MVersion'),
    multiple: choiceFrom(fields, 'MultipleInstances', MULTIPLE, line),
    mandatory: choiceFrom(fields, 'Mandatory', MANDATORY, line),
    description,
    resources: new Map([...resources].sort(([left], [right]) => left - right)),
  };
}

/** The resource of these elements and its ID attribute; `line` is that of its start tag. Throws DefinitionError(`bad_definition`). */
export function resourceFrom(fields: Fields, line: number): ResourceDefinition {
  const range = collapse(fields.get('RangeEnumeration')?.text ?? '');
  const units = collapse(fields.get('Units')?.text ?? '');
  return {
    id: idFrom(required(fields, 'ID', line), 'ID'),
    name: nameFrom(fields, line),
    operations: choiceFrom(fields, 'Operations', OPERATIONS, line),
    multiple: choiceFrom(fields, 'MultipleInstances', MULTIPLE, line),
    mandatory: choiceFrom(fields, 'Mandatory', MANDATORY, line),
    type: typeFrom(fields),
    ...(range === '' ? {} : { range }),
    ...(units === '' ? {} : { units }),
    description: fields.get('Description')?.text ?? '',
  };
}

function required(fields: Fields, name: string, line: number): Field {
  const field = fields.get(name);
  if (field === undefined) throw new DefinitionError('bad_definition', line, `<${name}> is missing`);
  return field;
}

function nameFrom(fields: Fields, line: number): string {
  const field = required(fields, 'Name', line);
  const name = collapse(field.text);
  if (name === '') throw new DefinitionError('bad_definition', field.line, '<Name> is empty');
  return name;
}

function idFrom(field: Field, what: string): number {
  const text = field.text.trim();
  const id = /^\d{1,5}$/.test(text) ? Number(text) : MAX_ID + 1;
  if (id <= MAX_ID) return id;
  throw new DefinitionError('bad_definition', field.line, `${what} ${quote(text)}, of 0 to ${MAX_ID}`);
}

function versionFrom(fields: Fields, name: string): string {
  const field = fields.get(name);
  if (field === undefined || VERSION.test(field.text)) return field?.text ?? '1.0';
  throw new DefinitionError('bad_definition', field.line, `<${name}> ${quote(field.text)} should be like 1.0`);
}

/** A URN ends with the id, and with the version unless that is 1.0 (LwM2M-Core 1.1.1 §7.2.3). */
function urnFrom(field: Field, id: number, version: string): string {
  const parts = URN.exec(field.text);
  if (parts !== null && Number(parts[1]) === id && (parts[2] ?? '1.0') === version) return field.text;
  const expected = `urn:oma:lwm2m:{oma|ext|x}:${id}${version === '1.0' ? '' : `:${version}`}`;
  throw new DefinitionError('bad_definition', field.line, `<ObjectURN> ${quote(field.text)} should be ${expected}`);
}

function choiceFrom<T extends string>(fields: Fields, name: string, choices: ReadonlyMap<string, T>, line: number): T {
  const field = required(fields, name, line);
  const choice = choices.get(field.text);
  if (choice !== undefined) return choice;
  const allowed = [...choices.keys()].map(quote).join(', ');
  throw new DefinitionError('bad_definition', field.line, `<${name}> ${quote(field.text)}, of ${allowed}`);
}

function typeFrom(fields: Fields): ResourceType | 'none' {
  const field = fields.get('Type');
  if (field === undefined) return 'none';
  const type = TYPES.get(collapse(field.text).toLowerCase());
  if (type !== undefined) return type;
  throw new DefinitionError('bad_definition', field.line, `<Type> ${quote(field.text)} is not one of the data types`);
}

/** One blank for each run of them. */
function collapse(text: string): string {
  return text.replace(/\s+/g, ' ').trim();
}

/** Text of a peer made fit for a message: bounded, and one line. */
export function quote(text: string): string {
  return JSON.stringify(text.length > MAX_SHOWN ? `${text.slice(0, MAX_SHOWN)}…` : text);
}

/** Characters of a foreign text that a message repeats. */
const MAX_SHOWN = 80;
const VERSION = /^\d{1,5}\.\d{1,5}$/;
const URN = /^urn:oma:lwm2m:[a-z]{1,10}:(\d{1,5})(?::(\d{1,5}\.\d{1,5}))?$/;

const OPERATIONS: ReadonlyMap<string, ResourceOperations> = new Map(
  (['R', 'W', 'RW', 'E', ''] as const).map((operations) => [operations, operations]),
);
const MULTIPLE: ReadonlyMap<string, 'single' | 'multiple'> = new Map([
  ['Single', 'single'],
  ['Multiple', 'multiple'],
]);
const MANDATORY: ReadonlyMap<string, 'mandatory' | 'optional'> = new Map([
  ['Mandatory', 'mandatory'],
  ['Optional', 'optional'],
]);
const TYPES: ReadonlyMap<string, ResourceType | 'none'> = new Map([
  ['', 'none'],
  ['string', 'string'],
  ['integer', 'integer'],
  ['unsigned integer', 'unsigned'],
  ['float', 'float'],
  ['boolean', 'boolean'],
  ['opaque', 'opaque'],
  ['time', 'time'],
  ['objlnk', 'objlnk'],
  ['corelnk', 'corelnk'],
]);
