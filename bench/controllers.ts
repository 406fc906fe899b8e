// The controllers at work: how fast Deployments' pods run and whether that holds as they grow in number, what the manager takes, how long
// a rolling update and the collection of a namespace take, and what rest costs.
//
//   npm run bench -- controllers [--pods 3000] [--deployments 30] [--rolling 1000] [--objects 10000]
//
// The limits of Kubernetes: --pods 50000 --deployments 500 --rolling 5000.
import { mkdtempSync, rmSync } from 'node:fs';
import { cpus, tmpdir } from 'node:os';
import { join } from 'node:path';
import { appsKinds, type ConfigMap, coreKinds, type Deployment, type Live, type Namespace, type Pod } from '../api/index.ts';
import { createClient, loadKubeconfig } from '../client/index.ts';
import { option, parseOptions, silentLogger, systemClock, systemRandom } from '../runtime/index.ts';
import { type BenchCluster, row, up } from './support/cluster.ts';
import { deployment } from './support/workload.ts';

const { values } = parseOptions(
  {
    pods: option.integer('Pods to run.', 3000, { min: 5 }),
    deployments: option.integer('Deployments they are spread over.', 30, { min: 1 }),
    rolling: option.integer('Pods of the Deployment that is updated.', 1000, { min: 1 }),
    objects: option.integer('Objects of the namespace that is deleted.', 10_000, { min: 1 }),
    'rest-seconds': option.integer('How long rest is measured.', 20, { min: 1 }),
  },
  process.argv.slice(2),
);
const PODS_A_NODE = 110;
const MANAGER = 'controller-manager';
const PARALLEL = 32;
const POLL_MS = 20;

const directory = mkdtempSync(join(tmpdir(), 'nanokube-bench-'));
const nodes = Math.ceil(((values.pods + values.rolling) / PODS_A_NODE) * 1.1) + 1;
const cluster: BenchCluster = await up(directory, nodes);
const environment = { clock: systemClock, random: systemRandom, logger: silentLogger };
const client = createClient({
  ...loadKubeconfig(join(directory, 'admin.kubeconfig')),
  userAgent: 'bench',
  connections: PARALLEL,
  ...environment,
});
const deployments = client.resource<Deployment>(appsKinds.deployments);
const pods = client.resource<Pod>(coreKinds.pods);

const seconds = (ms: number): string => (ms / 1000).toFixed(2);

/** What the manager used of a processor while `work` was done. */
async function measured(work: () => Promise<void>): Promise<{ ms: number; cpuMs: number }> {
  const cpu = cluster.cpuMs(MANAGER);
  const begin = performance.now();
  await work();
  return { ms: performance.now() - begin, cpuMs: cluster.cpuMs(MANAGER) - cpu };
}

/** Calls `onRunning` as pods begin to run, until it says that it has seen enough. */
async function followPods(onRunning: (pod: Live<Pod>) => boolean, begun: () => Promise<void>): Promise<void> {
  const { metadata } = await pods.list({ namespace: 'default', limit: 1 });
  const stop = new AbortController();
  const running = new Set<string>();
  const following = (async () => {
    for await (const event of pods.watch({ namespace: 'default', resourceVersion: metadata.resourceVersion, signal: stop.signal })) {
      if (event.type === 'BOOKMARK' || event.type === 'DELETED') continue;
      const { metadata: of, status } = event.object;
      if (status.phase !== 'Running' || running.has(of.uid)) continue;
      running.add(of.uid);
      if (onRunning(event.object)) return;
    }
  })();
  await begun();
  await following;
  stop.abort();
}

async function wave(): Promise<void> {
  const each = Math.ceil(values.pods / values.deployments);
  const total = each * values.deployments;
  const times: number[] = [];
  const { ms, cpuMs } = await measured(() =>
    followPods(
      () => times.push(performance.now()) >= total,
      async () => {
        for (let i = 0; i < values.deployments; i++) await deployments.create(deployment(`wave-${i}`, each));
      },
    ),
  );
  const fifth = Math.floor(total / 5);
  const rateOf = (part: number): number => {
    const [first = 0, last = 0] = [times[part * fifth], times[(part + 1) * fifth - 1]];
    return Math.round((fifth / (last - first)) * 1000);
  };
  row(`${total} pods of ${values.deployments}, ${nodes} nodes`, `${seconds(ms)} s, ${Math.round((total / ms) * 1000)} pods/s`);
  row('pods/s, fifth by fifth', [0, 1, 2, 3, 4].map(rateOf).join(', '));
  row("manager's share", `${((cpuMs / total) * 1000).toFixed(0)} us of processor a pod, ${Math.round((cpuMs / ms) * 100)} % of a core`);
  row('manager, memory', `${cluster.rssMb(MANAGER).toFixed(0)} MB resident`);
}

async function rest(): Promise<void> {
  await systemClock.sleep(5000);
  const { ms, cpuMs } = await measured(() => systemClock.sleep(values['rest-seconds'] * 1000));
  row(`rest, ${values.pods} pods`, `${((cpuMs / ms) * 100).toFixed(2)} % of a core (manager)`);
}

async function rollingUpdate(): Promise<void> {
  const { rolling } = values;
  let running = 0;
  await followPods(
    ({ metadata }) => metadata.labels?.app === 'rolling' && ++running >= rolling,
    async () => {
      await deployments.create(deployment('rolling', rolling));
    },
  );
  await settled('rolling');
  const { ms, cpuMs } = await measured(async () => {
    const body = { spec: { template: deployment('rolling', rolling, { image: 'nginx:1.28' }).spec.template } };
    await deployments.patch('rolling', body, { namespace: 'default', type: 'merge' });
    await settled('rolling');
  });
  row(
    `rolling update of ${rolling} pods, 25 %`,
    `${seconds(ms)} s, ${Math.round((rolling / ms) * 1000)} pods/s, manager ${seconds(cpuMs)} s`,
  );
}

async function settled(name: string): Promise<void> {
  for (;;) {
    const { metadata, spec, status } = await deployments.get(name, { namespace: 'default' });
    const counts = [status.updatedReplicas, status.availableReplicas, status.replicas];
    if (status.observedGeneration === metadata.generation && counts.every((count) => count === spec.replicas)) return;
    await systemClock.sleep(POLL_MS);
  }
}

async function namespaceCollection(): Promise<void> {
  const namespaces = client.resource<Namespace>(coreKinds.namespaces);
  const configMaps = client.resource<ConfigMap>(coreKinds.configmaps);
  await namespaces.create({ apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'full' }, spec: {}, status: {} });
  const create = async (first: number) => {
    for (let i = first; i < values.objects; i += PARALLEL) {
      const data = { text: 'x'.repeat(200) };
      await configMaps.create({ apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: `object-${i}`, namespace: 'full' }, data });
    }
  };
  await Promise.all(Array.from({ length: PARALLEL }, (_, i) => create(i)));
  const { ms } = await measured(async () => {
    await namespaces.delete('full');
    while ((await namespaces.list({ fieldSelector: 'metadata.name=full' })).items.length > 0) await systemClock.sleep(POLL_MS);
  });
  row(`namespace of ${values.objects} objects`, `collected in ${seconds(ms)} s`);
}

row('machine', `${cpus().length} x ${cpus()[0]?.model ?? 'unknown'}, Node.js ${process.version}`);
await wave();
await rest();
await rollingUpdate();
await namespaceCollection();
await client.close();
await cluster.stop();
rmSync(directory, { recursive: true });
process.exit(0);
