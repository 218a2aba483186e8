/** What an endpoint allows. */

export { DTLS_PARAMETERS, SMALLEST_MTU } from './parameters.js';
export type { DtlsParameters } from './parameters.js';
