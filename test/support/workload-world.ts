import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  appsKinds,
  batchKinds,
  coreKinds,
  isConflict,
  isInvalid,
  isNotFound,
  type KindInfo,
  type KubeObject,
  type Service as KubeService,
  type Live,
  type Pod,
  type PodDisruptionBudget,
  policyKinds,
  type ResourceQuota,
  type StorageClass,
  storageKinds,
} from '../../api/index.ts';
import { apiServerOptions, composeApiServer } from '../../apiserver/index.ts';
import { type ApiClient, createClient, loadKubeconfig } from '../../client/index.ts';
import { createControllerManager } from '../../controller-manager/index.ts';
import { parseOptions, type Random, type Service, seededRandom, silentLogger, systemClock, VirtualClock } from '../../runtime/index.ts';
import { play } from './dice.ts';
import { type Faults, FaultyClient, NO_FAULTS, type TriedWrite } from './faulty-client.ts';
import { VirtualKubelet } from './virtual-kubelet.ts';
import { changedTemplate, randomEdit, randomWorkload, WORKLOAD_KINDS } from './workload-specs.ts';

const NODES = ['n1', 'n2', 'n3', 'n4'];
/** Virtual milliseconds that pass at once, before the machine's own clock is given one. */
const STEP_MS = 50;
const NAMESPACE = 'default';
/** Nodes send no heartbeats here. */
const CONTROLLERS = ['*', '-node-lifecycle-controller', '-taint-eviction-controller'];

/** What claims without a class get their volumes from. */
const STORAGE_CLASS: StorageClass = {
  apiVersion: 'storage.k8s.io/v1',
  kind: 'StorageClass',
  metadata: { name: 'standard', annotations: { 'storageclass.kubernetes.io/is-default-class': 'true' } },
  provisioner: 'nanokube.dev/hostpath',
  volumeBindingMode: 'Immediate',
};

/** Who looks at the pods of workloads, too: each tells of them in a status of its own. */
export const SERVED_APP = 'deploy-0';
const SERVICE: KubeService = {
  apiVersion: 'v1',
  kind: 'Service',
  metadata: { name: 'front', namespace: NAMESPACE },
  spec: { selector: { app: SERVED_APP }, ports: [{ port: 80 }] },
  status: {},
};
const BUDGET: PodDisruptionBudget = {
  apiVersion: 'policy/v1',
  kind: 'PodDisruptionBudget',
  metadata: { name: 'budget', namespace: NAMESPACE },
  spec: { minAvailable: 1, selector: { matchLabels: { app: SERVED_APP } } },
  status: { disruptionsAllowed: 0, currentHealthy: 0, desiredHealthy: 0, expectedPods: 0 },
};
const QUOTA: ResourceQuota = {
  apiVersion: 'v1',
  kind: 'ResourceQuota',
  metadata: { name: 'quota', namespace: NAMESPACE },
  spec: { hard: { pods: '1000', 'count/jobs.batch': '100' } },
  status: {},
};

type Managing = { readonly manager: Service; readonly client: FaultyClient };

/** A control plane on a virtual clock, whose manager can be killed, with workloads that come, change and go by chance. */
export class WorkloadWorld implements AsyncDisposable {
  readonly clock = new VirtualClock(Date.now());
  readonly random: Random;
  /** What the manager wrote, heartbeats aside. */
  readonly writes: TriedWrite[] = [];
  /** Writes of the manager of which the server did not say whether they were done. */
  readonly unknown: string[] = [];
  faults: Faults = NO_FAULTS;
  /** The administrator's, to which nothing happens. */
  readonly client: ApiClient;
  readonly kubelet: VirtualKubelet;
  readonly #managerClient: ApiClient;
  readonly #close: () => Promise<void>;
  #managing: Managing | undefined;

  private constructor(
    random: Random,
    parts: { client: ApiClient; managerClient: ApiClient; clock: VirtualClock; close: () => Promise<void> },
  ) {
    this.random = random;
    this.clock = parts.clock;
    this.client = parts.client;
    this.#managerClient = parts.managerClient;
    this.#close = parts.close;
    this.kubelet = new VirtualKubelet({
      client: parts.client,
      clock: parts.clock,
      random: seededRandom(random.integer(2 ** 31)),
      nodes: NODES,
    });
  }

  static async start(random: Random): Promise<WorkloadWorld> {
    const directory = await mkdtemp(join(tmpdir(), 'nanokube-world-'));
    const clock = new VirtualClock(Date.now());
    const argv = ['--data-dir', directory, '--ephemeral', '--secure-port', '0', '--log-level', 'silent'];
    const environment = { clock, random: seededRandom(random.integer(2 ** 31)), logger: silentLogger };
    const server = await composeApiServer(parseOptions(apiServerOptions, argv).values, environment);
    await whileTimePasses(clock, server.start());
    const clientOf = (name: string) => createClient({ ...loadKubeconfig(join(directory, `${name}.kubeconfig`)), userAgent: name });
    const client = clientOf('admin');
    const managerClient = clientOf('controller-manager');
    const close = async () => {
      await managerClient.close();
      await client.close();
      await server.stop();
      await rm(directory, { recursive: true, force: true });
    };
    const world = new WorkloadWorld(random, { client, managerClient, clock, close });
    await world.#while(world.kubelet.registerNodes());
    await world.#while(client.resource(storageKinds.storageclasses).create(STORAGE_CLASS));
    await world.#while(client.resource<KubeService>(coreKinds.services).create(SERVICE));
    await world.#while(client.resource<PodDisruptionBudget>(policyKinds.poddisruptionbudgets).create(BUDGET));
    await world.#while(client.resource<ResourceQuota>(coreKinds.resourcequotas).create(QUOTA));
    await world.#startManager();
    return world;
  }

  /** Lets virtual time pass. */
  async pass(ms: number): Promise<void> {
    for (let passed = 0; passed < ms; passed += STEP_MS) {
      await this.clock.advance(STEP_MS);
      await systemClock.sleep(1);
    }
  }

  async list<T extends KubeObject>(kind: KindInfo): Promise<Live<T>[]> {
    return (await this.#while(this.client.resource<T>(kind).list({ namespace: kind.namespaced ? NAMESPACE : undefined }))).items;
  }

  /** Does something that users, kubelets or fate do. */
  async disturb(): Promise<void> {
    await play(this.random, 1, [
      { weight: 6, run: () => this.#createWorkload() },
      { weight: 12, run: () => this.#editWorkload() },
      { weight: 3, run: () => this.#deleteWorkload() },
      { weight: 5, run: () => this.#withPod((pod) => this.#deletePod(pod)) },
      { weight: 3, run: () => this.#withPod((pod) => this.kubelet.endPod(pod, this.random.integer(2) ? 'Failed' : 'Succeeded')) },
      { weight: 2, run: () => this.#withPod((pod) => this.#relabel(pod)) },
      { weight: 3, run: () => this.restartManager() },
    ]);
  }

  /** Kills the manager where it stands; another one starts a while later. */
  async restartManager(): Promise<void> {
    await this.#killManager();
    await this.pass(this.random.integer(2000));
    await this.#startManager();
  }

  /** Nothing happens any more but what was begun. Pods that were taken out go, since they hold the names of a StatefulSet's. */
  async makePeace(): Promise<void> {
    this.faults = NO_FAULTS;
    const strays = (await this.list<Pod>(coreKinds.pods)).filter(({ metadata }) => metadata.labels?.app?.startsWith('x'));
    for (const pod of strays) await this.#while(this.#deletePod(pod));
    await this.#editAll(appsKinds.deployments, { paused: false });
    await this.#editAll(batchKinds.jobs, { suspend: false });
  }

  async #editAll(kind: KindInfo, spec: object): Promise<void> {
    for (const { metadata } of await this.list<KubeObject>(kind)) await this.#tolerant(this.#patch(kind, metadata.name, { spec }));
  }

  /** Begins a rollout of every workload that has them. */
  async changeTemplates(): Promise<void> {
    const serial = this.random.integer(1_000_000);
    for (const kind of [appsKinds.deployments, appsKinds.daemonsets, appsKinds.statefulsets]) {
      for (const { metadata } of await this.list<KubeObject>(kind)) {
        await this.#tolerant(this.#patch(kind, metadata.name, changedTemplate(serial)));
      }
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#killManager();
    await this.#while(this.kubelet.stop());
    await this.#while(this.#close());
  }

  async #startManager(): Promise<void> {
    const client = new FaultyClient({
      client: this.#managerClient,
      clock: this.clock,
      random: this.random,
      faults: () => this.faults,
      onWrite: (write) => {
        if (write.resource !== 'leases') this.writes.push(write);
      },
      onUnknown: (what) => this.unknown.push(what),
    });
    const manager = createControllerManager({
      client,
      clock: this.clock,
      random: seededRandom(this.random.integer(2 ** 31)),
      logger: silentLogger,
      controllers: CONTROLLERS,
      freeze: true,
    });
    this.#managing = { manager, client };
    await this.#while(manager.start());
  }

  async #killManager(): Promise<void> {
    if (!this.#managing) return;
    const { manager, client } = this.#managing;
    this.#managing = undefined;
    await this.#while(client.kill());
    await this.#while(manager.stop());
  }

  #while<T>(working: Promise<T>): Promise<T> {
    return whileTimePasses(this.clock, working);
  }

  async #createWorkload(): Promise<void> {
    const { kind, object } = randomWorkload(this.random);
    const base = kind.group === '' ? '/api/v1' : `/apis/${kind.group}/${kind.version}`;
    const request = { body: object, contentType: 'application/json' };
    // It may be there already.
    await this.#tolerant(this.#while(this.client.request('POST', `${base}/namespaces/${NAMESPACE}/${kind.resource}`, request)));
  }

  async #editWorkload(): Promise<void> {
    const found = await this.#anyWorkload();
    if (found) await this.#tolerant(this.#patch(found.kind, found.object.metadata.name, randomEdit(this.random, found.kind)));
  }

  async #deleteWorkload(): Promise<void> {
    const found = await this.#anyWorkload();
    if (!found) return;
    const propagationPolicy = pick(this.random, ['Foreground', 'Background', 'Orphan'] as const);
    const deleting = this.client.resource(found.kind).delete(found.object.metadata.name, { namespace: NAMESPACE, propagationPolicy });
    await this.#tolerant(this.#while(deleting));
  }

  async #anyWorkload(): Promise<{ kind: KindInfo; object: Live<KubeObject> } | undefined> {
    const kind = pick(this.random, WORKLOAD_KINDS);
    const objects = await this.list<KubeObject>(kind);
    return objects.length > 0 ? { kind, object: pick(this.random, objects) } : undefined;
  }

  async #withPod(work: (pod: Live<Pod>) => Promise<unknown>): Promise<void> {
    const pods = this.kubelet.pods.list(NAMESPACE).filter(({ metadata }) => !metadata.deletionTimestamp);
    if (pods.length > 0) await this.#while(work(pick(this.random, pods)));
  }

  #deletePod({ metadata: { name } }: Live<Pod>): Promise<void> {
    const gracePeriodSeconds = this.random.integer(2) ? 0 : undefined;
    return this.#tolerant(this.client.resource<Pod>(coreKinds.pods).delete(name, { namespace: NAMESPACE, gracePeriodSeconds }));
  }

  /** Takes a pod out of its owner's selector, or back into it. */
  #relabel({ metadata: { name, labels } }: Live<Pod>): Promise<void> {
    const app = labels?.app ?? '';
    const other = app.startsWith('x') ? app.slice(1) : `x${app}`;
    return this.#tolerant(this.#patch(coreKinds.pods, name, { metadata: { labels: { app: other } } }));
  }

  #patch(kind: KindInfo, name: string, body: object): Promise<unknown> {
    return this.#while(this.client.resource<KubeObject>(kind).patch(name, body, { namespace: NAMESPACE, type: 'merge' }));
  }

  /** What is refused is no disturbance. */
  async #tolerant(working: Promise<unknown>): Promise<void> {
    try {
      await working;
    } catch (error) {
      const isTaken = error instanceof Error && error.message.includes('already exists');
      if (!isTaken && !isConflict(error) && !isNotFound(error) && !isInvalid(error)) throw error;
    }
  }
}

const pick = <T>(random: Random, items: readonly T[]): T => {
  const item = items[random.integer(items.length)];
  if (item === undefined) throw new Error('there is nothing to choose from');
  return item;
};

/** What waits for time gets it. */
async function whileTimePasses<T>(clock: VirtualClock, working: Promise<T>): Promise<T> {
  let isDone = false;
  const done = working.finally(() => {
    isDone = true;
  });
  // Who awaits it is told of a failure.
  done.catch(() => undefined);
  while (!isDone) {
    await clock.advance(STEP_MS);
    await systemClock.sleep(1);
  }
  return await done;
}
