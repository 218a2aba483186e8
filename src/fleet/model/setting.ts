/** What an operator has set for something that is no device: by kind and name, durable like everything else. */

/** Of all devices of a model: `name` is their model number, /3/0/1. */
export interface ModelSetting {
  readonly kind: 'model';
  readonly name: string;
  /** Seconds; in place of the default awake window. */
  readonly awakeWindow: number;
}

/** A setting of any kind. */
export type SettingRecord = ModelSetting;
/** Kind of a setting. */
export type SettingKind = SettingRecord['kind'];
