import { beforeEach, describe, expect, it } from 'vitest';
import {
  ApiError,
  type ClusterRole,
  type KindInfo,
  type KubeObject,
  type PolicyRule,
  type Role,
  type RoleBinding,
  rbacKinds,
} from '../../../api/index.ts';
import { createAuthorizer } from '../index.ts';
import { ObjectsInMemory } from '../objects-in-memory.ts';

const API = 'rbac.authorization.k8s.io';
const CONFIG_MAPS: PolicyRule = { verbs: ['get', 'list'], apiGroups: [''], resources: ['configmaps'] };

let objects: ObjectsInMemory;
beforeEach(() => {
  objects = new ObjectsInMemory();
  give('held', CONFIG_MAPS);
});

/** A role, bound to alice. */
function give(name: string, ...rules: PolicyRule[]): void {
  objects.put<Role>(rbacKinds.roles, { metadata: { name, namespace: 'ns' }, rules });
  objects.put<RoleBinding>(rbacKinds.rolebindings, {
    metadata: { name, namespace: 'ns' },
    roleRef: { apiGroup: API, kind: 'Role', name },
    subjects: [{ kind: 'User', apiGroup: API, name: 'alice' }],
  });
}

interface Write {
  readonly kind: KindInfo;
  readonly object: KubeObject;
  readonly old?: KubeObject;
  readonly groups?: readonly string[];
}

/** What alice is told; undefined when she may. */
async function refusalOf({ kind, object, old, groups = ['devs'] }: Write): Promise<string | undefined> {
  const { escalationCheck } = createAuthorizer({ objects });
  const namespace = kind.namespaced ? 'ns' : '';
  const user = { name: 'alice', groups };
  const nothing = () => undefined;
  const context = { user, namespace, now: 0, dryRun: false, objects, warn: nothing, warnAnyway: nothing, annotate: nothing };
  const name = object.metadata.name ?? '';
  try {
    await escalationCheck.admit?.(context, { operation: old ? 'UPDATE' : 'CREATE', kind, namespace, name, subresource: '', object, old });
    return undefined;
  } catch (error) {
    return error instanceof ApiError ? `${error.code} ${error.message}` : String(error);
  }
}

const role = (rules: PolicyRule[], metadata = {}): Role => ({ metadata: { name: 'r', namespace: 'ns', ...metadata }, rules });
const binding = (kind: string, name: string): RoleBinding => ({
  metadata: { name: 'b', namespace: 'ns' },
  roleRef: { apiGroup: API, kind, name },
});
const LACKING = (kind: string, name: string) =>
  `403 ${kind}.${API} "${name}" is forbidden: user "alice" (groups=["devs"]) is attempting to grant RBAC permissions not currently held:\n`;

describe('a role', () => {
  it('may hold what its author holds', async () => {
    expect(await refusalOf({ kind: rbacKinds.roles, object: role([{ ...CONFIG_MAPS, resourceNames: ['one'] }]) })).toBeUndefined();
  });

  it('is refused for the rest, told in one line for each resource', async () => {
    const rules = [
      { verbs: ['get', 'delete', 'watch'], apiGroups: [''], resources: ['secrets', 'configmaps'] },
      { verbs: ['get'], apiGroups: ['apps'], resources: ['deployments'], resourceNames: ['d'] },
    ];
    expect(await refusalOf({ kind: rbacKinds.roles, object: role(rules) })).toBe(
      `${LACKING('roles', 'r')}{APIGroups:[""], Resources:["configmaps"], Verbs:["delete" "watch"]}\n` +
        '{APIGroups:[""], Resources:["secrets"], Verbs:["get" "delete" "watch"]}\n' +
        '{APIGroups:["apps"], Resources:["deployments"], ResourceNames:["d"], Verbs:["get"]}',
    );
  });

  it('is not checked for who may escalate, for the privileged group, and for upkeep', async () => {
    const object = role([{ verbs: ['*'], apiGroups: ['*'], resources: ['*'] }]);
    const old = role([{ verbs: ['*'], apiGroups: ['*'], resources: ['*'] }], { finalizers: ['example.com/x'] });
    expect(await refusalOf({ kind: rbacKinds.roles, object, old })).toBeUndefined();
    expect(await refusalOf({ kind: rbacKinds.roles, object, groups: ['system:masters'] })).toBeUndefined();
    expect(await refusalOf({ kind: rbacKinds.roles, object })).toMatch(/^403/);
    give('escalator', { verbs: ['escalate'], apiGroups: [API], resources: ['roles'] });
    expect(await refusalOf({ kind: rbacKinds.roles, object })).toBeUndefined();
  });

  it('aggregates only for who holds everything', async () => {
    const object: ClusterRole = { metadata: { name: 'c' }, aggregationRule: { clusterRoleSelectors: [{}] } };
    const kind = rbacKinds.clusterroles;
    const refusal = `403 clusterroles.${API} "c" is forbidden: must have cluster-admin privileges to use the aggregationRule`;
    expect(await refusalOf({ kind, object })).toBe(refusal);
    expect(await refusalOf({ kind, object: { metadata: { name: 'c', labels: { a: 'b' } } }, old: object })).toBe(refusal);
  });
});

describe('what is not validated yet', () => {
  it('is refused for what it is, or left to validation', async () => {
    const kind = rbacKinds.roles;
    const noVerbs = JSON.parse('{"verbs":null,"apiGroups":[""],"resources":["secrets"]}');
    expect(await refusalOf({ kind, object: role([noVerbs]) })).toBeUndefined();
    expect(await refusalOf({ kind, object: role([{ verbs: ['get', 'get'], apiGroups: [''], resources: ['secrets'] }]) })).toBe(
      `${LACKING('roles', 'r')}{APIGroups:[""], Resources:["secrets"], Verbs:["get" "get"]}`,
    );
    const bound = (roleKind: string, name: string) => refusalOf({ kind: rbacKinds.rolebindings, object: binding(roleKind, name) });
    expect(await bound('Nothing', 'held')).toBe('500 unsupported role reference kind: "Nothing"');
    expect(await bound('Role', '')).toBe('400 Name parameter required.');
  });
});

describe('a binding', () => {
  it('may be of a role whose rules its author holds, and of no other', async () => {
    objects.put<Role>(rbacKinds.roles, {
      metadata: { name: 'strong', namespace: 'ns' },
      rules: [{ verbs: ['*'], nonResourceURLs: ['/x'] }],
    });
    const kind = rbacKinds.rolebindings;
    expect(await refusalOf({ kind, object: binding('Role', 'held') })).toBeUndefined();
    expect(await refusalOf({ kind, object: binding('Role', 'strong') })).toBe(
      `${LACKING('rolebindings', 'b')}{NonResourceURLs:["/x"], Verbs:["*"]}`,
    );
    give('binder', { verbs: ['bind'], apiGroups: [API], resources: ['roles'], resourceNames: ['strong'] });
    expect(await refusalOf({ kind, object: binding('Role', 'strong') })).toBeUndefined();
  });

  it('to a role that is not there is 404, naming the binding’s resource', async () => {
    expect(await refusalOf({ kind: rbacKinds.rolebindings, object: binding('ClusterRole', 'none') })).toBe(
      `404 rolebindings.${API} "none" not found`,
    );
  });

  it('says which roles could not be read', async () => {
    objects.put<RoleBinding>(rbacKinds.rolebindings, {
      ...binding('Role', 'gone'),
      subjects: [{ kind: 'User', apiGroup: API, name: 'alice' }],
    });
    objects.put<Role>(rbacKinds.roles, {
      metadata: { name: 'strong', namespace: 'ns' },
      rules: [{ verbs: ['get'], nonResourceURLs: ['/x'] }],
    });
    expect(await refusalOf({ kind: rbacKinds.rolebindings, object: binding('Role', 'strong') })).toBe(
      `${LACKING('rolebindings', 'b')}{NonResourceURLs:["/x"], Verbs:["get"]}; resolution errors: [rolebindings.${API} "gone" not found]`,
    );
    objects.put<RoleBinding>(rbacKinds.rolebindings, {
      ...binding('Role', 'too'),
      metadata: { name: 'b2', namespace: 'ns' },
      subjects: [{ kind: 'User', apiGroup: API, name: 'alice' }],
    });
    expect(await refusalOf({ kind: rbacKinds.rolebindings, object: binding('Role', 'strong') })).toContain(
      `; resolution errors: [[rolebindings.${API} "gone" not found, rolebindings.${API} "too" not found]]`,
    );
  });
});
