import type { ApiClient, EventRecorder } from '../client/index.ts';
import {
  createEventSeriesRecorder,
  createInformerFactory,
  createLeaderElector,
  type LeaderElector,
  leaderElectionCheck,
} from '../client/index.ts';
import {
  type Clock,
  createMetrics,
  Health,
  type HealthCheck,
  type Logger,
  type Metrics,
  type Random,
  type Service,
  shutdownCheck,
} from '../runtime/index.ts';
import { buildProfile, registryWith } from './config/build-profiles.ts';
import type { SchedulerConfiguration } from './config/configuration.ts';
import { configz } from './config/configz.ts';
import { withManagedResources } from './config/managed-resources.ts';
import { defaultConfiguration } from './config/read-configuration.ts';
import { preempting } from './extender/extender.ts';
import { HttpExtender } from './extender/http-extender.ts';
import { inParallel } from './framework/parallel.ts';
import type { Handle, PluginDefinition } from './framework/plugin.ts';
import { sharedThings } from './framework/shared.ts';
import { IN_TREE } from './plugins/registry.ts';
import { Scheduler, type SchedulerParts } from './scheduler.ts';

export type { SchedulerConfiguration } from './config/configuration.ts';
export { loadPluginModules } from './config/plugin-modules.ts';
export { defaultConfiguration, loadConfiguration, readConfiguration } from './config/read-configuration.ts';
export { CycleState, type StateData } from './framework/cycle-state.ts';
export { type Change, type ClusterEvent, type EventAction, type EventRegistration, type EventResource, on } from './framework/events.ts';
export type { NodeStatuses } from './framework/node-statuses.ts';
export type {
  ArgsResult,
  Framework,
  Handle,
  PermitWait,
  Plugin,
  PluginDefinition,
  PostFilterResult,
  PreFilterResult,
  QueuedPod,
} from './framework/plugin.ts';
export { MAX_NODE_SCORE, pending, type Rejection, SKIP, unresolvable, unschedulable, type Verdict } from './framework/status.ts';
export type { WaitingPod, WaitingPods } from './framework/waiting-pods.ts';
export { asStored, ClusterState, kindOf, STATE_KINDS } from './simulation/cluster-state.ts';
export type { SimulatedPlacement } from './simulation/simulation.ts';
export { simulate, type WhatIfOptions, type Why, why } from './simulation/what-if.ts';
export type { NodeInfo } from './state/node-info.ts';
export type { PodInfo } from './state/pod-info.ts';
export type { Snapshot } from './state/snapshot.ts';

export interface SchedulerOptions {
  readonly client: ApiClient;
  readonly clock: Clock;
  readonly random: Random;
  readonly logger: Logger;
  /** Upstream's defaults unless given. */
  readonly configuration?: SchedulerConfiguration | undefined;
  /** Plugins of the user's own, which the configuration may name. */
  readonly plugins?: readonly PluginDefinition[] | undefined;
  readonly metrics?: Metrics | undefined;
  /** How long a pod that nothing helps waits until it is tried again; upstream's five minutes unless given. */
  readonly unschedulableMsMax?: number | undefined;
  /** Called when the lease is lost: the process should end, and be started again. */
  readonly onLeadershipLost?: (() => void) | undefined;
  /** Runs without asking when false; the configuration says unless given. */
  readonly leaderElect?: boolean | undefined;
}

/** A service that says whether it is well. */
export interface SchedulerService extends Service {
  readonly health: Health;
}

/** The scheduler as a service. @throws UserError when the configuration cannot be used. */
export function createScheduler(options: SchedulerOptions): SchedulerService {
  const { client, clock, random, logger, configuration = defaultConfiguration() } = options;
  const { leaderElection, delayCacheUntilActive } = configuration;
  const leads = options.leaderElect ?? leaderElection.leaderElect;
  const stop = new AbortController();
  const metrics = options.metrics ?? createMetrics();
  const recorders = new Recorders((component) => createEventSeriesRecorder({ client, component, clock, random, logger }));
  let running: Promise<unknown> = Promise.resolve();
  let elector: LeaderElector | undefined;
  // Made at once, so that a wrong configuration is told at the start and not when the lease is got.
  const scheduler = assemble({ ...options, configuration, metrics }, (name) => recorders.of(name));
  const lead = async () => {
    const { resourceName: name, resourceNamespace: namespace, leaseDurationMs, renewDeadlineMs, retryPeriodMs } = leaderElection;
    const times = { leaseDurationMs, renewDeadlineMs, retryPeriodMs };
    const identity = `nanokube_${random.uuid()}`;
    elector = createLeaderElector({ client, name, namespace, identity, ...times, clock, random, logger });
    if (!delayCacheUntilActive) scheduler.sync(stop.signal).catch(onFailure);
    if ((await elector.run(stop.signal, (signal) => scheduler.run(signal))) === 'lost') options.onLeadershipLost?.();
  };
  const onFailure = (error: unknown) => {
    if (stop.signal.aborted) return;
    logger.fatal({ err: error }, 'scheduler failed');
    options.onLeadershipLost?.();
  };
  const checks: readonly HealthCheck[] = [
    ...(leads ? [leaderElectionCheck(() => elector, ['healthz', 'readyz'])] : []),
    shutdownCheck(stop.signal, ['readyz']),
    syncCheck(scheduler),
  ];
  return {
    health: new Health(() => checks, new Map([['/configz', () => configz(configuration, IN_TREE)]])),
    start: () => {
      running = (leads ? lead() : scheduler.run(stop.signal)).catch(onFailure);
      return Promise.resolve();
    },
    stop: async () => {
      stop.abort(new Error('the scheduler stops'));
      await running;
      await recorders.close();
    },
  };
}

/** Upstream: `sched-handler-sync` of cmd/kube-scheduler/app/server.go. */
const syncCheck = (scheduler: Scheduler): HealthCheck => ({
  name: 'sched-handler-sync',
  endpoints: ['readyz'],
  check: () => {
    if (!scheduler.isSynced) throw new Error('handlers are not fully synchronized');
  },
});

type Assembling = SchedulerOptions & { readonly configuration: SchedulerConfiguration; readonly metrics: Metrics };

/** The scheduler of a configuration. */
function assemble(options: Assembling, recorders: (schedulerName: string) => EventRecorder): Scheduler {
  const { client, clock, random, logger, metrics } = options;
  const configuration = withManagedResources(options.configuration);
  const { percentageOfNodesToScore, podInitialBackoffMs: initialMs, podMaxBackoffMs: maxMs } = configuration;
  const informers = createInformerFactory({ client, clock, random, logger });
  const registry = registryWith(IN_TREE, options.plugins ?? []);
  return new Scheduler({
    client,
    informers,
    recorders,
    // Those that may fail are asked last.
    extenders: (snapshot) =>
      configuration.extenders
        .toSorted((a, b) => Number(a.ignorable) - Number(b.ignorable))
        .map((extender) => new HttpExtender(extender, snapshot)),
    percentageOfNodesToScore,
    backoff: { initialMs, maxMs },
    unschedulableMsMax: options.unschedulableMsMax,
    metrics,
    clock,
    random,
    logger,
    profiles: (parts) => {
      const shared = sharedThings();
      const handleOf = (schedulerName: string): Omit<Handle, 'framework'> => ({
        schedulerName,
        client,
        informers,
        recorder: recorders(schedulerName),
        clock,
        random,
        logger: logger.child({ profile: schedulerName }),
        shared,
        parallel: (pieces, work) => inParallel(pieces, configuration.parallelism, work),
        ...sharedParts(parts),
      });
      return configuration.profiles.map((profile) => buildProfile(profile, { registry, handleOf, observer: parts.metrics }));
    },
  });
}

const sharedParts = ({ cache, nominator, waitingPods, metrics, activate, background, podByKey, extenders }: SchedulerParts) => ({
  snapshot: cache,
  nominator,
  waitingPods,
  metrics,
  activate,
  background,
  podByKey,
  preemptionExtenders: preempting(extenders),
});

/** An event recorder for each scheduler name. */
class Recorders {
  readonly #make: (component: string) => EventRecorder;
  readonly #made = new Map<string, EventRecorder>();

  constructor(make: (component: string) => EventRecorder) {
    this.#make = make;
  }

  of(component: string): EventRecorder {
    let recorder = this.#made.get(component);
    if (!recorder) {
      recorder = this.#make(component);
      this.#made.set(component, recorder);
    }
    return recorder;
  }

  async close(): Promise<void> {
    await Promise.all([...this.#made.values()].map((recorder) => recorder.close()));
  }
}
