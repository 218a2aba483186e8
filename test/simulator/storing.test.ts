/**
 * Sleeping by schedule (LwM2M-Core 1.1.1 §6.5), and notifications that are stored while a device is away: /1/x/6, hqmax (1.2), the
 * times of what was stored (RFC 8428 §4.5.3).
 */

import { describe, expect, it } from '@jest/globals';

import { Code } from '#coap/codec';
import { codecFor } from '#lwm2m/formats';
import type { EnablerVersion } from '#lwm2m/model';

import { Bench, kindOf } from './support.js';
import type { BenchOptions } from './support.js';

const TEMPERATURE = '/3303/0/5700';
/** Unix time at which the devices of these tests are switched on. */
const START = 1_700_000_000;

/** A device that listens for 3 s, which is less than what it measures stays the same, and wakes each 60 s. */
const sleeper = (lwm2m: EnablerVersion = '1.1', more: BenchOptions = {}): Bench =>
  Bench.registered({ kinds: [kindOf(lwm2m, { lifetime: 86_400 })], awakeFor: 3, sleepFor: 60, ...more });

/** Times and values of the SenML JSON in the last notification. */
const historyIn = (bench: Bench): [number, unknown][] =>
  (JSON.parse(bench.notified.at(-1)?.told.text ?? '') as { t: number; v?: number; vs?: string }[]).map(
    ({ t, v, vs }) => [t - START, v ?? vs],
  );
const readable = (bench: Bench): boolean => bench.ask({ code: Code.GET, path: '/3/0/0' }) !== undefined;

describe('a device that sleeps by schedule', () => {
  it('wakes each so many seconds by an Update without anything in it, and listens for a while', () => {
    const bench = sleeper();
    bench.pass(59);
    expect([bench.said, readable(bench)]).toEqual([[], false]);
    bench.pass(1);
    expect(bench.said).toMatchObject([{ code: Code.POST, path: '/rd/abc', query: [], links: '' }]);
    bench.answer(Code.CHANGED);
    bench.pass(3);
    expect(readable(bench)).toBe(true);
    bench.pass(3.5);
    expect(readable(bench)).toBe(false);
    bench.pass(53.5);
    expect(bench.said).toHaveLength(2);
  });

  it('listens for as long again after each request, and not for a request it did not hear', () => {
    const bench = sleeper();
    bench.pass(2);
    expect(readable(bench)).toBe(true);
    bench.pass(2);
    expect(readable(bench)).toBe(true);
    bench.pass(4);
    expect(readable(bench)).toBe(false);
    bench.pass(1);
    expect(readable(bench)).toBe(false);
  });

  it('keeps to the schedule after it registers anew', () => {
    const bench = sleeper();
    bench.ask({ code: Code.POST, path: '/3/0/4' });
    bench.pass(30);
    bench.accept();
    bench.pass(59);
    expect(bench.said.map(({ path }) => path)).toEqual(['/rd']);
    bench.pass(1);
    expect(bench.said.map(({ path }) => path)).toEqual(['/rd', '/rd/abc']);
  });

  it('sends nothing while it sleeps, and all that was stored after the answer to its Update, with times', () => {
    const bench = sleeper();
    bench.observe('/3/0/9', { accept: 110 });
    bench.attach('/3/0/9', 'pmax=20');
    bench.pass(60);
    const before = bench.notified.length;
    expect(bench.notified.every(({ at }) => at <= 3)).toBe(true);
    expect(bench.said).toHaveLength(1);
    bench.answer(Code.CHANGED);
    expect(bench.notified).toHaveLength(before + 1);
    expect(bench.notified.at(-1)?.told).toMatchObject({ code: '2.05', format: 110, observed: true });
    expect(historyIn(bench).map(([time]) => time)).toEqual([20, 40, 60]);
    bench.pass(5);
    expect(bench.notified).toHaveLength(before + 1);
  });

  it('stores the values that there were, the oldest first', () => {
    const told: Record<number, unknown> = {};
    const awake = Bench.registered({ kinds: [kindOf('1.1', { lifetime: 86_400 })] });
    awake.observe(TEMPERATURE, { accept: 0 });
    awake.pass(60);
    for (const { at, told: one } of awake.notified) told[at] = Number(one.text);
    const bench = sleeper();
    bench.observe(TEMPERATURE, { accept: 110 });
    bench.pass(60);
    bench.answer(Code.CHANGED);
    const history = historyIn(bench);
    expect(history.length).toBeGreaterThan(3);
    expect(history.every(([time]) => time > 3)).toBe(true);
    for (const [time, value] of history) expect([time, value]).toEqual([time, told[time]]);
  });

  it('answers a request that comes before the answer to its Update, and tells afterwards', () => {
    const bench = sleeper();
    bench.observe('/3/0/14', { accept: 110 });
    bench.pass(60);
    bench.write('/3/0/14', '+01:00');
    bench.pass(1);
    expect(bench.notified).toEqual([]);
    bench.answer(Code.CHANGED);
    expect(historyIn(bench)).toEqual([[60, '+01:00']]);
  });
});

describe('what is stored', () => {
  /** What a clock that may be told each 5 s has stored when the device wakes. */
  const stored = (bench: Bench, more: { accept?: number } = {}): void => {
    bench.attach('/3/0/13', 'pmin=5');
    bench.observe('/3/0/13', more);
    bench.pass(60);
    bench.notified.length = 0;
    bench.answer(Code.CHANGED);
  };

  it('is in 1.2 the newest of as many as hqmax says', () => {
    const bench = sleeper('1.2');
    bench.attach('/3/0', 'hqmax=3');
    stored(bench, { accept: 110 });
    expect(historyIn(bench)).toEqual([50, 55, 60].map((second) => [second, START + second]));
  });

  it('is at least the newest, and at most 100', () => {
    const none = sleeper('1.2');
    none.attach('/3/0/13', 'hqmax=0');
    stored(none, { accept: 110 });
    expect(historyIn(none).map(([time]) => time)).toEqual([60]);
    const many = sleeper('1.2', { sleepFor: 500 });
    many.attach('/3/0/13', 'hqmax=1000');
    many.attach('/3/0/13', 'pmin=4');
    many.observe('/3/0/13', { accept: 110 });
    many.pass(500);
    many.answer(Code.CHANGED);
    expect(historyIn(many)).toHaveLength(100);
  });

  it('keeps hqmax of the observation itself over the attached one', () => {
    const bench = sleeper('1.2');
    bench.attach('/3/0/13', 'hqmax=30');
    bench.observe('/3/0/13', { accept: 110, query: ['hqmax=2', 'pmin=5'] });
    bench.pass(60);
    bench.answer(Code.CHANGED);
    expect(historyIn(bench).map(([time]) => time)).toEqual([55, 60]);
  });

  it('goes in SenML CBOR when the observation left the format open', () => {
    const bench = sleeper();
    stored(bench);
    const [first] = bench.notified;
    expect([bench.notified.length, first?.told.format]).toEqual([1, 112]);
    const nodes = codecFor(112)?.decode(first?.told.payload ?? new Uint8Array(), [3, 0, 13], kindOf().model);
    expect(nodes?.map(({ time }) => time).slice(-2)).toEqual([START + 55, START + 60]);
    expect(nodes).toHaveLength(12);
  });

  it.each([
    ['text', '1.1', { accept: 0 }],
    ['TLV', '1.1', { accept: 11542 }],
    ['LwM2M CBOR', '1.2', { accept: 11544 }],
    ['a format of 1.0', '1.0', {}],
  ] as const)('goes one by one, in order, in %s, which carries no times', (_name, lwm2m, more) => {
    const bench = sleeper(lwm2m);
    stored(bench, more);
    expect(bench.notified).toHaveLength(12);
    if (lwm2m === '1.0' || more.accept === 0) {
      expect(bench.notified.map(({ told }) => told.text).slice(-2)).toEqual([`${START + 55}`, `${START + 60}`]);
    }
    expect(new Set(bench.notified.map(({ told }) => told.format)).size).toBe(1);
  });

  it('is nothing when /1/0/6 says so: the newest value is told', () => {
    const bench = sleeper();
    bench.write('/1/0/6', '0');
    stored(bench, { accept: 0 });
    expect(bench.notified).toEqual([]);
    bench.pass(0);
    expect(bench.notified.map(({ told }) => told.text)).toEqual([`${START + 60}`]);
  });

  it('of several paths goes in one notification too', () => {
    const bench = sleeper();
    bench.attach('/3/0/16', 'pmax=25');
    bench.observe('/', { code: Code.FETCH, format: 110, payload: '[{"n":"/3/0/16"},{"n":"/3/0/14"}]' });
    bench.pass(60);
    bench.answer(Code.CHANGED);
    expect(bench.notified).toHaveLength(1);
    expect(historyIn(bench)).toEqual([
      [25, 'U'],
      [25, '+00:00'],
      [50, 'U'],
      [50, '+00:00'],
    ]);
  });

  it('is forgotten with its observer, and with the registration', () => {
    const bench = sleeper();
    bench.attach('/3/0/13', 'pmin=5');
    const relation = bench.observe('/3/0/13', { accept: 110 });
    bench.pass(60);
    bench.notified.length = 0;
    bench.device.handleObserverGone(relation);
    bench.answer(Code.CHANGED);
    expect(bench.notified).toEqual([]);
    bench.observe('/3/0/14', { accept: 110 });
    bench.attach('/3/0/14', 'pmax=20');
    bench.pass(60);
    bench.notified.length = 0;
    bench.answer(Code.NOT_FOUND);
    bench.pass(0);
    bench.accept();
    bench.pass(30);
    expect(bench.notified).toEqual([]);
  });
});

describe('a device whose Update got no answer', () => {
  it('stores until the server answers one, and then tells what there was', () => {
    const bench = Bench.registered({ kinds: [kindOf('1.1', { lifetime: 3_600 })] });
    bench.attach('/3/0/16', 'pmax=20');
    bench.observe('/3/0/16', { accept: 110 });
    bench.ask({ code: Code.POST, path: '/1/0/8' });
    bench.fail();
    const from = bench.seconds;
    bench.pass(1);
    bench.pass(60);
    expect(bench.notified).toEqual([]);
    bench.answer(Code.CHANGED);
    expect(historyIn(bench).map(([time]) => time - from)).toEqual([20, 40, 60]);
    bench.pass(20);
    expect(bench.notified).toHaveLength(2);
    expect(bench.notified.at(-1)?.told.text).not.toContain('"t"');
  });
});

describe('the type of notifications', () => {
  it('in 1.2 is what con says, else the Default Notification Mode (/1/0/26), else what the device is told', () => {
    const kinds = (bench: Bench): string[] => bench.notified.map(({ confirmable }) => confirmable);
    const bench = Bench.registered({ kinds: [kindOf('1.2')], notifications: 'con' });
    bench.observe('/3/0/13', { accept: 0 });
    bench.pass(1);
    bench.write('/1/0/26', '0');
    bench.pass(1);
    bench.attach('/3/0', 'con=1');
    bench.pass(1);
    bench.write('/1/0/26', '1');
    bench.attach('/3/0/13', 'con=0');
    bench.pass(1);
    expect(kinds(bench)).toEqual(['con', 'non', 'con', 'non']);
  });

  it('has no Default Notification Mode before 1.2', () => {
    const bench = Bench.registered();
    const answer = bench.ask({ code: Code.PUT, path: '/1/0/26', format: 0, payload: '1' });
    expect(answer?.code).toBe('4.04');
  });
});
