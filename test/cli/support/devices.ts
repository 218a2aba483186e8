/** Simulated devices for the command line to act on. */

import { silentLogger, systemClock, systemRandom } from '#base';
import { parametersWith } from '#coap/endpoint';
import { Swarm, makeKind } from '#simulator';

import { loadObjects } from '../../../src/objects.js';

/** Starts `count` devices named `{prefix}1` and so on at a server such as `coap://127.0.0.1:5683`; they are registered then. */
export async function startDevices(coap: string, prefix: string, count: number): Promise<Swarm> {
  const { hostname, port } = new URL(coap.replace('coap:', 'http:'));
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
    count,
    kinds: [
      makeKind({
        lwm2m: '1.1',
        catalogue: loadObjects([]),
        objects: [],
        lifetime: 300,
        binding: 'U',
        seed: 1,
        madeAt: Math.floor(systemClock.wall() / 1000),
      }),
    ],
    seed: 1,
    awakeFor: undefined,
    notifications: 'non',
    loss: 0,
    onEvent: () => undefined,
  });
  await swarm.start();
  return swarm;
}
