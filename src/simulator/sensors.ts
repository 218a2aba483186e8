/** What the sensor objects 3300 to 3350 measure: unit and range, so that values look like what they stand for. */

import type { ObjectDefinition } from '#lwm2m/model';

import type { Swing } from './hardware.js';

/** One kind of sensor. */
export interface Sensor extends Swing {
  /** SenML unit (RFC 8428 §12.1), as resource 5701 tells it. */
  readonly units: string;
  /** What it can measure at all (5603, 5604). */
  readonly from: number;
  readonly to: number;
}

/** The sensor that an object with resource 5700 is; undefined for other objects. */
export function sensorOf(object: ObjectDefinition): Sensor | undefined {
  const known = SENSORS.get(object.id);
  if (known !== undefined) return known;
  return object.resources.has(5700) ? { ...GENERIC, units: object.resources.get(5700)?.units ?? '' } : undefined;
}

/** Centre and swing of the object's sensor. */
export function swingOf(object: ObjectDefinition): Swing | undefined {
  return sensorOf(object);
}

function sensor(units: string, middle: number, swing: number, digits: number, from: number, to: number): Sensor {
  return { units, middle, swing, digits, from, to };
}

const GENERIC: Sensor = sensor('', 50, 30, 1, 0, 100);

const SENSORS: ReadonlyMap<number, Sensor> = new Map([
  [3300, GENERIC],
  [3301, sensor('lx', 420, 300, 0, 0, 10_000)],
  [3303, sensor('Cel', 21.5, 3.5, 1, -40, 125)],
  [3304, sensor('%RH', 46, 14, 1, 0, 100)],
  [3315, sensor('Pa', 101_300, 900, 0, 30_000, 110_000)],
  [3316, sensor('V', 3.7, 0.35, 2, 0, 5)],
  [3317, sensor('A', 0.42, 0.3, 3, 0, 3)],
  [3318, sensor('Hz', 50, 0.08, 2, 45, 55)],
  [3319, sensor('m', 2.4, 0.6, 2, 0, 10)],
  [3320, sensor('%', 60, 25, 0, 0, 100)],
  [3321, sensor('m', 12, 1.5, 1, -100, 9_000)],
  [3322, sensor('kg', 72, 9, 1, 0, 500)],
  [3323, sensor('Pa', 240_000, 15_000, 0, 0, 1_000_000)],
  [3324, sensor('dB', 48, 14, 0, 20, 130)],
  [3325, sensor('ppm', 620, 190, 0, 0, 5_000)],
  [3326, sensor('pH', 7.1, 0.5, 2, 0, 14)],
  [3327, sensor('S/m', 0.06, 0.02, 3, 0, 1)],
  [3328, sensor('W', 140, 90, 1, 0, 3_000)],
  [3329, sensor('1', 0.93, 0.05, 2, 0, 1)],
  [3330, sensor('m', 1.6, 1.1, 2, 0, 8)],
  [3346, sensor('1/s', 12, 5, 1, 0, 100)],
]);
