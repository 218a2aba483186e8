import { describe, expect, it } from '@jest/globals';
import { ObjectCatalogue, coreVersion, viewFor } from '#lwm2m/model';
import type { ObjectDefinition } from '#lwm2m/model';

describe('ObjectCatalogue', () => {
  it('keeps several versions of an object side by side and finds each', () => {
    const catalogue = catalogueOf(['3', '1.0'], ['3', '1.1'], ['3', '2.0']);
    for (const version of ['1.0', '1.1', '2.0']) expect(catalogue.find(3, version)?.version).toBe(version);
  });

  it('gives the newest known version of the same major when the minor version is unknown', () => {
    const catalogue = catalogueOf(['4', '1.3'], ['4', '1.0'], ['4', '2.1'], ['4', '1.2']);
    expect(catalogue.find(4, '1.1')?.version).toBe('1.3');
    expect(catalogue.find(4, '1.9')?.version).toBe('1.3');
    expect(catalogue.find(4, '2.0')?.version).toBe('2.1');
  });

  it('never answers with another major version', () => {
    expect(catalogueOf(['21', '1.1'], ['21', '2.0']).find(21, '3.0')).toBeUndefined();
    expect(catalogueOf(['3336', '2.0']).find(3336, '1.0')).toBeUndefined();
  });

  it('knows nothing of an object that was not added', () => {
    const catalogue = catalogueOf(['3', '1.0']);
    expect(catalogue.find(5, '1.0')).toBeUndefined();
    expect(catalogue.versions(5)).toEqual([]);
  });

  it('orders versions by number, not by letter', () => {
    expect(catalogueOf(['7', '1.9'], ['7', '1.10'], ['7', '10.0'], ['7', '9.0']).versions(7)).toEqual([
      '10.0',
      '9.0',
      '1.10',
      '1.9',
    ]);
  });

  it('replaces a definition of the same id and version', () => {
    const catalogue = catalogueOf(['3', '1.0'], ['3', '1.1']);
    const replacement = { ...definitionOf('3', '1.0'), name: 'Replaced' };
    catalogue.add(replacement);
    expect(catalogue.find(3, '1.0')).toBe(replacement);
    expect(catalogue.versions(3)).toEqual(['1.1', '1.0']);
  });

  it('lists all definitions by id, the newest version first', () => {
    const all = catalogueOf(['10', '1.0'], ['3', '1.0'], ['3', '1.1'], ['0', '1.0']).all();
    expect(all.map(({ id, version }) => `${id} ${version}`)).toEqual(['0 1.0', '3 1.1', '3 1.0', '10 1.0']);
  });

  it('keeps the lists it gave out as they were when something is added', () => {
    const catalogue = catalogueOf(['3', '1.0']);
    const before = catalogue.all();
    catalogue.add(definitionOf('3', '1.1'));
    expect(before).toHaveLength(1);
    expect(catalogue.all()).toHaveLength(2);
  });
});

describe('viewFor', () => {
  const versions = new Map([
    [3, '1.1'],
    [9, '1.0'],
  ]);

  it('shows the definitions of the versions a device has', () => {
    const view = viewFor(catalogueOf(['3', '1.0'], ['3', '1.1']), (object) => versions.get(object));
    expect(view.object(3)?.version).toBe('1.1');
    expect(view.resource(3, 1)?.name).toBe('Resource 1 of 3 1.1');
  });

  it('shows nothing of objects the device has not got, of unknown objects and of unknown resources', () => {
    const view = viewFor(catalogueOf(['3', '1.1'], ['5', '1.0']), (object) => versions.get(object));
    expect(view.object(5)).toBeUndefined();
    expect(view.resource(5, 1)).toBeUndefined();
    expect(view.object(9)).toBeUndefined();
    expect(view.resource(3, 99)).toBeUndefined();
  });

  it('sees what is added to the catalogue later', () => {
    const catalogue = new ObjectCatalogue();
    const view = viewFor(catalogue, (object) => versions.get(object));
    expect(view.resource(9, 1)).toBeUndefined();
    catalogue.add(definitionOf('9', '1.0'));
    expect(view.resource(9, 1)).toBeDefined();
  });
});

describe('coreVersion: versions bundled with an enabler (LwM2M-Core 1.1.1 §7.2.2)', () => {
  it.each([
    ['1.0', ['1.0', '1.0', '1.0', '1.0', '1.0', '1.0', '1.0', '1.0']],
    ['1.1', ['1.1', '1.1', '1.0', '1.1', '1.2', '1.0', '1.0', '1.0']],
    ['1.2', ['1.2', '1.2', '1.1', '1.2', '1.3', '1.1', '1.0', '1.0']],
  ] as const)('gives the versions of objects 0 to 7 for enabler %s', (enabler, expected) => {
    expect([0, 1, 2, 3, 4, 5, 6, 7].map((object) => coreVersion(enabler, object))).toEqual(expected);
  });

  it('gives OSCORE 1.0 for enabler 1.1 and 2.0 for enabler 1.2', () => {
    expect(coreVersion('1.1', 21)).toBe('1.0');
    expect(coreVersion('1.2', 21)).toBe('2.0');
  });

  it('gives 1.0 for every other object', () => {
    expect(coreVersion('1.2', 3303)).toBe('1.0');
    expect(coreVersion('1.0', 65_534)).toBe('1.0');
  });
});

function catalogueOf(...objects: readonly (readonly [string, string])[]): ObjectCatalogue {
  const catalogue = new ObjectCatalogue();
  for (const [id, version] of objects) catalogue.add(definitionOf(id, version));
  return catalogue;
}

function definitionOf(id: string, version: string): ObjectDefinition {
  const common = { multiple: 'single', mandatory: 'optional', description: '' } as const;
  const resource = {
    ...common,
    id: 1,
    name: `Resource 1 of ${id} ${version}`,
    operations: 'R',
    type: 'string',
  } as const;
  return {
    ...common,
    id: Number(id),
    version,
    name: `Object ${id}`,
    urn: `urn:oma:lwm2m:x:${id}:${version}`,
    lwm2mVersion: '1.0',
    resources: new Map([[1, resource]]),
  };
}
