/** The bounds of event streams: a reader that does not read is cut off, once, and counted (security.md section 3). */

import { expect, it } from '@jest/globals';
import type { NumberedEvent } from '#fleet/model';
import { eventRoute } from '../../../src/northbound/routes/events.js';
import type { Context, StreamTarget } from '../../../src/northbound/route.js';
import { Streams } from '../../../src/northbound/streams.js';

/** A reader that takes nothing. */
class Deaf implements StreamTarget {
  unread = 0;
  cuts = 0;
  closed: () => void = () => undefined;

  write(chunk: string): void {
    this.unread += chunk.length;
  }

  drained(): Promise<void> {
    return Promise.resolve();
  }

  end(): void {
    this.closed();
  }

  cut(): void {
    this.cuts += 1;
  }

  onClose(listener: () => void): void {
    this.closed = listener;
  }
}

it('a reader with more unread bytes than allowed is cut off, whatever else happens until its connection is closed', async () => {
  let tell: (event: NumberedEvent) => void = () => undefined;
  let stopped = 0;
  const events = {
    newest: () => 0,
    subscribe: (_principal: unknown, _options: unknown, onEvent: typeof tell) => {
      tell = onEvent;
      return Promise.resolve(() => {
        stopped += 1;
      });
    },
  };
  const streams = new Streams({ readers: 1, buffer: 1000 }, (error) => {
    throw error;
  });
  const context = { fleet: { events }, principal: {}, query: {}, headers: {} } as unknown as Context;
  const reply = await eventRoute(streams).handler(context);
  const deaf = new Deaf();
  if (!('stream' in reply)) throw new Error('no stream');
  reply.stream(deaf);
  await Promise.resolve();
  const event = { number: 1, type: 'device.registered', at: 0, data: { text: 'x'.repeat(300) } } as never;
  for (let count = 0; count < 20; count += 1) tell(event);
  const { size } = streams;
  deaf.closed();
  expect([deaf.cuts, streams.cut]).toEqual([1, 1]);
  expect(deaf.unread).toBeLessThan(2000);
  expect(size).toBe(1);
  expect(streams.size).toBe(0);
  expect(stopped).toBeGreaterThan(0);
});
