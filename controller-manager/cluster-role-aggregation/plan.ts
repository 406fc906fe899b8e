import { type ClusterRole, fromLabelSelector, type Live, type PolicyRule } from '../../api/index.ts';
import { canonicalJson, deepEqual } from '../shared/equality.ts';

/**
 * The rules an aggregated ClusterRole is to have: those of all roles its selectors take, by the names of the roles, each once.
 *
 * @returns undefined when it has them.
 */
export function planRules(role: Live<ClusterRole>, roles: readonly Live<ClusterRole>[]): PolicyRule[] | undefined {
  const others = roles.filter(({ metadata }) => metadata.name !== role.metadata.name);
  others.sort((a, b) => (a.metadata.name < b.metadata.name ? -1 : 1));
  const selectors = role.aggregationRule?.clusterRoleSelectors ?? [];
  const taken = selectors.flatMap((selector) => {
    const query = fromLabelSelector(selector);
    return others.filter(({ metadata }) => query.matches(metadata.labels));
  });
  const rules = new Map<string, PolicyRule>();
  for (const rule of taken.flatMap((other) => other.rules ?? [])) {
    const key = canonicalJson(rule);
    if (!rules.has(key)) rules.set(key, rule);
  }
  const wanted = [...rules.values()];
  return deepEqual(role.rules ?? [], wanted) ? undefined : wanted;
}
