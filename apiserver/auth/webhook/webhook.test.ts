import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it, test } from 'vitest';
import { seededRandom, silentLogger, UserError, VirtualClock } from '../../../runtime/index.ts';
import { startReviewWebhook } from '../../../test/support/review-webhook.ts';
import { tempDirectory } from '../../../test/support/temp-directory.ts';
import { until } from '../../../test/support/wait.ts';
import { AuthorizationWebhookMetrics } from '../../pipeline/webhook-metrics.ts';
import { createAuthorizer } from '../index.ts';
import { ObjectsInMemory } from '../objects-in-memory.ts';
import type { AccessAttributes, Decision, UserInfo } from '../types.ts';
import { ChainFile, chainFromModes, createTokenWebhook } from './index.ts';

const clock = new VirtualClock();
const options = { policyFile: undefined, clock, random: seededRandom(1), logger: silentLogger };
const alice = { name: 'alice', uid: 'u', groups: ['devs'], extra: { k: ['v'] } };
const asked = (more: Partial<AccessAttributes> = {}): AccessAttributes => ({
  user: alice,
  verb: 'list',
  resourceRequest: true,
  path: '',
  namespace: 'blue',
  group: '',
  version: 'v1',
  resource: 'pods',
  subresource: '',
  name: '',
  ...more,
});
const plain = { timeoutMs: 1000, authorizedTtlMs: 300_000, unauthorizedTtlMs: 30_000, failsClosed: false, matchConditions: [] };

async function aWebhook(version: 'v1' | 'v1beta1' = 'v1', more: Partial<typeof plain> = {}, metrics?: AuthorizationWebhookMetrics) {
  const directory = await tempDirectory();
  const webhook = await startReviewWebhook(directory.path);
  const compiled = { kubeconfig: webhook.kubeconfig, version, ...plain, ...more };
  const { links, webhooks } = chainFromModes(['RBAC', 'Webhook'], compiled, { ...options, metrics });
  const authorizer = createAuthorizer({ objects: new ObjectsInMemory(), chain: () => links });
  return {
    webhook,
    authorizer,
    ask: (attributes?: Partial<AccessAttributes>) => authorizer.authorize(asked(attributes)),
    [Symbol.asyncDispose]: async () => {
      for (const each of webhooks) each.close();
      await webhook[Symbol.asyncDispose]();
      await directory[Symbol.asyncDispose]();
    },
  };
}

describe('an authorization webhook', () => {
  it('that leads elsewhere with 308 is asked there, with the whole question', async () => {
    await using it = await aWebhook();
    it.webhook.leadsTo = '/elsewhere';
    it.webhook.answer = () => ({ allowed: true });
    expect(await it.ask()).toMatchObject({ allowed: true });
    expect(it.webhook.reviews.map(({ path, spec }) => [path, spec.user])).toEqual([
      ['/review', 'alice'],
      ['/elsewhere', 'alice'],
    ]);
  });

  it('is asked what nobody before it has allowed, with all that is known', async () => {
    await using it = await aWebhook();
    it.webhook.answer = () => ({ allowed: true, reason: 'because' });
    expect(await it.ask({ fieldSelector: 'spec.nodeName!=n', labelSelector: 'a in (x,y),!b' })).toEqual({
      allowed: true,
      reason: 'because',
    });
    expect(await it.ask({ resourceRequest: false, path: '/x', verb: 'get' })).toMatchObject({ allowed: true });
    expect(it.webhook.reviews).toEqual([
      {
        kind: 'SubjectAccessReview',
        apiVersion: 'authorization.k8s.io/v1',
        metadata: {},
        path: '/review',
        spec: {
          user: 'alice',
          uid: 'u',
          groups: ['devs'],
          extra: { k: ['v'] },
          resourceAttributes: {
            namespace: 'blue',
            verb: 'list',
            version: 'v1',
            resource: 'pods',
            fieldSelector: { requirements: [{ key: 'spec.nodeName', operator: 'NotIn', values: ['n'] }] },
            labelSelector: {
              requirements: [
                { key: 'a', operator: 'In', values: ['x', 'y'] },
                { key: 'b', operator: 'DoesNotExist' },
              ],
            },
          },
        },
        status: { allowed: false },
      },
      expect.objectContaining({ spec: expect.objectContaining({ nonResourceAttributes: { path: '/x', verb: 'get' } }) }),
    ]);
    expect(it.ask({ user: { name: 'x', groups: ['system:masters'] } })).toEqual({ allowed: true, reason: '' });
  });

  it('may speak v1beta1, where groups are called group', async () => {
    await using it = await aWebhook('v1beta1');
    await it.ask();
    const [{ apiVersion, spec }] = it.webhook.reviews;
    expect([apiVersion, spec.group, spec.groups]).toEqual(['authorization.k8s.io/v1beta1', ['devs'], undefined]);
  });

  it('is asked once for what it has answered, for a while', async () => {
    await using it = await aWebhook();
    it.webhook.answer = ({ spec }) => ({ allowed: spec.resourceAttributes.verb === 'get' });
    const both = await Promise.all([it.ask({ verb: 'get' }), it.ask({ verb: 'get' })]);
    expect(both).toEqual([expect.objectContaining({ allowed: true }), expect.objectContaining({ allowed: true })]);
    expect(it.webhook.reviews.length).toBe(1);
    expect(it.ask({ verb: 'get' })).toEqual({ allowed: true, reason: '' }); // at once
    expect(await it.ask({ verb: 'list' })).toEqual({ allowed: false, reason: '' });
    await clock.advance(30_000);
    expect(it.ask({ verb: 'get' })).toMatchObject({ allowed: true });
    expect(it.ask({ verb: 'list' })).toBeInstanceOf(Promise);
    await it.ask({ verb: 'list' });
    await clock.advance(270_000);
    await it.ask({ verb: 'get' });
    expect(it.webhook.reviews.map(({ spec }) => spec.resourceAttributes.verb)).toEqual(['get', 'list', 'list', 'get']);
  });

  it('may refuse, and has no opinion when it cannot be asked, which is told', async () => {
    await using it = await aWebhook();
    it.webhook.answer = () => ({ denied: true, reason: 'never' });
    expect(await it.ask()).toEqual({ allowed: false, denied: true, reason: 'never' });
    it.webhook.answer = () => ({ denied: true, allowed: true });
    expect(await it.ask({ name: 'x' })).toMatchObject({ denied: true, evaluationError: expect.stringContaining('both allow and deny') });
    it.webhook.answer = () => 403;
    const failed = await it.ask({ name: 'y' });
    expect(failed).toEqual({
      allowed: false,
      reason: '',
      evaluationError: expect.stringContaining('has prevented the request from succeeding'),
    });
    it.webhook.answer = () => ({ allowed: true });
    expect(await it.ask({ name: 'y' })).toMatchObject({ allowed: true });
  });

  it.each([
    [500, 5, 'error'],
    [429, 5, 'error'],
    [504, 5, 'timeout'],
    [404, 1, 'error'],
    [403, 1, 'error'],
    [401, 1, 'error'],
  ])('that answers %i is asked %i times, and each is counted', async (status, times, result) => {
    const metrics = new AuthorizationWebhookMetrics();
    await using it = await aWebhook('v1', {}, metrics);
    it.webhook.answer = () => status;
    let decision: Decision | undefined;
    const asking = Promise.resolve(it.ask()).then((found) => {
      decision = found;
    });
    await expect.poll(() => clock.advance(1000).then(() => decision?.allowed)).toBe(false);
    await asking;
    expect(it.webhook.reviews.length).toBe(times);
    const labels = `{name="default",result="${result}"}`;
    expect(metrics.lines()).toContain(`apiserver_authorization_webhook_evaluations_total${labels} ${times}`);
    expect(metrics.lines()).toContain(`apiserver_authorization_webhook_evaluations_fail_open_total${labels} 1`);
  });

  it('is asked each time when what the client chose is too long to be kept', async () => {
    await using it = await aWebhook();
    it.webhook.answer = () => ({ allowed: true });
    const long = (letter: string) => letter.repeat(2000);
    const attributes = { verb: long('v'), group: long('g'), version: long('a'), resource: long('r'), name: long('n') };
    for (const _ of [1, 2]) expect(await it.ask(attributes)).toMatchObject({ allowed: true });
    expect(it.webhook.reviews.length).toBe(2);
  });

  it('says no when it cannot be asked, where that was wanted', async () => {
    await using it = await aWebhook('v1', { failsClosed: true });
    it.webhook.answer = () => 400;
    expect(await it.ask()).toMatchObject({ allowed: false, denied: true, evaluationError: expect.anything() });
  });

  it('is asked again when it was out of breath', async () => {
    // Time goes on while an answer is on its way: it is not given up.
    await using it = await aWebhook('v1', { timeoutMs: 3_600_000 });
    let tries = 0;
    it.webhook.answer = () => (++tries < 3 ? 500 : { allowed: true });
    let decision: Decision | undefined;
    void Promise.resolve(it.ask()).then((found) => {
      decision = found;
    });
    await until('it is decided', () => decision !== undefined, { clock, stepMs: 1000 });
    expect([decision?.allowed, tries]).toEqual([true, 3]);
  });

  it('is left out where nobody waits', async () => {
    await using it = await aWebhook();
    it.webhook.answer = () => ({ allowed: true });
    expect(it.authorizer.local.authorize(asked())).toEqual({ allowed: false, reason: '' });
    expect(it.authorizer.rulesFor(alice, 'blue')).toMatchObject({
      incomplete: true,
      evaluationError: 'webhook authorizer does not support user rule resolution',
    });
  });
});

describe('a configuration of authorizers', () => {
  const webhook = {
    timeout: '3s',
    subjectAccessReviewVersion: 'v1',
    matchConditionSubjectAccessReviewVersion: 'v1',
    failurePolicy: 'NoOpinion',
  };
  async function configured(authorizers: object[], metrics?: AuthorizationWebhookMetrics) {
    await using directory = await tempDirectory();
    const path = join(directory.path, 'authorization.yaml');
    writeFileSync(path, JSON.stringify({ apiVersion: 'apiserver.config.k8s.io/v1', kind: 'AuthorizationConfiguration', authorizers }));
    return new ChainFile(path, { ...options, metrics });
  }
  const at = (kubeConfigFile: string) => ({ connectionInfo: { type: 'KubeConfigFile', kubeConfigFile } });

  it('orders several, and asks webhooks only what their conditions let through', async () => {
    await using directory = await tempDirectory();
    await using first = await startReviewWebhook(directory.path, 'first');
    await using second = await startReviewWebhook(directory.path, 'second');
    first.answer = () => ({ denied: true, reason: 'first' });
    second.answer = () => ({ allowed: true, reason: 'second' });
    const conditions = (...texts: string[]) => ({ matchConditions: texts.map((expression) => ({ expression })) });
    const metrics = new AuthorizationWebhookMetrics();
    const authorizers = [
      { type: 'RBAC', name: 'rbac' },
      {
        type: 'Webhook',
        name: 'first',
        webhook: {
          ...webhook,
          ...at(first.kubeconfig),
          ...conditions("has(request.resourceAttributes) && request.resourceAttributes.namespace == 'red'"),
        },
      },
      {
        type: 'Webhook',
        name: 'second',
        webhook: {
          ...webhook,
          ...at(second.kubeconfig),
          failurePolicy: 'Deny',
          ...conditions("'devs' in request.groups", "!('k' in request.extra) || request.extra['k'][0] == 'v'"),
        },
      },
    ];
    const chain = await configured(authorizers, metrics);
    const authorizer = createAuthorizer({ objects: new ObjectsInMemory(), chain: () => chain.links });
    expect(await authorizer.authorize(asked({ namespace: 'red' }))).toMatchObject({ denied: true, reason: 'first' });
    expect(await authorizer.authorize(asked())).toMatchObject({ allowed: true, reason: 'second' });
    expect(authorizer.authorize(asked({ user: { name: 'bob', groups: [] } }))).toEqual({ allowed: false, reason: '' });
    expect(authorizer.authorize(asked({ user: { ...alice, extra: { k: [] } } }))).toMatchObject({
      denied: true,
      evaluationError: expect.stringContaining('cel evaluation error: expression'),
    });
    expect([first.reviews.length, second.reviews.length]).toEqual([1, 1]);
    expect(metrics.lines()).toEqual(
      expect.arrayContaining([
        'apiserver_authorization_webhook_evaluations_total{name="first",result="success"} 1',
        'apiserver_authorization_webhook_duration_seconds_count{name="second",result="success"} 1',
        'apiserver_authorization_match_condition_evaluation_seconds_count{type="Webhook",name="first"} 4',
        'apiserver_authorization_match_condition_evaluation_errors_total{type="Webhook",name="second"} 1',
        'apiserver_authorization_match_condition_exclusions_total{type="Webhook",name="first"} 3',
        'apiserver_authorization_match_condition_exclusions_total{type="Webhook",name="second"} 1',
      ]),
    );
    await chain.stop();
  });

  it('is followed when it changes, as far as it is good and orders webhooks alone', async () => {
    await using directory = await tempDirectory();
    await using first = await startReviewWebhook(directory.path, 'first');
    await using second = await startReviewWebhook(directory.path, 'second');
    first.answer = () => ({ denied: true, reason: 'first' });
    second.answer = () => ({ allowed: true, reason: 'second' });
    const asks = (kubeconfig: string) => [
      { type: 'RBAC', name: 'rbac' },
      { type: 'Webhook', name: 'one', webhook: { ...webhook, ...at(kubeconfig) } },
    ];
    const path = join(directory.path, 'authorization.yaml');
    const write = (authorizers: object[]) =>
      writeFileSync(path, JSON.stringify({ apiVersion: 'apiserver.config.k8s.io/v1', kind: 'AuthorizationConfiguration', authorizers }));
    write(asks(first.kubeconfig));
    const told: string[] = [];
    const chain = new ChainFile(path, { ...options, onReload: (status) => told.push(status) });
    const authorizer = createAuthorizer({ objects: new ObjectsInMemory(), chain: () => chain.links });
    const reason = async () => (await authorizer.authorize(asked())).reason;
    expect(await reason()).toBe('first');
    for (const [authorizers, now] of [
      [[], 'first'],
      [asks(first.kubeconfig).slice(1), 'first'],
      [[...asks(second.kubeconfig), { type: 'Node', name: 'node' }], 'first'],
      [asks(second.kubeconfig), 'second'],
      [asks(first.kubeconfig), 'first'],
    ] as const) {
      write([...authorizers]);
      chain.check();
      expect(await reason(), JSON.stringify(authorizers)).toBe(now);
    }
    expect(told).toEqual(['failure', 'failure', 'failure', 'success', 'success']);
    await chain.stop();
  });

  it.each<[object[], string]>([
    [[], 'authorizers: Required value: at least one authorization mode must be defined'],
    [[{ name: 'x' }], 'authorizers[0].type: Required value'],
    [[{ type: 'Magic', name: 'x' }], 'authorizers[0].type: Unsupported value: "Magic": supported values: "ABAC", "AlwaysAllow"'],
    [
      [
        { type: 'RBAC', name: 'a' },
        { type: 'RBAC', name: 'b' },
      ],
      'authorizers[1].type: Duplicate value: "RBAC"',
    ],
    [
      [
        { type: 'RBAC', name: 'a' },
        { type: 'Node', name: 'a' },
      ],
      'authorizers[1].name: Duplicate value: "a"',
    ],
    [[{ type: 'RBAC', name: 'A' }], 'authorizers[0].name: Invalid value: "A": authorizer name is invalid: '],
    [[{ type: 'RBAC', name: 'a' }], 'expected name rbac for authorizer RBAC instead of a'],
    [[{ type: 'Webhook', name: 'a' }], 'authorizers[0].webhook: Required value: required when type=Webhook'],
    [
      [{ type: 'RBAC', name: 'a', webhook: {} }],
      'authorizers[0].webhook: Invalid value: "non-null": may only be specified when type=Webhook',
    ],
    [
      [{ type: 'Webhook', name: 'a', webhook: { ...webhook, timeout: '60s' } }],
      'authorizers[0].timeout: Invalid value: "1m0s": must be > 0s and <= 30s',
    ],
    [[{ type: 'Webhook', name: 'a', webhook: { ...webhook, timeout: '0s' } }], 'authorizers[0].timeout: Required value'],
    [
      [{ type: 'Webhook', name: 'a', webhook: { ...webhook, authorizedTTL: '-30s' } }],
      'authorizers[0].authorizedTTL: Invalid value: "-30s": must be > 0s',
    ],
    [
      [{ type: 'Webhook', name: 'a', webhook: { ...webhook, connectionInfo: { type: 'x' } } }],
      'authorizers[0].connectionInfo.type: Unsupported value: {"Type":"x","KubeConfigFile":null}: supported values: "InClusterConfig", "KubeConfigFile"',
    ],
    [[{ type: 'Webhook', name: 'a', webhook: { ...webhook, failurePolicy: '' } }], 'authorizers[0].failurePolicy: Required value'],
    [[{ type: 'Webhook', name: 'a', webhook: { ...webhook, ...at('x') } }], 'kubeConfigFile: Invalid value: "x": must be an absolute path'],
    [
      [{ type: 'Webhook', name: 'a', webhook: { ...webhook, matchConditions: [{ expression: '1' }] } }],
      'must evaluate to bool but got int',
    ],
    [
      [{ type: 'Webhook', name: 'a', webhook: { ...webhook, matchConditions: [{ expression: 'request.nothing' }] } }],
      'authorizers[0].matchConditions[0].expression: Invalid value: "request.nothing": compilation failed',
    ],
  ])('%j: %s', async (authorizers, why) => {
    await expect(configured(authorizers)).rejects.toThrow(UserError);
    await expect(configured(authorizers)).rejects.toThrow(why);
  });
});

test('policies of a file allow what they say', async () => {
  await using directory = await tempDirectory();
  const policyFile = join(directory.path, 'policies.jsonl');
  const policy = (spec: object) => JSON.stringify({ apiVersion: 'abac.authorization.kubernetes.io/v1beta1', kind: 'Policy', spec });
  const all = { namespace: '*', resource: '*', apiGroup: '*' };
  writeFileSync(
    policyFile,
    [
      '# who may what',
      policy({ user: 'alice', readonly: true, ...all }),
      '',
      policy({ group: 'ops', ...all, nonResourcePath: '/logs*' }),
    ].join('\n'),
  );
  const webhook = { kubeconfig: '', version: 'v1' as const, ...plain };
  const chain = chainFromModes(['ABAC'], webhook, { ...options, policyFile });
  const authorizer = createAuthorizer({ objects: new ObjectsInMemory(), chain: () => chain.links });
  const ops = { name: 'bob', groups: ['ops'] };
  const may = async (more: Partial<AccessAttributes>) => (await authorizer.authorize(asked(more))).allowed;
  expect(await may({})).toBe(true);
  expect(await may({ verb: 'delete' })).toBe(false);
  expect(await may({ verb: 'delete', user: ops })).toBe(true);
  expect(await may({ resourceRequest: false, path: '/logs/x', user: ops })).toBe(true);
  expect(await may({ resourceRequest: false, path: '/metrics', user: ops })).toBe(false);
  expect(await authorizer.authorize(asked({ user: { name: 'x', groups: [] } }))).toEqual({ allowed: false, reason: 'No policy matched.' });
  expect(authorizer.rulesFor(ops, 'blue')).toMatchObject({
    resourceRules: [{ verbs: ['*'] }],
    nonResourceRules: [{ nonResourceURLs: ['/logs*'] }],
  });
  writeFileSync(policyFile, '{"kind":"Policy","apiVersion":"v9","spec":{}}');
  expect(() => chainFromModes(['ABAC'], webhook, { ...options, policyFile })).toThrow(`${policyFile}:1 is no Policy`);
});

test('everybody of a policy is everybody who is known; without a version it says less', async () => {
  await using directory = await tempDirectory();
  const policyFile = join(directory.path, 'policies.jsonl');
  const webhook = { kubeconfig: '', version: 'v1' as const, ...plain };
  const known = { name: 'bob', groups: ['system:authenticated'] };
  const anonymous = { name: 'system:anonymous', groups: ['system:unauthenticated'] };
  const who = async (policy: object, more: Partial<AccessAttributes> = {}) => {
    writeFileSync(policyFile, JSON.stringify(policy));
    const chain = chainFromModes(['ABAC'], webhook, { ...options, policyFile });
    const authorizer = createAuthorizer({ objects: new ObjectsInMemory(), chain: () => chain.links });
    const may = async (user: UserInfo) => ((await authorizer.authorize(asked({ ...more, user }))).allowed ? [user.name] : []);
    return [...(await may(known)), ...(await may(anonymous))];
  };
  const policy = (spec: object) => ({ apiVersion: 'abac.authorization.kubernetes.io/v1beta1', kind: 'Policy', spec });
  const all = { namespace: '*', resource: '*', apiGroup: '*' };
  expect(await who(policy({ user: '*', ...all }))).toEqual(['bob']);
  expect(await who(policy({ group: '*', ...all }))).toEqual(['bob']);
  expect(await who(policy({ group: 'system:unauthenticated', ...all }))).toEqual(['system:anonymous']);
  expect(await who({})).toEqual(['bob']);
  expect(await who({ readonly: true }, { verb: 'delete' })).toEqual([]);
  expect(await who({ user: 'bob', namespace: 'nowhere' })).toEqual([]);
  expect(await who({ user: 'bob' }, { resourceRequest: false, path: '/metrics' })).toEqual(['bob']);
  expect(await who({ user: 'bob', resource: 'pods' }, { resourceRequest: false, path: '/metrics' })).toEqual([]);
});

test('a token webhook says whose a token is, and its answers are kept', async () => {
  await using directory = await tempDirectory();
  await using webhook = await startReviewWebhook(directory.path);
  const user = { username: 'jane', uid: 'u', groups: ['g'], extra: { k: ['v'] } };
  webhook.answer = ({ spec }) =>
    spec.token === 'good'
      ? { authenticated: true, user }
      : { authenticated: false, ...(spec.token === 'old' ? { error: 'it is old' } : {}) };
  const tokens = createTokenWebhook({
    kubeconfig: webhook.kubeconfig,
    version: 'v1',
    ttlMs: 1000,
    apiAudiences: ['api'],
    clock,
    random: seededRandom(1),
  });
  const jane = { user: { name: 'jane', uid: 'u', groups: ['g'], extra: { k: ['v'] } }, audiences: ['api'] };
  expect(await tokens.authenticateToken('good', ['api', 'other'])).toEqual(jane);
  expect(tokens.authenticateToken('good', ['api', 'other'])).toEqual(jane);
  expect(await tokens.authenticateToken('good', ['other'])).toBeUndefined();
  expect(await tokens.authenticateToken('bad', ['api'])).toBeUndefined();
  await expect(tokens.authenticateToken('old', ['api'])).rejects.toThrow('it is old');
  webhook.answer = () => ({ authenticated: true, user, audiences: ['vault'] });
  expect(await tokens.authenticateToken('audience', ['vault', 'api'])).toMatchObject({ audiences: ['vault'] });
  await clock.advance(1000);
  const again = tokens.authenticateToken('good', ['api', 'other']);
  expect(again).toBeInstanceOf(Promise);
  expect(await again).toBeUndefined(); // it is for others now
  expect(webhook.reviews[0]).toMatchObject({
    apiVersion: 'authentication.k8s.io/v1',
    spec: { token: 'good', audiences: ['api', 'other'] },
  });
  tokens.close();
});
