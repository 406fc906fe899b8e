/**
 * The API server's request types: `npm run build && npm run bench -- api [--pods 5000] [--watchers 100]`. It runs in a process of its own, on a
 * durable store in a temporary directory. Prints a table; numbers are for comparing runs on one machine.
 */
import https from 'node:https';
import { loadavg } from 'node:os';
import { parseArgs } from 'node:util';
import { parallel, startServer } from './support/server.ts';

const { values: arguments_ } = parseArgs({
  options: { pods: { type: 'string', default: '5000' }, watchers: { type: 'string', default: '100' } },
});
const pods = Number(arguments_.pods);
const watchers = Number(arguments_.watchers);
const CONNECTIONS = 32;
const UPDATES = 1000;
const LISTS = 9;
const SHARDS = 64;
const BASE = '/api/v1/namespaces/bench/pods';

interface Row {
  readonly row: string;
  readonly perSecond: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
  readonly cpuUs: number;
}

const server = await startServer(CONNECTIONS);
const rows: Row[] = [];

try {
  await run();
} finally {
  await server.stop();
}

async function run(): Promise<void> {
  await server.request('POST', '/api/v1/namespaces', { metadata: { name: 'bench' } });
  await server.request('POST', '/api/v1/namespaces/bench/serviceaccounts', {
    metadata: { name: 'default' },
    automountServiceAccountToken: false,
  });
  await measure('warm up', Math.min(500, pods), (i) => server.request('POST', BASE, pod(`warm-${i}`, i % SHARDS)));
  rows.length = 0;
  await measure('create pod', pods, (i) => server.request('POST', BASE, pod(`p-${i}`, i % SHARDS)));
  await measure('get pod', pods * 2, (i) => server.request('GET', `${BASE}/p-${(i * 7919) % pods}`));
  await measure('patch pod status', pods, (i) => patchStatus(i, 1));
  await measure('list, consistent', LISTS, () => server.request('GET', BASE), 1);
  await measure('list, cached', LISTS, () => server.request('GET', `${BASE}?resourceVersion=0`), 1);
  await measure('list, one label in 64', LISTS, () => server.request('GET', `${BASE}?resourceVersion=0&labelSelector=shard%3D7`), 1);
  await measureWatch();
  await measure('delete pod', pods, (i) => server.request('DELETE', `${BASE}/p-${i}`));
  console.table(rows);
  console.log(
    `ready after ${server.readyMs} ms, ${await server.residentMb()} MB resident, load ${loadavg()
      .map((load) => load.toFixed(2))
      .join(' ')}`,
  );
}

/** A pod such as a Deployment makes, about 1.1 KB as it is sent and 3.6 KB as it is served. */
function pod(name: string, shard: number) {
  const resources = { requests: { cpu: '100m', memory: '64Mi' }, limits: { cpu: '200m', memory: '128Mi' } };
  const container = {
    name: 'web',
    image: 'registry.example/web:1.2.3',
    command: ['/bin/web', '--port=8080'],
    env: [
      { name: 'A', value: '1' },
      { name: 'B', value: '2' },
    ],
    ports: [{ containerPort: 8080 }],
    resources,
    readinessProbe: { httpGet: { path: '/', port: 8080 } },
  };
  const labels = { app: 'bench', 'pod-template-hash': '7d4f8c9b5', tier: 'web', shard: String(shard) };
  const annotations = { 'example.com/owner': 'bench', 'example.com/note': 'x'.repeat(120) };
  const tolerations = [{ key: 'a', operator: 'Exists', effect: 'NoExecute', tolerationSeconds: 300 }];
  const spec = { terminationGracePeriodSeconds: 0, nodeName: 'bench-node', containers: [container], tolerations };
  return { apiVersion: 'v1', kind: 'Pod', metadata: { name, labels, annotations }, spec };
}

function patchStatus(i: number, round: number): Promise<number> {
  const podIP = `10.${round}.${(i >> 8) & 255}.${i & 255}`;
  return server.request('PATCH', `${BASE}/p-${i % pods}/status`, {
    status: { phase: 'Running', podIP, conditions: [{ type: 'Ready', status: round % 2 ? 'True' : 'False' }] },
  });
}

async function measure(
  row: string,
  total: number,
  work: (i: number) => Promise<unknown>,
  connections: number = CONNECTIONS,
): Promise<void> {
  const times: number[] = [];
  const cpuBefore = await server.cpuUs();
  const begun = performance.now();
  await parallel(total, connections, async (i) => {
    const from = performance.now();
    await work(i);
    times.push(performance.now() - from);
  });
  await note(row, { total, times, tookMs: performance.now() - begun, cpuBefore });
}

async function note(row: string, run: { total: number; times: number[]; tookMs: number; cpuBefore: number }): Promise<void> {
  run.times.sort((a, b) => a - b);
  const at = (share: number) => Number((run.times[Math.floor((run.times.length - 1) * share)] ?? 0).toFixed(2));
  const used = Math.round(((await server.cpuUs()) - run.cpuBefore) / run.total);
  rows.push({ row, perSecond: Math.round((run.total * 1000) / run.tookMs), p50Ms: at(0.5), p99Ms: at(0.99), cpuUs: used });
}

/** Every watcher gets every update: a row of delivered events. */
async function measureWatch(): Promise<void> {
  const total = watchers * UPDATES;
  let seen = 0;
  let finish = (): void => undefined;
  const finished = new Promise<void>((resolve) => {
    finish = resolve;
  });
  const own = new https.Agent({ keepAlive: true, maxSockets: Number.POSITIVE_INFINITY, rejectUnauthorized: false });
  const options = { agent: own, headers: server.headers };
  const open = () =>
    new Promise<void>((resolve) => {
      https.get(new URL(`${BASE}?watch=1&sendInitialEvents=false&resourceVersionMatch=NotOlderThan`, server.url), options, (answer) => {
        answer.on('data', (chunk: Buffer) => {
          for (let at = chunk.indexOf(10); at >= 0; at = chunk.indexOf(10, at + 1)) seen++;
          if (seen >= total) finish();
        });
        resolve();
      });
    });
  await Promise.all(Array.from({ length: watchers }, open));
  const cpuBefore = await server.cpuUs();
  const begun = performance.now();
  await parallel(UPDATES, CONNECTIONS, (i) => patchStatus(i, 2));
  await finished;
  await note(`events to ${watchers} watchers`, { total, times: [], tookMs: performance.now() - begun, cpuBefore });
  own.destroy();
}
