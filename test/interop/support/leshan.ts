/** Builds the device on Leshan's client library, once, from the package registry. */

import { existsSync, mkdirSync, readdirSync } from 'node:fs';
import { join } from 'node:path';

import { MODELS, OBJECTS } from './bellwether.js';
import { Program, run } from './processes.js';

const SOURCE = new URL('../leshan', import.meta.url).pathname;
const CACHE = new URL('../../../.cache/leshan', import.meta.url).pathname;

/** Fetches the libraries and compiles the device; throws by name when something cannot be had. */
export function buildLeshanPeer(): void {
  need('java', 'openjdk-17-jre-headless');
  need('javac', 'openjdk-17-jdk-headless');
  need('mvn', 'maven');
  mkdirSync(CACHE, { recursive: true });
  const library = join(CACHE, 'lib');
  if (!existsSync(join(library, 'complete'))) {
    run('mvn', [
      '-q',
      '-B',
      '-f',
      join(SOURCE, 'pom.xml'),
      'dependency:copy-dependencies',
      `-DoutputDirectory=${library}`,
    ]);
    run('touch', [join(library, 'complete')]);
  }
  run('javac', ['-cp', join(library, '*'), '-d', CACHE, join(SOURCE, 'Peer.java')]);
}

/** Version of the client library that was fetched. */
export function leshanVersion(): string {
  const jars = readdirSync(join(CACHE, 'lib')).map((name) => /^leshan-lwm2m-client-(.+)\.jar$/.exec(name)?.[1]);
  return jars.find((version) => version !== undefined) ?? '?';
}

/** Starts the device; resolves when the process is there (not when it is registered). */
export function leshanPeer(endpoint: string, url: string, ...more: string[]): Program {
  return new Program('leshan', 'java', [
    '-Dorg.slf4j.simpleLogger.defaultLogLevel=warn',
    '-XX:TieredStopAtLevel=1',
    '-cp',
    `${CACHE}:${join(CACHE, 'lib', '*')}`,
    'Peer',
    `ep=${endpoint}`,
    `url=${url}`,
    `models=${join(OBJECTS, '3303-1.1.xml')},${join(MODELS, '3442.xml')}`,
    ...more,
  ]);
}

/** Makes sure that a program is there; installs its Debian package otherwise. */
export function need(program: string, debianPackage: string): void {
  if (run('sh', ['-c', `command -v ${program} || true`]).trim() !== '') return;
  const log = run(
    'sh',
    [
      '-c',
      `apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends -qq ${debianPackage}`,
    ],
    {
      milliseconds: 600_000,
      allowFailure: 'allow',
    },
  );
  if (run('sh', ['-c', `command -v ${program} || true`]).trim() === '') {
    throw new Error(
      `${program} is needed and its package ${debianPackage} could not be installed:\n${log.slice(-2000)}`,
    );
  }
}
