/** `GET /events`: server-sent events with ids that rise over restarts. */

import { AppError, rfc3339 } from '#base';
import { EVENT_TYPES, eventId, parseEventId, type EventType, type NumberedEvent } from '#fleet/model';

import { endpointOf } from '../names.js';
import type { Context, Route, StreamTarget } from '../route.js';

/** Bounds of the stream. */
export interface StreamSettings {
  readonly eventReaders: number;
  readonly eventBuffer: number;
}

/** Open streams of one app, bounded in number and in unread bytes. */
export class EventStreams {
  readonly #settings: StreamSettings;
  readonly #fault: (error: unknown) => void;
  readonly #open = new Set<StreamTarget>();
  /** Readers that were cut off because they read too slowly. */
  cut = 0;

  /** `fault` is told why a stream ended that nobody wanted ended. */
  constructor(settings: StreamSettings, fault: (error: unknown) => void) {
    this.#settings = settings;
    this.#fault = fault;
  }

  get size(): number {
    return this.#open.size;
  }

  /** Ends every stream. */
  close(): void {
    for (const target of this.#open) target.end();
    this.#open.clear();
  }

  /** The route. */
  route(): Route {
    return {
      method: 'get',
      path: '/events',
      id: 'streamEvents',
      summary: 'Events as they happen (server-sent events)',
      permission: 'event:read',
      query: {
        type: {
          type: 'string',
          maxLength: 512,
          description: `Only these types, with commas: ${EVENT_TYPES.join(', ')}. value.received comes only when asked for.`,
        },
        endpoint: { type: 'string', maxLength: 512, description: 'Only of this device.' },
      },
      headers: {
        'Last-Event-ID': 'First all kept events after this one; when they are gone, an event `reset` says so.',
      },
      answers: {
        200: {
          description: 'The stream; data of each event is an Event.',
          type: 'text/event-stream',
          schema: { type: 'string' },
        },
      },
      problems: ['too_many_readers', 'invalid_header'],
      handler: (context) => {
        if (this.#open.size >= this.#settings.eventReaders) {
          throw new AppError('too_many_readers', `${this.#open.size} readers are connected already`, {
            details: { retryAfter: 5 },
          });
        }
        const options = optionsOf(context);
        return {
          stream: (target) => {
            this.#open.add(target);
            // The headers have left: a stream that cannot go on ends, and its reader comes again with its last id.
            this.#run(context, target, options).catch((error: unknown) => {
              this.#fault(error);
              target.end();
            });
          },
        };
      },
    };
  }

  async #run(context: Context, target: StreamTarget, options: ReturnType<typeof optionsOf>): Promise<void> {
    const life: { ended: 'yes' | 'no'; stop?: () => void } = { ended: 'no' };
    const beat = setInterval(() => {
      target.write(': alive\n\n');
    }, HEARTBEAT);
    target.onClose(() => {
      life.ended = 'yes';
      clearInterval(beat);
      this.#open.delete(target);
      life.stop?.();
    });
    target.write(': connected\n\n');
    const cut = (): void => {
      if (life.ended === 'yes') return;
      life.ended = 'yes';
      this.cut += 1;
      target.cut();
    };
    const send = (chunk: string): void => {
      if (life.ended === 'yes') return;
      target.write(chunk);
      if (target.unread > this.#settings.eventBuffer) cut();
    };
    const full = (): boolean => life.ended === 'no' && target.unread > this.#settings.eventBuffer / 2;
    const drain = async (): Promise<void> => {
      const late = setTimeout(cut, STALLED);
      while (full()) await target.drained();
      clearTimeout(late);
    };
    const room = (): Promise<void> | undefined => (full() ? drain() : undefined);
    life.stop = await context.fleet.events.subscribe(
      context.principal,
      { ...options, room },
      (event) => {
        send(show(event));
      },
      () => {
        send(`event: reset\nid: ${eventId(context.fleet.events.newest())}\ndata: {}\n\n`);
      },
    );
    if (life.ended === 'yes') life.stop();
  }
}

function optionsOf({ query, headers }: Context): { after?: number; types?: ReadonlySet<EventType>; endpoint?: string } {
  const last = headers['last-event-id'];
  const after = typeof last === 'string' && last !== '' ? parseEventId(last) : undefined;
  if (typeof last === 'string' && last !== '' && after === undefined)
    throw new AppError('invalid_header', `Last-Event-ID "${last.slice(0, 100)}" is not one of our ids`);
  const types = query['type'] === undefined ? undefined : new Set(String(query['type']).split(',').map(typeOf));
  return {
    ...(after === undefined ? {} : { after }),
    ...(types === undefined ? {} : { types }),
    ...(query['endpoint'] === undefined ? {} : { endpoint: endpointOf(String(query['endpoint'])) }),
  };
}

function typeOf(name: string): EventType {
  const type = EVENT_TYPES.find((other) => other === name);
  if (type === undefined) {
    throw new AppError('invalid_query', `there is no event type "${name}"`, {
      faults: [{ pointer: '/type', detail: `must be of ${EVENT_TYPES.join(', ')}` }],
    });
  }
  return type;
}

function show(event: NumberedEvent): string {
  const data = {
    ...(event.endpoint === undefined ? {} : { endpoint: event.endpoint }),
    at: rfc3339(event.at),
    ...event.data,
  };
  return `event: ${event.type}\nid: ${eventId(event.number)}\ndata: ${JSON.stringify(data)}\n\n`;
}

/** Milliseconds after which a reader of old events that takes none of them is cut off. */
const STALLED = 30_000;
/** Milliseconds between comments that keep proxies from closing an idle stream. */
const HEARTBEAT = 15_000;
