import { readFileSync, readdirSync } from 'node:fs';
import { describe, expect, it } from '@jest/globals';
import { DecodeError } from '#base';
import { DEFINITION_LIMITS, DefinitionError, parseObjectDefinition } from '#lwm2m/model';
import type { ObjectDefinition } from '#lwm2m/model';
import { VECTORS, constructsOf, vectorNames } from '../../support/object-vectors.js';

const registry = process.env['BELLWETHER_TEST_REGISTRY'];

describe('parseObjectDefinition reads', () => {
  it('at least 30 definitions of our own', () => {
    expect(vectorNames().length).toBeGreaterThanOrEqual(30);
  });

  it.each(vectorNames())('%s', (name) => {
    const bytes = readFileSync(`${VECTORS}/${name}.xml`);
    const expected: unknown = JSON.parse(readFileSync(`${VECTORS}/${name}.json`, 'utf8'));
    expect(plain(parseObjectDefinition(bytes))).toEqual(expected);
    expect(plain(parseObjectDefinition(bytes.toString('utf8')))).toEqual(expected);
  });

  it('resources into ascending order', () => {
    const { resources } = parseObjectDefinition(vector('resources-out-of-order'));
    expect([...resources.keys()]).toEqual([0, 3, 7, 26]);
  });
});

describe('parseObjectDefinition refuses', () => {
  it.each<[string, string, string, string, number]>([
    ['nothing at all', '', 'malformed_xml', 'document must contain a root element.', 1],
    ['what is no XML', 'hello', 'malformed_xml', 'text data outside of root node.', 1],
    ['JSON', '{"id":3}', 'malformed_xml', 'text data outside of root node.', 1],
    ['an unclosed element', edit('</Object>', ''), 'malformed_xml', 'unexpected close tag.', 23],
    ['an end tag of another element', edit('</Units>', '</Unit>'), 'malformed_xml', 'unexpected close tag.', 0],
    ['two root elements', `${document()}<LWM2M/>`, 'malformed_xml', 'documents may contain only one root.', 0],
    ['an unbound prefix', edit('<LWM2M', '<LWM2M a:b="c"'), 'malformed_xml', 'unbound namespace prefix: "a".', 0],
    ['a control character', edit('A tank.', 'A\u0007tank.'), 'malformed_xml', 'disallowed character.', 0],
    ['XML 1.1', edit('version="1.0"', 'version="1.1"'), 'malformed_xml', 'XML version "1.1", of 1.0 only', 0],
    [
      'a processing instruction',
      edit('<Obj', '<?go?><Obj'),
      'malformed_xml',
      'processing instructions are not allowed',
      3,
    ],
    ['many attributes', edit('<Units>', `<Units ${attributes(17)}>`), 'malformed_xml', 'more than 16 attributes', 18],
    ['another root element', '<DDFList/>', 'not_a_definition', '<DDFList> where <LWM2M> should be', 1],
    ['a root without object', '<LWM2M></LWM2M>', 'not_a_definition', 'there is no <Object>', 1],
    [
      'another kind of object',
      edit('MODefinition', 'CommonResources'),
      'not_a_definition',
      'ObjectType is "CommonResources", should be "MODefinition"',
      3,
    ],
    [
      'an object of no kind',
      edit(' ObjectType="MODefinition"', ''),
      'not_a_definition',
      'ObjectType is "", should be "MODefinition"',
      3,
    ],
    [
      'a root in a namespace',
      edit('<LWM2M', '<LWM2M xmlns="urn:x"'),
      'not_a_definition',
      '<LWM2M> where <LWM2M> should be',
      2,
    ],
    [
      'a second object',
      edit('</LWM2M>', '<Object ObjectType="MODefinition"/></LWM2M>'),
      'bad_definition',
      'a second <Object>: one file holds one object',
      23,
    ],
    [
      'an element beside the object',
      edit('</LWM2M>', '<Extra/></LWM2M>'),
      'bad_definition',
      'unexpected <Extra> in <LWM2M>',
      23,
    ],
    [
      'an unknown element of the object',
      edit('<ObjectID>', '<Extra/><ObjectID>'),
      'bad_definition',
      'unexpected <Extra> in <Object>',
      6,
    ],
    [
      'an unknown element of a resource',
      edit('<Units>', '<Extra/><Units>'),
      'bad_definition',
      'unexpected <Extra> in <Item>',
      18,
    ],
    [
      'something else than a resource',
      edit('<Resources>', '<Resources><Name/>'),
      'bad_definition',
      'unexpected <Name> in <Resources>',
      0,
    ],
    ['markup in a text', edit('A level.', 'A <b>level</b>.'), 'bad_definition', 'unexpected <b> in <Description>', 19],
    [
      'an element in another namespace',
      edit('<Units>', '<x:Units xmlns:x="urn:x"/><Units>'),
      'bad_definition',
      'unexpected <x:Units> in <Item>',
      18,
    ],
    [
      'text between elements',
      edit('<ObjectID>', 'stray <ObjectID>'),
      'bad_definition',
      'text "stray" between elements',
      6,
    ],
    ['an element given twice', edit('<Units>', '<Units></Units><Units>'), 'bad_definition', 'a second <Units>', 18],
    [
      'two lists of resources',
      edit('<Description2>', '<Resources/><Description2>'),
      'bad_definition',
      'a second <Resources>',
      0,
    ],
    [
      'a resource given twice',
      edit('</Resources>', `${item(0)}</Resources>`),
      'bad_definition',
      'a second resource 0',
      21,
    ],
    ['no resources', edit(item(0), ''), 'bad_definition', 'an object without resources', 0],
    [
      'no list of resources',
      edit(`<Resources>\n${item(0)}\n</Resources>`, ''),
      'bad_definition',
      'an object without resources',
      0,
    ],
    ['an object without name', edit('<Name>Tank</Name>', ''), 'bad_definition', '<Name> is missing', 0],
    ['an empty name', edit('<Name>Level</Name>', '<Name> </Name>'), 'bad_definition', '<Name> is empty', 12],
    ['an object without id', edit('<ObjectID>33001</ObjectID>', ''), 'bad_definition', '<ObjectID> is missing', 0],
    ['an id that is no number', edit('>33001<', '>33O01<'), 'bad_definition', 'ObjectID "33O01", of 0 to 65534', 6],
    ['the reserved id', edit('ID="0"', 'ID="65535"'), 'bad_definition', 'ID "65535", of 0 to 65534', 11],
    ['a negative id', edit('ID="0"', 'ID="-1"'), 'bad_definition', 'ID "-1", of 0 to 65534', 11],
    ['a resource without id', edit(' ID="0"', ''), 'bad_definition', 'ID "", of 0 to 65534', 11],
    [
      'a version that is none',
      edit('<ObjectVersion>1.0', '<ObjectVersion>1'),
      'bad_definition',
      '<ObjectVersion> "1" should be like 1.0',
      8,
    ],
    [
      'an enabler that is none',
      edit('<LWM2MVersion>1.0', '<LWM2MVersion>v1'),
      'bad_definition',
      '<LWM2MVersion> "v1" should be like 1.0',
      8,
    ],
    [
      'a URN of another object',
      edit('x:33001', 'x:33002'),
      'bad_definition',
      '<ObjectURN> "urn:oma:lwm2m:x:33002" should be urn:oma:lwm2m:{oma|ext|x}:33001',
      7,
    ],
    [
      'a URN of another version',
      edit('<ObjectVersion>1.0', '<ObjectVersion>1.1'),
      'bad_definition',
      '<ObjectURN> "urn:oma:lwm2m:x:33001" should be urn:oma:lwm2m:{oma|ext|x}:33001:1.1',
      7,
    ],
    [
      'an object without URN',
      edit('<ObjectURN>urn:oma:lwm2m:x:33001</ObjectURN>', ''),
      'bad_definition',
      '<ObjectURN> is missing',
      0,
    ],
    [
      'an unknown type',
      edit('>Integer<', '>Decimal<'),
      'bad_definition',
      '<Type> "Decimal" is not one of the data types',
      16,
    ],
    [
      'an unknown operation',
      edit('>R<', '>RX<'),
      'bad_definition',
      '<Operations> "RX", of "R", "W", "RW", "E", ""',
      13,
    ],
    [
      'an unknown multiplicity',
      edit('>Single<', '>Some<'),
      'bad_definition',
      '<MultipleInstances> "Some", of "Single", "Multiple"',
      14,
    ],
    [
      'an unknown obligation',
      edit('<Mandatory>Optional</Mandatory>\n<Type>', '<Mandatory>Maybe</Mandatory>\n<Type>'),
      'bad_definition',
      '<Mandatory> "Maybe", of "Mandatory", "Optional"',
      15,
    ],
    [
      'a resource without operations',
      edit('<Operations>R</Operations>', ''),
      'bad_definition',
      '<Operations> is missing',
      11,
    ],
  ])('%s', (_what, xml, reason, detail, line) => {
    const error = refusal(xml);
    expect(error.detail).toBe(detail);
    expect(error.reason).toBe(reason);
    if (line > 0) expect(error.line).toBe(line);
    expect(error.message).toBe(`line ${error.line}: ${detail}`);
    expect(error).toBeInstanceOf(DecodeError);
  });

  it('every prefix of a definition, with a line within it', () => {
    const bytes = vector('sections-of-character-data');
    const end = bytes.lastIndexOf('>');
    for (let length = 0; length <= end; length += 1) {
      const error = refusal(bytes.subarray(0, length));
      expect(error.line).toBeLessThanOrEqual(bytes.toString('utf8').split('\n').length);
    }
  });

  it('a long wrong value with a message that stays short and on one line', () => {
    const error = refusal(edit('>Integer<', `>${'wrong\n'.repeat(10_000)}<`));
    expect(error.message.length).toBeLessThan(250);
    expect(error.message).not.toContain('\n');
  });
});

describe('parseObjectDefinition keeps its limits', () => {
  it('refuses more than 1 MiB before reading any of it', () => {
    expect(refusal(Buffer.alloc(1_048_577, '<'))).toMatchObject({ reason: 'too_large', line: 1 });
    expect(refusal(' '.repeat(1_048_577))).toMatchObject({ reason: 'too_large', line: 1 });
  });

  it('reads a definition of exactly 1 MiB', () => {
    const filler = 1_048_576 - document().length;
    const xml = edit('A level.', `A level.${'x'.repeat(filler)}`);
    expect(xml).toHaveLength(1_048_576);
    expect(parseObjectDefinition(xml).resources.get(0)?.description).toHaveLength(8 + filler);
  });

  it('refuses more than 10,000 elements and reads 1,109 resources, which fit below', () => {
    const many = (count: number): string =>
      edit(item(0), Array.from({ length: count }, (_, id) => item(id)).join('\n'));
    expect(parseObjectDefinition(many(1_109)).resources.size).toBe(1_109);
    expect(refusal(many(1_120))).toMatchObject({ reason: 'too_many_elements', detail: 'more than 10000 elements' });
  });

  it('refuses elements nested deeper than allowed', () => {
    const limits = { ...DEFINITION_LIMITS, depth: 4 };
    expect(() => parseObjectDefinition(document(), limits)).toThrow('line 12: elements nested deeper than 4');
    expect(parseObjectDefinition(document(), { ...limits, depth: 5 }).id).toBe(33_001);
  });

  it('refuses nesting of any depth at the first element that does not belong there', () => {
    const deep = '<Name>'.repeat(100_000);
    expect(refusal(edit('<Name>Level</Name>', deep))).toMatchObject({ reason: 'bad_definition', line: 12 });
    expect(refusal('<LWM2M>'.repeat(100_000))).toMatchObject({ reason: 'bad_definition', line: 1 });
  });
});

describe('the registry', () => {
  if (registry === undefined) {
    it('was not read, because BELLWETHER_TEST_REGISTRY names no folder', () => {
      process.stderr.write('object registry not read: set BELLWETHER_TEST_REGISTRY to its folder\n');
      expect(process.env).not.toHaveProperty('BELLWETHER_TEST_REGISTRY');
    });
    return;
  }
  const files = readdirSync(registry).filter((name) => /^\d+\.xml$/.test(name));

  it('has 327 numbered files or more, each of which is read with its number and all its resources', () => {
    expect(files.length).toBeGreaterThanOrEqual(327);
    for (const file of files) {
      const bytes = readFileSync(`${registry}/${file}`);
      const definition = parseObjectDefinition(bytes);
      expect(`${definition.id}.xml`).toBe(file);
      const uncommented = bytes.toString('utf8').replace(/<!--[^]*?-->/g, '');
      expect([file, definition.resources.size]).toEqual([file, uncommented.split('<Item ').length - 1]);
    }
  });

  it('shows no construct that our own definitions do not cover', () => {
    const ours = new Set(vectorNames().flatMap((name) => constructsOf(readFileSync(`${VECTORS}/${name}.xml`))));
    const missing = new Map<string, string>();
    for (const file of files) {
      for (const construct of constructsOf(readFileSync(`${registry}/${file}`))) {
        if (!ours.has(construct)) missing.set(construct, file);
      }
    }
    expect([...missing]).toEqual([]);
  });

  it('has summaries that are refused as no definitions', () => {
    for (const file of ['Common.xml', 'DDF.xml']) {
      expect(refusal(readFileSync(`${registry}/${file}`))).toMatchObject({ reason: 'not_a_definition' });
    }
  });
});

function plain(definition: ObjectDefinition): unknown {
  return { ...definition, resources: [...definition.resources.values()] };
}

function vector(name: string): Buffer {
  const file = vectorNames().find((candidate) => candidate.slice(3) === name);
  return readFileSync(`${VECTORS}/${file ?? name}.xml`);
}

function refusal(xml: string | Uint8Array): DefinitionError {
  try {
    parseObjectDefinition(xml);
  } catch (error) {
    if (error instanceof DefinitionError) return error;
    throw error;
  }
  throw new Error('accepted what should be refused');
}

function attributes(count: number): string {
  return Array.from({ length: count }, (_, index) => `a${index}=""`).join(' ');
}

/** The document with its first `from` replaced. */
function edit(from: string, to: string): string {
  const xml = document();
  if (!xml.includes(from)) throw new Error(`the document has no ${from}`);
  return xml.replace(from, () => to);
}

function document(): string {
  return `<?xml version="1.0" encoding="UTF-8"?>
<LWM2M xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance">
<Object ObjectType="MODefinition">
<Name>Tank</Name>
<Description1>A tank.</Description1>
<ObjectID>33001</ObjectID>
<ObjectURN>urn:oma:lwm2m:x:33001</ObjectURN>
<LWM2MVersion>1.0</LWM2MVersion><ObjectVersion>1.0</ObjectVersion>
<MultipleInstances>Multiple</MultipleInstances><Mandatory>Optional</Mandatory>
<Resources>
${item(0)}
</Resources>
<Description2></Description2></Object>
</LWM2M>
`;
}

function item(id: number): string {
  return `<Item ID="${id}">
<Name>Level</Name>
<Operations>R</Operations>
<MultipleInstances>Single</MultipleInstances>
<Mandatory>Optional</Mandatory>
<Type>Integer</Type>
<RangeEnumeration></RangeEnumeration>
<Units></Units>
<Description>A level.</Description>
</Item>`;
}
