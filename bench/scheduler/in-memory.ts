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
    for (const many of workload.initPods) await fill(pods, many);
    return await measure(workload, pods, metrics);
  } finally {
    await scheduler.stop();
  }
}

async function measure(workload: Workload, pods: MemoryResource<Pod>, metrics: ReturnType<typeof createMetrics>): Promise<Measured> {
  const { name, goal, churn, measurePods } = workload;
  const before = process.cpuUsage();
  const begin = performance.now();
  let churned = 0;
  const timer = churn && setInterval(() => pods.put(pending(churn.template, 1_000_000 + churned++)), churn.intervalMs);
  const first = pods.objects.size;
  for (let i = 0; i < measurePods.count; i++) pods.put(pending(measurePods.template, first + i));
  await untilBound(pods, ({ metadata }) => isOf(metadata.name, first, measurePods.count), measurePods.count);
  const seconds = (performance.now() - begin) / 1000;
  clearInterval(timer);
  const { user, system } = process.cpuUsage(before);
  const p99Ms = 1000 * p99Of(await metrics.text(), 'scheduler_scheduling_attempt_duration_seconds');
  const residentMb = Math.round(process.memoryUsage().rss / 1024 / 1024);
  const { count } = measurePods;
  return { name, goal, podsPerSecond: count / seconds, cpuUsPerPod: (user + system) / count, p99Ms, residentMb };
}

const isOf = (name: string, first: number, count: number): boolean => {
  const number = Number(name.slice(name.lastIndexOf('-') + 1));
  return number >= first && number < first + count;
};

const pending = (template: object, i: number) => ({ ...podOf(template, i), status: { phase: 'Pending' } });

async function fill(pods: MemoryResource<Pod>, { count, template, unschedulable }: Many): Promise<void> {
  const first = pods.objects.size;
  for (let i = 0; i < count; i++) pods.put(pending(template, first + i));
  if (unschedulable) await untilTold(pods, first + count);
  else await untilBound(pods, ({ metadata }) => isOf(metadata.name, first, count), count);
}

/** How often it is looked whether all are bound. */
const LOOK_MS = 20;
const PATIENCE_MS = 300_000;

async function untilBound(
  pods: MemoryResource<Pod>,
  counts: (pod: Pod & { metadata: { name: string } }) => boolean,
  wanted: number,
): Promise<void> {
  await until(() => {
    let bound = 0;
    for (const pod of pods.objects.values()) if (pod.spec.nodeName && counts(pod)) bound++;
    return bound >= wanted ? undefined : `${bound} of ${wanted} pods are bound`;
  });
}

async function untilTold(pods: MemoryResource<Pod>, wanted: number): Promise<void> {
  await until(() => {
    const told = [...pods.objects.values()].filter(({ status }) => (status.conditions ?? []).length > 0).length;
    return told >= wanted ? undefined : `${told} of ${wanted} pods are known to find no node`;
  });
}

async function until(missing: () => string | undefined): Promise<void> {
  const deadline = performance.now() + PATIENCE_MS;
  for (let left = missing(); left !== undefined; left = missing()) {
    if (performance.now() > deadline) throw new Error(left);
    await new Promise((resolve) => setTimeout(resolve, LOOK_MS));
  }
}
