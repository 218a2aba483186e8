/** The grammar of Execute's arguments (LwM2M-Core 1.1.1 §6.3.6). */

import { describe, expect, it } from '@jest/globals';
import { AppError } from '#base';
import { encodeArguments } from '#lwm2m/model';

function fault(text: string): string {
  try {
    encodeArguments(text);
  } catch (error) {
    if (error instanceof AppError && error.code === 'invalid_arguments') return error.faults[0]?.detail ?? '';
    throw error;
  }
  return 'accepted';
}

describe('arguments of Execute', () => {
  it.each([
    '',
    '0',
    '5',
    "2='10.3'",
    "7,0='https://www.example.org'",
    '0,1,2,3,4',
    "0='',1=''",
    "0='!#$%&()*+,-./09:;<=>?@AZ[]^_`az{|}~'",
    "0='</33629/1>,</33629/2>'",
  ])('may be %j', (text) => {
    expect(Buffer.from(encodeArguments(text)).toString()).toBe(text);
  });

  it.each([
    ['a', 1],
    ['10', 2],
    [',', 1],
    ['0,', 3],
    ['0,,1', 3],
    [' 0', 1],
    ['0, 1', 3],
    ['0=', 3],
    ['0=x', 3],
    ["0='x", 5],
    ["0='x'1", 6],
    ["0='a b'", 5],
    ["0='a\"'", 5],
    ["0='a\\'", 5],
    ["0='ä'", 4],
    ["0='\u0000'", 4],
    ["0='a'b'", 6],
    ['0,0', 3],
    ["0='a',1,0", 9],
  ])('%j breaks the grammar at character %i', (text, character) => {
    expect(fault(text)).toContain(`at character ${character}:`);
  });

  it('are refused with a pointer to where they stand in the request', () => {
    expect(() => encodeArguments('x')).toThrow(
      expect.objectContaining({
        code: 'invalid_arguments',
        faults: [expect.objectContaining({ pointer: '/arguments' })],
      }),
    );
  });
});
