import { fork } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import https from 'node:https';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type BenchServer, parallel, startServer } from '../support/server.ts';
import { type Measured, p99MsOf } from './measure.ts';
import { beat, heartbeatOf, type Many, nodeOf, podOf, type Workload } from './workload.ts';

const CONNECTIONS = 32;

/** Runs a workload with an API server and a scheduler that are processes of their own. */
export async function measureOnServer(workload: Workload): Promise<Measured> {
  const server = await startServer(CONNECTIONS);
  const directory = mkdtempSync(join(tmpdir(), 'nanokube-bench-scheduler-'));
  const token = server.headers.authorization?.replace('Bearer ', '') ?? '';
  try {
    await prepare(server, workload);
    using bound = await watchBound(server);
    const scheduler = await startScheduler(directory, server.url, token);
    try {
      for (const many of workload.initPods) await fill(server, bound, many);
      return await measure(workload, { server, bound, scheduler });
    } finally {
      await scheduler.stop();
    }
  } finally {
    await server.stop();
    rmSync(directory, { recursive: true, force: true });
  }
}

async function prepare(server: BenchServer, { nodes }: Workload): Promise<void> {
  for (const name of ['bench', 'other', 'churn']) {
    await server.request('POST', '/api/v1/namespaces', { metadata: { name } });
    await server.request('POST', `/api/v1/namespaces/${name}/serviceaccounts`, { metadata: { name: 'default' } });
  }
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
  readonly bound: Bound;
  readonly scheduler: SchedulerProcess;
}

async function measure(workload: Workload, running: Running): Promise<Measured> {
  const { name, goal, churn } = workload;
  const { server, scheduler } = running;
  const metricsBefore = await scheduler.metrics();
  const [cpuBefore, begin] = [scheduler.cpuUs(), performance.now()];
  let churned = 0;
  const timer =
    churn &&
    setInterval(() => {
      createPod(server, churn.template, 1_000_000 + churned++).catch((error: unknown) => console.error(error));
    }, churn.intervalMs);
  const count = await work(workload, running);
  const seconds = (performance.now() - begin) / 1000;
  clearInterval(timer);
  const cpuUsPerPod = (scheduler.cpuUs() - cpuBefore) / count;
  const p99Ms = p99MsOf(metricsBefore, await scheduler.metrics());
  return { name, goal, podsPerSecond: count / seconds, cpuUsPerPod, p99Ms, residentMb: scheduler.residentMb() };
}

/** @returns how many pods were bound, or hearts beat. */
async function work({ nodes, measurePods, heartbeats }: Workload, { server, bound }: Running): Promise<number> {
  if (heartbeats) {
    return await beat(heartbeats, (i) => {
      const node = nodeOf(nodes.template, i % nodes.count);
      const path = `/api/v1/nodes/${node.metadata.name}/status`;
      server.request('PATCH', path, { status: heartbeatOf(node, i) }).catch((error: unknown) => console.error(error));
    });
  }
  const { count = 0 } = measurePods ?? {};
  if (measurePods) await fill(server, bound, measurePods);
  return count;
}

const createPod = (server: BenchServer, template: object, i: number): Promise<unknown> => {
  const pod = podOf(template, i);
  return server.request('POST', `/api/v1/namespaces/${pod.metadata.namespace}/pods`, pod);
};

/** Creates pods, and waits until they are bound. */
async function fill(server: BenchServer, bound: Bound, { count, template }: Many): Promise<void> {
  const first = bound.count;
  await parallel(count, CONNECTIONS, (i) => createPod(server, template, first + i));
  await bound.until(first + count);
}

/** How many pods have been bound, those aside that come while others are measured. */
interface Bound extends Disposable {
  readonly count: number;
  until(count: number): Promise<void>;
}

const PATIENCE_MS = 600_000;
const FRAME = '"type":"ADDED"';

/** Counts the frames of a watch, and reads no more of it: the machine is needed for what is measured. */
async function watchBound(server: BenchServer): Promise<Bound> {
  const selection = encodeURIComponent('spec.nodeName!=,metadata.namespace!=churn');
  const url = new URL(`/api/v1/pods?watch=true&fieldSelector=${selection}`, server.url);
  const request = https.get(url, { agent: false, rejectUnauthorized: false, headers: { ...server.headers } });
  const [answer] = await once(request, 'response');
  let count = 0;
  let rest = '';
  let wanted: { readonly count: number; reached(): void } = { count: Number.POSITIVE_INFINITY, reached: () => undefined };
  answer.setEncoding('latin1').on('data', (chunk: string) => {
    const text = rest + chunk;
    for (let at = text.indexOf(FRAME); at >= 0; at = text.indexOf(FRAME, at + 1)) count++;
    rest = text.slice(1 - FRAME.length);
    if (count >= wanted.count) wanted.reached();
  });
  answer.on('error', () => undefined);
  return {
    get count() {
      return count;
    },
    until: (target) =>
      new Promise((resolve, reject) => {
        const timer = setTimeout(() => reject(new Error(`${count} of ${target} pods were bound in time`)), PATIENCE_MS);
        const reached = () => {
          clearTimeout(timer);
          resolve();
        };
        wanted = { count: target, reached };
        if (count >= target) reached();
      }),
    [Symbol.dispose]: () => request.destroy(),
  };
}
