/**
 * Registered devices that are idle: names of 24 characters, 50 different object lists of 8 to 20 links, a tenth with a
 * wanted observation, no exchange for EXCHANGE_LIFETIME. What they hold in memory each, and how soon after a kill -9 a
 * server that has them all gives its first answer.
 */

import { execFileSync } from 'node:child_process';
import { createSocket } from 'node:dgram';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { residentBytes } from '../cpu.mjs';
import { putCredentials } from '../credentials.mjs';
import { crowdName } from '../load/crowd.mjs';
import { updateRequest } from '../load/wire.mjs';
import { startServer } from '../processes.mjs';
import { median } from '../ratio.mjs';
import { restCaller } from '../rest.mjs';

const OBSERVED_EACH = 10;
/** What the server asks after a registration: manufacturer, model, firmware. */
const QUESTIONS = 3;
/** RFC 7252 §4.8.2: EXCHANGE_LIFETIME is 247 s; the sweeps behind it get a few more. */
const IDLE_SECONDS = 255;
const KIBIBYTE = 1024;

const wait = (seconds) => new Promise((done) => setTimeout(done, seconds * 1000));

/** Runs the case; `scale` has the number of devices, whether to wait until they are idle, and how often to restart. */
export async function idle({ load, server, scale }) {
  const { location, ...held } = await register({ load, server, scale, secure: false });
  return [held, await restarts({ server, location, devices: scale.devices, times: scale.restarts })];
}

/** The same devices over DTLS, with an association each whose records bring a Connection ID, and a credential. */
export async function idleSecure({ load, server, scale }) {
  const { location: _, ...held } = await register({ load, server, scale, secure: true });
  return [{ ...held, title: `${held.title}, with their associations`, goal: 2.5 }];
}

/** Lets the devices register and fall silent; the row of what they hold, and the location of one of them. */
async function register({ load, server, scale, secure }) {
  const { devices } = scale;
  const empty = await server.memory();
  if (secure) await putCredentials(server, crowdName, 0, devices);
  const known = await server.memory();
  const port = secure ? server.securePort : server.port;
  const { location } = await load.ask('crowd', {
    ...{ port, from: 0, to: devices, observedEach: OBSERVED_EACH, questions: QUESTIONS, secure },
  });
  const rest = restCaller(server, 32);
  const body = { paths: ['/3303/0/5700'] };
  const observed = Math.ceil(devices / OBSERVED_EACH);
  const put = (index) => ['PUT', `/devices/${crowdName(index * OBSERVED_EACH)}/observations/bench`, body];
  await rest.all(observed, put, [200, 201, 202]);
  rest.close();
  for (let tries = 0; (await load.ask('crowdObserved')) < observed; tries += 1) {
    if (tries > 600) throw new Error('not every device was asked to be observed within a minute');
    await wait(0.1);
  }
  if (scale.waits) await wait(IDLE_SECONDS);
  await load.ask('crowdLeaves');

  const memory = await server.memory();
  const resident = residentBytes(server.pid) / devices / KIBIBYTE;
  const before = `of which ${mebibytes(heldOf(empty))} MiB without devices`;
  const credentials = secure ? ` and ${mebibytes(heldOf(known) - heldOf(empty))} MiB of credentials` : '';
  return {
    ...{ location },
    ...{
      title: `${devices} registered ${scale.waits ? 'idle' : '(not yet idle)'} devices: memory each`,
      unit: 'KiB',
      goal: 1.5,
    },
    ratio: heldOf(memory) / devices / KIBIBYTE,
    lines: [
      `heapUsed ${mebibytes(memory.heapUsed)} + external ${mebibytes(memory.external)} + arrayBuffers ${mebibytes(memory.arrayBuffers)} MiB`,
      `${before}${credentials}; resident ${resident.toFixed(2)} KiB each`,
    ],
  };
}

const heldOf = ({ heapUsed, external, arrayBuffers }) => heapUsed + external + arrayBuffers;

const mebibytes = (bytes) => (bytes / KIBIBYTE / KIBIBYTE).toFixed(1);

/** Kills the server and starts it again on the same port and data; the median time from start to first answer, in seconds. */
async function restarts({ server, location, devices, times }) {
  const seconds = [];
  const bare = [];
  let current = server;
  const revive = server.stop;
  for (let time = 0; time < times; time += 1) {
    await current.end('SIGKILL');
    const file = readdirSync(server.folder).find((name) => /\.(db|sqlite3?)$/.test(name));
    const script = fileURLToPath(new URL('../yardstick/bare-read.mjs', import.meta.url));
    bare.push(JSON.parse(execFileSync(process.execPath, [script, join(server.folder, file)], { encoding: 'utf8' })));
    const answered = firstAnswer(server.port, location);
    const began = performance.now();
    current = await startServer({ data: server.folder, port: server.port });
    seconds.push(((await answered) - began) / 1000);
  }
  // The case's server is the last of these from now on.
  server.stop = async () => {
    await current.end('SIGKILL');
    await revive();
  };
  const read = median(bare.map(({ milliseconds }) => milliseconds)) / 1000;
  return {
    ...{
      title: `restart with ${devices} devices, kill -9 to first answer`,
      unit: 's',
      goal: 3,
      ratio: median(seconds),
    },
    ratios: seconds,
    lines: [`reading the same ${bare[0].rows} rows bare: ${read.toFixed(2)} s`],
  };
}

/** Sends an Update every 20 ms until it is answered 2.04; resolves to when that was. */
function firstAnswer(port, location) {
  return new Promise((resolve, reject) => {
    const socket = createSocket('udp4');
    let messageId = 1;
    const request = updateRequest(location, Buffer.from('b1000000', 'hex'));
    const timer = setInterval(() => {
      request.writeUInt16BE(messageId++, 2);
      socket.send(request, port, '127.0.0.1', () => undefined);
    }, 20);
    const end = (settle, value) => {
      clearInterval(timer);
      clearTimeout(late);
      socket.close();
      settle(value);
    };
    const late = setTimeout(() => end(reject, new Error('no answer within two minutes of a restart')), 120_000);
    socket.on('message', (bytes) => {
      if (bytes[1] === 0x44) end(resolve, performance.now());
      else if (bytes[1] !== 0) end(reject, new Error(`the first answer after a restart has code ${bytes[1]}`));
    });
  });
}
