/** The three kinds of error tell who is at fault, and carry what their readers need. */

import { describe, expect, it } from '@jest/globals';

import { AppError, DecodeError, InvariantError, PeerError, invariant, unreachable } from '#base';

describe('errors', () => {
  it('of a peer have a reason, and of bytes where they are wrong', () => {
    const error = new DecodeError('truncated', 'too short', 7);
    expect(error).toBeInstanceOf(PeerError);
    expect(error).toMatchObject({
      name: 'DecodeError',
      reason: 'truncated',
      offset: 7,
      message: 'too short at offset 7',
    });
  });

  it('say nothing of an offset that is not known, and keep offset 0', () => {
    expect(new DecodeError('bad_utf8', 'not text')).toMatchObject({ offset: undefined, message: 'not text' });
    expect(new DecodeError('bad_utf8', 'not text', 0).message).toBe('not text at offset 0');
  });

  it('keep the cause they wrap', () => {
    const cause = new TypeError('inner');
    expect(new PeerError('x', 'y', { cause }).cause).toBe(cause);
    expect(new DecodeError('x', 'y', 1, { cause }).cause).toBe(cause);
    expect(new AppError('x', 'y', { cause }).cause).toBe(cause);
    expect('cause' in new AppError('x', 'y')).toBe(false);
  });

  it('of a caller have a code, faults by pointer and details, empty unless given', () => {
    const bare = new AppError('device_not_found', 'no such device');
    expect(bare).toMatchObject({ name: 'AppError', code: 'device_not_found', faults: [], details: {} });
    expect(bare).not.toBeInstanceOf(PeerError);
    const faults = [{ pointer: '/path', detail: 'must begin with /' }];
    const full = new AppError('bad_input', 'see errors', { faults, details: { retryAfter: 5 } });
    expect(full.faults).toEqual(faults);
    expect(full.details).toEqual({ retryAfter: 5 });
  });

  it('of ours are thrown by an invariant that does not hold, and by no other', () => {
    expect(() => invariant('held', 'fine')).not.toThrow();
    for (const falsy of [false, 0, '', undefined, Number.NaN]) {
      expect(() => invariant(falsy, 'broken')).toThrow(new InvariantError('broken'));
    }
    expect(() => unreachable('north' as never)).toThrow('unexpected case: north');
  });
});
