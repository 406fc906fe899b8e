import type { ClusterRole, ClusterRoleBinding, PolicyRule, Role, RoleBinding, Subject } from '../../api/index.ts';
import { cloneJson } from '../../api/schema.ts';

/** A role of a new cluster, in short. */
export interface RoleSpec {
  /** Absent for cluster roles. */
  readonly namespace?: string;
  readonly name: string;
  /** The aggregated role that takes in this one's rules. */
  readonly aggregateTo?: string;
  /** This role is made of those that aggregate to this name. */
  readonly aggregates?: string;
  readonly rules: readonly PolicyRule[];
}

/** A binding of a new cluster, in short. */
export interface BindingSpec {
  /** Absent for bindings of the whole cluster. */
  readonly namespace?: string;
  readonly name: string;
  /** The role, where it is not named as the binding. */
  readonly role?: string;
  /** `user:NAME`, `group:NAME` or `account:NAMESPACE/NAME`. */
  readonly to: readonly string[];
}

const words = (text: string): string[] => text.split(' ');

/** A rule on resources; each argument is a list of words, `core` for the group without a name. */
export const rule = (verbs: string, groups: string, resources: string, names?: string): PolicyRule => ({
  verbs: words(verbs),
  apiGroups: words(groups).map((group) => (group === 'core' ? '' : group)),
  resources: words(resources),
  ...(names === undefined ? {} : { resourceNames: words(names) }),
});

/** A rule on paths that are no resources. */
export const paths = (verbs: string, urls: string): PolicyRule => ({ verbs: words(verbs), nonResourceURLs: words(urls) });

const RBAC_GROUP = 'rbac.authorization.k8s.io';
const AGGREGATE_TO = `${RBAC_GROUP}/aggregate-to-`;
/** `false` on an object keeps it from being put right at start. */
export const AUTOUPDATE = 'rbac.authorization.kubernetes.io/autoupdate';

function metadataOf({ namespace, name, aggregateTo }: Pick<RoleSpec, 'namespace' | 'name' | 'aggregateTo'>) {
  return {
    name,
    ...(namespace === undefined ? {} : { namespace }),
    labels: {
      'kubernetes.io/bootstrapping': 'rbac-defaults',
      ...(aggregateTo === undefined ? {} : { [`${AGGREGATE_TO}${aggregateTo}`]: 'true' }),
    },
    annotations: { [AUTOUPDATE]: 'true' },
  };
}

/** The object of a spec: an aggregated role has no rules of its own. */
export const roleOf = (spec: RoleSpec): Role & ClusterRole => ({
  metadata: metadataOf(spec),
  ...(spec.aggregates === undefined
    ? { rules: cloneJson([...spec.rules]) }
    : { aggregationRule: { clusterRoleSelectors: [{ matchLabels: { [`${AGGREGATE_TO}${spec.aggregates}`]: 'true' } }] } }),
});

/** The object of a spec. */
export const bindingOf = (spec: BindingSpec): RoleBinding & ClusterRoleBinding => ({
  metadata: metadataOf(spec),
  roleRef: { apiGroup: RBAC_GROUP, kind: spec.namespace === undefined ? 'ClusterRole' : 'Role', name: spec.role ?? spec.name },
  ...(spec.to.length === 0 ? {} : { subjects: spec.to.map(subjectOf) }),
});

function subjectOf(text: string): Subject {
  const colon = text.indexOf(':');
  const name = text.slice(colon + 1);
  if (text.startsWith('account:')) {
    const [namespace = '', account = ''] = name.split('/');
    return { kind: 'ServiceAccount', name: account, namespace };
  }
  return { kind: text.startsWith('user:') ? 'User' : 'Group', apiGroup: RBAC_GROUP, name };
}
