/** Builds the devices on Leshan's client libraries, once each, from the package registry. */

import { existsSync, mkdirSync, readdirSync } from 'node:fs';
import { join } from 'node:path';

import { MODELS, OBJECTS } from './bellwether.js';
import { Program, run } from './processes.js';

/** A line of Leshan's releases: where our device on it is, and how its client library is called. */
export interface LeshanLine {
  readonly folder: string;
  readonly library: string;
}

/** The line that speaks LwM2M 1.1. */
export const LESHAN_2: LeshanLine = { folder: 'leshan', library: 'leshan-lwm2m-client' };
/** The line that speaks LwM2M 1.0. */
export const LESHAN_1: LeshanLine = { folder: 'leshan-1', library: 'leshan-client-core' };

/** Fetches the libraries and compiles the device; throws by name when something cannot be had. */
export function buildLeshanPeer({ folder }: LeshanLine): void {
  need('java', 'openjdk-17-jre-headless');
  need('javac', 'openjdk-17-jdk-headless');
  need('mvn', 'maven');
  const { source, cache, jars } = placesOf(folder);
  mkdirSync(cache, { recursive: true });
  if (!existsSync(join(jars, 'complete'))) {
    run('mvn', [
      '-q',
      '-B',
      '-f',
      join(source, 'pom.xml'),
      'dependency:copy-dependencies',
      `-DoutputDirectory=${jars}`,
    ]);
    run('touch', [join(jars, 'complete')]);
  }
  run('javac', ['-cp', join(jars, '*'), '-d', cache, join(source, 'Peer.java')]);
}

/** Version of the client library that was fetched. */
export function leshanVersion({ folder, library }: LeshanLine): string {
  const versions = readdirSync(placesOf(folder).jars).map((name) =>
    name.startsWith(`${library}-`) && name.endsWith('.jar') ? name.slice(library.length + 1, -4) : undefined,
  );
  return versions.find((version) => version !== undefined) ?? '?';
}

/** Starts the device; resolves when the process is there (not when it is registered). */
export function leshanPeer({ folder }: LeshanLine, endpoint: string, url: string, ...more: string[]): Program {
  const { cache, jars } = placesOf(folder);
  return new Program('leshan', 'java', [
    '-Dorg.slf4j.simpleLogger.defaultLogLevel=warn',
    '-XX:TieredStopAtLevel=1',
    '-cp',
    `${cache}:${join(jars, '*')}`,
    'Peer',
    `ep=${endpoint}`,
    `url=${url}`,
    `models=${join(OBJECTS, '3303-1.1.xml')},${join(MODELS, '3442.xml')}`,
    ...more,
  ]);
}

function placesOf(folder: string): { readonly source: string; readonly cache: string; readonly jars: string } {
  const source = new URL(`../${folder}`, import.meta.url).pathname;
  const cache = new URL(`../../../.cache/${folder}`, import.meta.url).pathname;
  return { source, cache, jars: join(cache, 'lib') };
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
