/** `GET /events`: server-sent events with ids that rise over restarts. */

import { AppError, rfc3339 } from '#base';
import { EVENT_TYPES, eventId, parseEventId, type EventType, type NumberedEvent } from '#fleet/model';

import { endpointOf } from '../names.js';
import type { Context, Route } from '../route.js';
import type { Streams } from '../streams.js';

/** The route of the event stream, which is told through `streams`. */
export function eventRoute(streams: Streams): Route {
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
      streams.admit();
      const options = optionsOf(context);
      const { events } = context.fleet;
      return streams.reply(({ send, room }) =>
        events.subscribe(
          context.principal,
          { ...options, room },
          (event) => {
            send(show(event));
          },
          () => {
            send(`event: reset\nid: ${eventId(events.newest())}\ndata: {}\n\n`);
          },
        ),
      );
    },
  };
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
