// A whole cluster of the size that Kubernetes is made for, on one machine: how fast it is filled, what its processes take then, how pods start and
// requests are answered while pods come and go on top of it, and how soon an API server that was killed serves that store again.
//
//   npm run bench -- scale [--nodes 5000] [--pods 150000] [--churn 1m] [--rate 100] [--progress]
import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { cpus, loadavg, tmpdir } from 'node:os';
import { join } from 'node:path';
import { appsKinds, type ConfigMap, coreKinds, type Deployment, type Draft, type Node, type Pod } from '../api/index.ts';
import { type ApiClient, createClient, loadKubeconfig } from '../client/index.ts';
import { option, parseOptions, silentLogger, systemClock, systemRandom } from '../runtime/index.ts';
import { row, up } from './support/cluster.ts';
import { LISTER } from './support/lister.ts';
import { deployment, quantile } from './support/workload.ts';

const { values } = parseOptions(
  {
    nodes: option.integer('Nodes.', 5000, { min: 1, max: 5000 }),
    pods: option.integer('Pods of Deployments, two containers each.', 150_000, { min: 1 }),
    each: option.integer('Pods of a Deployment.', 100, { min: 1 }),
    churn: option.duration('How long pods come and go.', 60_000),
    rate: option.integer('How many come, and how many go, in a second.', 100, { min: 1 }),
    progress: option.boolean('Tells on standard error how many pods run, while they are made.', false),
  },
  process.argv.slice(2),
);
const PROCESSES = ['apiserver', 'scheduler', 'controller-manager', 'kubelet-sim'];
/** How long a pod that comes stays. */
const STAY_MS = 10_000;
/** Between two lists of everything. */
const LIST_PAUSE_MS = 15_000;
const CHURN_LABEL = 'comes-and-goes';
const seconds = (ms: number): string => `${(ms / 1000).toFixed(1)} s`;

const directory = mkdtempSync(join(tmpdir(), 'nanokube-bench-'));
row('machine', `${cpus().length} x ${cpus()[0]?.model ?? 'unknown'}, Node.js ${process.version}, load ${loadavg()[0]?.toFixed(1)}`);
const cluster = await up(directory, values.nodes);
row(`${values.nodes} nodes Ready`, seconds(cluster.readyMs));
const environment = { clock: systemClock, random: systemRandom, logger: silentLogger };
const connect = (userAgent: string): ApiClient =>
  createClient({ ...loadKubeconfig(join(directory, 'admin.kubeconfig')), userAgent, connections: 32, ...environment });
const client = connect('bench');
const pods = client.resource<Pod>(coreKinds.pods);

function tellMemory(when: string): void {
  row(`memory, ${when}`, PROCESSES.map((name) => `${name} ${cluster.rssMb(name).toFixed(0)} MB`).join(', '));
}

/** From the first POST until all run. The counter is a list's, from the cache: a watch of them all would be work for the machine too. */
async function fill(): Promise<void> {
  const count = Math.ceil(values.pods / values.each);
  const deployments = client.resource<Deployment>(appsKinds.deployments);
  const begin = performance.now();
  for (let i = 0; i < count; i++) await deployments.create(deployment(`d-${i}`, values.each, { containers: 2 }));
  const isReady = ({ spec, status }: Deployment) => status.readyReplicas === spec.replicas;
  for (let last = begin; ; last = performance.now()) {
    const { items } = await deployments.list({ namespace: 'default', resourceVersion: '0' });
    if (items.every(isReady)) break;
    if (values.progress) {
      const ready = items.reduce((sum, { status }) => sum + (status.readyReplicas ?? 0), 0);
      process.stderr.write(`${seconds(last - begin)}: ${ready} pods run\n`);
    }
    await systemClock.sleep(5_000);
  }
  const took = performance.now() - begin;
  const total = count * values.each;
  row(`${total} pods of ${count} Deployments`, `${seconds(took)}, ${Math.round((total * 1000) / took)} pods/s`);
}

const aPod = (name: string): Draft<Pod> => ({
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: { name, namespace: 'default', labels: { [CHURN_LABEL]: 'true' } },
  spec: { terminationGracePeriodSeconds: 0, containers: [{ name: 'main', image: 'nginx:1.27', resources: { requests: { cpu: '10m' } } }] },
});

/** Times of what is done again and again, and how often it failed. */
class Times {
  readonly #times: number[] = [];
  #failed = 0;

  add(ms: number): void {
    this.#times.push(ms);
  }

  async of(work: () => Promise<unknown>): Promise<void> {
    const begin = performance.now();
    try {
      await work();
      this.add(performance.now() - begin);
    } catch {
      this.#failed++;
    }
  }

  toString(): string {
    this.#times.sort((a, b) => a - b);
    const [p50, p99, max] = [0.5, 0.99, 1].map((share) => quantile(this.#times, share).toFixed(1));
    return `${this.#times.length} times, p50 ${p50} ms, p99 ${p99} ms, at most ${max} ms, ${this.#failed} failed`;
  }
}

/** Follows the pods that come and go. @returns how long each took from its creation until it ran. */
async function follow(started: Map<string, number>, starts: Times, signal: AbortSignal): Promise<number> {
  const { metadata } = await pods.list({ namespace: 'default', limit: 1 });
  let ended = 0;
  for (let { resourceVersion } = metadata; !signal.aborted; ended++) {
    const events = pods.watch({ namespace: 'default', labelSelector: CHURN_LABEL, resourceVersion, signal, allowWatchBookmarks: true });
    try {
      for await (const event of events) {
        resourceVersion = event.object.metadata.resourceVersion;
        if (event.type !== 'MODIFIED' || event.object.status.phase !== 'Running') continue;
        const { name } = event.object.metadata;
        const begin = started.get(name);
        if (begin === undefined) continue;
        started.delete(name);
        starts.add(performance.now() - begin);
      }
    } catch (error) {
      if (signal.aborted) break;
      throw error;
    }
  }
  return ended;
}

async function comeAndGo(started: Map<string, number>, end: number, label: string): Promise<void> {
  const gone: Promise<unknown>[] = [];
  for (let round = 0, next = performance.now(); performance.now() < end; round++, next += 1000) {
    const names = Array.from({ length: values.rate }, (_, i) => `${label}-${round}-${i}`);
    const stay = async (name: string) => {
      started.set(name, performance.now());
      await pods.create(aPod(name));
      await systemClock.sleep(STAY_MS);
      await pods.delete(name, { namespace: 'default' });
    };
    gone.push(Promise.all(names.map(stay)));
    await systemClock.sleep(Math.max(0, next + 1000 - performance.now()));
  }
  await Promise.all(gone);
}

/** Has pods come and go, while one object is read and another written; with a lister all pods are listed again and again as well. */
async function churn(label: string, lister?: ChildProcess): Promise<void> {
  const user = connect('bench-user');
  const configMaps = user.resource<ConfigMap>(coreKinds.configmaps);
  await configMaps.create({ apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: label, namespace: 'default' }, data: {} });
  const one = await user.resource<Pod>(coreKinds.pods).list({ namespace: 'default', limit: 1 });
  const name = one.items[0]?.metadata.name ?? '';
  const [starts, gets, writes, lists] = [new Times(), new Times(), new Times(), new Times()];
  const started = new Map<string, number>();
  const stop = new AbortController();
  const following = follow(started, starts, stop.signal);
  const end = performance.now() + values.churn;
  const again = async (pauseMs: number, work: () => Promise<void>) => {
    for (; performance.now() < end; await systemClock.sleep(pauseMs)) await work();
  };
  let round = 0;
  const patch = () => configMaps.patch(label, { data: { round: `${round++}` } }, { namespace: 'default', type: 'merge' });
  const listAll = async (all: ChildProcess) => {
    all.send('list');
    const [tookMs] = await once(all, 'message');
    lists.add(Number(tookMs));
  };
  await Promise.all([
    comeAndGo(started, end, label),
    again(20, () => gets.of(() => user.resource<Pod>(coreKinds.pods).get(name, { namespace: 'default' }))),
    again(50, () => writes.of(patch)),
    lister && again(LIST_PAUSE_MS, () => listAll(lister)),
  ]);
  row(`${label}, ${values.rate} pods/s`, `until they run: ${starts}; ${started.size} never did`);
  row(`${label}, get of one object`, `${gets}`);
  row(`${label}, write of one object`, `${writes}`);
  if (lister) row(`${label}, list of all pods`, `${lists}`);
  const { items } = await user.resource<Node>(coreKinds.nodes).list();
  const isReady = ({ status }: Node) => status?.conditions?.some(({ type, status: is }) => type === 'Ready' && is === 'True');
  stop.abort();
  row(`${label}, meanwhile`, `${items.filter((node) => !isReady(node)).length} nodes NotReady, ${await following} watches ended`);
  await user.close();
}

/** Killed, it is started again by the command; asked from when it is gone until it answers with a pod. */
async function restart(): Promise<void> {
  const begin = performance.now();
  cluster.kill('apiserver');
  for (;;) {
    const user = connect('bench-restart');
    try {
      await user.resource<Pod>(coreKinds.pods).list({ namespace: 'default', limit: 1 });
      await user.request('GET', '/readyz');
      break;
    } catch {
      await systemClock.sleep(50);
    } finally {
      await user.close();
    }
  }
  row('API server killed, ready again', seconds(performance.now() - begin));
}

await fill();
tellMemory('all of them running');
await churn('alone');
const lister = fork(LISTER, [join(directory, 'admin.kubeconfig')]);
await churn('listed', lister);
lister.kill();
tellMemory('after that');
await restart();
await client.close();
await cluster.stop();
rmSync(directory, { recursive: true });
process.exit(0);
