/**
 * Errors as RFC 9457 problems. One table gives each stable code its status and title; whatever is not in it is a fault of
 * ours. A caller never gets a 5xx but with codes `device_*` (the device's doing) and `store_*` (come again).
 */

import { AppError, type InputFault } from '#base';

interface ProblemRow {
  readonly status: number;
  readonly title: string;
}

/** Every code this API answers with. */
export const PROBLEMS = {
  malformed_request: { status: 400, title: 'This is no HTTP request' },
  invalid_json: { status: 400, title: 'The body is not valid JSON' },
  invalid_body: { status: 400, title: 'The body does not fit' },
  invalid_query: { status: 400, title: 'The query does not fit' },
  invalid_header: { status: 400, title: 'A header does not fit' },
  invalid_path: { status: 400, title: 'The path does not fit' },
  invalid_value: { status: 400, title: 'The value does not fit' },
  invalid_filter: { status: 400, title: 'The filter cannot be read' },
  invalid_sort: { status: 400, title: 'The sort order cannot be read' },
  invalid_cursor: { status: 400, title: 'The cursor is not one of ours' },
  invalid_arguments: { status: 400, title: 'The arguments do not fit' },
  invalid_attributes: { status: 400, title: 'The attributes do not fit' },
  invalid_deadline: { status: 400, title: 'The deadline does not fit' },
  invalid_definition: { status: 400, title: 'The object definition cannot be read' },
  unauthorized: { status: 401, title: 'A valid bearer token is needed' },
  not_permitted: { status: 403, title: 'Not permitted' },
  not_found: { status: 404, title: 'There is no such thing' },
  device_not_found: { status: 404, title: 'There is no such device' },
  operation_not_found: { status: 404, title: 'There is no such operation' },
  observation_not_found: { status: 404, title: 'There is no such observation' },
  object_not_found: { status: 404, title: 'There is no such object definition' },
  profile_not_found: { status: 404, title: 'No such profile' },
  model_not_found: { status: 404, title: 'Nothing is set for this model' },
  credential_not_found: { status: 404, title: 'There is no such credential' },
  not_secured: { status: 404, title: 'This name is not secured' },
  anchor_not_found: { status: 404, title: 'There is no such trust anchor' },
  revocation_list_not_found: { status: 404, title: 'There is no such revocation list' },
  server_credential_not_found: { status: 404, title: 'There is no such server credential' },
  no_value: { status: 404, title: 'No value is known' },
  method_not_allowed: { status: 405, title: 'This method is not allowed here' },
  not_acceptable: { status: 406, title: 'The answer has no type that is accepted' },
  request_timeout: { status: 408, title: 'The request took too long to come' },
  queue_full: { status: 409, title: 'Too much waits already' },
  operation_not_cancellable: { status: 409, title: 'Only a queued operation can be cancelled' },
  operation_cancelled: { status: 409, title: 'The operation was cancelled' },
  object_exists: { status: 409, title: 'This definition is there already' },
  credential_identity_taken: { status: 409, title: 'This identity belongs to another credential' },
  too_many_credentials: { status: 409, title: 'The device has too many credentials' },
  device_has_credentials: { status: 409, title: 'The device has credentials' },
  too_many_secured: { status: 409, title: 'Too many names of deleted devices are secured' },
  too_many_anchors: { status: 409, title: 'Too many trust anchors or revocation lists' },
  too_many_server_credentials: { status: 409, title: 'Too many server credentials' },
  server_host_taken: { status: 409, title: 'Another server credential is for this host' },
  server_credential_of_files: { status: 409, title: 'This server credential is in files' },
  server_files_unusable: { status: 409, title: 'The files of key and chain cannot be used' },
  secret_unreadable: { status: 409, title: 'What is stored sealed cannot be read' },
  too_many_profiles: { status: 409, title: 'Too many profiles' },
  keys_from_variable: { status: 409, title: 'The server cannot change the master key' },
  master_key_not_written: { status: 409, title: 'The master key cannot be changed where it is kept' },
  too_many_data_keys: { status: 409, title: 'Too many data keys' },
  too_many_models: { status: 409, title: 'Too many models have settings' },
  precondition_failed: { status: 412, title: 'It has changed since' },
  body_too_large: { status: 413, title: 'The body is too large' },
  unsupported_media_type: { status: 415, title: 'This content type is not taken here' },
  expectation_failed: { status: 417, title: 'The expectation cannot be met' },
  not_encodable: { status: 422, title: 'This cannot be said to the device' },
  would_be_refused: { status: 422, title: 'The device would refuse this' },
  idempotency_conflict: { status: 422, title: 'This Idempotency-Key was used with another request' },
  too_many_readers: { status: 429, title: 'Too many event readers' },
  headers_too_large: { status: 431, title: 'The headers are too large' },
  device_refused: { status: 502, title: 'The device refused' },
  device_unreachable: { status: 502, title: 'The device cannot be reached' },
  device_reset: { status: 502, title: 'The device reset the exchange' },
  device_bad_answer: { status: 502, title: "The device's answer cannot be understood" },
  device_busy: { status: 502, title: 'Too much waits for the device' },
  device_gone: { status: 502, title: 'The device ended its registration meanwhile' },
  device_timeout: { status: 504, title: 'The device did not answer' },
  store_busy: { status: 503, title: 'The store is busy' },
  store_unavailable: { status: 503, title: 'The store cannot write' },
  store_conflict: { status: 503, title: 'The store has newer data' },
  store_fenced: { status: 503, title: 'Another server took over the store' },
  internal: { status: 500, title: 'A fault of the server' },
} as const satisfies Readonly<Record<string, ProblemRow>>;

/** One of the stable codes. */
export type ProblemCode = keyof typeof PROBLEMS;

/** A problem as sent. */
export interface Problem {
  readonly type: string;
  readonly title: string;
  readonly status: number;
  readonly code: string;
  readonly detail: string;
  readonly errors?: readonly InputFault[];
  readonly requestId: string;
  readonly [member: string]: unknown;
}

/** An error as a problem. What is no AppError with a known code is `internal`, and says nothing of what it was. */
export function problemOf(error: unknown, requestId: string): Problem {
  const known = error instanceof AppError && error.code in PROBLEMS;
  const code: ProblemCode = known ? (error.code as ProblemCode) : 'internal';
  const row = PROBLEMS[code];
  const base = { type: `urn:bellwether:problem:${code}`, title: row.title, status: row.status, code };
  if (!known) return { ...base, detail: 'the fault was logged under this requestId', requestId };
  const errors = error.faults.length === 0 ? {} : { errors: error.faults };
  return { ...error.details, ...base, detail: error.message, ...errors, requestId };
}

/** Whether an error is a fault of ours, to be logged. */
export function isFault(error: unknown): boolean {
  return !(error instanceof AppError && error.code in PROBLEMS);
}
