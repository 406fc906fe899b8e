import { isDeepStrictEqual } from 'node:util';
import type { ClusterRole, ClusterRoleBinding, Live, Role, RoleBinding, Subject } from '../../api/index.ts';
import { uncovered } from '../auth/rbac/covers.ts';
import { AUTOUPDATE } from './rbac-spec.ts';

/*
 * What a bootstrap role or binding should become when it is there already: what was taken away is added again, what was added stays, and
 * `rbac.authorization.kubernetes.io/autoupdate: "false"` keeps it as it is.
 */

/** @returns the role as it should be; undefined when it is. */
export function reconcileRole<T extends Role | ClusterRole>(existing: Live<T>, expected: Role & ClusterRole): Live<T> | undefined {
  if (isProtected(existing)) return undefined;
  const result = withMetadata(existing, expected);
  const missing = isDeepStrictEqual(existing.rules, expected.rules) ? [] : uncovered(existing.rules ?? [], expected.rules ?? []);
  if (missing.length > 0) result.rules = [...(existing.rules ?? []), ...missing];
  if ('aggregationRule' in result || expected.aggregationRule) Object.assign(result, aggregation(result, expected));
  return isDeepStrictEqual(result, existing) ? undefined : result;
}

function aggregation(existing: ClusterRole, expected: ClusterRole): Pick<ClusterRole, 'aggregationRule'> {
  if (!expected.aggregationRule) return { aggregationRule: undefined };
  const held = existing.aggregationRule?.clusterRoleSelectors ?? [];
  const wanted = expected.aggregationRule.clusterRoleSelectors ?? [];
  const missing = wanted.filter((selector) => !held.some((other) => isDeepStrictEqual(selector, other)));
  return missing.length === 0 ? {} : { aggregationRule: { ...existing.aggregationRule, clusterRoleSelectors: [...held, ...missing] } };
}

/** `recreate`: a binding's role cannot be changed, so it has to be made anew. */
export type BindingVerdict<T> = T | 'recreate' | undefined;

/** @returns the binding as it should be; undefined when it is. */
export function reconcileBinding<T extends RoleBinding | ClusterRoleBinding>(
  existing: Live<T>,
  expected: RoleBinding & ClusterRoleBinding,
): BindingVerdict<Live<T>> {
  if (isProtected(existing)) return undefined;
  if (!isDeepStrictEqual(roleRefOf(existing), roleRefOf(expected))) return 'recreate';
  const result = withMetadata(existing, expected);
  const held = existing.subjects ?? [];
  const missing = (expected.subjects ?? []).filter((subject) => !held.some((other) => sameSubject(subject, other)));
  if (missing.length > 0) result.subjects = [...held, ...missing];
  return isDeepStrictEqual(result, existing) ? undefined : result;
}

const roleRefOf = ({ roleRef }: RoleBinding): string => `${roleRef.apiGroup}/${roleRef.kind}/${roleRef.name}`;

const sameSubject = (a: Subject, b: Subject): boolean =>
  a.kind === b.kind && a.name === b.name && (a.namespace ?? '') === (b.namespace ?? '') && (a.apiGroup ?? '') === (b.apiGroup ?? '');

const isProtected = ({ metadata }: Role | RoleBinding): boolean => metadata.annotations?.[AUTOUPDATE] === 'false';

/** A copy with the expected labels and annotations added where there are none of those names. */
function withMetadata<T extends Role | RoleBinding>({ metadata, ...rest }: Live<T>, expected: Role | RoleBinding): Live<T> {
  const { labels, annotations } = expected.metadata;
  return {
    ...rest,
    metadata: {
      ...metadata,
      ...(labels && { labels: { ...labels, ...metadata.labels } }),
      ...(annotations && { annotations: { ...annotations, ...metadata.annotations } }),
    },
  } as Live<T>;
}
