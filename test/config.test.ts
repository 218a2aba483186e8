/** The settings of the server: where they come from, what is refused and in which words, and that each of them is used. */

import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';

import { describe, expect, it } from '@jest/globals';

import { AppError } from '#base';

import { camel, readConfig, shownSettings, variableOf, type Config, type Sources } from '../src/config.js';
import { SETTINGS, type Setting } from '../src/settings.js';

const read = (sources: Partial<Sources>): Config => readConfig({ flags: {}, environment: {}, ...sources });

/** The faults of a configuration that must be refused, as lines. */
function faultsOf(sources: Partial<Sources>): readonly string[] {
  try {
    read(sources);
  } catch (error) {
    if (error instanceof AppError && error.code === 'bad_configuration')
      return error.message
        .split('\n')
        .slice(1)
        .map((line) => line.trim());
    throw error;
  }
  throw new Error('the configuration was accepted');
}

/** A value of the row other than its default, as a flag, in a variable and in a file. */
function another(row: Setting): { flag: unknown; variable: string; file: unknown; shown: unknown } {
  const plain = (value: string | number): ReturnType<typeof another> => ({
    flag: String(value),
    variable: String(value),
    file: value,
    shown: value,
  });
  switch (row.kind) {
    case 'flag':
      return { flag: true, variable: 'true', file: true, shown: true };
    case 'choice':
      return plain(row.choices?.find((choice) => choice !== row.initial) as string);
    case 'count':
    case 'number':
      // What the endpoint keeps of a peer may not be less than what is wanted of a device.
      if (row.flag === 'coap-observations-per-peer') return plain(row.max as number);
      // The block size has to be a power of two, and the usual deadline not beyond the furthest: both bounds are.
      return plain(row.initial === row.min ? (row.max as number) : (row.min as number));
    case 'text':
      return plain(row.flag === 'http' ? 'localhost:0' : './elsewhere');
    case 'list': {
      const items = LISTS[row.flag] ?? ['a', 'b'];
      return { flag: items, variable: items.join(','), file: items, shown: items };
    }
  }
}

const LISTS: Readonly<Record<string, readonly string[]>> = {
  coap: ['[::1]:0', '127.0.0.2:7'],
  coaps: ['[::1]:0', '127.0.0.2:7'],
  'read-after-registration': ['/3/0', '/1'],
  'dtls-suites': ['TLS_PSK_WITH_AES_128_GCM_SHA256', 'TLS_PSK_WITH_AES_128_CCM_8'],
};

const VALUES = SETTINGS.map((row): [string, Setting] => [row.flag, row]).filter(
  ([flag]) => flag !== 'operation-deadline-max' && flag !== 'coaps-chain',
);

describe('a setting', () => {
  it.each(VALUES)('%s is read from its flag, its variable and its key in the file', (flag, row) => {
    const value = another(row);
    const key = camel(flag);
    expect(value.shown).not.toEqual(row.initial);
    expect(read({}).shown[key]).toEqual(row.initial);
    expect(read({ flags: { [flag]: value.flag } }).shown[key]).toEqual(value.shown);
    expect(read({ environment: { [variableOf(flag)]: value.variable } }).shown[key]).toEqual(value.shown);
    expect(read({ file: { name: 'x.yaml', content: { [key]: value.file } } }).shown[key]).toEqual(value.shown);
  });

  it('given as a flag goes over the variable, and the variable over the file', () => {
    const file = { name: 'x.yaml', content: { lifetimeGrace: 1, awakeWindow: 1, operationQueue: 1 } };
    const environment = { BELLWETHER_LIFETIME_GRACE: '2', BELLWETHER_AWAKE_WINDOW: '2' };
    const { numbers } = read({ flags: { 'lifetime-grace': '3' }, environment, file });
    expect(numbers).toMatchObject({ lifetimeGrace: 3, awakeWindow: 2, operationQueue: 1, operationDays: 30 });
  });

  const bounded = SETTINGS.filter(({ kind }) => kind === 'number' || kind === 'count');
  it.each(bounded.map((row): [string, Setting] => [row.flag, row]))(
    '%s keeps its bounds',
    (flag, { kind, min, max }) => {
      const whole = kind === 'count' ? 'whole ' : '';
      for (const value of [String((min as number) - 1), String((max as number) + 1), 'many', '', '1e3', true, null]) {
        const lines = faultsOf({ flags: { [flag]: value } });
        expect(lines[0]).toBe(
          `--${flag}: must be a ${whole}number from ${min} to ${max}, not ${JSON.stringify(value)}`,
        );
      }
      expect(() => read({ file: { name: 'x', content: { [camel(flag)]: NaN } } })).toThrow(AppError);
      if (kind === 'count')
        expect(() => read({ flags: { [flag]: String((min as number) + 0.5) } })).toThrow(/whole number/);
    },
  );

  it('that is wrong is named where it was given, with what is allowed and what was found, all at once', () => {
    const faults = faultsOf({
      flags: { http: 'nowhere', 'log-level': 'loud', data: '' },
      environment: { BELLWETHER_COAP_OPEN: 'maybe', BELLWETHER_COAP: '127.0.0.1:1,localhost:5683' },
      file: { name: 'x.yaml', content: { objects: [3], readAfterRegistration: '3/0', awakeWindow: 'x' } },
    });
    expect(faults).toEqual([
      '--data: must be a text, not ""',
      'BELLWETHER_COAP_OPEN: must be true or false, not "maybe"',
      'x.yaml: objects: must be a list of texts, not [3]',
      '--log-level: must be one of error, warn, info, debug, not "loud"',
      'x.yaml: awakeWindow: must be a number from 1 to 31536000, not "x"',
      '--http: must be HOST:PORT or [IPv6]:PORT with a port from 0 to 65535, not "nowhere"',
      'BELLWETHER_COAP: must be an address such as 127.0.0.1:5683, 0.0.0.0:5683 or [::]:5683, with a port from 0 to 65535, not "localhost:5683"',
      expect.stringMatching(/^x\.yaml: readAfterRegistration: "3\/0" is not a path: expected \/object/),
    ]);
  });

  it.each([
    '',
    '5683',
    '127.0.0.1',
    '127.0.0.1:65536',
    '::1:5683',
    '[127.0.0.1:5683',
    '127.0.0.256:1',
    '[::1::]:1',
    '[1.2.3]:1',
    'x y:1',
  ])('coap does not take %j as a place to listen on', (address) => {
    expect(() => read({ flags: { coap: [address] } })).toThrow(/--coap: must be/);
  });

  it('coap needs one listener at least', () => {
    expect(faultsOf({ file: { name: 'x.yaml', content: { coap: [] } } })).toEqual([
      'x.yaml: coap: at least one listener is needed',
    ]);
  });

  it.each(['100', '1023', '48'])('coap-block-size is a power of two, not %s', (size) => {
    expect(faultsOf({ flags: { 'coap-block-size': size } })).toEqual([
      `--coap-block-size: must be 16, 32, 64, 128, 256, 512 or 1024, not ${size}`,
    ]);
  });

  it('operation-deadline is within operation-deadline-max', () => {
    expect(faultsOf({ flags: { 'operation-deadline-max': '60' } })).toEqual([
      '--operation-deadline: must not be more than operation-deadline-max, which is 60; it is 86400',
    ]);
    expect(read({ flags: { 'operation-deadline-max': '60', 'operation-deadline': '60' } }).numbers).toMatchObject({
      operationDeadlineMax: 60,
    });
  });

  it('that no row names is refused, in the file and as a variable, with the nearest name', () => {
    const content = { datta: 'x', 'lifetime-grace': 5, whatever: 1 };
    const environment = {
      BELLWETHER_LIFETIMEGRACE: '5',
      BELLWETHER_X: '',
      PATH: '/bin',
      BELLWETHER_TEST_REGISTRY: 'r',
    };
    expect(faultsOf({ file: { name: 'x.yaml', content }, environment })).toEqual([
      'x.yaml: datta: no such setting; did you mean data?',
      'x.yaml: lifetime-grace: no such setting; did you mean lifetimeGrace?',
      'x.yaml: whatever: no such setting; `bellwether serve --help` lists all',
      'BELLWETHER_LIFETIMEGRACE: no such setting; did you mean BELLWETHER_LIFETIME_GRACE?',
      'BELLWETHER_X: no such setting; `bellwether serve --help` lists all',
    ]);
  });

  it.each([[['a', 'b']], ['a text'], [5]])('is not found in a file that holds %j', (content) => {
    expect(faultsOf({ file: { name: 'x.yaml', content } })).toEqual([
      'x.yaml: must hold settings, one `key: value` a line',
    ]);
  });

  it.each([undefined, null, {}])('has its default when the file holds %j', (content) => {
    expect(read({ file: { name: 'x.yaml', content } }).shown).toEqual(read({}).shown);
  });

  it('is found by a name that no other has', () => {
    for (const name of [
      (row: Setting) => row.flag,
      (row: Setting) => camel(row.flag),
      (row: Setting) => variableOf(row.flag),
    ])
      expect(new Set(SETTINGS.map(name)).size).toBe(SETTINGS.length);
  });

  it('is used by the composition root, or is a parameter that the endpoint uses', () => {
    const root = readFileSync('src/server.ts', 'utf8') + readFileSync('src/cli/commands/serve.ts', 'utf8');
    const endpoint = readdirSync('src/coap/endpoint')
      .filter((name) => name !== 'parameters.ts')
      .map((name) => readFileSync(join('src/coap/endpoint', name), 'utf8'))
      .join('');
    const offer = readFileSync('src/secure-offer.ts', 'utf8');
    const dtls = readFileSync('src/dtls-parameters.ts', 'utf8');
    const isElsewhere = (flag: string): boolean =>
      dtls.includes(`'${flag}'`) || new RegExp(`\\b${camel(flag)}\\b`).test(offer);
    const elsewhere: Readonly<Record<string, string>> = {
      'coap-dual-stack': 'coapStack',
      'coap-open': 'admission',
      'master-key-file': 'masterKey',
    };
    const unused = SETTINGS.filter(({ flag, parameter }) =>
      parameter === undefined
        ? !isElsewhere(flag) && !new RegExp(`config(\\.|, ')${elsewhere[flag] ?? camel(flag)}\\b`).test(root)
        : !new RegExp(`\\b${parameter}\\b`).test(endpoint),
    );
    expect(unused.map((row) => row.flag)).toEqual([]);
  });
});

describe('what is shown of the settings', () => {
  it('gives the same when it is read as a configuration file', () => {
    const flags = { coap: ['[::1]:0', '127.0.0.1:1'], 'coap-open': true, 'lifetime-grace': '0.5', objects: ['a', 'b'] };
    const { shown } = read({ flags });
    expect(read({ file: { name: 'x', content: JSON.parse(JSON.stringify(shown)) } }).shown).toEqual(shown);
    expect(Object.keys(shown)).toEqual(SETTINGS.map((row) => camel(row.flag)));
  });

  it('has stars in place of a secret', () => {
    const row = { flag: 'some-key', kind: 'text', initial: '', help: '', secret: 'secret' } as const;
    expect(shownSettings([row], new Map([['some-key', 'hunter2']]))).toEqual({ someKey: '********' });
  });
});

it('more observations of a device than the endpoint keeps of a peer are refused: it would reset their notifications', () => {
  expect(() => read({ flags: { 'observations-per-device': 600 } })).toThrow(
    'observations-per-device: must be at most what coap-observations-per-peer allows, which is 500',
  );
  expect(() => read({ flags: { 'observations-per-device': 600, 'coap-observations-per-peer': 600 } })).not.toThrow();
});
