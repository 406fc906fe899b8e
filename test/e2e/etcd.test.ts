import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { findKubectls, kubectlOf, startCluster, type TestCluster } from '../support/cluster.ts';
import { type EtcdMember, findEtcd, NO_ETCD, startEtcd } from '../support/etcd.ts';

const [binary] = findKubectls();

describe.skipIf(!findEtcd() || !binary)(`a cluster that keeps its objects in etcd${findEtcd() ? '' : ` (skipped: ${NO_ETCD})`}`, () => {
  let etcd: EtcdMember;
  let cluster: TestCluster;

  beforeAll(async () => {
    etcd = await startEtcd();
    cluster = await startCluster({ nodes: 2, args: [`--etcd-servers=${etcd.clientUrl}`] });
  });
  afterAll(async () => {
    await cluster?.[Symbol.asyncDispose]();
    await etcd?.[Symbol.asyncDispose]();
  });

  it('is used with kubectl as any other, and goes on after etcd was killed', async () => {
    const kubectl = kubectlOf(binary ?? '', cluster.kubeconfig);
    await kubectl('create', 'deployment', 'web', '--image=nginx', '--replicas=3');
    await kubectl('rollout', 'status', 'deployment/web', '--timeout=110s');
    await kubectl('expose', 'deployment', 'web', '--port=80', '--type=NodePort');
    expect(await kubectl('get', 'service', 'web', '-o', 'jsonpath={.spec.clusterIP} {.spec.ports[0].nodePort}')).toMatch(
      /^10\.96\.\S+ 3\d{4}$/,
    );
    await etcd.kill();
    const { code, stderr } = await kubectl.run(['create', 'configmap', 'lost', '--from-literal=a=b']);
    expect([code, stderr]).toEqual([1, expect.stringContaining('etcd is not available')]);
    await etcd.restart();
    await expect.poll(async () => (await kubectl.run(['get', '--raw', '/readyz'])).stdout).toBe('ok');
    await kubectl('scale', 'deployment/web', '--replicas=5');
    await kubectl('rollout', 'status', 'deployment/web', '--timeout=110s');
    expect((await kubectl('get', 'pods', '-o', 'name')).trim().split('\n')).toHaveLength(5);
    await kubectl('delete', 'deployment/web', 'service/web');
  });
});
