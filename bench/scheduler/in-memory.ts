import { coreKinds, type Node, type Pod } from '../../api/index.ts';
import { createMetrics, silentLogger, systemClock, systemRandom } from '../../runtime/index.ts';
import { createScheduler } from '../../scheduler/index.ts';
import { type Measured, p99MsOf } from './measure.ts';
import { MemoryApi, type MemoryResource } from './memory-api.ts';
import { beat, heartbeatOf, type Many, nodeOf, podOf, type Workload } from './workload.ts';

/** Runs a workload on the scheduler alone, in this process, on an API server in memory. */
export async function measureInMemory(workload: Workload): Promise<Measured> {
  const api = new MemoryApi();
  const nodes = api.resource<Node>(coreKinds.nodes);
  const pods = api.resource<Pod>(coreKinds.pods);
  for (let i = 0; i < workload.nodes.count; i++) nodes.put(nodeOf(workload.nodes.template, i));
  const metrics = createMetrics();
  const scheduler = createScheduler({
    client: api,
    clock: systemClock,
    random: systemRandom,
    logger: silentLogger,
    metrics,
    leaderElect: false,
  });
  await scheduler.start();
  try {
    for (const many of workload.initPods) await fill(api, pods, many);
    return await measure(workload, { api, nodes, pods, metrics });
  } finally {
    await scheduler.stop();
  }
}

interface Running {
  readonly api: MemoryApi;
  readonly nodes: MemoryResource<Node>;
  readonly pods: MemoryResource<Pod>;
  readonly metrics: ReturnType<typeof createMetrics>;
}

async function measure(workload: Workload, running: Running): Promise<Measured> {
  const { name, goal, churn } = workload;
  const { pods, metrics } = running;
  const metricsBefore = await metrics.text();
  const before = process.cpuUsage();
  const begin = performance.now();
  let churned = 0;
  const timer = churn && setInterval(() => pods.put(pending(churn.template, 1_000_000 + churned++)), churn.intervalMs);
  const count = await work(workload, running);
  const seconds = (performance.now() - begin) / 1000;
  clearInterval(timer);
  const { user, system } = process.cpuUsage(before);
  const p99Ms = p99MsOf(metricsBefore, await metrics.text());
  const residentMb = Math.round(process.memoryUsage().rss / 1024 / 1024);
  return { name, goal, podsPerSecond: count / seconds, cpuUsPerPod: (user + system) / count, p99Ms, residentMb };
}

/** @returns how many pods were bound, or hearts beat. */
async function work({ nodes: { template }, measurePods, heartbeats }: Workload, { api, nodes, pods }: Running): Promise<number> {
  if (heartbeats) {
    const all = nodes.objects.size;
    return await beat(heartbeats, (i) => {
      const node = nodeOf(template, i % all);
      nodes.put({ ...node, status: heartbeatOf(node, i) } as typeof node);
    });
  }
  const { count = 0 } = measurePods ?? {};
  if (measurePods) await fill(api, pods, measurePods);
  return count;
}

const pending = (template: object, i: number) => ({ ...podOf(template, i), status: { phase: 'Pending' } });

async function fill(api: MemoryApi, pods: MemoryResource<Pod>, { count, template }: Many): Promise<void> {
  const first = pods.objects.size;
  for (let i = 0; i < count; i++) pods.put(pending(template, first + i));
  await untilBound(api, pods, { first, count });
}

/** Pods by their numbers. */
interface Numbers {
  readonly first: number;
  readonly count: number;
}

/** How often it is looked whether all are bound. */
const LOOK_MS = 5;
const PATIENCE_MS = 300_000;

async function untilBound(api: MemoryApi, pods: MemoryResource<Pod>, numbers: Numbers): Promise<void> {
  const deadline = performance.now() + PATIENCE_MS;
  const bindings = () => api.requests.get('binding pods') ?? 0;
  // The pods are gone through only when so many have been bound that all of them may be among those.
  const before = bindings();
  while (bindings() - before < numbers.count || boundOf(pods, numbers) < numbers.count) {
    if (performance.now() > deadline) throw new Error(`${boundOf(pods, numbers)} of ${numbers.count} pods are bound`);
    await new Promise((resolve) => setTimeout(resolve, LOOK_MS));
  }
}

function boundOf(pods: MemoryResource<Pod>, { first, count }: Numbers): number {
  let bound = 0;
  for (const { metadata, spec } of pods.objects.values()) {
    const number = Number(metadata.name.slice(metadata.name.lastIndexOf('-') + 1));
    if (spec.nodeName && number >= first && number < first + count) bound++;
  }
  return bound;
}
