/** Simulated devices for the command line to act on. */

import type { Swarm } from '#simulator';

import { simulated } from '../../support/simulated.js';

/** Starts `count` devices named `{prefix}1` and so on at a server such as `coap://127.0.0.1:5683`; they are registered then. */
export function startDevices(coap: string, prefix: string, count: number): Promise<Swarm> {
  return simulated(coap, prefix, { count });
}
