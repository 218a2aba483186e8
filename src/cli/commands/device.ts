/** `bellwether device …`: what can be done with one device or the list of them, over REST. */

import { Option, type Command } from 'commander';

import { Client, findAccess, type Answer } from '../client.js';
import { ExitCode } from '../exit.js';
import { escaped } from '../logger.js';
import { nodeRows, printFields, printJson, printTable, showCell } from '../output.js';
import { attributesOf, devicePath, secondsOf, valueJson, valuesJson, wholeNumber } from '../values.js';

/** Options every command of a client has. */
export interface ClientOptions {
  readonly url?: string;
  readonly token?: string;
  readonly json?: boolean;
}

interface OperationOptions extends ClientOptions {
  readonly validate?: string;
  readonly wait?: string;
  readonly format?: string;
  readonly deadline?: string;
  readonly priority?: string;
}

/** Adds `--url`, `--token` and `--json`. */
export function withAccess(command: Command): Command {
  return command
    .option('--url <URL>', 'where the server is (BELLWETHER_URL; default http://127.0.0.1:8080)')
    .option('--token <TOKEN>', 'bearer token (BELLWETHER_TOKEN; default: the local token file)')
    .option('--json', 'print JSON, for programs');
}

/** Adds all `device` commands; gives the command they are of. */
export function addDevice(program: Command): Command {
  const device = program.command('device').description('devices and what they hold');
  addQueries(device);
  addReads(device);
  addWrites(device);
  addObserve(device);
  return device;
}

function addQueries(device: Command): void {
  withAccess(device.command('list').description('list devices'))
    .option('--filter <EXPRESSION>', "such as 'presence==online;model==M1*'")
    .option('--sort <FIELDS>', 'such as -lastSeen,endpoint')
    .option('--limit <N>', 'most devices shown; all when left out')
    .action(async (options: ClientOptions & { filter?: string; sort?: string; limit?: string }) => {
      const { filter, sort } = options;
      const items = await clientOf(options).list('/devices', { filter, sort }, most(options.limit));
      const none = filter === undefined ? 'there are no devices yet' : 'no device fits the filter';
      if (options.json === true) printJson(items);
      else printTable(['endpoint', 'presence', 'model', 'firmware', 'last seen'], items.map(deviceRow), none);
    });
  withAccess(device.command('show <endpoint>').description('show one device')).action(
    async (endpoint: string, options: ClientOptions) => {
      const { body } = await clientOf(options).call('GET', devicePath(endpoint));
      if (options.json === true) printJson(body);
      else printFields(deviceFields(body as Record<string, unknown>));
    },
  );
  withAccess(device.command('set <endpoint>').description('change how a device is treated'))
    .requiredOption(
      '--awake-window <SECONDS>',
      'how long it listens after a message, when it is in queue mode; default: as set for its model, or as usual',
    )
    .action(async (endpoint: string, options: ClientOptions & { awakeWindow: string }) => {
      const { awakeWindow: text } = options;
      const awakeWindow = text === 'default' ? null : secondsOf('--awake-window', text);
      const { body } = await clientOf(options).call('PATCH', devicePath(endpoint), { body: { awakeWindow } });
      if (options.json === true) printJson(body);
      else printFields(deviceFields(body as Record<string, unknown>));
    });
  withAccess(device.command('operations <endpoint>').description('list the operations of a device, newest first'))
    .option('--limit <N>', 'most operations shown', '20')
    .action(async (endpoint: string, options: ClientOptions & { limit: string }) => {
      const items = await clientOf(options).list(`${devicePath(endpoint)}/operations`, {}, most(options.limit));
      if (options.json === true) {
        printJson(items);
        return;
      }
      printTable(
        ['id', 'kind', 'path', 'priority', 'state', 'created', 'error'],
        items.map((item) => [
          ...['id', 'kind'].map((name) => showCell(item[name])),
          placeCell(item),
          ...['priority', 'state', 'createdAt'].map((name) => showCell(item[name])),
          errorCell(item),
        ]),
        'there are no operations of this device',
      );
    });
}

function addReads(device: Command): void {
  operation(
    device,
    'read <endpoint> <paths...>',
    'read a resource, an instance or an object; several paths at once by Read-Composite (LwM2M 1.1)',
  ).action(async (endpoint: string, paths: string[], options: OperationOptions) => {
    const [path, ...more] = paths;
    const all = more.length > 0 || path === '/';
    await perform(endpoint, all ? { kind: 'readComposite', paths } : { kind: 'read', path }, options);
  });
  operation(device, 'discover <endpoint> <path>', 'ask a device what it has at a path, with attributes')
    .option('--depth <N>', 'levels below the path, 0 to 3 (LwM2M 1.2)')
    .action(async (endpoint: string, path: string, options: OperationOptions & { depth?: string }) => {
      await perform(
        endpoint,
        {
          kind: 'discover',
          path,
          ...(options.depth === undefined ? {} : { depth: wholeNumber('--depth', options.depth) }),
        },
        options,
      );
    });
}

function addWrites(device: Command): void {
  operation(
    device,
    'write <endpoint> <path> <value>',
    'write a value: text, or JSON such as 21.5, true, {"0":1,"1":5} (--type string for a text that looks like JSON)',
  )
    .option('--update', 'change only what is given, keep the rest')
    .addOption(new Option('--type <NAME>', 'the value is one of this type, whatever it looks like').choices(TYPES))
    .action(
      async (
        endpoint: string,
        path: string,
        value: string,
        options: OperationOptions & { update?: boolean; type?: string },
      ) => {
        const mode = options.update === true ? 'update' : 'replace';
        await perform(endpoint, { kind: 'write', path, mode }, options, valueJson(value, options.type));
      },
    );
  operation(
    device,
    'write-composite <endpoint> <values...>',
    'write several values, all or none (LwM2M 1.1): /1/0/1=60 /3303/0/5700=21.5; null removes a resource instance',
  ).action(async (endpoint: string, values: string[], options: OperationOptions) => {
    await perform(endpoint, { kind: 'writeComposite' }, options, valuesJson(values));
  });
  operation(device, 'execute <endpoint> <path> [arguments]', "execute a resource; arguments such as 0='x',1").action(
    async (endpoint: string, path: string, text: string | undefined, options: OperationOptions) => {
      await perform(endpoint, { kind: 'execute', path, ...(text === undefined ? {} : { arguments: text }) }, options);
    },
  );
  operation(
    device,
    'create <endpoint> <object> <value>',
    'create an instance: JSON by resource id, such as {"5700":21.5}',
  )
    .option('--instance <ID>', 'id of the new instance; left to the device otherwise')
    .action(
      async (endpoint: string, path: string, value: string, options: OperationOptions & { instance?: string }) => {
        const instance =
          options.instance === undefined ? {} : { instance: wholeNumber('--instance', options.instance) };
        await perform(endpoint, { kind: 'create', path, ...instance }, options, valueJson(value, undefined));
      },
    );
  operation(device, 'delete <endpoint> <path>', 'delete an instance').action(
    async (endpoint: string, path: string, options: OperationOptions) => {
      await perform(endpoint, { kind: 'delete', path }, options);
    },
  );
  operation(
    device,
    'attributes <endpoint> <path> <attributes...>',
    'set attributes: pmin=10 pmax=60; a name alone unsets',
  ).action(async (endpoint: string, path: string, list: string[], options: OperationOptions) => {
    await perform(endpoint, { kind: 'writeAttributes', path, attributes: attributesOf(list) }, options);
  });
}

function addObserve(device: Command): void {
  withAccess(
    device
      .command('observe <endpoint> <paths...>')
      .description(
        'keep a path observed, or several by Observe-Composite; values come as events (bellwether event tail --type value.received)',
      ),
  )
    .option('--id <ID>', 'id of the observation; made from the paths otherwise')
    .option('--attribute <NAME=NUMBER...>', 'attributes to write to each path first: pmin=10 pmax=60')
    .option('--parameter <NAME=NUMBER...>', 'attributes for this observation alone (LwM2M 1.2): pmin=10 pmax=60')
    .addOption(validateOption())
    .option('--cancel', 'end the observation in place of starting it')
    .action(
      async (
        endpoint: string,
        paths: string[],
        options: ClientOptions & {
          id?: string;
          attribute?: string[];
          parameter?: string[];
          validate?: string;
          cancel?: boolean;
        },
      ) => {
        const id = options.id ?? paths.map((path) => path.replace(/^\//, '').replaceAll('/', '.')).join('_');
        const at = `${devicePath(endpoint)}/observations/${encodeURIComponent(id)}`;
        const client = clientOf(options);
        const attributes = options.attribute === undefined ? {} : { attributes: attributesOf(options.attribute) };
        const parameters = options.parameter === undefined ? {} : { parameters: attributesOf(options.parameter) };
        const query = options.validate === undefined ? '' : `?validate=${options.validate}`;
        const { body } =
          options.cancel === true
            ? await client.call('DELETE', at)
            : await client.call('PUT', `${at}${query}`, { body: { paths, ...attributes, ...parameters } });
        if (options.json === true) printJson(body ?? { id, cancelled: true });
        else if (body === undefined) process.stdout.write(`observation ${id} ended\n`);
        else printFields(body as Record<string, unknown>);
      },
    );
}

function operation(device: Command, usage: string, description: string): Command {
  return withAccess(device.command(usage).description(description))
    .option('--wait <SECONDS>', 'how long to wait for the outcome', '30')
    .option(
      '--format <NAME>',
      'content format: text opaque cbor tlv senml-json senml-cbor json lwm2m-cbor; of several paths senml-etch-json senml-etch-cbor too; of a read any, which leaves it to the device',
    )
    .option('--deadline <TIME>', 'RFC 3339; not sent after it')
    .addOption(
      new Option('--priority <HOW>', 'of what waits for the device, what goes first').choices([
        'high',
        'normal',
        'low',
      ]),
    )
    .addOption(validateOption());
}

function validateOption(): Option {
  return new Option(
    '--validate <HOW>',
    'strict: refuse what the device, as it is registered, is expected to refuse',
  ).choices(['none', 'strict']);
}

/** Orders an operation and shows its outcome; `value` is the JSON text of what is written. */
async function perform(
  endpoint: string,
  request: Record<string, unknown>,
  options: OperationOptions,
  value?: string,
): Promise<void> {
  const { format, deadline, priority } = options;
  const order = JSON.stringify({ ...request, format, deadline, priority });
  const content = value === undefined ? order : `${order.slice(0, -1)},"value":${value}}`;
  const query = options.validate === undefined ? '' : `?validate=${options.validate}`;
  const answer = await clientOf(options).call('POST', `${devicePath(endpoint)}/operations${query}`, {
    raw: { type: 'application/json', content },
    headers: { prefer: `wait=${wholeNumber('--wait', options.wait ?? '30')}` },
  });
  if (options.json === true) printJson(answer.body);
  else showOperation(answer);
  process.exitCode = exitOf(answer.body as Record<string, unknown>);
}

function showOperation({ status, body }: Answer): void {
  const operation = body as Record<string, unknown>;
  const result = (operation['result'] ?? {}) as Record<string, unknown>;
  const state = showCell(operation['state']);
  const error = errorCell(operation);
  if (status === ACCEPTED) {
    const waits = WAITS[showCell(operation['waitingFor'])] ?? 'for its turn';
    const expected = operation['nextExpectedContact'];
    const until = expected === undefined ? '' : `, which is expected by ${showCell(expected)}`;
    process.stdout.write(`${state}: operation ${showCell(operation['id'])} waits ${waits}${until}\n`);
  } else if (error !== '') process.stderr.write(`bellwether: ${state}: ${escaped(error)}\n`);
  else if (result['node'] !== undefined)
    printTable(['path', 'name', 'value', 'unit'], nodeRows(result['node']), 'there is nothing at this path');
  else if (result['nodes'] !== undefined)
    printTable(
      ['path', 'name', 'value', 'unit'],
      Object.values(result['nodes'] as Record<string, unknown>).flatMap(nodeRows),
      'there is nothing at these paths',
    );
  else if (Array.isArray(result['links'])) printTable(['path', 'attributes'], result['links'].map(linkRow), 'no links');
  else {
    const words = [state, result['coapCode'], result['path']].map(showCell).filter((word) => word !== '');
    process.stdout.write(`${escaped(words.join(' '))}\n`);
  }
}

function linkRow(link: { readonly path: string; readonly attributes: Record<string, unknown> }): string[] {
  const attributes = Object.entries(link.attributes).map(([name, value]) => `${name}=${showCell(value)}`);
  return [link.path, attributes.join(' ')];
}

function exitOf(operation: Record<string, unknown>): number {
  const error = (operation['error'] ?? {}) as Record<string, unknown>;
  if (error['code'] === 'device_refused') return ExitCode.REFUSED;
  if (error['code'] === 'device_timeout') return ExitCode.TIMEOUT;
  if (BAD_INPUT.has(showCell(error['code']))) return ExitCode.USAGE;
  const ended = ['failed', 'expired', 'cancelled', 'unknown'].includes(showCell(operation['state']));
  return error['code'] === undefined && !ended ? ExitCode.OK : ExitCode.FAILED;
}

/** The most that `--limit` allows; all when it is left out. */
function most(limit: string | undefined): number | undefined {
  return limit === undefined ? undefined : wholeNumber('--limit', limit);
}

function deviceRow(device: Record<string, unknown>): string[] {
  return ['endpoint', 'presence', 'model', 'firmware', 'lastSeen'].map((name) => showCell(device[name]));
}

/** A device for people to read: its objects as paths, each with the version it named; what it has none of is said too. */
function deviceFields(device: Record<string, unknown>): Record<string, unknown> {
  const registration = device['registration'] as Record<string, unknown> | undefined;
  const { association = 'none', resumptions, ...rest } = device;
  const secure = { association, resumptions };
  if (registration === undefined) return { ...rest, registration: 'none', ...secure };
  const objects = (registration['objects'] ?? []) as { id: number; version?: string; instances: number[] }[];
  const paths = objects.flatMap(({ id, version, instances }) => {
    const all = instances.length === 0 ? [`/${id}`] : instances.map((instance) => `/${id}/${instance}`);
    return version === undefined ? all : all.map((path) => `${path} (${version})`);
  });
  return { ...rest, registration: { ...registration, objects: paths.join(', ') }, ...secure };
}

function errorCell(operation: Record<string, unknown>): string {
  const error = operation['error'] as Record<string, unknown> | undefined;
  return error === undefined
    ? ''
    : [error['code'], error['coapCode'], error['detail']]
        .map(showCell)
        .filter((part) => part !== '')
        .join(' ');
}

/** What an operation is about: its path, or its paths. */
function placeCell({ path, paths, kind, value }: Record<string, unknown>): string {
  if (path !== undefined) return showCell(path);
  if (Array.isArray(paths)) return paths.map(showCell).join(' ');
  return kind === 'writeComposite' ? Object.keys(value as object).join(' ') : '';
}

function clientOf(options: ClientOptions): Client {
  return new Client(findAccess(options));
}

/** Type names a written value may have. */
const TYPES = ['string', 'integer', 'unsigned', 'float', 'boolean', 'opaque', 'time', 'objlnk', 'corelnk'];
/** Errors of an operation that come of what the caller wrote. */
const BAD_INPUT: ReadonlySet<string> = new Set(['invalid_arguments', 'invalid_value', 'not_encodable']);
/** HTTP status of an operation that is not finished. */
const ACCEPTED = 202;
const WAITS: Readonly<Record<string, string>> = {
  contact: 'until the device is heard again',
  queue: 'behind other operations of the device',
  device: 'for the answer of the device',
};
