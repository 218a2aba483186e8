/** Refresh Update over DTLS: PSK with CCM_8, records with Connection IDs towards the server; else as the case without. */

import { putCredentials } from '../credentials.mjs';
import { secureName } from '../load/secure-line.mjs';
import { faults, readMetrics } from '../metrics.mjs';
import { measured, ratios } from '../ratio.mjs';

const WINDOW = 128;
const PREFIX = 'secure-';
const REFRESH = 'bellwether_uplink_refresh_updates_total';

/** Runs the case; `scale` has the number of devices and of requests each. */
export async function secureUpdate({ load, echo, server, scale }) {
  const { devices } = scale;
  const port = server.securePort;
  await putCredentials(server, (index) => secureName(PREFIX, index), 0, devices);
  await load.ask('open', { count: devices, secure: PREFIX });
  const register = { request: 'register', prefix: PREFIX, lifetime: 86_400, links: ['</1/0>,</3303/0>'] };
  await load.ask('run', { ...register, port, from: 0, to: devices, perDevice: 1, window: WINDOW });

  const order = { request: 'update', from: 0, to: devices, perDevice: scale.perDevice, window: WINDOW };
  const warm = { ...order, perDevice: scale.warmUp };
  await load.ask('run', { ...warm, port: echo.port, echo: true });
  await load.ask('run', { ...warm, port });
  const ours = await ratios({
    ...{ load, echo, echoOrder: order },
    subject: async () => {
      const before = await readMetrics(server);
      const report = await measured(load, server.pid, { ...order, port });
      const wrong = faults(before, await readMetrics(server), REFRESH, report.operations);
      if (wrong.length > 0) throw new Error(`void: ${wrong.join('; ')}`);
      return report;
    },
  });
  return [{ title: 'refresh Update over PSK CCM_8 with CID', unit: 'x echo', goal: 3.5, ...ours, lines: [] }];
}
