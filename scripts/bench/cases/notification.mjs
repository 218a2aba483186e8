/**
 * Notification: three values of an instance in SenML CBOR, confirmable; the acknowledgement comes when they are stored
 * durably. Every device is observed over REST first, and notifies in lock-step under the token it was given.
 */

import { faults, readMetrics } from '../metrics.mjs';
import { measured, ratios } from '../ratio.mjs';
import { restCaller } from '../rest.mjs';

const HANDLER = 'bellwether_uplink_notifications_total';
const ECHO_WINDOW = 128;
const PREFIX = 'notify-';

/** Runs the case; `scale` has the number of devices, of notifications each, and how many are under way. */
export async function notification({ load, echo, server, scale }) {
  const { devices, perDevice, warmUp, inFlight } = scale;
  await load.ask('open', { count: devices });
  const register = { request: 'register', prefix: PREFIX, lifetime: 86_400, links: ['</1/0>,</3303/0>'] };
  await load.ask('run', { ...register, port: server.port, from: 0, to: devices, perDevice: 1, window: 128 });
  await observeAll({ load, server, devices });

  const order = { request: 'notify', from: 0, to: devices, perDevice, window: inFlight };
  const bare = { ...order, window: ECHO_WINDOW };
  await load.ask('run', { ...bare, perDevice: warmUp, port: echo.port, echo: true });
  await load.ask('run', { ...order, perDevice: warmUp, port: server.port });
  const result = await ratios({
    ...{ load, echo, echoOrder: bare },
    subject: async () => {
      const before = await readMetrics(server);
      const report = await measured(load, server.pid, { ...order, port: server.port });
      const wrong = faults(before, await readMetrics(server), HANDLER, report.operations);
      if (wrong.length > 0) throw new Error(`void: ${wrong.join('; ')}`);
      return report;
    },
  });
  const title = `notification (SenML CBOR, 3 values), durable, ${inFlight} in flight`;
  return [{ title, unit: 'x echo', goal: 5, ...result, lines: [`p99 ${result.p99.toFixed(0)} ms`] }];
}

/** Wants an observation of every device, and waits until each has been asked for it. */
async function observeAll({ load, server, devices }) {
  const rest = restCaller(server, 32);
  const name = (index) => `${PREFIX}${String(index).padStart(24 - PREFIX.length, '0')}`;
  const body = { paths: ['/3303/0'], format: 'senml-cbor' };
  await rest.all(devices, (index) => ['PUT', `/devices/${name(index)}/observations/bench`, body], [200, 201, 202]);
  rest.close();
  for (let tries = 0; tries < 600; tries += 1) {
    if ((await load.ask('observed', { from: 0, to: devices })) === devices) return;
    await new Promise((done) => setTimeout(done, 100));
  }
  throw new Error('not every device was asked to be observed within a minute');
}
