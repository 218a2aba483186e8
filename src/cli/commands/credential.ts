/** `bellwether credential …`: what devices prove who they are with, over REST. Keys are read from files or standard input, never from the command line, where others see them. */

import { Option, type Command } from 'commander';

import { AppError } from '#base';

import { Client, findAccess } from '../client.js';
import { ExitCode } from '../exit.js';
import { readInput } from '../files.js';
import { printJson, printTable, showCell } from '../output.js';
import { credentialPath, devicePath } from '../values.js';
import { withAccess, type ClientOptions } from './device.js';

interface IdentityOptions extends ClientOptions {
  readonly identity?: string;
  readonly identityHex?: string;
  readonly label?: string;
  readonly validFrom?: string;
  readonly validUntil?: string;
}

interface PutCommand extends IdentityOptions {
  readonly kind: string;
  readonly keyFile?: string;
  readonly publicKeyFile?: string;
  readonly certificateFile?: string;
  readonly fingerprint?: string;
  readonly anchor?: string;
}

/** What REST answers to a PUT. */
interface Put {
  readonly result: string;
  readonly key?: string;
  readonly warnings: readonly string[];
}

/** Adds all `credential` commands. */
export function addCredential(program: Command): void {
  const credential = program.command('credential').description('what devices prove who they are with');
  addQueries(credential);
  addPuts(credential);
  addImport(credential);
  withAccess(
    credential
      .command('clear-secured <endpoint>')
      .description('let a name without credentials speak plain CoAP again, whether its device is there or was deleted'),
  ).action(async (endpoint: string, options: ClientOptions) => {
    await new Client(findAccess(options)).call('DELETE', `${devicePath(endpoint)}/secured`);
    if (options.json === true) printJson({ endpoint });
    else process.stdout.write(`${endpoint} may speak plain CoAP again\n`);
  });
}

function addQueries(credential: Command): void {
  withAccess(credential.command('list <endpoint>').description('list the credentials of a device')).action(
    async (endpoint: string, options: ClientOptions) => {
      const { body } = await new Client(findAccess(options)).call('GET', `${devicePath(endpoint)}/credentials`);
      const { items } = body as { items: readonly Record<string, unknown>[] };
      if (options.json === true) printJson(items);
      else
        printTable(
          ['id', 'kind', 'identity', 'validity', 'last used', 'label'],
          items.map((item) => [
            ...['id', 'kind'].map((name) => showCell(item[name])),
            identityCell(item),
            ...['validity', 'lastUsed', 'label'].map((name) => showCell(item[name])),
          ]),
          'this device has no credentials',
        );
    },
  );
  withAccess(
    credential.command('delete <endpoint> <id>').description('delete a credential; sessions made with it end'),
  ).action(async (endpoint: string, id: string, options: ClientOptions) => {
    await new Client(findAccess(options)).call('DELETE', credentialPath(endpoint, id));
    if (options.json === true) printJson({ endpoint, id });
    else process.stdout.write(`${endpoint} has no credential ${id} any more\n`);
  });
}

function addPuts(credential: Command): void {
  withValidity(
    credential
      .command('put <endpoint> <id>')
      .description('put a credential of a device, which need never have been seen')
      .addOption(new Option('--kind <KIND>', 'what it is').choices(['psk', 'rpk', 'x509', 'anchor']).default('psk')),
  )
    .option('--key-file <FILE>', 'psk: file with hex:… or base64:…; - for standard input')
    .option('--public-key-file <FILE>', 'rpk: SubjectPublicKeyInfo, PEM or base64; - for standard input')
    .option('--certificate-file <FILE>', 'x509: the certificate, PEM or base64; - for standard input')
    .option('--fingerprint <HEX>', 'x509: its SHA-256, in place of the certificate')
    .option('--anchor <ID>', 'anchor: a trust anchor; no certificate under another is good for the device then')
    .action(async (endpoint: string, id: string, options: PutCommand) => {
      const { kind, fingerprint, anchor } = options;
      await put(endpoint, id, options, {
        ...{ kind, fingerprint, anchor },
        key: textOf(options.keyFile),
        publicKey: textOf(options.publicKeyFile),
        certificate: textOf(options.certificateFile),
      });
    });
  withValidity(
    credential
      .command('generate <endpoint> <id>')
      .description('have the server make a pre-shared key; it is printed this once'),
  ).action(async (endpoint: string, id: string, options: IdentityOptions) => {
    await put(endpoint, id, options, { kind: 'psk', generate: true });
  });
}

function addImport(credential: Command): void {
  withAccess(
    credential
      .command('import <file>')
      .description('put many credentials: CSV with a heading, or a JSON object a line; - for standard input'),
  )
    .addOption(
      new Option('--format <NAME>', 'form of the file; from its name when left out').choices(['csv', 'ndjson']),
    )
    .option('--dry-run', 'say what would come of it, and change nothing')
    .action(async (file: string, options: ClientOptions & { format?: string; dryRun?: boolean }) => {
      const format =
        options.format ?? (/\.(nd)?jsonl?$/.test(file) ? 'ndjson' : /\.csv$/.test(file) ? 'csv' : undefined);
      if (format === undefined) throw new AppError('usage', 'give --format csv or --format ndjson');
      const content = readInput(file);
      const type = format === 'csv' ? 'text/csv' : 'application/x-ndjson';
      const answer = new Client(findAccess(options)).lines('POST', '/credentials/import', {
        query: { dryRun: options.dryRun === true ? 'true' : undefined },
        raw: { type, content },
      });
      await report(answer, options);
    });
}

/** Prints results as they come: what failed, keys that were made, and at the end the counts. */
async function report(answer: AsyncIterable<string>, { json }: ClientOptions): Promise<void> {
  let counts: Readonly<Record<string, unknown>> | undefined;
  let done = 0;
  for await (const text of answer) {
    if (json === true) process.stdout.write(`${text}\n`);
    const result = JSON.parse(text) as Readonly<Record<string, unknown>>;
    if (result['line'] === undefined) {
      counts = result;
      continue;
    }
    done += 1;
    if (done % PROGRESS_EVERY === 0) process.stderr.write(`${done} lines\n`);
    if (json !== true) process.stdout.write(sentenceOf(result));
  }
  if (counts === undefined)
    throw new AppError('failed', `the server ended the import after ${done} lines: run it again`);
  if (json !== true) {
    const { lines, created, changed, unchanged, failed, dryRun } = counts;
    const would = dryRun === true ? 'nothing was changed; it would be: ' : '';
    const words = `${String(lines)} lines: ${would}${String(created)} created, ${String(changed)} changed`;
    process.stdout.write(`${words}, ${String(unchanged)} unchanged, ${String(failed)} failed\n`);
  }
  if (counts['failed'] !== 0) process.exitCode = ExitCode.FAILED;
}

function sentenceOf(result: Readonly<Record<string, unknown>>): string {
  const place = `line ${String(result['line'])} ${showCell(result['endpoint'])} ${showCell(result['id'])}`.trim();
  if (result['result'] === 'failed') return `${place}: ${showCell(result['detail'])} (${showCell(result['code'])})\n`;
  const warnings = (result['warnings'] ?? []) as readonly string[];
  const key = result['key'] === undefined ? [] : [`the key, shown this once, is ${showCell(result['key'])}`];
  return [...key, ...warnings].map((words) => `${place}: ${words}\n`).join('');
}

async function put(
  endpoint: string,
  id: string,
  options: IdentityOptions,
  more: Readonly<Record<string, unknown>>,
): Promise<void> {
  const { identity, identityHex, label, validFrom, validUntil } = options;
  const { body } = await new Client(findAccess(options)).call('PUT', credentialPath(endpoint, id), {
    body: { ...more, identity, identityHex, label, validFrom, validUntil },
  });
  if (options.json === true) {
    printJson(body);
    return;
  }
  const { result, key, warnings } = body as Put;
  process.stdout.write(`${result} credential ${id} of ${endpoint}\n`);
  if (key !== undefined) process.stdout.write(`the key, shown this once, is ${key}\n`);
  for (const warning of warnings) process.stderr.write(`warning: ${warning}\n`);
}

function withValidity(command: Command): Command {
  return withAccess(command)
    .option('--identity <TEXT>', 'psk: the identity; the endpoint name when left out')
    .option('--identity-hex <HEX>', 'psk: an identity that is no text')
    .option('--label <TEXT>', 'for people')
    .option('--valid-from <TIME>', 'RFC 3339: not good before')
    .option('--valid-until <TIME>', 'RFC 3339: from then on not good');
}

function textOf(file: string | undefined): string | undefined {
  return file === undefined ? undefined : Buffer.from(readInput(file)).toString('utf8').trim();
}

function identityCell(item: Readonly<Record<string, unknown>>): string {
  const hex = item['identityHex'];
  if (hex !== undefined) return `#${showCell(hex)}`;
  return showCell(item['identity'] ?? item['fingerprint'] ?? item['anchor']);
}

const PROGRESS_EVERY = 1000;
