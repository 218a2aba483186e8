/** What the domain is made of. */

export { EVERYTHING, OWNER } from './access.js';
export type { Actor, Principal, Scope } from './access.js';
export { CREDENTIAL_KINDS } from './credential.js';
export type {
  AnchorSetting,
  CredentialKind,
  CredentialRecord,
  RevocationListSetting,
  SecuredSetting,
  ServerCredentialSetting,
} from './credential.js';
export { DeviceId } from './device.js';
export type {
  DeviceAddress,
  DeviceRecord,
  KeptAttributes,
  ObservationRecord,
  ObservationState,
  Presence,
  RegistrationRecord,
} from './device.js';
export { EVENT_TYPES, eventId, parseEventId } from './events.js';
export type { EventType, NewEvent, NumberedEvent } from './events.js';
export type { ModelRecord } from './objects.js';
export {
  OPERATION_KINDS,
  OPERATION_PRIORITIES,
  OPERATION_STATES,
  OperationId,
  isFinished,
  isWriteType,
  rankOf,
} from './operation.js';
export type {
  OperationError,
  OperationKind,
  OperationPriority,
  OperationRecord,
  OperationRequest,
  OperationResult,
  OperationState,
} from './operation.js';
export type { SessionRecord } from './session.js';
export type { KeySetting, ModelSetting, ProfileSetting, SettingKind, SettingRecord } from './setting.js';
export type { InstanceValues, LastValue, PastValue, ValueSource } from './values.js';
