import { afterAll, beforeAll, expect, it } from 'vitest';
import { agnhostPod, type Thing, World } from '../conformance/network/world.ts';
import { startCluster, type TestCluster } from '../support/cluster.ts';

// A cluster of both families, IPv6 first, as upstream's specs of dual-stack clusters have it (test/e2e/network/dual_stack.go).

const RANGES = ['--service-cluster-ip-range=fd00:10:96::/112,10.96.0.0/16', '--cluster-cidr=fd00:10:244::/56,10.244.0.0/16'];

let cluster: TestCluster;
let world: World;

beforeAll(async () => {
  cluster = await startCluster({ nodes: 2, args: ['--ephemeral', ...RANGES] });
  world = new World(cluster.kubeconfig);
});

afterAll(async () => {
  world?.close();
  await cluster?.[Symbol.asyncDispose]();
});

const ips = (list: { ip: string }[]) => list.map(({ ip }) => ip);

it('nodes and pods have an address of each family, the first one of that of the services', async () => {
  const w = world;
  const node = await w.get('/api/v1/nodes/node-1');
  expect(node.status.addresses.filter(({ type }: Thing) => type === 'InternalIP').map(({ address }: Thing) => address)).toEqual([
    'fd00:172:18::3',
    '172.18.0.3',
  ]);
  const [six, four] = node.spec.podCIDRs;
  expect([six, four]).toEqual([expect.stringMatching(/^fd00:10:244:\w*:*\/64$/), expect.stringMatching(/^10\.244\.\d\.0\/24$/)]);
  const ns = await w.namespace('addresses');
  const own = agnhostPod('own', ['pause'], { spec: { nodeName: 'node-1' } });
  const host = agnhostPod('host', ['pause'], { spec: { nodeName: 'node-1', hostNetwork: true } });
  const [pod, onHost] = await w.pods(ns, own, host);
  const at = Number(pod.status.podIPs[1].ip.split('.')[3]);
  const [first, second] = [six.replace('/64', at.toString(16)), four.replace('0/24', `${at}`)];
  expect([pod.status.podIP, ...ips(pod.status.podIPs)]).toEqual([first, first, second]);
  expect([pod.status.hostIP, ...ips(pod.status.hostIPs)]).toEqual(['fd00:172:18::3', 'fd00:172:18::3', '172.18.0.3']);
  expect([onHost.status.podIP, ...ips(onHost.status.podIPs)]).toEqual(['fd00:172:18::3', 'fd00:172:18::3', '172.18.0.3']);
  expect((await w.sh(ns, 'own', 'grep own /etc/hosts; grep nameserver /etc/resolv.conf')).stdout).toBe(
    `${first}\town\n${second}\town\nnameserver fd00:10:96::a\n`,
  );
});

it('services of either family, or both, have endpoints of theirs, and are reached by each of their addresses', async () => {
  const w = world;
  const ns = await w.namespace('services');
  const server = agnhostPod('server', ['netexec'], { labels: { app: 'server' }, spec: { nodeName: 'node-0' } });
  const client = agnhostPod('client', ['pause'], { spec: { nodeName: 'node-1' } });
  const [pod, other] = await w.pods(ns, server, client);
  const [six, four] = ips(pod.status.podIPs);
  const make = (name: string, spec: object) =>
    w.create(`${ns}/services`, {
      metadata: { name },
      spec: { selector: { app: 'server' }, ports: [{ port: 80, targetPort: 8080 }], ...spec },
    });
  const both = await make('both', { type: 'NodePort', ipFamilyPolicy: 'RequireDualStack' });
  await make('four', { ipFamilies: ['IPv4'] });
  const slices = async (name: string) => {
    const path = `/apis/discovery.k8s.io/v1/namespaces/${ns.split('/').at(-1)}/endpointslices`;
    const { items } = await w.get(`${path}?labelSelector=kubernetes.io/service-name=${name}`);
    return items.map(({ addressType, endpoints }: Thing) => `${addressType} ${endpoints?.map((one: Thing) => one.addresses)}`).sort();
  };
  const told = async (name: string, wanted: string[]) =>
    await w.until(`slices of ${name}`, async () => (await slices(name)).join() === wanted.join());
  await told('both', [`IPv4 ${four}`, `IPv6 ${six}`]);
  await told('four', [`IPv4 ${four}`]);
  await w.until('the endpoints', async () => (await w.get(`${ns}/endpoints/both`)).subsets?.[0]?.addresses?.length === 1);
  expect((await w.get(`${ns}/endpoints/both`)).subsets[0].addresses.map(({ ip }: Thing) => ip)).toEqual([six]);

  const from = async (host: string) => (await w.sh(ns, 'client', `curl -s -g -m 5 http://${host}/clientip`)).stdout;
  const [own6, own4] = ips(other.status.podIPs);
  const [seen6, seen4] = [`[${own6}]:40000`, `${own4}:40000`];
  const nodePort = both.spec.ports[0].nodePort;
  const asked: [string, string][] = [
    [`[${six}]:8080`, seen6],
    [`${four}:8080`, seen4],
    [`[${both.spec.clusterIPs[0]}]`, seen6],
    [both.spec.clusterIPs[1], seen4],
    ['four', seen4],
    [`[fd00:172:18::2]:${nodePort}`, seen6],
    [`172.18.0.3:${nodePort}`, seen4],
  ];
  // What nodes and the server know of a service comes to them a moment later.
  for (const [host, seen] of asked) await expect.poll(() => from(host), { message: host }).toBe(seen);
  const dig = async (type: string) => (await w.sh(ns, 'client', `dig +short +search both ${type}`)).stdout.trim();
  await expect.poll(async () => [await dig('AAAA'), await dig('A')]).toEqual(both.spec.clusterIPs);
  for (const what of ['services/both:80', 'pods/server:8080'])
    await expect.poll(async () => (await w.ask('GET', `${ns}/${what}/proxy/hostname`)).text).toBe('server');
});
