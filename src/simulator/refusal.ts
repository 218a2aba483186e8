/** What a server asks breaks a rule: the refusal carries the answer it deserves and becomes one in requests.ts alone. */

import { AppError, DecodeError, PeerError } from '#base';
import { Code } from '#coap/codec';

/** A request that is refused. `code` is the raw CoAP code of the answer; the message becomes its diagnostic payload. */
export class RequestFault extends PeerError {
  readonly code: number;

  constructor(code: number, message: string) {
    super('refused', message);
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

/** What `decode` gives. Throws RequestFault in place of its DecodeError: 4.13 for what is too large, 4.00 else. */
export function refusing<T>(decode: () => T): T {
  try {
    return decode();
  } catch (error) {
    if (!(error instanceof DecodeError)) throw error;
    const code = error.reason === 'too_large' ? Code.REQUEST_ENTITY_TOO_LARGE : Code.BAD_REQUEST;
    throw new RequestFault(code, error.message);
  }
}

/** What `encode` gives. Throws RequestFault 4.06 in place of its AppError(`not_encodable`). */
export function encoding(encode: () => Uint8Array): Uint8Array {
  try {
    return encode();
  } catch (error) {
    if (!(error instanceof AppError) || error.code !== 'not_encodable') throw error;
    throw new RequestFault(Code.NOT_ACCEPTABLE, error.message);
  }
}
