/** What a server asks breaks a rule: the fault carries the answer it deserves and is caught in requests.ts alone. */

import { PeerError } from '#base';
import { Code } from '#coap/codec';

/** A request that is refused. `code` is the raw CoAP code of the answer; the message becomes its diagnostic payload. */
export class RequestFault extends PeerError {
  readonly code: number;

  constructor(code: number, message: string) {
    super('refused', message);
    this.name = 'RequestFault';
    this.name = 'RequestFault';
    this.code = code;
  }
}

/** 4.00. */
export function badRequest(why: string): RequestFault {
  return new RequestFault(Code.BAD_REQUEST, why);
}

/** 4.04. */
export function notFound(why: string): RequestFault {
  return new RequestFault(Code.NOT_FOUND, why);
}

/** 4.05. */
export function notAllowed(why: string): RequestFault {
  return new RequestFault(Code.METHOD_NOT_ALLOWED, why);
}
