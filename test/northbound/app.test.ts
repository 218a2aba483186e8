/** What the door makes of a fleet whose store does not work, and of faults of our own. */

import type { AddressInfo } from 'node:net';
import { afterEach, describe, expect, it } from '@jest/globals';
import { AppError } from '#base';
import type { Logger } from '#base';
import type { Fleet } from '#fleet';
import { createNorthbound } from '#northbound';

const closing: (() => void)[] = [];
const logged: string[] = [];
/** Whether the app gave a request or a response another prototype. */
let exchanged = false;

afterEach(() => {
  for (const close of closing.splice(0)) close();
  logged.length = 0;
});

/** The door before a fleet that has only what `parts` say. */
async function door(parts: object): Promise<string> {
  const note = (message: string): void => void logged.push(message);
  const logger: Logger = { debug: note, info: note, warn: note, error: note };
  const northbound = createNorthbound({
    fleet: parts as Fleet,
    authenticate: (token) =>
      token === 'owner'
        ? ({ actor: { kind: 'owner' }, scope: { kind: 'all' }, permissions: 'all' } as never)
        : undefined,
    logger,
    version: '0',
    settings: { eventReaders: 1, traceReaders: 1, eventBuffer: 1024, bodyBytes: 65_536, importBytes: 65_536 },
    follow: () => () => undefined,
    samples: () => ({ counters: {}, gauges: {} }),
  });
  const { server } = northbound;
  server.prependListener('request', (request, response) => {
    const born = [Object.getPrototypeOf(request), Object.getPrototypeOf(response)] as unknown[];
    response.once('close', () => {
      exchanged ||= Object.getPrototypeOf(request) !== born[0] || Object.getPrototypeOf(response) !== born[1];
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  closing.push(() => {
    northbound.close();
    server.close();
  });
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

const get = (address: string, path: string): Promise<Response> =>
  fetch(`${address}${path}`, { headers: { authorization: 'Bearer owner' } });

describe('a store that does not work', () => {
  it('ends an event stream in good order, says why in the log, and gives its place back', async () => {
    const address = await door({
      events: {
        subscribe: () => Promise.reject(new AppError('store_unavailable', 'the store is down')),
        newest: () => 0,
      },
    });
    for (let count = 0; count < 3; count += 1) {
      const response = await get(address, '/api/v1/events');
      expect(response.status).toBe(200);
      expect(await response.text()).toBe(': connected\n\n');
    }
    expect(logged).toEqual(['an event stream ended', 'an event stream ended', 'an event stream ended']);
  });

  it.each([
    [new AppError('store_busy', 'much waits', { details: { retryAfter: 3 } }), 'store_busy', '3'],
    [new AppError('store_conflict', 'newer data'), 'store_conflict', '5'],
  ])('is 503 with Retry-After: %s', async (error, code, after) => {
    const address = await door({ operations: { get: () => Promise.reject(error) } });
    const response = await get(address, '/api/v1/operations/x');
    expect(response.status).toBe(503);
    expect(response.headers.get('retry-after')).toBe(after);
    const problem = (await response.json()) as Record<string, unknown>;
    expect(problem).toMatchObject({ code, requestId: response.headers.get('x-request-id') });
  });

  it('makes /readyz 503 with what is unwell, and leaves /healthz alone', async () => {
    const address = await door({ health: () => ({ ready: false, problems: ['the disk is full'] }) });
    const response = await get(address, '/readyz');
    expect({ status: response.status, body: await response.json() }).toEqual({
      status: 503,
      body: { status: 'unwell', problems: ['the disk is full'] },
    });
    expect((await get(address, '/healthz')).status).toBe(200);
  });
});

describe('a fault of our own', () => {
  it('is 500 and logged under its requestId, and says nothing of itself', async () => {
    const address = await door({ operations: { get: () => Promise.reject(new Error('secret')) } });
    const response = await get(address, '/api/v1/operations/x');
    expect(response.status).toBe(500);
    expect(await response.text()).not.toContain('secret');
    expect(logged).toEqual(['request failed by a fault']);
  });
});

describe('requests and responses', () => {
  it('are of the app from their birth: an exchanged prototype would keep each until the whole heap is collected', async () => {
    const address = await door({});
    expect((await get(address, '/healthz')).status).toBe(200);
    expect((await get(address, '/api/v1/nothing')).status).toBe(404);
    expect(exchanged).toBe(false);
  });
});
