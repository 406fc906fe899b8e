// The simulated nodes: how soon many are Ready, what they and idle pods take up, how fast pods start, what heartbeats cost, logs that many follow, exec.
//
//   npm run bench -- kubelet [--nodes 5000] [--pods 10000] [--containers 1] [--hold 1m] [--followers 100] [--rate 1000]
import { mkdtempSync, rmSync } from 'node:fs';
import { cpus, loadavg, tmpdir } from 'node:os';
import { join } from 'node:path';
import { WebSocket } from 'ws';
import { coordinationKinds, coreKinds, type Draft, type Lease, type Node, type Pod } from '../api/index.ts';
import { type ApiClient, createClient, loadKubeconfig } from '../client/index.ts';
import { option, parseOptions, silentLogger, systemClock, systemRandom } from '../runtime/index.ts';
import { type BenchCluster, row, up } from './support/cluster.ts';

const { values } = parseOptions(
  {
    nodes: option.integer('Nodes.', 5000, { min: 1, max: 5000 }),
    pods: option.integer('Idle pods.', 10_000, { min: 0 }),
    containers: option.integer('Containers of an idle pod.', 1, { min: 1 }),
    hold: option.duration('How long heartbeats are watched.', 60_000),
    followers: option.integer('Pods whose log is followed.', 100, { min: 0 }),
    rate: option.integer('Lines a second each of them writes.', 1000, { min: 1 }),
    'log-seconds': option.integer('How long they write.', 10, { min: 1 }),
    execs: option.integer('Commands that are run, one after the other.', 200, { min: 0 }),
  },
  process.argv.slice(2),
);

/** Requests of one kind under way at once. */
const PARALLEL = 64;

const seconds = (ms: number): string => `${(ms / 1000).toFixed(1)} s`;

/** Does something so many times, several at once. */
async function many(count: number, work: (i: number) => Promise<unknown>): Promise<void> {
  let next = 0;
  const worker = async () => {
    for (let i = next++; i < count; i = next++) await work(i);
  };
  await Promise.all(Array.from({ length: PARALLEL }, worker));
}

const aPod = (name: string, node: number, annotations: Record<string, string> = {}): Draft<Pod> => ({
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: { name, namespace: 'default', annotations },
  spec: {
    nodeName: `node-${node % values.nodes}`,
    terminationGracePeriodSeconds: 0,
    containers: Array.from({ length: values.containers }, (_, i) => ({
      name: `c${i}`,
      // Two servers of one pod would want the same port.
      image: i === 0 ? 'nginx:1.27' : 'registry.k8s.io/pause:3.10',
      resources: { requests: { cpu: '10m', memory: '16Mi' } },
    })),
  },
});

async function idlePods(client: ApiClient, cluster: BenchCluster): Promise<void> {
  const pods = client.resource<Pod>(coreKinds.pods);
  const before = { rss: cluster.rssMb('kubelet-sim'), cpu: cluster.cpuMs('kubelet-sim') };
  const { metadata } = await pods.list({ namespace: 'default', limit: 1 });
  const begin = performance.now();
  const running = new Set<string>();
  const stop = new AbortController();
  const all = (async () => {
    for await (const event of pods.watch({ namespace: 'default', resourceVersion: metadata.resourceVersion, signal: stop.signal })) {
      if (event.type === 'MODIFIED' && event.object.status.phase === 'Running') running.add(event.object.metadata.uid);
      if (running.size === values.pods) return;
    }
  })();
  await many(values.pods, (i) => pods.create(aPod(`idle-${i}`, i)));
  await all;
  const took = performance.now() - begin;
  stop.abort();
  const cpu = cluster.cpuMs('kubelet-sim') - before.cpu;
  row(
    `${values.pods} idle pods`,
    `${Math.round((values.pods * 1000) / took)} pods/s, ${seconds(took)}; kubelet-sim ${(cpu / values.pods).toFixed(2)} ms of processor each`,
  );
  await systemClock.sleep(5000);
  const rss = cluster.rssMb('kubelet-sim');
  row('memory of kubelet-sim', `${rss.toFixed(0)} MB, ${(((rss - before.rss) * 1024) / values.pods).toFixed(1)} KB a pod`);
}

async function heartbeats(client: ApiClient, cluster: BenchCluster): Promise<void> {
  const before = cluster.cpuMs('kubelet-sim');
  const leases = client.resource<Lease>(coordinationKinds.leases);
  const nodes = client.resource<Node>(coreKinds.nodes);
  let oldestMs = 0;
  let notReady = 0;
  for (const end = performance.now() + values.hold; performance.now() < end; await systemClock.sleep(10_000)) {
    const now = systemClock.now();
    for (const { spec } of (await leases.list({ namespace: 'kube-node-lease' })).items)
      oldestMs = Math.max(oldestMs, now - Date.parse(spec?.renewTime ?? ''));
    const all = (await nodes.list()).items;
    notReady += all.filter(({ status }) => !status?.conditions?.some(({ type, status: is }) => type === 'Ready' && is === 'True')).length;
  }
  const share = ((cluster.cpuMs('kubelet-sim') - before) / values.hold) * 100;
  row(
    `held for ${seconds(values.hold)}`,
    `NotReady ${notReady} times, oldest lease ${seconds(oldestMs)}, kubelet-sim ${share.toFixed(0)} % of a processor`,
  );
}

async function logs(client: ApiClient): Promise<void> {
  const pods = client.resource<Pod>(coreKinds.pods);
  const line = 'a line of some length, as programs write them';
  const lines = values.rate * values['log-seconds'];
  const annotations = { 'simulation.nanokube.io/log-line': line, 'simulation.nanokube.io/log-rate': String(values.rate) };
  await many(values.followers, (i) => pods.create(aPod(`log-${i}`, i, annotations)));
  while ((await pods.list({ namespace: 'default', fieldSelector: 'status.phase!=Running', limit: 1 })).items.length > 0)
    await systemClock.sleep(200);
  const begin = performance.now();
  const follow = async (i: number): Promise<number> => {
    let count = 0;
    for await (const chunk of await client.stream(`/api/v1/namespaces/default/pods/log-${i}/log`, {
      query: { follow: true },
      idleMsMax: 30_000,
    })) {
      for (const byte of chunk) if (byte === 10) count++;
      if (count >= lines) return count;
    }
    return count;
  };
  const counts = await Promise.all(Array.from({ length: values.followers }, (_, i) => follow(i)));
  const took = performance.now() - begin;
  const lost = counts.filter((count) => count < lines).length;
  row(
    `${values.followers} logs followed`,
    `${Math.round(counts.reduce((sum, count) => sum + count, 0) / (took / 1000))} lines/s, ${lost} cut short`,
  );
  await many(values.followers, (i) => pods.delete(`log-${i}`, { namespace: 'default', gracePeriodSeconds: 0 }));
}

async function execs(directory: string): Promise<void> {
  const { server, ca, cert, key } = loadKubeconfig(join(directory, 'admin.kubeconfig'));
  const url = `${server.replace(/^http/, 'ws')}/api/v1/namespaces/default/pods/exec-0/exec?container=c0&command=true&stdout=true&stderr=true`;
  const times: number[] = [];
  for (let i = 0; i < values.execs; i++) {
    const begin = performance.now();
    const socket = new WebSocket(url, ['v5.channel.k8s.io'], { ca, cert, key });
    await new Promise<void>((resolve, reject) => socket.on('error', reject).on('close', () => resolve()));
    times.push(performance.now() - begin);
  }
  times.sort((a, b) => a - b);
  const at = (share: number) => (times[Math.floor(times.length * share)] ?? 0).toFixed(1);
  row(`${values.execs} execs, with their connections`, `p50 ${at(0.5)} ms, p99 ${at(0.99)} ms`);
}

const directory = mkdtempSync(join(tmpdir(), 'nanokube-bench-'));
row('machine', `${cpus().length} x ${cpus()[0]?.model ?? 'unknown'}, Node.js ${process.version}, load ${loadavg()[0]?.toFixed(1)}`);
const cluster = await up(directory, values.nodes);
row(`${values.nodes} nodes Ready`, seconds(cluster.readyMs));
row('memory of kubelet-sim', `${cluster.rssMb('kubelet-sim').toFixed(0)} MB`);
const environment = { clock: systemClock, random: systemRandom, logger: silentLogger };
const client = createClient({ ...loadKubeconfig(join(directory, 'admin.kubeconfig')), userAgent: 'bench', ...environment });
await heartbeats(client, cluster);
if (values.pods > 0) await idlePods(client, cluster);
if (values.followers > 0) await logs(client);
if (values.execs > 0) {
  await client.resource<Pod>(coreKinds.pods).create(aPod('exec-0', 0));
  await systemClock.sleep(3000);
  await execs(directory);
}
await client.close();
await cluster.stop();
rmSync(directory, { recursive: true });
process.exit(0);
