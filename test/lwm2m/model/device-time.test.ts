/** A device's own time of a value, against the moment it arrived. */

import { describe, expect, it } from '@jest/globals';
import { DEVICE_TIME_LIMITS, deviceTime } from '#lwm2m/model';

const NOW = 1_700_000_000;

describe("a device's time", () => {
  it.each([
    ['0', 0, NOW],
    ['-1', -1, NOW - 1],
    ['-5.5', -5.5, NOW - 5.5],
    ['the last day that may lie ahead', 86_400, NOW + 86_400],
    ['an absolute time', NOW - 60, NOW - 60],
    ['an absolute time ten years ago', NOW - DEVICE_TIME_LIMITS.past, NOW - DEVICE_TIME_LIMITS.past],
  ])(
    'RFC 8428 §4.5.3: counts below 2^28 from the moment of receipt, and is absolute from there on: %s',
    (_title, time, moment) => {
      expect(deviceTime(time, NOW)).toBe(moment);
    },
  );

  it.each([
    ['more than a day ahead', 86_401],
    ['2^28 - 1 ahead', 2 ** 28 - 1],
    ['in 1978', 2 ** 28],
    ['more than ten years ago', -DEVICE_TIME_LIMITS.past - 1],
    ['beyond all calendars', 1e300],
    ['not a number', NaN],
  ])('counts as none when it is %s', (_title, time) => {
    expect(deviceTime(time, NOW)).toBeUndefined();
  });

  it('is held against the limits that are handed in', () => {
    expect(deviceTime(-10, NOW, { past: 10, future: 0 })).toBe(NOW - 10);
    expect(deviceTime(-11, NOW, { past: 10, future: 0 })).toBeUndefined();
    expect(deviceTime(1, NOW, { past: 10, future: 0 })).toBeUndefined();
  });
});
