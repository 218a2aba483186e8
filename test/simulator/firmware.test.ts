/** The Firmware Update object of a simulated device (LwM2M-Core 1.1.1 §E.6): its state machine, by what a server sees. */

import { describe, expect, it } from '@jest/globals';
import { Code } from '#coap/codec';
import { FORMATS } from '#lwm2m/model';

import { Bench, kindOf } from './support.js';

const bench = (): Bench => Bench.registered({ kinds: [kindOf('1.1', { objects: [5] })] });
const stateOf = (device: Bench): string => `${device.read('/5/0/3')} ${device.read('/5/0/5')}`;
const push = (device: Bench, payload: string | Uint8Array): void => {
  const answer = device.ask({ code: Code.PUT, path: '/5/0/0', format: FORMATS.opaque, payload });
  expect(answer?.code).toBe('2.04');
};
const update = (device: Bench): string | undefined => device.ask({ code: Code.POST, path: '/5/0/2' })?.code;

describe('a simulated device whose firmware is updated', () => {
  it('is idle without result at first, and says that it pulls nothing', () => {
    const device = bench();
    expect(stateOf(device)).toBe('0 0');
    expect(device.read('/5/0/9')).toBe('1');
  });

  it('refuses Update with 4.05 before a package is there, and changes nothing', () => {
    const device = bench();
    expect(update(device)).toBe('4.05');
    expect(stateOf(device)).toBe('0 0');
  });

  it('downloads, installs, reboots, registers again and has the new version and result 1', () => {
    const device = bench();
    push(device, 'bellwether-firmware 2.1.0\nimage');
    expect(stateOf(device)).toBe('2 0');
    expect(update(device)).toBe('2.04');
    expect(stateOf(device)).toBe('3 0');
    expect(update(device)).toBe('4.05');
    device.pass(2);
    expect(device.events.map(({ type }) => type)).toContain('rebooting');
    device.pass(2);
    expect(device.said.map(({ path }) => path)).toEqual(['/rd']);
    device.accept();
    expect(stateOf(device)).toBe('0 1');
    expect(device.read('/3/0/3')).toBe('2.1.0');
  });

  it('makes a version from the bytes of any other package, the same for the same bytes', () => {
    const versions = ['one', 'one', 'two'].map((image) => {
      const device = bench();
      push(device, image);
      update(device);
      device.pass(4);
      device.accept();
      return device.read('/3/0/3');
    });
    expect(versions[0]).toMatch(/^1\.0\.0\+[0-9a-f]{8}$/);
    expect(versions[1]).toBe(versions[0]);
    expect(versions[2]).not.toBe(versions[0]);
  });

  it.each([
    ['integrity', 'bellwether-firmware 2 integrity\n', '0 5'],
    ['unsupported', 'bellwether-firmware 2 unsupported\n', '0 6'],
    ['too large', new Uint8Array(524_289), '0 2'],
  ])('refuses a package by its result: %s', (_name, image, state) => {
    const device = bench();
    push(device, image);
    expect(stateOf(device)).toBe(state);
  });

  it('keeps its version and the package when the installation fails', () => {
    const device = bench();
    const before = device.read('/3/0/3');
    push(device, 'bellwether-firmware 2 install\n');
    expect(update(device)).toBe('2.04');
    device.pass(2);
    expect(stateOf(device)).toBe('2 8');
    expect(device.read('/3/0/3')).toBe(before);
  });

  it.each([
    ['an empty package', ''],
    ['a NUL byte', '\0'],
  ])('is reset by %s', (_name, image) => {
    const device = bench();
    push(device, 'bellwether-firmware 2\n');
    expect(stateOf(device)).toBe('2 0');
    push(device, image);
    expect(stateOf(device)).toBe('0 0');
    expect(update(device)).toBe('4.05');
  });

  it('tells of a URI by result 9, of what is no URI by 7, of an empty one by nothing', () => {
    const device = bench();
    device.write('/5/0/1', 'coap://example.com/image');
    expect(stateOf(device)).toBe('0 9');
    expect(device.read('/5/0/1')).toBe('');
    device.write('/5/0/1', 'no uri');
    expect(stateOf(device)).toBe('0 7');
    push(device, '');
    device.write('/5/0/1', '');
    expect(stateOf(device)).toBe('0 0');
  });

  it('notifies of each state', () => {
    const device = bench();
    device.observe('/5/0/3', { accept: FORMATS.text });
    push(device, 'bellwether-firmware 2\n');
    device.pass(0);
    update(device);
    device.pass(1);
    expect(device.notified.map(({ told }) => told.text)).toEqual(['2', '3']);
  });
});
