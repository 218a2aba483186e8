/**
 * Object lists as shared values and as canonical text (LwM2M-Core 1.1.1 §6.2.1, §7.2.2). The text is what the store keeps
 * of a list: `formats|objects|root`, such as `60,112|1:1.1:0;3:1.1:0;3303:1.1:0,1|/lwm2m`. Equal texts are one ObjectList
 * value as long as anybody holds it, and a list that nobody holds is let go.
 */

import { DecodeError } from '#base';
import { MAX_ID } from './path.js';
import { RecentPayloads } from './recent-payloads.js';
import type { EnablerVersion, ObjectEntry, ObjectList } from './registration.js';

/** What an ObjectList is made of: objects by ascending id, instances ascending, formats ascending. */
export type ObjectListParts = Omit<ObjectList, 'key'>;

/** The one value of each object list in use. */
export class ObjectLists {
  /** Payloads read lately, by the enabler version they were read for. */
  readonly recent: Readonly<Record<EnablerVersion, RecentPayloads>>;
  readonly #known = new Map<string, WeakRef<ObjectList>>();
  #charactersSinceSweep = 0;
  #sweepAfter = SWEEP_CHARACTERS;

  /** `payloadCharacters`: how much of the payloads read lately is remembered per enabler version, twice. */
  constructor(payloadCharacters = 131_072) {
    this.recent = {
      '1.0': new RecentPayloads(payloadCharacters),
      '1.1': new RecentPayloads(payloadCharacters),
      '1.2': new RecentPayloads(payloadCharacters),
    };
  }

  /** How many lists are remembered; those let go since the last sweep count as well. */
  get size(): number {
    return this.#known.size;
  }

  /** The shared value of these parts, which must be in ascending order and are kept. */
  intern(parts: ObjectListParts): ObjectList {
    const key = objectListText(parts);
    return this.#known.get(key)?.deref() ?? this.#remember({ key, ...parts });
  }

  /** The shared value of a canonical text. Throws DecodeError(`bad_object_list`). */
  fromText(text: string): ObjectList {
    return this.#known.get(text)?.deref() ?? this.#remember({ key: text, ...parseObjectListText(text) });
  }

  #remember(list: ObjectList): ObjectList {
    this.#known.set(list.key, new WeakRef(list));
    this.#charactersSinceSweep += list.key.length;
    if (this.#charactersSinceSweep > this.#sweepAfter) this.#sweep();
    return list;
  }

  /** Forgets the lists that nobody holds. The next sweep is due when as much again was added, so its cost is spread. */
  #sweep(): void {
    let held = 0;
    for (const [key, reference] of this.#known) {
      if (reference.deref() === undefined) this.#known.delete(key);
      else held += key.length;
    }
    this.#charactersSinceSweep = 0;
    this.#sweepAfter = Math.max(SWEEP_CHARACTERS, held);
  }
}

/** The canonical text of an object list. */
export function objectListText(parts: ObjectListParts): string {
  let text = `${parts.formats.join(',')}|`;
  let separator = '';
  for (const object of parts.objects) {
    text += `${separator}${object.id}:${object.version}:${object.instances.join(',')}`;
    separator = ';';
  }
  return `${text}|${parts.root}`;
}

/** Reads a canonical text; one that `objectListText` would not write is refused. Throws DecodeError(`bad_object_list`). */
export function parseObjectListText(text: string): ObjectListParts {
  const [formats, objects] = text.split('|', 2);
  if (formats === undefined || objects === undefined) throw malformed(text);
  const parts: ObjectListParts = {
    objects: objects === '' ? [] : objects.split(';').map((entry) => parseEntry(entry, text)),
    root: text.slice(formats.length + objects.length + 2),
    formats: parseNumbers(formats, 0xffff, text),
  };
  if (objectListText(parts) !== text) throw malformed(text);
  return parts;
}

function parseEntry(entry: string, text: string): ObjectEntry {
  const [id, version, instances] = entry.split(':', 3);
  if (id === undefined || version === undefined || instances === undefined || !isObjectVersion(version)) {
    throw malformed(text);
  }
  return { id: parseId(id, MAX_ID, text), version, instances: shareInstances(parseNumbers(instances, MAX_ID, text)) };
}

function parseNumbers(list: string, limit: number, text: string): number[] {
  return list === '' ? [] : list.split(',').map((id) => parseId(id, limit, text));
}

function parseId(id: string, limit: number, text: string): number {
  const value = Number(id);
  if (!Number.isInteger(value) || value < 0 || value > limit) throw malformed(text);
  return value;
}

function malformed(text: string): DecodeError {
  return new DecodeError('bad_object_list', `"${text.slice(0, 100)}" is not the canonical text of an object list`);
}

/** Whether `text` is an object version: `major.minor`, each of one to five digits (LwM2M-Core 1.1.1 §7.2.2). */
export function isObjectVersion(text: string): boolean {
  return /^\d{1,5}\.\d{1,5}$/.test(text);
}

/** The ids of an object's instances, as one shared value for the two lists that nearly every object has. */
export function shareInstances(instances: readonly number[]): readonly number[] {
  if (instances.length === 0) return NO_INSTANCE;
  return instances.length === 1 && instances[0] === 0 ? FIRST_INSTANCE : instances;
}

const NO_INSTANCE: readonly number[] = Object.freeze([]);
const FIRST_INSTANCE: readonly number[] = Object.freeze([0]);
/** Characters of new lists after which those that nobody holds are looked for. */
const SWEEP_CHARACTERS = 1_048_576;
