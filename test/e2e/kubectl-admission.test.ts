// Limits, quotas and pod security with every kubectl on this machine: what people see of them.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type ApiServerProcess, startApiServerProcess } from '../support/api-server-process.ts';
import { findKubectls, type Kubectl, kubectlOf, needsKubectl } from '../support/cluster.ts';

needsKubectl();

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

/** A namespace that pods can be made in without a controller manager. */
async function namespace(use: Kubectl, name: string): Promise<void> {
  await use('create', 'namespace', name);
  await use('create', 'serviceaccount', 'default', '-n', name);
}

const create = (use: Kubectl, object: object) => use.run(['create', '-f', '-'], { input: JSON.stringify(object) });

const podOf = (namespace: string, name: string, spec: object = {}) => ({
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: { name, namespace },
  spec: { automountServiceAccountToken: false, containers: [{ name: 'a', image: 'x:1' }], ...spec },
});

describe.each(findKubectls())('%s', (binary) => {
  const id = findKubectls().indexOf(binary);

  it('makes a quota, is told of it, and is refused beyond it', async () => {
    const use = kubectlOf(binary, server.kubeconfig);
    const ns = `quota-${id}`;
    await namespace(use, ns);
    await use('create', 'quota', 'q', '--hard=pods=1,limits.cpu=1', '-n', ns);
    // Nobody counts here: what the controller would write.
    const status = { status: { hard: { pods: '1', 'limits.cpu': '1' }, used: { pods: '0', 'limits.cpu': '0' } } };
    await use('patch', 'quota', 'q', '-n', ns, '--subresource=status', '--type=merge', '-p', JSON.stringify(status));
    expect((await create(use, podOf(ns, 'silent'))).stderr).toContain(
      'pods "silent" is forbidden: failed quota: q: must specify limits.cpu for: a',
    );
    const range = { type: 'Container', default: { cpu: '600m' }, max: { cpu: '2' } };
    await create(use, { apiVersion: 'v1', kind: 'LimitRange', metadata: { name: 'l', namespace: ns }, spec: { limits: [range] } });
    expect(await create(use, podOf(ns, 'one'))).toMatchObject({ code: 0, stderr: '' });
    expect(await use('describe', 'quota', 'q', '-n', ns)).toMatch(/limits.cpu\s+600m\s+1\n(?:.*\n)*pods\s+1\s+1/);
    expect((await create(use, podOf(ns, 'two'))).stderr).toContain(
      'pods "two" is forbidden: exceeded quota: q, requested: limits.cpu=600m,pods=1, used: limits.cpu=600m,pods=1, limited: limits.cpu=1,pods=1',
    );
    const greedy = podOf(ns, 'greedy', { containers: [{ name: 'a', image: 'x', resources: { limits: { cpu: '3' } } }] });
    expect((await create(use, greedy)).stderr).toContain('maximum cpu usage per Container is 2, but limit is 3');
  });

  it('is warned of pods beyond the level of their namespace, and refused', async () => {
    const use = kubectlOf(binary, server.kubeconfig);
    const ns = `secure-${id}`;
    await namespace(use, ns);
    await create(use, podOf(ns, 'old', { hostNetwork: true }));
    const label = await use.run(['label', 'namespace', ns, 'pod-security.kubernetes.io/enforce=baseline']);
    expect(label).toMatchObject({ code: 0 });
    expect(label.stderr).toContain(
      `Warning: existing pods in namespace "${ns}" violate the new PodSecurity enforce level "baseline:latest"\nWarning: old: host namespaces`,
    );
    expect((await create(use, podOf(ns, 'new', { hostNetwork: true }))).stderr).toContain(
      'pods "new" is forbidden: violates PodSecurity "baseline:latest": host namespaces (hostNetwork=true)',
    );
    const deployment = await use.run(['create', 'deployment', 'd', '--image=x', '-n', ns, '--dry-run=server']);
    expect(deployment).toMatchObject({ code: 0, stderr: '' });
    const wrong = await use.run(['label', 'namespace', ns, 'pod-security.kubernetes.io/warn=none']);
    expect(wrong.stderr).toContain('metadata.labels[pod-security.kubernetes.io/warn]: Invalid value: "none": must be one of privileged');
    await use('label', 'namespace', ns, 'pod-security.kubernetes.io/warn=restricted');
    const warned = await use.run(['create', 'deployment', 'd', '--image=x', '-n', ns]);
    expect(warned.stderr).toMatch(/^Warning: would violate PodSecurity "restricted:latest": allowPrivilegeEscalation != false/);
  });
});
