/**
 * What one client's flood does to another's requests: `npm run build && npm run bench -- fairness [--pods 3000] [--connections 200] [--form json|table]`.
 * One user lists everything, over and over, on many connections, from a process of its own; another gets one pod after the other. With priority
 * and fairness, with plain limits, and, to compare, with nobody else there.
 */
import { fork } from 'node:child_process';
import { once } from 'node:events';
import https from 'node:https';
import { parseArgs } from 'node:util';
import { type BenchServer, parallel, startServer } from './support/server.ts';

const { values: arguments_ } = parseArgs({
  options: {
    pods: { type: 'string', default: '3000' },
    connections: { type: 'string', default: '200' },
    seconds: { type: 'string', default: '10' },
    form: { type: 'string', default: 'json' },
    flood: { type: 'string' },
  },
});
const pods = Number(arguments_.pods);
const connections = Number(arguments_.connections);
const seconds = Number(arguments_.seconds);
const BASE = '/api/v1/namespaces/bench/pods';
const FORMS: Readonly<Record<string, string>> = { json: 'application/json', table: 'application/json;as=Table;v=v1;g=meta.k8s.io' };
const WARM_UP_MS = 2000;

interface Row {
  readonly limits: string;
  readonly others: string;
  readonly getsPerSecond: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
  readonly maxMs: number;
  readonly lists: number;
  readonly refused: number;
}

if (arguments_.flood === undefined) await compare();
else await flood(arguments_.flood);

async function compare(): Promise<void> {
  const rows: Row[] = [];
  for (const enabled of [true, false]) {
    const flags = ['--authorization-mode', 'AlwaysAllow', `--enable-priority-and-fairness=${enabled}`];
    const server = await startServer(32, { users: ['quiet', 'loud'], flags });
    try {
      await fill(server);
      const limits = enabled ? 'priority and fairness' : 'plain limits';
      if (enabled) rows.push({ limits, others: 'nobody', ...(await measure(server)), lists: 0, refused: 0 });
      const child = fork(import.meta.filename, [...process.argv.slice(2), '--flood', server.url]);
      await new Promise((resolve) => setTimeout(resolve, WARM_UP_MS));
      const gets = await measure(server);
      child.send('stop');
      const [counts] = (await once(child, 'message')) as [{ readonly lists: number; readonly refused: number }];
      rows.push({ limits, others: `${connections} × list`, ...gets, ...counts });
      child.kill();
    } finally {
      await server.stop();
    }
  }
  console.table(rows);
}

async function fill(server: BenchServer): Promise<void> {
  await server.request('POST', '/api/v1/namespaces', { metadata: { name: 'bench' } });
  await server.request('POST', '/api/v1/namespaces/bench/serviceaccounts', { metadata: { name: 'default' } });
  const annotations = { note: 'x'.repeat(2000) };
  await parallel(pods, 32, (i) =>
    server.request('POST', BASE, {
      metadata: { name: `p-${i}`, annotations },
      spec: { nodeName: 'bench-node', containers: [{ name: 'a', image: 'a' }] },
    }),
  );
}

/** One get after the other, for a while. */
async function measure(server: BenchServer): Promise<Pick<Row, 'getsPerSecond' | 'p50Ms' | 'p99Ms' | 'maxMs'>> {
  const agent = new https.Agent({ keepAlive: true, maxSockets: 1, rejectUnauthorized: false });
  const times: number[] = [];
  const until = performance.now() + seconds * 1000;
  while (performance.now() < until) {
    const from = performance.now();
    const { status } = await get(agent, new URL(`${BASE}/p-${times.length % pods}`, server.url), 'quiet');
    if (status !== 200) throw new Error(`a get was answered ${status}`);
    times.push(performance.now() - from);
  }
  agent.destroy();
  times.sort((a, b) => a - b);
  const at = (share: number) => Number((times[Math.floor((times.length - 1) * share)] ?? 0).toFixed(1));
  return { getsPerSecond: Math.round(times.length / seconds), p50Ms: at(0.5), p99Ms: at(0.99), maxMs: at(1) };
}

/** The loud user: a process of its own, so that it costs the quiet one no time. */
async function flood(url: string): Promise<void> {
  const agent = new https.Agent({ keepAlive: true, maxSockets: connections, rejectUnauthorized: false });
  const counts = { lists: 0, refused: 0 };
  let running = true;
  const stopped = once(process, 'message').then(() => {
    running = false;
    process.send?.(counts);
  });
  const loop = async (): Promise<void> => {
    while (running) {
      const { status } = await get(agent, new URL(BASE, url), 'loud').catch(() => ({ status: 0 }));
      if (status === 200) counts.lists++;
      else counts.refused++;
    }
  };
  await Promise.all([stopped, ...Array.from({ length: connections }, loop)]);
}

function get(agent: https.Agent, url: URL, user: string): Promise<{ readonly status: number }> {
  const accept = FORMS[user === 'loud' ? arguments_.form : 'json'] ?? arguments_.form;
  return new Promise((resolve, reject) => {
    https
      .get(url, { agent, headers: { authorization: `Bearer ${user}`, accept } }, (answer) => {
        answer.resume();
        answer.once('end', () => resolve({ status: answer.statusCode ?? 0 }));
        answer.once('error', reject);
      })
      .once('error', reject);
  });
}
