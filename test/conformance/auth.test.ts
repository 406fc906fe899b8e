// What Kubernetes' conformance tests ask of service accounts, reviews and certificates; and that a cluster has nodes to test on.
import { execFile } from 'node:child_process';
import { Agent, request } from 'node:https';
import { promisify } from 'node:util';
import { describe, expect, it } from 'vitest';
import { CERTIFICATE, REQUEST_OF_DEVS } from '../../apiserver/testing/signing-requests.ts';
import { loadKubeconfig } from '../../client/index.ts';
import { type Json, sharedConformance } from '../support/conformance.ts';

const AGNHOST = 'registry.k8s.io/e2e-test-images/agnhost:2.56';
const BUSYBOX = 'registry.k8s.io/e2e-test-images/busybox:1.37.0-1';
const MOUNT = '/var/run/secrets/kubernetes.io/serviceaccount';
const run = promisify(execFile);

const c = sharedConformance({ nodes: 3 });

const core = (ns: string, ...path: string[]) => `/api/v1/namespaces/${ns}/${path.join('/')}`;
const review = (token: string) =>
  c.must('POST', '/apis/authentication.k8s.io/v1/tokenreviews', { spec: { token } }).then(({ status }: Json) => status);

describe('the cluster', () => {
  it('has at least two nodes without taints, and no pod of the system that is not ready', async () => {
    const { items } = await c.get('/api/v1/nodes');
    const fit = items.filter(
      ({ spec, status }: Json) =>
        !spec.unschedulable &&
        (spec.taints ?? []).length === 0 &&
        status.conditions.some(({ type, status: is }: Json) => type === 'Ready' && is === 'True'),
    );
    expect(fit.length).toBeGreaterThanOrEqual(2);
    const pods = (await c.get(core('kube-system', 'pods'))).items;
    expect(pods.filter(({ status }: Json) => status.phase !== 'Running' && status.phase !== 'Succeeded')).toEqual([]);
  });
});

describe.concurrent('service accounts', () => {
  it('are mounted into pods: a good token, the authority and the namespace', async (test) => {
    const { kubectl } = c;
    if (!kubectl) return test.skip('there is no kubectl');
    const ns = await c.namespace('svcaccounts');
    await c.must('POST', core(ns, 'serviceaccounts'), { metadata: { name: 'mount-test' } });
    await c.must('POST', core(ns, 'pods'), {
      metadata: { name: 'pod' },
      spec: {
        serviceAccountName: 'mount-test',
        restartPolicy: 'Never',
        terminationGracePeriodSeconds: 0,
        containers: [{ name: 'test', image: BUSYBOX, command: ['sleep', '100000'] }],
      },
    });
    await c.eventually(core(ns, 'pods', 'pod'), ({ status }) => status.phase === 'Running');
    const file = (name: string) => kubectl('exec', '-n', ns, 'pod', '-c', 'test', '--', 'cat', `${MOUNT}/${name}`);
    const { data } = await c.get(core(ns, 'configmaps', 'kube-root-ca.crt'));
    expect(await file('ca.crt')).toBe(data['ca.crt']);
    expect(await file('namespace')).toBe(ns);
    const token = await file('token');
    const status = await review(token);
    expect([status.authenticated, status.error]).toEqual([true, undefined]);
    expect(status.user.username).toBe(`system:serviceaccount:${ns}:mount-test`);
    expect(status.user.groups).toEqual(
      expect.arrayContaining(['system:authenticated', 'system:serviceaccounts', `system:serviceaccounts:${ns}`]),
    );
    const { spec } = await c.get(core(ns, 'pods', 'pod'));
    expect(status.user.extra['authentication.kubernetes.io/node-name']).toEqual([spec.nodeName]);
  });

  it('are projected into volumes as files that their pods may read, whoever runs and whatever group owns', async () => {
    const ns = await c.namespace('projected-token');
    const path = '/test-volume/token';
    const token = /content of file "\/test-volume\/token": [\w-]+\.[\w-]+\.[\w-]+/;
    const cases = [
      { name: 'user', securityContext: { runAsUser: 1000 }, perms: '-rw-------', owner: [1000, 0] },
      { name: 'group', securityContext: { fsGroup: 10_000 }, perms: '-rw-r-----', owner: [0, 10_000] },
      { name: 'both', securityContext: { runAsUser: 1000, fsGroup: 10_000 }, perms: '-rw-r-----', owner: [1000, 10_000] },
      { name: 'neither', securityContext: {}, perms: '-rw-r--r--', owner: [0, 0] },
    ];
    for (const { name, securityContext, perms, owner } of cases) {
      await c.must('POST', core(ns, 'pods'), {
        metadata: { name },
        spec: {
          restartPolicy: 'Never',
          securityContext,
          containers: [
            {
              name: 'agnhost-container',
              image: AGNHOST,
              args: ['mounttest', `--file_perm=${path}`, `--file_owner=${path}`, `--file_content=${path}`],
              volumeMounts: [{ name: 'test-volume', mountPath: '/test-volume', readOnly: true }],
            },
          ],
          volumes: [{ name: 'test-volume', projected: { sources: [{ serviceAccountToken: { path: 'token', expirationSeconds: 3600 } }] } }],
        },
      });
      await c.eventually(core(ns, 'pods', name), ({ status }) => status.phase === 'Succeeded');
      const log = await c.log(ns, name);
      expect(log).toMatch(token);
      expect(log).toContain(`perms of file "${path}": ${perms}`);
      expect([log.includes(`owner UID of "${path}": ${owner[0]}`), log.includes(`owner GID of "${path}": ${owner[1]}`)]).toEqual([
        true,
        true,
      ]);
    }
  });

  it('may opt out of being mounted, and pods may decide otherwise', async () => {
    const ns = await c.namespace('automount');
    for (const [name, automountServiceAccountToken] of [
      ['mount', true],
      ['nomount', false],
    ] as const)
      await c.must('POST', core(ns, 'serviceaccounts'), { metadata: { name }, automountServiceAccountToken });
    for (const [serviceAccountName, automount, expected] of [
      ['default', undefined, true],
      ['mount', undefined, true],
      ['nomount', undefined, false],
      ['default', true, true],
      ['mount', true, true],
      ['nomount', true, true],
      ['default', false, false],
      ['mount', false, false],
      ['nomount', false, false],
    ] as const) {
      const automountServiceAccountToken = automount === undefined ? {} : { automountServiceAccountToken: automount };
      const { spec } = await c.must('POST', core(ns, 'pods'), {
        metadata: { generateName: 'pod-service-account-' },
        spec: {
          containers: [{ name: 'token-test', image: AGNHOST }],
          restartPolicy: 'Never',
          serviceAccountName,
          ...automountServiceAccountToken,
        },
      });
      const mounts = (spec.containers[0].volumeMounts ?? []).map(({ mountPath }: Json) => mountPath);
      expect([serviceAccountName, automount, mounts.includes(MOUNT)]).toEqual([serviceAccountName, automount, expected]);
    }
  });

  it('are issued by what OpenID clients can look up, from inside a pod', async () => {
    const ns = await c.namespace('oidc');
    await c.must('POST', '/apis/rbac.authorization.k8s.io/v1/clusterrolebindings', {
      metadata: { name: `${ns}-discovery` },
      subjects: [{ kind: 'ServiceAccount', name: 'default', namespace: ns }],
      roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: 'system:service-account-issuer-discovery' },
    });
    const [path, name, audience] = ['/var/run/secrets/tokens', 'sa-token', 'oidc-discovery-test'];
    await c.must('POST', core(ns, 'pods'), {
      metadata: { name: 'oidc-discovery-validator' },
      spec: {
        restartPolicy: 'Never',
        serviceAccountName: 'default',
        containers: [
          {
            name: 'oidc-discovery-validator',
            image: AGNHOST,
            args: ['test-service-account-issuer-discovery', '--token-path', `${path}/${name}`, '--audience', audience],
            volumeMounts: [{ mountPath: path, name, readOnly: true }],
          },
        ],
        volumes: [{ name, projected: { sources: [{ serviceAccountToken: { path: name, expirationSeconds: 600, audience } }] } }],
      },
    });
    const { status } = await c.eventually(core(ns, 'pods', 'oidc-discovery-validator'), (pod) =>
      ['Succeeded', 'Failed'].includes(pod.status.phase),
    );
    const log = await c.log(ns, 'oidc-discovery-validator');
    expect([status.phase, log]).toEqual(['Succeeded', expect.stringContaining('OK: Validated signature on JWT')]);
    expect(log).not.toContain('failed');
  });

  it('serve clients in pods: the API server answers them', async () => {
    const ns = await c.namespace('inclusterclient');
    await c.must('POST', core(ns, 'pods'), {
      metadata: { name: 'inclusterclient' },
      spec: {
        restartPolicy: 'Never',
        containers: [{ name: 'inclusterclient', image: AGNHOST, args: ['inclusterclient', '--poll-interval=1'] }],
      },
    });
    await c.eventually(core(ns, 'pods', 'inclusterclient'), ({ status }) => status.phase === 'Running');
    let log = '';
    while (!/authz_header=[\w-]{43}\n(?:.*\n)*.*authz_header/.test(log)) log = await c.log(ns, 'inclusterclient');
    expect(log).not.toContain('status=failed');
  });

  it('are watched through their life, listed by label everywhere, updated and deleted together', async () => {
    const ns = await c.namespace('sa-life');
    const all = core(ns, 'serviceaccounts');
    const selector = 'labelSelector=test-serviceaccount-static%3Dtrue';
    await c.must('POST', all, { metadata: { name: 'testserviceaccount', labels: { 'test-serviceaccount-static': 'true' } } });
    using seen = await c.watch(`${all}?watch=true&${selector}&timeoutSeconds=180`);
    await seen.next('ADDED');
    await c.patch(`${all}/testserviceaccount`, { automountServiceAccountToken: false }, 'strategic-merge');
    await seen.next('MODIFIED');
    const { items } = await c.get(`/api/v1/serviceaccounts?${selector}`);
    expect(items).toMatchObject([{ metadata: { namespace: ns }, automountServiceAccountToken: false }]);
    const updated = await c.must('PUT', `${all}/testserviceaccount`, { ...items[0], automountServiceAccountToken: true });
    expect(updated.automountServiceAccountToken).toBe(true);
    await c.must('DELETE', all);
    await seen.next('DELETED');
  });

  it('find the authority of the cluster in every namespace, however often it is deleted or changed', async () => {
    const ns = await c.namespace('root-ca');
    const path = core(ns, 'configmaps', 'kube-root-ca.crt');
    const { metadata, data } = await c.get(path);
    await c.must('DELETE', path, { gracePeriodSeconds: 0 });
    await c.eventually(path, (found) => found.metadata.uid !== metadata.uid);
    await c.must('PUT', path, { metadata: { name: 'kube-root-ca.crt' }, data: { 'ca.crt': '' } });
    expect((await c.eventually(path, (found) => found.data['ca.crt'] !== '')).data).toEqual(data);
  });

  it('get tokens that a review finds good, and no Secret of their own', async () => {
    const ns = await c.namespace('sa-token');
    await c.must('POST', core(ns, 'serviceaccounts'), { metadata: { name: 'e2e-sa' } });
    const { status } = await c.must('POST', core(ns, 'serviceaccounts', 'e2e-sa', 'token'), { spec: {} });
    expect(await review(status.token)).toMatchObject({ authenticated: true, user: { username: `system:serviceaccount:${ns}:e2e-sa` } });
    expect((await c.get(core(ns, 'serviceaccounts', 'e2e-sa'))).secrets).toBeUndefined();
    expect((await c.get(core(ns, 'secrets'))).items).toEqual([]);
  });
});

describe.concurrent('reviews', () => {
  it('say of a service account what it may do, as it is found when somebody acts as it', async () => {
    const ns = await c.namespace('subjectreview');
    await c.must('POST', core(ns, 'serviceaccounts'), { metadata: { name: 'e2e' } });
    const user = `system:serviceaccount:${ns}:e2e`;
    const { status } = await c.call('GET', core(ns, 'configmaps'), undefined, { headers: { 'impersonate-user': user } });
    const resourceAttributes = { namespace: ns, verb: 'list', resource: 'configmaps', version: 'v1' };
    const spec = { user, resourceAttributes };
    const everywhere = await c.must('POST', '/apis/authorization.k8s.io/v1/subjectaccessreviews', { spec });
    const here = await c.must('POST', `/apis/authorization.k8s.io/v1/namespaces/${ns}/localsubjectaccessreviews`, {
      metadata: { namespace: ns },
      spec,
    });
    expect([status, everywhere.status.allowed, here.status.allowed]).toEqual([403, false, false]);
  });

  it('say who somebody is, whoever that is', async () => {
    const ns = await c.namespace('selfreview');
    const self = '/apis/authentication.k8s.io/v1/selfsubjectreviews';
    expect((await c.must('POST', self, {})).status.userInfo.groups).toContain('system:authenticated');
    const headers = {
      'impersonate-user': 'jane-doe',
      'impersonate-uid': 'uniq-id',
      'impersonate-group': 'testers',
      'impersonate-extra-scope': 'x',
    };
    const { userInfo } = (await c.must('POST', self, {}, { headers })).status;
    expect(userInfo).toEqual({
      username: 'jane-doe',
      uid: 'uniq-id',
      groups: ['testers', 'system:authenticated'],
      extra: { scope: ['x'] },
    });
    const { status } = await c.must('POST', core(ns, 'serviceaccounts', 'default', 'token'), { spec: {} });
    const own = await c.must('POST', self, {}, { token: status.token });
    expect(own.status.userInfo.username).toBe(`system:serviceaccount:${ns}:default`);
  });
});

describe('certificates', () => {
  it('are approved and issued through subresources of their own', async () => {
    const all = '/apis/certificates.k8s.io/v1/certificatesigningrequests';
    const made = await c.must('POST', all, {
      metadata: { generateName: 'e2e-example-csr-' },
      spec: { request: REQUEST_OF_DEVS, signerName: 'example.com/e2e', usages: ['digital signature', 'key encipherment', 'server auth'] },
    });
    const path = `${all}/${made.metadata.name}`;
    const condition = (type: string) => ({ type, status: 'True', reason: 'E2E', message: 'Set from an e2e test' });
    const patched = await c.patch(`${path}/approval`, {
      metadata: { annotations: { patchedapproval: 'true' } },
      status: { conditions: [condition('ApprovalPatch')] },
    });
    expect(patched.status.conditions).toMatchObject([condition('ApprovalPatch')]);
    expect(patched.metadata.annotations).toEqual({ patchedapproval: 'true' });
    patched.status.conditions.push(condition('Approved'), condition('ApprovalUpdate'));
    expect((await c.must('PUT', `${path}/approval`, patched)).status.conditions).toHaveLength(3);
    const issued = await c.patch(`${path}/status`, {
      metadata: { annotations: { patchedstatus: 'true' } },
      status: { certificate: CERTIFICATE },
    });
    expect(issued.status.certificate).toBe(CERTIFICATE);
    expect(issued.metadata.annotations).toMatchObject({ patchedstatus: 'true' });
    issued.status.conditions.push(condition('StatusUpdate'));
    expect((await c.must('PUT', `${path}/status`, issued)).status.conditions).toHaveLength(4);
  });

  it('that are asked for, approved and signed make a client', async () => {
    const curve = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1'];
    const { stdout } = await run('openssl', ['req', '-new', ...curve, '-nodes', '-keyout', '-', '-subj', '/CN=tester-csr']);
    const [key = '', csr = ''] = stdout.split(/(?=-----BEGIN CERTIFICATE REQUEST)/);
    const all = '/apis/certificates.k8s.io/v1/certificatesigningrequests';
    const made = await c.must('POST', all, {
      metadata: { generateName: 'tester-csr-' },
      spec: {
        request: Buffer.from(csr).toString('base64'),
        signerName: 'kubernetes.io/kube-apiserver-client',
        usages: ['digital signature', 'key encipherment', 'client auth'],
        expirationSeconds: 3600,
      },
    });
    const path = `${all}/${made.metadata.name}`;
    made.status = { conditions: [{ type: 'Approved', status: 'True', reason: 'E2E', message: 'Set from an e2e test' }] };
    await c.must('PUT', `${path}/approval`, made);
    const { status } = await c.eventually(path, (found) => found.status.certificate !== undefined);
    const cert = Buffer.from(status.certificate, 'base64').toString();
    await c.must('POST', '/apis/rbac.authorization.k8s.io/v1/clusterrolebindings', {
      metadata: { name: 'tester-csr' },
      subjects: [{ apiGroup: 'rbac.authorization.k8s.io', kind: 'User', name: 'tester-csr' }],
      roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: 'cluster-admin' },
    });
    const { hostname, port } = new URL(c.cluster.url);
    const { ca = '' } = loadKubeconfig(c.cluster.kubeconfig);
    const agent = new Agent({ ca, cert, key });
    const code = await new Promise((resolve, reject) => {
      request({ hostname, port, path, method: 'DELETE', agent }, (response) => resolve(response.resume().statusCode))
        .on('error', reject)
        .end();
    });
    agent.destroy();
    expect(code).toBe(200);
  });
});
