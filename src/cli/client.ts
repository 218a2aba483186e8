/** A small REST client of the server's own API: JSON in and out, problems as AppError with the server's code. */

import { readFileSync } from 'node:fs';
import { request as requestHttp, type IncomingHttpHeaders, type IncomingMessage } from 'node:http';
import { request as requestHttps } from 'node:https';
import { join } from 'node:path';

import { AppError, messageOf } from '#base';

/** Where the server is and who asks. */
export interface Access {
  readonly url: string;
  readonly token: string;
}

/** An answer with its status. */
export interface Answer {
  readonly status: number;
  readonly body: unknown;
  readonly headers: IncomingHttpHeaders;
}

/** What may be sent along. */
export interface CallOptions {
  readonly query?: Readonly<Record<string, string | undefined>>;
  readonly body?: unknown;
  /** Sent as it is, with this content type, in place of `body`. */
  readonly raw?: { readonly type: string; readonly content: string | Uint8Array };
  readonly headers?: Readonly<Record<string, string>>;
  /** Ends the call. */
  readonly signal?: AbortSignal;
}

/** Name of the token's file in the data folder of a server that `npm start` runs. */
export const LOCAL_TOKEN_FILE = 'owner.token';

/**
 * Finds the server and the token: flags, then `BELLWETHER_URL` and `BELLWETHER_TOKEN`, then the local token file
 * (`BELLWETHER_OWNER_TOKEN_FILE`, or `owner.token` in the data folder). Throws AppError(`usage`).
 */
export function findAccess(options: { readonly url?: string; readonly token?: string }): Access {
  const url = (options.url ?? variable('BELLWETHER_URL') ?? 'http://127.0.0.1:8080').replace(/\/+$/, '');
  if (!/^https?:\/\/[^/]/.test(url) || !URL.canParse(url)) {
    throw new AppError('usage', `--url must be like http://127.0.0.1:8080, not "${url}"`);
  }
  const token = options.token ?? variable('BELLWETHER_TOKEN') ?? readTokenFile();
  if (!/^[\x21-\x7e]+$/.test(token))
    throw new AppError('usage', 'the token is empty or has characters that no token has');
  return { url, token };
}

/** REST calls to one server. */
export class Client {
  readonly #access: Access;

  constructor(access: Access) {
    this.#access = access;
  }

  /** Calls and returns the answer when it is 2xx; throws AppError with the problem's code and words otherwise. */
  async call(method: string, path: string, options: CallOptions = {}): Promise<Answer> {
    const response = await this.#send(method, path, options);
    const body = parseJson(await this.#textOf(response));
    const status = response.statusCode ?? 0;
    if (isGood(status)) return { status, body, headers: response.headers };
    throw problemOf(status, body);
  }

  /** Calls and gives the body as it arrives, in pieces of text. Ends when `signal` says so; throws when the server ends it. */
  async *stream(path: string, options: CallOptions = {}): AsyncGenerator<string> {
    const response = await this.#open('GET', path, options);
    try {
      for await (const piece of response) yield piece as string;
    } catch (cause) {
      if (options.signal?.aborted === true) return;
      throw this.#lost(cause);
    }
    if (options.signal?.aborted !== true) throw this.#lost();
  }

  /** Calls and gives the lines of an answer that ends, each as soon as it has come; throws when the connection is cut. */
  async *lines(method: string, path: string, options: CallOptions = {}): AsyncGenerator<string> {
    const response = await this.#open(method, path, options);
    let rest = '';
    try {
      for await (const piece of response) {
        const lines = (rest + (piece as string)).split('\n');
        rest = lines.pop() ?? '';
        yield* lines;
      }
    } catch (cause) {
      throw this.#lost(cause);
    }
    if (rest !== '') throw this.#lost();
  }

  /** All items of a list that comes in pages, at most `most` of them. */
  async list(
    path: string,
    query: Readonly<Record<string, string | undefined>>,
    most = Number.POSITIVE_INFINITY,
  ): Promise<Record<string, unknown>[]> {
    const items: Record<string, unknown>[] = [];
    let cursor: string | undefined;
    do {
      const limit = String(Math.min(LARGEST_PAGE, most - items.length));
      const { body } = await this.call('GET', path, { query: { ...query, limit, cursor } });
      const page = body as { items: Record<string, unknown>[]; next?: string };
      items.push(...page.items);
      cursor = page.next;
    } while (cursor !== undefined && items.length < most);
    return items;
  }

  /** The response when it is 2xx, as text to be read; throws as `call`. */
  async #open(method: string, path: string, options: CallOptions): Promise<IncomingMessage> {
    const response = await this.#send(method, path, options);
    const status = response.statusCode ?? 0;
    if (!isGood(status)) throw problemOf(status, parseJson(await this.#textOf(response)));
    response.setEncoding('utf8');
    return response;
  }

  #send(method: string, path: string, options: CallOptions): Promise<IncomingMessage> {
    const url = new URL(`${this.#access.url}/api/v1${path}`);
    for (const [name, value] of Object.entries(options.query ?? {}))
      if (value !== undefined) url.searchParams.set(name, value);
    const headers: Record<string, string> = { authorization: `Bearer ${this.#access.token}`, ...options.headers };
    const { body, raw = body === undefined ? undefined : { type: 'application/json', content: JSON.stringify(body) } } =
      options;
    if (raw !== undefined) headers['content-type'] = raw.type;
    const send = url.protocol === 'https:' ? requestHttps : requestHttp;
    return new Promise((resolve, reject) => {
      const more = options.signal === undefined ? {} : { signal: options.signal };
      const request = send(url, { method, headers, ...more }, resolve);
      request.once('error', (cause) => {
        reject(
          new AppError(
            'unreachable',
            `no server answers at ${this.#access.url} (--url names another): ${reasonOf(cause)}`,
            { cause },
          ),
        );
      });
      request.end(raw?.content);
    });
  }

  async #textOf(response: IncomingMessage): Promise<string> {
    const pieces: Buffer[] = [];
    try {
      for await (const piece of response) pieces.push(piece as Buffer);
    } catch (cause) {
      throw this.#lost(cause);
    }
    return Buffer.concat(pieces).toString('utf8');
  }

  #lost(cause?: unknown): AppError {
    return new AppError('unreachable', `the server at ${this.#access.url} ended the connection`, { cause });
  }
}

function isGood(status: number): boolean {
  return status >= 200 && status < 300;
}

function problemOf(status: number, body: unknown): AppError {
  const problem = (typeof body === 'object' && body !== null ? body : {}) as Record<string, unknown>;
  const code = typeof problem['code'] === 'string' ? problem['code'] : undefined;
  if (code === undefined)
    return new AppError('failed', `this is no Bellwether: it answered ${status} without a problem of ours`);
  const detail = typeof problem['detail'] === 'string' ? problem['detail'] : `the server answered ${status}`;
  const faults = Array.isArray(problem['errors']) ? (problem['errors'] as { pointer?: string; detail?: string }[]) : [];
  // The detail says the first fault already; the others have a line each.
  const more = faults.slice(1).map((fault) => `\n  ${fault.pointer ?? ''}: ${fault.detail ?? ''}`);
  return new AppError(kindOf(status, code), `${detail}${more.join('')} (${code})`);
}

/** What a problem is to a person at the command line: AppError's code, from which the exit code follows. */
function kindOf(status: number, code: string): string {
  if (code === 'device_refused' || code === 'device_timeout') return code;
  if (status === 401 || status === 403) return 'refused';
  return BAD_INPUT.has(status) ? 'usage' : 'failed';
}

function readTokenFile(): string {
  const file =
    variable('BELLWETHER_OWNER_TOKEN_FILE') ?? join(variable('BELLWETHER_DATA') ?? './data', LOCAL_TOKEN_FILE);
  try {
    return readFileSync(file, 'utf8').trim();
  } catch (cause) {
    const missing = typeof cause === 'object' && cause !== null && 'code' in cause && cause.code === 'ENOENT';
    const why = missing ? `${file} does not exist` : `${file} cannot be read (${messageOf(cause)})`;
    throw new AppError('usage', `no token: ${why}; give --token or BELLWETHER_TOKEN`, { cause });
  }
}

/** An environment variable; an empty one is none. */
function variable(name: string): string | undefined {
  const value = process.env[name];
  return value === '' ? undefined : value;
}

function parseJson(text: string): unknown {
  try {
    return text === '' ? undefined : JSON.parse(text);
  } catch {
    return undefined;
  }
}

function reasonOf(cause: unknown): string {
  if (cause instanceof AggregateError && cause.errors.length > 0) return reasonOf(cause.errors[0]);
  return messageOf(cause);
}

/** The most the server gives in one page. */
const LARGEST_PAGE = 500;
/** Statuses that say that what was asked does not fit. */
const BAD_INPUT: ReadonlySet<number> = new Set([400, 405, 412, 413, 415, 422]);
