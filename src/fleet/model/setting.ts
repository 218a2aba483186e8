/** What an operator has set for something that is no device: by kind and name, durable like everything else. */

import type { ProfileObject } from '#lwm2m/model';
import type { AnchorSetting, RevocationListSetting, SecuredSetting, ServerCredentialSetting } from './credential.js';

/** Of all devices of a model: `name` is their model number, /3/0/1. */
export interface ModelSetting {
  readonly kind: 'model';
  readonly name: string;
  /** Seconds; in place of the default awake window. */
  readonly awakeWindow: number;
}

/** Of all devices that register with a profile: `name` is its id as devices send it in `pid`. */
export interface ProfileSetting {
  readonly kind: 'profile';
  readonly name: string;
  readonly objects: readonly ProfileObject[];
}

/** The one record of the keys that secrets are sealed with; `name` is `master`. */
export interface KeySetting {
  readonly kind: 'keys';
  readonly name: string;
  /** Id of the master key when this was written. */
  readonly masterKey: string;
}

/** A setting of any kind. */
export type SettingRecord =
  | ModelSetting
  | ProfileSetting
  | AnchorSetting
  | RevocationListSetting
  | ServerCredentialSetting
  | SecuredSetting
  | KeySetting;
/** Kind of a setting. */
export type SettingKind = SettingRecord['kind'];
