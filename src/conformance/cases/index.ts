/** All cases, in order of their numbers. */

import type { Case } from '../case.js';
import { COMPOSITE_CASES } from './composite.js';
import { DISCOVERING_CASES } from './discovering.js';
import { FIRMWARE_CASES } from './firmware.js';
import { OBJECT_CASES } from './objects.js';
import { PORTFOLIO_CASES } from './portfolio.js';
import { READING_CASES } from './reading.js';
import { REPORTING_CASES } from './reporting.js';
import { SENDING_CASES } from './sending.js';
import { WRITING_CASES } from './writing.js';

/** Every case that `conformance run` has. */
export const CASES: readonly Case[] = [
  ...READING_CASES,
  ...WRITING_CASES,
  ...COMPOSITE_CASES,
  ...DISCOVERING_CASES,
  ...REPORTING_CASES,
  ...SENDING_CASES,
  ...OBJECT_CASES,
  ...FIRMWARE_CASES,
  ...PORTFOLIO_CASES,
].sort((left, right) => left.id - right.id);
