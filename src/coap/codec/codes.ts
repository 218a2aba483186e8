/**
 * Method and response codes (RFC 7252 §12.1, RFC 7959 §6, RFC 8132, 8516, 8768): one byte each, the class in its upper three
 * bits, the detail in the lower five.
 */

/** Codes as they stand on the wire. */
export const Code = Object.freeze({
  EMPTY: 0x00,
  GET: 0x01,
  POST: 0x02,
  PUT: 0x03,
  DELETE: 0x04,
  FETCH: 0x05,
  PATCH: 0x06,
  IPATCH: 0x07,
  CREATED: 0x41,
  DELETED: 0x42,
  VALID: 0x43,
  CHANGED: 0x44,
  CONTENT: 0x45,
  CONTINUE: 0x5f,
  BAD_REQUEST: 0x80,
  UNAUTHORIZED: 0x81,
  BAD_OPTION: 0x82,
  FORBIDDEN: 0x83,
  NOT_FOUND: 0x84,
  METHOD_NOT_ALLOWED: 0x85,
  NOT_ACCEPTABLE: 0x86,
  REQUEST_ENTITY_INCOMPLETE: 0x88,
  CONFLICT: 0x89,
  PRECONDITION_FAILED: 0x8c,
  REQUEST_ENTITY_TOO_LARGE: 0x8d,
  UNSUPPORTED_CONTENT_FORMAT: 0x8f,
  UNPROCESSABLE: 0x96,
  TOO_MANY_REQUESTS: 0x9d,
  INTERNAL_SERVER_ERROR: 0xa0,
  NOT_IMPLEMENTED: 0xa1,
  BAD_GATEWAY: 0xa2,
  SERVICE_UNAVAILABLE: 0xa3,
  GATEWAY_TIMEOUT: 0xa4,
  PROXYING_NOT_SUPPORTED: 0xa5,
  HOP_LIMIT_REACHED: 0xa8,
} as const);

/** Class of a code: 0 request, 2 success, 4 client error, 5 server error, 7 signal. */
export function codeClass(code: number): number {
  return code >> 5;
}

/** Whether a code is a request method (0.01 to 0.31). */
export function isRequest(code: number): boolean {
  return code > 0 && code < 0x20;
}

/** Whether a request may run twice with the effect of once (RFC 7252 §5.8, RFC 8132 §2, §3): neither POST nor PATCH may. */
export function isIdempotent(code: number): boolean {
  return isRequest(code) && code !== Code.POST && code !== Code.PATCH;
}

/** Whether a code is a response (classes 2, 4 and 5). */
export function isResponse(code: number): boolean {
  const group = code >> 5;
  return group === 2 || group === 4 || group === 5;
}

/** Whether a code is a success (class 2). */
export function isSuccess(code: number): boolean {
  return code >> 5 === 2;
}

/** A code as people write it: `2.05`. */
export function showCode(code: number): string {
  return SHOWN[code & 0xff] as string;
}

/** A code with its registered name: `2.05 Content`, `0.05 FETCH`; the bare code when it has none. */
export function describeCode(code: number): string {
  const name = NAMES.get(code);
  return name === undefined ? showCode(code) : `${showCode(code)} ${name}`;
}

/** Reads `2.05`; undefined when it is no code. */
export function parseCode(text: string): number | undefined {
  const code = SHOWN.indexOf(text);
  return code < 0 ? undefined : code;
}

/** All codes as people write them. */
const SHOWN: readonly string[] = Array.from({ length: 256 }, (_, code) => {
  const detail = code & 0x1f;
  return `${code >> 5}.${detail < 10 ? '0' : ''}${detail}`;
});

/** Names as the registry spells them (RFC 7252 §12.1.1, §12.1.2 and the others above). */
const NAMES: ReadonlyMap<number, string> = new Map([
  [Code.EMPTY, 'Empty'],
  [Code.GET, 'GET'],
  [Code.POST, 'POST'],
  [Code.PUT, 'PUT'],
  [Code.DELETE, 'DELETE'],
  [Code.FETCH, 'FETCH'],
  [Code.PATCH, 'PATCH'],
  [Code.IPATCH, 'iPATCH'],
  [Code.CREATED, 'Created'],
  [Code.DELETED, 'Deleted'],
  [Code.VALID, 'Valid'],
  [Code.CHANGED, 'Changed'],
  [Code.CONTENT, 'Content'],
  [Code.CONTINUE, 'Continue'],
  [Code.BAD_REQUEST, 'Bad Request'],
  [Code.UNAUTHORIZED, 'Unauthorized'],
  [Code.BAD_OPTION, 'Bad Option'],
  [Code.FORBIDDEN, 'Forbidden'],
  [Code.NOT_FOUND, 'Not Found'],
  [Code.METHOD_NOT_ALLOWED, 'Method Not Allowed'],
  [Code.NOT_ACCEPTABLE, 'Not Acceptable'],
  [Code.REQUEST_ENTITY_INCOMPLETE, 'Request Entity Incomplete'],
  [Code.CONFLICT, 'Conflict'],
  [Code.PRECONDITION_FAILED, 'Precondition Failed'],
  [Code.REQUEST_ENTITY_TOO_LARGE, 'Request Entity Too Large'],
  [Code.UNSUPPORTED_CONTENT_FORMAT, 'Unsupported Content-Format'],
  [Code.UNPROCESSABLE, 'Unprocessable Entity'],
  [Code.TOO_MANY_REQUESTS, 'Too Many Requests'],
  [Code.INTERNAL_SERVER_ERROR, 'Internal Server Error'],
  [Code.NOT_IMPLEMENTED, 'Not Implemented'],
  [Code.BAD_GATEWAY, 'Bad Gateway'],
  [Code.SERVICE_UNAVAILABLE, 'Service Unavailable'],
  [Code.GATEWAY_TIMEOUT, 'Gateway Timeout'],
  [Code.PROXYING_NOT_SUPPORTED, 'Proxying Not Supported'],
  [Code.HOP_LIMIT_REACHED, 'Hop Limit Reached'],
]);
