/** Nodes in the JSON shapes of the API, both directions. */

import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import type { Node, ResourceType, Scalar } from '#lwm2m/model';
import { RESOURCE_TYPES, nodeFromJson, nodeToJson, parsePath, scalarFromJson, scalarToJson } from '#lwm2m/model';
import * as be from '../formats/support.js';

const { model, noModel, single, multiple, instance, object, thrownBy } = be;

describe('a node as JSON', () => {
  it('shows a resource with name, type, units and value', () => {
    expect(nodeToJson([3, 0, 9], single(be.integer(95)), model)).toEqual({
      path: '/3/0/9',
      name: 'Resource 9',
      type: 'integer',
      units: '/100',
      value: 95,
    });
  });

  it('leaves out name and units without a definition', () => {
    expect(nodeToJson([9, 0, 9], single(be.integer(95)), noModel)).toEqual({
      path: '/9/0/9',
      type: 'integer',
      value: 95,
    });
  });

  it('shows a multiple resource with its values by id', () => {
    expect(nodeToJson([3, 0, 6], multiple({ 0: be.integer(1), 1: be.integer(5) }), model)).toEqual({
      path: '/3/0/6',
      name: 'Resource 6',
      type: 'integer',
      values: { 0: 1, 1: 5 },
    });
  });

  it('takes the type of an empty multiple resource from the definition, or leaves it out', () => {
    expect(nodeToJson([3, 0, 6], multiple({}), model)).toMatchObject({ type: 'integer', values: {} });
    expect(nodeToJson([9, 0, 6], multiple({}), noModel)).toEqual({ path: '/9/0/6', values: {} });
  });

  it('shows a resource instance like a resource', () => {
    expect(nodeToJson([3, 0, 6, 1], single(be.integer(5)), model)).toMatchObject({ path: '/3/0/6/1', value: 5 });
  });

  it('shows instances and objects with the full shape of everything in them', () => {
    const shown = { path: '/9/0', resources: { 6: { path: '/9/0/6', type: 'boolean', value: true } } };
    const node = instance({ 6: be.boolean(true) });
    expect(nodeToJson([9, 0], node, noModel)).toEqual(shown);
    expect(nodeToJson([9], object({ 0: node }), noModel)).toEqual({ path: '/9', instances: { 0: shown } });
  });

  it.each<[Scalar, unknown]>([
    [be.integer(2n ** 53n), '9007199254740992'],
    [be.integer(-(2n ** 63n)), '-9223372036854775808'],
    [be.integer(5n), 5],
    [be.unsigned(2n ** 64n - 1n), '18446744073709551615'],
    [be.float(21.5), 21.5],
    [be.float(NaN), 'NaN'],
    [be.float(Infinity), 'Infinity'],
    [be.float(-Infinity), '-Infinity'],
    [be.opaque('fbff'), '+/8='],
    [be.time(1_367_491_215), '2013-05-02T10:40:15Z'],
    [be.time(1_367_491_215.25), '2013-05-02T10:40:15.25Z'],
    [be.time(2n ** 62n), '4611686018427387904'],
    [be.time(253_402_300_800), 253_402_300_800],
    [be.link(3, 0), '3:0'],
    [be.corelnk('</3>'), '</3>'],
    [be.boolean(false), false],
  ])('shows %j as %j', (scalar, shown) => {
    expect(scalarToJson(scalar)).toBe(shown);
  });
});

describe('a written value', () => {
  const read = (path: string, json: unknown, view = model): Node => nodeFromJson(parsePath(path), json, view);

  it('is a scalar for a resource', () => {
    expect(read('/3/0/9', 61)).toEqual(single(be.integer(61)));
    expect(read('/3/0/6/1', 5)).toEqual(single(be.integer(5)));
  });

  it('is values by id for a multiple resource', () => {
    expect(read('/3/0/6', { 0: 1, 1: 5 })).toEqual(multiple({ 0: be.integer(1), 1: be.integer(5) }));
    expect(read('/3/0/6', {})).toEqual(multiple({}));
  });

  it('is values by resource id for an instance, and by instance id for an object', () => {
    const node = instance({ 1: be.integer(61), 6: be.boolean(true) });
    expect(read('/1/0', { 1: 61, 6: true })).toEqual(node);
    expect(read('/1', { 0: { 1: 61, 6: true } })).toEqual(object({ 0: node }));
  });

  it('may be {"type","value"} at any place, and then needs no definition', () => {
    expect(read('/9/0/0', { type: 'opaque', value: 'AQI=' }, noModel)).toEqual(single(be.opaque('0102')));
    expect(read('/9/0/0/1', { type: 'integer', value: 5 }, noModel)).toEqual(single(be.integer(5)));
    expect(read('/9/0/0', { type: 'integer', value: { 0: 1, 1: '5' } }, noModel)).toEqual(
      multiple({ 0: be.integer(1), 1: be.integer(5) }),
    );
    expect(
      read('/9/0', { 0: { 7: { type: 'objlnk', value: '3:0' } }, 1: { type: 'string', value: 'a' } }, noModel),
    ).toEqual(instance({ 0: multiple({ 7: be.link(3, 0) }), 1: be.string('a') }));
    expect(read('/3/0/9', { type: 'string', value: 'sent all the same' })).toEqual(
      single(be.string('sent all the same')),
    );
  });

  it.each<[ResourceType, unknown, Scalar]>([
    ['integer', '9223372036854775807', be.integer(2n ** 63n - 1n)],
    ['integer', '-5', be.integer(-5)],
    ['unsigned', '18446744073709551615', be.unsigned(2n ** 64n - 1n)],
    ['float', 'NaN', be.float(NaN)],
    ['float', '-Infinity', be.float(-Infinity)],
    ['float', 5, be.float(5)],
    ['opaque', '-_8', be.opaque('fbff')],
    ['opaque', '', be.opaque('')],
    ['time', '2013-05-02T10:40:15Z', be.time(1_367_491_215)],
    ['time', '2013-05-02T12:40:15.25+02:00', be.time(1_367_491_215.25)],
    ['time', 1_367_491_215, be.time(1_367_491_215)],
    ['time', '4611686018427387904', be.time(2n ** 62n)],
    ['objlnk', '65535:65535', be.link(65_535, 65_535)],
    ['corelnk', '</3>', be.corelnk('</3>')],
  ])('of type %s may be %j', (type, json, scalar) => {
    const value = scalarFromJson(type, json);
    expect(value).toEqual(scalar);
  });

  it.each<[ResourceType, unknown]>([
    ['string', 5],
    ['string', '\ud800'],
    ['integer', 1.5],
    ['integer', 2 ** 53],
    ['integer', '9223372036854775808'],
    ['integer', '1.0'],
    ['integer', '9'.repeat(100)],
    ['integer', true],
    ['unsigned', -1],
    ['unsigned', '-1'],
    ['unsigned', '18446744073709551616'],
    ['float', '5'],
    ['float', 'nan'],
    ['boolean', 1],
    ['boolean', 'true'],
    ['opaque', 'A*=='],
    ['opaque', 5],
    ['time', '2013-05-02'],
    ['time', 1.5],
    ['time', true],
    ['objlnk', '3'],
    ['objlnk', '3:65536'],
    ['corelnk', undefined],
  ])('of type %s may not be %j, and the refusal says what may', (type, json) => {
    expect(scalarFromJson(type, json)).toEqual({
      fault: expect.stringMatching(`^expected a value of type ${type}: .`),
    });
  });

  it.each<[string, unknown, string[]]>([
    ['/3/0/9', 'x', ['']],
    ['/3/0/9', null, ['']],
    ['/3/0/9', [1], ['']],
    ['/9/0/0', 5, ['']],
    ['/3/0/4', 5, ['']],
    ['/3/0/6', { 0: 1, 1: 'x', 2: {} }, ['/1', '/2']],
    ['/3/0/6', { '01': 1, 65535: 1, '-1': 1, 'a/b~': 1 }, ['/65535', '/01', '/-1', '/a~1b~0']],
    ['/3/0', 5, ['']],
    ['/3/0', { 6: { 0: 'x' }, 9: 'x' }, ['/6/0', '/9']],
    ['/3', { 0: { 9: 'x' } }, ['/0/9']],
    ['/9/0/0', { type: 'number', value: 5 }, ['/type']],
    ['/9/0/0', { type: 'integer' }, ['']],
    ['/9/0/0', { type: 'integer', value: 5, more: 5 }, ['']],
    ['/9/0/0', { type: 'integer', value: 'x' }, ['/value']],
    ['/9/0/0', { type: 'integer', value: { 0: 1, 1: 'x' } }, ['/value/1']],
    ['/9/0/0', { type: 'integer', value: { 0: { type: 'integer', value: 1 } } }, ['/value/0']],
    ['/9/0/0', JSON.parse('{"__proto__":5}'), ['/__proto__']],
  ])('at %s may not be %j', (path, json, pointers) => {
    const error = thrownBy(() => read(path, json));
    expect(error).toMatchObject({ code: 'invalid_value' });
    expect((error as { faults: { pointer: string }[] }).faults.map(({ pointer }) => pointer)).toEqual(pointers);
  });

  it('lists a bounded number of faults', () => {
    const json = Object.fromEntries(Array.from({ length: 1000 }, (_, id) => [id, 'x']));
    const error = thrownBy(() => read('/3/0/6', json)) as { faults: unknown[] };
    expect(error.faults).toHaveLength(50);
  });

  it('reads back what was shown, for every type, but for the sign of zero, which JSON loses', () => {
    const shown = be.anyScalar.filter((scalar) => !Object.is(scalar.value, -0));
    fc.assert(
      fc.property(shown, (scalar) => {
        const json: unknown = JSON.parse(JSON.stringify({ type: scalar.type, value: scalarToJson(scalar) }));
        expect(nodeFromJson([9, 0, 0], json, noModel)).toEqual(single(scalar));
      }),
    );
  });

  it('refuses or reads any JSON at any path, and throws nothing else', () => {
    const at = fc.constantFrom('/3', '/3/0', '/3/0/9', '/3/0/6', '/3/0/6/1', '/9/0/0');
    const typed = fc.record({ type: fc.constantFrom(...RESOURCE_TYPES, 'x'), value: fc.jsonValue() });
    const byId = fc.dictionary(fc.constantFrom('0', '1', '6', '9', '65535', 'x'), fc.oneof(fc.jsonValue(), typed));
    fc.assert(
      fc.property(at, fc.oneof(fc.jsonValue(), typed, byId), (path, json) => {
        const error = thrownBy(() => read(path, json));
        if (error !== undefined) expect(error).toMatchObject({ code: 'invalid_value', faults: expect.anything() });
      }),
    );
  });
});
