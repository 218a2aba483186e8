/** The values that a step of a script gives to a resource, one after the other. */

import { scalarFromJson } from '#lwm2m/model';
import type { JsonScalar, ResourceNode, ResourceType, ScalarFault, Scalar } from '#lwm2m/model';

import type { Course } from './script.js';
import { fractionOf } from './seed.js';

/** The value of a course that comes after `count` others. */
export function courseValue(course: Course, count: number, seed: number): JsonScalar {
  if ('value' in course) return course.value;
  if ('values' in course) return course.values[count % course.values.length] ?? '';
  const { from, to, by } = course;
  if (by === undefined) return rounded(from + (to - from) * fractionOf(seed, count));
  const places = Math.floor(rounded(Math.abs(to - from) / by)) + 1;
  return rounded(from + Math.sign(to - from) * by * (count % places));
}

/** A value of a course as the type of its resource has it; a number takes the whole number next to it where it must be whole. */
export function courseScalar(type: ResourceType | 'none', value: JsonScalar): Scalar | ScalarFault {
  if (type === 'none') return { fault: 'what is executed has no value' };
  const whole = typeof value === 'number' && (type === 'integer' || type === 'unsigned' || type === 'time');
  if (whole && type === 'time') return { type, value: Math.round(value) };
  return scalarFromJson(type, whole ? Math.round(value) : value);
}

/** A resource with a value put at an id of its instances, or (undefined) as its one value. */
export function planted(before: ResourceNode | undefined, id: number | undefined, value: Scalar): ResourceNode {
  if (id === undefined) return { kind: 'single', value };
  return { kind: 'multiple', values: new Map([...(before?.kind === 'multiple' ? before.values : []), [id, value]]) };
}

/** Without the noise of binary fractions. */
function rounded(value: number): number {
  return Number(value.toPrecision(DIGITS));
}

const DIGITS = 9;
