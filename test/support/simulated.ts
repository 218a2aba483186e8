/** Simulated devices at a server of a test, on real sockets of the loopback interface. */

import { silentLogger, systemClock, systemRandom } from '#base';
import { parametersWith } from '#coap/endpoint';
import { Swarm, makeKind } from '#simulator';
import type { KindOptions, SwarmOptions } from '#simulator';

import { loadObjects } from '../../src/objects.js';

/** What differs from a device of LwM2M 1.1 with the standard objects. */
export interface SimulatedOptions {
  readonly count?: number;
  readonly kind?: Partial<KindOptions>;
  readonly swarm?: Partial<SwarmOptions>;
}

/** Starts devices named `{prefix}1` and so on at a server such as `coap://127.0.0.1:5683`; they are registered then. */
export async function simulated(coap: string, prefix: string, options: SimulatedOptions = {}): Promise<Swarm> {
  const { hostname, port } = new URL(coap.replace(/^coaps?:/, 'http:'));
  const swarm = new Swarm({
    stack: {
      parameters: parametersWith({}),
      clock: systemClock,
      random: systemRandom,
      logger: silentLogger,
      fault: (error) => {
        throw error;
      },
    },
    server: { address: hostname.replace(/^\[|\]$/g, ''), port: Number(port) },
    prefix,
    count: options.count ?? 1,
    kinds: [
      makeKind({
        lwm2m: '1.1',
        catalogue: loadObjects([]),
        objects: [],
        lifetime: 300,
        binding: 'U',
        seed: 1,
        madeAt: Math.floor(systemClock.wall() / 1000),
        ...options.kind,
      }),
    ],
    seed: 1,
    awakeFor: undefined,
    notifications: 'non',
    loss: 0,
    onEvent: () => undefined,
    ...options.swarm,
  });
  await swarm.start();
  return swarm;
}
