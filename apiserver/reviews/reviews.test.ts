import { describe, expect, it } from 'vitest';
import { ApiError, type KubeObject } from '../../api/index.ts';
import { VirtualClock } from '../../runtime/index.ts';
import type { AccessAttributes, Authorizer, UserInfo } from '../auth/index.ts';
import { createReviews } from './index.ts';

const alice: UserInfo = { name: 'alice', uid: 'a', groups: ['devs', 'system:authenticated'] };
const asked: AccessAttributes[] = [];
/** Allows to get, and to members of `ops`. */
const authorizer: Authorizer = {
  authorize(attributes) {
    asked.push(attributes);
    const allowed = attributes.verb === 'get' || attributes.user.groups.includes('ops');
    return { allowed, reason: allowed ? 'because' : '' };
  },
  rulesFor: (user, namespace) => ({
    resourceRules: [{ verbs: ['get'], apiGroups: [''], resources: [`${user.name}-${namespace}`] }],
    nonResourceRules: [{ verbs: ['get'], nonResourceURLs: ['/x'] }],
    evaluationError: 'a role is missing',
  }),
};
const reviews = createReviews({
  authorizer,
  authenticator: {
    reviewToken: (token, audiences) =>
      token === 'good' ? { user: alice, audiences: audiences.length ? audiences : ['api'] } : { error: 'bad' },
  },
  clock: new VirtualClock(Date.UTC(2026, 0, 2, 3, 4, 5, 678)),
});

interface More {
  readonly namespace?: string;
  readonly metadata?: object;
  readonly status?: object;
}

async function review(resource: string, spec: object, { namespace = '', metadata, status }: More = {}): Promise<unknown> {
  const run = reviews.get(resource);
  if (!run) throw new Error(`no ${resource}`);
  const object: KubeObject & { spec: object } = { kind: 'K', apiVersion: 'v', metadata: { ...metadata }, spec, ...(status && { status }) };
  return await run({ user: alice, namespace }, object);
}

async function problem(resource: string, spec: object, more?: More): Promise<string> {
  const error: unknown = await review(resource, spec, more).catch((e: unknown) => e);
  return error instanceof ApiError ? `${error.code} ${error.message}` : 'no problem';
}

const SELF = 'authorization.k8s.io/selfsubjectaccessreviews';
const SUBJECT = 'authorization.k8s.io/subjectaccessreviews';
const LOCAL = 'authorization.k8s.io/localsubjectaccessreviews';

describe('access reviews', () => {
  it('ask the authorizer for the caller, or for the subject', async () => {
    asked.length = 0;
    const resourceAttributes = { namespace: 'blue', verb: 'get', group: 'apps', resource: 'deployments', subresource: 'scale', name: 'x' };
    expect(await review(SELF, { resourceAttributes }, { metadata: { managedFields: [] } })).toMatchObject({
      spec: { resourceAttributes },
      status: { allowed: true, reason: 'because' },
    });
    expect(await review(SELF, { nonResourceAttributes: { path: '/x', verb: 'post' } })).toMatchObject({ status: { allowed: false } });
    await review(SUBJECT, {
      user: 'bob',
      groups: ['ops'],
      uid: 'u',
      extra: { k: ['v'] },
      resourceAttributes: { verb: 'list', resource: 'pods' },
    });
    expect(asked).toEqual([
      { user: alice, resourceRequest: true, path: '', version: '*', ...resourceAttributes },
      expect.objectContaining({ user: alice, resourceRequest: false, path: '/x', verb: 'post' }),
      expect.objectContaining({ user: { name: 'bob', uid: 'u', groups: ['ops'], extra: { k: ['v'] } }, verb: 'list', resource: 'pods' }),
    ]);
  });

  it('refuse what is no question', async () => {
    const pods = { verb: 'get', resource: 'pods' };
    const path = { path: '/', verb: 'get' };
    expect(await problem(SELF, {})).toBe(
      '422 .authorization.k8s.io "" is invalid: spec.resourceAttributes: Invalid value: null: exactly one of nonResourceAttributes or resourceAttributes must be specified',
    );
    expect(await problem(SELF, { resourceAttributes: pods, nonResourceAttributes: path })).toBe(
      '422 .authorization.k8s.io "" is invalid: spec.nonResourceAttributes: Invalid value: {"Path":"/","Verb":"get"}: cannot be specified in combination with resourceAttributes',
    );
    const odd = { resourceAttributes: { ...pods, labelSelector: {} }, nonResourceAttributes: path };
    expect((await problem(SUBJECT, odd)).match(/spec\.[\w.]+(?=: )/g)).toEqual([
      'spec.nonResourceAttributes',
      'spec.user',
      'spec.resourceAttributes.labelSelector.requirements',
    ]);
    expect(await problem(SUBJECT, { resourceAttributes: pods })).toContain(
      'spec.user: Invalid value: "": at least one of user or group must be specified',
    );
    expect(await problem(LOCAL, { user: 'x', resourceAttributes: { ...pods, namespace: 'other' } }, { namespace: 'blue' })).toContain(
      'spec.resourceAttributes.namespace: Invalid value: "other": must match metadata.namespace',
    );
    expect(await problem(LOCAL, { user: 'x', nonResourceAttributes: path }, { namespace: 'blue' })).toContain(
      'disallowed on this kind of request',
    );
    expect(await problem(SELF, { resourceAttributes: pods }, { metadata: { name: 'x' } })).toContain(
      'metadata: Invalid value: {"name":"x"}: must be empty',
    );
    const named = { namespace: 'blue', metadata: { name: 'x' } };
    expect(await problem(LOCAL, { user: 'x', resourceAttributes: { ...pods, namespace: 'blue' } }, named)).toContain(
      'must be empty except for namespace',
    );
  });

  it('list the rules of the caller in a namespace', async () => {
    const resource = 'authorization.k8s.io/selfsubjectrulesreviews';
    expect(await review(resource, { namespace: 'blue' })).toEqual({
      kind: 'K',
      apiVersion: 'v',
      metadata: {},
      spec: {},
      status: {
        resourceRules: [{ verbs: ['get'], apiGroups: [''], resources: ['alice-blue'] }],
        nonResourceRules: [{ verbs: ['get'], nonResourceURLs: ['/x'] }],
        incomplete: false,
        evaluationError: 'a role is missing',
      },
    });
    expect(await problem(resource, {})).toBe('400 no namespace on request');
  });
});

describe('identity reviews', () => {
  const user = { username: 'alice', uid: 'a', groups: ['devs', 'system:authenticated'] };

  it('tell the caller who they are', async () => {
    expect(await review('authentication.k8s.io/selfsubjectreviews', {}, { metadata: { name: 'x' } })).toEqual({
      kind: 'K',
      apiVersion: 'v',
      metadata: { creationTimestamp: '2026-01-02T03:04:05Z' },
      status: { userInfo: user },
    });
  });

  it('tell whose a token is', async () => {
    const resource = 'authentication.k8s.io/tokenreviews';
    expect(await review(resource, { token: 'good', audiences: ['vault'] })).toMatchObject({
      spec: { token: 'good' },
      status: { authenticated: true, user, audiences: ['vault'] },
    });
    expect(await review(resource, { token: 'no' })).toMatchObject({ status: { user: {}, error: 'bad' } });
    expect(await problem(resource, {})).toBe('400 token is required for TokenReview in authentication');
    // A status that is sent stays where nothing goes in its place.
    const status = { authenticated: true, user: { username: 'sent' }, audiences: ['a'], error: 'sent' };
    expect(await review(resource, { token: 'no' }, { status })).toMatchObject({
      status: { user: { username: 'sent' }, audiences: ['a'], error: 'bad' },
    });
    expect(await review(resource, { token: 'no' }, { status })).not.toHaveProperty('status.authenticated');
    expect(await review(resource, { token: 'good', audiences: ['vault'] }, { status })).toMatchObject({
      status: { authenticated: true, user, audiences: ['vault'], error: 'sent' },
    });
  });
});

describe('selectors in access reviews', () => {
  const list = { verb: 'list', resource: 'pods' };
  const nodes = { key: 'spec.nodeName', operator: 'In', values: ['n,1'] };

  it('reach the authorizer as a request would have them', async () => {
    asked.length = 0;
    const labelSelector = {
      requirements: [
        { key: 'a', operator: 'NotIn', values: ['x', 'y'] },
        { key: 'b', operator: 'Exists' },
      ],
    };
    const resourceAttributes = { ...list, fieldSelector: { requirements: [nodes] }, labelSelector };
    await review(SELF, { resourceAttributes });
    await review(SELF, { resourceAttributes: { ...list, fieldSelector: { rawSelector: 'spec.nodeName!=n' } } });
    expect(asked).toMatchObject([
      { fieldSelector: 'spec.nodeName=n\\,1', labelSelector: 'a notin (x,y),b' },
      { fieldSelector: 'spec.nodeName!=n' },
    ]);
  });

  it('are left out where they are not understood, and that is told', async () => {
    asked.length = 0;
    const requirements = [nodes, { key: 'spec.nodeName', operator: 'In', values: ['a', 'b'] }, { key: 'x', operator: 'Later' }];
    const labelSelector = { rawSelector: 'a in (' };
    expect(await review(SELF, { resourceAttributes: { ...list, fieldSelector: { requirements }, labelSelector } })).toMatchObject({
      status: {
        evaluationError:
          'spec.resourceAttributes.fieldSelector partially ignored due to parse error; spec.resourceAttributes.labelSelector ignored due to parse error',
      },
    });
    expect(asked).toEqual([expect.objectContaining({ fieldSelector: 'spec.nodeName=n\\,1' })]);
  });

  it.each([
    [
      { fieldSelector: {} },
      'spec.resourceAttributes.fieldSelector.requirements: Required value: when spec.resourceAttributes.fieldSelector is',
    ],
    [
      { labelSelector: { rawSelector: 'a', requirements: [{ key: 'a', operator: 'Exists' }] } },
      'spec.resourceAttributes.labelSelector.rawSelector: Invalid value: "a": may not specified at the same time as requirements',
    ],
    [
      { fieldSelector: { requirements: [{ key: '', operator: 'In' }] } },
      'requirements[0].key: Required value: must be specified, spec.resourceAttributes.fieldSelector.requirements[0].values: Required value',
    ],
    [
      { labelSelector: { requirements: [{ key: '-', operator: 'Exists', values: ['x'] }] } },
      "requirements[0].values: Forbidden: may not be specified when `operator` is 'Exists' or 'DoesNotExist', spec.resourceAttributes.labelSelector.requirements[0].key",
    ],
  ])('are refused when they are none: %j', async (selectors, why) => {
    expect(await problem(SELF, { resourceAttributes: { ...list, ...selectors } })).toContain(why);
  });
});
