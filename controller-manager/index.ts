// The public face of controller-manager/.
import { hostname } from 'node:os';
import type { ApiClient } from '../client/index.ts';
import {
  type Clock,
  createMetrics,
  type Logger,
  type Metrics,
  type Random,
  silentLogger,
  systemClock,
  systemRandom,
} from '../runtime/index.ts';
import { selectControllers } from './controllers.ts';
import { ControllerManager, type LeaderElection } from './manager.ts';
import { DEFAULT_SETTINGS, type Settings } from './settings.ts';

export type { LeaderElection } from './manager.ts';
export type { Settings } from './settings.ts';

/** Options of {@link createControllerManager}; all but the client have defaults. */
export interface ControllerManagerOptions {
  readonly client: ApiClient;
  readonly clock?: Clock | undefined;
  readonly random?: Random | undefined;
  readonly logger?: Logger | undefined;
  /** What differs from upstream's defaults. */
  readonly settings?: Partial<Settings> | undefined;
  /** As `--controllers`: names, `-name`, `*`. All unless given. */
  readonly controllers?: readonly string[] | undefined;
  /** Off unless given. */
  readonly leaderElection?: Partial<LeaderElection> | undefined;
  /** Where controllers count; nobody reads it unless given. */
  readonly metrics?: Metrics | undefined;
  /** What it says of itself beside its health, by path; nothing unless given. */
  readonly pages?: ReadonlyMap<string, () => object> | undefined;
  /** Deep-freezes what informers hold; for tests. */
  readonly freeze?: boolean | undefined;
}

/** Makes a controller manager. The client is the caller's, who closes it. */
export function createControllerManager(options: ControllerManagerOptions): ControllerManager {
  const random = options.random ?? systemRandom;
  return new ControllerManager({
    client: options.client,
    clock: options.clock ?? systemClock,
    random,
    logger: options.logger ?? silentLogger,
    settings: { ...DEFAULT_SETTINGS, ...options.settings },
    controllers: selectControllers(options.controllers ?? ['*']),
    leaderElection: options.leaderElection && { ...electionDefaults(random), ...options.leaderElection },
    metrics: options.metrics ?? createMetrics(),
    pages: options.pages ?? new Map(),
    freeze: options.freeze ?? false,
  });
}

const electionDefaults = (random: Random): LeaderElection => ({
  name: 'kube-controller-manager',
  namespace: 'kube-system',
  identity: `${hostname()}_${random.uuid()}`,
  leaseDurationMs: 15_000,
  renewDeadlineMs: 10_000,
  retryPeriodMs: 2_000,
});
