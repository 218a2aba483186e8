/** What a definition's range says, as far as it is in the form `low..high`; everything else is left unchecked. */

import type { ResourceDefinition, Scalar } from '#lwm2m/model';

/** Smallest and largest allowed number, or length in bytes for text and opaque. */
export interface Range {
  readonly low: number;
  readonly high: number;
}

/** The range of a resource; undefined when its definition has none that can be checked. */
export function rangeOf(definition: ResourceDefinition): Range | undefined {
  const match = RANGE.exec(definition.range ?? '');
  if (match === null) return undefined;
  const [low, high] = [Number(match[1]), Number(match[2])];
  const lengths = definition.type === 'string' || definition.type === 'opaque' || definition.type === 'corelnk';
  return low <= high && (lengths || match[3] === undefined) ? { low, high } : undefined;
}

/** Why a value is outside the range of its resource; undefined when it is not. */
export function rangeFault(definition: ResourceDefinition, scalar: Scalar): string | undefined {
  const range = rangeOf(definition);
  if (range === undefined) return undefined;
  const { low, high } = range;
  switch (scalar.type) {
    case 'integer':
    case 'unsigned':
    case 'float':
      return scalar.value < low || scalar.value > high ? `${scalar.value} is outside ${low}..${high}` : undefined;
    case 'string':
    case 'corelnk':
      return lengthFault(Buffer.byteLength(scalar.value), range);
    case 'opaque':
      return lengthFault(scalar.value.length, range);
    default:
      return undefined;
  }
}

function lengthFault(length: number, { low, high }: Range): string | undefined {
  return length < low || length > high ? `${length} bytes, allowed are ${low} to ${high}` : undefined;
}

const RANGE = /^(-?\d+(?:\.\d+)?)\.\.(-?\d+(?:\.\d+)?)( bytes)?$/;
