/**
 * The HTTP server under the app, and its answers to what never reaches the app: bytes that are no request, heads that are too
 * large or too late, expectations nobody can meet.
 */

import { randomUUID } from 'node:crypto';
import { createServer, IncomingMessage, ServerResponse, STATUS_CODES, type Server } from 'node:http';
import type { Duplex } from 'node:stream';

import type { Express } from 'express';

import { AppError } from '#base';

import { problemOf, type ProblemCode } from './problems.js';

/** Milliseconds that the head of a request, and a whole request, may take to come. */
const HEAD_TIMEOUT = 10_000;
const REQUEST_TIMEOUT = 60_000;

/** A server for the app that does not listen yet. `refused` hears the code of every problem that is answered here. */
export function makeHttpServer(app: Express, refused: (code: ProblemCode) => void): Server {
  const times = { headersTimeout: HEAD_TIMEOUT, requestTimeout: REQUEST_TIMEOUT };
  // The app says what is wrong with a request without Host; Node would say 400 and nothing else.
  const server = createServer({ ...times, ...messageClasses(app), requireHostHeader: false }, app);
  server.on('clientError', (error: ParseError, socket: AnsweringSocket) => {
    const begun = socket._httpMessage?.headersSent === true;
    if (begun || !socket.writable || error.code === 'ECONNRESET') {
      socket.destroy();
      return;
    }
    const problem = unreadable(error);
    refused(problem.code as ProblemCode);
    socket.end(rawAnswer(problem.code as ProblemCode, problem.message));
  });
  server.on('checkExpectation', (request: IncomingMessage, response: ServerResponse) => {
    refused('expectation_failed');
    const detail = `only Expect: 100-continue can be met, not ${String(request.headers.expect).slice(0, 100)}`;
    const { head, body } = answer('expectation_failed', detail);
    response.writeHead(417, head).end(body);
  });
  return server;
}

/** What Node tells of bytes that are no request. */
interface ParseError extends Error {
  readonly code?: string;
  readonly reason?: string;
}

/** The response that a connection is busy with, which Node keeps there. */
interface AnsweringSocket extends Duplex {
  readonly _httpMessage?: { readonly headersSent: boolean };
}

function unreadable(error: ParseError): AppError {
  switch (error.code) {
    case 'HPE_HEADER_OVERFLOW':
      return new AppError('headers_too_large', 'the request line and the headers may have 16 KiB together');
    case 'HPE_CHUNK_EXTENSIONS_OVERFLOW':
      return new AppError('body_too_large', 'the extensions of a chunk are too long');
    case 'ERR_HTTP_REQUEST_TIMEOUT':
      return new AppError(
        'request_timeout',
        `the head must come within ${HEAD_TIMEOUT / 1000} s, the whole request within ${REQUEST_TIMEOUT / 1000} s`,
      );
    default:
      return new AppError('malformed_request', `this is no HTTP request: ${error.reason ?? error.message}`);
  }
}

function answer(code: ProblemCode, detail: string): { status: number; head: Record<string, string>; body: string } {
  const problem = problemOf(new AppError(code, detail), randomUUID());
  const body = JSON.stringify(problem);
  const head = {
    'content-type': 'application/problem+json; charset=utf-8',
    'content-length': String(Buffer.byteLength(body)),
    'x-request-id': problem.requestId,
    'cache-control': 'no-store',
    connection: 'close',
  };
  return { status: problem.status, head, body };
}

/** A whole answer as bytes, for a connection on which nothing was understood. */
function rawAnswer(code: ProblemCode, detail: string): string {
  const { status, head, body } = answer(code, detail);
  const lines = Object.entries(head).map(([name, value]) => `${name}: ${value}\r\n`);
  return `HTTP/1.1 ${status} ${STATUS_CODES[status] ?? ''}\r\n${lines.join('')}\r\n${body}`;
}

/**
 * Classes whose instances Express leaves as they are. It otherwise exchanges the prototype of every request and response
 * as it comes in, after which V8 keeps each of them until a collection of the whole heap.
 */
function messageClasses(app: Express): {
  readonly IncomingMessage: typeof IncomingMessage;
  readonly ServerResponse: typeof ServerResponse;
} {
  class AppRequest extends IncomingMessage {}
  class AppResponse<Request extends IncomingMessage = IncomingMessage> extends ServerResponse<Request> {}
  Object.setPrototypeOf(AppRequest.prototype, app.request);
  Object.setPrototypeOf(AppResponse.prototype, app.response);
  app.request = AppRequest.prototype as unknown as Express['request'];
  app.response = AppResponse.prototype as unknown as Express['response'];
  return { IncomingMessage: AppRequest, ServerResponse: AppResponse };
}
