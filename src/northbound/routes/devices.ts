/** `/devices`: the list, one device, its tags, and its end. */

import { AppError } from '#base';
import { parseFilter, parseSort, type DeviceQuery } from '#fleet';

import { endpointOf } from '../names.js';
import { ifMatchOf } from '../preconditions.js';
import type { Route } from '../route.js';
import { DEVICE_FIELDS, DEVICE_PATCH, PAGING, pageOf, ref } from '../schemas.js';

/** Rows of the table. */
export const DEVICE_ROUTES: readonly Route[] = [
  {
    method: 'get',
    path: '/devices',
    id: 'listDevices',
    summary: 'List devices, a page at a time',
    permission: 'device:read',
    query: {
      ...PAGING,
      filter: {
        type: 'string',
        maxLength: 4096,
        description:
          "RSQL-like: == != =gt= =ge= =lt= =le= =in= =out=, ; and, , or, * in texts, on endpoint, presence, manufacturer, model, firmware, object, tags.NAME, lastSeen, lwm2m, binding. Such as presence==online;model=='M1*'.",
      },
      sort: {
        type: 'string',
        maxLength: 256,
        description: 'Fields with commas, - for descending: -lastSeen,endpoint.',
      },
      fields: {
        type: 'string',
        maxLength: 1024,
        description: `Only these members, with commas, of ${DEVICE_FIELDS.join(', ')}; endpoint is always there.`,
      },
    },
    answers: { 200: { description: 'A page of devices.', schema: pageOf('Device') } },
    problems: ['invalid_filter', 'invalid_sort', 'invalid_cursor'],
    handler: async ({ fleet, principal, query }) => {
      const fields = query['fields'] === undefined ? undefined : fieldsOf(String(query['fields']));
      const page = await fleet.devices.list(principal, {
        limit: Number(query['limit']),
        ...(query['cursor'] === undefined ? {} : { cursor: String(query['cursor']) }),
        ...(query['filter'] === undefined ? {} : { filter: parseFilter(String(query['filter'])) }),
        ...(query['sort'] === undefined ? {} : { sort: parseSort(String(query['sort'])) }),
      } satisfies DeviceQuery);
      return {
        status: 200,
        body: fields === undefined ? page : { ...page, items: page.items.map((item) => pick(item, fields)) },
      };
    },
  },
  {
    method: 'get',
    path: '/devices/{endpoint}',
    id: 'getDevice',
    summary: 'One device',
    permission: 'device:read',
    answers: { 200: { description: 'The device.', schema: ref('Device') } },
    problems: ['device_not_found'],
    handler: ({ fleet, principal, params }) => {
      const { view, etag } = fleet.devices.get(principal, endpointOf(params['endpoint'] ?? ''));
      return { status: 200, body: view, headers: { etag } };
    },
  },
  {
    method: 'patch',
    path: '/devices/{endpoint}',
    id: 'patchDevice',
    summary: 'Change tags and settings of a device (merge-patch)',
    permission: 'device:update',
    headers: { 'If-Match': 'ETag the device must still have.' },
    bodyKind: 'json',
    body: DEVICE_PATCH,
    answers: { 200: { description: 'The device as it is now.', schema: ref('Device') } },
    problems: ['device_not_found', 'precondition_failed'],
    handler: async ({ fleet, principal, params, body, headers }) => {
      const endpoint = endpointOf(params['endpoint'] ?? '');
      const current = (): string => fleet.devices.get(principal, endpoint).etag;
      const { view, etag } = await fleet.devices.patch(
        principal,
        endpoint,
        body as Parameters<typeof fleet.devices.patch>[2],
        ifMatchOf(headers, current),
      );
      return { status: 200, body: view, headers: { etag } };
    },
  },
  {
    method: 'delete',
    path: '/devices/{endpoint}',
    id: 'deleteDevice',
    summary: 'Delete a device with its operations, observations and values',
    permission: 'device:delete',
    headers: { 'If-Match': 'ETag the device must still have.' },
    answers: { 204: { description: 'It is gone.' } },
    problems: ['device_not_found', 'precondition_failed'],
    handler: async ({ fleet, principal, params, headers }) => {
      const endpoint = endpointOf(params['endpoint'] ?? '');
      await fleet.devices.remove(
        principal,
        endpoint,
        ifMatchOf(headers, () => fleet.devices.get(principal, endpoint).etag),
      );
      return { status: 204 };
    },
  },
];

function fieldsOf(text: string): ReadonlySet<string> {
  const fields = text.split(',');
  const unknown = fields.find((name) => !DEVICE_FIELDS.includes(name));
  if (unknown === undefined) return new Set(fields);
  throw new AppError('invalid_query', `a device has no field "${unknown}"`, {
    faults: [{ pointer: '/fields', detail: `must be of ${DEVICE_FIELDS.join(', ')}, with commas` }],
  });
}

function pick(item: object, fields: ReadonlySet<string>): object {
  return Object.fromEntries(Object.entries(item).filter(([name]) => name === 'endpoint' || fields.has(name)));
}
