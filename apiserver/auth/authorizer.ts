import type { ObjectReader } from '../registry/objects.ts';
import { RbacAuthorizer } from './rbac/rbac-authorizer.ts';
import type { Authorizer, Decision } from './types.ts';

/** Members may do everything, whatever roles there are. */
export const PRIVILEGED_GROUP = 'system:masters';

const PRIVILEGED: Decision = { allowed: true, reason: '' };

/** The API server's authorizer: the privileged group, then RBAC on the live roles and bindings. */
export function createAuthorizer({ objects }: { readonly objects: ObjectReader }): Authorizer {
  const rbac = new RbacAuthorizer(objects);
  return {
    authorize: (asked) => (asked.user.groups.includes(PRIVILEGED_GROUP) ? PRIVILEGED : rbac.authorize(asked)),
    rulesFor: (user, namespace) => rbac.rulesFor(user, namespace),
  };
}
