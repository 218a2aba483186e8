import { describe, expect, it } from '@jest/globals';
import { Code, codeClass, describeCode, isRequest, isResponse, isSuccess, parseCode, showCode } from '#coap/codec';

/** RFC 7252 §12.1, RFC 7959 §6, RFC 8132 §7, RFC 8516 §6, RFC 8768 §6. */
const REGISTRY: readonly [keyof typeof Code, string][] = [
  ['EMPTY', '0.00'],
  ['GET', '0.01'],
  ['POST', '0.02'],
  ['PUT', '0.03'],
  ['DELETE', '0.04'],
  ['FETCH', '0.05'],
  ['PATCH', '0.06'],
  ['IPATCH', '0.07'],
  ['CREATED', '2.01'],
  ['DELETED', '2.02'],
  ['VALID', '2.03'],
  ['CHANGED', '2.04'],
  ['CONTENT', '2.05'],
  ['CONTINUE', '2.31'],
  ['BAD_REQUEST', '4.00'],
  ['UNAUTHORIZED', '4.01'],
  ['BAD_OPTION', '4.02'],
  ['FORBIDDEN', '4.03'],
  ['NOT_FOUND', '4.04'],
  ['METHOD_NOT_ALLOWED', '4.05'],
  ['NOT_ACCEPTABLE', '4.06'],
  ['REQUEST_ENTITY_INCOMPLETE', '4.08'],
  ['CONFLICT', '4.09'],
  ['PRECONDITION_FAILED', '4.12'],
  ['REQUEST_ENTITY_TOO_LARGE', '4.13'],
  ['UNSUPPORTED_CONTENT_FORMAT', '4.15'],
  ['UNPROCESSABLE', '4.22'],
  ['TOO_MANY_REQUESTS', '4.29'],
  ['INTERNAL_SERVER_ERROR', '5.00'],
  ['NOT_IMPLEMENTED', '5.01'],
  ['BAD_GATEWAY', '5.02'],
  ['SERVICE_UNAVAILABLE', '5.03'],
  ['GATEWAY_TIMEOUT', '5.04'],
  ['PROXYING_NOT_SUPPORTED', '5.05'],
  ['HOP_LIMIT_REACHED', '5.08'],
];

describe('the table of codes', () => {
  it('has every registered code and no other', () => {
    expect(Object.keys(Code)).toEqual(REGISTRY.map(([name]) => name));
  });

  it.each(REGISTRY)('%s is %s', (name, shown) => {
    expect(showCode(Code[name])).toBe(shown);
    expect(parseCode(shown)).toBe(Code[name]);
  });

  it('cannot be changed', () => {
    expect(Object.isFrozen(Code)).toBe(true);
  });
});

describe('describeCode', () => {
  it.each([
    [0x00, '0.00 Empty'],
    [0x01, '0.01 GET'],
    [0x07, '0.07 iPATCH'],
    [0x45, '2.05 Content'],
    [0x88, '4.08 Request Entity Incomplete'],
    [0x96, '4.22 Unprocessable Entity'],
    [0xa8, '5.08 Hop Limit Reached'],
  ])('names %i as the registry does: %s (RFC 7252 §12.1)', (code, shown) => {
    expect(describeCode(code)).toBe(shown);
  });

  it('has a name for every code of the table, and for no other', () => {
    const named = Array.from({ length: 256 }, (_, code) => code).filter(
      (code) => describeCode(code) !== showCode(code),
    );
    expect(named).toEqual(Object.values(Code));
  });
});

describe('showCode and parseCode', () => {
  it('are inverse for every byte', () => {
    for (let code = 0; code < 256; code += 1) expect(parseCode(showCode(code))).toBe(code);
  });

  it.each(['', '2', '2.5', '2.005', '2.32', '8.00', '2,05', ' 2.05', '2.05 ', '-1.00', '2.-5', '205'])(
    '%j is no code',
    (text) => {
      expect(parseCode(text)).toBeUndefined();
    },
  );
});

describe('the classes of codes (RFC 7252 §3)', () => {
  it('are the upper three bits', () => {
    expect([0x00, 0x1f, 0x20, 0x45, 0x84, 0xa3, 0xff].map(codeClass)).toEqual([0, 0, 1, 2, 4, 5, 7]);
  });

  it('tell requests, responses and successes apart', () => {
    for (let code = 0; code < 256; code += 1) {
      const shown = showCode(code);
      expect([shown, isRequest(code)]).toEqual([shown, shown.startsWith('0.') && shown !== '0.00']);
      expect([shown, isResponse(code)]).toEqual([shown, /^[245]/.test(shown)]);
      expect([shown, isSuccess(code)]).toEqual([shown, shown.startsWith('2.')]);
    }
  });
});
