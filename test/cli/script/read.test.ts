/** Scripts in files: what is read from them, and what is said of those that are wrong. */

import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { parse, stringify } from 'yaml';

import { AppError } from '#base';
import { checkScript } from '#simulator';
import type { Fault, Script } from '#simulator';

import { EXAMPLE_SCRIPT } from '../../../src/cli/script/example.js';
import { readScript } from '../../../src/cli/script/read.js';
import { kindOf } from '../../simulator/support.js';

let folder = '';

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'script-'));
});
afterAll(() => {
  rmSync(folder, { recursive: true });
});

function read(content: string | Uint8Array): Script {
  const file = join(folder, 'script.yaml');
  writeFileSync(file, content);
  return readScript(file);
}

function refusalOf(content: string | Uint8Array): AppError {
  try {
    read(content);
  } catch (error) {
    if (error instanceof AppError) return error;
    throw error;
  }
  throw new Error('it is not refused');
}

const fault = (text: string): unknown => {
  const [step] = read(`steps: [{ do: fault, fault: ${text} }]`).steps;
  return step?.do === 'fault' ? step.fault : undefined;
};

describe('a script file', () => {
  it.each<[string, Fault]>([
    ['{ type: answerCode, code: 4.05 }', { type: 'answerCode', code: 0x85 }],
    ['{ type: answerCode, code: 5.00, times: 3 }', { type: 'answerCode', code: 0xa0, times: 3 }],
    ['{ type: answerCode, code: "2.04", chance: 0.5 }', { type: 'answerCode', code: 0x44, chance: 0.5 }],
    ['{ type: answerFormat, format: tlv, accept: senml-json }', { type: 'answerFormat', format: 11542, accept: 110 }],
    ['{ type: answerFormat, format: 60000 }', { type: 'answerFormat', format: 60_000 }],
    ['{ type: answerOption, option: 12, value: 9999 }', { type: 'answerOption', option: 12, value: 9999 }],
    ['{ type: answerOption, option: 8 }', { type: 'answerOption', option: 8 }],
    ['{ type: silence, operation: notify, under: /3 }', { type: 'silence', operation: 'notify', under: [3] }],
    ['{ type: late, seconds: 5, path: /3/0/0 }', { type: 'late', seconds: 5, path: [3, 0, 0] }],
    ['{ type: noEffect, contentFormat: text }', { type: 'noEffect', contentFormat: 0 }],
    ['{ type: notObserved }', { type: 'notObserved' }],
    ['{ type: attributes, instead: { pmin: 0, pmax: 5 } }', { type: 'attributes', instead: { pmin: 0, pmax: 5 } }],
    [
      '{ type: registerQuery, name: lt, value: "7", on: update }',
      { type: 'registerQuery', name: 'lt', value: '7', on: 'update' },
    ],
    ['{ type: noUpdate }', { type: 'noUpdate' }],
    ['{ type: unmuted }', { type: 'unmuted' }],
    ['{ type: reboot, after: 60 }', { type: 'reboot', after: 60 }],
    ['{ type: loseAcks, share: 1, times: 3 }', { type: 'loseAcks', share: 1, times: 3 }],
    [
      '{ type: payload, edit: { kind: without, path: /3/0/6/1 } }',
      { type: 'payload', edit: { kind: 'without', path: [3, 0, 6, 1] } },
    ],
    [
      '{ type: payload, edit: { kind: with, path: /3/0/9, value: { type: string, value: full }, over: { type: integer, value: 9 } } }',
      {
        type: 'payload',
        edit: {
          kind: 'with',
          path: [3, 0, 9],
          value: { type: 'string', value: 'full' },
          over: { type: 'integer', value: 9 },
        },
      },
    ],
    [
      '{ type: payload, edit: { kind: withoutAttributes, names: [dim] } }',
      { type: 'payload', edit: { kind: 'withoutAttributes', names: ['dim'] } },
    ],
    [
      '{ type: payload, edit: { kind: withLink, link: </9> } }',
      { type: 'payload', edit: { kind: 'withLink', link: '</9>' } },
    ],
    ['{ type: payload, edit: { kind: cut, bytes: 1 } }', { type: 'payload', edit: { kind: 'cut', bytes: 1 } }],
    [
      '{ type: payload, edit: { kind: bytes, bytes: ff00 } }',
      { type: 'payload', edit: { kind: 'bytes', bytes: Uint8Array.of(0xff, 0) } },
    ],
  ])('has the fault %s', (text, expected) => {
    expect(fault(text)).toEqual(expected);
  });

  it('has steps in time and by occasion, in YAML and in JSON', () => {
    const text = `
steps:
  - { name: a, at: 1.5, for: 2, repeat: { every: 60, times: 3 }, jitter: 1, chance: 0.5, devices: 20%, do: offline }
  - { on: registered, devices: 3, do: send, paths: [/3/0, /3303/0/5700], format: senml-json }
  - { on: { event: updated, times: 2 }, do: reboot }
  - { on: { operation: read, under: /3, accept: text }, do: update }
  - { do: value, path: /3/0/9, from: 1, to: 9, by: 2, every: 5 }
  - { do: sleep, awake: 5, every: 60 }
  - { do: firmware, outcome: integrity, takes: 5, version: '2' }
`;
    const script: Script = {
      steps: [
        {
          ...{ name: 'a', at: 1.5, for: 2, repeat: { every: 60, times: 3 }, jitter: 1, chance: 0.5, devices: '20%' },
          do: 'offline',
        },
        {
          on: { event: 'registered' },
          devices: 3,
          do: 'send',
          paths: [
            [3, 0],
            [3303, 0, 5700],
          ],
          format: 'senml-json',
        },
        { on: { event: 'updated', times: 2 }, do: 'reboot' },
        { on: { operation: 'read', under: [3], accept: 0 }, do: 'update' },
        { do: 'value', path: [3, 0, 9], from: 1, to: 9, by: 2, every: 5 },
        { do: 'sleep', awake: 5, every: 60 },
        { do: 'firmware', outcome: 'integrity', takes: 5, version: '2' },
      ],
    };
    expect(read(text)).toEqual(script);
    expect(read(JSON.stringify(parse(text)))).toEqual(script);
  });

  it('may be the example, which shows each thing a step does and each fault by name', () => {
    const { steps } = read(EXAMPLE_SCRIPT);
    expect(steps.length).toBeGreaterThan(8);
    checkScript({ steps }, { kinds: [kindOf()], awakeFor: undefined, prefix: 'sim-', count: 1 });
    // What needs other devices stands in comments, with two hashes or one: it is read too.
    const all = read(EXAMPLE_SCRIPT.replaceAll(/^ {2}# {1}(- | {2}\w+: )/gm, '  $1')).steps;
    expect(new Set(all.map((step) => step.do)).size).toBe(8);
    checkScript({ steps: all }, { kinds: [kindOf('1.1', { objects: [5] })], awakeFor: 93, prefix: 'sim-', count: 5 });
  });
});

describe('a script file is refused', () => {
  const step = (text: string): string => `steps: [{ ${text} }]`;

  it.each([
    ['', /script\.yaml: the script must be object/],
    ['steps: []', /\/steps must NOT have fewer than 1 items/],
    ['stepz: [{ do: reboot }]', /\/steps is missing; \/stepz is not known here: allowed are steps$/],
    [step('at: 5'), /\/steps\/0\/do must be one of fault, value, sleep, send, offline, firmware, reboot, update/],
    [step('do: jump'), /\/steps\/0\/do must be one of fault, value,/],
    [step('do: offline, form: 5'), /\/steps\/0\/form is not known here: allowed are do, name, at, on, for, repeat,/],
    [step('do: offline, at: -1'), /\/steps\/0\/at must be >= 0/],
    [step('do: offline, chance: 0'), /\/steps\/0\/chance must be > 0/],
    [step('do: offline, repeat: { times: 5 }'), /\/steps\/0\/repeat\/every is missing/],
    [step('do: offline, on: birthday'), /\/steps\/0\/on must be one of registered, updated,/],
    [step('do: offline, on: { operation: ask }'), /\/steps\/0\/on\/operation must be one of read, discover,/],
    [
      step('do: offline, on: { event: sent, under: /3 }'),
      /\/on\/under is of requests: beside event only times and chance/,
    ],
    [step('do: fault'), /\/steps\/0\/fault is missing/],
    [step('do: fault, fault: { type: tired }'), /\/fault\/type must be one of answerCode, answerFormat, .*, loseAcks$/],
    [step('do: fault, fault: { type: late }'), /\/steps\/0\/fault\/seconds is missing/],
    [
      step('do: fault, fault: { type: late, seconds: 5, share: 1 }'),
      /\/fault\/share is not known here: allowed are type, seconds,/,
    ],
    [
      step('do: fault, fault: { type: answerCode, code: 4.5x }'),
      /\/fault\/code must be a response code such as 2\.05 or 4\.05/,
    ],
    [step('do: fault, fault: { type: answerCode, code: 0.01 }'), /must be a response code/],
    [step('do: fault, fault: { type: silence, under: 3/0 }'), /\/fault\/under must be a path such as \/3\/0\/0/],
    [
      step('do: fault, fault: { type: silence, under: /3/00 }'),
      /\/fault\/under must be a path of ids 0 to 65534 without/,
    ],
    [step('do: send, paths: [/3, /99999]'), /\/steps\/0\/paths must be a path of ids 0 to 65534/],
    [
      step('do: fault, fault: { type: answerFormat, format: 70000 }'),
      /\/format must be a number from 0 to 65535 or one of text,/,
    ],
    [step('do: fault, fault: { type: answerFormat, format: word }'), /\/format must be one of text, link,/],
    [
      step('do: fault, fault: { type: payload, edit: { kind: bytes, bytes: abc } }'),
      /\/edit\/bytes must be bytes in hexadecimal/,
    ],
    [step('do: fault, fault: { type: payload, edit: { kind: tear } }'), /\/edit\/kind must be one of without, with,/],
    [
      step(
        'do: fault, fault: { type: payload, edit: { kind: with, path: /3/0/9, value: { type: integer, value: x } } }',
      ),
      /\/edit\/value is no such value: expected a value of type integer/,
    ],
    [
      step('do: value, path: /3/0/9, from: 1'),
      /\/steps\/0 must have value or values, every or .* beside path, not from$/,
    ],
    [step('do: value, path: /3/0/9'), /\/steps\/0 must have value or .* beside path$/],
    [step('do: firmware, outcome: lost'), /\/outcome must be one of success, storage, memory,/],
    ['a: [', /the script .*script\.yaml is not valid YAML: .*line 1/],
    ['a: 1\n---\na: 2', /holds 2 YAML documents/],
  ])('%s', (text, words) => {
    const error = refusalOf(text);
    expect(error.message).toMatch(words);
    expect(error.code).toBe('usage');
  });

  it('with all that is wrong in it, as far as that can be read', () => {
    const many = stringify({ steps: Array.from({ length: 8 }, () => ({ do: 'offline', at: -1 })) });
    expect(refusalOf(many).message).toMatch(/\/steps\/0\/at .*\/steps\/4\/at must be >= 0; and 3 more$/);
  });

  it('when it is no text, or is not there', () => {
    expect(refusalOf(Uint8Array.of(0xff, 0xfe)).message).toMatch(/is not UTF-8 text/);
    expect(() => readScript(join(folder, 'nothing.yaml'))).toThrow(/the script .*nothing\.yaml cannot be read: ENOENT/);
  });
});
