/** What a script must keep to so that the devices that are to run it can: whoever makes them asks before any is made. */

import { AppError } from '#base';
import { showPath } from '#lwm2m/model';
import type { JsonScalar, Path } from '#lwm2m/model';

import { chosenCount, isChosen } from './chosen.js';
import { courseScalar } from './course.js';
import type { DeviceKind, ResourceKind } from './kind.js';
import { lasts, stepName } from './script.js';
import type { Act, Script, Step } from './script.js';
import type { DeviceTraits } from './traits.js';

/** Devices that are to run a script. */
export interface Cast extends Pick<DeviceTraits, 'kinds' | 'awakeFor'> {
  readonly prefix: string;
  readonly count: number;
}

/** Throws AppError(`usage`) for a step that these devices cannot carry out: which one, why, and what they can. */
export function checkScript(script: Script, cast: Cast): void {
  for (const [index, step] of script.steps.entries()) {
    const fault = timingFault(step) ?? choiceFault(step, cast) ?? actFault(step, cast);
    if (fault !== undefined) throw new AppError('usage', `${stepName(step, index)} of the script: ${fault}`);
  }
}

function timingFault(step: Step): string | undefined {
  if (step.for !== undefined && !lasts(step)) return `${step.do} is done at once: "for" goes with what lasts`;
  const { jitter = 0, repeat } = step;
  if (repeat === undefined || jitter <= repeat.every) return undefined;
  return `jitter ${jitter} must not be more than the ${repeat.every} seconds after which it is repeated`;
}

function choiceFault({ devices }: Step, { prefix, count }: Cast): string | undefined {
  if (devices === undefined) return undefined;
  const wanted = chosenCount(devices, count);
  if (wanted === undefined) {
    for (let number = 1; number <= count; number += 1)
      if (isChosen(devices, 0, `${prefix}${number}`, { number, count, seed: 0 })) return undefined;
    return `no device has a name like "${devices}": they are ${prefix}1 to ${prefix}${count}`;
  }
  return wanted <= count ? undefined : `${devices} are more than the ${count} devices there are`;
}

function actFault(act: Act, { kinds: [kind], awakeFor }: Cast): string | undefined {
  switch (act.do) {
    case 'value':
      return courseFault(act, kind);
    case 'sleep': {
      if (awakeFor === undefined) return 'only devices in queue mode sleep';
      const { awake = awakeFor, every } = act;
      return every === undefined || every > awake
        ? undefined
        : `every ${every} must be more than the ${awake} seconds it is awake: a device that is woken earlier never sleeps`;
    }
    case 'send': {
      if (kind.lwm2m === '1.0') return 'LwM2M 1.0 has no Send';
      if (act.format === 'lwm2m-cbor' && kind.lwm2m !== '1.2') return 'lwm2m-cbor is there from LwM2M 1.2 on';
      return act.paths.map((path) => placeFault(kind, path)).find((fault) => fault !== undefined);
    }
    case 'firmware':
      return placeFault(kind, [5]);
    case 'fault':
    case 'offline':
    case 'reboot':
    case 'update':
      return undefined;
  }
}

/** Whether devices have no such object or resource; which instances they have may change. */
function placeFault(kind: DeviceKind, path: Path): string | undefined {
  const [object, , resource] = path as [number, number?, number?];
  const known = kind.objects.get(object);
  if (known === undefined)
    return `the devices have no object ${object}: they have ${[...kind.objects.keys()].join(', ')}`;
  if (resource === undefined || known.resources.has(resource)) return undefined;
  const readable = [...known.resources.keys()].join(', ');
  return `${showPath(path)}: object ${object} has no resource ${resource} here: it has ${readable}`;
}

function courseFault(act: Extract<Act, { do: 'value' }>, kind: DeviceKind): string | undefined {
  const [object, , id, instance] = act.path as [number, number?, number?, number?];
  if (id === undefined) return `${showPath(act.path)} must be the path of a resource or of a resource instance`;
  const resource = kind.objects.get(object)?.resources.get(id);
  if (resource === undefined) return placeFault(kind, act.path);
  const { definition } = resource;
  if ((definition.multiple === 'multiple') !== (instance !== undefined))
    return `${showPath(act.path)} ${instance === undefined ? 'has instances: name one' : 'has no instances'}`;
  return valuesOf(act)
    .map((value) => valueFault(resource, value))
    .find((fault) => fault !== undefined);
}

function valuesOf(act: Extract<Act, { do: 'value' }>): readonly JsonScalar[] {
  if ('value' in act) return [act.value];
  return 'values' in act ? act.values : [act.from, act.to];
}

function valueFault({ definition }: ResourceKind, value: JsonScalar): string | undefined {
  const scalar = courseScalar(definition.type, value);
  return 'fault' in scalar ? `${JSON.stringify(value)}: ${scalar.fault}` : undefined;
}
