/** `bellwether serve`: reads the settings, starts the server, says where it listens, and drains on SIGTERM or SIGINT. */

import { existsSync } from 'node:fs';

import { Option, type Command } from 'commander';

import { AppError, messageOf, Secret, type Logger } from '#base';
import { MASTER_KEY_VARIABLE } from '#vault';

import { readConfig, variableOf, type Config, type Sources } from '../../config.js';
import { startServer, type RunningServer } from '../../server.js';
import { SETTINGS, type Setting } from '../../settings.js';
import { ExitCode } from '../exit.js';
import { processLogger } from '../logger.js';
import { readYaml } from '../yaml.js';

/** Adds `serve` with one option a setting. */
export function addServe(program: Command): void {
  const command = program.command('serve').description('run the server');
  command.option('--config <FILE>', 'settings in YAML; flags and variables go over it');
  command.option('--print-config', 'print every setting with its value and end; secrets are stars');
  for (const setting of SETTINGS) {
    command.addOption(optionOf(setting));
    if (setting.kind === 'flag') command.addOption(new Option(`--no-${setting.flag}`).hideHelp());
  }
  command.addHelpText('after', HELP);
  command.action(async (options: Record<string, unknown>) => {
    await serve(options);
  });
}

function optionOf(setting: Setting): Option {
  const name = setting.kind === 'flag' ? `--${setting.flag}` : `--${setting.flag} <${setting.argument ?? 'VALUE'}>`;
  const initial = Array.isArray(setting.initial) ? setting.initial.join(' ') : String(setting.initial);
  const bounds = setting.min === undefined ? '' : `${setting.min} to ${setting.max ?? 'any'}; `;
  const option = new Option(
    name,
    `${setting.help}${setting.kind === 'flag' ? `; --no-${setting.flag} turns it off` : ''} (${variableOf(setting.flag)}; ${bounds}default ${initial === '' ? 'none' : initial})`,
  );
  if (setting.kind === 'list')
    option.argParser((value: string, before: string[] | undefined) => [...(before ?? []), value]);
  return option;
}

async function serve(options: Record<string, unknown>): Promise<void> {
  const config = readConfig(sourcesOf(options));
  if (options['printConfig'] === true) {
    process.stdout.write(`${JSON.stringify(config.shown, undefined, 2)}\n`);
    return;
  }
  await run(config);
}

async function run(config: Config): Promise<void> {
  const logger = processLogger(config.logLevel);
  const fault = (error: unknown): void => {
    logger.error('fault: the server ends, nothing acknowledged is lost', {
      error: error instanceof Error ? (error.stack ?? error.message) : String(error),
    });
    process.exit(ExitCode.FAULT);
  };
  process.on('uncaughtException', fault);
  process.on('unhandledRejection', fault);
  const server = await startServer(config, { logger, fault });
  const stopped = whenToldToStop(() => server.stop());
  process.on('SIGHUP', () => {
    reload(server, logger);
  });
  if (server.newToken !== undefined) process.stdout.write(`owner token (shown this once): ${server.newToken}\n`);
  else if (config.ownerTokenFile !== undefined && !existsSync(config.ownerTokenFile))
    process.stdout.write(
      `${config.ownerTokenFile} is missing, and an owner token is not kept: bellwether token reset --data ${config.data} --owner-token-file ${config.ownerTokenFile} makes another\n`,
    );
  if (config.admission === 'open') process.stdout.write('plain CoAP is open: any device may register under any name\n');
  const coap = [...server.coap.map((url) => `coap=${url}`), ...server.coaps.map((url) => `coaps=${url}`)];
  process.stdout.write(`ready http=${server.http} ${coap.join(' ')}\n`);
  await stopped;
}

/** Key and chain of the secure listeners are read again; what cannot be read changes nothing. */
function reload(server: RunningServer, logger: Logger): void {
  try {
    server.reload();
    logger.info('the key and the chain of the secure listeners were read again');
  } catch (error) {
    logger.error('nothing was changed', { error: messageOf(error) });
  }
}

/** Resolves when a signal came and `stop` is done; a second signal ends the process at once. */
function whenToldToStop(stop: () => Promise<void>): Promise<void> {
  return new Promise((resolve, reject) => {
    let asked = 0;
    const onSignal = (): void => {
      asked += 1;
      if (asked > 1) process.exit(ExitCode.FORCED);
      const forced = setTimeout(() => process.exit(ExitCode.FORCED), LONGEST_DRAIN);
      stop().then(() => {
        clearTimeout(forced);
        process.off('SIGTERM', onSignal);
        process.off('SIGINT', onSignal);
        resolve();
      }, reject);
    };
    process.on('SIGTERM', onSignal);
    process.on('SIGINT', onSignal);
  });
}

function sourcesOf(options: Record<string, unknown>): Sources {
  const flags = Object.fromEntries(SETTINGS.map((setting) => [setting.flag, options[attributeOf(setting.flag)]]));
  const name = typeof options['config'] === 'string' ? options['config'] : process.env['BELLWETHER_CONFIG'];
  const masterKey = takeVariable(MASTER_KEY_VARIABLE);
  return {
    ...{ flags, environment: process.env },
    ...(masterKey === undefined ? {} : { masterKey }),
    ...(name === undefined ? {} : { file: { name, content: readYaml(name, 'the configuration file', refusal) } }),
  };
}

/** Takes a variable out of the environment, so that no report, worker or child of this process has it. */
function takeVariable(name: string): Secret | undefined {
  const text = process.env[name];
  if (text === undefined) return undefined;
  Reflect.deleteProperty(process.env, name);
  return Secret.ofText(text);
}

function refusal(message: string, cause?: unknown): AppError {
  return new AppError('bad_configuration', message, { cause });
}

function attributeOf(flag: string): string {
  return new Option(`--${flag}`).attributeName();
}

const HELP = `
Each setting is a flag, a variable, and a key in the YAML file named by --config or BELLWETHER_CONFIG (lifetimeGrace: 30).
A flag goes over a variable, a variable over the file. Lists have commas in a variable.
BELLWETHER_MASTER_KEY may hold the master key itself, in place of --master-key-file: it is no setting, and shown nowhere.`;
/** SIGTERM drains in at most this many milliseconds. */
const LONGEST_DRAIN = 10_000;
