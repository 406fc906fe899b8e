import type { AdmissionPlugin } from '../admission/plugin.ts';
import type { ObjectReader } from '../registry/objects.ts';
import { createEscalationCheck } from './rbac/escalation.ts';
import { RbacAuthorizer } from './rbac/rbac-authorizer.ts';
import type { Authorizer, Decision } from './types.ts';

/** Members may do everything, whatever roles there are. */
export const PRIVILEGED_GROUP = 'system:masters';

const PRIVILEGED: Decision = { allowed: true, reason: '' };

/** The API server's authorizer, and what it makes sure of when roles are written. */
export interface RoleBasedAuthorizer extends Authorizer {
  /** Refuses roles and bindings that grant what their author does not hold. */
  readonly escalationCheck: AdmissionPlugin;
}

/** The API server's authorizer: the privileged group, then RBAC on the live roles and bindings. */
export function createAuthorizer({ objects }: { readonly objects: ObjectReader }): RoleBasedAuthorizer {
  const rbac = new RbacAuthorizer(objects);
  const authorizer: Authorizer = {
    authorize: (asked) => (asked.user.groups.includes(PRIVILEGED_GROUP) ? PRIVILEGED : rbac.authorize(asked)),
    rulesFor: (user, namespace) => rbac.rulesFor(user, namespace),
  };
  return { ...authorizer, escalationCheck: createEscalationCheck({ authorizer, rules: rbac, privilegedGroup: PRIVILEGED_GROUP }) };
}
