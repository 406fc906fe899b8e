import { coreKinds, type Node, type Pod } from '../../api/index.ts';
import { createMetrics, silentLogger, systemClock, systemRandom } from '../../runtime/index.ts';
import { createScheduler } from '../../scheduler/index.ts';
import { type Measured, p99Of } from './measure.ts';
import { MemoryApi, type MemoryResource } from './memory-api.ts';
import { type Many, nodeOf, podOf, type Workload } from './workload.ts';

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
    return await measure(workload, { api, pods, metrics });
  } finally {
    await scheduler.stop();
  }
}

interface Running {
  readonly api: MemoryApi;
  readonly pods: MemoryResource<Pod>;
  readonly metrics: ReturnType<typeof createMetrics>;
}

async function measure(workload: Workload, { api, pods, metrics }: Running): Promise<Measured> {
  const { name, goal, churn, measurePods } = workload;
  const before = process.cpuUsage();
  const begin = performance.now();
  let churned = 0;
  const timer = churn && setInterval(() => pods.put(pending(churn.template, 1_000_000 + churned++)), churn.intervalMs);
  const first = pods.objects.size;
  for (let i = 0; i < measurePods.count; i++) pods.put(pending(measurePods.template, first + i));
  await untilBound(api, pods, { first, count: measurePods.count });
  const seconds = (performance.now() - begin) / 1000;
  clearInterval(timer);
  const { user, system } = process.cpuUsage(before);
  const p99Ms = 1000 * p99Of(await metrics.text(), 'scheduler_scheduling_attempt_duration_seconds');
  const residentMb = Math.round(process.memoryUsage().rss / 1024 / 1024);
  const { count } = measurePods;
  return { name, goal, podsPerSecond: count / seconds, cpuUsPerPod: (user + system) / count, p99Ms, residentMb };
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
