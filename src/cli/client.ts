/** A small REST client of the server's own API: JSON in and out, problems as AppError with the server's code. */

import { readFileSync } from 'node:fs';

import { AppError } from '#base';

/** Where the server is and who asks. */
export interface Access {
  readonly url: string;
  readonly token: string;
}

/** An answer with its status. */
export interface Answer {
  readonly status: number;
  readonly body: unknown;
  readonly headers: Headers;
}

/** What may be sent along. */
export interface CallOptions {
  readonly query?: Readonly<Record<string, string | undefined>>;
  readonly body?: unknown;
  /** Sent as it is, with this content type, in place of `body`. */
  readonly raw?: { readonly type: string; readonly content: string };
  readonly headers?: Readonly<Record<string, string>>;
}

/** Finds the server and the token: flags, then `BELLWETHER_URL` and `BELLWETHER_TOKEN`, then the local token file. */
export function findAccess(options: { readonly url?: string; readonly token?: string }): Access {
  const url = (options.url ?? process.env['BELLWETHER_URL'] ?? 'http://127.0.0.1:8080').replace(/\/+$/, '');
  const token = options.token ?? process.env['BELLWETHER_TOKEN'] ?? readTokenFile();
  if (!/^https?:\/\//.test(url)) throw new AppError('usage', `--url must begin with http:// or https://, not "${url}"`);
  if (token === undefined) {
    throw new AppError('usage', `no token: give --token, or BELLWETHER_TOKEN, or keep it in ${TOKEN_FILE} (mode 0600)`);
  }
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
    const response = await this.#fetch(method, path, options);
    const text = await response.text();
    const body: unknown = text === '' ? undefined : parseJson(text);
    if (response.ok) return { status: response.status, body, headers: response.headers };
    throw problemOf(response.status, body);
  }

  /** Calls and gives the body as it arrives, in pieces of text. */
  async *stream(path: string, options: CallOptions = {}): AsyncGenerator<string> {
    const response = await this.#fetch('GET', path, options);
    if (!response.ok) throw problemOf(response.status, parseJson(await response.text()));
    const decoder = new TextDecoder();
    for await (const piece of response.body ?? []) yield decoder.decode(piece as Uint8Array, { stream: true });
  }

  async #fetch(method: string, path: string, options: CallOptions): Promise<Response> {
    const url = new URL(`${this.#access.url}/api/v1${path}`);
    for (const [name, value] of Object.entries(options.query ?? {}))
      if (value !== undefined) url.searchParams.set(name, value);
    const headers: Record<string, string> = { authorization: `Bearer ${this.#access.token}`, ...options.headers };
    let body: string | undefined;
    if (options.raw !== undefined) {
      headers['content-type'] = options.raw.type;
      body = options.raw.content;
    } else if (options.body !== undefined) {
      headers['content-type'] = 'application/json';
      body = JSON.stringify(options.body);
    }
    try {
      return await fetch(url, { method, headers, ...(body === undefined ? {} : { body }) });
    } catch (cause) {
      throw new AppError('unreachable', `no server answers at ${this.#access.url}: ${reasonOf(cause)}`, { cause });
    }
  }
}

function problemOf(status: number, body: unknown): AppError {
  const problem = (typeof body === 'object' && body !== null ? body : {}) as Record<string, unknown>;
  const code = typeof problem['code'] === 'string' ? problem['code'] : 'refused';
  const detail = typeof problem['detail'] === 'string' ? problem['detail'] : `the server answered ${status}`;
  const faults = Array.isArray(problem['errors']) ? (problem['errors'] as { pointer?: string; detail?: string }[]) : [];
  const places = faults.map((fault) => `\n  ${fault.pointer ?? ''}: ${fault.detail ?? ''}`).join('');
  const known = code === 'device_timeout' || code === 'device_refused';
  return new AppError(known ? code : status >= 500 ? 'failed' : 'refused', `${detail} (${code})${places}`);
}

function readTokenFile(): string | undefined {
  try {
    return readFileSync(TOKEN_FILE, 'utf8').trim();
  } catch {
    return undefined;
  }
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function reasonOf(cause: unknown): string {
  const inner = cause instanceof Error ? (cause.cause ?? cause) : cause;
  return inner instanceof Error ? inner.message : String(inner);
}

/** Where `npm start` leaves the owner token. */
const TOKEN_FILE = './data/owner.token';
