import { describe, expect, it } from '@jest/globals';
import { criticalProblem, OptionNumber } from '#coap/codec';
import { option, sent, text } from './support.js';

const all = () => true;
const none = () => false;
const { ACCEPT, BLOCK1, IF_MATCH, IF_NONE_MATCH, OBSERVE, URI_HOST, URI_PATH, URI_PORT, URI_QUERY } = OptionNumber;

describe('criticalProblem', () => {
  it('finds nothing in a message whose critical options are known', () => {
    const message = sent({ options: [text(URI_PATH, 'rd'), text(URI_PATH, 'x'), text(URI_QUERY, 'lt=60')] });
    expect(criticalProblem(message, all)).toBeUndefined();
    expect(criticalProblem(sent({}), none)).toBeUndefined();
  });

  it('names a critical option that is not known (RFC 7252 §5.4.1)', () => {
    const message = sent({ options: [text(URI_PATH, 'rd'), option(2049, '01')] });
    expect(criticalProblem(message, (number) => number === URI_PATH)).toBe(2049);
    expect(criticalProblem(message, none)).toBe(URI_PATH);
  });

  it('accepts a critical option that its caller knows and the registry does not', () => {
    expect(criticalProblem(sent({ options: [option(2049, '01'), option(2049, '02')] }), all)).toBeUndefined();
  });

  it('passes over elective options that are not known, too long or repeated', () => {
    const options = [option(OBSERVE, '0102030405'), option(OBSERVE, ''), option(2048, '')];
    expect(criticalProblem(sent({ options }), none)).toBeUndefined();
  });

  it.each([
    ['an empty Uri-Host', option(URI_HOST, '')],
    ['an If-None-Match with a value', option(IF_NONE_MATCH, '00')],
    ['a Uri-Port of three bytes', option(URI_PORT, '001633')],
    ['an Accept of three bytes', option(ACCEPT, '000028')],
    ['a Block1 of four bytes', option(BLOCK1, '00000001')],
    ['an If-Match of nine bytes', option(IF_MATCH, '010203040506070809')],
    ['a Uri-Path of 256 bytes', text(URI_PATH, 'a'.repeat(256))],
  ])('names %s (RFC 7252 §5.4.3)', (_, wrong) => {
    expect(criticalProblem(sent({ options: [wrong] }), all)).toBe(wrong.number);
  });

  it('names a critical option that is repeated and may stand once (RFC 7252 §5.4.5)', () => {
    const message = sent({ options: [text(URI_PATH, 'a'), option(ACCEPT, '28'), option(ACCEPT, '28')] });
    expect(criticalProblem(message, all)).toBe(ACCEPT);
  });

  it('lets those be repeated that may be', () => {
    const options = [option(IF_MATCH, '01'), option(IF_MATCH, '02'), text(URI_PATH, 'a'), text(URI_PATH, 'a')];
    expect(criticalProblem(sent({ options }), all)).toBeUndefined();
  });

  it('names the first of several', () => {
    expect(criticalProblem(sent({ options: [option(BLOCK1, '00000001'), option(URI_HOST, '')] }), all)).toBe(URI_HOST);
  });
});
