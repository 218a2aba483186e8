/**
 * The Express app: what every request passes through, and the table of routes mounted on it. Order: headers, request id,
 * who is it, is it permitted, does the input fit, the handler, the answer; every error becomes a problem in one place.
 */

import { randomUUID } from 'node:crypto';
import type { Server } from 'node:http';

import express, { type NextFunction, type Request, type Response } from 'express';
import helmet from 'helmet';

import { AppError, type Logger } from '#base';
import type { Fleet } from '#fleet';
import type { Principal } from '#fleet/model';

import { makeHttpServer } from './http-server.js';
import { IMPORT_TYPES } from './import-lines.js';
import { parseStrictJson } from './json.js';
import { Metrics, type Samples } from './metrics.js';
import { describe, openapiRoute } from './openapi.js';
import { isFault, problemOf } from './problems.js';
import type { Context, Reply, Route, StreamReply, StreamTarget } from './route.js';
import { credentialRoutes } from './routes/credentials.js';
import { DEVICE_ROUTES } from './routes/devices.js';
import { eventRoute } from './routes/events.js';
import { healthRoutes } from './routes/health.js';
import { KEY_ROUTES } from './routes/keys.js';
import { MODEL_ROUTES } from './routes/models.js';
import { OBJECT_ROUTES } from './routes/objects.js';
import { OBSERVATION_ROUTES } from './routes/observations.js';
import { OPERATION_ROUTES } from './routes/operations.js';
import { PROFILE_ROUTES } from './routes/profiles.js';
import { RESOURCE_ROUTES } from './routes/resources.js';
import { SERVER_CREDENTIAL_ROUTES } from './routes/server-credentials.js';
import { TRUST_ROUTES } from './routes/trust.js';
import { traceRoute, type FollowDatagrams } from './routes/trace.js';
import { readQuery } from './query.js';
import { Streams } from './streams.js';
import { bodyCheck, queryCheck } from './validate.js';

/** What the door stands on. */
export interface NorthboundDeps {
  readonly fleet: Fleet;
  /** Who a bearer token belongs to. */
  readonly authenticate: (token: string) => Principal | undefined;
  readonly logger: Logger;
  readonly version: string;
  readonly settings: {
    readonly eventReaders: number;
    readonly traceReaders: number;
    readonly eventBuffer: number;
    readonly bodyBytes: number;
    /** Bytes of an import. */
    readonly importBytes: number;
  };
  /** Where traces come from. */
  readonly follow: FollowDatagrams;
  /** Counters and gauges of all parts, by name without prefix. */
  readonly samples: () => Samples;
}

/** The door of people and programs. */
export interface Northbound {
  /** The HTTP server, which does not listen yet. */
  readonly server: Server;
  /** Every route, for checks that the table and the document agree. */
  readonly routes: readonly Route[];
  /** Ends the event streams. */
  close(): void;
}

/** Makes the app. */
export function createNorthbound(deps: NorthboundDeps): Northbound {
  const { eventReaders, traceReaders, eventBuffer: buffer } = deps.settings;
  const ended = (error: unknown): void => {
    deps.logger.warn('an event stream ended', { error: error instanceof Error ? error.message : String(error) });
  };
  const streams = new Streams({ readers: eventReaders, buffer }, ended);
  const traces = new Streams({ readers: traceReaders, buffer }, ended);
  /** Problems that were answered, by code. */
  const refusals: Record<string, number> = {};
  const count = (code: string): void => {
    const name = `rest_${code}`;
    refusals[name] = (refusals[name] ?? 0) + 1;
  };
  const metrics = new Metrics(() => {
    const { counters, gauges } = deps.samples();
    return {
      counters: { ...counters, event_readers_cut: streams.cut, trace_readers_cut: traces.cut, ...refusals },
      gauges: { ...gauges, event_readers: streams.size, trace_readers: traces.size },
    };
  });
  const routes: Route[] = [
    ...DEVICE_ROUTES,
    ...OPERATION_ROUTES,
    ...RESOURCE_ROUTES,
    ...OBSERVATION_ROUTES,
    ...OBJECT_ROUTES,
    ...MODEL_ROUTES,
    ...PROFILE_ROUTES,
    ...credentialRoutes((error) => {
      deps.logger.error('an import ended by a fault', { error: error instanceof Error ? error.stack : String(error) });
    }),
    ...TRUST_ROUTES,
    ...SERVER_CREDENTIAL_ROUTES,
    ...KEY_ROUTES,
    eventRoute(streams),
    traceRoute(traces, deps.follow, (endpoint, actor) => {
      deps.logger.info('a device is being traced', { endpoint, actor });
    }),
    ...healthRoutes(() => metrics.render()),
    openapiRoute(() => document),
  ];
  const document = describe(routes, deps.version);
  const app = express();
  app.disable('x-powered-by');
  app.disable('etag');
  app.set('query parser', readQuery);
  app.set('case sensitive routing', true);
  app.set('strict routing', true);
  app.use(helmet({ contentSecurityPolicy: { directives: { defaultSrc: ["'none'"], frameAncestors: ["'none'"] } } }));
  app.use((request: Request, response: Response, next: NextFunction) => {
    response.locals['requestId'] = randomUUID();
    response.setHeader('x-request-id', String(response.locals['requestId']));
    response.setHeader('cache-control', 'no-store');
    // RFC 9112 §3.2
    if (request.headers.host === undefined && request.httpVersion === '1.1')
      throw new AppError('invalid_header', 'a request of HTTP/1.1 must have a Host header');
    next();
  });
  const reader = (limit: number): express.RequestHandler => express.raw({ type: () => true, limit, inflate: false });
  const [body, lines] = [reader(deps.settings.bodyBytes), reader(deps.settings.importBytes)];
  const readerOf = ({ bodyKind }: Route): express.RequestHandler => (bodyKind === 'lines' ? lines : body);
  const open = routes.filter(({ permission }) => permission === 'open');
  const guarded = routes.filter(({ permission }) => permission !== 'open');
  for (const route of open) mount(app, route, readerOf(route), deps);
  refuseOtherMethods(app, open);
  // Who has no token does not learn what there is.
  app.use(guard(deps));
  for (const route of guarded) mount(app, route, readerOf(route), deps);
  refuseOtherMethods(app, guarded);
  app.use((request: Request) => {
    throw new AppError('not_found', `there is nothing at ${request.path.slice(0, 256)}`);
  });
  app.use((error: unknown, request: Request, response: Response, _next: NextFunction) => {
    count(sendProblem(error, request, response, deps.logger));
  });
  return {
    server: makeHttpServer(app, count),
    routes,
    close: () => {
      streams.close();
      traces.close();
    },
  };
}

function mount(app: express.Express, route: Route, raw: express.RequestHandler, deps: NorthboundDeps): void {
  const check = route.body === undefined ? undefined : bodyCheck(route.body);
  const query = queryCheck(route.query ?? {});
  const run = async (request: Request, response: Response): Promise<void> => {
    const context: Context = {
      fleet: deps.fleet,
      route,
      principal: response.locals['principal'] as Principal,
      params: request.params as Record<string, string>,
      query: query(request.query),
      headers: request.headers,
      ...readBody(route, request, check),
      onGone: (listener) => onClose(response, listener),
    };
    const reply = await route.handler(context);
    if ('stream' in reply) sendStream(request, response, reply);
    else send(response, reply);
  };
  app[route.method](expressPath(route), acceptCheck(route), raw, run);
}

/** Where a row stands, in the words of Express. */
function expressPath(route: Route): string {
  const path = route.path.replaceAll(/\{(\w+)\}/g, ':$1');
  return route.root === 'root' ? path : `/api/v1${path}`;
}

/** Refuses, before anything is done, who would not accept the answer (RFC 9110 §12.5.1). */
function acceptCheck(route: Route): express.RequestHandler {
  const answers = Object.values(route.answers).filter(({ schema }) => schema !== undefined);
  const types = [...new Set(answers.map(({ type }) => type ?? 'application/json'))];
  // Some name parameters: the charset, or the version of the text format of metrics.
  const offered = types.flatMap((type) => [type, `${type}; charset=utf-8`, `${type}; version=0.0.4`]);
  return (request, _response, next) => {
    const { accept } = request.headers;
    const anything = accept === undefined || accept === '*/*' || offered.length === 0;
    if (!anything && request.accepts(offered) === false)
      throw new AppError('not_acceptable', `the answer is ${types.join(' or ')}: accept that`);
    next();
  };
}

function guard(deps: NorthboundDeps): express.RequestHandler {
  return (request, response, next) => {
    const header = request.headers.authorization;
    const token = header !== undefined && /^bearer /i.test(header) ? header.slice('bearer '.length).trim() : undefined;
    const principal = token === undefined ? undefined : deps.authenticate(token);
    if (principal === undefined) {
      response.setHeader('www-authenticate', 'Bearer');
      throw new AppError(
        'unauthorized',
        token === undefined ? 'send Authorization: Bearer and the owner token' : 'this token is not valid (any more)',
      );
    }
    response.locals['principal'] = principal;
    next();
  };
}

function readBody(
  route: Route,
  request: Request,
  check: ((body: unknown) => void) | undefined,
): { body: unknown; bytes: Uint8Array } {
  const bytes = Buffer.isBuffer(request.body) ? request.body : Buffer.alloc(0);
  const kind = route.bodyKind ?? 'none';
  if (kind === 'none') {
    if (bytes.length > 0) throw new AppError('invalid_body', 'this request takes no body');
    return { body: undefined, bytes };
  }
  if (kind === 'optional-json' && bytes.length === 0) return { body: undefined, bytes };
  const type = request.headers['content-type']?.split(';')[0]?.trim().toLowerCase() ?? '';
  const allowed = TYPES[kind];
  if (!allowed.includes(type))
    throw new AppError(
      'unsupported_media_type',
      `send Content-Type: ${allowed[0] ?? ''}${type === '' ? '' : `, not ${type.slice(0, 100)}`}`,
    );
  if (kind === 'xml' || kind === 'lines') return { body: undefined, bytes };
  const body = parseStrictJson(bytes);
  check?.(body);
  return { body, bytes };
}

function sendStream(request: Request, response: Response, reply: StreamReply): void {
  response.writeHead(200, { 'content-type': reply.type ?? 'text/event-stream', 'x-accel-buffering': 'no' });
  if (request.method === 'HEAD') response.end();
  else reply.stream(targetOf(response));
}

function send(response: Response, reply: Reply): void {
  const headers = reply.headers ?? {};
  if (reply.body === undefined) response.writeHead(reply.status, headers).end();
  else if (typeof reply.body === 'string') sendText(response, reply.status, headers, reply.body);
  else sendText(response, reply.status, { 'content-type': JSON_TYPE, ...headers }, JSON.stringify(reply.body));
}

/** With its length, so that it leaves in one piece. */
function sendText(response: Response, status: number, headers: Readonly<Record<string, string>>, text: string): void {
  response.writeHead(status, { ...headers, 'content-length': Buffer.byteLength(text) }).end(text);
}

/** Answers with a problem; gives its code. */
function sendProblem(error: unknown, request: Request, response: Response, logger: Logger): string {
  const requestId = String(response.locals['requestId']);
  const known = translate(error);
  const problem = problemOf(known, requestId);
  if (isFault(known)) {
    logger.error('request failed by a fault', {
      requestId,
      path: request.path,
      error: error instanceof Error ? (error.stack ?? error.message) : String(error),
    });
  }
  if (response.headersSent) {
    response.destroy();
    return problem['code'];
  }
  const retryAfter = problem['retryAfter'] ?? (problem.status === 503 ? RETRY_AFTER : undefined);
  const more: Record<string, string> = typeof retryAfter === 'number' ? { 'retry-after': String(retryAfter) } : {};
  sendText(response, problem.status, { 'content-type': PROBLEM_TYPE, ...more }, JSON.stringify(problem));
  return problem['code'];
}

/** What Express and its body reader throw, in our words. */
function translate(error: unknown): unknown {
  if (error instanceof AppError || !(error instanceof Error) || !('status' in error)) return error;
  switch (error.status) {
    case 413:
      return new AppError(
        'body_too_large',
        `a body may have ${'limit' in error ? String(error.limit) : 'fewer'} bytes at most`,
      );
    case 415:
      return new AppError('unsupported_media_type', 'send the body as it is, without Content-Encoding');
    case 400:
      return new AppError(
        error instanceof URIError ? 'invalid_path' : 'invalid_body',
        error instanceof URIError ? 'the path is not well percent-encoded' : error.message,
      );
    default:
      return error;
  }
}

function refuseOtherMethods(app: express.Express, routes: readonly Route[]): void {
  const methods = new Map<string, Set<string>>();
  for (const route of routes) {
    const path = expressPath(route);
    const allowed = methods.get(path) ?? new Set();
    methods.set(path, allowed.add(route.method.toUpperCase()));
    if (route.method === 'get') allowed.add('HEAD');
  }
  for (const [path, allowed] of methods) {
    app.all(path, (request: Request, response: Response) => {
      response.setHeader('allow', [...allowed].join(', '));
      throw new AppError('method_not_allowed', `${request.method} is not allowed here: ${[...allowed].join(', ')}`);
    });
  }
}

/** Hears of the end of the connection before the answer is sent, until the returned function is called. */
function onClose(response: Response, listener: () => void): () => void {
  if (response.closed) setImmediate(listener);
  response.once('close', listener);
  return () => response.off('close', listener);
}

function targetOf(response: Response): StreamTarget {
  return {
    write: (chunk) => {
      response.write(chunk);
    },
    get unread() {
      return response.writableLength;
    },
    drained: () => {
      if (!response.writableNeedDrain || response.destroyed) return new Promise((resolve) => setImmediate(resolve));
      return new Promise((resolve) => {
        const done = (): void => {
          response.off('drain', done);
          response.off('close', done);
          resolve();
        };
        response.on('drain', done);
        response.on('close', done);
      });
    },
    end: () => {
      response.end();
    },
    cut: () => {
      response.destroy();
    },
    onClose: (listener) => {
      response.once('close', listener);
    },
  };
}

/** Seconds after which to come again when the store does not say it. */
const RETRY_AFTER = 5;
const JSON_TYPE = 'application/json; charset=utf-8';
const PROBLEM_TYPE = 'application/problem+json; charset=utf-8';
const JSON_TYPES = ['application/json', 'application/merge-patch+json'];
/** Media types of bodies; the first is the one that is asked for. */
const TYPES = {
  json: JSON_TYPES,
  'optional-json': JSON_TYPES,
  xml: ['application/xml', 'text/xml'],
  lines: Object.keys(IMPORT_TYPES),
};
