import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { agnhostPod, World } from '../conformance/network/world.ts';
import { startCluster, type TestCluster } from '../support/cluster.ts';
import { ROOT } from '../support/sources.ts';

// Two processes with nodes, as on two machines: their pods are on one network.

let cluster: TestCluster;
let world: World;
let other: { end(): Promise<void> };

/** Another process with a node of its own. */
function moreNodes(...args: string[]): { end(): Promise<void> } {
  const kubeconfig = join(cluster.directory, 'kubelet.kubeconfig');
  const argv = [join(ROOT, 'dist/cli/main.js'), 'kubelet-sim', '--kubeconfig', kubeconfig, ...args];
  const child = spawn(process.execPath, argv, { stdio: 'ignore' });
  const ended = once(child, 'exit');
  return {
    end: async () => {
      child.kill('SIGTERM');
      await ended;
    },
  };
}

beforeAll(async () => {
  cluster = await startCluster({ nodes: 2, args: ['--ephemeral'] });
  world = new World(cluster.kubeconfig);
  other = moreNodes('--nodes=1', '--node-start-index=5');
});

afterAll(async () => {
  world?.close();
  await other?.end();
  await cluster?.[Symbol.asyncDispose]();
});

const server = (name: string, nodeName: string) =>
  agnhostPod(name, ['netexec', '--sctp-port=8082'], { labels: { app: name }, spec: { nodeName } });

const addressOf = (node: { status: { addresses: { type: string; address: string }[] } }) =>
  node.status.addresses.find(({ type }) => type === 'InternalIP')?.address ?? '';

it('pods of two processes reach each other, by TCP, UDP and SCTP, by address, service, name and node, as far as policies let them', async () => {
  const w = world;
  await w.until('the node of the other process', async () => (await w.ask('GET', '/api/v1/nodes/node-5')).status === 200);
  const ns = await w.namespace('two-processes');
  const [here, there] = await w.pods(ns, server('here', 'node-0'), server('there', 'node-5'));
  const ports = [
    { name: 'http', port: 80, targetPort: 8080 },
    { name: 'udp', port: 80, targetPort: 8081, protocol: 'UDP' },
    { name: 'sctp', port: 80, targetPort: 8082, protocol: 'SCTP' },
  ];
  const service = await w.create(`${ns}/services`, {
    metadata: { name: 'there' },
    spec: { type: 'NodePort', selector: { app: 'there' }, ports },
  });
  await w.until('an endpoint', async () => (await w.get(`${ns}/endpoints/there`)).subsets?.[0]?.addresses?.length === 1);
  // Each process hears of the other's pods, and of services, a moment later than we do.
  const says = (pod: string, script: string, wanted: string) => w.says({ ns, pod, script, wanted });

  // each sees the other, and the other's own address
  await says('here', `curl -s -m 5 http://${there.status.podIP}:8080/clientip`, `${here.status.podIP}:40000`);
  await says('there', `curl -s -m 5 http://${here.status.podIP}:8080/clientip`, `${there.status.podIP}:40000`);
  await says('there', `printf 'GET /hostname HTTP/1.0\\r\\n\\r\\n' | nc ${here.status.podIP} 8080 | tail -n 1`, 'here');
  const ping = `ping -c 1 ${here.status.podIP} | grep received`;
  await w.until('the ping', async () => (await w.sh(ns, 'there', ping)).stdout.includes('1 packets received'));
  await w.until('the refusal', async () => (await w.reaches(ns, 'there', `${here.status.podIP}:81`)) === 'REFUSED');

  // through a service: by name, by every protocol, on the nodes of either
  await says('here', 'curl -s -m 5 http://there/hostname', 'there');
  await says('here', 'echo hostname | nc -u -w 1 there 80', 'there');
  await says('here', "curl -s 'http://localhost:8080/dial?host=there&port=80&protocol=sctp&request=hostname'", '{"responses":["there"]}');
  for (const node of ['node-1', 'node-5']) {
    const address = addressOf(await w.get(`/api/v1/nodes/${node}`));
    for (const pod of ['here', 'there'])
      await says(pod, `curl -s -m 5 http://${address}:${service.spec.ports[0].nodePort}/hostname`, 'there');
  }

  // a policy counts for those of the other process too, as their labels are now
  const ingress = [{ from: [{ podSelector: { matchLabels: { friend: 'yes' } } }] }];
  await w.create(`/apis/networking.k8s.io/v1/namespaces/${ns.split('/').at(-1)}/networkpolicies`, {
    metadata: { name: 'friends' },
    spec: { podSelector: { matchLabels: { app: 'there' } }, ingress },
  });
  const reachAll = async (ms: number) => {
    const reach = (protocol: string, port: number) => w.reaches(ns, 'here', `${there.status.podIP}:${port}`, { protocol, ms });
    return [await reach('tcp', 8080), await reach('udp', 8081), await reach('sctp', 8082)].join(' ');
  };
  await w.until('the policy', async () => (await reachAll(500)) === 'TIMEOUT TIMEOUT TIMEOUT');
  await w.patch(`${ns}/pods/here`, { metadata: { labels: { friend: 'yes' } } });
  // Who may come is heard in the end, however busy the machine is.
  await w.until('the friend', async () => (await reachAll(5000)) === 'yes yes yes');
});

it('a process that comes back with another certificate is reached again; one that is gone is silent', async () => {
  const w = world;
  const ns = await w.namespace('comes-back');
  const [, there] = await w.pods(ns, server('here', 'node-0'), server('there', 'node-5'));
  const before = (await w.get('/api/v1/nodes/node-5')).metadata.annotations['network.nanokube.io/kubelet-certificate'];
  const reach = async () => await w.reaches(ns, 'here', `${there.status.podIP}:8080`);
  await w.until('the pod', async () => (await reach()) === 'yes');
  await other.end();
  expect(await reach()).toBe('TIMEOUT');
  other = moreNodes('--nodes=1', '--node-start-index=5');
  await w.until(
    'another certificate',
    async () => (await w.get('/api/v1/nodes/node-5')).metadata.annotations['network.nanokube.io/kubelet-certificate'] !== before,
  );
  await w.until('the pod again', async () => (await reach()) === 'yes');
});

it('a pod asks the kubelet of its node, as whoever its token says, for what that one may', async () => {
  const w = world;
  const ns = await w.namespace('kubelet');
  const namespace = ns.split('/').at(-1);
  const [pod] = await w.pods(ns, server('asking', 'node-0'));
  const bearer = '-H "Authorization: Bearer $(cat /var/run/secrets/kubernetes.io/serviceaccount/token)"';
  const ask = async (path: string) =>
    (await w.sh(ns, 'asking', `curl -sk -o /dev/null -w '%{http_code}' ${bearer} https://${pod.status.hostIP}:10250${path}`)).stdout;
  const name = `health-of-nodes-${namespace}`;
  const rbac = '/apis/rbac.authorization.k8s.io/v1';
  await w.create(`${rbac}/clusterroles`, {
    metadata: { name },
    rules: [{ apiGroups: [''], resources: ['nodes/healthz'], verbs: ['get'] }],
  });
  await w.create(`${rbac}/clusterrolebindings`, {
    metadata: { name },
    roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name },
    subjects: [{ kind: 'ServiceAccount', name: 'default', namespace }],
  });
  // A kubelet remembers for a while what somebody may not.
  const user = `system:serviceaccount:${namespace}:default`;
  const spec = { user, resourceAttributes: { verb: 'get', resource: 'nodes', subresource: 'healthz' } };
  const review = () => w.create('/apis/authorization.k8s.io/v1/subjectaccessreviews', { spec });
  await w.until('its right', async () => (await review()).status.allowed === true);
  expect([await ask('/healthz'), await ask('/configz')]).toEqual(['200', '403']);
});
