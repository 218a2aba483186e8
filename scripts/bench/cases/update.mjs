/** Refresh Update: an empty POST on the registration's location, which the server answers 2.04 without a commit. */

import { faults, readMetrics } from '../metrics.mjs';
import { measured, ratios } from '../ratio.mjs';

/** Outstanding requests in all, beneath what a receive buffer of the kernel's default size holds. */
const WINDOW = 128;
const REFRESH = 'bellwether_uplink_refresh_updates_total';

/** Runs the case; `scale` has the number of devices and of requests each. */
export async function refreshUpdate({ load, echo, server, nodeCoap, scale }) {
  const devices = scale.devices;
  await load.ask('open', { count: devices });
  const register = { request: 'register', prefix: 'update-', lifetime: 86_400, links: ['</1/0>,</3303/0>'] };
  await load.ask('run', { ...register, port: server.port, from: 0, to: devices, perDevice: 1, window: WINDOW });

  const order = { request: 'update', from: 0, to: devices, perDevice: scale.perDevice, window: WINDOW };
  const warm = { ...order, perDevice: scale.warmUp };
  await load.ask('run', { ...warm, port: echo.port, echo: true });
  await load.ask('run', { ...warm, port: server.port });
  const ours = await ratios({
    ...{ load, echo, echoOrder: order },
    subject: async () => {
      const before = await readMetrics(server);
      const report = await measured(load, server.pid, { ...order, port: server.port });
      const wrong = faults(before, await readMetrics(server), REFRESH, report.operations);
      if (wrong.length > 0) throw new Error(`void: ${wrong.join('; ')}`);
      return report;
    },
  });

  await load.ask('run', { ...warm, port: nodeCoap.port });
  const theirs = await ratios({
    ...{ load, echo, echoOrder: order },
    subject: () => measured(load, nodeCoap.pid, { ...order, port: nodeCoap.port }),
  });
  const lines = [`node-coap's bare server: ${theirs.ratio.toFixed(2)} x echo (measured elsewhere: 4.8 to 5.2)`];
  return [{ title: 'refresh Update', unit: 'x echo', goal: 2, ...ours, lines }];
}
