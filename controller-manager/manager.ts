import { setMaxListeners } from 'node:events';
import {
  type ApiClient,
  createEventRecorder,
  createInformerFactory,
  createLeaderElector,
  type EventRecorder,
  type LeaderElector,
  leaderElectionCheck,
} from '../client/index.ts';
import { type Clock, Health, type HealthCheck, type Logger, type Metrics, type Random, type Service } from '../runtime/index.ts';
import type { ControllerContext, ControllerDescriptor } from './context.ts';
import { SharedInformers } from './informers.ts';
import type { Settings } from './settings.ts';
import { type ControllerMetrics, createControllerMetrics } from './shared/controller-metrics.ts';
import { Monitors } from './shared/monitors.ts';

/** How the one that works is found among several controller managers. */
export interface LeaderElection {
  readonly name: string;
  readonly namespace: string;
  /** Unique among the candidates. */
  readonly identity: string;
  readonly leaseDurationMs: number;
  readonly renewDeadlineMs: number;
  readonly retryPeriodMs: number;
}

/** All a manager is made from. */
export interface ManagerOptions {
  readonly client: ApiClient;
  readonly clock: Clock;
  readonly random: Random;
  readonly logger: Logger;
  readonly settings: Settings;
  readonly metrics: Metrics;
  readonly controllers: readonly ControllerDescriptor[];
  /** Undefined to work without asking. */
  readonly leaderElection: LeaderElection | undefined;
  /** What it says of itself beside its health, by path. */
  readonly pages: ReadonlyMap<string, () => object>;
  /** Deep-freezes what informers hold; for tests. */
  readonly freeze: boolean;
}

/** Runs the controllers, for as long as it leads. */
export class ControllerManager implements Service {
  readonly #options: ManagerOptions;
  readonly #metrics: ControllerMetrics;
  readonly #end = new AbortController();
  #running: Promise<void> | undefined;
  #elector: LeaderElector | undefined;
  /** One for each controller that works. */
  #checks: readonly HealthCheck[] = [];
  /** Whether the lease is renewed, and which controllers work. Upstream: cmd/kube-controller-manager/app/controllermanager.go. */
  readonly health: Health;

  constructor(options: ManagerOptions) {
    this.#options = options;
    const election = options.leaderElection ? [leaderElectionCheck(() => this.#elector, ['healthz'])] : [];
    this.health = new Health(() => [...election, ...this.#checks], options.pages);
    this.#metrics = createControllerMetrics(options.metrics);
  }

  /** Resolves when the controllers work, or another manager leads and this one stands by. */
  async start(): Promise<void> {
    await new Promise<void>((resolve, reject) => {
      let isReady = false;
      const onReady = () => {
        isReady = true;
        resolve();
      };
      this.#running = this.#run(onReady).then(resolve, (error: unknown) => {
        if (this.#end.signal.aborted) return;
        // Once it works nobody waits for it: what nobody handles ends the process, and its supervisor starts it again.
        if (isReady) throw error;
        reject(error);
      });
    });
  }

  async stop(): Promise<void> {
    this.#end.abort();
    await Promise.allSettled([this.#running]);
  }

  async #run(onReady: () => void): Promise<void> {
    const { leaderElection, client, clock, random, logger } = this.#options;
    const { signal } = this.#end;
    if (!leaderElection) {
      await this.#work(signal, onReady);
      return;
    }
    const { identity } = leaderElection;
    const onNewLeader = (leader: string) => {
      logger.info({ leader }, 'leader elected');
      if (leader !== identity) onReady();
    };
    const elector = createLeaderElector({ ...leaderElection, client, clock, random, logger, onNewLeader });
    this.#elector = elector;
    while (!signal.aborted) {
      const outcome = await elector.run(signal, (leading) => this.#work(leading, onReady));
      if (outcome === 'lost') logger.warn('leadership lost, standing by');
    }
  }

  /** Makes and runs everything anew: what an earlier term knew may be stale. */
  async #work(signal: AbortSignal, onReady: () => void): Promise<void> {
    const { controllers, client, clock, random, logger, settings, freeze } = this.#options;
    // Every controller and informer listens to it, which is no leak.
    setMaxListeners(0, signal);
    const recorders = new Map<string, EventRecorder>();
    const recorder = (component: string): EventRecorder => {
      const made = recorders.get(component) ?? createEventRecorder({ client, component, clock, random, logger });
      recorders.set(component, made);
      return made;
    };
    const informers = new SharedInformers(createInformerFactory({ client, clock, random, logger, freeze }));
    const monitors = new Monitors({ client, informers, clock, random, logger, metrics: this.#metrics });
    const context: ControllerContext = { client, informers, monitors, clock, random, logger, settings, metrics: this.#metrics, recorder };
    const made = controllers.map(({ name, create }) => ({ name, controller: create(context) }));
    informers.start(signal);
    try {
      await informers.waitForSync(signal);
      logger.info({ controllers: made.map(({ name }) => name) }, 'controllers started');
      const running = made.map(async ({ controller }, index) => {
        if (settings.controllerStartIntervalMs > 0) await clock.sleep(index * settings.controllerStartIntervalMs, signal);
        await controller.run(signal);
      });
      this.#checks = made.map(({ name }) => ({ name, endpoints: ['healthz'], check: () => undefined }));
      onReady();
      await Promise.all(running);
      await until(signal);
    } catch (error) {
      if (!signal.aborted) throw error;
    } finally {
      this.#checks = [];
      await Promise.all([...recorders.values()].map((each) => each.close()));
    }
  }
}

function until(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve();
    signal.addEventListener('abort', () => resolve(), { once: true });
  });
}
