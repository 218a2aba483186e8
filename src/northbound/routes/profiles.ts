/** Profiles: the objects of devices that register with a profile id in place of an object list (LwM2M 1.2). */

import type { ProfileInput, ProfileView } from '#fleet';

import { profileOf } from '../names.js';
import { checkMatch } from '../preconditions.js';
import type { Context, Route } from '../route.js';
import { PROFILE_INPUT } from '../profile-schemas.js';
import { pageOf, ref } from '../schema-parts.js';
import { etagOf } from './operations.js';

/** Rows of the table. */
export const PROFILE_ROUTES: readonly Route[] = [
  {
    method: 'get',
    path: '/profiles',
    id: 'listProfiles',
    summary: 'List the profiles that devices may register with',
    permission: 'profile:read',
    answers: { 200: { description: 'All of them, by id.', schema: pageOf('Profile') } },
    problems: [],
    handler: ({ fleet, principal }) => ({ status: 200, body: { items: fleet.profiles.list(principal) } }),
  },
  {
    method: 'get',
    path: '/profiles/{id}',
    id: 'getProfile',
    summary: 'What devices of a profile have',
    permission: 'profile:read',
    answers: { 200: { description: 'The profile.', schema: ref('Profile') } },
    problems: ['profile_not_found'],
    handler: ({ fleet, principal, params }) => {
      const body = fleet.profiles.get(principal, profileOf(params['id'] ?? ''));
      return { status: 200, body, headers: { etag: etagOf(body) } };
    },
  },
  {
    method: 'put',
    path: '/profiles/{id}',
    id: 'putProfile',
    summary: 'Say what devices of a profile have, for registrations from now on',
    permission: 'profile:write',
    headers: { 'If-Match': 'ETag the profile must still have.' },
    bodyKind: 'json',
    body: PROFILE_INPUT,
    answers: { 200: { description: 'The profile as it is now.', schema: ref('Profile') } },
    problems: ['profile_not_found', 'too_many_profiles', 'precondition_failed'],
    handler: async (context) => {
      const { fleet, principal, params } = context;
      const id = profileOf(params['id'] ?? '');
      const body = await fleet.profiles.put(principal, id, context.body as ProfileInput, matching(context));
      return { status: 200, body, headers: { etag: etagOf(body) } };
    },
  },
  {
    method: 'delete',
    path: '/profiles/{id}',
    id: 'deleteProfile',
    summary: 'Forget a profile; devices that are registered with it stay registered',
    permission: 'profile:write',
    headers: { 'If-Match': 'ETag the profile must still have.' },
    answers: { 204: { description: 'Who registers with it is told to send its object list (4.09).' } },
    problems: ['profile_not_found', 'precondition_failed'],
    handler: async (context) => {
      await context.fleet.profiles.remove(context.principal, profileOf(context.params['id'] ?? ''), matching(context));
      return { status: 204 };
    },
  },
];

/** Nothing that is not there has an ETag. */
function matching({ headers }: Context): (current: ProfileView | undefined) => void {
  return (current) => {
    checkMatch(headers, current === undefined ? '' : etagOf(current), 'the profile');
  };
}
