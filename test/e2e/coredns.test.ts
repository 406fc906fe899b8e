import { afterAll, beforeAll, expect, it } from 'vitest';
import { agnhostPod, type Thing, World } from '../conformance/network/world.ts';
import { startCluster, type TestCluster } from '../support/cluster.ts';

// What `up --addons coredns` makes, and that names depend on it.

let cluster: TestCluster;
let world: World;

beforeAll(async () => {
  cluster = await startCluster({ nodes: 2, args: ['--ephemeral', '--addons=coredns'] });
  world = new World(cluster.kubeconfig);
});

afterAll(async () => {
  world?.close();
  await cluster?.[Symbol.asyncDispose]();
});

const DEPLOYMENT = '/apis/apps/v1/namespaces/kube-system/deployments/coredns';

it('CoreDNS runs as kubeadm has it, behind the address that pods ask', async () => {
  const w = world;
  await w.until('CoreDNS', async () => (await w.get(DEPLOYMENT)).status.readyReplicas === 2);
  const service = await w.get('/api/v1/namespaces/kube-system/services/kube-dns');
  expect(service.spec).toMatchObject({ clusterIP: '10.96.0.10', selector: { 'k8s-app': 'kube-dns' } });
  expect(service.spec.ports.map(({ name, port, protocol }: Thing) => `${name} ${port}/${protocol}`)).toEqual([
    'dns 53/UDP',
    'dns-tcp 53/TCP',
    'metrics 9153/TCP',
  ]);
  const { items } = await w.get('/api/v1/namespaces/kube-system/pods?labelSelector=k8s-app=kube-dns');
  expect(items.map(({ spec }: Thing) => spec.priorityClassName)).toEqual(['system-cluster-critical', 'system-cluster-critical']);
  expect(new Set(items.map(({ spec }: Thing) => spec.nodeName)).size).toBe(2);
});

it('without a pod of CoreDNS names are not resolved', async () => {
  const w = world;
  const ns = await w.namespace('names');
  await w.pods(ns, agnhostPod('client', ['pause']));
  const ask = async () => (await w.sh(ns, 'client', 'nslookup kubernetes.default')).stdout;
  await w.until('an answer', async () => (await ask()).includes('Address: 10.96.0.1\n'));
  await w.object('PATCH', `${DEPLOYMENT}/scale`, { spec: { replicas: 0 } }, 'application/merge-patch+json');
  await w.until('no answer', async () => (await ask()).includes('no servers could be reached'));
});
