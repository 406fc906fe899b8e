import type { ApiClient, LeaderElectionTimes } from '../client/index.ts';
import { createEventRecorder, createInformerFactory, createLeaderElector } from '../client/index.ts';
import type { Clock, Logger, Random, Service } from '../runtime/index.ts';
import { DEFAULT_SCHEDULER_NAME, defaultProfile } from './default-profile.ts';
import { Scheduler } from './scheduler.ts';

export type { ClusterEvent, CycleState, EventRegistration, Plugin, QueuedPod, Rejection, Snapshot, Verdict } from './framework.ts';
export type { NodeInfo } from './node-info.ts';
export type { PodInfo } from './pod-info.ts';

export interface SchedulerOptions {
  readonly client: ApiClient;
  readonly clock: Clock;
  readonly random: Random;
  readonly logger: Logger;
  /** Absent: runs without asking. */
  readonly leaderElection?: LeaderElectionTimes | undefined;
  /** Called when the lease is lost: the process should end, and be started again. */
  readonly onLeadershipLost?: (() => void) | undefined;
}

/** The scheduler as a service. */
export function createScheduler(options: SchedulerOptions): Service {
  const { client, clock, random, logger, leaderElection } = options;
  const stop = new AbortController();
  let running: Promise<unknown> = Promise.resolve();
  const recorder = createEventRecorder({ client, component: DEFAULT_SCHEDULER_NAME, clock, random, logger });
  const schedule = async (signal: AbortSignal) => {
    const informers = createInformerFactory({ client, clock, random, logger });
    await new Scheduler({ client, informers, recorder, profiles: [defaultProfile(client)], clock, random, logger }).run(signal);
  };
  const lead = async ({ leaseDurationMs, renewDeadlineMs, retryPeriodMs }: LeaderElectionTimes) => {
    const identity = `nanokube_${random.uuid()}`;
    const lease = { name: 'kube-scheduler', namespace: 'kube-system' };
    const elector = createLeaderElector({
      client,
      ...lease,
      identity,
      leaseDurationMs,
      renewDeadlineMs,
      retryPeriodMs,
      clock,
      random,
      logger,
    });
    if ((await elector.run(stop.signal, schedule)) === 'lost') options.onLeadershipLost?.();
  };
  return {
    start: () => {
      running = (leaderElection ? lead(leaderElection) : schedule(stop.signal)).catch((error: unknown) => {
        if (stop.signal.aborted) return;
        logger.fatal({ err: error }, 'scheduler failed');
        options.onLeadershipLost?.();
      });
      return Promise.resolve();
    },
    stop: async () => {
      stop.abort(new Error('the scheduler stops'));
      await running;
      recorder.close();
    },
  };
}
