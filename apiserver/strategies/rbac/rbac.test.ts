import { describe, expect, it } from 'vitest';
import { rbacKinds } from '../../../api/index.ts';
import { StrategyHarness } from '../testing/harness.ts';
import { clusterRoleStrategy, roleStrategy } from './role.ts';
import { roleBindingStrategy } from './role-binding.ts';

const REF = { apiGroup: 'rbac.authorization.k8s.io', kind: 'Role', name: 'r' };

describe('ClusterRole', () => {
  const roles = new StrategyHarness(clusterRoleStrategy, rbacKinds.clusterroles);

  it('is made of roles that its selectors can select', () => {
    const path = 'aggregationRule.clusterRoleSelectors';
    expect(roles.create({ aggregationRule: { clusterRoleSelectors: [] } }).errors).toEqual([
      `${path}: Required value: at least one clusterRoleSelector required if aggregationRule is non-nil`,
    ]);
    const clusterRoleSelectors = [{ matchLabels: { a: 'b' } }, { matchExpressions: [{ key: 'a', operator: 'Like' }] }];
    expect(roles.create({ aggregationRule: { clusterRoleSelectors } }).errors).toEqual([
      `${path}[1].matchExpressions[0].operator: Invalid value: "Like": not a valid selector operator`,
      `${path}[1]: Invalid value: null: invalid label selector.`,
    ]);
  });
});

it('a rule is about URLs or about resources, of which names are part', () => {
  const roles = new StrategyHarness(clusterRoleStrategy, rbacKinds.clusterroles);
  const rule = { verbs: ['get'], nonResourceURLs: ['/a'] };
  expect(roles.create({ rules: [rule] }).errors).toEqual([]);
  expect(roles.create({ rules: [{ ...rule, resourceNames: ['b'] }] }).errors).toEqual([
    'rules[0].nonResourceURLs: Invalid value: ["/a"]: rules cannot apply to both regular resources and non-resource URLs',
  ]);
});

describe('a change', () => {
  it('of a role is checked twice', () => {
    const roles = new StrategyHarness(roleStrategy, rbacKinds.roles);
    const rule = { verbs: ['get'], apiGroups: [''] };
    expect(roles.patch(roles.stored({}), { rules: [rule] }).errors).toEqual(
      new Array(2).fill('rules[0].resources: Required value: resource rules must supply at least one resource'),
    );
  });

  it('of a binding too, and its role never changes', () => {
    const bindings = new StrategyHarness(roleBindingStrategy, rbacKinds.rolebindings);
    const binding = bindings.stored({ roleRef: REF });
    const subjects = [{ kind: 'Group', name: '' }];
    expect(bindings.patch(binding, { roleRef: { name: 's' }, subjects }).errors).toEqual([
      'subjects[0].name: Required value',
      'subjects[0].name: Required value',
      'roleRef: Invalid value: {"APIGroup":"rbac.authorization.k8s.io","Kind":"Role","Name":"s"}: cannot change roleRef',
    ]);
  });
});
