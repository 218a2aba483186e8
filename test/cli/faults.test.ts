/** Faults as the command line names them. */

import { describe, expect, it } from '@jest/globals';
import { InvalidArgumentError } from 'commander';

import { faultsHelp, parseFault } from '../../src/cli/faults.js';

describe('--fault', () => {
  it.each([
    ['late=5', { type: 'late', seconds: 5 }],
    ['late=5@/3/0/0', { type: 'late', seconds: 5, under: [3, 0, 0] }],
    ['silent', { type: 'silence' }],
    ['silent@/3', { type: 'silence', under: [3] }],
    ['no-notify@/3/0/9', { type: 'silence', operation: 'notify', under: [3, 0, 9] }],
    ['notify-every=2', { type: 'attributes', instead: { pmin: 0, pmax: 2 } }],
    ['code=4.05@/1', { type: 'answerCode', code: 0x85, under: [1] }],
    ['code=2.04', { type: 'answerCode', code: 0x44 }],
    ['format=11542', { type: 'answerFormat', format: 11542 }],
    ['missing@/3/0/6/1', { type: 'payload', edit: { kind: 'without', path: [3, 0, 6, 1] } }],
    ['no-effect@/1/0', { type: 'noEffect', under: [1, 0] }],
    ['no-update', { type: 'noUpdate' }],
    ['reboot=60', { type: 'reboot', after: 60 }],
    ['lost-acks=25', { type: 'loseAcks', share: 0.25 }],
  ])('%s is read', (text, fault) => {
    expect(parseFault(text)).toEqual(fault);
  });

  it.each([
    ['tired', /"tired" is no fault. Faults are late=SECONDS\[@PATH\], silent\[@PATH\],/],
    ['', /is no fault/],
    ['late', /"late" must be late=SECONDS\[@PATH\] \(seconds from 1 to 86400\), where the path is like \/3\/0\/0/],
    ['late=0', /must be late=SECONDS/],
    ['late=soon', /must be late=SECONDS/],
    ['silent=5', /must be silent\[@PATH\]/],
    ['silent@3/0', /must be silent\[@PATH\]/],
    ['silent@/', /must be silent\[@PATH\]/],
    ['code=0.01', /must be code=CODE\[@PATH\] \(code such as 4.05\)/],
    ['code=405', /must be code=CODE/],
    ['format=70000', /must be format=NUMBER/],
    ['missing', /must be missing@PATH/],
    ['reboot=60@/3', /must be reboot=SECONDS \(seconds from 1 to 86400\)\./],
    ['lost-acks=101', /must be lost-acks=PERCENT/],
  ])('%s is refused, and what is allowed is said', (text, words) => {
    expect(() => parseFault(text)).toThrow(InvalidArgumentError);
    expect(() => parseFault(text)).toThrow(words);
  });

  it('has all its names in the help', () => {
    const names = faultsHelp()
      .split('\n')
      .slice(2)
      .map((line) => /[a-z-]+/.exec(line)?.[0]);
    expect(names).toHaveLength(11);
    for (const name of names) expect(() => parseFault(`${name ?? ''}=?`)).toThrow(/must be/);
  });
});
