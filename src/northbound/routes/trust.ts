/** Trust anchors, with the rules by which their certificates name endpoints, and revocation lists. */

import type { AnchorInput, RevocationListInput } from '#fleet';

import { ANCHOR_INPUT, REVOCATION_LIST_INPUT } from '../credential-schemas.js';
import { anchorOf, revocationListOf } from '../names.js';
import { checkMatch } from '../preconditions.js';
import type { Context, Route } from '../route.js';
import { pageOf, ref } from '../schema-parts.js';
import { etagOf } from './operations.js';

/** Rows of the table. */
export const TRUST_ROUTES: readonly Route[] = [
  {
    method: 'get',
    path: '/trust-anchors',
    id: 'listTrustAnchors',
    summary: 'List the trust anchors',
    permission: 'trust:read',
    answers: { 200: { description: 'All of them, by id.', schema: pageOf('TrustAnchor') } },
    problems: [],
    handler: ({ fleet, principal }) => ({ status: 200, body: { items: fleet.trust.anchors(principal) } }),
  },
  {
    method: 'get',
    path: '/trust-anchors/{id}',
    id: 'getTrustAnchor',
    summary: 'One trust anchor',
    permission: 'trust:read',
    answers: { 200: { description: 'The trust anchor.', schema: ref('TrustAnchor') } },
    problems: ['anchor_not_found'],
    handler: ({ fleet, principal, params }) => {
      const body = fleet.trust.getAnchor(principal, anchorOf(params['id'] ?? ''));
      return { status: 200, body, headers: { etag: etagOf(body) } };
    },
  },
  {
    method: 'put',
    path: '/trust-anchors/{id}',
    id: 'putTrustAnchor',
    summary: 'Trust a certificate: what is under it owns the endpoint names that the rule gives',
    permission: 'trust:write',
    headers: { 'If-Match': 'ETag the trust anchor must still have.' },
    bodyKind: 'json',
    body: ANCHOR_INPUT,
    answers: { 200: { description: 'The trust anchor as it is now.', schema: ref('TrustAnchor') } },
    problems: ['anchor_not_found', 'too_many_anchors', 'precondition_failed'],
    handler: async (context) => {
      const { fleet, principal, params, body: input } = context;
      const id = anchorOf(params['id'] ?? '');
      const body = await fleet.trust.putAnchor(principal, id, input as AnchorInput, matching(context));
      return { status: 200, body, headers: { etag: etagOf(body) } };
    },
  },
  {
    method: 'delete',
    path: '/trust-anchors/{id}',
    id: 'deleteTrustAnchor',
    summary: 'Trust a certificate no more; sessions of what is under it end',
    permission: 'trust:write',
    headers: { 'If-Match': 'ETag the trust anchor must still have.' },
    answers: { 204: { description: 'It is trusted no more.' } },
    problems: ['anchor_not_found', 'precondition_failed'],
    handler: async (context) => {
      await context.fleet.trust.removeAnchor(
        context.principal,
        anchorOf(context.params['id'] ?? ''),
        matching(context),
      );
      return { status: 204 };
    },
  },
  {
    method: 'get',
    path: '/revocation-lists',
    id: 'listRevocationLists',
    summary: 'List the certificate revocation lists',
    permission: 'trust:read',
    answers: { 200: { description: 'All of them, by id.', schema: pageOf('RevocationList') } },
    problems: [],
    handler: ({ fleet, principal }) => ({ status: 200, body: { items: fleet.trust.lists(principal) } }),
  },
  {
    method: 'get',
    path: '/revocation-lists/{id}',
    id: 'getRevocationList',
    summary: 'One certificate revocation list',
    permission: 'trust:read',
    answers: { 200: { description: 'The list.', schema: ref('RevocationList') } },
    problems: ['revocation_list_not_found'],
    handler: ({ fleet, principal, params }) => {
      const body = fleet.trust.getList(principal, revocationListOf(params['id'] ?? ''));
      return { status: 200, body, headers: { etag: etagOf(body) } };
    },
  },
  {
    method: 'put',
    path: '/revocation-lists/{id}',
    id: 'putRevocationList',
    summary: 'Keep a certificate revocation list, in place of the one under this id',
    permission: 'trust:write',
    headers: { 'If-Match': 'ETag the list must still have.' },
    bodyKind: 'json',
    body: REVOCATION_LIST_INPUT,
    answers: { 200: { description: 'The list as it is now.', schema: ref('RevocationList') } },
    problems: ['revocation_list_not_found', 'too_many_anchors', 'precondition_failed'],
    handler: async (context) => {
      const { fleet, principal, params, body: input } = context;
      const id = revocationListOf(params['id'] ?? '');
      const body = await fleet.trust.putList(principal, id, input as RevocationListInput, matching(context));
      return { status: 200, body, headers: { etag: etagOf(body) } };
    },
  },
  {
    method: 'delete',
    path: '/revocation-lists/{id}',
    id: 'deleteRevocationList',
    summary: 'Forget a certificate revocation list',
    permission: 'trust:write',
    headers: { 'If-Match': 'ETag the list must still have.' },
    answers: { 204: { description: 'It is gone.' } },
    problems: ['revocation_list_not_found', 'precondition_failed'],
    handler: async (context) => {
      const id = revocationListOf(context.params['id'] ?? '');
      await context.fleet.trust.removeList(context.principal, id, matching(context));
      return { status: 204 };
    },
  },
];

/** The check of If-Match; nothing that is not there has an ETag. */
export function matching({ headers }: Context): (current: object | undefined) => void {
  return (current) => {
    checkMatch(headers, current === undefined ? '' : etagOf(current), 'it');
  };
}
