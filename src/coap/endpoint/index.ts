/** The CoAP endpoint: reliable exchanges, block-wise bodies and observation for all peers of a socket, without I/O. */

export { newCounters } from './counters.js';
export type { Counters } from './counters.js';
export { isStreamed } from './events.js';
export type {
  EndpointEvent,
  EndpointSink,
  ExchangeId,
  NotificationId,
  ObservedRequest,
  OutgoingNotification,
  OutgoingRequest,
  OutgoingResponse,
  RelationEnd,
  RelationId,
  RequestFailure,
  RequestId,
  StreamedBody,
} from './events.js';
export { DEFAULT_PARAMETERS, PARAMETERS, parametersWith, spansOf } from './parameters.js';
export type { ParameterName, ParameterRow, Parameters, Spans } from './parameters.js';
export { UdpEndpoint } from './udp-endpoint.js';
