import type { KubeObject, Live, Pod } from '../../api/index.ts';
import {
  type ApiClient,
  type EventRecorder,
  type Informer,
  type InformerFactory,
  type InformerHandler,
  ObjectCache,
} from '../../client/index.ts';
import { type Random, seededRandom, silentLogger, VirtualClock } from '../../runtime/index.ts';
import { buildProfile, type PluginRegistry } from '../config/build-profiles.ts';
import type { SchedulerConfiguration } from '../config/configuration.ts';
import { type FindNodeResult, findNode } from '../cycle/find-node.ts';
import type { CycleState } from '../framework/cycle-state.ts';
import { diagnosisOfOne, fitMessage } from '../framework/fit-error.ts';
import type { Handle, PostFilterResult } from '../framework/plugin.ts';
import type { Profile } from '../framework/profile.ts';
import { sharedThings } from '../framework/shared.ts';
import { messageOf } from '../framework/status.ts';
import { WaitingPods } from '../framework/waiting-pods.ts';
import { SchedulerCache } from '../state/cache.ts';
import { Nominator } from '../state/nominator.ts';
import { type PodInfo, podInfoOf } from '../state/pod-info.ts';

export interface SimulationOptions {
  readonly configuration: SchedulerConfiguration;
  readonly registry: PluginRegistry;
  /** What listers show, by the plural of the kind; pods and nodes among them are counted. */
  readonly objects: Readonly<Record<string, readonly Live<KubeObject>[]>>;
  readonly seed?: number | undefined;
}

/** What became of a pod. */
export interface SimulatedPlacement {
  readonly pod: Live<Pod>;
  readonly nodeName?: string | undefined;
  /** Why there is no node, as FailedScheduling says it. */
  readonly message?: string | undefined;
  /** Where it would run once less important pods have been deleted. */
  readonly nominatedNodeName?: string | undefined;
  readonly victims?: readonly string[] | undefined;
}

/**
 * The scheduler without an API server: the same profiles, plugins, cache and search, on objects that are given. Nothing is written; a pod that
 * finds a node is counted there.
 */
export class Simulation {
  readonly clock = new VirtualClock();
  readonly random: Random;
  readonly cache = new SchedulerCache(this.clock);
  readonly nominator = new Nominator((nodeName) => this.cache.get(nodeName)?.touch());
  readonly waitingPods = new WaitingPods();
  readonly profiles: readonly Profile[];
  readonly #configuration: SchedulerConfiguration;
  readonly #shared = sharedThings();
  readonly #victims = new Map<string, readonly PodInfo[]>();
  #startIndex = 0;

  constructor({ configuration, registry, objects, seed = 1 }: SimulationOptions) {
    this.random = seededRandom(seed);
    this.#configuration = configuration;
    for (const node of objects.nodes ?? []) this.cache.setNode(node as Parameters<SchedulerCache['setNode']>[0]);
    for (const pod of (objects.pods ?? []) as readonly Live<Pod>[]) if (pod.spec.nodeName && !isDone(pod)) this.cache.addPod(pod);
    const informers = fixedInformers(objects);
    this.profiles = configuration.profiles.map((profile) =>
      buildProfile(profile, { registry, handleOf: (schedulerName) => this.#handle(schedulerName, informers) }),
    );
  }

  profileOf({ spec }: Pod): Profile | undefined {
    return this.profiles.find(({ schedulerName }) => schedulerName === (spec.schedulerName ?? ''));
  }

  /** Looks for a node, and changes nothing. @throws when no profile is responsible for the pod. */
  find(info: PodInfo): FindNodeResult {
    const profile = this.profileOf(info.pod);
    if (!profile) throw new Error(`no profile has the scheduler name ${JSON.stringify(info.pod.spec.schedulerName)}`);
    const { percentageOfNodesToScore } = this.#configuration;
    const shared = { profile, snapshot: this.cache, clock: this.clock, random: this.random, logger: silentLogger };
    const found = findNode(info, { ...shared, percentageOfNodesToScore, extenders: [], startIndex: this.#startIndex });
    if (found instanceof Promise) throw new Error('extenders are not asked in a simulation');
    this.#startIndex = found.nextStart;
    return found;
  }

  /** Places a pod: what comes after it finds it there. */
  place(pod: Live<Pod>): SimulatedPlacement {
    const info = podInfoOf(pod);
    const profile = this.profileOf(pod);
    if (!profile) return { pod, message: `it is for another scheduler, ${pod.spec.schedulerName}` };
    const gated = profile.preEnqueue(info);
    if (gated) return { pod, message: messageOf(gated) };
    const found = this.find(info);
    if (found.node) {
      const refused = profile.reserve(found.state, info, found.node.name);
      if (refused) return { pod, message: fitMessage(diagnosisOfOne(refused)) };
      this.cache.assume(info, found.node.name);
      return { pod, nodeName: found.node.name };
    }
    const result = this.#postFilter(profile, info, found);
    const message = fitMessage(found.diagnosis, result?.rejection ? messageOf(result.rejection) : '');
    if (!result?.nominatedNodeName) return { pod, message };
    const victims = this.#victims.get(info.uid) ?? [];
    for (const { uid } of victims) this.cache.removePod(uid);
    this.cache.assume(info, result.nominatedNodeName);
    profile.reserve(found.state, info, result.nominatedNodeName);
    return { pod, message, nominatedNodeName: result.nominatedNodeName, victims: victims.map(({ key }) => key) };
  }

  #postFilter(
    profile: Profile,
    info: PodInfo,
    { state, diagnosis }: { readonly state: CycleState } & FindNodeResult,
  ): PostFilterResult | undefined {
    if (!profile.hasPostFilter || !diagnosis) return undefined;
    const result = profile.postFilter(state, info, diagnosis.statuses);
    if (result instanceof Promise) throw new Error('extenders are not asked in a simulation');
    return result;
  }

  #handle(schedulerName: string, informers: InformerFactory): Omit<Handle, 'framework'> {
    return {
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
      background: () => undefined,
      shared: this.#shared,
      dryRun: true,
      parallel: () => Promise.resolve(),
      preemptionExtenders: [],
      metrics: { preemptionAttempt: () => undefined, preemptionVictims: () => undefined, preemptionDone: () => undefined },
      onPreempting: (preemptor, victims) => this.#victims.set(preemptor.uid, victims),
    };
  }
}

const isDone = ({ status }: Pod): boolean => status.phase === 'Succeeded' || status.phase === 'Failed';

/** Takes every write, and does nothing. */
const NO_CLIENT = {
  resource: () => ({ patch: () => Promise.resolve(), delete: () => Promise.resolve() }),
} as unknown as ApiClient;
const NO_RECORDER: EventRecorder = { event: () => undefined, flush: () => Promise.resolve(), close: () => Promise.resolve() };

/** Informers of objects that never change. */
function fixedInformers(objects: SimulationOptions['objects']): InformerFactory {
  return {
    informer: <T extends KubeObject>(kind: Informer<T>['kind']) => {
      const cache = new ObjectCache<T>();
      for (const object of objects[kind.resource] ?? []) cache.set(object as Live<T>);
      const addHandler = ({ onAdd }: InformerHandler<T>) => {
        for (const object of cache.list()) onAdd?.(object, true);
        return { [Symbol.dispose]: () => undefined };
      };
      const informer: unknown = Object.assign(cache, { kind, synced: true, addHandler });
      return informer as Informer<T>;
    },
    start: () => undefined,
    waitForSync: () => Promise.resolve(),
  };
}
