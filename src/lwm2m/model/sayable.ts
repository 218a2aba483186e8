/** What a device of some version has no words for. Everything else is sent, and the device judges. */

import { AppError } from '#base';
import type { DeviceRequest } from './operation.js';
import type { EnablerVersion } from './registration.js';

/**
 * Throws AppError(`not_encodable`) for composite operations before LwM2M 1.1 and parameters of an Observe before 1.2: older
 * clients take them for something else (LwM2M-Core 1.1.1 §6.3.8, 1.2 §5.1.2).
 */
export function checkSayable(request: DeviceRequest, lwm2m: EnablerVersion): void {
  if (isComposite(request) && lwm2m === '1.0') {
    throw new AppError('not_encodable', 'the device speaks LwM2M 1.0, which has no composite operations');
  }
  if (request.kind !== 'observe' && request.kind !== 'cancelObserve') return;
  if (request.parameters !== undefined && lwm2m !== '1.2') {
    throw new AppError('not_encodable', `the device speaks LwM2M ${lwm2m}; an Observe has parameters from 1.2 on`);
  }
}

/** Whether a request is about several paths at once. */
export function isComposite(request: DeviceRequest): boolean {
  switch (request.kind) {
    case 'readComposite':
    case 'writeComposite':
      return true;
    case 'observe':
    case 'cancelObserve':
      return request.paths.length > 1;
    default:
      return false;
  }
}
