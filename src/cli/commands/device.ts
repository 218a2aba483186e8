/** `bellwether device …`: what can be done with one device or the list of them, over REST. */

import type { Command } from 'commander';

import { AppError } from '#base';

import { Client, findAccess, type Answer } from '../client.js';
import { ExitCode } from '../exit.js';
import { nodeRows, printFields, printJson, printTable, showCell } from '../output.js';

/** Options every command of a client has. */
export interface ClientOptions {
  readonly url?: string;
  readonly token?: string;
  readonly json?: boolean;
}

interface OperationOptions extends ClientOptions {
  readonly wait?: string;
  readonly format?: string;
  readonly deadline?: string;
}

/** Adds `--url`, `--token` and `--json`. */
export function withAccess(command: Command): Command {
  return command
    .option('--url <URL>', 'where the server is (BELLWETHER_URL; default http://127.0.0.1:8080)')
    .option('--token <TOKEN>', 'bearer token (BELLWETHER_TOKEN; default: the local token file)')
    .option('--json', 'print JSON, for programs');
}

/** Adds all `device` commands. */
export function addDevice(program: Command): void {
  const device = program.command('device').description('devices and what they hold');
  addQueries(device);
  addReads(device);
  addWrites(device);
  addObserve(device);
}

function addQueries(device: Command): void {
  withAccess(device.command('list').description('list devices'))
    .option('--filter <EXPRESSION>', "such as 'presence==online;model==M1*'")
    .option('--sort <FIELDS>', 'such as -lastSeen,endpoint')
    .option('--limit <N>', 'most devices shown; all when left out')
    .action(async (options: ClientOptions & { filter?: string; sort?: string; limit?: string }) => {
      const items = await listAll(clientOf(options), options);
      if (options.json === true) printJson(items);
      else printTable(['endpoint', 'presence', 'model', 'firmware', 'last seen'], items.map(deviceRow));
    });
  withAccess(device.command('show <endpoint>').description('show one device')).action(
    async (endpoint: string, options: ClientOptions) => {
      const { body } = await clientOf(options).call('GET', devicePath(endpoint));
      if (options.json === true) printJson(body);
      else printFields(body as Record<string, unknown>);
    },
  );
  withAccess(device.command('operations <endpoint>').description('list the operations of a device, newest first'))
    .option('--limit <N>', 'most operations shown', '20')
    .action(async (endpoint: string, options: ClientOptions & { limit: string }) => {
      const { body } = await clientOf(options).call('GET', `${devicePath(endpoint)}/operations`, {
        query: { limit: options.limit },
      });
      if (options.json === true) {
        printJson(body);
        return;
      }
      const { items } = body as { items: Record<string, unknown>[] };
      printTable(
        ['id', 'kind', 'path', 'state', 'created', 'error'],
        items.map((item) =>
          ['id', 'kind', 'path', 'state', 'createdAt'].map((name) => showCell(item[name])).concat(errorCell(item)),
        ),
      );
    });
}

function addReads(device: Command): void {
  operation(device, 'read <endpoint> <path>', 'read a resource, an instance or an object').action(
    async (endpoint: string, path: string, options: OperationOptions) => {
      await perform(endpoint, { kind: 'read', path }, options);
    },
  );
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
  operation(device, 'write <endpoint> <path> <value>', 'write a value: text, or JSON such as 21.5, true, {"0":1,"1":5}')
    .option('--update', 'change only what is given, keep the rest')
    .action(async (endpoint: string, path: string, value: string, options: OperationOptions & { update?: boolean }) => {
      await perform(
        endpoint,
        { kind: 'write', path, mode: options.update === true ? 'update' : 'replace', value: valueOf(value) },
        options,
      );
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
        await perform(endpoint, { kind: 'create', path, value: valueOf(value), ...instance }, options);
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
      .command('observe <endpoint> <path>')
      .description('keep a path observed; values come as events (bellwether event tail --type value.received)'),
  )
    .option('--id <ID>', 'id of the observation; made from the path otherwise')
    .option('--attribute <NAME=NUMBER...>', 'attributes to write along: pmin=10 pmax=60')
    .option('--cancel', 'end the observation in place of starting it')
    .action(
      async (
        endpoint: string,
        path: string,
        options: ClientOptions & { id?: string; attribute?: string[]; cancel?: boolean },
      ) => {
        const id = options.id ?? path.slice(1).replaceAll('/', '.');
        const at = `${devicePath(endpoint)}/observations/${encodeURIComponent(id)}`;
        const client = clientOf(options);
        const attributes = options.attribute === undefined ? {} : { attributes: attributesOf(options.attribute) };
        const { body } =
          options.cancel === true
            ? await client.call('DELETE', at)
            : await client.call('PUT', at, { body: { paths: [path], ...attributes } });
        if (options.json === true) printJson(body ?? { id, cancelled: true });
        else if (body === undefined) process.stdout.write(`observation ${id} ended\n`);
        else printFields(body as Record<string, unknown>);
      },
    );
}

function operation(device: Command, usage: string, description: string): Command {
  return withAccess(device.command(usage).description(description))
    .option('--wait <SECONDS>', 'how long to wait for the outcome', '30')
    .option('--format <NAME>', 'content format: text opaque cbor tlv senml-json senml-cbor')
    .option('--deadline <TIME>', 'RFC 3339; not sent after it');
}

async function perform(endpoint: string, request: Record<string, unknown>, options: OperationOptions): Promise<void> {
  const more = {
    ...(options.format === undefined ? {} : { format: options.format }),
    ...(options.deadline === undefined ? {} : { deadline: options.deadline }),
  };
  const answer = await clientOf(options).call('POST', `${devicePath(endpoint)}/operations`, {
    body: { ...request, ...more },
    headers: { prefer: `wait=${wholeNumber('--wait', options.wait ?? '30')}` },
  });
  if (options.json === true) printJson(answer.body);
  else showOperation(answer);
  process.exitCode = exitOf(answer.body as Record<string, unknown>);
}

function showOperation(answer: Answer): void {
  const operation = answer.body as Record<string, unknown>;
  const result = (operation['result'] ?? {}) as Record<string, unknown>;
  if (result['node'] !== undefined) printTable(['path', 'name', 'value', 'unit'], nodeRows(result['node']));
  else if (Array.isArray(result['links'])) {
    const links = result['links'] as { path: string; attributes: Record<string, unknown> }[];
    printTable(
      ['path', 'attributes'],
      links.map((link) => [
        link.path,
        Object.entries(link.attributes)
          .map(([name, value]) => `${name}=${showCell(value)}`)
          .join(' '),
      ]),
    );
  } else {
    const place = result['path'] === undefined ? '' : ` ${showCell(result['path'])}`;
    process.stdout.write(`${showCell(operation['state'])} ${showCell(result['coapCode'])}${place}\n`);
  }
  if (answer.status === 202)
    process.stdout.write(`operation ${showCell(operation['id'])} waits for ${showCell(operation['waitingFor'])}\n`);
  const error = errorCell(operation);
  if (error !== '') process.stderr.write(`bellwether: ${error}\n`);
}

function exitOf(operation: Record<string, unknown>): number {
  const error = (operation['error'] ?? {}) as Record<string, unknown>;
  if (error['code'] === 'device_refused') return ExitCode.REFUSED;
  if (error['code'] === 'device_timeout') return ExitCode.TIMEOUT;
  return error['code'] === undefined ? ExitCode.OK : ExitCode.FAILED;
}

async function listAll(
  client: Client,
  options: { filter?: string; sort?: string; limit?: string },
): Promise<Record<string, unknown>[]> {
  const most = options.limit === undefined ? Number.POSITIVE_INFINITY : wholeNumber('--limit', options.limit);
  const items: Record<string, unknown>[] = [];
  let cursor: string | undefined;
  do {
    const limit = String(Math.min(500, most - items.length));
    const { body } = await client.call('GET', '/devices', {
      query: { filter: options.filter, sort: options.sort, limit, cursor },
    });
    const page = body as { items: Record<string, unknown>[]; next?: string };
    items.push(...page.items);
    cursor = page.next;
  } while (cursor !== undefined && items.length < most);
  return items;
}

function deviceRow(device: Record<string, unknown>): string[] {
  return ['endpoint', 'presence', 'model', 'firmware', 'lastSeen'].map((name) => showCell(device[name]));
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

function clientOf(options: ClientOptions): Client {
  return new Client(findAccess(options));
}

/** `~` and base64url is an alias of every name, and the only way to some. */
function devicePath(endpoint: string): string {
  const plain = endpoint !== '.' && endpoint !== '..' && !endpoint.startsWith('~');
  return `/devices/${plain ? encodeURIComponent(endpoint) : `~${Buffer.from(endpoint, 'utf8').toString('base64url')}`}`;
}

function valueOf(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return text;
  }
}

function attributesOf(list: readonly string[]): Record<string, number | null> {
  const entries = list.map((item): [string, number | null] => {
    const [name = '', value] = item.split('=', 2);
    if (value === undefined || value === '') return [name, null];
    const number = Number(value);
    if (Number.isNaN(number)) throw new AppError('usage', `attribute ${name}: "${value}" is not a number`);
    return [name, number];
  });
  return Object.fromEntries(entries);
}

function wholeNumber(name: string, text: string): number {
  if (!/^\d{1,9}$/.test(text)) throw new AppError('usage', `${name} must be a whole number, not "${text}"`);
  return Number(text);
}
