/** What the domain needs from outside. */

export type { Associations, AssociationFacts } from './associations.js';
export type { FleetDeps } from './deps.js';
export type { KeyKeeper, KeyStatus } from './keys.js';
export type {
  CertificateForm,
  KeyForms,
  PublicKeyForm,
  ServerFiles,
  ServerKeyFacts,
  ServerKeyForm,
  ServerKeyPublic,
} from './key-forms.js';
export type { DeviceLink, LinkTarget } from './link.js';
export type { Secrets } from './secrets.js';
export { DEFAULT_FLEET_SETTINGS } from './settings.js';
export type { FleetSettings } from './settings.js';
export type {
  Change,
  DeviceChange,
  FleetStore,
  LoadBatch,
  ModelChange,
  NoticeChange,
  OperationChange,
  OperationQuery,
  Page,
  Receipt,
  SettingChange,
  StoreLimits,
  StoreStatus,
  ValuesChange,
  Versioned,
} from './store.js';
