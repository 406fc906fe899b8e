import { clientOptions, leaderElectionOptions, servingOptions } from '../client/index.ts';
import { healthOptions, type OptionTable, processOptions } from '../runtime/index.ts';

/** Where upstream serves health and metrics. */
const SCHEDULER_PORT = 10_259;

/** What the scheduler takes; names are upstream's. */
export const schedulerOptions = {
  ...clientOptions,
  ...leaderElectionOptions,
  ...servingOptions(SCHEDULER_PORT),
  ...healthOptions,
  ...processOptions,
} satisfies OptionTable;
