/**
 * LwM2M paths as values: `/3`, `/3/0`, `/3/0/0`, `/3/0/6/1`; the root `/` has no ids (LwM2M-Core 1.1.1 §7.4). A path is a
 * frozen list of one to four ids, each 0 to 65534; 65535 is reserved.
 */

import { DecodeError } from '#base';

/** Object, instance, resource, resource instance; shorter for higher levels, empty for the root. */
export type Path = readonly number[];

/** The names of the levels, by how many ids the path has. */
export const LEVELS = ['root', 'object', 'instance', 'resource', 'resourceInstance'] as const;
/** What a path of some length points at. */
export type Level = (typeof LEVELS)[number];

/** Largest id that may be used. */
export const MAX_ID = 65_534;

/** What `path` points at. */
export function levelOf(path: Path): Level {
  return LEVELS[path.length] as Level;
}

/**
 * Reads `/3/0/0`. A leading slash is required, a trailing one refused; ids are decimal without leading zeros.
 * Throws DecodeError(`bad_path`).
 */
export function parsePath(text: string): Path {
  const path = tryParsePath(text);
  if (path === undefined) {
    throw new DecodeError(
      'bad_path',
      `"${text}" is not a path: expected /object[/instance[/resource[/resourceInstance]]] with ids 0 to ${MAX_ID}`,
    );
  }
  return path;
}

/** As parsePath, but undefined when `text` is not a path. Runs in one pass without a regular expression. */
export function tryParsePath(text: string): Path | undefined {
  if (text.charCodeAt(0) !== SLASH) return undefined;
  const ids: number[] = [];
  if (text.length === 1) return ids;
  let id = -1;
  for (let index = 1; index <= text.length; index += 1) {
    const code = index === text.length ? SLASH : text.charCodeAt(index);
    if (code === SLASH) {
      if (id < 0 || ids.length === 4) return undefined;
      ids.push(id);
      id = -1;
    } else if (code >= ZERO && code <= NINE) {
      if (id === 0) return undefined;
      id = id < 0 ? code - ZERO : id * 10 + code - ZERO;
      if (id > MAX_ID) return undefined;
    } else {
      return undefined;
    }
  }
  return ids;
}

/** A path as text: `/3/0/0`, and `/` for the root. */
export function showPath(path: Path): string {
  return path.length === 0 ? '/' : `/${path.join('/')}`;
}

/** Whether `path` is `ancestor` or lies below it. */
export function isWithin(path: Path, ancestor: Path): boolean {
  if (ancestor.length > path.length) return false;
  for (let index = 0; index < ancestor.length; index += 1) if (path[index] !== ancestor[index]) return false;
  return true;
}

/** Whether two paths are the same. */
export function samePath(left: Path, right: Path): boolean {
  return left.length === right.length && isWithin(left, right);
}

const SLASH = 0x2f;
const ZERO = 0x30;
const NINE = 0x39;
