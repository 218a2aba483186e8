/**
 * Send: ten values of an instance in SenML CBOR that devices report of their own accord; each is answered 2.04 when they are
 * stored durably. The devices are in lock-step: the next Send of a device comes after the answer to the one before.
 */

import { faults, readMetrics, rise } from '../metrics.mjs';
import { measured, ratios } from '../ratio.mjs';
import { restCaller } from '../rest.mjs';

const HANDLER = 'bellwether_uplink_sends_total';
/** One change of the store for each object instance whose values came. */
const RECORDED = 'bellwether_fleet_values_recorded_total';
const ECHO_WINDOW = 128;
const PREFIX = 'send-';
const VALUES = 10;

/** Runs the case; `scale` has the number of devices, of Sends each, and how many are under way. */
export async function send({ load, echo, server, scale }) {
  const { devices, perDevice, warmUp, inFlight } = scale;
  await load.ask('open', { count: devices });
  const links = ['</1/0>,</3303>;ver=1.1,</3303/0>'];
  const register = { request: 'register', prefix: PREFIX, lifetime: 86_400, links };
  await load.ask('run', { ...register, port: server.port, from: 0, to: devices, perDevice: 1, window: ECHO_WINDOW });

  const order = { request: 'send', from: 0, to: devices, perDevice, window: inFlight };
  const bare = { ...order, window: ECHO_WINDOW };
  await load.ask('run', { ...bare, perDevice: warmUp, port: echo.port, echo: true });
  await load.ask('run', { ...order, perDevice: warmUp, port: server.port });
  let bytes = 0;
  const result = await ratios({
    ...{ load, echo, echoOrder: bare },
    subject: async () => {
      const before = await readMetrics(server);
      const report = await measured(load, server.pid, { ...order, port: server.port });
      const after = await readMetrics(server);
      const wrong = faults(before, after, HANDLER, report.operations);
      const recorded = rise(before, after, RECORDED);
      if (recorded !== report.operations) wrong.push(`${RECORDED} rose by ${recorded}, not by ${report.operations}`);
      if (wrong.length > 0) throw new Error(`void: ${wrong.join('; ')}`);
      bytes = report.bytes;
      return report;
    },
  });
  await allKept(server);
  const title = `Send (SenML CBOR, 10 values of one instance), durable, ${inFlight} in flight`;
  const lines = [`p99 ${result.p99.toFixed(0)} ms; ${bytes} bytes each`];
  return [{ title, unit: 'x echo', goal: 6, ...result, lines }];
}

/** Throws unless every value of the first device's instance is known to have come by Send. */
async function allKept(server) {
  const rest = restCaller(server, 1);
  const { status, text } = await rest.call(
    'GET',
    `/devices/${PREFIX}${'0'.repeat(24 - PREFIX.length)}/resources/3303/0`,
  );
  rest.close();
  const sources = Object.values(JSON.parse(text).resources ?? {}).map(({ source }) => source);
  if (status !== 200 || sources.length !== VALUES || sources.some((source) => source !== 'send'))
    throw new Error(`void: of the ${VALUES} values sent this is known: ${status} ${text.slice(0, 300)}`);
}
