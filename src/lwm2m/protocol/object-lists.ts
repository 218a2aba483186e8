/**
 * The object list in the payload of Register and Update (LwM2M-Core 1.1.1 §6.2.1, §7.2.2; RFC 6690): `</>;rt="oma.lwm2m";
 * ct="60 112",</1>;ver=1.1,</1/0>,</3/0>`. Devices of one kind send the same bytes, so a payload seen lately is not parsed
 * again; the lists themselves are shared values (`ObjectLists`).
 */

import { DecodeError, decodeUtf8 } from '#base';
import { LINK_LIMITS, parseLinks } from '#coap/codec';
import type { Link, LinkLimits } from '#coap/codec';
import { MAX_ID, coreVersion, isObjectVersion, shareInstances } from '#lwm2m/model';
import type {
  EnablerVersion,
  ObjectEntry,
  ObjectList,
  ObjectListParts,
  ObjectLists,
  ProfileObject,
} from '#lwm2m/model';

/** The object list in a payload of link-format, as shared value. Throws DecodeError, see `parseObjectList`. */
export function readObjectList(
  payload: Uint8Array,
  lwm2m: EnablerVersion,
  lists: ObjectLists,
  limits: LinkLimits = LINK_LIMITS,
): ObjectList {
  const bytes = Buffer.isBuffer(payload) ? payload : Buffer.from(payload.buffer, payload.byteOffset, payload.length);
  const text = bytes.toString('latin1');
  const recent = lists.recent[lwm2m];
  const known = recent.get(text);
  if (known !== undefined) return known;
  const list = lists.intern(parseObjectList(decodeUtf8(payload), lwm2m, limits));
  recent.add(text, list);
  return list;
}

/**
 * Reads the object list of a device that speaks `lwm2m`. Objects a device must not list (/0, /21, in 1.2 also /23),
 * unknown attributes and links outside the root are passed over. Throws DecodeError: `bad_link_format`-like reasons of the
 * scanner, `bad_root`, `bad_formats`, `bad_object_path`, `bad_object_version`, `empty_object_list` (unless `least` is nothing).
 */
export function parseObjectList(
  text: string,
  lwm2m: EnablerVersion,
  limits: LinkLimits = LINK_LIMITS,
  least: 'one object' | 'nothing' = 'one object',
): ObjectListParts {
  const links = parseLinks(text, limits);
  const rootLink = findRoot(links);
  const root = rootLink === undefined ? '' : rootOf(rootLink);
  const found = new Map<number, Found>();
  for (const link of links) if (link !== rootLink) addLink(found, link, root);
  for (const object of lwm2m === '1.2' ? NEVER_LISTED_1_2 : NEVER_LISTED) found.delete(object);
  if (found.size === 0 && least === 'one object')
    throw new DecodeError('empty_object_list', 'the object list names no object');
  return { objects: entriesOf(found, lwm2m), root, formats: rootLink === undefined ? [] : formatsOf(rootLink) };
}

/**
 * An object list with the objects of profiles (LwM2M-Core 1.2.1 §6.2.1.2): of each object all instances that one of them names, in
 * the version that the list says, else a profile, else the enabler. Without a payload the profiles are all there is.
 */
export function withProfiles(
  list: ObjectListParts | undefined,
  profiles: readonly (readonly ProfileObject[])[],
  lwm2m: EnablerVersion,
): ObjectListParts {
  const found = new Map<number, { version: string | undefined; readonly instances: Set<number> }>();
  for (const { id, version, instances } of [...(list?.objects ?? []), ...profiles.flat()]) {
    const object = found.get(id) ?? { version: undefined, instances: new Set<number>() };
    object.version ??= version;
    for (const instance of instances) object.instances.add(instance);
    found.set(id, object);
  }
  const objects = [...found].sort(([left], [right]) => left - right);
  return {
    objects: objects.map(([id, { version, instances }]) => ({
      id,
      version: version ?? coreVersion(lwm2m, id),
      instances: shareInstances([...instances].sort(ascending)),
    })),
    root: list?.root ?? '',
    formats: list?.formats ?? [],
  };
}

/** What the links say of one object. */
interface Found {
  /** Of the object's own link. */
  version: string | undefined;
  /** Of an instance's link, which counts when the object's has none. */
  instanceVersion: string | undefined;
  readonly instances: number[];
}

/** The link that stands for the root: the first of resource type oma.lwm2m, else one to `/`. */
function findRoot(links: readonly Link[]): Link | undefined {
  const typed = links.find((link) => link.attributes.get('rt')?.split(' ').includes('oma.lwm2m'));
  return typed ?? links.find((link) => link.target === '/');
}

/** Prefix of every path: '' for the target `/`. Its segments must not look like ids (LwM2M-Core 1.1.1 §6.2.1). */
function rootOf(link: Link): string {
  const root = link.target.endsWith('/') ? link.target.slice(0, -1) : link.target;
  if (root === '') return '';
  const segments = root.split('/');
  const bad = segments.some((segment, index) => (index === 0 ? segment !== '' : !isRootSegment(segment)));
  if (bad || root.length > MAX_ROOT) {
    throw new DecodeError(
      'bad_root',
      `"${clip(link.target)}" cannot be a root: expected / or path segments that are not numbers`,
    );
  }
  return root;
}

function isRootSegment(segment: string): boolean {
  if (segment === '' || segment === '.' || segment === '..' || /^\d+$/.test(segment)) return false;
  try {
    return Buffer.byteLength(decodeURIComponent(segment)) <= 255;
  } catch {
    return false;
  }
}

/** `ct` of the root link: a number, or several with blanks between. */
function formatsOf(link: Link): number[] {
  if (!link.attributes.has('ct')) return [];
  const text = link.attributes.get('ct') ?? '';
  const formats = text.split(' ').filter((word) => word !== '');
  if (
    formats.length === 0 ||
    formats.length > MAX_FORMATS ||
    !formats.every((word) => /^\d{1,5}$/.test(word) && Number(word) <= 0xffff)
  ) {
    throw new DecodeError('bad_formats', `ct="${clip(text)}" is not a list of content format numbers`);
  }
  return [...new Set(formats.map(Number))].sort(ascending);
}

/** Adds `</object>` or `</object/instance>`; what does not lie under the root or does not begin with a number is passed over. */
function addLink(found: Map<number, Found>, link: Link, root: string): void {
  const { target } = link;
  const start = root.length + 1;
  const first = target.charCodeAt(start);
  if (!(first >= DIGIT_0 && first <= DIGIT_9) || target.charCodeAt(start - 1) !== SLASH || !target.startsWith(root))
    return;
  const slash = target.indexOf('/', start);
  const object = idIn(target, start, slash < 0 ? target.length : slash);
  const instance = slash < 0 ? undefined : idIn(target, slash + 1, target.length);
  if (object < 0 || (instance !== undefined && instance < 0)) {
    throw new DecodeError(
      'bad_object_path',
      `"${clip(target)}" is not an object or object instance: expected ids 0 to ${MAX_ID}`,
    );
  }
  const entry = found.get(object) ?? { version: undefined, instanceVersion: undefined, instances: [] };
  if (entry.instances.length === 0 && !found.has(object)) found.set(object, entry);
  if (instance !== undefined) entry.instances.push(instance);
  const version = link.attributes.get('ver');
  if (version === undefined) return;
  if (!isObjectVersion(version)) {
    throw new DecodeError(
      'bad_object_version',
      `ver="${clip(version)}" of "${clip(target)}" is not a version such as 1.1`,
    );
  }
  if (instance === undefined) entry.version ??= version;
  else entry.instanceVersion ??= version;
}

/** The id in a span of `text`, -1 when there is none: decimal, without leading zeros, at most 65534. */
function idIn(text: string, start: number, end: number): number {
  if (end === start || end - start > 5 || (end - start > 1 && text.charCodeAt(start) === DIGIT_0)) return -1;
  let id = 0;
  for (let index = start; index < end; index += 1) {
    const digit = text.charCodeAt(index) - DIGIT_0;
    if (digit < 0 || digit > 9) return -1;
    id = id * 10 + digit;
  }
  return id > MAX_ID ? -1 : id;
}

function entriesOf(found: ReadonlyMap<number, Found>, lwm2m: EnablerVersion): ObjectEntry[] {
  const entries: ObjectEntry[] = [];
  for (const [id, { version, instanceVersion, instances }] of found) {
    const distinct = instances.length > 1 ? [...new Set(instances)].sort(ascending) : instances;
    entries.push({
      id,
      version: version ?? instanceVersion ?? coreVersion(lwm2m, id),
      instances: shareInstances(distinct),
    });
  }
  return entries.sort((left, right) => left.id - right.id);
}

function ascending(left: number, right: number): number {
  return left - right;
}

function clip(text: string): string {
  return text.length > 40 ? `${text.slice(0, 40)}…` : text;
}

/** Objects that a device must not list: Security and OSCORE, from 1.2 COSE (LwM2M-Core 1.2.1 §6.2.1). */
const NEVER_LISTED = [0, 21];
const NEVER_LISTED_1_2 = [0, 21, 23];
/** Most characters of an alternate root path. */
const MAX_ROOT = 255;
/** Most content formats a device may announce. */
const MAX_FORMATS = 64;
const SLASH = 0x2f;
const DIGIT_0 = 0x30;
const DIGIT_9 = 0x39;
