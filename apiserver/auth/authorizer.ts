import type { PolicyRule } from '../../api/index.ts';
import type { AdmissionPlugin } from '../admission/plugin.ts';
import type { ObjectReader } from '../registry/objects.ts';
import { NodeAuthorizer } from './node/node-authorizer.ts';
import { createEscalationCheck } from './rbac/escalation.ts';
import { RbacAuthorizer } from './rbac/rbac-authorizer.ts';
import type { AccessAttributes, Authorizer, Decision, ResolvedRules } from './types.ts';

/** Members may do everything, whatever roles there are. */
export const PRIVILEGED_GROUP = 'system:masters';

const PRIVILEGED: Decision = { allowed: true, reason: '' };

/** The API server's authorizer, and what it makes sure of when roles are written. */
export interface RoleBasedAuthorizer extends Authorizer {
  /** Refuses roles and bindings that grant what their author does not hold. */
  readonly escalationCheck: AdmissionPlugin;
}

export interface AuthorizerOptions {
  readonly objects: ObjectReader;
  /** What nodes may do beside reading what their pods need: with it, the Node authorizer is asked before RBAC. */
  readonly nodeRules?: readonly PolicyRule[] | undefined;
}

/** The API server's authorizer: the privileged group, then nodes, then RBAC on the live roles and bindings. The first who allows decides. */
export function createAuthorizer({ objects, nodeRules }: AuthorizerOptions): RoleBasedAuthorizer {
  const rbac = new RbacAuthorizer(objects);
  const every: readonly Authorizer[] = nodeRules ? [new NodeAuthorizer(objects, nodeRules), rbac] : [rbac];
  const authorizer: Authorizer = {
    authorize: (asked) => (asked.user.groups.includes(PRIVILEGED_GROUP) ? PRIVILEGED : decide(every, asked)),
    rulesFor: (user, namespace) => joined(every.map((each) => each.rulesFor(user, namespace))),
  };
  return { ...authorizer, escalationCheck: createEscalationCheck({ authorizer, rules: rbac, privilegedGroup: PRIVILEGED_GROUP }) };
}

function decide(authorizers: readonly Authorizer[], asked: AccessAttributes): Decision {
  const reasons: string[] = [];
  for (const authorizer of authorizers) {
    const decision = authorizer.authorize(asked);
    if (decision.allowed || decision.denied) return decision;
    if (decision.reason !== '') reasons.push(decision.reason);
  }
  return { allowed: false, reason: reasons.join('\n') };
}

function joined(every: readonly ResolvedRules[]): ResolvedRules {
  const errors = every.flatMap(({ evaluationError }) => evaluationError ?? []);
  return {
    resourceRules: every.flatMap(({ resourceRules }) => resourceRules),
    nonResourceRules: every.flatMap(({ nonResourceRules }) => nonResourceRules),
    ...(errors.length === 0 ? {} : { evaluationError: errors.length === 1 ? errors[0] : `[${errors.join(', ')}]` }),
  };
}
