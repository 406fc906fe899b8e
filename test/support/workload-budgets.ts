/** Watches rollouts: at no event is there more or less than the strategies allow. */
import {
  appsKinds,
  type DaemonSet,
  type Deployment,
  type KubeObject,
  type Live,
  type Pod,
  type ReplicaSet,
  type StatefulSet,
  scaledValue,
} from '../../api/index.ts';
import { controllerOf, createInformerFactory, type Informer } from '../../client/index.ts';
import { silentLogger } from '../../runtime/index.ts';
import type { WorkloadWorld } from './workload-world.ts';

/** What must hold while nobody but the controllers changes anything. */
interface Budget {
  readonly what: string;
  /** The fewest ready pods. */
  readonly readyMin: number;
  ready(): number;
  /** The most replicas of ReplicaSets together; undefined where there are none. */
  readonly sizeMax?: number | undefined;
  size?(): number;
  /** The most pods that one ReplicaSet has, or one node of a DaemonSet; undefined where names keep them apart. */
  readonly crowdMax?: number | undefined;
  crowd?(): number;
}

export class BudgetWatch {
  readonly #world: WorkloadWorld;
  readonly #end = new AbortController();
  readonly #broken = new Set<string>();
  readonly #handlers: Disposable[] = [];
  readonly #sets: Informer<ReplicaSet>;
  #budgets: readonly Budget[] = [];

  constructor(world: WorkloadWorld) {
    this.#world = world;
    const { client, clock, random } = world;
    const factory = createInformerFactory({ client, clock, random, logger: silentLogger });
    this.#sets = factory.informer<ReplicaSet>(appsKinds.replicasets);
    factory.start(this.#end.signal);
  }

  /** Begins at rest: what there is now is what there must be. */
  async begin(): Promise<void> {
    while (!this.#sets.synced) await this.#world.pass(100);
    const deployments = await this.#world.list<Deployment>(appsKinds.deployments);
    const daemonSets = await this.#world.list<DaemonSet>(appsKinds.daemonsets);
    const statefulSets = await this.#world.list<StatefulSet>(appsKinds.statefulsets);
    this.#budgets = [
      ...deployments.filter(({ spec }) => spec.strategy?.type === 'RollingUpdate').map((deployment) => this.#ofDeployment(deployment)),
      ...daemonSets.map((set) => this.#ofDaemonSet(set)),
      ...statefulSets.map((set) => ({
        what: `StatefulSet ${set.metadata.name}`,
        readyMin: (set.spec.replicas ?? 1) - 1,
        ready: () => this.#readyPods(set).length,
      })),
    ];
    const check = () => this.#check();
    this.#handlers.push(
      this.#world.kubelet.pods.addHandler({ onAdd: check, onUpdate: check, onDelete: check }),
      this.#sets.addHandler({ onAdd: check, onUpdate: check, onDelete: check }),
    );
  }

  /** @returns what was broken on the way. */
  end(): string[] {
    for (const handler of this.#handlers) handler[Symbol.dispose]();
    this.#end.abort();
    return [...this.#broken];
  }

  #check(): void {
    for (const { what, readyMin, ready, sizeMax, size, crowdMax, crowd } of this.#budgets) {
      if (ready() < readyMin) this.#broken.add(`${what} had ${ready()} ready pods, fewer than ${readyMin}`);
      if (size && size() > (sizeMax ?? 0)) this.#broken.add(`${what} asked for ${size()} pods, more than ${sizeMax}`);
      if (crowd && crowd() > (crowdMax ?? 0)) this.#broken.add(`${what} had ${crowd()} pods in one place, more than ${crowdMax}`);
    }
  }

  #ofDeployment(deployment: Live<Deployment>): Budget {
    const { replicas = 1, strategy } = deployment.spec;
    const { maxSurge = 0, maxUnavailable = 0 } = strategy?.rollingUpdate ?? {};
    const surge = scaledValue(maxSurge, replicas, true);
    const rounded = scaledValue(maxUnavailable, replicas, false);
    const unavailable = surge === 0 && rounded === 0 ? 1 : rounded;
    const sets = () => this.#sets.list().filter((set) => controllerOf(set)?.uid === deployment.metadata.uid);
    return {
      what: `Deployment ${deployment.metadata.name} (${replicas}, surge ${maxSurge}, unavailable ${maxUnavailable})`,
      readyMin: replicas - unavailable,
      ready: () => sets().flatMap((set) => this.#readyPods(set)).length,
      sizeMax: replicas + surge,
      size: () => sets().reduce((sum, { spec }) => sum + (spec.replicas ?? 1), 0),
      crowdMax: replicas,
      crowd: () => Math.max(0, ...sets().map((set) => this.#pods(set).length)),
    };
  }

  #ofDaemonSet(set: Live<DaemonSet>): Budget {
    const { desiredNumberScheduled } = set.status;
    const { maxSurge = 0, maxUnavailable = 1 } = set.spec.updateStrategy?.rollingUpdate ?? {};
    const surge = scaledValue(maxSurge, desiredNumberScheduled, true);
    const unavailable = surge > 0 ? 0 : scaledValue(maxUnavailable, desiredNumberScheduled, true);
    const nodesOf = (pods: readonly Live<Pod>[]) => new Map(pods.map(({ spec }) => [spec.nodeName, 0]));
    const crowd = () => {
      const pods = this.#pods(set).filter(({ spec }) => spec.nodeName);
      const counts = nodesOf(pods);
      for (const { spec } of pods) counts.set(spec.nodeName, (counts.get(spec.nodeName) ?? 0) + 1);
      return Math.max(0, ...counts.values());
    };
    return {
      what: `DaemonSet ${set.metadata.name}`,
      readyMin: desiredNumberScheduled - unavailable,
      ready: () => nodesOf(this.#readyPods(set)).size,
      crowdMax: surge > 0 ? 2 : 1,
      crowd,
    };
  }

  #readyPods(owner: Live<KubeObject>): Live<Pod>[] {
    return this.#pods(owner).filter(({ status }) => status.conditions?.some((one) => one.type === 'Ready' && one.status === 'True'));
  }

  /** Its pods that are neither over nor going. */
  #pods(owner: Live<KubeObject>): Live<Pod>[] {
    const isActive = ({ metadata, status }: Live<Pod>) => !metadata.deletionTimestamp && /^(Pending|Running)$/.test(status.phase ?? '');
    const isIts = ({ metadata }: Live<Pod>) => metadata.ownerReferences?.some(({ uid }) => uid === owner.metadata.uid);
    return this.#world.kubelet.pods.list().filter((pod) => isIts(pod) && isActive(pod));
  }
}
