/** What a simulated device does wrong when it is told to, and that it does nothing else wrong. */

import { describe, expect, it } from '@jest/globals';

import { Code, OptionNumber } from '#coap/codec';
import { parsePath } from '#lwm2m/model';
import type { EnablerVersion, Scalar } from '#lwm2m/model';
import type { Fault, FaultScope, PayloadEdit } from '#simulator';

import { Bench, kindOf } from './support.js';
import type { Asked, BenchOptions, Told } from './support.js';

const JSON_SENML = 110;
const TLV = 11542;

const faulty = (faults: readonly Fault[], lwm2m: EnablerVersion = '1.1', more: BenchOptions = {}): Bench =>
  Bench.registered({ kinds: [kindOf(lwm2m, { objects: [16, 3306], lifetime: 86_400 })], faults, ...more });
const get = (bench: Bench, path: string, more: Partial<Asked> = {}): Told | undefined =>
  bench.ask({ code: Code.GET, path, accept: JSON_SENML, ...more });
const text = (value: string): Scalar => ({ type: 'string', value });
/** Names of the records of a SenML JSON answer, without the base name. */
const namesIn = (told: Told | undefined): string[] =>
  (JSON.parse(told?.text ?? '[]') as { n?: string }[]).map(({ n }) => n ?? '');
const payload = (edit: PayloadEdit, scope: FaultScope = {}): Fault => ({ type: 'payload', edit, ...scope });

describe('a wrong code', () => {
  it('is answered, and what was asked is not done', () => {
    const bench = faulty([{ type: 'answerCode', operation: 'write', path: [3, 0, 14], code: Code.FORBIDDEN }]);
    expect(bench.ask({ code: Code.PUT, path: '/3/0/14', format: 0, payload: '+01:00' })?.code).toBe('4.03');
    expect(bench.read('/3/0/14')).toBe('+00:00');
    bench.write('/3/0/15', 'Europe/Paris');
  });

  it('of success stands in place of a refusal, without doing it', () => {
    const bench = faulty([{ type: 'answerCode', operation: 'write', path: [1, 0, 0], code: Code.CHANGED }]);
    expect(bench.ask({ code: Code.PUT, path: '/1/0/0', format: 0, payload: '123' })).toMatchObject({
      code: '2.04',
      text: '',
    });
    expect(bench.read('/1/0/0')).toBe('1');
  });

  it('of success goes with the content of another one', () => {
    const bench = faulty([{ type: 'answerCode', operation: 'read', code: Code.CHANGED }]);
    expect(get(bench, '/3/0/0')).toMatchObject({ code: '2.04', format: JSON_SENML });
  });

  it.each([
    ['read', { code: Code.GET, path: '/3/0/0' }],
    ['discover', { code: Code.GET, path: '/3/0', accept: 40 }],
    ['write', { code: Code.PUT, path: '/3/0/14', format: 0, payload: 'x' }],
    ['write', { code: Code.POST, path: '/1/0', format: JSON_SENML, payload: '[{"n":"/1/0/5","v":9}]' }],
    ['writeAttributes', { code: Code.PUT, path: '/3/0', query: ['pmin=1'] }],
    ['execute', { code: Code.POST, path: '/3/0/12' }],
    ['create', { code: Code.POST, path: '/16', format: JSON_SENML, payload: '[{"n":"/16/1/0/0","vs":"x"}]' }],
    ['delete', { code: Code.DELETE, path: '/16/0' }],
    ['readComposite', { code: Code.FETCH, path: '/', format: JSON_SENML, payload: '[{"n":"/3/0/0"}]' }],
    ['observeComposite', { code: Code.FETCH, path: '/', format: JSON_SENML, payload: '[{"n":"/3/0/0"}]', observe: 0 }],
    ['cancelObserve', { code: Code.FETCH, path: '/', format: JSON_SENML, payload: '[{"n":"/3/0/0"}]', observe: 1 }],
    ['writeComposite', { code: Code.IPATCH, path: '/', format: JSON_SENML, payload: '[{"n":"/3/0/14","vs":"x"}]' }],
    ['observe', { code: Code.GET, path: '/3/0/0', observe: 0 }],
    ['cancelObserve', { code: Code.GET, path: '/3/0/0', observe: 1 }],
  ] as const)('of %s befalls that operation alone', (operation, asked: Asked) => {
    const right = faulty([]).ask(asked);
    expect(right?.code).toMatch(/^2/);
    expect(faulty([{ type: 'answerCode', operation, code: Code.INTERNAL_SERVER_ERROR }]).ask(asked)).toMatchObject({
      code: '5.00',
      observed: false,
    });
    for (const other of ['read', 'delete', 'notify'] as const) {
      if (other === operation) continue;
      const bench = faulty([{ type: 'answerCode', operation: other, code: Code.INTERNAL_SERVER_ERROR }]);
      expect(bench.ask(asked)).toEqual(right);
    }
  });
});

describe('what a fault befalls', () => {
  const code = Code.INTERNAL_SERVER_ERROR;
  const answers = (scope: FaultScope, asked: readonly Partial<Asked>[]): unknown[] => {
    const bench = faulty([{ type: 'answerCode', code, ...scope }]);
    return asked.map((one) => bench.ask({ code: Code.GET, path: '/3/0/0', ...one })?.code);
  };

  it('is exactly a path, or all at and below one', () => {
    const asked = ['/3', '/3/0', '/3/0/0', '/3/0/1'].map((path) => ({ path }));
    expect(answers({ path: [3, 0] }, asked)).toEqual(['2.05', '5.00', '2.05', '2.05']);
    expect(answers({ under: [3, 0] }, asked)).toEqual(['2.05', '5.00', '5.00', '5.00']);
  });

  it('is what asks for a format, or comes in one', () => {
    const accepts = [{ accept: 110 }, { accept: 112 }, {}];
    expect(answers({ accept: 112 }, accepts)).toEqual(['2.05', '5.00', '2.05']);
    const write = { code: Code.PUT, path: '/3/0/14', payload: '[{"n":"/3/0/14","vs":"x"}]', format: JSON_SENML };
    expect(answers({ contentFormat: 110 }, [write, { ...write, format: 0 }])).toEqual(['5.00', '2.04']);
  });

  it('is so often and then no more', () => {
    expect(answers({ times: 2 }, [{}, {}, {}, {}])).toEqual(['5.00', '5.00', '2.05', '2.05']);
  });

  it('is any of the paths of a composite operation', () => {
    const list = (...paths: string[]): Partial<Asked> => ({
      code: Code.FETCH,
      path: '/',
      format: JSON_SENML,
      payload: JSON.stringify(paths.map((n) => ({ n }))),
    });
    const asked = [list('/1/0/1', '/3/0/0'), list('/1/0/1'), list('/3/0')];
    expect(answers({ path: [3, 0, 0] }, asked)).toEqual(['5.00', '2.05', '2.05']);
    const patch = { code: Code.IPATCH, path: '/', format: JSON_SENML, payload: '[{"n":"/1/0/5","v":9}]' };
    expect(answers({ under: [1, 0] }, [patch, list('/1/0/5')])).toEqual(['5.00', '5.00']);
    expect(answers({ under: [1, 0] }, [{ ...patch, payload: '[' }])).toEqual(['4.00']);
  });
});

describe('a wrong format', () => {
  it('holds the right values in another one, also in one that the device does not speak', () => {
    const tlv = faulty([{ type: 'answerFormat', format: TLV, accept: JSON_SENML }]);
    expect(get(tlv, '/3/0/6')).toMatchObject({ code: '2.05', format: TLV });
    expect(get(tlv, '/3/0/6')?.payload).toEqual(get(faulty([]), '/3/0/6', { accept: TLV })?.payload);
    const json = faulty([{ type: 'answerFormat', format: 11543 }]);
    expect(get(json, '/3/0/16')?.text).toBe('{"bn":"/3/0/","e":[{"n":"16","sv":"U"}]}');
  });

  it('of a composite read, and of notifications', () => {
    const composite = faulty([{ type: 'answerFormat', operation: 'readComposite', format: 112 }]);
    const body = { code: Code.FETCH, path: '/', format: JSON_SENML, payload: '[{"n":"/3/0/16"}]' };
    expect(composite.ask(body)?.format).toBe(112);
    const bench = faulty([{ type: 'answerFormat', operation: 'notify', format: TLV }]);
    bench.observe('/3/0/14', { accept: 0 });
    bench.write('/3/0/14', 'x');
    bench.pass(0);
    expect(bench.notified[0]?.told.format).toBe(TLV);
  });

  it('that cannot carry the values is 4.06', () => {
    expect(get(faulty([{ type: 'answerFormat', format: 0 }]), '/3/0')?.code).toBe('4.06');
  });
});

describe('an option of the answer', () => {
  it('is another, or missing', () => {
    const option = OptionNumber.CONTENT_FORMAT;
    expect(get(faulty([{ type: 'answerOption', option, value: 60 }]), '/3/0/0')).toMatchObject({
      code: '2.05',
      format: 60,
    });
    expect(get(faulty([{ type: 'answerOption', option }]), '/3/0/0')?.format).toBeUndefined();
    const create = { code: Code.POST, path: '/16', format: TLV, payload: Buffer.from('880003410061', 'hex') };
    expect(faulty([]).ask(create)).toMatchObject({ code: '2.01', location: '16/1' });
    const bench = faulty([{ type: 'answerOption', operation: 'create', option: OptionNumber.LOCATION_PATH }]);
    expect(bench.ask(create)).toMatchObject({ code: '2.01', location: '' });
  });
});

describe('changed content', () => {
  it('misses a resource, an instance, a resource instance, or all', () => {
    const without = (path: string): Bench => faulty([payload({ kind: 'without', path: parsePath(path) })]);
    const right = namesIn(get(faulty([]), '/3/0'));
    expect(namesIn(get(without('/3/0/16'), '/3/0'))).toEqual(right.filter((name) => name !== '16'));
    expect(namesIn(get(without('/3/0/6/0'), '/3/0'))).toEqual(right.filter((name) => name !== '6/0'));
    expect(namesIn(get(without('/3/0/6'), '/3'))).toEqual(
      right.filter((name) => !name.startsWith('6/')).map((name) => `0/${name}`),
    );
    expect(get(without('/3/0'), '/3')?.text).toBe('[]');
    expect(get(without('/3/0/0'), '/3/0/0')?.code).toBe('4.04');
    expect(get(without('/3/0/0'), '/3/0/1')?.code).toBe('2.05');
  });

  it('has a wrong value, one more, or one of a wrong type', () => {
    const withValue = (path: string, value: Scalar): Bench =>
      faulty([payload({ kind: 'with', path: parsePath(path), value })]);
    expect(withValue('/3/0/0', text('else')).read('/3/0/0')).toBe('else');
    expect(namesIn(get(withValue('/3/0/99', text('more')), '/3/0'))).toContain('99');
    expect(namesIn(get(withValue('/3/7/0', text('more')), '/3'))).toContain('7/0');
    expect(namesIn(get(withValue('/3/0/6/9', { type: 'integer', value: 3 }), '/3/0/6'))).toEqual(['6/0', '6/1', '6/9']);
    expect(get(withValue('/3/0/9', text('full')), '/3/0/9')?.text).toBe('[{"bn":"/3/0/","n":"9","vs":"full"}]');
  });

  it('has a wrong one in place of a certain value alone', () => {
    const over = (path: string, value: Scalar): Bench =>
      faulty([payload({ kind: 'with', path: parsePath(path), value: text('else'), over: value })]);
    expect(over('/3/0/0', text('Bellwether')).read('/3/0/0')).toBe('else');
    expect(over('/3/0/0', text('other')).read('/3/0/0')).toBe('Bellwether');
    expect(get(over('/3/0/16', text('U')), '/3/0')?.text).toContain('"n":"16","vs":"else"');
    expect(get(over('/3/0/16', text('UQ')), '/3/0')?.text).toContain('"n":"16","vs":"U"');
    expect(get(over('/3/0/6/1', { type: 'integer', value: 5 }), '/3/0')?.text).toContain('"n":"6/1","vs":"else"');
    expect(get(over('/3/0/99', text('U')), '/3/0')?.text).not.toContain('else');
  });

  it('of a composite read misses a path, or has one that was not asked for', () => {
    const body = { code: Code.FETCH, path: '/', format: JSON_SENML, payload: '[{"n":"/3/0/16"},{"n":"/1/0/1"}]' };
    const missing = faulty([payload({ kind: 'without', path: [3, 0, 16] }, { operation: 'readComposite' })]);
    expect(namesIn(missing.ask(body))).toEqual(['/1/0/1']);
    const stray = faulty([payload({ kind: 'with', path: [4, 0, 0], value: { type: 'integer', value: 41 } })]);
    expect(namesIn(stray.ask(body))).toEqual(['/3/0/16', '/1/0/1', '/4/0/0']);
  });

  it('of a notification', () => {
    const bench = faulty([payload({ kind: 'with', path: [3, 0, 14], value: text('no') }, { operation: 'notify' })]);
    bench.observe('/3/0/14', { accept: 0 });
    bench.write('/3/0/14', '+01:00');
    bench.pass(0);
    expect(bench.notified[0]?.told.text).toBe('no');
    expect(bench.read('/3/0/14')).toBe('+01:00');
  });

  it('of a Discover misses a link or attributes, or has a link too many', () => {
    const discover = (edit: PayloadEdit): string => {
      const bench = faulty([payload(edit, { operation: 'discover' })]);
      bench.attach('/3/0/7', 'gt=50', 'lt=42.2');
      return get(bench, '/3/0/7', { accept: 40 })?.text ?? '';
    };
    expect(discover({ kind: 'cut', bytes: 0 })).toBe('</3/0/7>;dim=2;gt=50;lt=42.2,</3/0/7/0>,</3/0/7/1>');
    expect(discover({ kind: 'withoutAttributes' })).toBe('</3/0/7>,</3/0/7/0>,</3/0/7/1>');
    expect(discover({ kind: 'withoutAttributes', names: ['gt', 'dim'] })).toBe(
      '</3/0/7>;lt=42.2,</3/0/7/0>,</3/0/7/1>',
    );
    expect(discover({ kind: 'withoutAttributes', path: [3, 0, 6] })).toContain(';gt=50');
    expect(discover({ kind: 'without', path: [3, 0, 7, 1] })).toBe('</3/0/7>;dim=2;gt=50;lt=42.2,</3/0/7/0>');
    expect(discover({ kind: 'withLink', link: '</3/0/99>' })).toContain(',</3/0/99>');
  });

  it('ends early, or is something else', () => {
    expect(get(faulty([payload({ kind: 'cut', bytes: 1 })]), '/3/0/16')?.text).toBe(
      '[{"bn":"/3/0/","n":"16","vs":"U"}',
    );
    const bytes = Uint8Array.of(0xff);
    expect(get(faulty([payload({ kind: 'bytes', bytes })]), '/3/0/16')?.payload).toEqual(bytes);
  });
});

describe('nothing happens', () => {
  it('although it is answered as done', () => {
    const bench = faulty([{ type: 'noEffect' }]);
    const done = (asked: Asked): string | undefined => bench.ask(asked)?.code;
    expect(done({ code: Code.PUT, path: '/3/0/14', format: 0, payload: 'x' })).toBe('2.04');
    expect(done({ code: Code.PUT, path: '/3/0', query: ['pmin=5'] })).toBe('2.04');
    expect(done({ code: Code.POST, path: '/1/0/8' })).toBe('2.04');
    expect(done({ code: Code.POST, path: '/16', format: JSON_SENML, payload: '[{"n":"/16/1/0/0","vs":"x"}]' })).toBe(
      '2.01',
    );
    expect(done({ code: Code.DELETE, path: '/16/0' })).toBe('2.02');
    expect(done({ code: Code.IPATCH, path: '/', format: JSON_SENML, payload: '[{"n":"/1/0/1","v":9}]' })).toBe('2.04');
    expect(bench.said).toEqual([]);
    expect(bench.read('/3/0/14')).toBe('+00:00');
    expect(bench.read('/1/0/1')).toBe('86400');
    expect(get(bench, '/3/0', { accept: 40 })?.text.split(',')[0]).toBe('</3/0>');
    expect(get(bench, '/16/0')?.code).toBe('2.05');
    expect(get(bench, '/16/1')?.code).toBe('4.04');
  });

  it('and nothing is answered either', () => {
    const bench = faulty([{ type: 'silence', under: [3, 0, 0] }]);
    expect(get(bench, '/3/0/0')).toBeUndefined();
    expect(get(bench, '/3/0/1')?.code).toBe('2.05');
  });

  it('when it is not announced', () => {
    const bench = faulty([{ type: 'noUpdate' }]);
    bench.write('/1/0/1', '60');
    bench.ask({ code: Code.DELETE, path: '/16/0' });
    expect(bench.said).toEqual([]);
    bench.ask({ code: Code.POST, path: '/1/0/8' });
    expect(bench.said).toHaveLength(1);
  });
});

describe('a late answer', () => {
  it('comes so many seconds later, to what holds then, and the device answers others meanwhile', () => {
    const bench = faulty([{ type: 'late', seconds: 5, path: [3, 0, 14] }]);
    expect(bench.ask({ code: Code.GET, path: '/3/0/14', accept: 0 })).toBeUndefined();
    expect(bench.order.at(-1)).not.toBe('ignore');
    expect(bench.read('/3/0/15')).toBe('Etc/UTC');
    bench.pass(4.9);
    expect(bench.lastAnswer?.text).toBe('Etc/UTC');
    bench.pass(0.1);
    expect(bench.lastAnswer?.text).toBe('+00:00');
  });

  it('is none after a reboot', () => {
    const bench = faulty([{ type: 'late', seconds: 5, path: [3, 0, 14] }]);
    bench.ask({ code: Code.GET, path: '/3/0/14', accept: 0 });
    bench.ask({ code: Code.POST, path: '/3/0/4' });
    const answers = bench.order.filter((type) => type === 'answer').length;
    bench.pass(10);
    expect(bench.order.filter((type) => type === 'answer')).toHaveLength(answers);
  });
});

describe('notifications', () => {
  const moments = (bench: Bench): number[] => bench.notified.map(({ at }) => at);

  it('come too early when pmin is not heeded', () => {
    const bench = faulty([{ type: 'attributes', under: [3, 0, 14], instead: { pmin: 0 } }]);
    bench.attach('/3/0/14', 'pmin=30', 'pmax=60');
    bench.observe('/3/0/14');
    bench.write('/3/0/14', 'x');
    bench.pass(20);
    expect(moments(bench)).toEqual([0]);
  });

  it('do not come at pmax, or come more often', () => {
    const observed = (pmax: number): number[] => {
      const bench = faulty([{ type: 'attributes', instead: { pmax } }]);
      bench.attach('/3/0/16', 'pmin=5', 'pmax=15');
      bench.observe('/3/0/16');
      bench.pass(40);
      return moments(bench);
    };
    expect(observed(0)).toEqual([]);
    expect(observed(5)).toEqual([5, 10, 15, 20, 25, 30, 35, 40]);
    expect(observed(15)).toEqual([15, 30]);
  });

  it('do not come at all, or end with an error', () => {
    const silent = faulty([{ type: 'silence', operation: 'notify', path: [3, 0, 14] }]);
    silent.observe('/3/0/14');
    silent.observe('/3/0/15');
    silent.write('/3/0/14', 'x');
    silent.write('/3/0/15', 'y');
    silent.pass(1);
    expect(silent.notified.map(({ relation }) => relation)).toEqual([2]);
    const ending = faulty([{ type: 'answerCode', operation: 'notify', code: Code.INTERNAL_SERVER_ERROR }]);
    ending.observe('/3/0/14');
    for (const value of ['x', 'y']) {
      ending.write('/3/0/14', value);
      ending.pass(1);
    }
    expect(ending.notified.map(({ told }) => [told.code, told.observed])).toEqual([['5.00', false]]);
  });

  it('do not come when the observation is answered as a read', () => {
    const bench = faulty([{ type: 'notObserved', path: [3, 0, 14] }]);
    expect(bench.ask({ code: Code.GET, path: '/3/0/14', observe: 0 })).toMatchObject({ code: '2.05', observed: false });
    expect(bench.ask({ code: Code.GET, path: '/3/0/15', observe: 0 })?.observed).toBe(true);
  });
});

describe('a registration', () => {
  it('misses a parameter, or has a wrong one', () => {
    const query = (...faults: Fault[]): readonly string[] => {
      const bench = new Bench({ faults });
      bench.device.start(bench.now);
      bench.drain();
      return bench.said[0]?.query ?? [];
    };
    expect(query({ type: 'registerQuery', name: 'lt' })).toEqual(['ep=sim-1', 'lwm2m=1.1', 'b=U']);
    expect(query({ type: 'registerQuery', name: 'b', value: 'X' })).toEqual(['ep=sim-1', 'lt=300', 'lwm2m=1.1', 'b=X']);
  });

  it('has a wrong parameter in its Updates alone', () => {
    const bench = faulty([{ type: 'registerQuery', name: 'lt', value: '7', on: 'update' }]);
    bench.ask({ code: Code.POST, path: '/1/0/8' });
    expect(bench.said.map(({ query }) => query)).toEqual([['lt=7']]);
    bench.answer(Code.NOT_FOUND);
    expect(bench.said.at(-1)?.query).toContain('lt=86400');
    bench.accept();
    bench.device.stop(bench.now);
    bench.drain();
    expect(bench.said.at(-1)).toMatchObject({ code: Code.DELETE, query: [] });
  });

  it('begins anew with each of the reboots that come by themselves', () => {
    const bench = faulty([{ type: 'reboot', after: 60 }]);
    bench.pass(61);
    expect(bench.events).toEqual([{ type: 'rebooting' }]);
    expect(bench.said).toMatchObject([{ path: '/rd' }]);
    bench.accept();
    bench.pass(60);
    expect(bench.events.filter(({ type }) => type === 'rebooting')).toHaveLength(2);
    bench.device.stop(bench.now);
    bench.pass(600);
    expect(bench.events.filter(({ type }) => type === 'rebooting')).toHaveLength(2);
  });
});

describe('a Send', () => {
  const sending = (fault: Fault): Bench => faulty([fault], '1.1', { send: { every: 10, format: 'senml-json' } });

  it('comes although it is muted', () => {
    const bench = sending({ type: 'unmuted' });
    bench.write('/1/0/23', '1');
    bench.pass(10);
    expect(bench.sends).toHaveLength(1);
  });

  it('does not come, misses a value, or has one too many', () => {
    const names = (fault: Fault): (string | undefined)[] => {
      const bench = sending(fault);
      bench.pass(10);
      return [...new Set((JSON.parse(bench.sends[0]?.text ?? '[]') as { n: string }[]).map(({ n }) => n))];
    };
    expect(names({ type: 'silence', operation: 'notify' })).toEqual(['/3/0/9', '/3303/0/5700']);
    expect(names({ type: 'silence', operation: 'send' })).toEqual([]);
    expect(names(payload({ kind: 'without', path: [3, 0, 9] }, { operation: 'send' }))).toEqual(['/3303/0/5700']);
    const value = text('more');
    expect(names(payload({ kind: 'with', path: [9999, 0, 1], value }, { operation: 'send' }))).toContain('/9999/0/1');
  });

  it('has a wrong option, or ends early', () => {
    const sent = (fault: Fault): unknown[] => {
      const bench = sending(fault);
      bench.pass(10);
      return [bench.sends[0]?.format, bench.sends[0]?.text.at(-1)];
    };
    expect(sent({ type: 'answerOption', option: 12, value: 0 })).toEqual([0, ']']);
    expect(sent({ type: 'answerOption', option: 12, value: 0, operation: 'read' })).toEqual([110, ']']);
    expect(sent(payload({ kind: 'cut', bytes: 1 }, { operation: 'send' }))).toEqual([110, '}']);
  });
});
