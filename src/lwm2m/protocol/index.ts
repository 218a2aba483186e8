/** LwM2M over CoAP: registration requests, requests to devices, their answers, notifications. */

export { ObjectLists } from '#lwm2m/model';
export { attributesToQuery, parseDiscovered } from './attributes.js';
export { decodeObserved } from './content.js';
export { LIMIT_FAULTS, READ_LIMITS } from './limits.js';
export type { ReadLimits } from './limits.js';
export { decodeNotification } from './notifications.js';
export { parseObjectList, readObjectList } from './object-lists.js';
export {
  decodeDeregister,
  decodeRegister,
  decodeUpdate,
  isRefresh,
  isRefusal,
  newLocation,
  refusalAnswer,
  registeredAnswer,
} from './register.js';
export type { Refusal, RegistrationRules } from './register.js';
export { encodeRequest } from './requests.js';
export type { EncodedRequest } from './requests.js';
export { decodeSend } from './send.js';
export type { Sender } from './send.js';
export { decodeResponse, diagnosticOf } from './responses.js';
