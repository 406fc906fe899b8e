import { goQuote, type PolicyRule } from '../../../api/index.ts';
import { aggregate } from '../../admission/refusal.ts';
import type { ObjectReader } from '../../registry/objects.ts';
import { isServiceAccount } from '../service-account-user.ts';
import type { AccessAttributes, Decision, LocalAuthorizer, ResolvedRules, UserInfo } from '../types.ts';
import type { HeldRules } from './escalation.ts';
import { type Grant, MissingRole, RoleIndex } from './role-index.ts';
import { ruleAllows } from './rule.ts';

/** Role-based access control: allows what some rule granted to the user allows, and has no opinion on the rest. */
export class RbacAuthorizer implements LocalAuthorizer, HeldRules {
  readonly #index: RoleIndex;

  constructor(objects: ObjectReader) {
    this.#index = new RoleIndex(objects);
  }

  authorize(asked: AccessAttributes): Decision {
    const errors: MissingRole[] = [];
    for (const { grant, rules } of this.#granted(asked.user, asked.namespace, errors)) {
      if (rules.some((rule) => ruleAllows(asked, rule))) return { allowed: true, reason: `RBAC: allowed by ${describe(grant)}` };
    }
    return { allowed: false, reason: errors.length === 0 ? '' : `RBAC: ${messagesOf(errors)}` };
  }

  rulesFor(user: UserInfo, namespace: string): ResolvedRules {
    const { rules, errors } = this.heldBy(user, namespace);
    return {
      resourceRules: rules.filter(({ resources }) => resources?.length).map(resourceRule),
      nonResourceRules: rules
        .filter(({ nonResourceURLs }) => nonResourceURLs?.length)
        .map(({ verbs, nonResourceURLs = [] }) => ({ verbs, nonResourceURLs })),
      ...(errors.length === 0 ? {} : { evaluationError: messagesOf(errors) }),
    };
  }

  heldBy(user: UserInfo, namespace: string): { rules: readonly PolicyRule[]; errors: readonly MissingRole[] } {
    const errors: MissingRole[] = [];
    const rules = [...this.#granted(user, namespace, errors)].flatMap((granted) => granted.rules);
    return { rules, errors };
  }

  rulesOfRole(namespace: string, { kind, name }: { readonly kind: string; readonly name: string }): readonly PolicyRule[] | undefined {
    return this.#rulesOf({ roleKind: kind, roleName: name, namespace }, []);
  }

  /** Each grant with its rules; bindings to roles that are not there add to `errors`. */
  *#granted(user: UserInfo, namespace: string, errors: MissingRole[]): Generator<{ grant: Grant; rules: readonly PolicyRule[] }> {
    for (const grant of this.#index.grantsTo(user, namespace)) {
      const rules = this.#rulesOf(grant, errors);
      if (rules) yield { grant, rules };
    }
  }

  #rulesOf(grant: Pick<Grant, 'roleKind' | 'roleName' | 'namespace'>, errors: MissingRole[]): readonly PolicyRule[] | undefined {
    try {
      return this.#index.rulesOf(grant);
    } catch (error) {
      if (!(error instanceof MissingRole)) throw error;
      if (!errors.some(({ message }) => message === error.message)) errors.push(error);
      return undefined;
    }
  }
}

const resourceRule = ({ verbs, apiGroups = [], resources = [], resourceNames }: PolicyRule) => ({
  verbs,
  apiGroups,
  resources,
  ...(resourceNames?.length ? { resourceNames } : {}),
});

const messagesOf = (errors: readonly Error[]): string => aggregate(errors.map(({ message }) => message));

/** `ClusterRoleBinding "b" of ClusterRole "r" to Group "g"`; names that live in a namespace are followed by it. */
function describe({ bindingKind, bindingName, namespace, roleKind, roleName, subject }: Grant): string {
  const binding = bindingKind === 'RoleBinding' ? `${bindingName}/${namespace}` : bindingName;
  const who = isServiceAccount(subject) ? `${subject.name}/${subject.namespace || namespace}` : subject.name;
  return `${bindingKind} ${goQuote(binding)} of ${roleKind} ${goQuote(roleName)} to ${subject.kind} ${goQuote(who)}`;
}
