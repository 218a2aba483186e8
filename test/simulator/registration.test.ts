/** The device's side of registration, in virtual time (LwM2M-Core 1.1.1 §6.2). */

import { describe, expect, it } from '@jest/globals';

import { Code, OptionNumber, uintOption } from '#coap/codec';
import { parseObjectList } from '#lwm2m/protocol';

import { Bench, kindOf } from './support.js';

describe('Register', () => {
  it('gives endpoint, lifetime, version and binding, and the object list with formats and versions', () => {
    const bench = new Bench();
    bench.device.start(bench.now);
    bench.drain();
    expect(bench.said).toEqual([
      {
        code: Code.POST,
        path: '/rd',
        query: ['ep=sim-1', 'lt=300', 'lwm2m=1.1', 'b=U'],
        links: '</>;rt="oma.lwm2m";ct="60 110 112 11542",</1/0>,</3/0>,</4/0>,</6/0>,</7/0>,</3303>;ver=1.1,</3303/0>',
      },
    ]);
  });

  it('in 1.0 quotes versions and names JSON, its one format that is not mandatory', () => {
    const bench = new Bench({ kinds: [kindOf('1.0')] });
    bench.device.start(bench.now);
    bench.drain();
    expect(bench.said[0]).toMatchObject({
      query: ['ep=sim-1', 'lt=300', 'lwm2m=1.0', 'b=U'],
      links: '</>;rt="oma.lwm2m";ct=11543,</1/0>,</3/0>,</4/0>,</6/0>,</7/0>,</3303>;ver="1.1",</3303/0>',
    });
  });

  it('tells the server the versions the device has, for every enabler version', () => {
    for (const lwm2m of ['1.0', '1.1', '1.2'] as const) {
      const kind = kindOf(lwm2m, { objects: [3306, 10, 16] });
      const bench = new Bench({ kinds: [kind] });
      bench.device.start(bench.now);
      bench.drain();
      const { objects } = parseObjectList(bench.said[0]?.links ?? '', lwm2m);
      expect(objects.map(({ id, version }) => [id, version])).toEqual(
        [...kind.objects].map(([id, { version }]) => [id, version]),
      );
    }
  });

  it('carries Q in queue mode, and UQ as binding in 1.0', () => {
    const modern = new Bench({ awakeFor: 93 });
    modern.device.start(modern.now);
    modern.drain();
    expect(modern.said[0]?.query).toEqual(['ep=sim-1', 'lt=300', 'lwm2m=1.1', 'b=U', 'Q']);
    const old = new Bench({ kinds: [kindOf('1.0', { binding: 'UQ' })], awakeFor: 93 });
    old.device.start(old.now);
    old.drain();
    expect(old.said[0]?.query).toEqual(['ep=sim-1', 'lt=300', 'lwm2m=1.0', 'b=UQ']);
  });

  it('comes again later and later when there is no answer', () => {
    const bench = new Bench();
    bench.device.start(bench.now);
    bench.drain();
    const waits: number[] = [];
    for (let attempt = 1; attempt <= 8; attempt += 1) {
      bench.fail();
      const before = bench.now;
      const count = bench.said.length;
      while (bench.said.length === count) bench.pass(0.25);
      waits.push((bench.now - before) / 1000);
    }
    for (const [index, wait] of waits.entries()) {
      const nominal = Math.min(2 * 2 ** index, 60);
      expect(wait).toBeGreaterThanOrEqual(nominal * 0.75 - 0.3);
      expect(wait).toBeLessThanOrEqual(nominal * 1.25 + 0.3);
    }
    expect(bench.said.every(({ path }) => path === '/rd')).toBe(true);
    expect(bench.events.at(-1)).toEqual({ type: 'unanswered', operation: 'register', reason: 'timeout' });
  });

  it('says what the server answered when it is refused, and tries again later', () => {
    const bench = new Bench();
    bench.device.start(bench.now);
    bench.drain();
    bench.answer(Code.FORBIDDEN, [], 'this name is not known');
    expect(bench.events).toEqual([
      { type: 'refused', operation: 'register', code: Code.FORBIDDEN, detail: 'this name is not known' },
    ]);
    bench.pass(10);
    expect(bench.said).toHaveLength(1);
    bench.pass(10);
    expect(bench.said).toHaveLength(2);
  });

  it.each([
    ['5.03', Code.SERVICE_UNAVAILABLE],
    ['4.29', Code.TOO_MANY_REQUESTS],
  ])('waits as long as a server says that is busy or was asked too often (%s with Max-Age)', (_code, code) => {
    const bench = new Bench();
    bench.device.start(bench.now);
    bench.drain();
    bench.answer(code, [uintOption(OptionNumber.MAX_AGE, 3)]);
    bench.pass(2.9);
    expect(bench.said).toHaveLength(1);
    bench.pass(0.2);
    expect(bench.said).toHaveLength(2);
  });

  it('steps down to an older version at 4.12, with the object versions of that one', () => {
    const bench = new Bench({ kinds: [kindOf('1.2'), kindOf('1.1'), kindOf('1.0')] });
    bench.device.start(bench.now);
    bench.drain();
    bench.answer(Code.PRECONDITION_FAILED);
    expect(bench.said.map(({ query }) => query[2])).toEqual(['lwm2m=1.2', 'lwm2m=1.1']);
    expect(bench.events).toEqual([{ type: 'steppedDown', lwm2m: '1.1' }]);
    bench.accept();
    expect(bench.ask({ code: Code.GET, path: '/3', accept: 40 })?.text).toMatch(/^<\/3>;ver=1\.1,/);
  });

  it('is refused at 4.12 when there is no older version left', () => {
    const bench = new Bench({ kinds: [kindOf('1.1'), kindOf('1.0')] });
    bench.device.start(bench.now);
    bench.drain();
    bench.answer(Code.PRECONDITION_FAILED);
    bench.answer(Code.PRECONDITION_FAILED);
    expect(bench.said).toHaveLength(2);
    expect(bench.events.at(-1)).toMatchObject({ type: 'refused', code: Code.PRECONDITION_FAILED });
  });

  it('ends at 4.12 for a device that was told to stop', () => {
    const bench = new Bench({ kinds: [kindOf('1.1'), kindOf('1.0')] });
    bench.device.start(bench.now);
    bench.device.stop(bench.now);
    bench.drain();
    bench.answer(Code.PRECONDITION_FAILED);
    expect(bench.device.hasEnded).toBe(true);
    expect(bench.said).toHaveLength(1);
  });

  it('is refused when the server gives no location', () => {
    const bench = new Bench();
    bench.device.start(bench.now);
    bench.drain();
    bench.answer(Code.CREATED);
    expect(bench.events[0]).toMatchObject({ type: 'refused', code: Code.CREATED, detail: '2.01 without a location' });
  });
});

describe('Update', () => {
  it('refreshes before the lifetime ends, with nothing but the location', () => {
    const bench = Bench.registered();
    bench.pass(300 * 0.6);
    expect(bench.said).toEqual([]);
    bench.pass(300 * 0.1);
    expect(bench.said).toEqual([{ code: Code.POST, path: '/rd/abc', query: [], links: '' }]);
    bench.answer(Code.CHANGED);
    bench.pass(207);
    expect(bench.said).toHaveLength(2);
  });

  it('goes on for ever, once in a lifetime at least', () => {
    const bench = Bench.registered({ kinds: [kindOf('1.1', { lifetime: 60 })] });
    let last = bench.now;
    for (let round = 0; round < 50; round += 1) {
      const count = bench.said.length;
      while (bench.said.length === count) bench.pass(1);
      expect(bench.now - last).toBeLessThan(60_000);
      last = bench.now;
      bench.answer(Code.CHANGED);
    }
  });

  it('never comes by itself with a lifetime of 0', () => {
    const bench = Bench.registered({ kinds: [kindOf('1.1', { lifetime: 0 })] });
    expect(bench.device.nextDeadline()).toBeUndefined();
  });

  it('comes in time with the longest lifetime, 2^32-1 s', () => {
    const bench = Bench.registered({ kinds: [kindOf('1.1', { lifetime: 0xffff_ffff })] });
    const deadline = (bench.device.nextDeadline() ?? 0) / 1000;
    expect(deadline).toBeGreaterThan(0xffff_ffff * 0.85);
    expect(deadline).toBeLessThan(0xffff_ffff);
  });

  it('follows a written lifetime at once, after the answer to the Write', () => {
    const bench = Bench.registered();
    bench.write('/1/0/1', '60');
    expect(bench.order).toEqual(['answer', 'request']);
    expect(bench.said).toEqual([{ code: Code.POST, path: '/rd/abc', query: ['lt=60'], links: '' }]);
    bench.answer(Code.CHANGED);
    bench.pass(31);
    expect(bench.said).toHaveLength(2);
  });

  it('tells a written binding (1.0), and refuses one the device has not got', () => {
    const bench = Bench.registered({ kinds: [kindOf('1.0')] });
    bench.write('/1/0/7', 'UQ');
    expect(bench.said[0]?.query).toEqual(['b=UQ']);
    expect(bench.ask({ code: Code.PUT, path: '/1/0/7', format: 0, payload: 'S' })?.code).toBe('4.00');
  });

  it('carries the whole new object list when an instance was created or deleted', () => {
    const bench = Bench.registered();
    bench.ask({ code: Code.POST, path: '/3303', format: 11542, payload: Buffer.from('0007', 'hex') });
    expect(bench.said).toHaveLength(1);
    expect(bench.said[0]?.query).toEqual([]);
    expect(bench.said[0]?.links).toContain('</3303>;ver=1.1,</3303/0>,</3303/7>');
    bench.answer(Code.CHANGED);
    bench.ask({ code: Code.DELETE, path: '/3303/0' });
    bench.answer(Code.CHANGED);
    bench.ask({ code: Code.DELETE, path: '/3303/7' });
    expect(bench.said.at(-1)?.links).toMatch(/<\/7\/0>,<\/3303>;ver=1\.1$/);
  });

  it('waits for the Update in flight, then tells what changed meanwhile', () => {
    const bench = Bench.registered();
    bench.write('/1/0/1', '60');
    bench.write('/1/0/1', '90');
    expect(bench.said).toHaveLength(1);
    bench.answer(Code.CHANGED);
    expect(bench.said.map(({ query }) => query)).toEqual([['lt=60'], ['lt=90']]);
  });

  it('goes out on Execute of /1/0/8, after the answer', () => {
    const bench = Bench.registered();
    expect(bench.ask({ code: Code.POST, path: '/1/0/8' })?.code).toBe('2.04');
    expect(bench.order).toEqual(['answer', 'request']);
    expect(bench.said).toEqual([{ code: Code.POST, path: '/rd/abc', query: [], links: '' }]);
  });

  it('answered 4.04 makes the device register anew at once, and forget its observers first', () => {
    const bench = Bench.registered();
    bench.observe('/3303/0/5700');
    bench.order.length = 0;
    bench.ask({ code: Code.POST, path: '/1/0/8' });
    bench.answer(Code.NOT_FOUND);
    expect(bench.order).toEqual(['answer', 'request', 'event', 'forgetServer', 'request']);
    expect(bench.said.at(-1)).toMatchObject({ path: '/rd' });
    bench.accept('new');
    bench.pass(200);
    expect(bench.notified).toEqual([]);
    bench.pass(50);
    expect(bench.said.at(-1)).toMatchObject({ path: '/rd/new' });
  });

  it('without an answer is tried again until the lifetime has passed, then the device registers', () => {
    const bench = Bench.registered();
    bench.pass(207);
    expect(bench.said).toHaveLength(1);
    while (bench.said.at(-1)?.path === '/rd/abc') {
      bench.pass(93);
      bench.fail();
      bench.pass(30);
    }
    expect(bench.seconds).toBeGreaterThan(300);
    expect(bench.said.at(-1)).toMatchObject({ path: '/rd' });
  });

  it('answered 5.03 is repeated, and does not lose the registration', () => {
    const bench = Bench.registered();
    bench.ask({ code: Code.POST, path: '/1/0/8' });
    bench.answer(Code.SERVICE_UNAVAILABLE, [uintOption(OptionNumber.MAX_AGE, 2)]);
    bench.pass(2);
    expect(bench.said.map(({ path }) => path)).toEqual(['/rd/abc', '/rd/abc']);
  });
});

describe('De-register', () => {
  it('goes to the location at stop, and then it is over', () => {
    const bench = Bench.registered();
    bench.device.stop(bench.now);
    bench.drain();
    expect(bench.said).toEqual([{ code: Code.DELETE, path: '/rd/abc', query: [], links: '' }]);
    expect(bench.device.hasEnded).toBe(false);
    bench.answer(Code.DELETED);
    expect(bench.device.hasEnded).toBe(true);
    expect(bench.device.nextDeadline()).toBeUndefined();
    expect(bench.events).toEqual([{ type: 'deregistered' }]);
  });

  it('follows a Register in flight', () => {
    const bench = new Bench();
    bench.device.start(bench.now);
    bench.device.stop(bench.now);
    bench.drain();
    bench.accept('xyz');
    expect(bench.said.at(-1)).toMatchObject({ code: Code.DELETE, path: '/rd/xyz' });
  });

  it('is not needed by a device that is not registered', () => {
    const bench = new Bench();
    bench.device.start(bench.now);
    bench.drain();
    bench.fail();
    bench.device.stop(bench.now);
    bench.drain();
    expect(bench.device.hasEnded).toBe(true);
    expect(bench.said).toHaveLength(1);
  });

  it('is done on Execute of /1/0/4, and the device is silent for the seconds of /1/0/5', () => {
    const bench = Bench.registered();
    bench.write('/1/0/5', '120');
    bench.observe('/3303/0/5700');
    expect(bench.ask({ code: Code.POST, path: '/1/0/4' })?.code).toBe('2.04');
    expect(bench.said).toEqual([{ code: Code.DELETE, path: '/rd/abc', query: [], links: '' }]);
    bench.answer(Code.DELETED);
    expect(bench.ask({ code: Code.GET, path: '/3/0/0' })).toBeUndefined();
    bench.pass(119);
    expect(bench.said).toHaveLength(1);
    expect(bench.notified).toEqual([]);
    bench.pass(1);
    expect(bench.said.at(-1)).toMatchObject({ path: '/rd' });
  });
});

describe('a device that is not registered', () => {
  it('does not answer', () => {
    const bench = new Bench();
    bench.device.start(bench.now);
    bench.drain();
    expect(bench.ask({ code: Code.GET, path: '/3/0/0' })).toBeUndefined();
    bench.accept();
    expect(bench.ask({ code: Code.GET, path: '/3/0/0' })?.text).toBe('Bellwether');
  });
});

describe('queue mode (LwM2M-Core 1.1.1 §6.5)', () => {
  it('listens for a while after each exchange, and not beyond', () => {
    const bench = Bench.registered({ awakeFor: 93 });
    bench.pass(92);
    expect(bench.ask({ code: Code.GET, path: '/3/0/0' })?.code).toBe('2.05');
    bench.pass(92);
    expect(bench.ask({ code: Code.GET, path: '/3/0/0' })?.code).toBe('2.05');
    bench.pass(94);
    expect(bench.said).toHaveLength(1);
  });

  it('sleeps through requests, and listens again with its next Update', () => {
    const bench = Bench.registered({ awakeFor: 30 });
    bench.pass(31);
    expect(bench.ask({ code: Code.GET, path: '/3/0/0' })).toBeUndefined();
    while (bench.said.length === 0) bench.pass(1);
    bench.answer(Code.CHANGED);
    expect(bench.ask({ code: Code.GET, path: '/3/0/0' })?.code).toBe('2.05');
  });

  it('is turned on in 1.0 by writing UQ to /1/0/7', () => {
    const bench = Bench.registered({ kinds: [kindOf('1.0')] });
    bench.pass(120);
    bench.write('/1/0/7', 'UQ');
    bench.answer(Code.CHANGED);
    bench.pass(94);
    expect(bench.ask({ code: Code.GET, path: '/3/0/0' })).toBeUndefined();
  });

  it('is woken by what it notifies', () => {
    const bench = Bench.registered({ awakeFor: 10 });
    bench.attach('/3303/0/5700', 'pmin=60', 'pmax=60');
    bench.observe('/3303/0/5700');
    bench.pass(59);
    expect(bench.ask({ code: Code.GET, path: '/3/0/0' })).toBeUndefined();
    bench.pass(2);
    expect(bench.notified).toHaveLength(1);
    expect(bench.ask({ code: Code.GET, path: '/3/0/0' })?.code).toBe('2.05');
  });
});
