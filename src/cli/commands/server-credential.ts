/** `bellwether server-credential …`: what the server proves itself by towards devices, over REST. */

import type { Command } from 'commander';

import { Client, findAccess } from '../client.js';
import { printJson, printTable, showCell } from '../output.js';
import { trustPath } from '../values.js';
import { withAccess, type ClientOptions } from './device.js';
import { change, textOf } from './trust.js';

interface PutOptions extends ClientOptions {
  readonly keyFile?: string;
  readonly chainFile?: string;
  readonly host?: readonly string[];
  readonly anchor?: readonly string[];
  readonly label?: string;
}

/** Adds all `server-credential` commands. */
export function addServerCredential(program: Command): void {
  const command = program
    .command('server-credential')
    .description('keys of the server with their chains, for devices that have no pre-shared key');
  withAccess(command.command('list').description('list them, that of --coaps-key too')).action(
    async (options: ClientOptions) => {
      const { body } = await new Client(findAccess(options)).call('GET', '/server-credentials');
      print(options, body);
    },
  );
  withAccess(
    command
      .command('put <id>')
      .description('prove the server by a key from the next handshake on, or change what goes with one'),
  )
    .option('--key-file <FILE>', 'its private key, PEM; - for standard input; without it the one that is kept')
    .option('--chain-file <FILE>', 'its certificates, PEM, its own first; without it a raw public key alone')
    .option('--host <NAME>', 'host name it is for, repeatable; without it all that no other is for', more)
    .option('--anchor <ID>', 'trust anchor that certificates of devices must be under there, repeatable', more)
    .option('--label <TEXT>', 'for people')
    .action(async (id: string, options: PutOptions) => {
      const { anchor: anchors, chainFile, host: hosts, keyFile, label } = options;
      const [key, chain] = [keyFile, chainFile].map((file) => (file === undefined ? undefined : textOf(file)));
      const body = { key, chain, hosts, anchors, label };
      await change('PUT', trustPath('server-credentials', id), options, `the server proves itself by ${id}`, body);
    });
  withAccess(
    command.command('delete <id>').description('prove the server by a key no more; associations go on'),
  ).action(async (id: string, options: ClientOptions) => {
    const sentence = `the server proves itself by ${id} no more`;
    await change('DELETE', trustPath('server-credentials', id), options, sentence);
  });
  withAccess(
    command.command('reload').description('read the files of --coaps-key and --coaps-chain again, as SIGHUP does'),
  ).action(async (options: ClientOptions) => {
    const { body } = await new Client(findAccess(options)).call('POST', '/server-credentials/reload');
    print(options, body);
  });
}

function print({ json }: ClientOptions, body: unknown): void {
  const { items } = body as { items: readonly Record<string, unknown>[] };
  if (json === true) {
    printJson(items);
    return;
  }
  const rows = items.map((item) => {
    const [own] = item['certificates'] as readonly Record<string, unknown>[];
    const hosts = item['hosts'] as readonly string[] | undefined;
    const anchors = item['anchors'] as readonly string[] | undefined;
    return [
      ...[item['id'], item['source'], item['keyType'], own?.['subject'], own?.['notAfter']],
      ...[hosts?.join(' '), anchors?.join(' '), item['label']],
    ].map(showCell);
  });
  const columns = ['id', 'source', 'key', 'subject', 'notAfter', 'hosts', 'anchors', 'label'];
  printTable(columns, rows, 'the server has no key: devices come with pre-shared keys alone');
}

function more(value: string, before: readonly string[] | undefined): readonly string[] {
  return [...(before ?? []), value];
}
