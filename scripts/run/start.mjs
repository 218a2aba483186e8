/**
 * `npm start`: a server with defaults that suit a first look, and five simulated devices beside it once it is ready, which
 * come over DTLS with keys made for this installation. A flag after `--` replaces the default of its name. SIGTERM and
 * SIGINT end both, with exit code 0.
 */

import { randomBytes } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { ROOT, Refusal, background, say } from './processes.mjs';

/** Flags of `serve` and what they are here unless given. */
const DEFAULTS = [
  ['--data', './data'],
  ['--http', '127.0.0.1:8080'],
  ['--coaps', '127.0.0.1:5684'],
  ['--coap', '127.0.0.1:5683'],
  ['--owner-token-file', './data/owner.token'],
];

const PROGRAM = 'dist/cli/main.js';
const DEVICES = 5;
/** How long the devices may take to register before a person is greeted, and children to end, in milliseconds. */
const GREETING_PATIENCE = 15_000;
const END_PATIENCE = 12_000;

/** The flags of `serve`: our defaults but those whose name is given, then what is given. */
export function serveFlags(given) {
  const names = new Set(given.filter((flag) => flag.startsWith('--')).map((flag) => flag.split('=')[0]));
  const kept = DEFAULTS.filter(([name]) => !names.has(name));
  return [...kept.flat(), ...given];
}

/** The value of a flag in an argument list, the last one given. */
function valueOf(flags, name) {
  let value;
  flags.forEach((flag, index) => {
    if (flag === name) value = flags[index + 1];
    else if (flag.startsWith(`${name}=`)) value = flag.slice(name.length + 1);
  });
  return value;
}

/** The addresses of a line such as `ready http=http://127.0.0.1:8080 coaps=coaps://127.0.0.1:5684`; undefined for other lines. */
export function readyLine(line) {
  if (!line.startsWith('ready ')) return undefined;
  const words = line.split(' ').map((word) => [word.slice(0, word.indexOf('=')), word.slice(word.indexOf('=') + 1)]);
  const all = (name) => words.filter(([key]) => key === name).map(([, value]) => value);
  return { http: all('http')[0], coap: all('coap'), coaps: all('coaps') };
}

/** An address to speak to from this machine: wildcard addresses become the loopback. */
export function reachable(url) {
  return url.replace('//0.0.0.0:', '//127.0.0.1:').replace('//[::]:', '//[::1]:');
}

const isLoopback = (url) => /\/\/(127\.|\[::1\]|localhost)/.test(url);

/** What the token file holds; undefined when there is none. */
function readToken(file) {
  const path = file === undefined ? undefined : resolve(ROOT, file);
  return path !== undefined && existsSync(path) ? readFileSync(path, 'utf8').trim() : undefined;
}

/** Makes the folder of the token file, which is not that of the data when only `--data` is given. */
function makeTokenFolder(file) {
  if (file === undefined || file === '') return;
  const folder = dirname(resolve(ROOT, file));
  try {
    mkdirSync(folder, { recursive: true, mode: 0o700 });
  } catch (error) {
    throw new Refusal(`the folder ${folder} of the owner token cannot be made: ${error.message}`);
  }
}

/** The file with the keys of the simulated devices, beside the token; made when it is missing, for nobody else to read. */
function keysOfDevices(tokenFile) {
  const file = join(dirname(resolve(ROOT, tokenFile)), 'devices.csv');
  if (existsSync(file)) return file;
  const lines = Array.from({ length: DEVICES }, (_, index) => {
    const name = `sim-${index + 1}`;
    return `${name},psk,psk,${name},hex:${randomBytes(16).toString('hex')}`;
  });
  writeFileSync(file, ['endpoint,id,kind,identity,key', ...lines, ''].join('\n'), { mode: 0o600 });
  return file;
}

/** Hands the keys of the simulated devices to the server; those it has already stay as they are. */
async function importKeys(api, token, file) {
  const headers = { authorization: `Bearer ${token}`, 'content-type': 'text/csv' };
  const answer = await fetch(`${api}/credentials/import`, { method: 'POST', headers, body: readFileSync(file) });
  const text = await answer.text();
  const results = answer.ok
    ? text
        .trim()
        .split('\n')
        .map((line) => JSON.parse(line))
    : [];
  const refused = results.find(({ result }) => result === 'refused');
  if (!answer.ok || refused !== undefined) throw new Error(refused === undefined ? text : JSON.stringify(refused));
}

/** Names of devices that are registered, at most `count`. */
async function deviceNames(api, token, count) {
  const answer = await fetch(`${api}/devices?limit=${count}`, { headers: { authorization: `Bearer ${token}` } });
  if (!answer.ok) throw new Error(`GET ${api}/devices was answered ${answer.status}`);
  return (await answer.json()).items.map((device) => device.endpoint);
}

/** What a person reads once all is up. */
function welcome({ http, coap, coaps }, tokenFile, name, open) {
  const api = `${http}/api/v1`;
  const curl = `curl -s -H "Authorization: Bearer $(cat ${tokenFile})"`;
  const whoMay = coap.every(isLoopback) ? 'anyone on this machine' : 'anyone who reaches these addresses';
  return [
    '',
    'Bellwether is ready.',
    `  REST    ${api}`,
    ...coaps.map((address) => `  CoAPS   ${address}`),
    ...coap.map((address) => `  CoAP    ${address}`),
    open
      ? `          plain CoAP is open: ${whoMay} may register a device`
      : '          plain CoAP is for known names without credentials only',
    `  Token   ${tokenFile}`,
    'Three commands to try:',
    `  ${curl} ${api}/devices`,
    `  ${curl} "${api}/devices/${name}/resources/3/0/0?live=true"`,
    `  ${curl} -X POST -H "Content-Type: application/json" -d '{"kind":"read","path":"/3303/0"}' ${api}/devices/${name}/operations`,
    'Ctrl-C ends the server and its devices.',
    '',
  ].join('\n');
}

const both = ({ coap, coaps }, change) => ({ coap: change(coap), coaps: change(coaps) });

/** What the simulated devices are started with: over DTLS where the server has that door, with keys it was handed. */
async function simulateFlags({ http, coap, coaps }, tokenFile) {
  const flags = (server) => ['simulate', '--server', server, '--count', String(DEVICES)];
  const token = readToken(tokenFile);
  if (coaps[0] !== undefined && token !== undefined) {
    const file = keysOfDevices(tokenFile);
    await importKeys(`${http}/api/v1`, token, file);
    return [...flags(coaps[0]), '--credentials', file];
  }
  if (coap[0] === undefined) throw new Error('there is no address to register at without the owner token');
  return flags(coap[0]);
}

/** Runs server and devices until one is told to end or the server ends by itself; resolves to the exit code. */
export async function start(given) {
  const flags = serveFlags(given);
  const tokenFile = valueOf(flags, '--owner-token-file');
  makeTokenFolder(tokenFile);
  const children = [];
  let ending = false;
  let told = 0;

  const end = (signal) => {
    if (performance.now() - told < 500 && ending) return;
    told = performance.now();
    if (!ending) say(`${signal}: ending the server and its devices …`);
    ending = true;
    for (const { kill } of children) kill('SIGTERM');
    setTimeout(() => children.forEach(({ kill }) => kill('SIGKILL')), END_PATIENCE).unref();
  };
  for (const name of ['SIGTERM', 'SIGINT', 'SIGHUP']) process.on(name, end);

  const greet = async (ready) => {
    const token = readToken(tokenFile);
    const names = token === undefined ? [] : await deviceNames(`${ready.http}/api/v1`, token, DEVICES);
    if (ending) return;
    console.log(welcome(ready, tokenFile ?? '(printed above)', names[0] ?? 'NAME', flags.includes('--coap-open')));
  };

  say(`starting: bellwether serve ${flags.join(' ')}`);
  const server = background([PROGRAM, 'serve', ...flags], (line) => {
    console.log(line);
    const ready = readyLine(line);
    if (ready === undefined || ending || children.length > 1) return;
    const here = { http: reachable(ready.http), ...both(ready, (urls) => urls.map(reachable)) };
    let greeted = false;
    const greetOnce = () => {
      if (greeted || ending) return;
      greeted = true;
      greet(here).catch((error) => say(`the devices could not be listed: ${error.message}`));
    };
    setTimeout(greetOnce, GREETING_PATIENCE).unref();
    const launch = (simulate) => {
      if (ending) return;
      say(`starting ${DEVICES} simulated devices: bellwether ${simulate.join(' ')}`);
      const devices = background([PROGRAM, ...simulate], (said) => {
        console.log(`devices: ${said}`);
        if (said.startsWith(`${DEVICES} of ${DEVICES} devices are registered`)) greetOnce();
      });
      children.push(devices);
      void devices.ended.then((code) => ending || say(`the simulated devices ended with code ${code}.`));
    };
    simulateFlags(here, tokenFile).then(launch, (error) => {
      say(`no simulated devices: ${error.message}`);
      greetOnce();
    });
  });
  children.push(server);

  const code = await server.ended;
  const wasTold = ending;
  ending = true;
  for (const { kill } of children) kill('SIGTERM');
  await Promise.all(children.map(({ ended }) => ended));
  return wasTold ? 0 : code;
}
