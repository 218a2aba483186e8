/** What the steps of a script do to a simulated device, and when. */

import { describe, expect, it } from '@jest/globals';

import { Code } from '#coap/codec';
import type { Fault, Step } from '#simulator';

import { Bench, kindOf } from './support.js';
import type { BenchOptions } from './support.js';

/** A device that has registered at second 0 and whose steps are these. */
const playing = (steps: readonly Step[], more: BenchOptions = {}): Bench =>
  Bench.registered({ kinds: [kindOf('1.1', { objects: [5, 16], lifetime: 86_400 })], script: { steps }, ...more });
const silence: Fault = { type: 'silence', operation: 'read' };
const silent = (more: Partial<Step> = {}): Step => ({ do: 'fault', fault: silence, ...more }) as Step;
const rebooting = (more: Partial<Step> = {}): Step => ({ do: 'reboot', ...more }) as Step;
/** Seconds, up to `end`, at which a read stays without an answer. */
const silentAt = (bench: Bench, end: number): number[] => {
  const found: number[] = [];
  for (let second = 0; second <= end; second += 1) {
    if (bench.read('/3/0/0') === '(silent)') found.push(second);
    bench.pass(1);
  }
  return found;
};
const rebootsOf = (bench: Bench): number => bench.events.filter(({ type }) => type === 'rebooting').length;
const happened = (bench: Bench): (readonly number[] | undefined)[] =>
  bench.device.stepCounts().map((count) => count && [count.began, count.happened]);

describe('a step begins', () => {
  it('so long after the start of the device, and ends after its time', () => {
    const bench = playing([silent({ at: 2, for: 3 })]);
    expect(silentAt(bench, 8)).toEqual([2, 3, 4]);
    expect(happened(bench)).toEqual([[1, 3]]);
  });

  it('at once, and for ever, when nothing is said', () => {
    expect(silentAt(playing([silent()]), 3)).toEqual([0, 1, 2, 3]);
  });

  it('again and again, as often as it is said, its times counted anew', () => {
    const step = silent({ at: 1, for: 2, repeat: { every: 4, times: 2 } });
    expect(silentAt(playing([step]), 14)).toEqual([1, 2, 5, 6]);
    const once = { do: 'fault', fault: { ...silence, times: 1 }, at: 1, repeat: { every: 4 } } as const;
    expect(silentAt(playing([once]), 10)).toEqual([1, 5, 9]);
  });

  it('after each of so many events, each counted from its own', () => {
    const bench = playing([rebooting({ on: { event: 'registered', times: 2 }, at: 10 })]);
    bench.pass(9);
    expect(rebootsOf(bench)).toBe(0);
    bench.pass(2);
    bench.accept();
    bench.pass(11);
    bench.accept();
    bench.pass(60);
    expect(rebootsOf(bench)).toBe(2);
    expect(happened(bench)).toEqual([[2, 2]]);
  });

  it('after the requests that it means, when they are answered', () => {
    const bench = playing([silent({ on: { operation: 'write', under: [3], times: 1 }, for: 5 })]);
    bench.write('/1/0/5', '60');
    bench.pass(0);
    expect(bench.read('/3/0/0')).toBe('Bellwether');
    bench.write('/3/0/14', '+01:00');
    bench.pass(0);
    expect(bench.read('/3/0/0')).toBe('(silent)');
    bench.pass(5);
    bench.write('/3/0/14', '+02:00');
    bench.pass(0);
    expect(bench.read('/3/0/0')).toBe('Bellwether');
  });

  it('later by a jitter, and not each time with a chance, as the seed decides', () => {
    const moments = (seed: number, more: Partial<Step>): number[] =>
      silentAt(playing([silent({ for: 1, repeat: { every: 5 }, ...more })], { seed }), 100);
    const jittered = moments(1, { jitter: 4 });
    expect(jittered).toEqual(moments(1, { jitter: 4 }));
    expect(jittered).not.toEqual(moments(2, { jitter: 4 }));
    expect(new Set(jittered.map((second) => second % 5)).size).toBeGreaterThan(2);
    const sometimes = moments(1, { chance: 0.5 });
    expect(sometimes.length).toBeGreaterThan(4);
    expect(sometimes.length).toBeLessThan(17);
    expect(sometimes).not.toEqual(moments(2, { chance: 0.5 }));
  });

  it('no more when the device has left', () => {
    const bench = playing([rebooting({ at: 5 })]);
    bench.device.stop(bench.now);
    bench.drain();
    bench.answer(Code.DELETED);
    bench.pass(100);
    expect([rebootsOf(bench), bench.device.hasEnded, happened(bench)]).toEqual([0, true, [[0, 0]]]);
  });

  it('on the devices it is for', () => {
    expect(happened(playing([silent({ devices: 'other-*' }), silent({ devices: 'sim-*' })]))).toEqual([
      undefined,
      [1, 0],
    ]);
  });
});

describe('a fault', () => {
  it('befalls beside those that the device has anyway, and is counted apart', () => {
    const late: Fault = { type: 'answerCode', code: Code.FORBIDDEN, under: [3] };
    const bench = playing([silent({ at: 1, for: 1 }), silent({ at: 3, for: 1 })], { faults: [late] });
    expect(bench.ask({ code: Code.GET, path: '/3/0/0' })?.code).toBe('4.03');
    expect(silentAt(bench, 4)).toEqual([1, 3]);
    expect(happened(bench)).toEqual([
      [1, 1],
      [1, 1],
    ]);
  });

  it('with a chance befalls some of the requests, the same ones for the same seed', () => {
    const fate = (seed: number): string => {
      const bench = playing([{ do: 'fault', fault: { ...silence, chance: 0.3 } }], { seed });
      return Array.from({ length: 100 }, () => (bench.read('/3/0/0') === '(silent)' ? 'x' : '.')).join('');
    };
    const count = fate(1).split('x').length - 1;
    expect(count).toBeGreaterThan(15);
    expect(count).toBeLessThan(45);
    expect(fate(1)).toBe(fate(1));
    expect(fate(1)).not.toBe(fate(2));
  });

  it('of attributes tells observers more often while it lasts', () => {
    const bench = playing([
      { do: 'fault', at: 10, for: 10, fault: { type: 'attributes', under: [3, 0, 16], instead: { pmin: 0, pmax: 3 } } },
    ]);
    bench.observe('/3/0/16');
    bench.pass(40);
    expect(bench.notified.map(({ at }) => at)).toEqual([10, 13, 16, 19]);
    expect(happened(bench)).toEqual([[1, 4]]);
  });

  it('of the registration is counted by what it did', () => {
    const bench = playing([
      { do: 'fault', fault: { type: 'registerQuery', name: 'lt', value: '7' } },
      { do: 'fault', fault: { type: 'noUpdate' } },
      { do: 'fault', fault: { type: 'reboot', after: 60 } },
    ]);
    bench.write('/1/0/1', '60');
    bench.pass(62);
    expect(bench.said.map(({ query }) => query)).toEqual([['ep=sim-1', 'lwm2m=1.1', 'b=U', 'lt=7']]);
    expect(happened(bench)).toEqual([
      [1, 2],
      [1, 1],
      [1, 1],
    ]);
  });

  it('loses as many acknowledgements as it says, and nothing else', () => {
    const bench = playing([{ do: 'fault', at: 5, fault: { type: 'loseAcks', share: 1, times: 2 } }]);
    const [con, ack] = [Uint8Array.of(0x40, 1, 0, 1), Uint8Array.of(0x60, 0, 0, 1)];
    const lost = (): boolean[] => [con, ack, ack, ack].map((bytes) => bench.device.link.loses('out', bytes));
    expect(lost()).toEqual([false, false, false, false]);
    bench.pass(5);
    expect(bench.device.link.loses('in', ack)).toBe(false);
    expect(lost()).toEqual([false, true, true, false]);
    expect(happened(bench)).toEqual([[1, 2]]);
  });
});

describe('a value', () => {
  const values = (bench: Bench, path: string, count: number, every = 10): string[] =>
    Array.from({ length: count }, () => {
      const value = bench.read(path);
      bench.pass(every);
      return value;
    });

  it('goes through a list and begins again, and afterwards is what it was', () => {
    const bench = playing([{ do: 'value', path: [3, 0, 15], values: ['a', 'b'], every: 10, for: 30 }]);
    expect(values(bench, '/3/0/15', 5)).toEqual(['a', 'b', 'a', 'Etc/UTC', 'Etc/UTC']);
    expect(happened(bench)).toEqual([[1, 3]]);
  });

  it('goes from one number to another, up or down, and begins again', () => {
    const up = playing([{ do: 'value', path: [3303, 0, 5700], from: 20, to: 20.3, by: 0.1, every: 10 }]);
    expect(values(up, '/3303/0/5700', 6)).toEqual(['20', '20.1', '20.2', '20.3', '20', '20.1']);
    const down = playing([{ do: 'value', path: [3, 0, 9], from: 90, to: 50, by: 20, every: 10 }]);
    expect(values(down, '/3/0/9', 4)).toEqual(['90', '70', '50', '90']);
  });

  it('is anywhere between two numbers, whole where it must be', () => {
    const between = (seed: number): string[] =>
      values(playing([{ do: 'value', path: [3, 0, 9], from: 10, to: 20, every: 10 }], { seed }), '/3/0/9', 50);
    expect(between(1)).toEqual(between(1));
    expect(between(1)).not.toEqual(between(2));
    expect(new Set(between(1)).size).toBeGreaterThan(5);
    for (const value of between(1)) expect(value).toMatch(/^1[0-9]$|^20$/);
  });

  it('is told to observers, and stays through a reboot and a factory reset', () => {
    const bench = playing([{ do: 'value', at: 5, path: [3, 0, 15], value: 'set' }]);
    bench.observe('/3/0/15', { accept: 0 });
    bench.pass(6);
    expect(bench.notified.map(({ at, told }) => [at, told.text])).toEqual([[5, 'set']]);
    bench.ask({ code: Code.POST, path: '/3/0/5' });
    bench.pass(2);
    bench.accept();
    expect(bench.read('/3/0/15')).toBe('set');
  });

  it('of a resource instance leaves the others as they are', () => {
    const bench = playing([{ do: 'value', path: [3, 0, 7, 1], value: 4242, for: 10 }]);
    const all = (): string | undefined => bench.ask({ code: Code.GET, path: '/3/0/7', accept: 110 })?.text;
    expect(all()).toMatch(/"n":"7\/0","v":(?!4242).*"n":"7\/1","v":4242/);
    bench.pass(10);
    expect(all()).not.toContain('4242');
  });

  it('goes over what a server wrote when its next turn comes', () => {
    const bench = playing([{ do: 'value', path: [3, 0, 15], values: ['a', 'b'], every: 10, for: 20 }]);
    bench.write('/3/0/15', 'mine');
    expect(bench.read('/3/0/15')).toBe('mine');
    bench.pass(10);
    expect(bench.read('/3/0/15')).toBe('b');
  });

  it('that the server must know is announced', () => {
    const bench = playing([{ do: 'value', at: 5, path: [1, 0, 1], value: 77 }]);
    bench.pass(6);
    expect(bench.said.map(({ query }) => query)).toEqual([['lt=77']]);
  });

  it('is not set where a server has deleted the instance', () => {
    const bench = playing([{ do: 'value', at: 5, path: [16, 0, 0, 0], value: 'x' }]);
    bench.ask({ code: Code.DELETE, path: '/16/0' });
    bench.pass(6);
    expect(bench.ask({ code: Code.GET, path: '/16/0/0' })?.code).toBe('4.04');
  });
});

describe('a device that is told to', () => {
  it('goes offline loses everything either way, until all such steps have ended', () => {
    const bench = playing([
      { do: 'offline', at: 2, for: 4 },
      { do: 'offline', at: 4, for: 4 },
    ]);
    const lost = Array.from({ length: 10 }, () => {
      const passing = [
        bench.device.link.loses('in', Uint8Array.of(0x40)),
        bench.device.link.loses('out', Uint8Array.of(0x40)),
      ];
      bench.pass(1);
      return passing.map(Number).join('');
    });
    expect(lost).toEqual(['00', '00', '11', '11', '11', '11', '11', '11', '00', '00']);
  });

  it('updates does so', () => {
    const bench = playing([{ do: 'update', at: 2, repeat: { every: 3, times: 2 } }]);
    bench.pass(3);
    expect(bench.said).toMatchObject([{ path: '/rd/abc', query: [] }]);
    bench.answer(Code.CHANGED);
    bench.pass(60);
    expect(bench.said).toHaveLength(2);
  });

  it('sends paths does so once, in the format and not while it is muted', () => {
    const step = {
      do: 'send',
      paths: [
        [3, 0, 0],
        [3, 0, 99],
      ],
      format: 'senml-json',
      at: 5,
    } as const;
    const bench = playing([step]);
    bench.pass(60);
    expect(bench.sends.map(({ path, format, text }) => [path, format, text.includes('/3/0/0')])).toEqual([
      ['/dp', 110, true],
    ]);
    expect(happened(bench)).toEqual([[1, 1]]);
    const muted = playing([step]);
    muted.write('/1/0/23', '1');
    muted.pass(60);
    expect([muted.sends, happened(muted)]).toEqual([[], [[1, 0]]]);
  });

  it('sends again what got no answer, with its time, before what is ordered later', () => {
    const bench = playing([
      { do: 'send', paths: [[3, 0, 0]], format: 'senml-json', at: 5, repeat: { every: 5, times: 2 } },
    ]);
    bench.pass(11);
    expect(bench.sends).toHaveLength(1);
    bench.failSend();
    bench.pass(0);
    expect(bench.sends[1]?.text).toBe(bench.sends[0]?.text);
    bench.answerSend(Code.CHANGED);
    bench.pass(0);
    expect(bench.sends).toHaveLength(3);
    expect(bench.sends[2]?.text).not.toBe(bench.sends[0]?.text);
    expect(happened(bench)).toEqual([[2, 2]]);
  });

  it('sleeps otherwise does so for the time, and then as before', () => {
    const bench = playing([{ do: 'sleep', awake: 5, every: 20, at: 100, for: 60 }], { awakeFor: 50 });
    const wakings = (): number[] =>
      Array.from({ length: 200 }, () => {
        const before = bench.said.length;
        bench.pass(1);
        if (bench.said.length === before) return [];
        bench.answer(Code.CHANGED);
        return [bench.seconds];
      }).flat();
    expect(wakings()).toEqual([120, 140]);
    expect(bench.read('/3/0/0')).toBe('Bellwether');
  });

  it('sleeps otherwise does not listen longer than it is told', () => {
    const bench = playing([{ do: 'sleep', awake: 5 }], { awakeFor: 50 });
    bench.pass(6);
    expect(bench.read('/3/0/0')).toBe('(silent)');
  });

  it.each([
    ['storage', 2],
    ['memory', 3],
    ['integrity', 5],
    ['unsupported', 6],
  ] as const)('refuse firmware (%s) does so while it lasts, whatever the package says', (outcome, result) => {
    const bench = playing([{ do: 'firmware', outcome, for: 10 }]);
    const push = (): string => {
      bench.ask({ code: Code.PUT, path: '/5/0/0', format: 42, payload: 'bellwether-firmware 2.0\n' });
      return `${bench.read('/5/0/3')} ${bench.read('/5/0/5')}`;
    };
    expect(push()).toBe(`0 ${result}`);
    bench.pass(10);
    expect(push()).toBe('2 0');
    expect(happened(bench)).toEqual([[1, 1]]);
  });

  it.each([
    ['success', 1, '9.9'],
    ['install', 8, undefined],
  ] as const)('install firmware (%s) takes its time and ends so', (outcome, result, version) => {
    const bench = playing([{ do: 'firmware', outcome, takes: 30, version: '9.9' }]);
    const before = bench.read('/3/0/3');
    bench.ask({ code: Code.PUT, path: '/5/0/0', format: 42, payload: 'anything' });
    bench.ask({ code: Code.POST, path: '/5/0/2' });
    bench.pass(29);
    expect(bench.read('/5/0/3')).toBe('3');
    bench.pass(4);
    if (version !== undefined) bench.accept();
    expect([bench.read('/5/0/5'), bench.read('/3/0/3')]).toEqual([String(result), version ?? before]);
  });
});
