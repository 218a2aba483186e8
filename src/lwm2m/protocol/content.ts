/**
 * Which content format a payload to or from a device has (LwM2M-Core 1.1.1 §7.4; LwM2M-Core 1.0.2 §6.4).
 *
 * What the caller does not name is chosen from what the device announced (`ct` of its root link): the first it has of
 * SenML CBOR, TLV, SenML JSON. A device that announced none of these is asked without Accept from 1.1 on, where only text,
 * opaque and link-format are mandatory and the device knows best, and for TLV in 1.0, where TLV is mandatory. It is written
 * to in text or opaque where there is one value, and in TLV, which nearly every client reads, where there are several.
 * Whatever comes back is decoded by the format it says it has.
 */

import { DecodeError } from '#base';
import { OptionNumber } from '#coap/codec';
import type { Message } from '#coap/codec';
import { FORMAT_LIMITS, carriesPacks, codecFor, decodePack } from '#lwm2m/formats';
import type { FormatLimits } from '#lwm2m/formats';
import { FORMATS, showPath, strayPath } from '#lwm2m/model';
import type { DeviceDialect, FormatName, Node, Path, PlacedNode } from '#lwm2m/model';

/** The format to ask a device for when the caller names none; undefined: any. */
export function formatToRead(dialect: DeviceDialect): FormatName | undefined {
  return announced(dialect) ?? (dialect.lwm2m === '1.0' ? 'tlv' : undefined);
}

/** The format to write `node` in when the caller names none. */
export function formatToWrite(node: Node, dialect: DeviceDialect): FormatName {
  const format = announced(dialect);
  if (format !== undefined) return format;
  if (node.kind !== 'single') return 'tlv';
  return node.value.type === 'opaque' ? 'opaque' : 'text';
}

/** The format of a new instance when the caller names none; without an id only TLV can say it. */
export function formatToCreate(instance: number | undefined, dialect: DeviceDialect): FormatName {
  return instance === undefined ? 'tlv' : (announced(dialect) ?? 'tlv');
}

/** Formats of a composite request, by number: of its body, and of the answer. */
export interface CompositeFormats {
  readonly body: number;
  readonly accept: number;
}

/**
 * The formats of a composite request. A device of 1.2 gets its lists of paths and its values as SenML-ETCH, one of 1.1 as plain
 * SenML, in the family that it announced first of SenML CBOR and SenML JSON; what the caller names is taken as it is, and a
 * format that cannot be an answer, or cannot be a list of paths, stands for the one of its family that can.
 */
export function compositeFormats(
  kind: 'paths' | 'values',
  named: FormatName | undefined,
  dialect: DeviceDialect,
): CompositeFormats {
  const { formats, lwm2m } = dialect;
  switch (named) {
    case 'senml-etch-json':
      return { body: FORMATS[named], accept: FORMATS['senml-json'] };
    case 'senml-etch-cbor':
      return { body: FORMATS[named], accept: FORMATS['senml-cbor'] };
    case 'lwm2m-cbor':
      return { body: kind === 'values' ? FORMATS[named] : FORMATS['senml-etch-cbor'], accept: FORMATS[named] };
    case undefined: {
      const json = formats.includes(FORMATS['senml-json']) && !formats.includes(FORMATS['senml-cbor']);
      const accept = FORMATS[json ? 'senml-json' : 'senml-cbor'];
      return { body: lwm2m === '1.2' ? FORMATS[json ? 'senml-etch-json' : 'senml-etch-cbor'] : accept, accept };
    }
    default:
      return { body: FORMATS[named], accept: FORMATS[named] };
  }
}

/**
 * The objects in an answer or notification about several paths; none when it is empty. Throws DecodeError, `outside_path` when
 * a value was not asked for.
 */
export function decodeCompositeContent(
  paths: readonly Path[],
  dialect: DeviceDialect,
  message: Message,
  body: Uint8Array,
  limits: FormatLimits = FORMAT_LIMITS,
): readonly PlacedNode[] {
  if (body.length === 0) return [];
  const format = message.uint(OptionNumber.CONTENT_FORMAT);
  if (format === undefined || !carriesPacks(format)) {
    throw new DecodeError('unknown_format', `content format ${format ?? 'none'} carries no values of several paths`);
  }
  const nodes = decodePack(format, body, dialect.model, limits);
  const stray = strayPath(paths, nodes);
  if (stray !== undefined)
    throw new DecodeError('outside_path', `a value for ${showPath(stray)}, which was not asked for`);
  return nodes;
}

/** The nodes in an answer or notification of an observation of one or several paths. Throws DecodeError. */
export function decodeObserved(
  paths: readonly Path[],
  dialect: DeviceDialect,
  message: Message,
  body: Uint8Array,
  limits: FormatLimits = FORMAT_LIMITS,
): readonly PlacedNode[] {
  const [path] = paths;
  return path !== undefined && paths.length === 1
    ? decodeContent(path, dialect, message, body, limits)
    : decodeCompositeContent(paths, dialect, message, body, limits);
}

/**
 * The nodes in an answer or notification about `target`. Without Content-Format one value is text, or opaque where the
 * model says so. An empty payload of an object or instance is one without content. Throws DecodeError.
 */
export function decodeContent(
  target: Path,
  dialect: DeviceDialect,
  message: Message,
  body: Uint8Array,
  limits: FormatLimits = FORMAT_LIMITS,
): readonly PlacedNode[] {
  if (body.length === 0 && target.length <= 2) return [{ path: target, node: emptyNode(target) }];
  const format = message.uint(OptionNumber.CONTENT_FORMAT) ?? formatOfOneValue(target, dialect);
  const codec = codecFor(BEFORE_IANA.get(format) ?? format);
  if (codec === undefined) throw new DecodeError('unknown_format', `content format ${format} cannot be decoded`);
  return codec.decode(body, target, dialect.model, limits);
}

function announced(dialect: DeviceDialect): FormatName | undefined {
  return PREFERRED.find((format) => dialect.formats.includes(FORMATS[format]));
}

function formatOfOneValue([object, , resource]: Path, dialect: DeviceDialect): number {
  if (object === undefined || resource === undefined) {
    throw new DecodeError('no_content_format', 'the payload of several values has no Content-Format');
  }
  return dialect.model.resource(object, resource)?.type === 'opaque' ? FORMATS.opaque : FORMATS.text;
}

function emptyNode(target: Path): Node {
  return target.length === 2 ? { kind: 'instance', resources: new Map() } : { kind: 'object', instances: new Map() };
}

/** Numbers that devices used for text, TLV and JSON before the registered ones; read, never sent. */
const BEFORE_IANA: ReadonlyMap<number, number> = new Map([
  [1541, FORMATS.text],
  [1542, FORMATS.tlv],
  [1543, FORMATS.json],
]);
/** Formats that carry everything, the best first. */
const PREFERRED = ['senml-cbor', 'tlv', 'senml-json'] as const;
