/** What executables do to the values of a device (LwM2M-Core 1.1.1 Appendix E), and what they mean for the device as a whole. */

import type { Path } from '#lwm2m/model';

import { Hardware } from './hardware.js';
import { numberAt } from './objects.js';
import type { ObjectTree } from './objects.js';
import { swingOf } from './sensors.js';

/** What came of an Execute. */
export interface Executed {
  /** Where values changed. */
  readonly touched: readonly Path[];
  /** What the device has to do. */
  readonly then: 'disable' | 'update' | 'reboot' | 'install' | undefined;
}

/** Carries out an executable of three ids; one without a meaning here does nothing. */
export function execute(tree: ObjectTree, hardware: Hardware, path: Path): Executed {
  const [object, instance, resource] = path as [number, number, number];
  if (resource === RESET_EXTREMES) return touching(resetExtremes(tree, hardware, object, instance));
  switch (`${object}/${resource}`) {
    case '1/4':
      return { touched: [], then: 'disable' };
    case '1/8':
      return { touched: [], then: 'update' };
    case '3/5':
      tree.reset();
      return { touched: [], then: 'reboot' };
    case '3/4':
      return { touched: [], then: 'reboot' };
    case '3/12':
      hardware.resetErrors();
      return touching([3, 0, 11]);
    case '5/2':
      return { touched: [], then: 'install' };
    case '7/6':
      hardware.startCollecting(numberAt(tree, 7, 0, 8) ?? 0);
      return touching([7, 0]);
    case '7/7':
      hardware.stopCollecting();
      return touching(undefined);
    default:
      return touching(undefined);
  }
}

function touching(path: Path | undefined): Executed {
  return { touched: path === undefined ? [] : [path], then: undefined };
}

/** Forgets what was the least and the most that a sensor measured; its instance when it is one. */
function resetExtremes(tree: ObjectTree, hardware: Hardware, object: number, instance: number): Path | undefined {
  const definition = tree.kind.objects.get(object)?.definition;
  const swing = definition === undefined ? undefined : swingOf(definition);
  if (swing === undefined) return undefined;
  hardware.resetExtremes(Hardware.sensorOf(object, instance), swing);
  return [object, instance];
}

/** Reset Min and Max Measured Values. */
const RESET_EXTREMES = 5605;
