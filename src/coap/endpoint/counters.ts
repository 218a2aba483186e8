/** What the endpoint counts. Monotonic; the edge turns each into a metric. Every reason for a drop has its own name. */

/** All counters, each starting at 0. */
export interface Counters extends Record<string, number> {
  requests_received: number;
  requests_sent: number;
  responses_received: number;
  notifications_received: number;
  retransmissions: number;
  message_ids_replaced: number;
  duplicates: number;
  duplicates_forgotten: number;
  empty_acks_sent: number;
  resets_sent: number;
  resets_received: number;
  pings_answered: number;
  bad_options_answered: number;
  dropped_malformed: number;
  dropped_exchanges_full: number;
  dropped_unknown_ack: number;
  dropped_token_mismatch: number;
  dropped_foreign_token: number;
  dropped_unknown_token: number;
  dropped_bad_option: number;
  dropped_notification_rate: number;
  dropped_notification_fetch: number;
  dropped_observations_full: number;
  dropped_message_ids: number;
  dropped_answers_late: number;
  dropped_answers_given_up: number;
  dropped_budget: number;
  assemblies_refused: number;
  assemblies_expired: number;
  requests_failed_timeout: number;
  requests_failed_reset: number;
  requests_failed_unreachable: number;
  requests_failed_cancelled: number;
  requests_failed_queue_full: number;
  requests_failed_bad_response: number;
  requests_failed_too_large: number;
  requests_failed_body_failed: number;
  downloads_dropped: number;
  downloads_expired: number;
  downloads_refused: number;
}

/** Fresh counters. */
export function newCounters(): Counters {
  return {
    requests_received: 0,
    requests_sent: 0,
    responses_received: 0,
    notifications_received: 0,
    retransmissions: 0,
    message_ids_replaced: 0,
    duplicates: 0,
    duplicates_forgotten: 0,
    empty_acks_sent: 0,
    resets_sent: 0,
    resets_received: 0,
    pings_answered: 0,
    bad_options_answered: 0,
    dropped_malformed: 0,
    dropped_exchanges_full: 0,
    dropped_unknown_ack: 0,
    dropped_token_mismatch: 0,
    dropped_foreign_token: 0,
    dropped_unknown_token: 0,
    dropped_bad_option: 0,
    dropped_notification_rate: 0,
    dropped_notification_fetch: 0,
    dropped_observations_full: 0,
    dropped_message_ids: 0,
    dropped_answers_late: 0,
    dropped_answers_given_up: 0,
    dropped_budget: 0,
    assemblies_refused: 0,
    assemblies_expired: 0,
    requests_failed_timeout: 0,
    requests_failed_reset: 0,
    requests_failed_unreachable: 0,
    requests_failed_cancelled: 0,
    requests_failed_queue_full: 0,
    requests_failed_bad_response: 0,
    requests_failed_too_large: 0,
    requests_failed_body_failed: 0,
    downloads_dropped: 0,
    downloads_expired: 0,
    downloads_refused: 0,
  };
}
