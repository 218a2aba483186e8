/** What a simulated device sends of its own accord (LwM2M-Core 1.1.1 §6.4.6): packs with times, and Mute Send (/1/x/23). */

import { describe, expect, it } from '@jest/globals';

import { Code } from '#coap/codec';
import { decodePack } from '#lwm2m/formats';
import type { EnablerVersion } from '#lwm2m/model';
import type { SendFormat } from '#simulator';

import { Bench, kindOf } from './support.js';
import type { BenchOptions, Pack } from './support.js';

/** Unix time at which the devices of these tests are switched on. */
const START = 1_700_000_000;

const sender = (lwm2m: EnablerVersion = '1.1', format: SendFormat = 'senml-json', more: BenchOptions = {}): Bench =>
  Bench.registered({ kinds: [kindOf(lwm2m, { lifetime: 86_400 })], send: { every: 30, format }, ...more });
/** Names and seconds of the records of a pack. */
const recordsOf = (pack: Pack | undefined): [string, number][] =>
  (JSON.parse(pack?.text ?? '[]') as { n: string; t: number }[]).map(({ n, t }) => [n, t - START]);
const timesOf = (pack: Pack | undefined): number[] => [...new Set(recordsOf(pack).map(([, time]) => time))];

describe('a device that sends', () => {
  it('sends to /dp each interval what its sensors measured three times, with the times', () => {
    const bench = sender();
    bench.pass(29);
    expect(bench.sends).toEqual([]);
    bench.pass(1);
    expect(bench.sends).toMatchObject([{ path: '/dp', format: 110 }]);
    expect(recordsOf(bench.sends[0])).toEqual([
      ...[10, 20, 30].flatMap((time) => ['/3/0/9', '/3303/0/5700'].map((name) => [name, time])),
    ]);
    bench.answerSend(Code.CHANGED);
    expect(bench.events).toEqual([{ type: 'sent' }]);
    bench.pass(30);
    expect(timesOf(bench.sends[1])).toEqual([40, 50, 60]);
  });

  it('sends what was measured then, not what is measured now', () => {
    const bench = sender();
    const measured: string[] = [];
    for (let round = 0; round < 3; round += 1) {
      bench.pass(10);
      measured.push(bench.read('/3303/0/5700'));
    }
    const values = (JSON.parse(bench.sends[0]?.text ?? '') as { n: string; v: number }[]).filter(
      ({ n }) => n === '/3303/0/5700',
    );
    expect(values.map(({ v }) => v)).toEqual(measured.map(Number));
    expect(new Set(measured).size).toBeGreaterThan(1);
  });

  it.each([
    ['senml-cbor', '1.1', 112, 3],
    ['lwm2m-cbor', '1.2', 11544, 1],
    ['lwm2m-cbor', '1.1', 112, 3],
  ] as const)('in %s on a device of %s: format %d, values of %d moments', (format, lwm2m, number, moments) => {
    const bench = sender(lwm2m, format);
    bench.pass(30);
    const [pack] = bench.sends;
    expect(pack?.format).toBe(number);
    const nodes = decodePack(number, pack?.payload ?? new Uint8Array(), kindOf(lwm2m).model);
    expect(nodes.filter(({ path }) => path[0] === 3303)).toHaveLength(moments);
    expect(nodes.every(({ time }) => (time === undefined) === (moments === 1))).toBe(true);
  });

  it('sends nothing while /1/0/23 is true or not there, and measures anew when it is false again', () => {
    const bench = sender();
    bench.write('/1/0/23', '1');
    bench.pass(65);
    expect(bench.sends).toEqual([]);
    bench.write('/1/0/23', '0');
    bench.pass(25);
    expect(timesOf(bench.sends[0])).toEqual([70, 80, 90]);
    bench.answerSend(Code.CHANGED);
    const replace = '[{"n":"/1/0/1","v":300},{"n":"/1/0/6","vb":true},{"n":"/1/0/7","vs":"U"}]';
    expect(bench.ask({ code: Code.PUT, path: '/1/0', format: 110, payload: replace })?.code).toBe('2.04');
    expect(bench.ask({ code: Code.GET, path: '/1/0/23' })?.code).toBe('4.04');
    bench.answer(Code.CHANGED);
    bench.pass(100);
    expect(bench.sends).toHaveLength(1);
  });

  it('sends again what got no answer, with what was measured since', () => {
    const bench = sender();
    bench.pass(30);
    bench.pass(5);
    bench.failSend();
    expect(bench.events).toEqual([{ type: 'sendUnanswered', reason: 'timeout' }]);
    bench.pass(25);
    expect(timesOf(bench.sends[1])).toEqual([10, 20, 30, 40, 50, 60]);
    bench.answerSend(Code.CHANGED);
    bench.pass(30);
    expect(timesOf(bench.sends[2])).toEqual([70, 80, 90]);
  });

  it('keeps no more than the newest 30 moments while nobody answers', () => {
    const bench = sender();
    for (let round = 0; round < 20; round += 1) {
      bench.pass(30);
      bench.failSend();
    }
    bench.pass(30);
    expect(timesOf(bench.sends.at(-1))).toHaveLength(30);
    expect(timesOf(bench.sends.at(-1)).at(-1)).toBe(630);
  });

  it('has of one second one value, however often it sends', () => {
    const bench = sender('1.1', 'senml-json', { send: { every: 1, format: 'senml-json' } });
    bench.pass(1);
    expect(timesOf(bench.sends[0])).toEqual([0, 1]);
    expect(recordsOf(bench.sends[0])).toHaveLength(4);
  });

  it('gives up what was refused', () => {
    const bench = sender();
    bench.pass(30);
    bench.answerSend(Code.NOT_FOUND);
    expect(bench.events).toEqual([{ type: 'sendRefused', code: Code.NOT_FOUND, detail: 'Not Found' }]);
    bench.pass(30);
    expect(timesOf(bench.sends[1])).toEqual([40, 50, 60]);
  });

  it('has one Send on its way at a time', () => {
    const bench = sender();
    bench.pass(200);
    expect(bench.sends).toHaveLength(1);
    bench.answerSend(Code.CHANGED);
    bench.pass(0);
    expect(timesOf(bench.sends[1])).toEqual([
      40, 50, 60, 70, 80, 90, 100, 110, 120, 130, 140, 150, 160, 170, 180, 190, 200,
    ]);
  });

  it('sleeps by schedule meanwhile, and sends when it has woken', () => {
    const bench = sender('1.1', 'senml-json', { awakeFor: 3, sleepFor: 100 });
    bench.pass(100);
    expect(bench.sends).toEqual([]);
    bench.answer(Code.CHANGED);
    expect(timesOf(bench.sends[0])).toEqual([10, 20, 30, 40, 50, 60, 70, 80, 90, 100]);
  });

  it('wakes its server for it in queue mode without a schedule: the device listens afterwards', () => {
    const bench = sender('1.1', 'senml-json', { awakeFor: 5 });
    bench.pass(30);
    expect(bench.read('/3/0/0')).toBe('Bellwether');
  });

  it('begins anew with each registration', () => {
    const bench = sender();
    bench.pass(20);
    bench.ask({ code: Code.POST, path: '/3/0/4' });
    bench.pass(5);
    bench.accept();
    bench.pass(29);
    expect(bench.sends).toEqual([]);
    bench.pass(1);
    expect(timesOf(bench.sends[0])).toEqual([35, 45, 55]);
  });

  it('has no Send in 1.0', () => {
    const bench = sender('1.0');
    bench.pass(100);
    expect(bench.sends).toEqual([]);
  });
});
