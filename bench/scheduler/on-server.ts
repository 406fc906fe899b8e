import { fork } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { coreKinds, type Pod } from '../../api/index.ts';
import { createClient, createInformerFactory, type Informer } from '../../client/index.ts';
import { silentLogger, systemClock, systemRandom } from '../../runtime/index.ts';
import { type BenchServer, parallel, startServer } from '../support/server.ts';
import { type Measured, p99Of } from './measure.ts';
import { type Many, nodeOf, podOf, type Workload } from './workload.ts';

const CONNECTIONS = 32;

/** Runs a workload with an API server and a scheduler that are processes of their own. */
export async function measureOnServer(workload: Workload): Promise<Measured> {
  const server = await startServer(CONNECTIONS);
  const directory = mkdtempSync(join(tmpdir(), 'nanokube-bench-scheduler-'));
  const stop = new AbortController();
  const token = server.headers.authorization?.replace('Bearer ', '') ?? '';
  const client = createClient({ server: server.url, token, insecureSkipTlsVerify: true, userAgent: 'bench' });
  try {
    await prepare(server, workload);
    const informers = createInformerFactory({ client, clock: systemClock, random: systemRandom, logger: silentLogger });
    const pods = informers.informer<Pod>(coreKinds.pods);
    informers.start(stop.signal);
    await informers.waitForSync(stop.signal);
    const scheduler = await startScheduler(directory, server.url, token);
    try {
      for (const many of workload.initPods) await fill(server, pods, many);
      return await measure(workload, { server, pods, scheduler });
    } finally {
      await scheduler.stop();
    }
  } finally {
    stop.abort(new Error('the workload is done'));
    await client.close();
    await server.stop();
    rmSync(directory, { recursive: true, force: true });
  }
}

async function prepare(server: BenchServer, { nodes }: Workload): Promise<void> {
  await server.request('POST', '/api/v1/namespaces', { metadata: { name: 'bench' } });
  await server.request('POST', '/api/v1/namespaces/bench/serviceaccounts', { metadata: { name: 'default' } });
  await server.request('POST', '/apis/scheduling.k8s.io/v1/priorityclasses', { metadata: { name: 'bench-high' }, value: 10 });
  await parallel(nodes.count, CONNECTIONS, async (i) => {
    const node = nodeOf(nodes.template, i);
    await server.request('POST', '/api/v1/nodes', node);
    // Admission keeps new nodes out until their controller has looked at them; there is none here.
    await server.request('PATCH', `/api/v1/nodes/${node.metadata.name}`, { spec: { taints: null } });
  });
}

interface SchedulerProcess {
  cpuUs(): number;
  residentMb(): number;
  metrics(): Promise<string>;
  stop(): Promise<void>;
}

async function startScheduler(directory: string, server: string, token: string): Promise<SchedulerProcess> {
  const kubeconfig = join(directory, 'kubeconfig');
  writeFileSync(
    kubeconfig,
    JSON.stringify({
      apiVersion: 'v1',
      kind: 'Config',
      clusters: [{ name: 'bench', cluster: { server, 'insecure-skip-tls-verify': true } }],
      users: [{ name: 'bench', user: { token } }],
      contexts: [{ name: 'bench', context: { cluster: 'bench', user: 'bench' } }],
      'current-context': 'bench',
    }),
  );
  const port = await freePort();
  const command = join(import.meta.dirname, '..', '..', 'cli', 'main.js');
  const flags = [
    '--kubeconfig',
    kubeconfig,
    '--leader-elect=false',
    '--secure-port',
    '0',
    '--healthz-port',
    String(port),
    '--log-level',
    'error',
  ];
  const child = fork(command, ['scheduler', ...flags], { stdio: ['ignore', 'ignore', 'inherit', 'ipc'] });
  await once(child, 'message');
  const stat = () => readFileSync(`/proc/${child.pid}/stat`, 'utf8').split(') ')[1]?.split(' ') ?? [];
  return {
    cpuUs: () => (Number(stat()[11]) + Number(stat()[12])) * 10_000,
    residentMb: () => Math.round(Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${child.pid}/status`, 'utf8'))?.[1]) / 1024),
    metrics: async () => (await fetch(`http://127.0.0.1:${port}/metrics`)).text(),
    stop: async () => {
      child.kill('SIGTERM');
      if (child.exitCode === null) await once(child, 'exit');
    },
  };
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  server.close();
  await once(server, 'close');
  return typeof address === 'object' && address ? address.port : 0;
}

interface Running {
  readonly server: BenchServer;
  readonly pods: Informer<Pod>;
  readonly scheduler: SchedulerProcess;
}

async function measure(workload: Workload, { server, pods, scheduler }: Running): Promise<Measured> {
  const { name, goal, churn, measurePods } = workload;
  const { count } = measurePods;
  const [cpuBefore, begin] = [scheduler.cpuUs(), performance.now()];
  let churned = 0;
  const timer =
    churn &&
    setInterval(() => {
      const pod = podOf(churn.template, 1_000_000 + churned++);
      server.request('POST', '/api/v1/namespaces/bench/pods', pod).catch((error: unknown) => console.error(error));
    }, churn.intervalMs);
  await create(server, measurePods, 100_000);
  await untilBound(pods, 100_000, count);
  const seconds = (performance.now() - begin) / 1000;
  clearInterval(timer);
  const p99Ms = 1000 * p99Of(await scheduler.metrics(), 'scheduler_scheduling_attempt_duration_seconds');
  const cpuUsPerPod = (scheduler.cpuUs() - cpuBefore) / count;
  return { name, goal, podsPerSecond: count / seconds, cpuUsPerPod, p99Ms, residentMb: scheduler.residentMb() };
}

const create = (server: BenchServer, { count, template }: Many, first: number): Promise<void> =>
  parallel(count, CONNECTIONS, (i) => server.request('POST', '/api/v1/namespaces/bench/pods', podOf(template, first + i)));

async function fill(server: BenchServer, pods: Informer<Pod>, many: Many): Promise<void> {
  const first = pods.size;
  await create(server, many, first);
  if (!many.unschedulable) await untilBound(pods, first, many.count);
  else await until(() => pods.list().filter(({ status }) => (status.conditions ?? []).length > 0).length >= first + many.count);
}

function untilBound(pods: Informer<Pod>, first: number, count: number): Promise<void> {
  const counts = (name: string) => {
    const number = Number(name.slice(name.lastIndexOf('-') + 1));
    return number >= first && number < first + count;
  };
  return until(() => pods.list().filter(({ metadata, spec }) => spec.nodeName && counts(metadata.name)).length >= count);
}

const PATIENCE_MS = 600_000;

async function until(done: () => boolean): Promise<void> {
  const deadline = performance.now() + PATIENCE_MS;
  while (!done()) {
    if (performance.now() > deadline) throw new Error('the pods were not bound in time');
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}
