/** `bellwether trust …`: trust anchors and revocation lists, over REST. */

import type { Command } from 'commander';

import { Client, findAccess } from '../client.js';
import { readInput } from '../files.js';
import { printJson, printTable, showCell } from '../output.js';
import { trustPath } from '../values.js';
import { withAccess, type ClientOptions } from './device.js';

/** Adds all `trust` commands. */
export function addTrust(program: Command): void {
  const trust = program.command('trust').description('trust anchors of certificates, and revocation lists');
  list(trust, 'list', 'trust-anchors', ['id', 'subject', 'rule', 'notAfter', 'label'], 'nothing is trusted');
  withAccess(
    trust.command('put <id>').description('trust a certificate: what is under it owns the names that the rule gives'),
  )
    .requiredOption('--certificate-file <FILE>', 'the certificate, PEM or base64; - for standard input')
    .option('--rule <RULE>', 'how its certificates name endpoints, such as urn:dev:{cn}; default {cn}')
    .option('--label <TEXT>', 'for people')
    .action(async (id: string, options: ClientOptions & { certificateFile: string; rule?: string; label?: string }) => {
      const { rule, label } = options;
      const body = { certificate: textOf(options.certificateFile), rule, label };
      await change('PUT', trustPath('trust-anchors', id), options, `${id} is trusted`, body);
    });
  withAccess(
    trust.command('delete <id>').description('trust a certificate no more; sessions of what is under it end'),
  ).action(async (id: string, options: ClientOptions) => {
    await change('DELETE', trustPath('trust-anchors', id), options, `${id} is not trusted any more`);
  });
  list(trust, 'list-crl', 'revocation-lists', ['id', 'createdAt', 'label'], 'there are no revocation lists');
  withAccess(trust.command('put-crl <id>').description('keep a certificate revocation list'))
    .requiredOption('--list-file <FILE>', 'the list, PEM or base64; - for standard input')
    .option('--label <TEXT>', 'for people')
    .action(async (id: string, options: ClientOptions & { listFile: string; label?: string }) => {
      const body = { list: textOf(options.listFile), label: options.label };
      await change('PUT', trustPath('revocation-lists', id), options, `the revocation list ${id} is kept`, body);
    });
  withAccess(trust.command('delete-crl <id>').description('forget a certificate revocation list')).action(
    async (id: string, options: ClientOptions) => {
      await change('DELETE', trustPath('revocation-lists', id), options, `the revocation list ${id} is gone`);
    },
  );
}

function list(
  trust: Command,
  name: string,
  path: 'trust-anchors' | 'revocation-lists',
  columns: readonly string[],
  none: string,
): void {
  const what = path === 'trust-anchors' ? 'trust anchors' : 'certificate revocation lists';
  withAccess(trust.command(name).description(`list the ${what}`)).action(async (options: ClientOptions) => {
    const { body } = await new Client(findAccess(options)).call('GET', `/${path}`);
    const { items } = body as { items: readonly Record<string, unknown>[] };
    if (options.json === true) printJson(items);
    else
      printTable(
        columns,
        items.map((item) => columns.map((column) => showCell(item[column]))),
        none,
      );
  });
}

/** One order over REST, and the sentence that says it is done. */
export async function change(
  method: 'PUT' | 'DELETE',
  path: string,
  options: ClientOptions,
  sentence: string,
  body?: object,
): Promise<void> {
  const answer = await new Client(findAccess(options)).call(method, path, body === undefined ? {} : { body });
  if (options.json === true) printJson(answer.body ?? { done: sentence });
  else process.stdout.write(`${sentence}\n`);
}

/** The text of a file, or of standard input. */
export function textOf(file: string): string {
  return Buffer.from(readInput(file)).toString('utf8').trim();
}
