/** A simulated LwM2M device, and many of them. */

export { SimulatedDevice } from './device.js';
export type { DeviceOptions, DeviceTraits } from './traits.js';
export type { PayloadEdit } from './edits.js';
export { FAULT_OPERATIONS } from './faults.js';
export type { Fault, FaultOperation, FaultScope } from './faults.js';
export { FIRMWARE_OUTCOMES } from './firmware.js';
export type { FirmwareOutcome, FirmwareTerms } from './firmware.js';
export { STANDARD_OBJECTS, makeKind } from './kind.js';
export type { DeviceKind, KindOptions } from './kind.js';
export type { DeviceEvent, DeviceOutput } from './outputs.js';
export { DeviceRunner } from './runner.js';
export type { RunnerOptions } from './runner.js';
export { checkScript } from './script-rules.js';
export type { Act, Course, DeviceChoice, Script, Step, StepCount, StepTiming, Trigger } from './script.js';
export { SEND_FORMATS } from './send.js';
export type { SendFormat, SendTerms } from './send.js';
export { stepTotals, totalOf } from './sightings.js';
export type { DeviceReport } from './sightings.js';
export { Swarm } from './swarm.js';
export type { SwarmCounts, SwarmOptions } from './swarm.js';
