/** Health for machines that watch, and metrics in Prometheus' text format. */

import type { Route } from '../route.js';

/** Rows of the table. `metrics` gives the text. */
export function healthRoutes(
  metrics: () => Promise<{ readonly type: string; readonly text: string }>,
): readonly Route[] {
  const health = {
    type: 'object',
    properties: { status: { type: 'string' }, problems: { type: 'array', items: { type: 'string' } } },
    required: ['status'],
  };
  const rows: readonly Route[] = [
    {
      method: 'get',
      path: '/healthz',
      id: 'getHealth',
      summary: 'Whether the process runs',
      permission: 'open',
      answers: { 200: { description: 'It runs.', schema: health } },
      problems: [],
      handler: () => ({ status: 200, body: { status: 'ok' } }),
    },
    {
      method: 'get',
      path: '/readyz',
      id: 'getReadiness',
      summary: 'Whether the server can do its work, and what is unwell',
      permission: 'open',
      answers: {
        200: { description: 'It can.', schema: health },
        503: { description: 'It cannot; problems say why.', schema: health },
      },
      problems: [],
      handler: ({ fleet }) => {
        const { ready, problems } = fleet.health();
        return ready
          ? { status: 200, body: { status: 'ok', problems } }
          : { status: 503, body: { status: 'unwell', problems }, headers: { 'retry-after': '5' } };
      },
    },
    {
      method: 'get',
      path: '/metrics',
      id: 'getMetrics',
      summary: 'Metrics in the text format of Prometheus',
      permission: 'metrics:read',
      answers: { 200: { description: 'The metrics.', type: 'text/plain', schema: { type: 'string' } } },
      problems: [],
      handler: async () => {
        const { type, text } = await metrics();
        return { status: 200, body: text, headers: { 'content-type': type } };
      },
    },
  ];
  // For watchers at the root and, for those who know only one base address, below it too.
  return [...rows.map((row): Route => ({ ...row, root: 'root', id: `${row.id}AtRoot` })), ...rows];
}
