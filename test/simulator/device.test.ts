/** Observation, commands and values of a simulated device, in virtual time (LwM2M-Core 1.1.1 §6.4, §5.1.2). */

import { describe, expect, it } from '@jest/globals';

import { Code } from '#coap/codec';

import { Bench, kindOf } from './support.js';

const TEMPERATURE = '/3303/0/5700';
const moments = (bench: Bench): number[] => bench.notified.map(({ at }) => at);

describe('an observation', () => {
  it('tells each change of a sensor, when it is sampled', () => {
    const bench = Bench.registered();
    bench.observe(TEMPERATURE, { accept: 0 });
    const values: string[] = [];
    for (let round = 0; round < 24; round += 1) {
      bench.pass(5);
      values.push(bench.read(TEMPERATURE));
    }
    const told = bench.notified.map(({ told }) => told.text);
    const changes = values.filter((value, index) => value !== (index === 0 ? undefined : values[index - 1]));
    expect(changes.length).toBeGreaterThan(3);
    expect(told.slice(-3)).toEqual(changes.slice(-3));
    for (const moment of moments(bench)) expect(moment % 5).toBe(0);
    expect(
      bench.notified.every(
        ({ told: { observed, code }, confirmable }) => observed && code === '2.05' && confirmable === 'non',
      ),
    ).toBe(true);
  });

  it('keeps to the content format of its request', () => {
    const bench = Bench.registered();
    bench.observe(TEMPERATURE, { accept: 110 });
    bench.pass(60);
    expect(bench.notified[0]?.told).toMatchObject({ format: 110 });
    expect(bench.notified[0]?.told.text).toMatch(/^\[\{"bn":"\/3303\/0\/","n":"5700","v":/);
  });

  it('with pmin tells at most that often, and the newest value', () => {
    const bench = Bench.registered();
    bench.attach(TEMPERATURE, 'pmin=30');
    bench.observe(TEMPERATURE, { accept: 0 });
    bench.pass(30);
    expect(bench.notified.map(({ told }) => told.text)).toEqual([bench.read(TEMPERATURE)]);
    bench.pass(270);
    const gaps = moments(bench).map((moment, index, all) => moment - (all[index - 1] ?? 0));
    expect(Math.min(...gaps)).toBeGreaterThanOrEqual(30);
  });

  it('with pmax tells at least that often, without change', () => {
    const bench = Bench.registered();
    bench.attach('/3/0/0', 'pmax=20');
    bench.observe('/3/0/0');
    bench.pass(65);
    expect(moments(bench)).toEqual([20, 40, 60]);
  });

  it('without attributes keeps to the default periods of the server object', () => {
    const bench = Bench.registered();
    bench.write('/1/0/3', '25');
    bench.answer(Code.CHANGED);
    bench.observe('/3/0/0');
    bench.pass(30);
    expect(moments(bench)).toEqual([25]);
    bench.attach('/3/0/0', 'pmax=10');
    bench.pass(10);
    expect(moments(bench)).toEqual([25, 35]);
  });

  it('passes over a pmax below pmin', () => {
    const bench = Bench.registered();
    bench.attach('/3/0/0', 'pmin=20', 'pmax=10');
    bench.observe('/3/0/0');
    bench.pass(100);
    expect(bench.notified).toEqual([]);
  });

  it('tells a written value at once, and at the end of pmin when that has not passed', () => {
    const bench = Bench.registered();
    bench.observe('/3/0/14', { accept: 0 });
    bench.write('/3/0/14', '+01:00');
    bench.pass(0);
    expect(bench.notified.map(({ told }) => told.text)).toEqual(['+01:00']);
    bench.attach('/3/0/14', 'pmin=60');
    bench.write('/3/0/14', '+02:00');
    bench.write('/3/0/14', '+03:00');
    bench.pass(59);
    expect(bench.notified).toHaveLength(1);
    bench.pass(2);
    expect(bench.notified.map(({ told, at }) => [told.text, at])).toEqual([
      ['+01:00', 0],
      ['+03:00', 60],
    ]);
  });

  it('is not told what was written back to what it knows before pmin ended', () => {
    const bench = Bench.registered();
    bench.attach('/3/0/14', 'pmin=60');
    bench.observe('/3/0/14');
    bench.write('/3/0/14', '+02:00');
    bench.write('/3/0/14', '+00:00');
    bench.pass(120);
    expect(bench.notified).toEqual([]);
  });

  it('with gt and lt is told the crossings alone, in either direction', () => {
    const bench = Bench.registered({ kinds: [kindOf('1.1', { objects: [3306] })] });
    bench.write('/3306/0/5851', '50');
    bench.attach('/3306/0/5851', 'gt=70', 'lt=30');
    bench.observe('/3306/0/5851', { accept: 0 });
    for (const value of ['60', '70', '71', '80', '70', '69', '31', '30', '29', '30', '31']) {
      bench.write('/3306/0/5851', value);
      bench.pass(1);
    }
    expect(bench.notified.map(({ told }) => told.text)).toEqual(['71', '69', '29', '31']);
  });

  it('with st is told steps from what it knows', () => {
    const bench = Bench.registered({ kinds: [kindOf('1.1', { objects: [3306] })] });
    bench.write('/3306/0/5851', '50');
    bench.attach('/3306/0/5851', 'st=10');
    bench.observe('/3306/0/5851', { accept: 0 });
    for (const value of ['55', '59', '60', '65', '69', '50', '59']) {
      bench.write('/3306/0/5851', value);
      bench.pass(1);
    }
    expect(bench.notified.map(({ told }) => told.text)).toEqual(['60', '50']);
  });

  it('a crossing is gated by pmin, and forced by pmax without one', () => {
    const bench = Bench.registered({ kinds: [kindOf('1.1', { objects: [3306] })] });
    bench.write('/3306/0/5851', '50');
    bench.attach('/3306/0/5851', 'gt=70', 'pmin=20', 'pmax=60');
    bench.observe('/3306/0/5851', { accept: 0 });
    bench.write('/3306/0/5851', '80');
    bench.pass(70);
    bench.write('/3306/0/5851', '90');
    bench.pass(70);
    expect(bench.notified.map(({ told, at }) => [told.text, at])).toEqual([
      ['80', 20],
      ['90', 80],
      ['90', 140],
    ]);
  });

  it('looks no more often than epmin', () => {
    const bench = Bench.registered();
    bench.attach(TEMPERATURE, 'epmin=17');
    bench.observe(TEMPERATURE);
    bench.pass(200);
    const gaps = moments(bench).map((moment, index, all) => moment - (all[index - 1] ?? 0));
    expect(gaps.length).toBeGreaterThan(3);
    expect(Math.min(...gaps)).toBeGreaterThanOrEqual(17);
  });

  it('of an instance is told when a value in it changes, but not for the passing of time', () => {
    const bench = Bench.registered();
    bench.observe('/3/0', { accept: 112 });
    bench.pass(59);
    expect(bench.notified).toEqual([]);
    bench.pass(2);
    expect(moments(bench)).toEqual([60]);
  });

  it('of the clock itself is told that time passes', () => {
    const bench = Bench.registered();
    bench.observe('/3/0/13', { accept: 0 });
    bench.pass(3);
    expect(bench.notified.map(({ told }) => told.text)).toEqual(['1700000001', '1700000002', '1700000003']);
  });

  it('of an instance heeds the step that is attached to a resource in it', () => {
    const bench = Bench.registered({ kinds: [kindOf('1.1', { objects: [3306] })] });
    bench.write('/3306/0/5851', '50');
    bench.attach('/3306/0/5851', 'st=10');
    bench.observe('/3306/0');
    bench.write('/3306/0/5851', '55');
    bench.pass(1);
    expect(bench.notified).toHaveLength(0);
    bench.write('/3306/0/5851', '60');
    bench.pass(1);
    expect(bench.notified).toHaveLength(1);
  });

  it('of an object is told of instances that come and go', () => {
    const bench = Bench.registered({ kinds: [kindOf('1.1', { objects: [3306] })] });
    bench.observe('/3306', { accept: 11542 });
    bench.ask({ code: Code.POST, path: '/3306', format: 110, payload: '[{"n":"/3306/4/5850","vb":true}]' });
    bench.pass(1);
    expect(bench.notified).toHaveLength(1);
    bench.ask({ code: Code.DELETE, path: '/3306/4' });
    bench.pass(1);
    expect(bench.notified).toHaveLength(2);
  });

  it('of a resource instance is told its changes', () => {
    const bench = Bench.registered({ kinds: [kindOf('1.1', { objects: [16] })] });
    bench.observe('/16/0/0/1', { accept: 0 });
    bench.write('/16/0/0/0', 'other');
    bench.pass(1);
    expect(bench.notified).toEqual([]);
    bench.write('/16/0/0/1', 'mine');
    bench.pass(1);
    expect(bench.notified.map(({ told }) => told.text)).toEqual(['mine']);
  });

  it('ends with a 4.04 when what it is on is deleted', () => {
    const bench = Bench.registered();
    bench.observe(TEMPERATURE);
    bench.ask({ code: Code.DELETE, path: '/3303/0' });
    bench.pass(0);
    expect(bench.notified).toHaveLength(1);
    expect(bench.notified[0]).toMatchObject({ confirmable: 'con', told: { code: '4.04', observed: false } });
    bench.pass(100);
    expect(bench.notified).toHaveLength(1);
  });

  it('ends when its observer goes', () => {
    const bench = Bench.registered();
    const relation = bench.observe(TEMPERATURE);
    bench.device.handleObserverGone(relation);
    bench.pass(100);
    expect(bench.notified).toEqual([]);
  });

  it('that was refused begins nothing', () => {
    const bench = Bench.registered();
    expect(bench.ask({ code: Code.GET, path: '/3/0/4', observe: 0 })).toMatchObject({ code: '4.05', observed: false });
    expect(bench.ask({ code: Code.GET, path: '/3/0/0', observe: 0, accept: 999 })).toMatchObject({ observed: false });
  });

  it('Observe 1 is answered as a read', () => {
    const bench = Bench.registered();
    bench.observe('/3/0/0');
    expect(bench.ask({ code: Code.GET, path: '/3/0/0', observe: 1 })).toMatchObject({
      code: '2.05',
      text: 'Bellwether',
      observed: false,
    });
  });

  it('sequence numbers rise over all observations', () => {
    const bench = Bench.registered();
    bench.observe('/3/0/13');
    bench.observe('/3/0/14');
    const numbers: number[] = [];
    bench.write('/3/0/14', 'x');
    for (let round = 0; round < 3; round += 1) {
      bench.now = (bench.now + 1000) as typeof bench.now;
      bench.device.handleTimeout(bench.now);
      for (let output = bench.device.nextOutput(); output !== undefined; output = bench.device.nextOutput()) {
        if (output.type === 'notify') numbers.push(output.notification.observe?.sequence ?? -1);
      }
    }
    expect(numbers).toEqual([3, 4, 5, 6]);
  });

  it('is sent confirmable where the device is told so, or (1.2) the attribute con says so', () => {
    const all = Bench.registered({ notifications: 'con' });
    all.observe('/3/0/13');
    all.pass(1);
    expect(all.notified[0]?.confirmable).toBe('con');
    const one = Bench.registered({ kinds: [kindOf('1.2')] });
    one.attach('/3/0/13', 'con=1');
    one.observe('/3/0/13');
    one.pass(1);
    expect(one.notified[0]?.confirmable).toBe('con');
  });

  it('of a multiple resource holds its own conditions to each resource instance (1.2)', () => {
    const bench = Bench.registered({ kinds: [kindOf('1.2', { objects: [2] })] });
    bench.write('/2/0/2/0', '1');
    bench.observe('/2/0/2', { query: ['gt=20'] });
    bench.write('/2/0/2/0', '5');
    bench.pass(1);
    expect(bench.notified).toHaveLength(0);
    bench.write('/2/0/2/0', '25');
    bench.pass(1);
    expect(bench.notified).toHaveLength(1);
  });

  it('may bring attributes of its own in 1.2, which go over attached ones', () => {
    const bench = Bench.registered({ kinds: [kindOf('1.2')] });
    bench.attach('/3/0/0', 'pmax=50');
    bench.observe('/3/0/0', { query: ['pmax=20'] });
    bench.pass(45);
    expect(moments(bench)).toEqual([20, 40]);
    expect(bench.ask({ code: Code.GET, path: '/3/0/0', observe: 0, query: ['gt=1'] })?.code).toBe('4.00');
  });

  it('with edge (1.2) is told rises alone, also those within pmin', () => {
    const bench = Bench.registered({ kinds: [kindOf('1.2', { objects: [3306] })] });
    const put = (value: string): void => {
      bench.write('/3306/0/5850', value);
      bench.pass(1);
    };
    put('0');
    bench.attach('/3306/0/5850', 'edge=1');
    bench.observe('/3306/0/5850', { accept: 0 });
    for (const value of ['1', '0', '1', '0']) put(value);
    expect(bench.notified.map(({ told }) => told.text)).toEqual(['1', '1']);
    bench.attach('/3306/0/5850', 'pmin=30');
    for (const value of ['1', '0']) put(value);
    bench.pass(60);
    expect(bench.notified).toHaveLength(3);
  });
});

describe('commands', () => {
  it('/3/0/4 reboots: silence, then a new registration without observers and attributes', () => {
    const bench = Bench.registered();
    bench.attach(TEMPERATURE, 'pmin=1');
    bench.observe(TEMPERATURE);
    bench.write('/3/0/14', '+05:00');
    expect(bench.ask({ code: Code.POST, path: '/3/0/4' })?.code).toBe('2.04');
    expect(bench.order.slice(-3)).toEqual(['answer', 'event', 'forgetServer']);
    expect(bench.ask({ code: Code.GET, path: '/3/0/0' })).toBeUndefined();
    bench.pass(1);
    expect(bench.said).toMatchObject([{ path: '/rd' }]);
    bench.accept('two');
    bench.pass(30);
    expect(bench.notified).toEqual([]);
    expect(bench.read('/3/0/14')).toBe('+05:00');
    expect(bench.ask({ code: Code.GET, path: TEMPERATURE, accept: 40 })?.text).toBe(`<${TEMPERATURE}>`);
  });

  it('/3/0/5 resets to what the device was when it was new', () => {
    const bench = Bench.registered();
    bench.write('/3/0/14', '+05:00');
    bench.ask({ code: Code.DELETE, path: '/3303/0' });
    bench.answer(Code.CHANGED);
    bench.ask({ code: Code.POST, path: '/3/0/5' });
    bench.pass(1);
    bench.accept();
    expect(bench.read('/3/0/14')).toBe('+00:00');
    expect(bench.ask({ code: Code.GET, path: TEMPERATURE })?.code).toBe('2.05');
  });

  it('/3/0/12 resets the error code of a low battery until the next one', () => {
    const bench = Bench.registered({ kinds: [kindOf('1.1', { lifetime: 0 })] });
    while (Number(bench.read('/3/0/9')) > 20) bench.pass(60);
    expect(bench.read('/3/0/11/0')).toBe('1');
    expect(bench.read('/3/0/20')).toBe('4');
    bench.ask({ code: Code.POST, path: '/3/0/12' });
    expect(bench.read('/3/0/11/0')).toBe('0');
    while (Number(bench.read('/3/0/9')) <= 20) bench.pass(60);
    expect(bench.read('/3/0/11/0')).toBe('0');
    while (Number(bench.read('/3/0/9')) > 20) bench.pass(60);
    expect(bench.read('/3/0/11/0')).toBe('1');
  });

  it('/7/0/6 and /7/0/7 start and stop counting traffic', () => {
    const bench = Bench.registered();
    bench.device.countDatagram('out', 4_000);
    expect(bench.read('/7/0/2')).toBe('0');
    bench.ask({ code: Code.POST, path: '/7/0/6' });
    bench.device.countDatagram('out', 4_000);
    bench.device.countDatagram('in', 2_000);
    bench.ask({ code: Code.POST, path: '/7/0/7' });
    bench.device.countDatagram('out', 9_000);
    expect(['/7/0/2', '/7/0/3', '/7/0/4', '/7/0/5'].map((path) => bench.read(path))).toEqual([
      '4',
      '2',
      '4000',
      '3000',
    ]);
    bench.ask({ code: Code.POST, path: '/7/0/6' });
    expect(bench.read('/7/0/2')).toBe('0');
  });

  it('/7/0/8 ends the counting by itself', () => {
    const bench = Bench.registered();
    bench.write('/7/0/8', '60');
    bench.ask({ code: Code.POST, path: '/7/0/6' });
    bench.pass(59);
    bench.read('/7/0/2');
    bench.device.countDatagram('out', 1_000);
    bench.pass(2);
    bench.read('/7/0/2');
    bench.device.countDatagram('out', 1_000);
    expect(bench.read('/7/0/2')).toBe('1');
  });

  it('/3303/0/5605 makes the value now both smallest and largest', () => {
    const bench = Bench.registered({ kinds: [kindOf('1.1', { lifetime: 0 })] });
    bench.pass(1_800);
    const [low, high] = [Number(bench.read('/3303/0/5601')), Number(bench.read('/3303/0/5602'))];
    expect(high).toBeGreaterThan(low);
    expect(bench.ask({ code: Code.POST, path: '/3303/0/5605' })?.code).toBe('2.04');
    expect(bench.read('/3303/0/5601')).toBe(bench.read(TEMPERATURE));
    expect(bench.read('/3303/0/5602')).toBe(bench.read(TEMPERATURE));
  });
});

describe('values', () => {
  const course = (seed: number): string[] => {
    const bench = Bench.registered({ kinds: [kindOf('1.1', { lifetime: 0 })], seed });
    return Array.from({ length: 100 }, () => {
      bench.pass(30);
      return bench.read(TEMPERATURE);
    });
  };

  it('follow from the seed: the same again, and others for another', () => {
    expect(course(7)).toEqual(course(7));
    expect(course(7)).not.toEqual(course(8));
  });

  it('wander: they stay where they belong and do not jump', () => {
    const values = course(7).map(Number);
    for (const [index, value] of values.entries()) {
      expect(value).toBeGreaterThanOrEqual(18);
      expect(value).toBeLessThanOrEqual(25);
      if (index > 0) expect(Math.abs(value - (values[index - 1] ?? 0))).toBeLessThan(3);
    }
    expect(new Set(values).size).toBeGreaterThan(10);
  });

  it('smallest and largest measured values are those of all samples', () => {
    const bench = Bench.registered({ kinds: [kindOf('1.1', { lifetime: 0 })] });
    const values: number[] = [Number(bench.read(TEMPERATURE))];
    for (let sample = 0; sample < 200; sample += 1) {
      bench.pass(5);
      values.push(Number(bench.read(TEMPERATURE)));
    }
    expect(Number(bench.read('/3303/0/5601'))).toBe(Math.min(...values));
    expect(Number(bench.read('/3303/0/5602'))).toBe(Math.max(...values));
  });

  it('the battery falls a percent a minute and is charged before it is empty', () => {
    const bench = Bench.registered({ kinds: [kindOf('1.1', { lifetime: 0 })] });
    const levels = Array.from({ length: 200 }, () => {
      bench.pass(60);
      return Number(bench.read('/3/0/9'));
    });
    expect(Math.min(...levels)).toBe(5);
    expect(Math.max(...levels)).toBe(100);
    const falls = levels.filter((level, index) => index > 0 && (levels[index - 1] ?? 0) - level === 1);
    expect(falls.length).toBeGreaterThan(190);
  });

  it('the device says who and where it is', () => {
    const bench = Bench.registered();
    expect(bench.read('/3/0/2')).toBe('sim-1');
    expect(bench.read('/4/0/4/0')).toBe('127.0.0.1');
    expect(bench.read('/3303/0/5701')).toBe('Cel');
    expect(Math.abs(Number(bench.read('/6/0/0')))).toBeLessThanOrEqual(90);
  });
});
