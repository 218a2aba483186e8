/**
 * A row of the table of routes. One row yields the router's entry, the validation of its input, the permission check and
 * its part of the OpenAPI document, so that nothing can drift apart.
 */

import type { IncomingHttpHeaders } from 'node:http';

import type { Fleet } from '#fleet';
import type { Principal } from '#fleet/model';

/** A JSON Schema (draft 2020-12 as OpenAPI 3.1 has it). */
export type Schema = Readonly<Record<string, unknown>>;

/** Permissions in the words of the access model; today the owner has them all. */
export type Permission =
  | 'device:read'
  | 'device:update'
  | 'device:delete'
  | 'operation:read'
  | 'operation:write'
  | 'observation:read'
  | 'observation:write'
  | 'object:read'
  | 'object:write'
  | 'model:read'
  | 'model:write'
  | 'event:read'
  | 'trace:read'
  | 'profile:read'
  | 'profile:write'
  | 'keys:read'
  | 'keys:write'
  | 'credential:read'
  | 'credential:write'
  | 'trust:read'
  | 'trust:write'
  | 'metrics:read'
  | 'server:read'
  | 'open';

/** Methods we use. */
export type Method = 'get' | 'post' | 'put' | 'patch' | 'delete';

/** See {@link Context.onGone}. */
export type OnGone = (listener: () => void) => () => void;

/** What a handler is given, all of it validated. */
export interface Context {
  readonly fleet: Fleet;
  /** The row that is carried out. */
  readonly route: Pick<Route, 'id'>;
  readonly principal: Principal;
  readonly params: Readonly<Record<string, string>>;
  readonly query: Readonly<Record<string, string | number | boolean | undefined>>;
  readonly headers: IncomingHttpHeaders;
  readonly body: unknown;
  /** The body's bytes, for the digest of an idempotent request, for XML and for lines. */
  readonly bytes: Uint8Array;
  /** Has `listener` called when the client goes away before its answer; the returned function ends that. */
  readonly onGone: OnGone;
}

/** What a handler answers. */
export interface Reply {
  readonly status: number;
  /** Never a promise: what is not awaited would be sent as an empty object. */
  readonly body?: string | (object & { readonly then?: never });
  readonly headers?: Readonly<Record<string, string>>;
}

/** An answer that goes on: the handler writes to the response itself. */
export interface StreamReply {
  /** Of what is streamed; `text/event-stream` unless given. */
  readonly type?: string;
  readonly stream: (response: StreamTarget) => void;
}

/** What a stream may do with its response. */
export interface StreamTarget {
  write(chunk: string): void;
  /** Bytes that were written and not yet taken by the reader. */
  readonly unread: number;
  /** Resolves when the reader has taken what was written, or is gone. */
  drained(): Promise<void>;
  end(): void;
  /** Cuts the connection. */
  cut(): void;
  onClose(listener: () => void): void;
}

/** What a route takes besides JSON. */
export type BodyKind = 'none' | 'json' | 'optional-json' | 'xml' | 'lines';

/** A row of the table. */
export interface Route {
  readonly method: Method;
  /** As in OpenAPI: `/devices/{endpoint}`; below `/api/v1` unless `root` is given. */
  readonly path: string;
  readonly root?: 'root';
  readonly id: string;
  readonly summary: string;
  readonly permission: Permission;
  /** Properties of the query, each a schema; what is not named is refused. */
  readonly query?: Readonly<Record<string, Schema>>;
  /** Headers that matter, with what they do. */
  readonly headers?: Readonly<Record<string, string>>;
  readonly bodyKind?: BodyKind;
  readonly body?: Schema;
  /** Answers by status: description and schema. */
  readonly answers: Readonly<
    Record<number, { readonly description: string; readonly schema?: Schema; readonly type?: string }>
  >;
  /** Codes of problems it may answer with, besides those that every route has. */
  readonly problems: readonly string[];
  readonly handler: (context: Context) => Promise<Reply | StreamReply> | Reply | StreamReply;
}
