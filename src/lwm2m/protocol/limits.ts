/** Limits under which answers and notifications of devices are read: those of the formats and those of link-format. */

import { LINK_LIMITS } from '#coap/codec';
import type { LinkLimits } from '#coap/codec';
import { FORMAT_LIMITS } from '#lwm2m/formats';
import type { FormatLimits } from '#lwm2m/formats';

/** What a device's payload may hold at most. */
export interface ReadLimits {
  readonly formats: FormatLimits;
  /** Of Discover. */
  readonly links: LinkLimits;
}

/** The limits in force unless a caller hands in others. */
export const READ_LIMITS: ReadLimits = { formats: FORMAT_LIMITS, links: LINK_LIMITS };

/** Reasons of a DecodeError that speak of one of these limits; each is worth a metric of its own. */
export const LIMIT_FAULTS = [
  'too_large',
  'too_many',
  'too_deep',
  'too_long',
  'links_too_long',
  'too_many_links',
  'too_many_attributes',
] as const;
