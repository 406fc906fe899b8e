import type { KubeObject, Live } from '../../api/index.ts';
import type { ApiClient, EventRecorder, Informer, InformerFactory } from '../../client/index.ts';
import { ObjectCache } from '../../client/index.ts';
import { seededRandom, silentLogger, VirtualClock } from '../../runtime/index.ts';
import { buildProfile, registryWith } from '../config/build-profiles.ts';
import type { SchedulerConfiguration } from '../config/configuration.ts';
import { defaultConfiguration } from '../config/read-configuration.ts';
import { type FindNodeResult, findNode } from '../cycle/find-node.ts';
import { fitMessage } from '../framework/fit-error.ts';
import type { Handle, PluginDefinition } from '../framework/plugin.ts';
import type { Profile } from '../framework/profile.ts';
import { WaitingPods } from '../framework/waiting-pods.ts';
import { IN_TREE } from '../plugins/registry.ts';
import { SchedulerCache } from '../state/cache.ts';
import { Nominator } from '../state/nominator.ts';
import { type PodInfo, podInfoOf } from '../state/pod-info.ts';
import type { NodeBuilder, PodBuilder } from './builders.ts';

export interface PlacementOptions {
  readonly configuration?: SchedulerConfiguration | undefined;
  readonly plugins?: readonly PluginDefinition[] | undefined;
  /** Objects that listers show, by the plural of their kind. */
  readonly objects?: Readonly<Record<string, readonly Live<KubeObject>[]>> | undefined;
  readonly seed?: number | undefined;
}

/** A scheduler without an API server: nodes and pods are put in by hand, and pods are placed one by one. For tests. */
export class Placement {
  readonly clock = new VirtualClock();
  readonly random;
  readonly cache = new SchedulerCache(this.clock);
  readonly nominator = new Nominator();
  readonly waitingPods = new WaitingPods();
  readonly profiles: readonly Profile[];
  readonly #configuration: SchedulerConfiguration;
  #startIndex = 0;

  constructor({ configuration = defaultConfiguration(), plugins = [], objects = {}, seed = 1 }: PlacementOptions = {}) {
    this.random = seededRandom(seed);
    this.#configuration = configuration;
    const registry = registryWith(IN_TREE, plugins);
    const informers = fixedInformers(objects);
    const handleOf = (schedulerName: string): Omit<Handle, 'framework'> => ({
      schedulerName,
      client: NO_CLIENT,
      informers,
      recorder: NO_RECORDER,
      clock: this.clock,
      random: this.random,
      logger: silentLogger,
      snapshot: this.cache,
      nominator: this.nominator,
      waitingPods: this.waitingPods,
      podByKey: () => undefined,
      activate: () => undefined,
      parallel: () => Promise.resolve(),
      preemptionExtenders: [],
      metrics: { preemptionAttempt: () => undefined, preemptionVictims: () => undefined, preemptionDone: () => undefined },
    });
    this.profiles = configuration.profiles.map((profile) => buildProfile(profile, { registry, handleOf }));
  }

  get profile(): Profile {
    const [first] = this.profiles;
    if (!first) throw new Error('no profile');
    return first;
  }

  with(nodes: readonly NodeBuilder[], running: readonly PodBuilder[] = []): this {
    for (const node of nodes) this.cache.setNode(node.build());
    for (const pod of running) this.cache.addPod(pod.build());
    return this;
  }

  find(pod: PodInfo): FindNodeResult {
    const { percentageOfNodesToScore } = this.#configuration;
    const shared = { profile: this.profile, snapshot: this.cache, clock: this.clock, random: this.random, logger: silentLogger };
    const found = findNode(pod, { ...shared, percentageOfNodesToScore, extenders: [], startIndex: this.#startIndex });
    if (found instanceof Promise) throw new Error('nobody was to be asked');
    this.#startIndex = found.nextStart;
    return found;
  }

  /** The name of the node, or why there is none. */
  place(pod: PodBuilder): string {
    const found = this.find(podInfoOf(pod.build()));
    return found.node ? found.node.name : fitMessage(found.diagnosis);
  }
}

const NO_CLIENT = { resource: () => ({}) } as unknown as ApiClient;
const NO_RECORDER: EventRecorder = { event: () => undefined, flush: () => Promise.resolve(), close: () => undefined };

/** Informers of objects that never change. */
function fixedInformers(objects: Readonly<Record<string, readonly Live<KubeObject>[]>>): InformerFactory {
  return {
    informer: <T extends KubeObject>(kind: Informer<T>['kind']) => {
      const cache = new ObjectCache<T>();
      for (const object of objects[kind.resource] ?? []) cache.set(object as Live<T>);
      const informer: unknown = Object.assign(cache, { kind, synced: true, addHandler: () => ({ [Symbol.dispose]: () => undefined }) });
      return informer as Informer<T>;
    },
    start: () => undefined,
    waitForSync: () => Promise.resolve(),
  };
}
