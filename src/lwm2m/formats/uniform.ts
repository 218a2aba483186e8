/**
 * The instances of a resource have one type (LwM2M-Core 1.1.1 §7.2.1). Where no definition names it, numbers on the wire may
 * look different (1 and 2.5); here they are brought to the one type that holds them all without loss.
 */

import { DecodeError } from '#base';
import { showPath } from '#lwm2m/model';
import type { Path, Scalar } from '#lwm2m/model';

/** Adds the value of a resource instance so that all of `values` keep one type. Throws DecodeError(`mixed_types`). */
export function addUniform(values: Map<number, Scalar>, path: Path, scalar: Scalar): void {
  const id = path[3] as number;
  const first = firstOf(values);
  if (first === undefined || first.type === scalar.type) {
    values.set(id, scalar);
    return;
  }
  const type = commonType(first.type, scalar.type);
  if (type === undefined) throw mixed(path);
  for (const [known, value] of values) if (value.type !== type) values.set(known, convert(value, type, path));
  values.set(id, scalar.type === type ? scalar : convert(scalar, type, path));
}

function firstOf(values: ReadonlyMap<number, Scalar>): Scalar | undefined {
  for (const value of values.values()) return value;
  return undefined;
}

function commonType(left: Scalar['type'], right: Scalar['type']): 'float' | 'unsigned' | undefined {
  if (!NUMERIC.has(left) || !NUMERIC.has(right)) return undefined;
  return left === 'float' || right === 'float' ? 'float' : 'unsigned';
}

function convert(scalar: Scalar, type: 'float' | 'unsigned', path: Path): Scalar {
  const { value } = scalar;
  if (type === 'float' && typeof value === 'number') return { type, value };
  if (type === 'unsigned' && (typeof value === 'number' || typeof value === 'bigint') && value >= 0) {
    return { type, value };
  }
  throw mixed(path);
}

function mixed(path: Path): DecodeError {
  return new DecodeError('mixed_types', `the instances of ${showPath(path.slice(0, 3))} have different types`);
}

const NUMERIC: ReadonlySet<Scalar['type']> = new Set<Scalar['type']>(['integer', 'unsigned', 'float']);
