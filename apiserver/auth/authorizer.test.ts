import { describe, expect, it } from 'vitest';
import { type ClusterRole, type ClusterRoleBinding, type PolicyRule, type RoleBinding, rbacKinds, type Subject } from '../../api/index.ts';
import { systemClock } from '../../runtime/index.ts';
import { createAuthorizer } from './index.ts';
import { ObjectsInMemory } from './objects-in-memory.ts';
import type { AccessAttributes, UserInfo } from './types.ts';

const API = 'rbac.authorization.k8s.io';
const user = (name: string): Subject => ({ kind: 'User', apiGroup: API, name });
const group = (name: string): Subject => ({ kind: 'Group', apiGroup: API, name });
const roleRef = (kind: string, name: string) => ({ apiGroup: API, kind, name });

function clusterRole(objects: ObjectsInMemory, name: string, rules: PolicyRule[], more: Partial<ClusterRole> = {}): void {
  objects.put<ClusterRole>(rbacKinds.clusterroles, { ...more, metadata: { name, ...more.metadata }, rules });
}
function bindCluster(objects: ObjectsInMemory, name: string, role: string, ...subjects: Subject[]): void {
  objects.put<ClusterRoleBinding>(rbacKinds.clusterrolebindings, { metadata: { name }, roleRef: roleRef('ClusterRole', role), subjects });
}
function bind(objects: ObjectsInMemory, key: string, role: [string, string], ...subjects: Subject[]): void {
  const [namespace = '', name = ''] = key.split('/');
  objects.put<RoleBinding>(rbacKinds.rolebindings, { metadata: { namespace, name }, roleRef: roleRef(...role), subjects });
}

const alice: UserInfo = { name: 'alice', groups: ['devs', 'system:authenticated'] };
/** `get pods/log in ns named x`, spelled `get`, `apps/deployments/scale`, … */
function ask(verb: string, what: string, more: Partial<AccessAttributes> = {}): AccessAttributes {
  const nothing = { namespace: '', group: '', version: 'v1', resource: '', subresource: '', name: '', path: '' };
  if (what.startsWith('/')) return { ...nothing, user: alice, verb, resourceRequest: false, path: what, ...more };
  const [left = '', right] = what.split(':');
  const [resource = '', subresource = ''] = (right ?? left).split('/');
  return { ...nothing, user: alice, verb, resourceRequest: true, group: right === undefined ? '' : left, resource, subresource, ...more };
}

describe('rules', () => {
  const table: [PolicyRule, AccessAttributes, boolean][] = [
    [{ verbs: ['get'], apiGroups: [''], resources: ['pods'] }, ask('get', 'pods'), true],
    [{ verbs: ['get'], apiGroups: [''], resources: ['pods'] }, ask('list', 'pods'), false],
    [{ verbs: ['get'], apiGroups: [''], resources: ['pods'] }, ask('get', 'pods/log'), false],
    [{ verbs: ['get'], apiGroups: [''], resources: ['pods/log'] }, ask('get', 'pods/log'), true],
    [{ verbs: ['get'], apiGroups: [''], resources: ['pods/log'] }, ask('get', 'pods'), false],
    [{ verbs: ['get'], apiGroups: [''], resources: ['pods'] }, ask('get', 'metrics.k8s.io:pods'), false],
    [{ verbs: ['*'], apiGroups: ['*'], resources: ['*/scale'] }, ask('update', 'apps:deployments/scale'), true],
    [{ verbs: ['*'], apiGroups: ['*'], resources: ['*/scale'] }, ask('update', 'apps:deployments'), false],
    [{ verbs: ['*'], apiGroups: ['*'], resources: ['*'] }, ask('patch', 'apps:deployments/status'), true],
    [{ verbs: ['*'], apiGroups: ['*'], resources: ['*'] }, ask('get', '/metrics'), false],
    [{ verbs: ['get'], apiGroups: [''], resources: ['pods'], resourceNames: ['a'] }, ask('get', 'pods', { name: 'a' }), true],
    [{ verbs: ['get'], apiGroups: [''], resources: ['pods'], resourceNames: ['a'] }, ask('get', 'pods', { name: 'b' }), false],
    [{ verbs: ['list'], apiGroups: [''], resources: ['pods'], resourceNames: ['a'] }, ask('list', 'pods'), false],
    [{ verbs: ['get'], nonResourceURLs: ['/apis/*'] }, ask('get', '/apis/apps/v1'), true],
    [{ verbs: ['get'], nonResourceURLs: ['/apis/*'] }, ask('get', '/apis'), false],
    [{ verbs: ['get'], nonResourceURLs: ['/healthz'] }, ask('get', '/healthz/x'), false],
    [{ verbs: ['get'], nonResourceURLs: ['*'] }, ask('get', '/anything'), true],
    [{ verbs: ['get'], nonResourceURLs: ['*'] }, ask('post', '/anything'), false],
    [{ verbs: ['get'], nonResourceURLs: ['*'] }, ask('get', 'pods'), false],
  ];
  it.each(table)('%j with %j: %s', (rule, asked, allowed) => {
    const objects = new ObjectsInMemory();
    clusterRole(objects, 'r', [rule]);
    bindCluster(objects, 'b', 'r', user('alice'));
    expect(createAuthorizer({ objects }).authorize(asked).allowed).toBe(allowed);
  });
});

describe('bindings', () => {
  const pods: PolicyRule = { verbs: ['get'], apiGroups: [''], resources: ['pods'] };

  it('hold cluster-wide, or in their namespace', () => {
    const objects = new ObjectsInMemory();
    clusterRole(objects, 'r', [pods]);
    bind(objects, 'blue/b', ['ClusterRole', 'r'], user('alice'));
    const authorizer = createAuthorizer({ objects });
    expect(authorizer.authorize(ask('get', 'pods', { namespace: 'blue' }))).toEqual({
      allowed: true,
      reason: 'RBAC: allowed by RoleBinding "b/blue" of ClusterRole "r" to User "alice"',
    });
    expect(authorizer.authorize(ask('get', 'pods', { namespace: 'red' }))).toEqual({ allowed: false, reason: '' });
    expect(authorizer.authorize(ask('get', 'pods')).allowed).toBe(false);
    bindCluster(objects, 'all', 'r', group('devs'));
    expect(authorizer.authorize(ask('get', 'pods')).reason).toBe(
      'RBAC: allowed by ClusterRoleBinding "all" of ClusterRole "r" to Group "devs"',
    );
  });

  it('name service accounts, of their own namespace when they do not say', () => {
    const objects = new ObjectsInMemory();
    clusterRole(objects, 'r', [pods]);
    bind(objects, 'blue/b', ['ClusterRole', 'r'], { kind: 'ServiceAccount', name: 'bot' });
    bindCluster(objects, 'c', 'r', { kind: 'ServiceAccount', name: 'lost' });
    const authorizer = createAuthorizer({ objects });
    const bot = (namespace: string, name = 'bot') => ({ name: `system:serviceaccount:${namespace}:${name}`, groups: [] });
    expect(authorizer.authorize(ask('get', 'pods', { namespace: 'blue', user: bot('blue') })).reason).toBe(
      'RBAC: allowed by RoleBinding "b/blue" of ClusterRole "r" to ServiceAccount "bot/blue"',
    );
    expect(authorizer.authorize(ask('get', 'pods', { namespace: 'blue', user: bot('red') })).allowed).toBe(false);
    expect(authorizer.authorize(ask('get', 'pods', { user: bot('', 'lost') })).allowed).toBe(false);
  });

  it('take effect, change and end while the server runs', async () => {
    const objects = new ObjectsInMemory();
    const authorizer = createAuthorizer({ objects });
    const may = () => authorizer.authorize(ask('get', 'pods', { namespace: 'blue' })).allowed;
    expect(may()).toBe(false);
    bind(objects, 'blue/b', ['Role', 'r'], user('alice'));
    expect(authorizer.authorize(ask('get', 'pods', { namespace: 'blue' })).reason).toBe(
      'RBAC: role.rbac.authorization.k8s.io "r" not found',
    );
    objects.put(rbacKinds.roles, { metadata: { namespace: 'blue', name: 'r' }, rules: [pods] });
    expect(may()).toBe(true);
    bind(objects, 'blue/b', ['Role', 'r'], user('bob'), user('carol'));
    expect(may()).toBe(false);
    bind(objects, 'blue/b', ['Role', 'r'], user('alice'), user('alice'));
    expect(may()).toBe(true);
    await objects.delete(rbacKinds.rolebindings, 'blue', 'b');
    expect(may()).toBe(false);
  });

  it('give aggregated roles the rules that are written in them: who gathers those is a controller', () => {
    const objects = new ObjectsInMemory();
    const aggregated = { aggregationRule: { clusterRoleSelectors: [{ matchLabels: { part: 'true' } }] } };
    clusterRole(objects, 'part', [pods], { metadata: { labels: { part: 'true' } } });
    clusterRole(objects, 'whole', [], aggregated);
    bindCluster(objects, 'b', 'whole', user('alice'));
    const authorizer = createAuthorizer({ objects });
    expect(authorizer.authorize(ask('get', 'pods')).allowed).toBe(false);
    clusterRole(objects, 'whole', [pods], aggregated);
    expect(authorizer.authorize(ask('get', 'pods')).allowed).toBe(true);
  });
});

it('lets system:masters do everything, without a role', () => {
  const authorizer = createAuthorizer({ objects: new ObjectsInMemory() });
  expect(authorizer.authorize(ask('delete', 'nodes', { user: { name: 'x', groups: ['system:masters'] } }))).toEqual({
    allowed: true,
    reason: '',
  });
});

it('lists the rules of a user', () => {
  const objects = new ObjectsInMemory();
  clusterRole(objects, 'r', [
    { verbs: ['get'], apiGroups: [''], resources: ['pods'], resourceNames: ['a'] },
    { verbs: ['get'], nonResourceURLs: ['/x'] },
  ]);
  bindCluster(objects, 'b', 'r', user('alice'));
  bind(objects, 'blue/gone', ['ClusterRole', 'gone'], user('alice'));
  expect(createAuthorizer({ objects }).rulesFor(alice, 'blue')).toEqual({
    resourceRules: [{ verbs: ['get'], apiGroups: [''], resources: ['pods'], resourceNames: ['a'] }],
    nonResourceRules: [{ verbs: ['get'], nonResourceURLs: ['/x'] }],
    evaluationError: 'clusterrole.rbac.authorization.k8s.io "gone" not found',
  });
});

it('is not slowed by ten thousand bindings of others', () => {
  const withBindings = (count: number) => {
    const objects = new ObjectsInMemory();
    clusterRole(objects, 'r', [{ verbs: ['get'], apiGroups: [''], resources: ['pods'] }]);
    for (let i = 0; i < count; i++) bind(objects, `ns-${i % 100}/b-${i}`, ['ClusterRole', 'r'], user(`user-${i}`));
    return createAuthorizer({ objects });
  };
  const asked = ask('get', 'pods', { namespace: 'ns-9', user: { name: 'user-9', groups: ['system:authenticated'] } });
  const microseconds = (authorizer: ReturnType<typeof withBindings>) => {
    expect(authorizer.authorize(asked).allowed).toBe(true);
    const began = systemClock.monotonic();
    for (let i = 0; i < 2000; i++) authorizer.authorize(asked);
    return (systemClock.monotonic() - began) / 2;
  };
  const [few, many] = [withBindings(10), withBindings(10_000)];
  // The best of some rounds, in turns: whatever else the machine does slows both.
  const rounds = Array.from({ length: 10 }, () => [microseconds(few), microseconds(many)] as const);
  const best = (of: 0 | 1) => Math.min(...rounds.map((round) => round[of]));
  expect(best(1)).toBeLessThan(3 * best(0) + 5);
});
