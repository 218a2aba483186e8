/** `bellwether simulate`: simulated devices that register with a server and behave until told to stop. */

import { lookup } from 'node:dns/promises';
import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';

import { InvalidArgumentError, Option, type Command } from 'commander';

import { AppError, EMPTY, showAddress, systemClock, systemRandom } from '#base';
import { showCode } from '#coap/codec';
import { parametersWith } from '#coap/endpoint';
import { ENABLER_VERSIONS, parseObjectDefinition, type EnablerVersion } from '#lwm2m/model';
import {
  SEND_FORMATS,
  Swarm,
  makeKind,
  stepTotals,
  totalOf,
  type DeviceEvent,
  type DeviceKind,
  type DeviceReport,
  type Fault,
  type Script,
  type SendFormat,
} from '#simulator';
import type { ClientOffer } from '#transport';

import { loadObjects } from '../../objects.js';
import { whole } from '../arguments.js';
import { faultsHelp, parseFault } from '../faults.js';
import { checkPlace, writeTo } from '../files.js';
import { printable, processLogger } from '../logger.js';
import { EXAMPLE_SCRIPT } from '../script/example.js';
import { readPskFile } from '../psk-file.js';
import { readScript } from '../script/read.js';
import { Signals } from '../signals.js';

interface Options {
  readonly server: string;
  readonly credentials?: string;
  readonly count: number;
  readonly prefix: string;
  readonly lifetime: number;
  readonly objects?: readonly string[];
  readonly lwm2m: EnablerVersion;
  readonly queue: boolean;
  readonly awake: number;
  readonly sleep?: number;
  readonly confirmable: boolean;
  readonly send?: number;
  readonly sendFormat: SendFormat;
  readonly loss: number;
  readonly report?: string;
  readonly fault?: readonly Fault[];
  readonly script?: string;
  readonly printScript?: boolean;
  readonly seed: number;
  readonly json: boolean;
}

/** Adds `simulate`. */
export function addSimulate(program: Command): void {
  program
    .command('simulate')
    .description('run simulated devices against a server until told to stop')
    .option('--server <URL>', 'where the server listens for devices, coap:// or coaps://', 'coap://127.0.0.1:5683')
    .option('--credentials <FILE>', 'pre-shared keys of the devices for coaps://: CSV as `credential import` takes it')
    .option('--count <N>', 'how many devices, each on its own port', whole(1, 1_000_000), 1)
    .option('--prefix <TEXT>', 'their names are this and a number from 1', 'sim-')
    .option('--lifetime <SECONDS>', 'registration lifetime; 0 never expires', whole(0, 0xffff_ffff), 300)
    .option(
      '--objects <LIST>',
      'objects beside 1, 3, 4, 6, 7 and 3303: ids and folders of definitions, by commas; repeatable',
      (value: string, before: readonly string[] | undefined) => [
        ...(before ?? []),
        ...value.split(',').filter((part) => part !== ''),
      ],
    )
    .addOption(
      new Option('--lwm2m <VERSION>', 'enabler version to register with').choices(ENABLER_VERSIONS).default('1.1'),
    )
    .option('--queue', 'queue mode: listen only for a while after each exchange', false)
    .option('--awake <SECONDS>', 'how long a device in queue mode listens', whole(1, 86_400), 93)
    .option('--sleep <SECONDS>', 'a device in queue mode wakes this often, by an Update', whole(1, 0x7fff_ffff))
    .option('--confirmable', 'send notifications confirmable', false)
    .option('--send <SECONDS>', 'send what the sensors measured this often, unless /1/0/23 mutes it', whole(1, 86_400))
    .addOption(
      new Option('--send-format <FORMAT>', 'content format of what is sent; lwm2m-cbor has no times and needs 1.2')
        .choices(SEND_FORMATS)
        .default('senml-cbor'),
    )
    .option('--loss <PERCENT>', 'datagrams that each device loses, each way; the seed says which', percent, 0)
    .option(
      '--fault <FAULT>',
      'something the devices do wrong, see below; repeatable',
      (value: string, before: readonly Fault[] | undefined) => [...(before ?? []), parseFault(value)],
    )
    .option('--script <FILE>', 'what devices do over time and by occasion, in YAML or JSON')
    .option('--print-script', 'print a script to begin from, and end')
    .option('--report <FILE>', 'at the end, write what each device saw to this file, as JSON')
    .option('--seed <N>', 'what the values of all devices follow from', whole(0, 0xffff_ffff), 1)
    .option('--json', 'one JSON object a line', false)
    .addHelpText('after', faultsHelp())
    .action(async (options: Options) => {
      if (options.printScript === true) process.stdout.write(EXAMPLE_SCRIPT);
      else await simulate(options);
    });
}

async function simulate(options: Options): Promise<void> {
  checkPlace('--report', options.report);
  checkSleep(options);
  checkSend(options);
  const script = options.script === undefined ? undefined : readScript(options.script);
  const server = await resolveServer(options.server);
  const secure = server.scheme === 'coaps' ? offers(options) : undefined;
  const report = new Report(options, showAddress(server.address, server.port), script);
  const logger = processLogger('warn');
  const swarm = new Swarm({
    stack: {
      parameters: parametersWith({}),
      clock: systemClock,
      random: systemRandom,
      logger,
      fault: (error) => {
        logger.error('fault in a simulated device', {
          error: error instanceof Error ? (error.stack ?? error.message) : String(error),
        });
      },
    },
    server,
    ...(secure !== undefined && { secure }),
    prefix: options.prefix,
    count: options.count,
    kinds: makeKinds(options),
    seed: options.seed,
    awakeFor: options.queue ? options.awake : undefined,
    ...(options.sleep === undefined ? {} : { sleepFor: options.sleep }),
    ...(options.send === undefined ? {} : { send: { every: options.send, format: options.sendFormat } }),
    notifications: options.confirmable ? 'con' : 'non',
    loss: options.loss / 100,
    ...(options.fault === undefined ? {} : { faults: options.fault }),
    ...(script === undefined ? {} : { script }),
    onEvent: (name, event) => {
      report.add(name, event);
    },
  });
  await run(swarm, report);
}

async function run(swarm: Swarm, report: Report): Promise<void> {
  const signals = new Signals();
  const silence = setTimeout(() => {
    report.silence();
  }, SILENCE);
  try {
    const first = await Promise.race([swarm.start().then((): 'started' => 'started'), signals.told]);
    if (first === 'told') return;
    const { open, refused } = swarm.counts();
    if (refused === open) throw new AppError('refused', 'the server refused every device; nothing is left to simulate');
    report.started(swarm.counts());
    await signals.told;
  } finally {
    clearTimeout(silence);
    const unconfirmed = await swarm.stop(STOP_PATIENCE);
    report.write(swarm.reports());
    report.stopped(unconfirmed);
    signals.forget();
  }
}

/** The kind of the chosen version, and those of older versions that a server may fall back to. */
function makeKinds(options: Options): readonly [DeviceKind, ...DeviceKind[]] {
  const { objects = [] } = options;
  const folders = objects.filter((part) => !isId(part));
  const catalogue = loadObjects(folders);
  const ids = [...objects.filter(isId).map(Number), ...folders.flatMap(definedIn)];
  const make = (lwm2m: EnablerVersion): DeviceKind =>
    makeKind({
      lwm2m,
      catalogue,
      objects: ids,
      lifetime: options.lifetime,
      binding: lwm2m === '1.0' && options.queue ? 'UQ' : 'U',
      seed: options.seed,
      madeAt: Math.floor(systemClock.wall() / 1000),
    });
  const older = ENABLER_VERSIONS.filter((version) => version < options.lwm2m).reverse();
  return [make(options.lwm2m), ...older.map(make)];
}

/** Ids of the objects that a folder defines; `loadObjects` has read and judged its files. */
function definedIn(folder: string): readonly number[] {
  const ids = new Set<number>();
  for (const name of readdirSync(folder)) {
    if (!/\.xml$/i.test(name) || /^(Common|DDF)\.xml$/.test(name)) continue;
    const { id } = parseObjectDefinition(readFileSync(join(folder, name)));
    if (id !== 0 && id !== 21) ids.add(id);
  }
  return [...ids];
}

function isId(part: string): boolean {
  return /^\d+$/.test(part);
}

/** The address of `coap://host[:port]`; a name is looked up once. */
async function resolveServer(url: string): Promise<Place> {
  const match = /^(coaps?):\/\/(\[[0-9a-fA-F:.]+\]|[^:/?#[\]]+)(?::(\d{1,5}))?\/?$/.exec(url);
  const scheme = match?.[1] === 'coaps' ? 'coaps' : 'coap';
  const port = Number(match?.[3] ?? (scheme === 'coaps' ? COAPS_PORT : COAP_PORT));
  if (match === null || port < 1 || port > 65_535) {
    const like = 'coap://127.0.0.1:5683, coap://[::1]:5683 or coaps://127.0.0.1:5684';
    throw new AppError('usage', `--server must be like ${like}, not "${url}"`);
  }
  const host = (match[2] as string).replace(/^\[|\]$/g, '');
  try {
    return { scheme, address: (await lookup(host)).address, port };
  } catch (cause) {
    throw new AppError('usage', `--server: the name ${host} cannot be resolved`, { cause });
  }
}

/** What each device comes with; every device needs a line of its own in the file. */
function offers({ count, credentials, prefix }: Options): (name: string) => ClientOffer {
  if (credentials === undefined)
    throw new AppError('usage', '--server coaps://… needs --credentials FILE: devices prove who they are');
  const keys = readPskFile(credentials);
  for (let number = 1; number <= count; number += 1)
    if (!keys.has(`${prefix}${number}`))
      throw new AppError('usage', `--credentials ${credentials} has no line for the endpoint ${prefix}${number}`);
  return (name) => {
    const psk = keys.get(name);
    return { serverProofs: [], cid: EMPTY, ...(psk !== undefined && { psk }) };
  };
}

/** Where the server is. */
interface Place {
  readonly scheme: 'coap' | 'coaps';
  readonly address: string;
  readonly port: number;
}

/** A schedule of sleep goes with queue mode, and leaves time to sleep. */
function checkSleep({ queue, awake, sleep }: Options): void {
  if (sleep === undefined) return;
  if (!queue) throw new AppError('usage', '--sleep goes with --queue: only devices in queue mode sleep');
  if (sleep > awake) return;
  throw new AppError(
    'usage',
    `--sleep ${sleep} must be more than --awake ${awake}: a device that is woken earlier never sleeps`,
  );
}

/** Send is there from LwM2M 1.1 on, in LwM2M CBOR from 1.2 on. */
function checkSend({ send, sendFormat, lwm2m }: Options): void {
  if (send === undefined) return;
  if (lwm2m === '1.0') throw new AppError('usage', '--send needs --lwm2m 1.1 or 1.2: LwM2M 1.0 has no Send');
  if (sendFormat !== 'lwm2m-cbor' || lwm2m === '1.2') return;
  throw new AppError('usage', '--send-format lwm2m-cbor needs --lwm2m 1.2: choose senml-json or senml-cbor');
}

function percent(text: string): number {
  const value = /^\d{1,3}(\.\d{1,6})?$/.test(text) ? Number(text) : NaN;
  if (value >= 0 && value <= 100) return value;
  throw new InvalidArgumentError('a number from 0 to 100 is expected.');
}

/** Tells what happens: a line a device while there are few, a count now and then when there are many. */
class Report {
  readonly #options: Options;
  readonly #server: string;
  readonly #script: Script | undefined;
  readonly #told = new Map<string, number>();
  #heard: 'yes' | 'no' = 'no';
  #registered = 0;
  #shownAt = 0;

  constructor(options: Options, server: string, script: Script | undefined) {
    this.#options = options;
    this.#server = server;
    this.#script = script;
  }

  /** One event of one device. */
  add(name: string, event: DeviceEvent): void {
    this.#heard = 'yes';
    if (event.type === 'registered') this.#registered += 1;
    if (this.#options.json) {
      this.#json(name, event);
      return;
    }
    const words = this.#words(event);
    if (words === undefined) return;
    if (this.#options.count <= FEW) say(`${name} ${words}`);
    else if (event.type === 'registered') this.#progress();
    else if (event.type !== 'deregistered') this.#sample(event.type, `${name} ${words}`);
  }

  /** A while has passed: says so when there was no answer at all. */
  silence(): void {
    if (this.#heard === 'yes') return;
    if (this.#options.json) line({ event: 'silence', server: this.#server });
    else say(`no answer yet from ${this.#server}: is a server running there? Trying on`);
  }

  /** Every device has been tried once. */
  started(counts: { readonly open: number; readonly registered: number }): void {
    if (this.#options.json) line({ event: 'started', ...counts });
    else say(`${counts.registered} of ${this.#options.count} devices are registered at ${this.#server}`);
  }

  /** All has ended; `unconfirmed` devices got no answer to their De-register. */
  stopped(unconfirmed: number): void {
    if (this.#options.json) line({ event: 'stopped', unconfirmed });
    else if (unconfirmed > 0) say(`${unconfirmed} devices got no answer to their de-registration`);
    else if (this.#registered > 0) say('all devices are de-registered');
  }

  /** What each device saw: sums on the screen when the link loses something or there is a script, everything in the file. */
  write(reports: readonly DeviceReport[]): void {
    const { loss, report: file, json } = this.#options;
    const steps = this.#script === undefined ? undefined : stepTotals(this.#script, reports);
    if (loss === 0 && file === undefined && steps === undefined) return;
    const total = totalOf(reports);
    for (const { step, devices, began, happened } of json ? [] : (steps ?? []))
      say(`${printable(step)}, devices: ${devices}, began: ${began}, happened: ${happened}`);
    if (json) line({ event: 'report', total, ...(steps === undefined ? {} : { steps }) });
    else if (loss > 0) {
      say(
        `the links lost ${total['lostOut'] ?? 0} datagrams of the devices and ${total['lostIn'] ?? 0} of the server; ` +
          `${total['retransmissions'] ?? 0} were sent again, ${total['unanswered'] ?? 0} requests got no answer`,
      );
    }
    if (file === undefined) return;
    const { count, seed } = this.#options;
    const content = { server: this.#server, count, loss, seed, total, ...(steps && { steps }), devices: reports };
    writeTo('--report', file, `${JSON.stringify(content, undefined, 2)}\n`);
  }

  #words(event: DeviceEvent): string | undefined {
    switch (event.type) {
      case 'registered':
        return `registered at ${event.location}`;
      case 'refused':
        return refusalWords(event);
      case 'unanswered':
        return `got no answer to ${OPERATION_NAMES[event.operation]} from ${this.#server} (${event.reason}), tries again`;
      case 'deregistered':
        return 'de-registered';
      case 'rebooting':
        return 'reboots';
      case 'disabled':
        return 'is disabled by the server';
      case 'steppedDown':
        return `is told that its version is not served, tries LwM2M ${event.lwm2m}`;
      case 'sendRefused':
        return `was refused: ${showCode(event.code)} ${printable(event.detail)} (Send)`;
      case 'sendUnanswered':
        return `got no answer to its Send from ${this.#server} (${event.reason}), sends the values again`;
      case 'updated':
      case 'sent':
        return undefined;
    }
  }

  #progress(): void {
    const now = systemClock.now();
    if (now - this.#shownAt < 1_000) return;
    this.#shownAt = now;
    say(`${this.#registered} of ${this.#options.count} registered`);
  }

  /** Of many devices the first few lines of a kind say enough. */
  #sample(kind: string, words: string): void {
    const told = (this.#told.get(kind) ?? 0) + 1;
    this.#told.set(kind, told);
    if (told < SAMPLES) say(words);
    else if (told === SAMPLES) say(`${words} (more of these are not shown)`);
  }

  #json(name: string, event: DeviceEvent): void {
    const { type, ...rest } = event;
    const shown = 'code' in rest ? { ...rest, code: showCode(rest.code) } : rest;
    line({ event: type, endpoint: name, ...shown });
  }
}

function refusalWords({ operation, code, detail }: Extract<DeviceEvent, { type: 'refused' }>): string {
  const words = `was refused: ${showCode(code)} ${printable(detail)} (${OPERATION_NAMES[operation]})`;
  if (operation !== 'register' || code !== FORBIDDEN) return words;
  return `${words}; a server admits unknown names over plain CoAP only when it is started with --coap-open`;
}

function say(words: string): void {
  process.stdout.write(`${words}\n`);
}

function line(value: unknown): void {
  process.stdout.write(`${JSON.stringify(value)}\n`);
}

const OPERATION_NAMES = { register: 'Register', update: 'Update', deregister: 'De-register' } as const;
const COAP_PORT = '5683';
const COAPS_PORT = 5684;
const FORBIDDEN = 0x83;
/** Up to so many devices each has its own lines. */
const FEW = 20;
/** Lines of one kind that are shown of many devices. */
const SAMPLES = 5;
/** Milliseconds without any answer after which a person is told. */
const SILENCE = 3_000;
/** Milliseconds without any answer after which the de-registration is given up. */
const STOP_PATIENCE = 2_500;
