/** The only place with sockets. */

export { Stack } from './stack.js';
export type { DatagramHook, RequestHandler, StackOptions } from './stack.js';
export { foldAddress } from './udp.js';
export type { BoundAddress, UdpOptions } from './udp.js';
export type { EndpointEvent, ExchangeId, OutgoingResponse, RequestId } from '#coap/endpoint';
