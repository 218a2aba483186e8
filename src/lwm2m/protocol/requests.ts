/**
 * Requests to a device as CoAP (LwM2M-Core 1.1.1 §6.3, §6.4; LwM2M-Transport 1.1.1 §6.4.5, §6.4.6). What a device of some
 * version or model will refuse is sent nonetheless; only what has no form on the wire is refused here.
 *
 * A partial write of one resource goes to its instance (`POST /1/0` with resource 1 alone): that means the same in every
 * version, while `POST /1/0/1` is an Execute.
 */

import { AppError, EMPTY, invariant, unreachable } from '#base';
import { Code, OptionNumber, stringOption, uintOption } from '#coap/codec';
import type { Option } from '#coap/codec';
import { codecFor, encodeComposite, encodeCreate, encodePaths } from '#lwm2m/formats';
import { FORMATS, checkSayable, encodeArguments, levelOf, showPath } from '#lwm2m/model';
import type {
  Attributes,
  DeviceDialect,
  DeviceRequest,
  FormatName,
  InstanceNode,
  Level,
  Node,
  ObservationTerms,
  Path,
  ReadFormat,
} from '#lwm2m/model';
import { attributesToQuery } from './attributes.js';
import { compositeFormats, formatToCreate, formatToRead, formatToWrite } from './content.js';

/** A request ready for the CoAP endpoint. Options are in ascending order and hold neither Observe nor block options. */
export interface EncodedRequest {
  readonly code: number;
  readonly options: readonly Option[];
  readonly payload: Uint8Array;
  readonly observe?: 'register' | 'cancel';
  readonly token?: Uint8Array;
}

/**
 * Encodes a request to a device. Throws AppError: `not_encodable` what the format or the operation cannot express,
 * `invalid_arguments` arguments of Execute outside the grammar. A cancellation by Reset is no request: never give it here.
 */
export function encodeRequest(request: DeviceRequest, dialect: DeviceDialect): EncodedRequest {
  checkSayable(request, dialect.lwm2m);
  switch (request.kind) {
    case 'read':
      return encodeRead(request, undefined, dialect);
    case 'readComposite':
      return encodeReadComposite(request, undefined, dialect);
    case 'writeComposite':
      return encodeWriteComposite(request, dialect);
    case 'observe':
      return { ...encodeObservation(request, dialect), observe: 'register', token: request.token };
    case 'cancelObserve':
      invariant(request.by === 'observe', 'a cancellation by Reset is not a request');
      return { ...encodeObservation(request, dialect), observe: 'cancel', token: request.token };
    case 'discover':
      return { code: Code.GET, options: discoverOptions(request.path, request.depth, dialect), payload: EMPTY };
    case 'write':
      return request.mode === 'replace' ? encodeReplace(request, dialect) : encodeUpdate(request, dialect);
    case 'writeAttributes':
      expectLevel(request.path, 'attributes are written to', 'object', 'instance', 'resource', 'resourceInstance');
      return { code: Code.PUT, options: attributesOptions(request, dialect), payload: EMPTY };
    case 'execute':
      return encodeExecute(request.path, request.arguments ?? '', dialect);
    case 'create':
      return encodeCreation(request, dialect);
    case 'delete':
      expectLevel(request.path, 'a delete names', 'object', 'instance', 'resource', 'resourceInstance');
      return { code: Code.DELETE, options: pathOptions(request.path, dialect), payload: EMPTY };
    default:
      return unreachable(request);
  }
}

type RequestOf<K extends DeviceRequest['kind']> = DeviceRequest & { readonly kind: K };

/** What is read, and in what format. */
type Wanted<T, F = FormatName> = T & { readonly format?: F };

function encodeRead(
  { path, format: named }: Wanted<{ readonly path: Path }, ReadFormat>,
  parameters: Attributes | undefined,
  dialect: DeviceDialect,
): EncodedRequest {
  expectLevel(path, 'a read names', 'object', 'instance', 'resource', 'resourceInstance');
  const options = pathOptions(path, dialect);
  pushParameters(options, parameters);
  const format = named === 'any' ? undefined : (named ?? formatToRead(dialect));
  if (format !== undefined) options.push(uintOption(OptionNumber.ACCEPT, numberOf(format)));
  return { code: Code.GET, options, payload: EMPTY };
}

function encodeReadComposite(
  { paths, format }: Wanted<{ readonly paths: readonly Path[] }>,
  parameters: Attributes | undefined,
  dialect: DeviceDialect,
): EncodedRequest {
  const { body, accept } = compositeFormats('paths', format, dialect);
  const payload = encodePaths(body, paths);
  const options = pathOptions([], dialect);
  options.push(uintOption(OptionNumber.CONTENT_FORMAT, body));
  pushParameters(options, parameters);
  options.push(uintOption(OptionNumber.ACCEPT, accept));
  return { code: Code.FETCH, options, payload };
}

function encodeWriteComposite(request: RequestOf<'writeComposite'>, dialect: DeviceDialect): EncodedRequest {
  const { body } = compositeFormats('values', request.format, dialect);
  const payload = encodeComposite(body, request.entries);
  const options = pathOptions([], dialect);
  options.push(uintOption(OptionNumber.CONTENT_FORMAT, body));
  return { code: Code.IPATCH, options, payload };
}

function encodeObservation(request: ObservationTerms, dialect: DeviceDialect): EncodedRequest {
  const { paths, format, parameters } = request;
  const wanted = format === undefined ? {} : { format };
  const [path, ...more] = paths;
  if (path !== undefined && more.length === 0) return encodeRead({ path, ...wanted }, parameters, dialect);
  return encodeReadComposite({ paths, ...wanted }, parameters, dialect);
}

function pushParameters(options: Option[], parameters: Attributes | undefined): void {
  if (parameters === undefined) return;
  for (const text of attributesToQuery(parameters)) options.push(stringOption(OptionNumber.URI_QUERY, text));
}

function discoverOptions(path: Path, depth: number | undefined, dialect: DeviceDialect): Option[] {
  const options = pathOptions(path, dialect);
  if (depth !== undefined) options.push(stringOption(OptionNumber.URI_QUERY, `depth=${depth}`));
  options.push(uintOption(OptionNumber.ACCEPT, FORMATS.link));
  return options;
}

function attributesOptions(request: RequestOf<'writeAttributes'>, dialect: DeviceDialect): Option[] {
  const options = pathOptions(request.path, dialect);
  for (const text of attributesToQuery(request.attributes)) options.push(stringOption(OptionNumber.URI_QUERY, text));
  return options;
}

function encodeReplace(request: RequestOf<'write'>, dialect: DeviceDialect): EncodedRequest {
  expectLevel(request.path, 'a write names', 'object', 'instance', 'resource', 'resourceInstance');
  return withContent(Code.PUT, request.path, request.node, request.format, dialect);
}

function encodeUpdate(request: RequestOf<'write'>, dialect: DeviceDialect): EncodedRequest {
  expectLevel(request.path, 'a partial write names', 'instance', 'resource', 'resourceInstance');
  const instance = request.path.slice(0, 2);
  return withContent(Code.POST, instance, instanceWith(request.path, request.node), request.format, dialect);
}

/** The instance that holds just what is to be written at `path`. */
function instanceWith(path: Path, node: Node): InstanceNode {
  const [, , resource, resourceInstance] = path;
  if (resource === undefined) {
    invariant(node.kind === 'instance', 'an instance is written at an instance path');
    return node;
  }
  invariant(node.kind === 'single' || node.kind === 'multiple', 'a resource is written at a resource path');
  if (resourceInstance === undefined) return { kind: 'instance', resources: new Map([[resource, node]]) };
  invariant(node.kind === 'single', 'a single value is written at a resource instance path');
  const values = new Map([[resourceInstance, node.value]]);
  return { kind: 'instance', resources: new Map([[resource, { kind: 'multiple', values }]]) };
}

function withContent(
  code: number,
  path: Path,
  node: Node,
  named: FormatName | undefined,
  dialect: DeviceDialect,
): EncodedRequest {
  const format = named ?? formatToWrite(node, dialect);
  const codec = codecFor(numberOf(format));
  invariant(codec !== undefined, 'a format that can be named has a codec');
  const options = pathOptions(path, dialect);
  options.push(uintOption(OptionNumber.CONTENT_FORMAT, codec.number));
  return { code, options, payload: codec.encode(path, node, dialect.model) };
}

function encodeExecute(path: Path, text: string, dialect: DeviceDialect): EncodedRequest {
  expectLevel(path, 'an execute names', 'resource');
  const payload = encodeArguments(text);
  const options = pathOptions(path, dialect);
  if (payload.length > 0) options.push(uintOption(OptionNumber.CONTENT_FORMAT, FORMATS.text));
  return { code: Code.POST, options, payload };
}

function encodeCreation(request: RequestOf<'create'>, dialect: DeviceDialect): EncodedRequest {
  expectLevel(request.path, 'a create names', 'object');
  const format = numberOf(request.format ?? formatToCreate(request.instance, dialect));
  const payload = encodeCreate(format, request.path[0] as number, request.instance, request.node, dialect.model);
  const options = pathOptions(request.path, dialect);
  options.push(uintOption(OptionNumber.CONTENT_FORMAT, format));
  return { code: Code.POST, options, payload };
}

/** Uri-Path options of a path below the device's root. */
function pathOptions(path: Path, dialect: DeviceDialect): Option[] {
  const options: Option[] = [];
  if (dialect.root !== '') {
    for (const segment of dialect.root.slice(1).split('/')) {
      options.push(stringOption(OptionNumber.URI_PATH, decodeURIComponent(segment)));
    }
  }
  for (const id of path) options.push(stringOption(OptionNumber.URI_PATH, String(id)));
  return options;
}

/** The number of a format; one without a codec for values cannot be asked for or written. */
function numberOf(format: FormatName): number {
  const number = FORMATS[format];
  if (codecFor(number) === undefined)
    throw new AppError('not_encodable', `values cannot be read or written in format ${format}`);
  return number;
}

function expectLevel(path: Path, what: string, ...levels: Level[]): void {
  if (levels.includes(levelOf(path))) return;
  const allowed = levels.map((level) => LEVEL_WORDS[level]).join(', ');
  throw new AppError('not_encodable', `${what} one of: ${allowed}; ${showPath(path)} is none`);
}

const LEVEL_WORDS: Readonly<Record<Level, string>> = {
  root: 'the root',
  object: 'an object',
  instance: 'an instance',
  resource: 'a resource',
  resourceInstance: 'a resource instance',
};
