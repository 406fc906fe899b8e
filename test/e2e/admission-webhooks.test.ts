// Admission webhooks against a real API server: two real ones, and what they are asked.
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { findKubectls, kubectlOf } from '../support/cluster.ts';
import { CONFIG_MAPS, startWebhookCluster, type WebhookCluster } from '../support/webhook-cluster.ts';
import { latestImageGuard, sidecarInjector, type WebhookResponse } from '../support/webhook-server.ts';

const ALLOWED: WebhookResponse = { allowed: true };
const PODS = { operations: ['CREATE'], apiGroups: [''], apiVersions: ['v1'], resources: ['pods'] };

let cluster: WebhookCluster;

beforeAll(async () => {
  cluster = await startWebhookCluster();
});
afterAll(() => cluster?.[Symbol.asyncDispose]());

const pod = (name: string, image: string) => ({ metadata: { name }, spec: { containers: [{ name: 'main', image }] } });
const last = () => cluster.hooks.requests.at(-1) ?? {};

describe('two webhooks of their own', () => {
  beforeAll(async () => {
    cluster.hooks.serve('/inject', sidecarInjector);
    cluster.hooks.serve('/guard', latestImageGuard);
    await cluster.mutating('shop', { name: 'sidecar.example.com', path: '/inject', rules: [PODS] });
    await cluster.validating('shop', { name: 'images.example.com', path: '/guard', rules: [PODS] });
    await cluster.make('/api/v1/namespaces/shop/serviceaccounts', { metadata: { name: 'default' } });
  });

  it('change pods and judge what has become of them', async () => {
    const { body } = await cluster.make('/api/v1/namespaces/shop/pods', pod('a', 'nginx:1.27'));
    expect(body.metadata.labels).toEqual({ sidecar: 'injected' });
    // What was injected has the defaults of everything else.
    expect(body.spec.containers[1]).toMatchObject({ name: 'sidecar', image: 'proxy:1.2', imagePullPolicy: 'IfNotPresent' });
    expect(last().object.spec.containers).toHaveLength(2);
    const stored = await cluster.api.call('GET', '/api/v1/namespaces/shop/pods/a');
    expect(stored.body.spec.containers.map(({ name }: { name: string }) => name)).toEqual(['main', 'sidecar']);
    expect((await cluster.api.call('DELETE', '/api/v1/namespaces/shop/pods/a')).status).toBe(200);
  });

  it('refuse what they do not like', async () => {
    const { status, body } = await cluster.api.call('POST', '/api/v1/namespaces/shop/pods', pod('b', 'nginx:latest'));
    expect(status).toBe(403);
    expect(body).toEqual({
      kind: 'Status',
      apiVersion: 'v1',
      metadata: {},
      status: 'Failure',
      message: 'admission webhook "images.example.com" denied the request: images without a version: nginx:latest',
      reason: 'Forbidden',
      code: 403,
    });
    expect((await cluster.api.call('GET', '/api/v1/namespaces/shop/pods/b')).status).toBe(404);
  });

  const [kubectl] = findKubectls();
  it.skipIf(kubectl === undefined)('work for kubectl (skipped only where there is no kubectl)', async () => {
    const run = kubectlOf(kubectl ?? '', join(cluster.api.directory, 'admin.kubeconfig'));
    await run('run', 'web', '-n', 'shop', '--image=nginx:1.27', '--restart=Never');
    expect(await run('get', 'pod', 'web', '-n', 'shop', '-o', 'jsonpath={.spec.containers[*].name}')).toBe(
      'main sidecar'.replace('main', 'web'),
    );
    const refused = await run.run(['run', 'loose', '-n', 'shop', '--image=nginx', '--restart=Never']);
    expect([refused.code, refused.stderr.trim()]).toEqual([
      1,
      'Error from server (Forbidden): admission webhook "images.example.com" denied the request: images without a version: nginx',
    ]);
    expect(await run('get', 'mutatingwebhookconfigurations', 'shop', '--no-headers')).toMatch(/^shop\s+1\s+\d+s\n$/);
  });
});

describe('a webhook is told', () => {
  beforeAll(async () => {
    cluster.hooks.serve('/told/0', () => ALLOWED);
    await cluster.validating('told', { rules: [{ ...CONFIG_MAPS, resources: ['*/*'], apiGroups: ['*'], apiVersions: ['*'] }] });
  });

  it('of a create: who, what, how', async () => {
    await cluster.configMap('told', 'a', { data: { x: '1' } }, '?dryRun=All&fieldManager=me&fieldValidation=Strict');
    expect(last()).toEqual({
      uid: expect.stringMatching(/^[0-9a-f-]{36}$/),
      kind: { group: '', version: 'v1', kind: 'ConfigMap' },
      resource: { group: '', version: 'v1', resource: 'configmaps' },
      requestKind: { group: '', version: 'v1', kind: 'ConfigMap' },
      requestResource: { group: '', version: 'v1', resource: 'configmaps' },
      name: 'a',
      namespace: 'told',
      operation: 'CREATE',
      userInfo: { username: 'admin', uid: 'admin', groups: ['system:masters', 'system:authenticated'] },
      object: {
        kind: 'ConfigMap',
        apiVersion: 'v1',
        metadata: expect.objectContaining({ name: 'a', namespace: 'told', uid: expect.any(String) }),
        data: { x: '1' },
      },
      oldObject: null,
      dryRun: true,
      options: {
        kind: 'CreateOptions',
        apiVersion: 'meta.k8s.io/v1',
        dryRun: ['All'],
        fieldManager: 'me',
        fieldValidation: 'Strict',
      },
    });
    expect(cluster.hooks.paths.at(-1)).toBe('/told/0?timeout=10s');
  });

  it('of updates and patches: before and after', async () => {
    await cluster.configMap('told', 'b');
    const path = '/api/v1/namespaces/told/configmaps/b';
    await cluster.api.call('PUT', path, { metadata: { name: 'b' }, data: { x: '2' } });
    expect(last()).toMatchObject({ operation: 'UPDATE', name: 'b', object: { data: { x: '2' } }, options: { kind: 'UpdateOptions' } });
    expect(last().oldObject.data).toBeUndefined();
    await cluster.api.call('PATCH', `${path}?fieldManager=me`, { data: { x: '3' } }, { 'content-type': 'application/merge-patch+json' });
    expect(last()).toMatchObject({ object: { data: { x: '3' } }, oldObject: { data: { x: '2' } } });
    expect(last().options).toEqual({ kind: 'UpdateOptions', apiVersion: 'meta.k8s.io/v1', fieldManager: 'me' });
    await cluster.api.call(
      'PATCH',
      '/api/v1/namespaces/told/configmaps/applied?fieldManager=me&force=true',
      { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'applied' } },
      { 'content-type': 'application/apply-patch+yaml' },
    );
    expect(last()).toMatchObject({ operation: 'CREATE', name: 'applied', oldObject: null, options: { kind: 'CreateOptions' } });
  });

  it('of deletes: what goes, and how it was asked for', async () => {
    await cluster.configMap('told', 'c', { data: { x: '1' } });
    const options = JSON.stringify({ kind: 'DeleteOptions', apiVersion: 'v1', propagationPolicy: 'Background' });
    const headers = { 'content-length': String(options.length) };
    await cluster.api.call('DELETE', '/api/v1/namespaces/told/configmaps/c', options, headers);
    expect(last()).toMatchObject({
      operation: 'DELETE',
      name: 'c',
      object: null,
      oldObject: { metadata: { name: 'c' }, data: { x: '1' } },
    });
    expect(last().options).toEqual({ kind: 'DeleteOptions', apiVersion: 'meta.k8s.io/v1', propagationPolicy: 'Background' });
    await cluster.configMap('told', 'd');
    await cluster.api.call('DELETE', '/api/v1/namespaces/told/configmaps?fieldSelector=metadata.name%3Dd');
    expect(last()).toMatchObject({ operation: 'DELETE', oldObject: { metadata: { name: 'd' } } });
    expect(last()).not.toHaveProperty('name');
  });

  it('of a connection: its options, before anything is looked for', async () => {
    const path = '/api/v1/namespaces/told/pods/gone/exec?command=ls&command=-l&stdout=true&container=main';
    expect((await cluster.api.call('POST', path)).status).toBe(404);
    expect(last()).toMatchObject({
      kind: { group: '', version: 'v1', kind: 'PodExecOptions' },
      resource: { group: '', version: 'v1', resource: 'pods' },
      subResource: 'exec',
      requestSubResource: 'exec',
      operation: 'CONNECT',
      name: 'gone',
      options: null,
      oldObject: null,
    });
    expect(last().object).toEqual({ kind: 'PodExecOptions', apiVersion: 'v1', stdout: true, container: 'main', command: ['ls', '-l'] });
    await cluster.api.call('GET', '/api/v1/namespaces/told/services/web/proxy/a/b/');
    expect(last().object).toEqual({ kind: 'ServiceProxyOptions', apiVersion: 'v1', path: '/a/b/' });
    expect(last().operation).toBe('CONNECT');
    const dry = await cluster.api.call('POST', `${path}&dryRun=All`);
    expect([dry.status, dry.body.message]).toEqual([400, 'dryRun is not supported']);
  });

  it('of subresources in their own kinds', async () => {
    await cluster.make('/api/v1/namespaces/told/serviceaccounts', { metadata: { name: 'default' } });
    await cluster.make('/api/v1/namespaces/told/serviceaccounts/default/token', { spec: {} });
    expect(last()).toMatchObject({
      kind: { group: 'authentication.k8s.io', version: 'v1', kind: 'TokenRequest' },
      resource: { resource: 'serviceaccounts' },
      subResource: 'token',
      object: { kind: 'TokenRequest', apiVersion: 'authentication.k8s.io/v1' },
    });
    await cluster.make('/apis/apps/v1/namespaces/told/replicasets', {
      metadata: { name: 'web' },
      spec: {
        replicas: 1,
        selector: { matchLabels: { a: 'b' } },
        template: { metadata: { labels: { a: 'b' } }, spec: pod('', 'nginx').spec },
      },
    });
    await cluster.api.call('PUT', '/apis/apps/v1/namespaces/told/replicasets/web/scale', {
      metadata: { name: 'web' },
      spec: { replicas: 3 },
    });
    expect(last()).toMatchObject({
      kind: { group: 'autoscaling', version: 'v1', kind: 'Scale' },
      resource: { group: 'apps', resource: 'replicasets' },
      subResource: 'scale',
      object: { kind: 'Scale', spec: { replicas: 3 } },
      oldObject: { kind: 'Scale', spec: { replicas: 1 } },
    });
    await cluster.make('/api/v1/namespaces/told/pods', pod('p', 'nginx'));
    const target = { apiVersion: 'v1', kind: 'Node', name: 'n' };
    await cluster.api.call('POST', '/api/v1/namespaces/told/pods/p/binding', { metadata: { name: 'p' }, target });
    expect(last()).toMatchObject({ kind: { kind: 'Binding' }, resource: { resource: 'pods' }, subResource: 'binding', object: { target } });
    const before = cluster.hooks.requests.length;
    await cluster.api.call('POST', '/api/v1/namespaces/told/pods/p/eviction', { metadata: { name: 'p' } });
    // The deletion behind an eviction is not asked about.
    expect(cluster.hooks.requests.slice(before).map(({ operation, kind }) => [operation, kind.kind])).toEqual([['CREATE', 'Eviction']]);
  });

  it('of names and uids as far as there are any', async () => {
    cluster.hooks.serve('/early/0', () => ALLOWED);
    cluster.hooks.serve('/late/0', () => ALLOWED);
    await cluster.mutating('named', { path: '/early/0' });
    await cluster.validating('named', { path: '/late/0' });
    await cluster.make('/api/v1/namespaces/named/configmaps', { metadata: { generateName: 'x-' } });
    const [early, late] = cluster.hooks.requests.slice(-2);
    expect(early).not.toHaveProperty('name');
    expect(early?.object.metadata.uid).toBeUndefined();
    expect(late?.name).toMatch(/^x-\w{5}$/);
    expect(late?.object.metadata).toMatchObject({ name: late?.name, uid: expect.any(String) });
  });
});
