/** What an object demands: mandatory resources that can be read are there. */

import type { Trial } from './trial.js';
import { isUnder } from './values.js';
import type { FlatValues } from './values.js';

/** Ends the case by a failure when a mandatory resource of an instance has no value among `values`. */
export function checkMandatory(t: Trial, values: FlatValues, instance: string): void {
  const [, object = ''] = instance.split('/');
  const definition = t.device.dialect.model.object(Number(object));
  const there = [...values.keys()];
  for (const { id, mandatory, operations } of definition?.resources.values() ?? []) {
    if (mandatory !== 'mandatory' || !operations.includes('R')) continue;
    const path = `${instance}/${id}`;
    t.require(
      there.some((one) => isUnder(one, path)),
      'mandatoryThere',
      () => `${path} is missing`,
    );
  }
}
