import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { type ApiServerProcess, startApiServer } from '../support/api-server.ts';
import { startReviewWebhook } from '../support/review-webhook.ts';
import { tempDirectory } from '../support/temp-directory.ts';

const PODS = '/api/v1/namespaces/default/pods';
const RBAC = '/apis/rbac.authorization.k8s.io/v1';
const as = (user: string, more: Record<string, string> = {}) => ({ 'impersonate-user': user, ...more });

async function grant(api: ApiServerProcess, user: string, rules: readonly object[]): Promise<void> {
  await api.call('POST', `${RBAC}/clusterroles`, { metadata: { name: user }, rules });
  const answer = await api.call('POST', `${RBAC}/clusterrolebindings`, {
    metadata: { name: user },
    roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: user },
    subjects: [{ apiGroup: 'rbac.authorization.k8s.io', kind: 'User', name: user }],
  });
  expect(answer.status).toBe(201);
}

test('a webhook decides what RBAC has no opinion on; when it cannot be asked, that is an error and not a no', async () => {
  await using place = await tempDirectory();
  await using webhook = await startReviewWebhook(place.path);
  webhook.answer = ({ spec }) =>
    spec.user === 'carol' ? { denied: true, reason: 'carol may not' } : { allowed: spec.user === 'alice', reason: 'by hook' };
  const args = ['--ephemeral', '--authorization-mode=Node,RBAC,Webhook', `--authorization-webhook-config-file=${webhook.kubeconfig}`];
  await using api = await startApiServer({ args });
  const get = (user: string, path = PODS) => api.call('GET', path, undefined, as(user));
  expect((await get('alice')).status).toBe(200);
  expect((await get('bob')).body.message).toBe(
    'pods is forbidden: User "bob" cannot list resource "pods" in API group "" in the namespace "default": by hook',
  );
  expect((await get('carol')).body.message).toContain('carol may not');
  webhook.answer = () => 400;
  const failed = await get('dave');
  expect([failed.status, failed.text]).toEqual([500, expect.stringContaining('has prevented the request from succeeding')]);
  expect((await get('alice')).status).toBe(200); // it has said so
  expect((await api.call('GET', PODS)).status).toBe(200);
  const review = { apiVersion: 'authorization.k8s.io/v1', kind: 'SubjectAccessReview' };
  const spec = { user: 'erin', resourceAttributes: { verb: 'get', resource: 'pods', namespace: 'default' } };
  const { body } = await api.call('POST', '/apis/authorization.k8s.io/v1/subjectaccessreviews', { ...review, spec });
  expect(body.status).toMatchObject({ allowed: false, evaluationError: expect.stringContaining('has prevented the request') });
});

test('a configuration file orders authorizers', async () => {
  await using place = await tempDirectory();
  const config = join(place.path, 'authorization.yaml');
  writeFileSync(
    config,
    `apiVersion: apiserver.config.k8s.io/v1
kind: AuthorizationConfiguration
authorizers:
- {type: RBAC, name: rbac}
- {type: AlwaysAllow, name: alwaysallow}
`,
  );
  await using api = await startApiServer({ args: ['--ephemeral', `--authorization-config=${config}`] });
  expect((await api.call('GET', PODS, undefined, as('nobody'))).status).toBe(200);
  writeFileSync(config, 'apiVersion: apiserver.config.k8s.io/v1\nkind: AuthorizationConfiguration\nauthorizers: []\n');
  await expect(startApiServer({ args: ['--ephemeral', `--authorization-config=${config}`] })).rejects.toThrow(
    'authorizers: Required value: at least one authorization mode must be defined',
  );
});

test('who takes on another identity must be allowed every part of it', async () => {
  const impersonate = (resources: string[], resourceNames?: string[], apiGroups = ['']) => ({
    verbs: ['impersonate'],
    apiGroups,
    resources,
    ...(resourceNames ? { resourceNames } : {}),
  });
  await using tokens = await tempDirectory();
  const path = join(tokens.path, 'tokens.csv');
  writeFileSync(path, 'agenttoken,agent,agent\nadmintoken,admin,admin,"system:masters"\n');
  const whoAmI = async (headers: Record<string, string>) => {
    const review = { apiVersion: 'authentication.k8s.io/v1', kind: 'SelfSubjectReview' };
    const { status, body } = await agent.call('POST', '/apis/authentication.k8s.io/v1/selfsubjectreviews', review, {
      authorization: 'Bearer agenttoken',
      ...headers,
    });
    return status === 201 ? body.status.userInfo : body.message;
  };
  await using agent = await startApiServer({ args: ['--ephemeral', `--token-auth-file=${path}`] });
  await grant(agent, 'agent', [
    impersonate(['users'], ['jane']),
    impersonate(['groups'], ['devs']),
    impersonate(['serviceaccounts'], ['bot']),
    impersonate(['userextras/scopes'], ['view'], ['authentication.k8s.io']),
    impersonate(['uids'], ['u-1'], ['authentication.k8s.io']),
  ]);
  const all = as('jane', { 'impersonate-group': 'devs', 'impersonate-uid': 'u-1', 'impersonate-extra-scopes': 'view' });
  expect(await whoAmI(all)).toEqual({
    username: 'jane',
    uid: 'u-1',
    groups: ['devs', 'system:authenticated'],
    extra: { scopes: ['view'] },
  });
  expect(await whoAmI(as('system:serviceaccount:default:bot'))).toMatchObject({
    groups: ['system:serviceaccounts', 'system:serviceaccounts:default', 'system:authenticated'],
  });
  const refused: [Record<string, string>, string][] = [
    [as('joe'), 'users "joe" is forbidden: User "agent" cannot impersonate resource "users" in API group "" at the cluster scope'],
    [{ ...all, 'impersonate-group': 'ops' }, 'groups "ops" is forbidden: User "agent" cannot impersonate resource "groups"'],
    [
      { ...all, 'impersonate-uid': 'u-2' },
      'uids.authentication.k8s.io "u-2" is forbidden: User "agent" cannot impersonate resource "uids"',
    ],
    [
      { ...all, 'impersonate-extra-scopes': 'edit' },
      'userextras.authentication.k8s.io "edit" is forbidden: User "agent" cannot impersonate resource "userextras/scopes"',
    ],
    [
      as('system:serviceaccount:default:other'),
      'serviceaccounts "other" is forbidden: User "agent" cannot impersonate resource "serviceaccounts" in API group "" in the namespace "default"',
    ],
    [as('system:serviceaccount:default:No_Account'), 'users "system:serviceaccount:default:No_Account" is forbidden'],
  ];
  for (const [headers, why] of refused) expect(await whoAmI(headers)).toContain(why);
});

test.each([
  [['--authorization-mode=Webhook'], '--authorization-mode=Webhook needs --authorization-webhook-config-file'],
  [['--authorization-mode=ABAC'], '--authorization-mode=ABAC needs --authorization-policy-file'],
  [['--authorization-mode=RBAC,RBAC'], '--authorization-mode names RBAC more than once'],
  [['--authorization-mode=Webhook', '--authorization-webhook-config-file=/nowhere'], 'cannot read kubeconfig /nowhere'],
])('%j: %s', async (args, why) => {
  await expect(startApiServer({ args: ['--ephemeral', ...args] })).rejects.toThrow(why);
});
