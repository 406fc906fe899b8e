import type { ApiClient, EventRecorder } from '../client/index.ts';
import type { Clock, Logger, Random } from '../runtime/index.ts';
import type { SharedInformers } from './informers.ts';
import type { Settings } from './settings.ts';
import type { ControllerMetrics } from './shared/controller-metrics.ts';
import type { Monitors } from './shared/monitors.ts';

/** What every controller is made with. */
export interface ControllerContext {
  readonly client: ApiClient;
  readonly informers: SharedInformers;
  /** For those who look at the objects of every kind. */
  readonly monitors: Monitors;
  readonly clock: Clock;
  readonly random: Random;
  readonly logger: Logger;
  readonly settings: Settings;
  readonly metrics: ControllerMetrics;
  /** The recorder of events of a component; one for each component. */
  recorder(component: string): EventRecorder;
}

/** A controller: it has told its informers what to tell it when it is made, and works when it is run. */
export interface Controller {
  /** Works until the signal; resolves when nothing is under way any more. */
  run(signal: AbortSignal): Promise<void>;
}

/** A controller that `--controllers` can name. */
export interface ControllerDescriptor {
  readonly name: string;
  /** The name it had before 1.28, still taken. */
  readonly alias?: string | undefined;
  /** Whether it is run only when it is named: `*` is all others. Upstream: `isDisabledByDefault`. */
  readonly isOptional?: boolean | undefined;
  create(context: ControllerContext): Controller;
}
