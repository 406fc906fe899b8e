import { clientOptions, leaderElectionOptions } from '../client/index.ts';
import { healthOptions, type OptionTable, processOptions } from '../runtime/index.ts';

/** What the scheduler takes; names are upstream's. */
export const schedulerOptions = { ...clientOptions, ...leaderElectionOptions, ...healthOptions, ...processOptions } satisfies OptionTable;
