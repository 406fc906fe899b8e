/**
 * Budgets, cron jobs and the Jobs they start, under a manager that is killed at any instant, watches that lag and break, and requests that are
 * refused or whose answers get lost, on a virtual clock: however hard somebody evicts, no budget is broken on the way; no time has two
 * Jobs; and at rest nobody writes. One round; twenty with NANOKUBE_LONG_RUN=1.
 */
import { expect, test } from 'vitest';
import {
  ApiError,
  appsKinds,
  batchKinds,
  type CronJob,
  coreKinds,
  type Deployment,
  type Job,
  type Live,
  type Pod,
  type PodDisruptionBudget,
  policyKinds,
} from '../../api/index.ts';
import { createInformerFactory } from '../../client/index.ts';
import { seededRandom, silentLogger } from '../../runtime/index.ts';
import { seedOf, times } from '../support/long-run.ts';
import { WorkloadWorld } from '../support/workload-world.ts';

const ROUNDS = times(1, 20);
const STEPS = 150;
const MINUTE = 60_000;
const REST_MS_MAX = 10 * MINUTE;
const QUIET_MS = 2 * MINUTE;
const CHAOS = { refused: 60, lost: 15, broken: 60, lagMsMax: 400 };
const NAMESPACE = 'default';
const REPLICAS = 5;
/** What has to be ready of the pods of each label, and what the budget says of it. */
const BUDGETS = new Map([
  ['some', { least: 3, spec: { minAvailable: 3 } }],
  ['most', { least: 4, spec: { maxUnavailable: '20%' } }],
  ['share', { least: 3, spec: { minAvailable: '60%' } }],
]);

for (let round = 0; round < ROUNDS; round++) {
  const seed = seedOf(20_261_107) + round;
  test(`budgets hold and times have one Job, whatever happens (seed ${seed})`, { timeout: 600_000 }, async () => {
    const random = seededRandom(seed);
    await using world = await WorkloadWorld.start(random);
    const stop = new AbortController();
    const names = watchJobs(world, stop.signal);
    await create(world);
    await rest(world);
    const broken = watchBudgets(world);
    world.faults = CHAOS;
    let evicted = 0;
    for (let step = 0; step < STEPS; step++) {
      evicted += await evictOne(world);
      await world.pass(random.integer(1500));
      if (random.integer(15) === 0) await world.restartManager();
    }
    await rest(world);
    expect(broken()).toEqual([]);
    expect(evicted).toBeGreaterThan(STEPS / 10);
    stop.abort();
    expect(names.length).toBeGreaterThan(1);
    expect(new Set(names).size).toBe(names.length);
    await world.client.resource<CronJob>(batchKinds.cronjobs).delete('tick', { namespace: NAMESPACE });
    await world.pass(30_000);
    const before = world.writes.length;
    await world.pass(QUIET_MS);
    expect(world.writes.slice(before), 'writes at rest').toEqual([]);
  });
}

async function create(world: WorkloadWorld): Promise<void> {
  const { client } = world;
  for (const [app, { spec }] of BUDGETS) {
    const selector = { matchLabels: { app } };
    const template = { metadata: { labels: { app } }, spec: { containers: [{ name: 'app', image: 'app:1', resources: {} }] } };
    const metadata = { name: app, namespace: NAMESPACE };
    await client.resource<Deployment>(appsKinds.deployments).create({ metadata, spec: { replicas: REPLICAS, selector, template } });
    await client.resource<PodDisruptionBudget>(policyKinds.poddisruptionbudgets).create({ metadata, spec: { selector, ...spec } });
  }
  const template = { spec: { restartPolicy: 'Never', containers: [{ name: 'app', image: 'app:1', resources: {} }] } };
  const jobTemplate = { spec: { completions: 0, template } };
  await client
    .resource<CronJob>(batchKinds.cronjobs)
    .create({ metadata: { name: 'tick', namespace: NAMESPACE }, spec: { schedule: '* * * * *', jobTemplate } });
}

/** Lets everything come to what is asked for. */
async function rest(world: WorkloadWorld): Promise<void> {
  await world.makePeace();
  const end = world.clock.now() + REST_MS_MAX;
  let missing = await unrest(world);
  while (missing.length > 0 && world.clock.now() < end) {
    await world.pass(1000);
    missing = await unrest(world);
  }
  expect(missing).toEqual([]);
}

/** What is not yet as it should be. */
async function unrest(world: WorkloadWorld): Promise<string[]> {
  const missing: string[] = [];
  for (const { metadata, status } of await world.list<PodDisruptionBudget>(policyKinds.poddisruptionbudgets)) {
    const own = BUDGETS.get(metadata.name);
    if (!own) continue;
    const allowed = REPLICAS - own.least;
    const isWhole = status.currentHealthy === REPLICAS && status.disruptionsAllowed === allowed && !status.disruptedPods;
    if (!isWhole) missing.push(`budget ${metadata.name} is ${JSON.stringify(status)}`);
  }
  for (const { metadata, status } of await world.list<Job>(batchKinds.jobs)) {
    if (!status.completionTime) missing.push(`job ${metadata.name} is ${JSON.stringify(status)}`);
  }
  const [cronJob] = await world.list<CronJob>(batchKinds.cronjobs);
  if (cronJob?.status.active) missing.push(`cron job has ${JSON.stringify(cronJob.status.active)}`);
  const late = world.clock.now() - Date.parse(cronJob?.status.lastScheduleTime ?? '');
  if (late > MINUTE + 5000) missing.push(`cron job last ran ${late} ms ago`);
  const jobs = await world.list<Job>(batchKinds.jobs);
  if (jobs.length > 4) missing.push(`there are ${jobs.length} jobs`);
  return missing;
}

/** @returns how many pods that were ready it evicted. */
async function evictOne(world: WorkloadWorld): Promise<number> {
  const pods = world.kubelet.pods.list(NAMESPACE).filter(({ metadata }) => BUDGETS.has(metadata.labels?.app ?? ''));
  const pod = pods[world.random.integer(Math.max(1, pods.length))];
  if (!pod) return 0;
  const { name } = pod.metadata;
  const body = { apiVersion: 'policy/v1', kind: 'Eviction', metadata: { name, namespace: NAMESPACE } };
  try {
    await world.client.resource<Pod>(coreKinds.pods).createSubresource(name, 'eviction', body, { namespace: NAMESPACE });
    return isReady(pod) ? 1 : 0;
  } catch (error) {
    if (!(error instanceof ApiError) || ![404, 409, 429].includes(error.code)) throw error;
    return 0;
  }
}

const isReady = ({ metadata, status }: Live<Pod>): boolean =>
  !metadata.deletionTimestamp && status.conditions?.some(({ type, status: is }) => type === 'Ready' && is === 'True') === true;

/** @returns what tells which budgets were broken. */
function watchBudgets(world: WorkloadWorld): () => string[] {
  const broken = new Set<string>();
  const check = () => {
    for (const [app, { least }] of BUDGETS) {
      const ready = world.kubelet.pods.list(NAMESPACE).filter((pod) => pod.metadata.labels?.app === app && isReady(pod)).length;
      if (ready < least) broken.add(`${app} had ${ready} ready pods, fewer than ${least}`);
    }
  };
  world.kubelet.pods.addHandler({ onAdd: check, onUpdate: check, onDelete: check });
  return () => [...broken];
}

/** @returns the names of the Jobs that were made so far, each as often as it was. */
function watchJobs({ client, clock, random }: WorkloadWorld, signal: AbortSignal): readonly string[] {
  const names: string[] = [];
  const factory = createInformerFactory({ client, clock, random: seededRandom(random.integer(2 ** 31)), logger: silentLogger });
  factory.informer<Job>(batchKinds.jobs).addHandler({ onAdd: ({ metadata }) => names.push(metadata.name) });
  factory.start(signal);
  return names;
}
