/**
 * Informers of the official JavaScript client and of our own, kept through random writes, kills of the API server, clean restarts and compactions,
 * end up holding exactly what a list says. Ten seconds of it; an hour with NANOKUBE_LONG_RUN=1.
 */
import {
  CoreV1Api,
  type Informer,
  KubeConfig,
  type KubernetesListObject,
  makeInformer,
  type ObjectCache,
  type V1ConfigMap,
} from '@kubernetes/client-node';
import { expect, test } from 'vitest';
import { coreKinds } from '../../api/index.ts';
import { createClient, createInformerFactory, loadKubeconfig } from '../../client/index.ts';
import { type Random, seededRandom, silentLogger, systemClock } from '../../runtime/index.ts';
import { startApiServerProcess } from '../support/api-server-process.ts';
import { waitFor } from '../support/cluster.ts';
import { seedOf, times } from '../support/long-run.ts';
import { tempDirectory } from '../support/temp-directory.ts';

const LASTS_MS = times(10_000, 3_600_000);
const RESTARTS = times(3, 120);
const WRITERS = 4;
/** What each of them writes, however slow the machine is. */
const WRITES_MIN = 30;
/** Of a writer between two writes. */
const PAUSE_MS = 20;
const NAMESPACES = ['default', 'kube-system', 'kube-public'];
const NAMES = 12;
/** How soon an informer that lost its server tries again. */
const AGAIN_MS = 200;
/** How soon all must agree once nothing is written any more. */
const SETTLE_MS = 60_000;

type ConfigMapInformer = Informer<V1ConfigMap> & ObjectCache<V1ConfigMap>;
type Versions = Readonly<Record<string, string | undefined>>;

interface Named {
  readonly namespace?: string | undefined;
  readonly name?: string | undefined;
  readonly resourceVersion?: string | undefined;
}

const versionsOf = (objects: Iterable<{ metadata?: Named | undefined }>): Versions =>
  Object.fromEntries(
    [...objects]
      .map(({ metadata }) => [`${metadata?.namespace}/${metadata?.name}`, metadata?.resourceVersion] as const)
      .sort(([a], [b]) => (a < b ? -1 : 1)),
  );

test(`informers hold what a list says, after all that can happen (${LASTS_MS / 1000} s)`, { timeout: LASTS_MS + 300_000 }, async () => {
  await using directory = await tempDirectory();
  // Few changes are remembered, and revisions are soon compacted: informers are told that they are too late again and again.
  await using server = await startApiServerProcess(directory.path, ['--default-watch-cache-size=20', '--etcd-compaction-interval=1s']);
  const random = seededRandom(seedOf(11));
  const config = new KubeConfig();
  config.loadFromFile(server.kubeconfig);
  const core = config.makeApiClient(CoreV1Api);
  const ending = new AbortController();

  const kept = { config, signal: ending.signal };
  const labelSelector = 'tier=a';
  const official = new Map<string, ConfigMapInformer>([
    ['all', await keep({ ...kept, path: '/api/v1/configmaps', list: () => core.listConfigMapForAllNamespaces() })],
    [
      'default',
      await keep({
        ...kept,
        path: '/api/v1/namespaces/default/configmaps',
        list: () => core.listNamespacedConfigMap({ namespace: 'default' }),
      }),
    ],
    [
      'labelled',
      await keep({ ...kept, path: '/api/v1/configmaps', list: () => core.listConfigMapForAllNamespaces({ labelSelector }), labelSelector }),
    ],
  ]);
  const client = createClient({ ...loadKubeconfig(server.kubeconfig), userAgent: 'test' });
  const factory = createInformerFactory({ client, clock: systemClock, random, logger: silentLogger });
  const own = factory.informer(coreKinds.configmaps);
  factory.start(ending.signal);
  await factory.waitForSync(ending.signal);

  const writing = new AbortController();
  const written = Array.from({ length: WRITERS }, (_, i) => write(core, seededRandom(random.integer(2 ** 31) + i), writing.signal));
  const began = systemClock.monotonic();
  const until = (ms: number) => systemClock.sleep(Math.max(0, began + ms - systemClock.monotonic()));
  for (let i = 0; i < RESTARTS; i++) {
    await until((LASTS_MS * (i + 1)) / (RESTARTS + 1));
    await (i % 2 === 0 ? server.killAndRestart() : server.stopAndRestart());
  }
  await until(LASTS_MS);
  writing.abort();
  const done = (await Promise.all(written)).reduce((sum, count) => sum + count, 0);
  expect(done).toBeGreaterThanOrEqual(WRITERS * WRITES_MIN);

  const expected = await listed(core);
  const held = (): Record<string, Versions> => ({
    ...Object.fromEntries([...official].map(([name, informer]) => [name, versionsOf(informer.list())])),
    own: versionsOf(own.list()),
  });
  const wanted = { ...expected, own: expected.all };
  await waitFor(
    () => JSON.stringify(held(), order) === JSON.stringify(wanted, order),
    SETTLE_MS,
    () => `informers hold ${JSON.stringify(held())} instead of ${JSON.stringify(wanted)}`,
  );
  ending.abort();
  for (const informer of official.values()) await informer.stop();
  await client.close();
});

const order = (_: string, value: unknown): unknown =>
  typeof value === 'object' && value !== null ? Object.fromEntries(Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1))) : value;

async function listed(core: CoreV1Api): Promise<Record<string, Versions>> {
  const { items } = await core.listConfigMapForAllNamespaces();
  return {
    all: versionsOf(items),
    default: versionsOf(items.filter(({ metadata }) => metadata?.namespace === 'default')),
    labelled: versionsOf(items.filter(({ metadata }) => metadata?.labels?.tier === 'a')),
  };
}

interface Kept {
  readonly config: KubeConfig;
  readonly path: string;
  readonly list: () => Promise<KubernetesListObject<V1ConfigMap>>;
  readonly signal: AbortSignal;
  readonly labelSelector?: string;
}

/** An informer as its documentation says to keep one: started again whenever it has ended with an error. */
async function keep(kept: Kept): Promise<ConfigMapInformer> {
  const { config, path, list, signal, labelSelector } = kept;
  const informer = makeInformer<V1ConfigMap>(config, path, list, labelSelector);
  const start = async (): Promise<void> => {
    try {
      await informer.start();
    } catch {
      again(); // the server is away
    }
  };
  const again = () =>
    void systemClock.setTimer(AGAIN_MS, () => {
      if (!signal.aborted) void start();
    });
  informer.on('error', again);
  await informer.start();
  return informer;
}

/** Creates, changes, labels and deletes until it is told to stop, and has done enough. Resolves with the number of writes that were acknowledged. */
async function write(core: CoreV1Api, random: Random, signal: AbortSignal): Promise<number> {
  let done = 0;
  while (!signal.aborted || done < WRITES_MIN) {
    const namespace = NAMESPACES[random.integer(NAMESPACES.length)] ?? 'default';
    const name = `random-${random.integer(NAMES)}`;
    const body = { metadata: { name, labels: { tier: random.next() < 0.5 ? 'a' : 'b' } }, data: { value: String(random.next()) } };
    try {
      const dice = random.next();
      if (dice < 0.3) await core.createNamespacedConfigMap({ namespace, body });
      else if (dice < 0.75) await core.replaceNamespacedConfigMap({ namespace, name, body });
      else await core.deleteNamespacedConfigMap({ namespace, name });
      done++;
      await systemClock.sleep(PAUSE_MS);
    } catch (error) {
      // There already, not there, or the server is away; anything else is a failure.
      if (error instanceof Error && 'code' in error && typeof error.code === 'number' && ![404, 409, 429, 503].includes(error.code))
        throw error;
      await systemClock.sleep(2);
    }
  }
  return done;
}
