/** What a script is refused for, given the devices that are to run it. */

import { describe, expect, it } from '@jest/globals';

import { checkScript } from '#simulator';
import type { KindOptions, Step } from '#simulator';

import { kindOf } from './support.js';

function check(
  step: object,
  more: { awakeFor?: number; lwm2m?: '1.0' | '1.1' | '1.2'; kind?: Partial<KindOptions> } = {},
) {
  const { awakeFor, lwm2m = '1.1', kind = {} } = more;
  checkScript({ steps: [step as Step] }, { kinds: [kindOf(lwm2m, kind)], awakeFor, prefix: 'sim-', count: 10 });
}

describe('a script is refused', () => {
  it.each([
    [{ do: 'reboot', for: 5 }, /^step 1 \(reboot\) of the script: reboot is done at once/],
    [{ do: 'offline', jitter: 9, repeat: { every: 5 } }, /jitter 9 must not be more than the 5 seconds/],
    [{ do: 'offline', devices: 11 }, /11 are more than the 10 devices there are/],
    [{ do: 'offline', devices: '200%' }, /200% are more than the 10 devices/],
    [{ do: 'offline', devices: 'dev-*' }, /no device has a name like "dev-\*": they are sim-1 to sim-10/],
    [{ do: 'sleep', every: 60 }, /only devices in queue mode sleep/],
    [{ do: 'firmware', outcome: 'success' }, /the devices have no object 5: they have 1, 3, 4, 6, 7, 3303/],
    [{ do: 'send', paths: [[9]] }, /the devices have no object 9/],
    [{ do: 'send', paths: [[3, 0, 99]] }, /\/3\/0\/99: object 3 has no resource 99 here: it has 0, 1,/],
    [{ do: 'send', paths: [[3]], format: 'lwm2m-cbor' }, /lwm2m-cbor is there from LwM2M 1\.2 on/],
    [{ do: 'value', path: [3, 0], value: 1 }, /\/3\/0 must be the path of a resource or of a resource instance/],
    [{ do: 'value', path: [9, 0, 0], value: 1 }, /no object 9/],
    [{ do: 'value', path: [3, 0, 4], value: 1 }, /what is executed has no value/],
    [{ do: 'value', path: [3, 0, 7], value: 1 }, /\/3\/0\/7 has instances: name one/],
    [{ do: 'value', path: [3, 0, 9, 0], value: 1 }, /\/3\/0\/9\/0 has no instances/],
    [{ do: 'value', path: [3, 0, 9], values: [1, 'full'], every: 5 }, /"full": expected a value of type integer/],
    [{ do: 'value', path: [3, 0, 0], from: 1, to: 2, every: 5 }, /1: expected a value of type string/],
    [{ do: 'update', name: 'mine', for: 1 }, /^step 1 \(mine\)/],
    [{ do: 'fault', fault: { type: 'silence' }, devices: 99 }, /^step 1 \(fault silence\)/],
  ])('%j', (step, words) => {
    expect(() => {
      check(step);
    }).toThrow(words);
  });

  it('for a Send of 1.0, and for a sleep that is none', () => {
    expect(() => {
      check({ do: 'send', paths: [[3]] }, { lwm2m: '1.0' });
    }).toThrow(/LwM2M 1\.0 has no Send/);
    expect(() => {
      check({ do: 'sleep', every: 10 }, { awakeFor: 10 });
    }).toThrow(/every 10 must be more than the 10 seconds it is awake/);
  });

  it.each([
    [{ do: 'sleep', every: 60, awake: 10 }, { awakeFor: 93 }],
    [{ do: 'sleep', awake: 10 }, { awakeFor: 93 }],
    [{ do: 'send', paths: [[3]], format: 'lwm2m-cbor' }, { lwm2m: '1.2' }],
    [{ do: 'firmware', outcome: 'success' }, { kind: { objects: [5] } }],
    [{ do: 'value', path: [3, 0, 13], from: 1e9, to: 2e9, every: 5 }, {}],
    [{ do: 'offline', devices: '*0', jitter: 5, repeat: { every: 5 } }, {}],
  ] as const)('but not for %j with %j', (step, more) => {
    expect(() => {
      check(step, more);
    }).not.toThrow();
  });
});
