// Storage and certificates with every kubectl on this machine: what is asked for, decided, shown and refused.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { REQUEST_OF_DEVS } from '../../apiserver/testing/signing-requests.ts';
import { type ApiServerProcess, startApiServerProcess } from '../support/api-server-process.ts';
import { findKubectls, type Kubectl, kubectlOf } from '../support/cluster.ts';

let directory: string;
let server: ApiServerProcess;

beforeAll(async () => {
  directory = mkdtempSync(join(tmpdir(), 'nanokube-test-'));
  server = await startApiServerProcess(directory);
});

afterAll(async () => {
  await server?.[Symbol.asyncDispose]();
  rmSync(directory, { recursive: true, force: true });
});

const request = (name: string, signerName: string) => ({
  apiVersion: 'certificates.k8s.io/v1',
  kind: 'CertificateSigningRequest',
  metadata: { name },
  spec: { request: REQUEST_OF_DEVS, signerName, usages: ['client auth'] },
});

async function create(use: Kubectl, ...objects: readonly object[]): Promise<void> {
  for (const object of objects) {
    const { code, stderr } = await use.run(['create', '-f', '-'], { input: JSON.stringify(object) });
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
  }
}

describe.each(findKubectls())('%s', (binary) => {
  const id = findKubectls().indexOf(binary);

  it('approves and denies requests for certificates, as far as one may', async () => {
    const use = kubectlOf(binary, server.kubeconfig);
    const [mine, other, denied] = [`mine-${id}`, `other-${id}`, `denied-${id}`];
    await create(use, request(mine, 'example.com/a'), request(other, 'other.com/b'), request(denied, 'example.com/a'));
    const rights = [
      { apiGroups: ['certificates.k8s.io'], resources: ['certificatesigningrequests'], verbs: ['get'] },
      { apiGroups: ['certificates.k8s.io'], resources: ['certificatesigningrequests/approval'], verbs: ['update'] },
      { apiGroups: ['certificates.k8s.io'], resources: ['signers'], resourceNames: ['example.com/*'], verbs: ['approve'] },
    ];
    const rbac = { apiVersion: 'rbac.authorization.k8s.io/v1', metadata: { name: `approver-${id}` } };
    const roleRef = { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: `approver-${id}` };
    const subjects = [{ apiGroup: 'rbac.authorization.k8s.io', kind: 'User', name: `approver-${id}` }];
    await create(use, { ...rbac, kind: 'ClusterRole', rules: rights }, { ...rbac, kind: 'ClusterRoleBinding', roleRef, subjects });

    const as = (...args: readonly string[]) => use.run([...args, `--as=approver-${id}`]);
    expect(await as('certificate', 'approve', mine)).toMatchObject({ code: 0, stderr: '' });
    expect(await as('certificate', 'deny', denied)).toMatchObject({ code: 0, stderr: '' });
    const refused = await as('certificate', 'approve', other);
    expect(refused.code).toBe(1);
    expect(refused.stderr).toContain('is forbidden: user not permitted to approve requests with signerName "other.com/b"');
    const rows = (await use('get', 'csr', mine, other, denied, '--no-headers')).trim().split('\n');
    expect(rows.map((line) => line.trim().split(/\s+/).toSpliced(1, 1))).toEqual([
      [mine, 'example.com/a', 'kubernetes-admin', '<none>', 'Approved'],
      [other, 'other.com/b', 'kubernetes-admin', '<none>', 'Pending'],
      [denied, 'example.com/a', 'kubernetes-admin', '<none>', 'Denied'],
    ]);
  });

  it('shows volumes and claims, and does not delete them under their users', async () => {
    const use = kubectlOf(binary, server.kubeconfig);
    const capacity = { storage: '2Gi' };
    const spec = { capacity, accessModes: ['ReadWriteOnce'], storageClassName: 'manual', hostPath: { path: '/data' } };
    await create(use, { apiVersion: 'v1', kind: 'PersistentVolume', metadata: { name: `volume-${id}` }, spec });
    const claim = { storageClassName: 'manual', accessModes: ['ReadWriteOnce'], resources: { requests: { storage: '1Gi' } } };
    await create(use, { apiVersion: 'v1', kind: 'PersistentVolumeClaim', metadata: { name: `claim-${id}` }, spec: claim });
    expect(await use('get', 'pv', `volume-${id}`, '--no-headers')).toMatch(/2Gi +RWO +Retain +Pending +manual/);
    expect(await use('delete', 'pvc', `claim-${id}`, '--wait=false')).toContain('deleted');
    expect(await use('get', 'pvc', `claim-${id}`, '--no-headers')).toMatch(/Terminating +manual/);
    await use('patch', 'pvc', `claim-${id}`, '--type=json', '-p', '[{"op":"remove","path":"/metadata/finalizers"}]');
    expect((await use.run(['get', 'pvc', `claim-${id}`])).stderr).toContain('not found');
  });
});
