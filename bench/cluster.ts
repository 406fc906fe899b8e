// The whole cluster: how soon `up` is ready, what it takes up, how fast a Deployment's pods run.
//
//   npm run bench -- cluster [--nodes 10] [--pods 500] [--deployments 1] [--starts 5]
import { mkdtempSync, rmSync } from 'node:fs';
import { cpus, tmpdir } from 'node:os';
import { join } from 'node:path';
import { appsKinds, coreKinds, type Deployment, type Pod } from '../api/index.ts';
import { createClient, loadKubeconfig, type WatchEvent } from '../client/index.ts';
import { option, parseOptions, silentLogger, systemClock, systemRandom } from '../runtime/index.ts';
import { row, up } from './support/cluster.ts';
import { deployment, quantile } from './support/workload.ts';

const { values } = parseOptions(
  {
    nodes: option.integer('Nodes for the pods; each takes 110.', 10, { min: 1 }),
    pods: option.integer('Pods to run.', 500, { min: 1 }),
    deployments: option.integer('Deployments they are spread over.', 1, { min: 1 }),
    starts: option.integer('How often the start is timed.', 5, { min: 1 }),
  },
  process.argv.slice(2),
);

const median = (list: readonly number[]): number => [...list].sort((a, b) => a - b)[list.length >> 1] ?? 0;

async function starts(): Promise<void> {
  const directory = mkdtempSync(join(tmpdir(), 'nanokube-bench-'));
  const times: number[] = [];
  for (let i = 0; i <= values.starts; i++) {
    const cluster = await up(directory, 3);
    if (i === 0) row('first start, 3 nodes Ready', `${(cluster.readyMs / 1000).toFixed(2)} s`);
    else times.push(cluster.readyMs);
    if (i === values.starts) {
      await systemClock.sleep(5_000);
      row('idle memory, all processes', `${cluster.rssMb().toFixed(0)} MB resident`);
    }
    await cluster.stop();
  }
  row(
    'warm start, 3 nodes Ready',
    `median ${(median(times) / 1000).toFixed(2)} s of ${times.map((ms) => (ms / 1000).toFixed(2)).join(', ')}`,
  );
  rmSync(directory, { recursive: true });
}

/** From the first POST until the last pod is Running, as a watch sees it. */
async function wave(directory: string): Promise<void> {
  const environment = { clock: systemClock, random: systemRandom, logger: silentLogger };
  const client = createClient({ ...loadKubeconfig(join(directory, 'admin.kubeconfig')), userAgent: 'bench', ...environment });
  const pods = client.resource<Pod>(coreKinds.pods);
  const { metadata } = await pods.list({ namespace: 'default' });
  const stop = new AbortController();
  const added = new Map<string, number>();
  const startMs: number[] = [];
  const each = Math.ceil(values.pods / values.deployments);
  const total = each * values.deployments;
  const begin = performance.now();
  const seen = (event: WatchEvent<Pod>) => {
    if (event.type === 'BOOKMARK' || event.type === 'DELETED') return;
    const { uid } = event.object.metadata;
    const since = added.get(uid);
    if (since === undefined) added.set(uid, performance.now());
    if (!since || event.object.status.phase !== 'Running') return;
    startMs.push(performance.now() - since);
    added.set(uid, 0);
  };
  const allRunning = (async () => {
    for await (const event of pods.watch({ namespace: 'default', resourceVersion: metadata.resourceVersion, signal: stop.signal })) {
      seen(event);
      if (startMs.length === total) return;
    }
  })();
  for (let i = 0; i < values.deployments; i++)
    await client.resource<Deployment>(appsKinds.deployments).create(deployment(`wave-${i}`, each));
  await allRunning;
  const seconds = (performance.now() - begin) / 1000;
  startMs.sort((a, b) => a - b);
  const at = (share: number) => (quantile(startMs, share) / 1000).toFixed(2);
  row(
    `${total} pods of ${values.deployments}, ${values.nodes} nodes`,
    `${seconds.toFixed(2)} s, ${Math.round(total / seconds)} pods/s, start p50 ${at(0.5)} s, p99 ${at(0.99)} s`,
  );
  stop.abort();
  for (let i = 0; i < values.deployments; i++)
    await client.resource<Deployment>(appsKinds.deployments).delete(`wave-${i}`, { namespace: 'default' });
  while ((await pods.list({ namespace: 'default', limit: 1 })).items.length > 0) await systemClock.sleep(50);
  await client.close();
}

row('machine', `${cpus().length} x ${cpus()[0]?.model ?? 'unknown'}, Node.js ${process.version}`);
await starts();
const directory = mkdtempSync(join(tmpdir(), 'nanokube-bench-'));
const cluster = await up(directory, values.nodes);
await wave(directory);
await wave(directory);
row('memory after it, all processes', `${cluster.rssMb().toFixed(0)} MB resident`);
await cluster.stop();
rmSync(directory, { recursive: true });
process.exit(0);
