import { type ClusterRole, fromLabelSelector, type Live, type PolicyRule } from '../../api/index.ts';
import { canonicalJson, deepEqual } from '../shared/equality.ts';

/**
 * The rules an aggregated ClusterRole is to have: those of all roles its selectors take, by the names of the roles, each once.
 *
 * @returns undefined when it has them.
 */
export function planRules(role: Live<ClusterRole>, roles: readonly Live<ClusterRole>[]): PolicyRule[] | undefined {
  const sorted = [...roles].sort((a, b) => (a.metadata.name < b.metadata.name ? -1 : 1));
  const rules = new Map<string, PolicyRule>();
  for (const selector of role.aggregationRule?.clusterRoleSelectors ?? []) {
    const query = fromLabelSelector(selector);
    for (const other of sorted) {
      if (other.metadata.name === role.metadata.name || !query.matches(other.metadata.labels)) continue;
      for (const rule of other.rules ?? []) {
        const key = canonicalJson(rule);
        if (!rules.has(key)) rules.set(key, rule);
      }
    }
  }
  const wanted = [...rules.values()];
  return deepEqual(role.rules ?? [], wanted) ? undefined : wanted;
}
