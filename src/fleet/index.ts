/** The domain: devices, operations, observations and what became of them. No bytes, no HTTP, no driver. Start at fleet.ts. */

export { Fleet } from './fleet.js';
export type { FleetDeps } from './ports/index.js';
export type { KeysView } from './access/keys.js';
export { PERMISSIONS, permit } from './access/guard.js';
export type { Permission } from './access/guard.js';
export type { CredentialInput } from './devices/credential-material.js';
export type { CredentialPut, PutOptions } from './devices/credential-plan.js';
export type { CredentialView } from './devices/credential-view.js';
export type { FailedHandshake } from './devices/failed-handshakes.js';
export type { CertificateRefusal, IdentityEnd, ProvenIdentity, PskAnswer } from './devices/handshakes.js';
export { FILES_ID } from './devices/server-credentials.js';
export type {
  ServerCredentialInput,
  ServerCredentialMaterial,
  ServerCredentialView,
} from './devices/server-credentials.js';
export type { FoundSession, NewSession, SessionProof } from './devices/sessions.js';
export type { CertificateNames } from './devices/name-rule.js';
export type { AnchorInput, AnchorView, RevocationListInput, RevocationListView, TrustChange } from './devices/trust.js';
export { parseFilter } from './devices/filter.js';
export type { Comparison, Filter, FilterValue, Operator } from './devices/filter.js';
export { parseSort } from './devices/list.js';
export type { DeviceQuery, SortKey } from './devices/list.js';
export type { ModelInput, ModelView } from './devices/models.js';
export type { ProfileInput, ProfileView } from './devices/profiles.js';
export type { DevicePatch, DeviceState } from './devices/service.js';
export type { AssociationView, DeviceView, RegistrationView } from './devices/view.js';
export type { ObjectView, ResourceView } from './objects/catalogue.js';
export type { Idempotency } from './operations/idempotency.js';
export type { ObservationTarget } from './operations/notifications.js';
export type { ObservationInput, ObservationView } from './operations/observations.js';
export type { OperationListQuery, SubmitOptions, Submitted } from './operations/operations.js';
export type { OperationView, WaitingFor } from './operations/view.js';
export type { EventOptions } from './records/events.js';
export type { InstanceValueView, ObjectValueView, ResourceValueView, ValueView } from './records/value-view.js';
export { DEFAULT_FLEET_SETTINGS } from './ports/index.js';
export type { FleetSettings } from './ports/index.js';
