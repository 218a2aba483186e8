/** Peers from npm that are no dependencies of ours: installed on demand, beside what Maven brings. */

import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';

/** A package that is there. */
export interface NpmPeer {
  readonly version: string;
  /** What it exports. */
  load(): unknown;
}

/** Makes sure that a package is there in one version, without what is optional to it and without its install scripts. */
export function npmPeer(name: string, version: string): NpmPeer {
  const folder = new URL(`../../../.cache/npm-${name}`, import.meta.url).pathname;
  const manifest = join(folder, 'node_modules', name, 'package.json');
  if (!existsSync(manifest) || versionIn(manifest) !== version) {
    mkdirSync(folder, { recursive: true });
    const args = ['install', '--prefix', folder, '--omit=optional', '--ignore-scripts', '--no-audit', '--no-fund'];
    execFileSync('npm', [...args, `${name}@${version}`], { stdio: ['ignore', 'ignore', 'inherit'] });
  }
  return { version: versionIn(manifest), load: () => createRequire(manifest)(name) as unknown };
}

function versionIn(manifest: string): string {
  return (JSON.parse(readFileSync(manifest, 'utf8')) as { readonly version: string }).version;
}
