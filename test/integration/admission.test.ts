import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type ApiServerProcess, startApiServer } from '../support/api-server.ts';
import { waitFor } from '../support/cluster.ts';
import { type TempDirectory, tempDirectory } from '../support/temp-directory.ts';

const CONFIGURATION = `
apiVersion: apiserver.config.k8s.io/v1
kind: AdmissionConfiguration
plugins:
- name: PodSecurity
  configuration:
    apiVersion: pod-security.admission.config.k8s.io/v1
    kind: PodSecurityConfiguration
    defaults: { enforce: baseline }
    exemptions: { namespaces: [kube-system] }
- name: ResourceQuota
  path: quota.yaml
`;
const QUOTA = `
apiVersion: apiserver.config.k8s.io/v1
kind: ResourceQuotaConfiguration
limitedResources:
- resource: secrets
  matchContains: [secrets]
`;

const DEFAULT = '/api/v1/namespaces/default';
const AS_NODE = { 'impersonate-user': 'system:node:mine', 'impersonate-group': 'system:nodes' };

/** An API server as somebody would start it who wants more than the defaults. */
describe('admission, as options have it', () => {
  let directory: TempDirectory;
  let api: ApiServerProcess;
  const configFile = () => join(directory.path, 'admission.yaml');

  beforeAll(async () => {
    directory = await tempDirectory();
    writeFileSync(configFile(), CONFIGURATION);
    writeFileSync(join(directory.path, 'quota.yaml'), QUOTA);
    api = await startApiServer({
      args: [
        '--ephemeral',
        '--enable-admission-plugins=NodeRestriction,AlwaysPullImages',
        `--admission-control-config-file=${configFile()}`,
      ],
    });
    for (const namespace of ['default', 'kube-system']) {
      await waitFor(
        async () => (await api.call('GET', `/api/v1/namespaces/${namespace}`)).status === 200,
        60_000,
        () => `namespace ${namespace}`,
      );
      await api.call('POST', `/api/v1/namespaces/${namespace}/serviceaccounts`, { metadata: { name: 'default' } });
    }
  });

  afterAll(async () => {
    await api?.[Symbol.asyncDispose]();
    await directory?.[Symbol.asyncDispose]();
  });

  const pod = (name: string, spec: object = {}, metadata: object = {}) => ({
    metadata: { name, ...metadata },
    spec: { automountServiceAccountToken: false, containers: [{ name: 'a', image: 'x:1' }], ...spec },
  });

  test('plugins are told what the file says', async () => {
    const refused = await api.call('POST', `${DEFAULT}/pods`, pod('a', { hostNetwork: true }));
    expect(refused.body.message).toBe('pods "a" is forbidden: violates PodSecurity "baseline:latest": host namespaces (hostNetwork=true)');
    expect((await api.call('POST', '/api/v1/namespaces/kube-system/pods', pod('a', { hostNetwork: true }))).status).toBe(201);
    const secret = await api.call('POST', `${DEFAULT}/secrets`, { metadata: { name: 's' } });
    expect(secret.body.message).toBe('secrets "s" is forbidden: insufficient quota to consume: count/secrets,secrets');
  });

  test('a plugin that was off is on', async () => {
    const made = await api.call(
      'POST',
      `${DEFAULT}/pods`,
      pod('pulled', { containers: [{ name: 'a', image: 'x:1', imagePullPolicy: 'Never' }] }),
    );
    expect(made.body.spec.containers[0].imagePullPolicy).toBe('Always');
  });

  test('a node keeps to itself', async () => {
    const call = (method: string, path: string, body?: unknown) => api.call(method, path, body, AS_NODE);
    const other = await call('POST', '/api/v1/nodes', { metadata: { name: 'other' } });
    expect([other.status, other.body.message]).toEqual([
      403,
      'nodes "other" is forbidden: node "mine" is not allowed to modify node "other"',
    ]);
    const labelled = await call('POST', '/api/v1/nodes', {
      metadata: { name: 'mine', labels: { 'node-restriction.kubernetes.io/a': 'b' } },
    });
    expect(labelled.body.message).toContain('node "mine" is not allowed to set the following labels: node-restriction.kubernetes.io/a');
    expect((await call('POST', '/api/v1/nodes', { metadata: { name: 'mine' } })).status).toBe(201);

    const bound = await api.call('POST', `${DEFAULT}/pods`, pod('bound', { nodeName: 'mine' }));
    await api.call('POST', `${DEFAULT}/pods`, pod('elsewhere', { nodeName: 'other' }));
    expect((await call('POST', `${DEFAULT}/pods`, pod('new', { nodeName: 'mine' }))).body.message).toContain('can only create mirror pods');
    const evict = (name: string) => call('POST', `${DEFAULT}/pods/${name}/eviction`, { metadata: { name } });
    expect((await evict('elsewhere')).body.message).toBe(
      'pods "elsewhere" is forbidden: node mine can only evict pods with spec.nodeName set to itself',
    );
    expect((await call('DELETE', `${DEFAULT}/pods/elsewhere`)).body.message).toContain(
      'can only delete pods with spec.nodeName set to itself',
    );

    const token = (audiences: readonly string[]) =>
      call('POST', `${DEFAULT}/serviceaccounts/default/token`, {
        spec: { audiences, boundObjectRef: { apiVersion: 'v1', kind: 'Pod', name: 'bound', uid: bound.body.metadata.uid } },
      });
    expect((await token(['somebody'])).body.message).toBe(
      'serviceaccounts "default" is forbidden: audience "somebody" not found in pod spec volume, system:node:mine is not authorized to request tokens for this audience',
    );
  });

  test.each([
    [['--enable-admission-plugins=Nonsense'], /--enable-admission-plugins: admission plugin Nonsense is unknown/],
    [
      ['--enable-admission-plugins=ClusterTrustBundleAttest'],
      /admission plugin ClusterTrustBundleAttest is Kubernetes' own, but there is none here yet/,
    ],
    [['--enable-admission-plugins=ImagePolicyWebhook'], /ImagePolicyWebhook: no config specified/],
    [['--enable-admission-plugins=EventRateLimit'], /EventRateLimit: limits: Invalid value: "": must not be empty/],
    [['--admission-control-config-file=/nowhere.yaml'], /--admission-control-config-file: ENOENT.*\/nowhere.yaml/],
  ])('%j keeps the server from starting', async (args, why) => {
    await expect(startApiServer({ args: ['--ephemeral', ...args] })).rejects.toThrow(why);
  });
});
