/**
 * Requests and responses that are Express's own from their birth. Express otherwise exchanges the prototype of every request
 * and response as it comes in, after which V8 keeps each of them until a collection of the whole heap.
 */

import { IncomingMessage, ServerResponse } from 'node:http';

import type { Express } from 'express';

/** What node:http's createServer takes as options to make the messages of one app. */
export interface MessageClasses {
  readonly IncomingMessage: typeof IncomingMessage;
  readonly ServerResponse: typeof ServerResponse;
}

/** Classes whose instances Express leaves as they are: their prototypes are those that `app` gives its messages. */
export function messageClasses(app: Express): MessageClasses {
  class AppRequest extends IncomingMessage {}
  class AppResponse<Request extends IncomingMessage = IncomingMessage> extends ServerResponse<Request> {}
  Object.setPrototypeOf(AppRequest.prototype, app.request);
  Object.setPrototypeOf(AppResponse.prototype, app.response);
  app.request = AppRequest.prototype as unknown as Express['request'];
  app.response = AppResponse.prototype as unknown as Express['response'];
  return { IncomingMessage: AppRequest, ServerResponse: AppResponse };
}
