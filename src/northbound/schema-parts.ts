/** Pieces that many shapes are made with. */

import type { Schema } from './route.js';

/** A reference to a named shape. */
export function ref(name: string): Schema {
  return { $ref: `#/components/schemas/${name}` };
}

/** A page of a named shape. */
export function pageOf(name: string): Schema {
  return {
    type: 'object',
    properties: {
      items: { type: 'array', items: ref(name) },
      next: { type: 'string', description: 'Cursor of the next page; absent at the end.' },
    },
    required: ['items'],
  };
}

/** Query properties of a list. */
export const PAGING: Readonly<Record<string, Schema>> = {
  limit: { type: 'integer', minimum: 1, maximum: 500, default: 50, description: 'Most items of a page.' },
  cursor: { type: 'string', minLength: 1, maxLength: 1024, description: '`next` of the page before.' },
};
