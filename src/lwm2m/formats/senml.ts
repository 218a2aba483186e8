/**
 * SenML records ↔ nodes (RFC 8428 §4; LwM2M-Core 1.1.1 §7.4.4), shared by the JSON and the CBOR form. Base name, time and
 * value persist from record to record; a path is base name and name put together; records with different times make several
 * nodes. Units, sums and update times carry nothing LwM2M knows: they are checked and passed over.
 */

import { DecodeError } from '#base';
import { parseObjectLink, showPath, tryParsePath } from '#lwm2m/model';
import type { Node, Path, Scalar } from '#lwm2m/model';
import { NameJoiner } from './names.js';
import type { FormatLimits } from './parameters.js';
import { WireFloat, WireTime } from './wire.js';
import type { WireValue } from './wire.js';

/** Labels of record fields: the text of the JSON form and the key of the CBOR form (RFC 8428 §12.2; `vlo`: LwM2M-Core 1.1.1). */
export const SENML_LABELS = {
  bver: -1,
  bn: -2,
  bt: -3,
  bu: -4,
  bv: -5,
  bs: -6,
  n: 0,
  u: 1,
  v: 2,
  vs: 3,
  vb: 4,
  s: 5,
  t: 6,
  ut: 7,
  vd: 8,
  vlo: 'vlo',
} as const;
/** Label of a record field as CBOR has it. */
export type SenmlLabel = (typeof SENML_LABELS)[keyof typeof SENML_LABELS];

/** Takes the values of a payload as they come up: TimedTrees for those at one path, Forest for those of any. */
export interface ValueSink {
  add(time: number | undefined, path: Path, wire: WireValue): void;
  /** Takes paths without a value, which only bodies of composite operations have. */
  addBare?(path: Path, form: BareForm): void;
}

/** What stands at a path without a value: nothing but its name, a sum alone, or null, which removes. */
export type BareForm = 'named' | 'sum' | 'null';

/** Takes the fields of records one by one and hands values on; used once per payload. */
export class SenmlReader {
  readonly #limits: FormatLimits;
  readonly #sink: ValueSink;
  #records = 0;
  #version = SENML_VERSION;
  readonly #joiner = new NameJoiner();
  #baseName = '';
  #baseTime: number | undefined;
  #baseValue: number | bigint | WireFloat | undefined;
  #name = '';
  #time: number | undefined;
  #value: WireValue | undefined;
  /** Whether the record's value is null, as SenML-ETCH has it (RFC 8790 §3.2). */
  #isNull = false;
  /** Bits of the known labels that the record has had. */
  #seen = 0;
  /** The unknown labels it has had. */
  #unknown: Set<number | string> | undefined;

  constructor(sink: ValueSink, limits: FormatLimits) {
    this.#sink = sink;
    this.#limits = limits;
  }

  /** Begins a record. Throws DecodeError(`too_many`). */
  begin(): void {
    this.#records += 1;
    if (this.#records > this.#limits.records) {
      throw new DecodeError('too_many', `more than ${this.#limits.records} SenML records`);
    }
    this.#name = '';
    this.#time = undefined;
    this.#value = undefined;
    this.#isNull = false;
    this.#seen = 0;
    this.#unknown = undefined;
  }

  /** A field of the record. `value` is undefined when it is of no form that a known field may have. Throws DecodeError. */
  field(label: number | string, value: WireValue | null | undefined): void {
    const bit = bitOf(label);
    if (bit === 0) {
      this.#passField(label);
      return;
    }
    if ((this.#seen & bit) !== 0) throw this.#twice();
    if ((bit & VALUE_BITS) !== 0 && (this.#seen & VALUE_BITS) !== 0) throw this.#bad('two values');
    this.#seen |= bit;
    if (value === null) {
      if ((bit & VALUE_BITS) === 0 || this.#sink.addBare === undefined) throw this.#bad('a field that is null');
      this.#isNull = true;
      return;
    }
    switch (label) {
      case SENML_LABELS.bn:
        this.#setBaseName(this.#text(value));
        break;
      case SENML_LABELS.n:
        this.#name = this.#text(value);
        break;
      case SENML_LABELS.v:
        this.#value = value instanceof WireTime ? value : this.#number(value);
        break;
      case SENML_LABELS.vs:
        this.#value = this.#text(value);
        break;
      case SENML_LABELS.vb:
        if (typeof value !== 'boolean') throw this.#bad('a boolean value that is none');
        this.#value = value;
        break;
      case SENML_LABELS.vd:
        if (!(value instanceof Uint8Array)) throw this.#bad('a data value that is no bytes');
        this.#value = value;
        break;
      case SENML_LABELS.vlo:
        this.#value = parseObjectLink(this.#text(value));
        if (this.#value === undefined) throw this.#bad('an object link that is none');
        break;
      case SENML_LABELS.t:
        this.#time = this.#seconds(value);
        break;
      case SENML_LABELS.bt:
        this.#baseTime = this.#seconds(value);
        break;
      case SENML_LABELS.bv:
        this.#baseValue = this.#number(value);
        break;
      case SENML_LABELS.bver:
        this.#checkVersion(value);
        break;
      case SENML_LABELS.u:
      case SENML_LABELS.bu:
        this.#text(value);
        break;
      case SENML_LABELS.s:
      case SENML_LABELS.bs:
      case SENML_LABELS.ut:
        this.#number(value);
        break;
      default:
    }
  }

  /**
   * Ends the record: its path, value and time are known. A missing value is zero where there is a base value (RFC 8428
   * §4.5.4), and may be missing beside a sum (§4.2). Throws DecodeError.
   */
  end(): void {
    const base = this.#baseValue;
    let value = this.#value;
    if (value === undefined) {
      if (this.#setsBaseAlone()) return;
      if (base === undefined || this.#isNull) {
        this.#endBare(this.#path());
        return;
      }
      value = base;
    } else if (base !== undefined && isNumeric(value)) {
      value = sum(base, value);
      if (value === undefined) throw this.#bad('a base value and value whose sum no double holds');
    }
    this.#sink.add(this.#resolvedTime(), this.#path(), value);
  }

  /** A field that is not known; one whose label ends in an underscore must be understood (RFC 8428 §4.4). */
  #passField(label: number | string): void {
    if (typeof label === 'string' && label.endsWith('_'))
      throw this.#bad(`the field "${label.slice(0, 32)}" is unknown`);
    this.#unknown ??= new Set();
    if (this.#unknown.has(label)) throw this.#twice();
    this.#unknown.add(label);
  }

  /** Whether the record says nothing of a resource but is there for the base fields of those to come. Throws DecodeError. */
  #setsBaseAlone(): boolean {
    if (this.#seen === 0 || (this.#seen & ~BASE_BITS) !== 0) return false;
    const base = this.#baseName;
    if (base === '') return true;
    const begins = base.endsWith('/') && base.length > 1;
    const named = this.#pathOf(begins ? base.slice(0, -1) : base);
    if ((this.#seen & BASE_VALUE_BIT) !== 0) return begins || named.length < 3;
    // In a composite body a base name that is a path names it, one that only begins paths does not.
    return begins || this.#sink.addBare === undefined || (this.#seen & BASE_NAME_BIT) === 0;
  }

  #endBare(path: Path): void {
    const form = this.#isNull ? 'null' : (this.#seen & SUM_BIT) === 0 ? 'named' : 'sum';
    if (this.#sink.addBare !== undefined) this.#sink.addBare(path, form);
    else if (form === 'named')
      throw new DecodeError('no_value', `record ${this.#records} (${showPath(path)}) has no value`);
  }

  #path(): Path {
    if (this.#baseName.length + this.#name.length > this.#limits.nameCharacters) throw this.#tooLong();
    const path = this.#joiner.join(this.#name);
    if (path === undefined) throw this.#noPath(this.#baseName + this.#name);
    return path;
  }

  #pathOf(name: string): Path {
    if (name.length > this.#limits.nameCharacters) throw this.#tooLong();
    const path = tryParsePath(name);
    if (path === undefined) throw this.#noPath(name);
    return path;
  }

  #setBaseName(name: string): void {
    this.#baseName = name;
    // One that is too long is refused with its first record.
    this.#joiner.begin(name.length <= this.#limits.nameCharacters ? name : '');
  }

  #resolvedTime(): number | undefined {
    if (this.#time === undefined) return this.#baseTime;
    return this.#baseTime === undefined ? this.#time : this.#withinTime(this.#baseTime + this.#time);
  }

  /** A version that is understood, and that of all records (RFC 8428 §4.4). */
  #checkVersion(value: WireValue | undefined): void {
    if (typeof value !== 'number' || !Number.isInteger(value) || value < 1 || value > SENML_VERSION) {
      const allowed = `understood are 1 to ${SENML_VERSION}`;
      throw new DecodeError(
        'bad_version',
        `record ${this.#records}: a version of SenML that is not understood; ${allowed}`,
      );
    }
    if (this.#records > 1 && value !== this.#version) {
      throw new DecodeError('bad_version', `record ${this.#records}: version ${value} after ${this.#version}`);
    }
    this.#version = value;
  }

  #text(value: WireValue | undefined): string {
    if (typeof value === 'string') return value;
    throw this.#bad('a field that has to be text is none');
  }

  #number(value: WireValue | undefined): number | bigint | WireFloat {
    if (typeof value === 'number' || typeof value === 'bigint' || value instanceof WireFloat) return value;
    if (value instanceof WireTime) throw this.#bad('a plain number that stands under the CBOR tag of times');
    throw this.#bad('a field that has to be a number is none');
  }

  #seconds(value: WireValue | undefined): number {
    const number = this.#number(value);
    return this.#withinTime(toNumber(number));
  }

  #withinTime(seconds: number): number {
    if (Math.abs(seconds) <= LATEST_TIME) return seconds;
    throw new DecodeError('bad_time', `record ${this.#records}: a time beyond the year 9999`);
  }

  #tooLong(): DecodeError {
    const most = this.#limits.nameCharacters;
    return new DecodeError('too_long', `record ${this.#records}: a name beyond ${most} characters`);
  }

  #noPath(name: string): DecodeError {
    return new DecodeError('bad_path', `record ${this.#records}: "${name}" is not a path`);
  }

  #twice(): DecodeError {
    return new DecodeError('duplicate_key', `record ${this.#records}: a field appears twice`);
  }

  #bad(what: string): DecodeError {
    return new DecodeError('bad_senml', `record ${this.#records}: ${what}`);
  }
}

/** A value with the name its record gets. */
export interface SenmlEntry {
  readonly name: string;
  readonly path: Path;
  readonly scalar: Scalar;
}

/** A node as records: the base name of the first, and for each the rest of the name, `''` when the base name is all. */
export function senmlEntries(path: Path, node: Node): { readonly baseName: string; readonly entries: SenmlEntry[] } {
  const entries: SenmlEntry[] = [];
  if (path.length === 4) {
    collect(entries, '', path, node);
    return { baseName: showPath(path), entries };
  }
  const base = path.slice(0, Math.min(path.length, 2));
  collect(entries, path.length === 3 ? String(path[2]) : '', path, node);
  return { baseName: `${showPath(base)}/`, entries };
}

/** Recurses at most three levels. An empty multiple resource makes no record: SenML has no way to say it. */
function collect(entries: SenmlEntry[], name: string, path: Path, node: Node): void {
  if (node.kind === 'single') {
    entries.push({ name, path, scalar: node.value });
    return;
  }
  const prefix = name === '' ? '' : `${name}/`;
  if (node.kind === 'multiple') {
    for (const [id, scalar] of node.values) entries.push({ name: `${prefix}${id}`, path: [...path, id], scalar });
    return;
  }
  const children: ReadonlyMap<number, Node> = node.kind === 'object' ? node.instances : node.resources;
  for (const [id, child] of children) collect(entries, `${prefix}${id}`, [...path, id], child);
}

/** A finite float as JSON; a whole one keeps a `.0`, so that who has no definition sees a float. */
export function showJsonFloat(value: number): string {
  if (Object.is(value, -0)) return '-0.0';
  const text = String(value);
  return Number.isInteger(value) && !text.includes('e') ? `${text}.0` : text;
}

/** One bit for each known label, 0 for any other. */
function bitOf(label: number | string): number {
  if (typeof label === 'number')
    return label >= LOWEST_LABEL && label <= HIGHEST_LABEL ? 1 << (label - LOWEST_LABEL) : 0;
  return label === SENML_LABELS.vlo ? VLO_BIT : 0;
}

function isNumeric(value: WireValue): value is number | bigint | WireFloat {
  return typeof value === 'number' || typeof value === 'bigint' || value instanceof WireFloat;
}

/** Base value and value, exactly when both are whole numbers (RFC 8428 §4.1); undefined when the sum overflows. */
function sum(base: number | bigint | WireFloat, value: number | bigint | WireFloat): WireValue | undefined {
  if (isWhole(base) && isWhole(value)) return BigInt(base) + BigInt(value);
  const total = toNumber(base) + toNumber(value);
  if (!Number.isFinite(total) && Number.isFinite(toNumber(base)) && Number.isFinite(toNumber(value))) return undefined;
  return Number.isInteger(total) ? new WireFloat(total) : total;
}

function isWhole(value: number | bigint | WireFloat): value is number | bigint {
  return typeof value === 'bigint' || Number.isSafeInteger(value);
}

function toNumber(value: number | bigint | WireFloat): number {
  return Number(value instanceof WireFloat ? value.value : value);
}

const SENML_VERSION = 10;
/** 9999-12-31T23:59:59Z, the last moment RFC 3339 can write. */
const LATEST_TIME = 253_402_300_799;
const LOWEST_LABEL = -6;
const HIGHEST_LABEL = 8;
const VLO_BIT = 1 << 15;
const SUM_BIT = bitOf(SENML_LABELS.s);
const BASE_NAME_BIT = bitOf(SENML_LABELS.bn);
const BASE_VALUE_BIT = bitOf(SENML_LABELS.bv);
const BASE_BITS =
  bitOf(SENML_LABELS.bver) |
  BASE_NAME_BIT |
  bitOf(SENML_LABELS.bt) |
  bitOf(SENML_LABELS.bu) |
  BASE_VALUE_BIT |
  bitOf(SENML_LABELS.bs);
const VALUE_BITS =
  bitOf(SENML_LABELS.v) | bitOf(SENML_LABELS.vs) | bitOf(SENML_LABELS.vb) | bitOf(SENML_LABELS.vd) | VLO_BIT;
